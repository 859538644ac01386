//! The terminals.

use smol_str::{SmolStr, format_smolstr};

use super::{Count, Name};

texts! { Terminal
    terminal = "Terminal", "터미널";
    prompt = "Command", "명령";
    prompt_more = "Next line of the command", "명령의 다음 줄";
    output = "Terminal output", "터미널 출력";
    candidates = "Completions", "자동 완성 후보";
    interrupt = "Interrupt (Ctrl+C)", "중단 (Ctrl+C)";
    running = "running", "실행 중";
    welcome =
        "A cluster runs in this page. Tab completes, ↑ recalls.",
        "이 페이지 안에서 클러스터가 돌고 있습니다. Tab은 자동 완성, ↑는 지난 명령입니다.";
    keys = "Keys", "키";
    previous_command = "Previous command", "지난 명령";
    searching: Name =
        |what| {
            format_smolstr!("Searching back for \"{what}\": Ctrl+R for the one before, Enter runs it")
        },
        |what| format_smolstr!("지난 명령에서 \"{what}\" 찾기: Ctrl+R은 그 앞의 것, Enter는 실행");
    waits_for_rest =
        "Wheelhouse is still loading. What you type runs as soon as it is here:",
        "조타실을 내려받는 중입니다. 다 받으면 입력한 명령이 차례로 실행됩니다.";
    waits_for_turn = "Next:", "다음 차례:";
    terminals = "Terminals", "터미널";
    terminal_number: Count = |n| format_smolstr!("Terminal {n}"), |n| format_smolstr!("터미널 {n}");
    new_terminal = "New terminal", "새 터미널";
    close_terminal: Count = |n| format_smolstr!("Close terminal {n}"), |n| format_smolstr!("터미널 {n} 닫기");
    watch_in_place = "Watching: each row changes where it stands.", "지켜보는 중입니다. 행이 제자리에서 바뀝니다.";
    watch_as_text =
        "Watching: each change is a line of its own, as kubectl prints it.",
        "지켜보는 중입니다. 바뀔 때마다 kubectl이 찍는 대로 한 줄씩 늘어납니다.";
    as_text = "Show as text", "글로 보기";
    in_place = "Show in place", "제자리에서 보기";
    no_longer: Name =
        |name| format_smolstr!("{name} is no longer there."),
        |name| format_smolstr!("{name}: 이제 없습니다.");
    fault_in: fn(file: &str, line: usize) -> SmolStr =
        |file, line| format_smolstr!("▲ Go to {file}, line {line}"),
        |file, line| format_smolstr!("▲ {file} {line}번째 줄로 가기");
}
