//! What the stage says of the whole cluster: fleet, filters, what pods use, one pod or container from near.

use smol_str::{SmolStr, format_smolstr};

use super::{Count, Name, Two};

pub struct Chart {
    pub missing: &'static str,
    pub keys_in: Count,
    pub used_by: Count,
    pub no_such: Name,
    pub unheard: Name,
    pub bars: fn(resource: &str, numbers: &str) -> SmolStr,
    // Tools
    pub way: &'static str,
    pub whole: &'static str,
    pub nearer: &'static str,
    pub farther: &'static str,
    pub filter: &'static str,
    pub filters: Count,
    pub no_filter: &'static str,
    pub label_filter: &'static str,
    pub system: &'static str,
    pub kinds: [&'static str; 4],
    pub as_text: &'static str,
    pub as_picture: &'static str,
    pub cell_shows: &'static str,
    pub metrics: [&'static str; 3],
    pub group_by: &'static str,
    pub groups: [&'static str; 3],
    pub clusters: &'static str,
    pub hub: &'static str,
    pub dark: &'static str,
    pub member: fn(ready: i64, nodes: i64, running: i64, pods: i64) -> SmolStr,
    pub absent: fn(kind: &str, users: i64) -> SmolStr,
    // Fleet
    pub fleet_help: &'static str,
    pub nodes: Count,
    pub node_counts: Two,
    pub pod_counts: fn(all: i64, ready: i64, troubled: i64, waiting: i64) -> SmolStr,
    pub cell: fn(name: &str, state: &str, numbers: &str) -> SmolStr,
    pub lost: &'static str,
    pub troubled: Count,
    pub pods: Count,
    pub no_zone: &'static str,
    // From near
    pub steps_before: &'static str,
    pub beside: &'static str,
    pub given: &'static str,
    pub nothing_given: &'static str,
    pub reached_by: &'static str,
    pub reached_by_none: &'static str,
    pub place: &'static str,
    pub env: &'static str,
    pub mounts: &'static str,
    pub probes: &'static str,
    pub image_default: &'static str,
    pub in_use: fn(used: &str, requested: &str, limit: &str) -> SmolStr,
    pub listens: Name,
    pub last_time: &'static str,
    pub pod_gone: &'static str,
    // Text form
    pub look_first: &'static str,
    pub all_well: &'static str,
    pub workloads: &'static str,
    pub services: &'static str,
    pub used_things: &'static str,
    pub no_endpoints: &'static str,
    // Time
    pub speed_to: Count,
    pub managed: Count,
    pub relations: &'static str,
}

pub(super) static EN: Chart = Chart {
    missing: "missing",
    keys_in: |n| if n == 1 { "1 key".into() } else { format_smolstr!("{n} keys") },
    used_by: |n| match n {
        0 => "used by no pod".into(),
        1 => "used by 1 pod".into(),
        _ => format_smolstr!("used by {n} pods"),
    },
    no_such: |name| format_smolstr!("no Service {name}"),
    unheard: |port| format_smolstr!("nobody hears {port}"),
    bars: |resource, numbers| {
        format_smolstr!("{resource}: {numbers} requested; the stroke is what is used now")
    },
    way: "Where you are",
    whole: "Cluster",
    nearer: "Zoom in (z)",
    farther: "Zoom out (Shift+Z)",
    filter: "Filter",
    filters: |n| format_smolstr!("Filter, {n} set"),
    no_filter: "Show all",
    label_filter: "Labels, such as app=web",
    system: "kube-system",
    kinds: ["Owners", "Services", "Config", "Volumes"],
    as_text: "Show as text",
    as_picture: "Show as picture",
    cell_shows: "Cell shows",
    metrics: ["CPU requested", "Memory requested", "Pods"],
    group_by: "Group by",
    groups: ["Zone", "Pool", "Name"],
    clusters: "Clusters",
    hub: "hub ·",
    dark: "no power ·",
    member: |ready, nodes, running, pods| format_smolstr!("nodes {ready}/{nodes} · pods {running}/{pods}"),
    absent: |kind, users| match users {
        1 => format_smolstr!("No {kind} of this name exists. 1 pod asks for it."),
        _ => format_smolstr!("No {kind} of this name exists. {users} pods ask for it."),
    },
    fleet_help: "Arrow keys move between nodes, Enter opens one, plus and minus zoom.",
    nodes: |n| if n == 1 { "1 node".into() } else { format_smolstr!("{} nodes", grouped(n)) },
    node_counts: |ready, lost| format_smolstr!("{} ready, {} not ready", grouped(ready), grouped(lost)),
    pod_counts: |all, ready, troubled, waiting| {
        format_smolstr!(
            "{} pods: {} ready, {} in trouble, {} waiting for a node",
            grouped(all),
            grouped(ready),
            grouped(troubled),
            grouped(waiting)
        )
    },
    cell: |name, state, numbers| format_smolstr!("Node {name}, {state}{numbers}"),
    lost: "not ready",
    troubled: |n| format_smolstr!("{n} in trouble"),
    pods: |n| if n == 1 { "1 pod".into() } else { format_smolstr!("{} pods", grouped(n)) },
    no_zone: "no zone",
    steps_before: "Before it starts",
    beside: "sidecar",
    given: "Given to it",
    nothing_given: "No ConfigMap, Secret or claim.",
    reached_by: "Reached through",
    reached_by_none: "No Service lists it.",
    place: "Its place",
    env: "Environment",
    mounts: "Mounts",
    probes: "Probes",
    image_default: "the image's own",
    in_use: |used, requested, limit| format_smolstr!("{used} used · {requested} requested · limit {limit}"),
    listens: |ports| format_smolstr!("listens on {ports}"),
    last_time: "Last time",
    pod_gone: "It is not there at this instant.",
    look_first: "Look here first",
    all_well: "Nothing stands out.",
    workloads: "Workloads",
    services: "Services and doors",
    used_things: "What pods use",
    no_endpoints: "no endpoints",
    speed_to: |n| format_smolstr!("{n}×"),
    managed: |n| format_smolstr!("managedFields: {n} managers"),
    relations: "Relations",
};

pub(super) static KO: Chart = Chart {
    missing: "없음",
    keys_in: |n| format_smolstr!("키 {n}개"),
    used_by: |n| {
        if n == 0 { "쓰는 파드 없음".into() } else { format_smolstr!("파드 {n}개가 사용") }
    },
    no_such: |name| format_smolstr!("서비스 {name} 없음"),
    unheard: |port| format_smolstr!("{port} 포트 닫힘"),
    bars: |resource, numbers| format_smolstr!("{resource}: {numbers} 요청됨, 세로줄은 지금 사용량"),
    way: "현재 위치",
    whole: "클러스터",
    nearer: "확대(z)",
    farther: "축소(Shift+Z)",
    filter: "필터",
    filters: |n| format_smolstr!("필터, {n}개 적용"),
    no_filter: "모두 보기",
    label_filter: "레이블(예: app=web)",
    system: "kube-system",
    kinds: ["워크로드", "서비스", "설정", "볼륨"],
    as_text: "글로 보기",
    as_picture: "그림으로 보기",
    cell_shows: "칸의 색",
    metrics: ["요청된 CPU", "요청된 메모리", "파드 수"],
    group_by: "묶기",
    groups: ["존", "풀", "이름"],
    clusters: "클러스터",
    hub: "허브 ·",
    dark: "전원 없음 ·",
    member: |ready, nodes, running, pods| format_smolstr!("노드 {ready}/{nodes} · 파드 {running}/{pods}"),
    absent: |kind, users| format_smolstr!("이 이름의 {kind}은(는) 없습니다. 파드 {users}개가 찾고 있습니다."),
    fleet_help: "화살표로 노드 사이를 옮기고 Enter로 엽니다. +와 -로 확대하고 축소합니다.",
    nodes: |n| format_smolstr!("노드 {}개", grouped(n)),
    node_counts: |ready, lost| format_smolstr!("준비됨 {}, 준비 안 됨 {}", grouped(ready), grouped(lost)),
    pod_counts: |all, ready, troubled, waiting| {
        format_smolstr!(
            "파드 {}개: 준비됨 {}, 문제 있음 {}, 노드를 기다림 {}",
            grouped(all),
            grouped(ready),
            grouped(troubled),
            grouped(waiting)
        )
    },
    cell: |name, state, numbers| format_smolstr!("노드 {name}, {state}{numbers}"),
    lost: "준비 안 됨",
    troubled: |n| format_smolstr!("문제 {n}개"),
    pods: |n| format_smolstr!("파드 {}개", grouped(n)),
    no_zone: "존 없음",
    steps_before: "시작하기 전",
    beside: "사이드카",
    given: "받아 쓰는 것",
    nothing_given: "컨피그맵, 시크릿, 볼륨 클레임을 쓰지 않습니다.",
    reached_by: "들어오는 길",
    reached_by_none: "이 파드를 가리키는 서비스가 없습니다.",
    place: "있는 곳",
    env: "환경 변수",
    mounts: "마운트",
    probes: "프로브",
    image_default: "이미지의 기본값",
    in_use: |used, requested, limit| format_smolstr!("사용 {used} · 요청 {requested} · 한도 {limit}"),
    listens: |ports| format_smolstr!("열린 포트 {ports}"),
    last_time: "지난번",
    pod_gone: "이 시점에는 없습니다.",
    look_first: "먼저 볼 곳",
    all_well: "눈에 띄는 문제가 없습니다.",
    workloads: "워크로드",
    services: "서비스와 입구",
    used_things: "파드가 쓰는 것",
    no_endpoints: "엔드포인트 없음",
    speed_to: |n| format_smolstr!("{n}배"),
    managed: |n| format_smolstr!("managedFields: 관리자 {n}개"),
    relations: "관계",
};

/// `27374` as `27,374`.
fn grouped(n: i64) -> SmolStr {
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
