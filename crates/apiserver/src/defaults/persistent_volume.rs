//! Models SetDefaults_PersistentVolume, _PersistentVolumeClaim and _PersistentVolumeClaimSpec in core.

use objects::Value;

use super::{fill, part, pod};

pub(super) fn defaults(object: &mut Value) {
    let spec = object.map_mut().entry("spec");
    fill(spec, "persistentVolumeReclaimPolicy", "Retain");
    fill(spec, "volumeMode", "Filesystem");
    if let Some(path) = part(spec, "hostPath") {
        fill(path, "type", "");
    }
    pod::legacy_volume(spec);
    fill(object.map_mut().entry("status"), "phase", "Pending");
}

pub(super) fn claim(object: &mut Value) {
    fill(object.map_mut().entry("spec"), "volumeMode", "Filesystem");
    fill(object.map_mut().entry("status"), "phase", "Pending");
}
