//! The course: its map, its words, the progress.

use smol_str::format_smolstr;

use super::{Count, Name};

texts! { Course
    course = "Course", "과정";
    map = "Map", "지도";
    glossary = "Glossary", "용어집";
    progress = "Progress", "진도";
    find_word = "Find a word", "용어 찾기";
    no_words = "No word has that in it.", "그런 용어가 없습니다.";
    standing: fn(course::map::Standing) -> &'static str = standing_en, standing_ko;
    minutes: Count = |n| format_smolstr!("{n} min"), |n| format_smolstr!("{n}분");
    after_lessons: Name =
        |names| format_smolstr!("After: {names}"),
        |names| format_smolstr!("먼저 할 과제: {names}");
    about_it: Name = |title| format_smolstr!("Lesson: {title}"), |title| format_smolstr!("과제: {title}");
    known = "I know this", "아는 내용입니다";
    not_known = "I want to do it after all", "다시 해 보겠습니다";
    steps_word = "Steps", "단계";
    time_word = "Time", "시간";
    hints_word = "Hints", "본 힌트";
    course_done = "You have done the whole course.", "과정을 모두 마쳤습니다.";
    nothing_done =
        "No lesson is done yet. What you can do after each will be listed here.",
        "아직 마친 과제가 없습니다. 과제를 마칠 때마다 할 수 있게 된 일이 여기에 적힙니다.";
    you_can_now = "What you can do now", "이제 할 수 있는 일";
    next_lesson: Name = |title| format_smolstr!("Next: {title}"), |title| format_smolstr!("다음 과제: {title}");
    export = "Export progress", "진도 내보내기";
    import = "Import progress", "진도 가져오기";
    imported: Count =
        |n| {
            if n == 1 {
                "Progress of one lesson taken in".into()
            } else {
                format_smolstr!("Progress of {n} lessons taken in")
            }
        },
        |n| format_smolstr!("과제 {n}개의 진도를 가져왔습니다");
    import_failed = "That file holds no progress of Wheelhouse.", "조타실의 진도가 담긴 파일이 아닙니다.";
    forget = "Clear progress", "진도 지우기";
    forget_sure =
        "Forget the progress of all lessons? The open one begins again. Export it first if you may want it back.",
        "모든 과제의 진도를 지웁니까? 열려 있는 과제는 처음부터 다시 시작합니다. 나중에 필요할 수 있으면 먼저 내보냅니다.";
    forgotten = "All progress is cleared", "진도를 모두 지웠습니다";
}

fn standing_en(standing: course::map::Standing) -> &'static str {
    use course::map::Standing;
    match standing {
        Standing::Done => "Done",
        Standing::Begun => "Begun",
        Standing::Open => "Next",
        Standing::Later => "Later",
    }
}

fn standing_ko(standing: course::map::Standing) -> &'static str {
    use course::map::Standing;
    match standing {
        Standing::Done => "마침",
        Standing::Begun => "하는 중",
        Standing::Open => "할 차례",
        Standing::Later => "나중에",
    }
}
