//! Models SetDefaults_ReplicationController in `pkg/apis/core/v1/defaults.go`.

use objects::Value;

use super::{fill, pod};

pub(super) fn defaults(object: &mut Value) {
    let labels = object["spec"]["template"].labels().clone();
    if !labels.is_null() {
        if object["spec"]["selector"].is_zero() {
            object.set_at(&["spec", "selector"], labels.clone());
        }
        if object.labels().is_zero() {
            object.set_at(&["metadata", "labels"], labels);
        }
    }
    let spec = object.map_mut().entry("spec");
    fill(spec, "replicas", 1);
    if !spec["template"].is_null() {
        pod::template(spec.map_mut().entry("template"));
    }
}
