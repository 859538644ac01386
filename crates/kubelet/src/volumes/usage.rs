//! How much of a disk a pod's volumes take: what eviction looks at, and what statistics tell.
//!
//! Models the volume part of `pkg/kubelet/server/stats` and of `eviction` (localStorageEviction's view of emptyDirs).
//! Does not own: evicting.

use objects::quantity::Quantity;
use objects::{Str, Value};

use crate::Kubelet;
use crate::depot::Depot;
use crate::pod_worker::PodWorker;

/// Bytes that one volume of a pod takes.
fn of_volume(worker: &PodWorker, name: &str, depot: &Depot) -> u64 {
    worker.volumes.get(name).and_then(|m| depot.tree(m.volume)).map_or(0, |t| t.used)
}

fn empty_dirs(worker: &PodWorker) -> impl Iterator<Item = &Value> {
    worker.pod["spec"]["volumes"].items().iter().filter(|v| !v["emptyDir"].is_null())
}

/// Bytes that the pod's emptyDirs take of the node's disk; those in memory count there.
fn of_local(worker: &PodWorker, depot: &Depot) -> u64 {
    empty_dirs(worker)
        .filter(|v| v["emptyDir"]["medium"] != "Memory")
        .map(|v| of_volume(worker, v["name"].text(), depot))
        .sum()
}

/// Bytes that the pod's emptyDirs take of memory.
fn of_memory(worker: &PodWorker, depot: &Depot) -> u64 {
    empty_dirs(worker)
        .filter(|v| v["emptyDir"]["medium"] == "Memory")
        .map(|v| of_volume(worker, v["name"].text(), depot))
        .sum()
}

/// The message of the eviction that an emptyDir over its limit brings about.
fn over_limit(worker: &PodWorker, depot: &Depot) -> Option<String> {
    empty_dirs(worker).find_map(|v| {
        let limit = &v["emptyDir"]["sizeLimit"];
        if limit.is_null() {
            return None;
        }
        let (name, limit) = (v["name"].text(), Quantity::of(limit));
        let most = u64::try_from(limit.value()).unwrap_or(0);
        (most > 0 && of_volume(worker, name, depot) > most).then(|| {
            format!("Usage of EmptyDir volume \"{name}\" exceeds the limit \"{}\". ", limit.canonical())
        })
    })
}

/// What one pod's volumes take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeUse {
    /// Bytes by volume.
    pub volumes: Vec<(Str, u64)>,
    /// Bytes of the node's own disk.
    pub local_bytes: u64,
    /// Bytes of the node's memory.
    pub memory_bytes: u64,
    /// Why the pod must go, if one of its directories is over its limit: the eviction's message.
    pub over_limit: Option<String>,
}

impl Kubelet {
    /// What the volumes of a pod of this node take now.
    #[must_use]
    pub fn volume_use(&self, pod_key: &str, depot: &Depot) -> VolumeUse {
        let Some(worker) = self.pods.get(pod_key) else { return VolumeUse::default() };
        VolumeUse {
            volumes: worker.volumes.keys().map(|n| (n.clone(), of_volume(worker, n, depot))).collect(),
            local_bytes: of_local(worker, depot),
            memory_bytes: of_memory(worker, depot),
            over_limit: over_limit(worker, depot),
        }
    }
}
