//! Models SetDefaults_CronJob in `pkg/apis/batch/v1/defaults.go`.

use objects::Value;

use super::{fill, pod};

pub(super) fn defaults(object: &mut Value) {
    let spec = object.map_mut().entry("spec");
    fill(spec, "concurrencyPolicy", "Allow");
    fill(spec, "suspend", false);
    fill(spec, "successfulJobsHistoryLimit", 3);
    fill(spec, "failedJobsHistoryLimit", 1);
    pod::template(spec.at_mut(&["jobTemplate", "spec", "template"]));
}
