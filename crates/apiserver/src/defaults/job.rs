//! Models SetDefaults_Job in `pkg/apis/batch/v1/defaults.go`.

use objects::Value;

use super::{each, fill, pod};

pub(super) fn defaults(object: &mut Value) {
    let spec = object.map_mut().entry("spec");
    if spec["completions"].is_null() && spec["parallelism"].is_null() {
        fill(spec, "completions", 1);
    }
    fill(spec, "parallelism", 1);
    let per_index = !spec["backoffLimitPerIndex"].is_null();
    fill(spec, "backoffLimit", if per_index { i64::from(i32::MAX) } else { 6 });
    fill(spec, "completionMode", "NonIndexed");
    fill(spec, "suspend", false);
    let policy = if spec["podFailurePolicy"].is_null() { "TerminatingOrFailed" } else { "Failed" };
    fill(spec, "podReplacementPolicy", policy);
    fill(spec, "manualSelector", false);
    let labels = object["spec"]["template"].labels().clone();
    if object.labels().is_zero() && !labels.is_zero() {
        object.set_at(&["metadata", "labels"], labels);
    }
    let spec = object.map_mut().entry("spec");
    if let Some(failure) = spec.find_mut(&["podFailurePolicy"]) {
        for rule in each(failure, "rules") {
            for pattern in each(rule, "onPodConditions") {
                fill(pattern, "status", "True");
            }
        }
    }
    pod::template(spec.map_mut().entry("template"));
}
