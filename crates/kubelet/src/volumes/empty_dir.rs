//! A directory that lives as long as its pod.
//!
//! Models `pkg/volume/emptydir`: one in memory is as large as its limit and then full; one on the node's disk may pass
//! its limit until the kubelet evicts the pod for it. Not modelled: huge pages.

use containers::fs::VolumeId;
use objects::Value;
use objects::quantity::Quantity;

use crate::depot::Depot;

pub(super) fn set_up(volume: &Value, uid: &str, depot: &mut Depot) -> VolumeId {
    let id = depot.volume(&name(uid, volume["name"].text()));
    let limit = &volume["emptyDir"]["sizeLimit"];
    if let Some(tree) = depot.tree_mut(id)
        && volume["emptyDir"]["medium"] == "Memory"
        && !limit.is_null()
    {
        tree.limit = u64::try_from(Quantity::of(limit).value()).ok();
    }
    id
}

/// What the depot calls a directory of a pod's own.
pub(super) fn name(uid: &str, volume: &str) -> String {
    format!("pod/{uid}/{volume}")
}
