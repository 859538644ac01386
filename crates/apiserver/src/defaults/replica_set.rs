//! Models SetDefaults_ReplicaSet in `pkg/apis/apps/v1/defaults.go`.

use objects::Value;

use super::{fill, pod};

pub(super) fn defaults(object: &mut Value) {
    let spec = object.map_mut().entry("spec");
    fill(spec, "replicas", 1);
    if !spec["template"].is_null() {
        pod::template(spec.map_mut().entry("template"));
    }
}
