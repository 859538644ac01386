//! Models SetDefaults_Deployment in `pkg/apis/apps/v1/defaults.go`.

use objects::Value;

use super::{fill, pod};

pub(super) fn defaults(object: &mut Value) {
    let spec = object.map_mut().entry("spec");
    fill(spec, "replicas", 1);
    let strategy = spec.map_mut().entry("strategy");
    fill(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        let rolling = strategy.map_mut().entry("rollingUpdate");
        fill(rolling, "maxUnavailable", "25%");
        fill(rolling, "maxSurge", "25%");
    }
    fill(spec, "revisionHistoryLimit", 10);
    fill(spec, "progressDeadlineSeconds", 600);
    pod::template(spec.map_mut().entry("template"));
}
