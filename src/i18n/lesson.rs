//! The open lesson.

use smol_str::format_smolstr;

use super::{Name, Two};

texts! { Lesson
    lesson = "Lesson", "과제";
    lessons = "Lessons", "과제 목록";
    step_of: Two =
        |step, of| format_smolstr!("Step {step} of {of}"),
        |step, of| format_smolstr!("{step} / {of}단계");
    goals = "Goals", "목표";
    goal_met = "Met", "달성";
    goal_open = "Not met yet", "아직 아님";
    hint = "Hint", "힌트";
    next = "Next", "다음";
    back = "Back", "이전";
    finished = "Lesson complete", "과제를 마쳤습니다";
    run: Name = |command| format_smolstr!("Run {command}"), |command| format_smolstr!("{command} 실행");
    question = "Answers", "보기";
    step_done = "This step is done. On with Next.", "이 단계를 마쳤습니다. ‘다음’으로 넘어갑니다.";
    no_lesson = "Free play", "자유 연습";
    no_lesson_text =
        "Type commands below, or write a manifest and apply it. The diagram follows every write.",
        "아래 터미널에 명령을 입력하거나, 매니페스트를 써서 적용합니다. 무엇이 바뀌든 그림에 나타납니다.";
    show_me = "Show me the solution", "풀이 보기";
    skip = "Skip this step", "이 단계 건너뛰기";
    broken: Name =
        |why| format_smolstr!("This lesson can't be opened. All others can. {why}"),
        |why| format_smolstr!("이 과제를 열 수 없습니다. 다른 과제는 모두 열 수 있습니다. {why}");
}
