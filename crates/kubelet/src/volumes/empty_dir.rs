//! A directory that lives as long as its pod.
//!
//! Models `pkg/volume/emptydir`: one in memory is as large as its limit and then full; one on the node's disk may pass
//! its limit until the kubelet evicts the pod for it. Not modelled: huge pages.

use containers::fs::VolumeId;
use objects::Value;
use objects::quantity::Quantity;

use crate::depot::Depot;

pub(super) fn set_up(volume: &Value, pod: &Value, node: &Value, depot: &mut Depot) -> VolumeId {
    let id = depot.volume(&name(pod.uid(), volume["name"].text()));
    if let Some(tree) = depot.tree_mut(id)
        && volume["emptyDir"]["medium"] == "Memory"
    {
        tree.limit = in_memory(&volume["emptyDir"]["sizeLimit"], pod, node);
    }
    id
}

/// How much fits a directory in memory: the least of its own limit, the pod's and the node's memory.
fn in_memory(own: &Value, pod: &Value, node: &Value) -> Option<u64> {
    let bytes = |q: &Value| u64::try_from(Quantity::of(q).value()).ok().filter(|b| *b > 0);
    let containers = pod["spec"]["containers"].items();
    let limits: Option<Vec<u64>> =
        containers.iter().map(|c| bytes(&c["resources"]["limits"]["memory"])).collect();
    let of_pod = limits.map(|l| l.iter().sum());
    let of_node = bytes(&node["status"]["allocatable"]["memory"]);
    [bytes(own), of_pod, of_node].into_iter().flatten().min()
}

/// What the depot calls a directory of a pod's own.
pub(super) fn name(uid: &str, volume: &str) -> String {
    format!("pod/{uid}/{volume}")
}
