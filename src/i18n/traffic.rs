//! Requests and load.

use smol_str::format_smolstr;

use super::Count;

texts! { Traffic
    traffic = "Requests", "요청";
    faults_and_load = "Load and faults", "부하와 고장";
    no_requests =
        "No request yet. curl a Service from a pod, or start load above: the way of each request appears here.",
        "아직 요청이 없습니다. 파드에서 서비스로 curl을 보내거나 위에서 부하를 시작하면 요청마다 지나간 길이 나타납니다.";
    served = "served", "응답함";
    ends = "How they ended:", "결과:";
    in_all: Count = |n| format_smolstr!("{n} in all"), |n| format_smolstr!("모두 {n}건");
    refused = "refused", "연결 거부";
    denied = "denied by a policy", "정책이 막음";
    timed_out = "timed out", "시간 초과";
    slow = "no answer in time", "제때 응답 없음";
    reset = "reset", "연결 끊김";
    unreachable = "unreachable", "경로 없음";
    no_name = "no such name", "없는 이름";
    no_server = "no name server", "네임 서버 없음";
    load = "Load", "부하";
    load_target = "Where requests go", "요청을 보낼 곳";
    no_service_to_load =
        "Load needs a Service with a selector:",
        "부하를 걸려면 셀렉터가 있는 서비스가 있어야 합니다:";
}
