//! ConfigMaps.
//!
//! Models ValidateConfigMap and ValidateConfigMapUpdate in `pkg/apis/core/validation`.

use objects::{Value, names};

use super::Errors;

/// What all values may take together; a Secret's too.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let mut size = 0;
    for (key, value) in object["data"].entries() {
        errs.at("data", |e| {
            e.key(key, |e| {
                e.complaints(&key.into(), names::config_map_key(key));
                if !object["binaryData"][key.as_str()].is_null() {
                    e.invalid_text(key, "duplicate of key present in binaryData");
                }
            });
        });
        size += value.text().len();
    }
    for (key, value) in object["binaryData"].entries() {
        errs.at("binaryData", |e| e.key(key, |e| e.complaints(&key.into(), names::config_map_key(key))));
        size += decoded_len(value);
    }
    if size > MAX_BYTES {
        errs.at("[]", |e| e.too_long(MAX_BYTES));
    }
}

/// How many bytes base64 text stands for.
pub(super) fn decoded_len(value: &Value) -> usize {
    let text = value.text();
    (text.len() / 4 * 3).saturating_sub(text.bytes().rev().take_while(|b| *b == b'=').count())
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    immutable(new, old, &["data", "binaryData"], errs);
    validate(new, errs);
}

/// What `immutable: true` forbids.
pub(super) fn immutable(new: &Value, old: &Value, parts: &[&str], errs: &mut Errors) {
    if !old["immutable"].is_true() {
        return;
    }
    let why = "field is immutable when `immutable` is set";
    if !new["immutable"].is_true() {
        errs.at("immutable", |e| e.forbidden(why));
    }
    for part in parts {
        if new[*part] != old[*part] {
            errs.at(part, |e| e.forbidden(why));
        }
    }
}
