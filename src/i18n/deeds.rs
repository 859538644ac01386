//! What can be done to an object.

texts! { Deeds
    deeds = "What can be done to the selected object", "고른 오브젝트로 할 수 있는 일";
    deeds_of = "What can be done to", "할 수 있는 일:";
    describe = "Describe", "자세히 보기";
    logs = "Logs", "로그 보기";
    shell = "Open a shell in it", "안에서 셸 열기";
    top = "Usage", "사용량 보기";
    crash = "Let it crash", "고장 내기";
    cut = "Cut it off the network", "네트워크 끊기";
    restore = "Repair it", "고치기";
    cordon = "No new pods here", "새 파드 받지 않기";
    uncordon = "Allow new pods again", "새 파드 다시 받기";
    drain = "Move its pods away", "파드 모두 옮기기";
    scale_up = "One replica more", "레플리카 하나 늘리기";
    scale_down = "One replica fewer", "레플리카 하나 줄이기";
    restart = "Replace its pods one by one", "파드를 차례로 새로 만들기";
    status = "Follow the rollout", "롤아웃 지켜보기";
    undo = "Back to the revision before", "이전 리비전으로 되돌리기";
    load = "Send 20 requests a second", "1초에 요청 20개씩 보내기";
    endpoints = "Its endpoints", "엔드포인트 보기";
    yaml = "Print its YAML", "YAML 출력하기";
    edit = "Into a file of the editor", "편집기의 파일로 옮기기";
    delete = "Delete", "지우기";
}
