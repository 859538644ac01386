//! Namespaces.
//!
//! Models ValidateNamespace in `pkg/apis/core/validation`.

use objects::{Value, names};

use super::Errors;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    errs.at("spec.finalizers", |e| {
        for f in object["spec"]["finalizers"].items() {
            e.complaints(f, names::qualified_name(f.text()));
            if !f.text().contains('/') && !matches!(f.text(), "kubernetes" | "orphan" | "foregroundDeletion")
            {
                e.invalid(f, "name is neither a standard finalizer name nor is it fully qualified");
            }
        }
    });
}

pub(super) fn validate_update(_new: &Value, _old: &Value, _errs: &mut Errors) {}
