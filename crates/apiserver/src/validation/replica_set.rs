//! ReplicaSets.
//!
//! Models ValidateReplicaSetSpec and ValidateReplicaSetUpdate in `pkg/apis/apps/validation`.

use objects::Value;

use super::Errors;
use super::template::{always_restarting, selector};

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        e.nonnegative(s, "replicas");
        e.nonnegative(s, "minReadySeconds");
        if let Some(selector) = selector(s, "empty selector is invalid for deployment", e) {
            always_restarting(s, &selector, "ReplicaSet", e);
        }
    });
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
    errs.at("spec", |e| e.immutable(&new["spec"], &old["spec"], "selector"));
}
