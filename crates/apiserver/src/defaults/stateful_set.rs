//! Models SetDefaults_StatefulSet in `pkg/apis/apps/v1/defaults.go`.

use objects::Value;

use super::{each, fill, persistent_volume, pod};

pub(super) fn defaults(object: &mut Value) {
    let spec = object.map_mut().entry("spec");
    fill(spec, "podManagementPolicy", "OrderedReady");
    let strategy = spec.map_mut().entry("updateStrategy");
    fill(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        fill(strategy.map_mut().entry("rollingUpdate"), "partition", 0);
    }
    let retention = spec.map_mut().entry("persistentVolumeClaimRetentionPolicy");
    fill(retention, "whenDeleted", "Retain");
    fill(retention, "whenScaled", "Retain");
    fill(spec, "replicas", 1);
    fill(spec, "revisionHistoryLimit", 10);
    pod::template(spec.map_mut().entry("template"));
    for claim in each(spec, "volumeClaimTemplates") {
        fill(claim, "apiVersion", "v1");
        fill(claim, "kind", "PersistentVolumeClaim");
        persistent_volume::claim(claim);
    }
}
