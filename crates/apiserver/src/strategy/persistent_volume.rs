//! PersistentVolumes and their claims: pending at birth.
//!
//! Models `pkg/registry/core/persistentvolume` and `persistentvolumeclaim`.

use clock::Time;
use objects::{Value, value};

use super::{PLAIN, Strategy};

pub(crate) static STRATEGY: Strategy =
    Strategy { status: true, returns_deleted: true, prepare_create, prepare_status, ..PLAIN };

pub(crate) static CLAIM: Strategy =
    Strategy { status: true, returns_deleted: true, prepare_create: prepare_claim, ..PLAIN };

fn prepare_claim(claim: &mut Value, _: Time) {
    claim.set("status", value!({"phase": "Pending"}));
    data_sources(claim.map_mut().entry("spec"));
}

/// Where a new volume's files come from stands in two fields, each of which is filled from the other.
fn data_sources(spec: &mut Value) {
    let known = |s: &Value| {
        let kind = (s["apiGroup"].text(), s["kind"].text());
        matches!(kind, ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot"))
    };
    let (source, reference) = (spec["dataSource"].clone(), spec["dataSourceRef"].clone());
    if !source.is_null() && reference.is_null() {
        if known(&source) {
            spec.set("dataSourceRef", source);
        } else {
            // What no populator of old understood was dropped, and still is.
            spec.remove("dataSource");
        }
    } else if !reference.is_null()
        && source.is_null()
        && reference["namespace"].is_zero()
        && known(&reference)
    {
        spec.set("dataSource", reference);
    }
}

fn prepare_create(volume: &mut Value, now: Time) {
    volume.set("status", value!({"phase": "Pending", "lastPhaseTransitionTime": (now.rfc3339())}));
}

/// A phase that changes without saying when changed with this write.
fn prepare_status(new: &mut Value, old: &Value) {
    let (is, was) = (&new["status"], &old["status"]);
    let stamp = is["lastPhaseTransitionTime"].clone();
    if is["phase"] == was["phase"] && stamp.is_null() && !was["lastPhaseTransitionTime"].is_null() {
        let was = was["lastPhaseTransitionTime"].clone();
        new.map_mut().entry("status").set("lastPhaseTransitionTime", was);
    }
}
