//! Models SetDefaults_DaemonSet in `pkg/apis/apps/v1/defaults.go`.

use objects::Value;

use super::{fill, pod};

pub(super) fn defaults(object: &mut Value) {
    let spec = object.map_mut().entry("spec");
    let strategy = spec.map_mut().entry("updateStrategy");
    fill(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        let rolling = strategy.map_mut().entry("rollingUpdate");
        fill(rolling, "maxUnavailable", 1);
        fill(rolling, "maxSurge", 0);
    }
    fill(spec, "revisionHistoryLimit", 10);
    pod::template(spec.map_mut().entry("template"));
}
