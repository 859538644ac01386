//! The heartbeat: as long as time runs or a program does, the session gets a slice of every frame.
//!
//! Owns: when frames are asked for. When time is paused and nothing runs, nothing is asked for. The frame after a key or a
//! press is the reader's: the engine rests, so that the answer is on screen before it goes on.

use std::cell::Cell;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

use crate::app::App;

/// Of each frame, the engine gets this much.
const SLICE_MS: f64 = 4.0;

thread_local! {
    static ASKED: Cell<bool> = const { Cell::new(false) };
    static LAST: Cell<f64> = const { Cell::new(0.0) };
    /// The reader has done something since the engine last ran.
    static TOUCHED: Cell<bool> = const { Cell::new(false) };
    /// The engine has rested in the frame before: keys that repeat do not stop time.
    static RESTED: Cell<bool> = const { Cell::new(false) };
}

/// Notes what the reader does, before anything else hears of it.
pub(crate) fn watch() {
    let touched = Closure::<dyn Fn()>::new(|| TOUCHED.set(true));
    for name in ["keydown", "pointerdown"] {
        // Without it an answer may come a few frames later.
        drop(document().add_event_listener_with_callback_and_bool(
            name,
            touched.as_ref().unchecked_ref(),
            true,
        ));
    }
    // It listens as long as the page lives.
    touched.forget();
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
    if TOUCHED.take() && !RESTED.replace(true) {
        request_animation_frame(move || frame(app));
        return;
    }
    RESTED.set(false);
    let now = instant();
    let passed = now - LAST.replace(now);
    app.act(|session| session.frame((passed * 1000.0) as i64, &mut || instant() - now < SLICE_MS));
    request_animation_frame(move || frame(app));
}
