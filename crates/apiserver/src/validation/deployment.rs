//! Deployments.
//!
//! Models ValidateDeploymentSpec and ValidateDeploymentUpdate in `pkg/apis/apps/validation`.

use objects::Value;

use super::Errors;
use super::template::{always_restarting, at_most_all, bare_number, count_or_percent, selector};
use super::unified_diff::{Field, Shape, compact};

const ROLLING: [Field; 2] =
    [Field("MaxUnavailable", "maxUnavailable", Shape::Number), Field("MaxSurge", "maxSurge", Shape::Number)];
const STRATEGY: [Field; 2] =
    [Field::text("Type", "type"), Field("RollingUpdate", "rollingUpdate", Shape::Struct(&ROLLING))];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        e.nonnegative(s, "replicas");
        if let Some(selector) = selector(s, "empty selector is invalid for deployment", e) {
            always_restarting(s, &selector, "ReplicaSet", e);
        }
        e.at("strategy", |e| strategy(&s["strategy"], e));
        e.nonnegative(s, "minReadySeconds");
        e.nonnegative(s, "revisionHistoryLimit");
        e.nonnegative(s, "progressDeadlineSeconds");
        let deadline = &s["progressDeadlineSeconds"];
        if !deadline.is_null() && deadline.int() <= s["minReadySeconds"].int() {
            e.at("progressDeadlineSeconds", |e| e.invalid(deadline, "must be greater than minReadySeconds"));
        }
    });
}

fn strategy(s: &Value, e: &mut Errors) {
    let rolling = &s["rollingUpdate"];
    match s["type"].text() {
        "Recreate" => {
            if !rolling.is_null() {
                e.at("rollingUpdate", |e| {
                    e.forbidden("may not be specified when strategy `type` is 'Recreate'");
                });
            }
        }
        "RollingUpdate" => e.at("rollingUpdate", |e| {
            count_or_percent(rolling, "maxUnavailable", e);
            count_or_percent(rolling, "maxSurge", e);
            if bare_number(&rolling["maxUnavailable"]) == 0 && bare_number(&rolling["maxSurge"]) == 0 {
                e.at("maxUnavailable", |e| {
                    e.invalid(&rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0");
                });
            }
            at_most_all(rolling, "maxUnavailable", e);
        }),
        _ => e.not_supported_shown(&compact(s, &STRATEGY), &["Recreate", "RollingUpdate"]),
    }
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
    errs.at("spec", |e| e.immutable(&new["spec"], &old["spec"], "selector"));
}
