//! Versions of one resource that differ in form: from what a client writes to what is stored, and back.
//!
//! Owns: one file per kind that has such versions. Models `pkg/apis/*/v*/conversion.go`.

mod event;
mod horizontal_pod_autoscaler;

use objects::Value;
use objects::resources::Resource;

fn is_old_autoscaler(resource: &Resource) -> bool {
    resource.version == "v1" && resource.storage == "horizontalpodautoscalers.autoscaling"
}

fn is_new_event(resource: &Resource) -> bool {
    resource.group == "events.k8s.io"
}

/// What is stored of an object that a client wrote in this version.
pub(crate) fn to_stored(resource: &Resource, object: &mut Value) {
    if is_old_autoscaler(resource) {
        horizontal_pod_autoscaler::from_v1(object);
    } else if is_new_event(resource) {
        event::to_core(object);
    }
}

/// A stored object as this version shows it.
pub(crate) fn from_stored(resource: &Resource, object: &mut Value) {
    if is_old_autoscaler(resource) {
        horizontal_pod_autoscaler::to_v1(object);
    } else if is_new_event(resource) {
        event::from_core(object);
    }
}
