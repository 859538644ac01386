//! What the stage says of the whole cluster: fleet, filters, what pods use, one pod or container from near.

use smol_str::{SmolStr, format_smolstr};

use super::{Count, Name, Two};

texts! { Chart
    missing = "missing", "없음";
    keys_in: Count =
        |n| if n == 1 { "1 key".into() } else { format_smolstr!("{n} keys") },
        |n| format_smolstr!("키 {n}개");
    used_by: Count =
        |n| match n {
            0 => "used by no pod".into(),
            1 => "used by 1 pod".into(),
            _ => format_smolstr!("used by {n} pods"),
        },
        |n| {
            if n == 0 { "쓰는 파드 없음".into() } else { format_smolstr!("파드 {n}개가 사용") }
        };
    no_such: Name = |name| format_smolstr!("no Service {name}"), |name| format_smolstr!("서비스 {name} 없음");
    unheard: Name = |port| format_smolstr!("nobody hears {port}"), |port| format_smolstr!("{port} 포트 닫힘");
    bars: fn(resource: &str, numbers: &str) -> SmolStr =
        |resource, numbers| {
            format_smolstr!("{resource}: {numbers} requested; the stroke is what is used now")
        },
        |resource, numbers| format_smolstr!("{resource}: {numbers} 요청됨, 세로줄은 지금 사용량");
    way = "Where you are", "현재 위치";
    whole = "Cluster", "클러스터";
    nearer = "Zoom in (z)", "확대(z)";
    farther = "Zoom out (Shift+Z)", "축소(Shift+Z)";
    filter = "Filter", "필터";
    filters: Count = |n| format_smolstr!("Filter, {n} set"), |n| format_smolstr!("필터, {n}개 적용");
    no_filter = "Show all", "모두 보기";
    label_filter = "Labels, such as app=web", "레이블(예: app=web)";
    system = "kube-system", "kube-system";
    kinds: [&'static str; 4] = ["Owners", "Services", "Config", "Volumes"], ["워크로드", "서비스", "설정", "볼륨"];
    as_text = "Show as text", "글로 보기";
    as_picture = "Show as picture", "그림으로 보기";
    cell_shows = "Cell shows", "칸의 색";
    metrics: [&'static str; 3] =
        ["CPU requested", "Memory requested", "Pods"],
        ["요청된 CPU", "요청된 메모리", "파드 수"];
    group_by = "Group by", "묶기";
    groups: [&'static str; 3] = ["Zone", "Pool", "Name"], ["존", "풀", "이름"];
    clusters = "Clusters", "클러스터";
    hub = "hub ·", "허브 ·";
    dark = "no power ·", "전원 없음 ·";
    member: fn(ready: i64, nodes: i64, running: i64, pods: i64) -> SmolStr =
        |ready, nodes, running, pods| format_smolstr!("nodes {ready}/{nodes} · pods {running}/{pods}"),
        |ready, nodes, running, pods| format_smolstr!("노드 {ready}/{nodes} · 파드 {running}/{pods}");
    absent: fn(kind: &str, users: i64) -> SmolStr =
        |kind, users| match users {
            1 => format_smolstr!("No {kind} of this name exists. 1 pod asks for it."),
            _ => format_smolstr!("No {kind} of this name exists. {users} pods ask for it."),
        },
        |kind, users| format_smolstr!("이런 이름의 {kind}: 없습니다. 파드 {users}개가 찾고 있습니다.");
    fleet_help =
        "Arrow keys move between nodes, Enter opens one, plus and minus zoom.",
        "화살표로 노드 사이를 옮기고 Enter로 엽니다. +와 -로 확대하고 축소합니다.";
    nodes: Count =
        |n| if n == 1 { "1 node".into() } else { format_smolstr!("{} nodes", grouped(n)) },
        |n| format_smolstr!("노드 {}개", grouped(n));
    node_counts: Two =
        |ready, lost| format_smolstr!("{} ready, {} not ready", grouped(ready), grouped(lost)),
        |ready, lost| format_smolstr!("준비됨 {}, 준비 안 됨 {}", grouped(ready), grouped(lost));
    pod_counts: fn(all: i64, ready: i64, troubled: i64, waiting: i64) -> SmolStr =
        |all, ready, troubled, waiting| {
            format_smolstr!(
                "{} pods: {} ready, {} in trouble, {} waiting for a node",
                grouped(all),
                grouped(ready),
                grouped(troubled),
                grouped(waiting)
            )
        },
        |all, ready, troubled, waiting| {
            format_smolstr!(
                "파드 {}개: 준비됨 {}, 문제 있음 {}, 노드를 기다림 {}",
                grouped(all),
                grouped(ready),
                grouped(troubled),
                grouped(waiting)
            )
        };
    cell: fn(name: &str, state: &str, numbers: &str) -> SmolStr =
        |name, state, numbers| format_smolstr!("Node {name}, {state}{numbers}"),
        |name, state, numbers| format_smolstr!("노드 {name}, {state}{numbers}");
    lost = "not ready", "준비 안 됨";
    troubled: Count = |n| format_smolstr!("{n} in trouble"), |n| format_smolstr!("문제 {n}개");
    pods: Count =
        |n| if n == 1 { "1 pod".into() } else { format_smolstr!("{} pods", grouped(n)) },
        |n| format_smolstr!("파드 {}개", grouped(n));
    no_zone = "no zone", "존 없음";
    steps_before = "Before it starts", "시작하기 전";
    beside = "sidecar", "사이드카";
    given = "Given to it", "받아 쓰는 것";
    nothing_given = "No ConfigMap, Secret or claim.", "컨피그맵, 시크릿, 볼륨 클레임을 쓰지 않습니다.";
    reached_by = "Reached through", "들어오는 길";
    reached_by_none = "No Service lists it.", "이 파드를 가리키는 서비스가 없습니다.";
    place = "Its place", "있는 곳";
    env = "Environment", "환경 변수";
    mounts = "Mounts", "마운트";
    probes = "Probes", "프로브";
    image_default = "the image's own", "이미지의 기본값";
    in_use: fn(used: &str, requested: &str, limit: &str) -> SmolStr =
        |used, requested, limit| format_smolstr!("{used} used · {requested} requested · limit {limit}"),
        |used, requested, limit| format_smolstr!("사용 {used} · 요청 {requested} · 한도 {limit}");
    listens: Name = |ports| format_smolstr!("listens on {ports}"), |ports| format_smolstr!("열린 포트 {ports}");
    last_time = "Last time", "지난번";
    pod_gone = "It is not there at this instant.", "이 시점에는 없습니다.";
    look_first = "Look here first", "먼저 볼 곳";
    all_well = "Nothing stands out.", "눈에 띄는 문제가 없습니다.";
    workloads = "Workloads", "워크로드";
    services = "Services and doors", "서비스와 입구";
    used_things = "What pods use", "파드가 쓰는 것";
    no_endpoints = "no endpoints", "엔드포인트 없음";
    speed_to: Count = |n| format_smolstr!("{n}×"), |n| format_smolstr!("{n}배");
    managed: Count =
        |n| format_smolstr!("managedFields: {n} managers"),
        |n| format_smolstr!("managedFields: 관리자 {n}개");
    relations = "Relations", "관계";
}

/// `27374` as `27,374`.
pub fn grouped(n: i64) -> SmolStr {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (n, says) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(n), says);
        }
    }
}
