//! What views follow that read much of the cluster: a trigger that comes at most a few times a second, however often the
//! one behind it does.

use std::time::Duration;

use leptos::prelude::*;

/// Between two of them.
const REST: Duration = Duration::from_millis(250);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Beat {
    Ready,
    Resting,
    /// It has come again meanwhile.
    Missed,
}

/// Follows a trigger: at once, and what comes soon after a little later.
#[inline(never)]
pub fn seldom(often: Trigger) -> Trigger {
    let (out, beat) = (Trigger::new(), StoredValue::new(Beat::Ready));
    Effect::new(move |_| {
        often.track();
        ring(out, beat);
    });
    out
}

fn ring(out: Trigger, beat: StoredValue<Beat>) {
    if beat.get_value() != Beat::Ready {
        beat.set_value(Beat::Missed);
        return;
    }
    out.notify();
    beat.set_value(Beat::Resting);
    let rested = move || {
        let missed = beat.get_value() == Beat::Missed;
        beat.set_value(Beat::Ready);
        if missed {
            ring(out, beat);
        }
    };
    set_timeout(rested, REST);
}
