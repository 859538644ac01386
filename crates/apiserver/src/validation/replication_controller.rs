//! ReplicationControllers.
//!
//! Models ValidateReplicationControllerSpec in `pkg/apis/core/validation`.

use objects::Value;
use objects::selector::LabelSelector;

use super::Errors;
use super::template::always_restarting;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        e.nonnegative(s, "minReadySeconds");
        if s["selector"].is_zero() {
            e.at("selector", |e| e.required(""));
        }
        e.nonnegative(s, "replicas");
        if s["template"].is_null() {
            e.at("template", |e| e.required(""));
        } else {
            let selector = LabelSelector::from_labels(&s["selector"]);
            always_restarting(s, &selector, "ReplicationController", e);
        }
    });
}

pub(super) fn validate_update(new: &Value, _old: &Value, errs: &mut Errors) {
    validate(new, errs);
}
