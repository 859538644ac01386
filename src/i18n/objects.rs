//! The tables of objects, events and controllers.

use smol_str::format_smolstr;

use super::Count;

texts! { Objects
    objects = "Objects", "오브젝트";
    kind_of = "Kind", "종류";
    all_namespaces = "all namespaces", "모든 네임스페이스";
    no_objects =
        "None here. What is created of this kind appears at once.",
        "여기에는 없습니다. 이 종류의 오브젝트를 만들면 바로 나타납니다.";
    events = "Events", "이벤트";
    no_events =
        "No events. They appear when something happens to an object.",
        "이벤트가 없습니다. 오브젝트에 일이 생기면 여기에 나타납니다.";
    times: Count = |n| format_smolstr!("{n} times"), |n| format_smolstr!("{n}회");
    controllers = "Controllers", "컨트롤러";
    controllers_help =
        "Each controller takes keys from its queue. Hold one to see what waits, and let it take one step at a time.",
        "컨트롤러는 저마다 큐에서 키를 꺼내 일합니다. 하나를 붙잡아 두면 무엇이 밀리는지 보이고, 한 걸음씩 보낼 수 있습니다.";
    busy_only = "Only those with something to do", "할 일이 있는 것만";
    hold = "Hold", "붙잡기";
    let_go = "Let go", "놓아주기";
    one_step = "Step", "한 걸음";
    keys_wait: Count =
        |n| match n {
            0 => "idle".into(),
            1 => "1 key waits".into(),
            _ => format_smolstr!("{n} keys wait"),
        },
        |n| if n == 0 { "할 일 없음".into() } else { format_smolstr!("키 {n}개 대기") };
}
