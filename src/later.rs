//! Parts of the page that are fetched when somebody first needs them: the editor, the texts of `explain`.
//!
//! Owns: asking for them by name. Does not own: where they lie (assets/start.js, xtask).

use js_sys::Promise;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// The start script's: a module for a script, a text for anything else.
    #[wasm_bindgen(js_name = wheelhouseLater, catch)]
    fn later(name: &str) -> Result<Promise, JsValue>;
}

/// Fetches a part; none when it can't be had.
pub(crate) async fn fetch(name: &str) -> Option<JsValue> {
    JsFuture::from(later(name).ok()?).await.ok()
}
