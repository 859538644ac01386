//! What views follow that read much of the cluster: a trigger that comes at most a few times a second, however often the
//! one behind it does. And what is told aloud, which comes more seldom still.

use std::time::Duration;

use leptos::prelude::*;

use super::App;
use crate::session::Session;
use crate::stage::news::{Known, news};

/// Between two of them.
const REST: Duration = Duration::from_millis(250);

/// Between two announcements: whoever hears them hears nothing else meanwhile.
const BREATH: Duration = Duration::from_secs(3);

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
    paced(often, REST)
}

fn paced(often: Trigger, rest: Duration) -> Trigger {
    let (out, beat) = (Trigger::new(), StoredValue::new(Beat::Ready));
    Effect::new(move |_| {
        often.track();
        ring(out, beat, rest);
    });
    out
}

/// What has become of the cluster, told politely: never while the reader looks back.
pub(super) fn tell(app: App) -> RwSignal<String> {
    let says = RwSignal::new(String::new());
    let moved = paced(app.stage, BREATH);
    let known = StoredValue::new_local(None::<((u32, u64), Known)>);
    let picture = move |s: &Session| (app.sight.fresh.get_value(), s.pictures());
    Effect::new(move |_| {
        app.stage.track();
        app.ask(|s| {
            // What another session, cluster or line of time begins with is no news, and that at once: what the reader
            // does in it next is.
            let is_known = known.with_value(|k| k.as_ref().is_some_and(|(of, _)| *of == picture(s)));
            if !is_known && !s.looks_back() {
                known.set_value(Some((picture(s), Known::of(s.stage()))));
            }
        });
    });
    Effect::new(move |_| {
        moved.track();
        let heard = app.ask(|s| {
            let before = known.get_value().filter(|(of, _)| *of == picture(s) && !s.looks_back());
            let Some((_, before)) = before else { return String::new() };
            let (now, says) = news(&before, s.stage(), app.texts_now());
            known.set_value(Some((picture(s), now)));
            says
        });
        if !heard.is_empty() {
            says.set(heard);
        }
    });
    says
}

fn ring(out: Trigger, beat: StoredValue<Beat>, rest: Duration) {
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
            ring(out, beat, rest);
        }
    };
    set_timeout(rested, rest);
}
