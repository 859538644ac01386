//! The rest of the engine: the part of the program that is downloaded while the page already works, and the part that
//! is downloaded when something in it is first called.
//!
//! `cargo xtask build` cuts the program in three by what visits use (xtask/split). Where a function of a part that is not
//! there is called, the page's start script (assets/start.js) fetches it on the spot. An uncut program has no such parts.

use std::cell::Cell;
use std::time::Duration;

use js_sys::Reflect;
use leptos::prelude::{
    GetUntracked, Set, request_animation_frame, set_timeout, window_event_listener_untyped,
};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::app::App;

#[wasm_bindgen]
extern "C" {
    /// The start script's: returns once the rest is in place, or throws.
    #[wasm_bindgen(js_name = wheelhouseRest)]
    fn rest();

    /// The same for the part that is seldom used.
    #[wasm_bindgen(js_name = wheelhouseSeldom)]
    fn seldom();
}

/// What a function of the rest calls first; the cut program knows it by the import's name.
#[wasm_bindgen(js_name = needRest)]
pub fn need() {
    rest();
}

/// What a function of the part that is seldom used calls first.
#[wasm_bindgen(js_name = needSeldom)]
pub fn need_seldom() {
    seldom();
}

/// Frames that the page has to itself before its cluster starts: in one it is seen, in the next a press is answered.
const FRAMES: u32 = 3;

thread_local! {
    /// The page shows what stands for its cluster.
    static EARLY: Cell<bool> = const { Cell::new(true) };
    /// The cluster is to start in a few frames, or has.
    static STARTS: Cell<bool> = const { Cell::new(false) };
}

/// True until the cluster of the page starts. It waits for the rest, and for the page to be seen: starting it takes
/// longer than all that is needed to show the page and to answer a press.
pub(crate) fn is_early() -> bool {
    EARLY.get()
}

/// True as long as the rest is not in place: then the start script takes its function away.
fn is_late() -> bool {
    Reflect::get(&js_sys::global(), &JsValue::from_str("wheelhouseRest")).is_ok_and(|f| f.is_function())
}

/// Until the rest is there, commands wait for it: most of them need it. Then the cluster starts. Tells the reader when the
/// rest does not come.
pub(crate) fn watch(app: App) {
    if !is_early() {
        return;
    }
    app.act(|session| session.set_waits(true));
    window_event_listener_untyped("wheelhouse-rest", move |event| {
        let word = Reflect::get(&event, &JsValue::from_str("detail")).ok().and_then(|word| word.as_string());
        let late = app.texts_now().page().rest_late;
        if word.as_deref() == Some("late") {
            app.note.set(Some(late.to_owned()));
            return;
        }
        if app.note.get_untracked().as_deref() == Some(late) {
            app.note.set(None);
        }
        start(app);
    });
    // It may have come before this line.
    if !is_late() {
        start(app);
    }
}

fn start(app: App) {
    if !STARTS.replace(true) {
        after(FRAMES, app);
    }
}

fn after(frames: u32, app: App) {
    match frames.checked_sub(1) {
        Some(left) => request_animation_frame(move || after(left, app)),
        None => set_timeout(move || complete(app), Duration::ZERO),
    }
}

/// The same at once, if the rest is there: a script that asks for the cluster sees no frames.
pub(crate) fn hurry(app: App) {
    if !is_late() {
        complete(app);
    }
}

fn complete(app: App) {
    if EARLY.replace(false) {
        app.complete();
    }
}
