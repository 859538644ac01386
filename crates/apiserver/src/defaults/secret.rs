//! Secrets: their type, and text data in base64.
//!
//! Models SetDefaults_Secret and the conversion of `stringData` in `pkg/apis/core/v1`.

use objects::Value;

use super::fill;

pub(super) fn defaults(object: &mut Value) {
    fill(object, "type", "Opaque");
    if let Some(texts) = object.remove("stringData") {
        for (key, text) in texts.entries() {
            let encoded = objects::base64::encode(text.text().as_bytes());
            object.set_at(&["data", key], encoded);
        }
    }
}
