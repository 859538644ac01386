//! The rest of the engine: the part of the program that is downloaded while the page already works, and the part that
//! is downloaded when something in it is first called.
//!
//! `cargo xtask build` cuts the program in three by what visits use (xtask/split). Where a function of a part that is not
//! there is called, the page's start script (assets/start.js) fetches it on the spot. An uncut program has no such parts.

use js_sys::Reflect;
use leptos::prelude::{GetUntracked, Set, window_event_listener_untyped};
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

/// True as long as the rest is not in place: then the start script takes its function away.
pub(crate) fn is_late() -> bool {
    Reflect::get(&js_sys::global(), &JsValue::from_str("wheelhouseRest")).is_ok_and(|f| f.is_function())
}

/// Until the rest is there, commands wait for it: most of them need it. Tells the reader when it does not come.
pub(crate) fn watch(app: App) {
    if is_late() {
        app.act(|session| session.set_waits(true));
    }
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
        app.complete();
    });
    // It may have come between the session's beginning and this line.
    if !is_late() {
        app.complete();
    }
}
