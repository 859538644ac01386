//! The diagram.

use smol_str::{SmolStr, format_smolstr};

use super::{Count, Name, Two};
use crate::state_words::PodState;

texts! { Stage
    stage = "Diagram of the cluster", "클러스터 그림";
    stage_help =
        "Arrow keys move between objects, Enter opens one, Escape goes back.",
        "화살표 키로 오브젝트 사이를 옮기고, Enter로 열고, Escape로 돌아갑니다.";
    desired = "Desired", "원하는 상태";
    requests = "Requests", "요청";
    waiting = "Pods waiting for a node", "노드를 기다리는 파드";
    state: fn(PodState, bool) -> &'static str = state_en, state_ko;
    to_end: Count = |n| format_smolstr!("{n} s to end"), |n| format_smolstr!("종료까지 {n}초");
    ready_of: Two =
        |ready, desired| format_smolstr!("{ready} / {desired} ready"),
        |ready, desired| format_smolstr!("준비 {ready} / {desired}");
    least: Two =
        |least, unavailable| format_smolstr!("min {least} (maxUnavailable {unavailable})"),
        |least, unavailable| format_smolstr!("최소 {least} (maxUnavailable {unavailable})");
    surge: Count = |n| format_smolstr!("surge +{n}"), |n| format_smolstr!("여유 +{n}");
    set_counts: fn(desired: i64, existing: i64, ready: i64) -> SmolStr =
        |desired, existing, ready| {
            if desired == 0 && existing == 0 {
                "no pods".into()
            } else if existing > desired {
                format_smolstr!("{desired} kept · {} going", existing - desired)
            } else {
                format_smolstr!("{ready} of {desired} ready")
            }
        },
        |desired, existing, ready| {
            if desired == 0 && existing == 0 {
                "파드 없음".into()
            } else if existing > desired {
                format_smolstr!("{desired}개 유지 · {}개 줄임", existing - desired)
            } else {
                format_smolstr!("{desired}개 중 {ready}개 준비")
            }
        };
    port: Count = |n| format_smolstr!("port {n}"), |n| format_smolstr!("포트 {n}");
    no_new_requests = "no new requests", "새 요청 없음";
    restarts: Count =
        |n| if n == 1 { "1 restart".into() } else { format_smolstr!("{n} restarts") },
        |n| format_smolstr!("재시작 {n}회");
    endpoints: Count =
        |n| if n == 1 { "1 endpoint".into() } else { format_smolstr!("{n} endpoints") },
        |n| format_smolstr!("엔드포인트 {n}");
    external = "outside name", "외부 이름";
    silent_for: Count = |n| format_smolstr!("silent for {n} s"), |n| format_smolstr!("{n}초째 연락 없음");
    cordoned = "no new pods", "새 파드 받지 않음";
    more: Count = |n| format_smolstr!("{n} more"), |n| format_smolstr!("{n}개 더");
    empty_title = "No pods yet", "아직 파드가 없습니다";
    empty_text =
        "The cluster runs, and nothing asks for pods.",
        "클러스터는 돌고 있고, 파드를 만들라는 요청이 아직 없습니다.";
    empty_command = "This command does:", "이 명령이 파드를 만듭니다.";
    /// A kind as prose calls it: `Pod` is 파드.
    kind: fn(&str) -> SmolStr = kind_en, kind_ko;
    on_node: Name = |node| format_smolstr!("on {node}"), |node| format_smolstr!("{node}에 있음");
    owned_by: Name = |owner| format_smolstr!("owned by {owner}"), |owner| format_smolstr!("소유자 {owner}");
    capacity: fn(used: &str, all: &str) -> SmolStr =
        |used, all| format_smolstr!("{used} of {all} cpu requested"),
        |used, all| format_smolstr!("cpu {all} 중 {used} 요청됨");
}

fn state_en(state: PodState, pulling: bool) -> &'static str {
    match state {
        PodState::Ready => "Ready",
        PodState::NotReady => "Not ready",
        PodState::Starting if pulling => "Pulling",
        PodState::Starting => "Starting",
        PodState::Pending => "Pending",
        PodState::BackOff => "Backing off",
        PodState::Failed => "Failed",
        PodState::Ending => "Ending",
        PodState::Completed => "Completed",
        PodState::Unknown => "Unknown",
    }
}

fn state_ko(state: PodState, pulling: bool) -> &'static str {
    match state {
        PodState::Ready => "준비됨",
        PodState::NotReady => "준비 안 됨",
        PodState::Starting if pulling => "이미지 받는 중",
        PodState::Starting => "시작하는 중",
        PodState::Pending => "노드 기다림",
        PodState::BackOff => "다시 시작 기다림",
        PodState::Failed => "실패",
        PodState::Ending => "종료 중",
        PodState::Completed => "완료",
        PodState::Unknown => "알 수 없음",
    }
}

fn kind_en(kind: &str) -> SmolStr {
    kind.into()
}

fn kind_ko(kind: &str) -> SmolStr {
    SmolStr::new_static(match kind {
        "Pod" => "파드",
        "Node" => "노드",
        "Deployment" => "디플로이먼트",
        "ReplicaSet" => "레플리카셋",
        "StatefulSet" => "스테이트풀셋",
        "DaemonSet" => "데몬셋",
        "Job" => "잡",
        "CronJob" => "크론잡",
        "Service" => "서비스",
        "EndpointSlice" => "엔드포인트슬라이스",
        "Namespace" => "네임스페이스",
        "ConfigMap" => "컨피그맵",
        "Secret" => "시크릿",
        "Ingress" => "인그레스",
        other => return other.into(),
    })
}
