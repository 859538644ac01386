//! Breaking things by hand.

texts! { Faults
    by_hand = "A fault by hand", "고장 고르기";
    what = "What breaks", "무엇을";
    which = "Which one", "어느 것을";
    how = "How", "어떻게";
    amount = "How much", "얼마나";
    pod = "Pod", "파드";
    component = "Part of the control plane", "컨트롤 플레인의 부분";
    registry = "Image registry", "이미지 레지스트리";
    disk = "Disk of a node", "노드의 디스크";
    cluster = "A whole cluster", "클러스터 전체";
    power = "loses its power", "전원 끄기";
    crash = "crashes", "강제로 끝내기";
    kill = "is killed", "죽이기";
    hang = "stands still", "멈추기";
    cut = "is cut off the network", "네트워크 끊기";
    stop = "its kubelet stops", "kubelet만 멈추기";
    slow = "answers slowly (times)", "느리게 하기(배)";
    limit = "limits pulls", "내려받기 제한";
    lose = "is gone", "사라지게 하기";
    refuse = "refuses connections", "연결 거부";
    silence = "never answers", "답하지 않게 하기";
    certificate = "has a bad certificate", "인증서 망가뜨리기";
    fill = "fills up (GiB)", "채우기(GiB)";
    free = "is free again", "비우기";
    resume = "goes on", "다시 움직이기";
    restore = "is repaired", "고치기";
}
