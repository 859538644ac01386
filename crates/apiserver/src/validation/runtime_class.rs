//! RuntimeClasses.
//!
//! Models `pkg/apis/node/validation`. Not modelled: overhead, scheduling's selectors and tolerations.

use objects::{Value, names};

use super::Errors;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let handler = &object["handler"];
    errs.at("handler", |e| match handler.text() {
        "" => e.required(""),
        name => e.complaints(handler, names::dns1123_label(name)),
    });
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    errs.immutable(new, old, "handler");
}
