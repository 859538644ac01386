//! The host lab.

use smol_str::{SmolStr, format_smolstr};

use super::{Count, Name};

texts! { Lab
    title = "Host lab", "호스트 랩";
    servers = "Servers", "서버";
    lost = "Requests lost", "잃은 요청";
    calls = "Calls", "호출";
    night_calls = "At night", "밤 호출";
    by_hand = "By hand", "수작업";
    together = "Together", "함께 쓰기";
    not_played =
        "No day has been played yet: lab play-day.",
        "아직 하루를 돌려 보지 않았습니다. lab play-day를 실행합니다.";
    chart: Name =
        |lost| {
            format_smolstr!(
                "Requests a second over the day for each service: asked for, and possible. {lost} were lost."
            )
        },
        |lost| {
            format_smolstr!("서비스마다 하루 동안의 초당 요청과 받을 수 있는 양. 잃은 요청은 {lost}건입니다.")
        };
    key_want = "asked for", "오는 요청";
    key_can = "could be served", "받을 수 있는 양";
    key_lost = "lost", "잃은 요청";
    key_fault = "something breaks", "고장";
    at: Name = |time| format_smolstr!("The servers at {time} UTC"), |time| format_smolstr!("UTC {time}의 서버");
    hour = "Time of day", "시각";
    spare = "Spare", "예비";
    down = "Down", "꺼짐";
    starting: Count = |s| format_smolstr!("Starting, {s} s"), |s| format_smolstr!("시작하는 중, {s}초");
    ready = "Ready", "준비됨";
    broken = "Broken into", "침입당함";
    reached = "Within reach", "손이 닿음";
    guest = "guest", "게스트";
    container = "container", "컨테이너";
    hypervisor = "hypervisor (type 1)", "하이퍼바이저(타입 1)";
    engine = "container engine", "컨테이너 엔진";
    kernel: Name = |version| format_smolstr!("kernel {version}"), |version| format_smolstr!("커널 {version}");
    memory: fn(used: &str, all: &str) -> SmolStr =
        |used, all| format_smolstr!("memory {used} of {all} MiB"),
        |used, all| format_smolstr!("메모리 {all} MiB 중 {used} MiB");
}
