//! The time controls and the timeline.

use smol_str::format_smolstr;

use super::{Name, Two};

texts! { Time
    virtual_time = "virtual", "가상 시간";
    time_controls = "Time", "시간";
    pause = "Pause", "멈추기";
    play = "Play", "이어 가기";
    step = "On to the next write", "다음 기록으로";
    speed = "Speed", "속도";
    speed_of: Name = |speed| format_smolstr!("{speed}× speed"), |speed| format_smolstr!("{speed}× 배속");
    timeline = "Timeline of writes", "기록 타임라인";
    timeline_help =
        "Arrow keys move through time, up and down choose a lane, comma and full stop step from write to \
                    write, Enter goes on from there, End returns to now.",
        "좌우 화살표로 시간을 옮기고, 위아래로 줄을 고르고, 쉼표와 마침표로 기록을 하나씩 넘깁니다. \
                    Enter는 거기서 이어 가기, End는 지금으로 돌아오기입니다.";
    all_lanes = "All lanes", "모든 줄";
    past = "Looking at the past", "과거를 보고 있습니다";
    past_short = "past", "과거";
    /// Tenths of a second, revision.
    ago: Two =
        |tenths, revision| format_smolstr!("{}.{} s ago · rev {revision}", tenths / 10, tenths % 10),
        |tenths, revision| format_smolstr!("{}.{}초 전 · rev {revision}", tenths / 10, tenths % 10);
    from_here = "Play from here", "여기서 이어 가기";
    to_now = "Back to now", "지금으로";
    lines = "Line of time", "시간의 갈래";
    compare = "Compare two lines of time", "두 갈래 나란히 보기";
    only_here = "only in this line of time", "이 갈래에만 있음";
    otherwise = "in another state in the other line", "다른 갈래에서는 상태가 다름";
    /// Objects only in this line, objects in another state.
    apart: Two =
        |only, otherwise| match (only, otherwise) {
            (0, 0) => "no difference".into(),
            _ => format_smolstr!("+{only} only here, ≠{otherwise} differ"),
        },
        |only, otherwise| match (only, otherwise) {
            (0, 0) => "차이 없음".into(),
            _ => format_smolstr!("+{only} 여기에만, ≠{otherwise} 상태 다름"),
        };
    forked =
        "A new line of time began here. The old one stays as it was.",
        "여기서 새 갈래가 시작되었습니다. 원래 갈래는 그대로 남아 있습니다.";
    step_back = "Back to the write before", "이전 기록으로";
    own_back = "The write before to this object (<)", "이 오브젝트의 이전 기록(<)";
    own_on = "The next write to this object (>)", "이 오브젝트의 다음 기록(>)";
    undo = "Undo the last command", "마지막 명령 되돌리기";
    undone: Name =
        |line| format_smolstr!("Undone: {line}. The line of time with it is still there."),
        |line| format_smolstr!("되돌렸습니다: {line}. 그 명령이 있는 갈래는 그대로 남아 있습니다.");
    nothing_to_undo = "No command has changed the cluster yet.", "아직 클러스터를 바꾼 명령이 없습니다.";
    you = "You", "나";
    image_of: Name = |pod| format_smolstr!("{pod} pull"), |pod| format_smolstr!("{pod} 이미지");
    end_of: Name = |pod| format_smolstr!("{pod} ends"), |pod| format_smolstr!("{pod} 종료");
    others = "others", "그 밖";
    jump = "Jump to the next change", "다음 변화로 건너뛰기";
}
