//! Pod templates within workloads.
//!
//! Models ValidatePodTemplateSpec and its variants per workload.

use objects::selector::LabelSelector;
use objects::{Value, names};

use super::{Errors, labels, object_meta, pod, security};

/// The template of a workload whose pods always restart; `owner` names it in messages.
pub(super) fn always_restarting(spec: &Value, selector: &LabelSelector, owner: &str, e: &mut Errors) {
    let t = &spec["template"];
    e.at("template", |e| {
        matches_selector(t, selector, e);
        validate(t, e);
        if t["spec"]["restartPolicy"] != "Always" {
            e.at("spec.restartPolicy", |e| e.not_supported(&t["spec"]["restartPolicy"], &["Always"]));
        }
        if !t["spec"]["activeDeadlineSeconds"].is_null() {
            e.at("spec.activeDeadlineSeconds", |e| {
                e.forbidden(&format!("activeDeadlineSeconds in {owner} is not Supported"));
            });
        }
    });
}

pub(super) fn matches_selector(t: &Value, selector: &LabelSelector, e: &mut Errors) {
    if !selector.is_everything() && !selector.matches(t.labels()) {
        e.at("metadata.labels", |e| e.invalid(t.labels(), "`selector` does not match template `labels`"));
    }
}

pub(super) fn validate(t: &Value, e: &mut Errors) {
    e.at("labels", |e| labels::labels(t.labels(), e));
    e.at("annotations", |e| {
        object_meta::annotations(t.annotations(), e);
        pod::annotations(t.annotations(), &t["spec"], e);
    });
    if !e.pod_spec_known {
        e.at("spec", |e| pod::spec(&t["spec"], "", e));
    }
    e.at("spec", |e| security::annotations_match(t.annotations(), &t["spec"], e));
    if !t["spec"]["ephemeralContainers"].items().is_empty() {
        e.at("spec.ephemeralContainers", |e| e.forbidden("ephemeral containers not allowed in pod template"));
    }
}

/// A workload's selector, checked: required, and not empty.
pub(super) fn selector(spec: &Value, empty: &str, e: &mut Errors) -> Option<LabelSelector> {
    let s = &spec["selector"];
    e.at("selector", |e| {
        if s.is_null() {
            e.required("");
            return;
        }
        labels::selector(s, e);
        if s["matchLabels"].is_zero() && s["matchExpressions"].is_zero() {
            e.invalid(s, empty);
        }
    });
    match LabelSelector::from_value(s) {
        Ok(selector) => Some(selector),
        Err(_) => {
            e.at("selector", |e| e.invalid(s, "invalid label selector"));
            None
        }
    }
}

/// A count, or a percentage: not negative.
pub(super) fn count_or_percent(spec: &Value, key: &str, e: &mut Errors) {
    match &spec[key] {
        Value::Str(s) => e.at(key, |e| e.complaints(&spec[key], names::percent(s))),
        _ => e.nonnegative(spec, key),
    }
}

pub(super) fn at_most_all(spec: &Value, key: &str, e: &mut Errors) {
    let over = |p: &str| p.strip_suffix('%').and_then(|n| n.parse::<i64>().ok()).is_some_and(|n| n > 100);
    if over(spec[key].text()) {
        e.at(key, |e| e.invalid(&spec[key], "must not be greater than 100%"));
    }
}

/// The number, or that before the percent sign.
pub(super) fn bare_number(v: &Value) -> i64 {
    match v {
        Value::Str(s) => s.trim_end_matches('%').parse().unwrap_or(0),
        other => other.int(),
    }
}
