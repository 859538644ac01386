//! The heartbeat: as long as time runs or a program does, the session gets a slice of every frame.
//!
//! Owns: when frames are asked for. When time is paused and nothing runs, nothing is asked for.

use std::cell::Cell;

use leptos::prelude::*;

use crate::app::App;

/// Of each frame, the engine gets this much.
const SLICE_MS: f64 = 4.0;

thread_local! {
    static ASKED: Cell<bool> = const { Cell::new(false) };
    static LAST: Cell<f64> = const { Cell::new(0.0) };
}

fn instant() -> f64 {
    window().performance().map_or(0.0, |p| p.now())
}

/// Asks for a frame unless one is already on its way or none is needed.
pub(crate) fn kick(app: App) {
    if ASKED.get() || app.paused.get_untracked() {
        return;
    }
    ASKED.set(true);
    LAST.set(instant());
    request_animation_frame(move || frame(app));
}

fn frame(app: App) {
    if app.paused.get_untracked() {
        ASKED.set(false);
        return;
    }
    let now = instant();
    let passed = now - LAST.replace(now);
    app.act(|session| session.frame((passed * 1000.0) as i64, &mut || instant() - now < SLICE_MS));
    request_animation_frame(move || frame(app));
}
