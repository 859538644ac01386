//! Jobs.
//!
//! Models ValidateJobSpec and ValidateJobUpdate in `pkg/apis/batch/validation`.
//! Not modelled: success policies, the rules of pod failure policies beyond their number.

use objects::Value;
use objects::selector::LabelSelector;

use super::template::{matches_selector, validate as template};
use super::{Errors, labels};

/// An Indexed job may not be wider: its pods could not be told apart by name.
const INDEXED_MAX: i64 = 1_000_000_000;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    errs.at("spec", |e| {
        let s = &object["spec"];
        e.at("selector", |e| {
            if s["selector"].is_null() {
                e.required("");
            } else {
                labels::selector(&s["selector"], e);
            }
        });
        spec(s, e);
        if let Ok(selector) = LabelSelector::from_value(&s["selector"]) {
            e.at("template", |e| matches_selector(&s["template"], &selector, e));
        }
    });
}

/// The spec of a job, a CronJob's template too.
pub(super) fn spec(s: &Value, e: &mut Errors) {
    for key in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        e.nonnegative(s, key);
    }
    e.one_of_if_set(s, "completionMode", &["Indexed", "NonIndexed"]);
    let indexed = s["completionMode"] == "Indexed";
    if indexed {
        if s["completions"].is_null() {
            e.at("completions", |e| e.required("when completion mode is Indexed"));
        }
        if s["parallelism"].int() > INDEXED_MAX {
            e.at("parallelism", |e| {
                e.invalid(
                    &s["parallelism"],
                    "must be less than or equal to 100000 when completion mode is Indexed",
                );
            });
        }
    } else if !s["backoffLimitPerIndex"].is_null() {
        e.at("backoffLimitPerIndex", |e| {
            e.invalid(&s["backoffLimitPerIndex"], "requires indexed completion mode")
        });
    }
    e.at("template", |e| template(&s["template"], e));
    let restart = &s["template"]["spec"]["restartPolicy"];
    if restart == "Always" {
        e.at("template.spec.restartPolicy", |e| e.required("valid values: \"OnFailure\", \"Never\""));
    } else if !matches!(restart.text(), "OnFailure" | "Never") {
        e.at("template.spec.restartPolicy", |e| e.not_supported(restart, &["OnFailure", "Never"]));
    } else if !s["podFailurePolicy"].is_null() && restart != "Never" {
        e.at("template.spec.restartPolicy", |e| {
            e.invalid(restart, "only \"Never\" is supported when podFailurePolicy is specified");
        });
    }
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
    let (s, was) = (&new["spec"], &old["spec"]);
    errs.at("spec", |e| {
        if s["completions"] != was["completions"] {
            // An indexed job may grow and shrink as a whole.
            let elastic = s["completionMode"] == "Indexed" && s["completions"] == s["parallelism"];
            if !elastic {
                e.at("completions", |e| e.invalid(&s["completions"], "field is immutable"));
            }
        }
        e.immutable(s, was, "selector");
        let suspended = was["suspend"].is_true() && old["status"]["startTime"].is_null();
        if s["template"] != was["template"] && !suspended {
            e.at("template", |e| e.invalid(&s["template"], "field is immutable"));
        }
        for key in
            ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"]
        {
            e.immutable(s, was, key);
        }
    });
}
