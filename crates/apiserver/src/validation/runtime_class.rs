//! RuntimeClasses.
//!
//! Models `pkg/apis/node/validation`. Not modelled: overhead, scheduling's selectors and tolerations.

use objects::{Value, names};

use super::{Errors, labels, resources, scheduling};

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let handler = &object["handler"];
    errs.at("handler", |e| match handler.text() {
        "" => e.required(""),
        name => e.complaints(handler, names::dns1123_label(name)),
    });
    errs.at("overhead.limits", |e| {
        for (name, q) in object["overhead"]["podFixed"].entries() {
            e.key(name, |e| {
                resources::container_name(name, e);
                resources::amount(name, q, e);
            });
        }
    });
    let scheduling = &object["scheduling"];
    errs.at("scheduling", |e| {
        e.at("nodeSelector", |e| labels::labels(&scheduling["nodeSelector"], e));
        scheduling::tolerations(scheduling, e);
    });
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    errs.immutable(new, old, "handler");
}
