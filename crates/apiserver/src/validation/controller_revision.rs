//! ControllerRevisions.
//!
//! Models ValidateControllerRevisionCreate and its update in `pkg/apis/apps/validation`.

use objects::Value;

use super::Errors;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    errs.nonnegative(object, "revision");
    let data = &object["data"];
    if data.as_map().is_none() {
        let why = if data.is_null() { "data is mandatory" } else { "data must be a valid JSON object" };
        errs.at("data", |e| e.required(why));
    }
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    errs.nonnegative(new, "revision");
    errs.immutable(new, old, "data");
}
