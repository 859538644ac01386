//! The picked object, and why it is as it is.

use smol_str::format_smolstr;

use super::Name;

texts! { Inspector
    inspector = "Inspector", "살펴보기";
    why = "Why?", "왜?";
    why_not = "Why?", "왜 그렇습니까?";
    chain = "What led here", "여기까지 온 길";
    verdicts = "What each node said", "노드마다의 판정";
    verdict = "Verdict", "판정";
    scores = "Scores: as given > from 0 to 100 = times the weight", "점수: 원래 값 > 0에서 100 사이로 맞춘 값 = 가중치를 곱한 값";
    plugin = "Plugin", "플러그인";
    total = "Total", "합계";
    reason = "Reason", "이유";
    chosen = "chosen", "선택됨";
    fits = "fits", "맞음";
    refused = "refused", "거절";
    instead = "instead", "대신";
    go_there = "Look at that instant", "그 순간 보기";
    next_try: Name =
        |at| format_smolstr!("The next thing happens by itself at {at}"),
        |at| format_smolstr!("다음 일은 {at}에 저절로 일어납니다");
    views = "Views of the object", "오브젝트 보기";
    summary = "Summary", "요약";
    facts = "Facts", "사실";
    conditions = "Conditions", "컨디션";
    containers = "Containers", "컨테이너";
    labels = "Labels", "레이블";
    pods = "Pods", "파드";
    node = "Node", "노드";
    owner = "Owner", "소유자";
    image = "Image", "이미지";
    requested = "Requests", "리소스 요청";
    namespace = "Namespace", "네임스페이스";
    age = "Age", "만든 지";
    replicas = "Replicas", "레플리카";
    strategy = "Strategy", "전략";
    revision = "Revision", "리비전";
    selector = "Selector", "셀렉터";
    none = "none", "없음";
    roles = "Roles", "역할";
    version = "Version", "버전";
    allocatable = "Allocatable", "할당 가능";
    restart_count = "Restarts", "재시작";
    as_command = "The same in kubectl", "같은 내용을 kubectl로";
    nothing_picked = "Nothing selected", "고른 것이 없습니다";
    nothing_picked_text =
        "Select a pod, node, owner or Service in the diagram to see its facts, events and YAML.",
        "그림에서 파드, 노드, 워크로드, 서비스를 고르면 사실과 이벤트, YAML이 여기에 나타납니다.";
    gone =
        "This object no longer exists. Its last state is shown.",
        "이 오브젝트는 이제 없습니다. 마지막 상태를 보여 줍니다.";
    yaml_of: Name = |name| format_smolstr!("YAML of {name}"), |name| format_smolstr!("{name}의 YAML");
}
