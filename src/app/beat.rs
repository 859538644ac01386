//! What views follow that read much of the cluster: a trigger that comes at most a few times a second, however often the
//! one behind it does. And what is told aloud, which comes more seldom still.

use std::time::Duration;

use leptos::prelude::*;

use super::App;
use crate::rest;
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

fn paced(often: Trigger, every: Duration) -> Trigger {
    let (out, beat) = (Trigger::new(), StoredValue::new(Beat::Ready));
    Effect::new(move |_| {
        often.track();
        // Until the cluster starts nothing moves, and what it starts with is seen at once.
        if !rest::is_early() {
            ring(out, beat, every);
        }
    });
    out
}

/// What has become of the cluster, told politely: never while the reader looks back.
pub(super) fn tell(app: App) -> RwSignal<String> {
    let says = RwSignal::new(String::new());
    let moved = paced(app.stage, BREATH);
    let known = StoredValue::new_local(None::<((u32, u64), Known)>);
    Effect::new(move |_| {
        moved.track();
        let heard = app.ask(|s| {
            let picture = (app.sight.fresh.get_value(), s.pictures());
            if s.looks_back() {
                return String::new();
            }
            // Of another session, cluster or line of time nothing is known yet.
            let before = known.get_value().filter(|(of, _)| *of == picture).map(|(_, known)| known);
            let (now, says) = news(&before.clone().unwrap_or_default(), s.stage(), app.texts_now());
            known.set_value(Some((picture, now)));
            if before.is_some() { says } else { String::new() }
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
