//! DaemonSets.
//!
//! Models ValidateDaemonSetSpec and ValidateDaemonSetUpdate in `pkg/apis/apps/validation`.

use objects::Value;
use objects::selector::LabelSelector;

use super::template::{at_most_all, bare_number, count_or_percent, matches_selector, validate as template};
use super::unified_diff::{Field, Shape, compact};
use super::{Errors, labels};

const ROLLING: [Field; 2] =
    [Field("MaxUnavailable", "maxUnavailable", Shape::Number), Field("MaxSurge", "maxSurge", Shape::Number)];
const STRATEGY: [Field; 2] =
    [Field::text("Type", "type"), Field("RollingUpdate", "rollingUpdate", Shape::Struct(&ROLLING))];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        let t = &s["template"];
        let selector = &s["selector"];
        e.at("selector", |e| labels::selector(selector, e));
        if let Ok(selector) = LabelSelector::from_value(selector) {
            e.at("template", |e| matches_selector(t, &selector, e));
        }
        if !selector.is_null() && selector["matchLabels"].is_zero() && selector["matchExpressions"].is_zero()
        {
            e.at("selector", |e| e.invalid(selector, "empty selector is invalid for daemonset"));
        }
        e.at("template", |e| {
            template(t, e);
            if t["spec"]["restartPolicy"] != "Always" {
                e.at("spec.restartPolicy", |e| e.not_supported(&t["spec"]["restartPolicy"], &["Always"]));
            }
            if !t["spec"]["activeDeadlineSeconds"].is_null() {
                e.at("spec.activeDeadlineSeconds", |e| {
                    e.forbidden("activeDeadlineSeconds in DaemonSet is not Supported");
                });
            }
        });
        e.nonnegative(s, "minReadySeconds");
        e.at("updateStrategy", |e| strategy(&s["updateStrategy"], e));
        e.nonnegative(s, "revisionHistoryLimit");
    });
}

fn strategy(s: &Value, e: &mut Errors) {
    match s["type"].text() {
        "OnDelete" => {}
        "RollingUpdate" if s["rollingUpdate"].is_null() => e.at("rollingUpdate", |e| e.required("")),
        "RollingUpdate" => {
            let r = &s["rollingUpdate"];
            e.at("rollingUpdate", |e| {
                count_or_percent(r, "maxUnavailable", e);
                count_or_percent(r, "maxSurge", e);
                at_most_all(r, "maxUnavailable", e);
                at_most_all(r, "maxSurge", e);
                let (unavailable, surge) = (bare_number(&r["maxUnavailable"]), bare_number(&r["maxSurge"]));
                if unavailable != 0 && surge != 0 {
                    e.at("maxSurge", |e| {
                        e.invalid(&r["maxSurge"], "may not be set when maxUnavailable is non-zero");
                    });
                } else if unavailable == 0 && surge == 0 {
                    e.at("maxUnavailable", |e| {
                        e.required("cannot be 0 when maxSurge is 0");
                    });
                }
            });
        }
        _ => e.not_supported_shown(&compact(s, &STRATEGY), &["RollingUpdate", "OnDelete"]),
    }
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    errs.at("spec", |e| e.immutable(&new["spec"], &old["spec"], "selector"));
    validate(new, errs);
}
