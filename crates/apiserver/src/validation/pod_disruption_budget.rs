//! PodDisruptionBudgets.
//!
//! Models ValidatePodDisruptionBudgetSpec in `pkg/apis/policy/validation`.

use objects::Value;

use super::template::{at_most_all, count_or_percent};
use super::unified_diff::{Field, compact};
use super::{Errors, labels};

const SPEC: [Field; 4] = [
    Field::plain("MinAvailable", "minAvailable"),
    Field::plain("Selector", "selector"),
    Field::plain("MaxUnavailable", "maxUnavailable"),
    Field::plain("UnhealthyPodEvictionPolicy", "unhealthyPodEvictionPolicy"),
];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        if !s["minAvailable"].is_null() && !s["maxUnavailable"].is_null() {
            e.invalid_shown(&compact(s, &SPEC), "minAvailable and maxUnavailable cannot be both set");
        }
        for child in ["minAvailable", "maxUnavailable"] {
            count_or_percent(s, child, e);
            at_most_all(s, child, e);
        }
        if !s["selector"].is_null() {
            e.at("selector", |e| labels::selector(&s["selector"], e));
        }
        let policy = &s["unhealthyPodEvictionPolicy"];
        let known = ["AlwaysAllow", "IfHealthyBudget"];
        if !policy.is_null() && !known.contains(&policy.text()) {
            e.at("unhealthyPodEvictionPolicy", |e| e.not_supported(policy, &known));
        }
    });
}

pub(super) fn validate_update(new: &Value, _: &Value, errs: &mut Errors) {
    validate(new, errs);
}
