//! PersistentVolumes and their claims: pending at birth.
//!
//! Models `pkg/registry/core/persistentvolume` and `persistentvolumeclaim`.

use clock::Time;
use objects::{Value, value};

use super::{PLAIN, Strategy};

pub(crate) static STRATEGY: Strategy =
    Strategy { status: true, returns_deleted: true, prepare_create, prepare_status, ..PLAIN };

pub(crate) static CLAIM: Strategy = Strategy {
    status: true,
    returns_deleted: true,
    prepare_create: |claim, _| claim.set("status", value!({"phase": "Pending"})),
    ..PLAIN
};

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
