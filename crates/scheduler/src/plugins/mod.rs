//! The plugins of the default profile, one per file, in upstream's order and with its weights.

mod inter_pod_affinity;
mod node_affinity;
mod node_name;
mod node_ports;
mod node_resources_balanced_allocation;
mod node_resources_fit;
mod node_unschedulable;
mod pod_topology_spread;
mod taint_toleration;
pub(crate) mod volume_binding;

use crate::framework::{Filter, Refusal, Score};
use crate::node_info::{Nodes, PodInfo};
use volume_binding::Storage;

/// What plugins work out once for a pod before they are asked about nodes.
#[derive(Clone, Debug, Default)]
pub struct Cycle {
    pub claims: Option<volume_binding::Claims>,
    pub spread: Option<pod_topology_spread::Spread>,
    pub affinity: Option<inter_pod_affinity::Affinity>,
}

/// The extension point PreFilter of all plugins.
///
/// # Errors
/// The plugin that knows that no node can help, and why.
pub fn pre_filter(
    pod: &mut PodInfo,
    nodes: &Nodes,
    storage: &Storage,
) -> Result<(), (&'static str, Refusal)> {
    let cycle = Cycle {
        claims: volume_binding::pre_filter(&pod.pod, storage).map_err(|r| ("VolumeBinding", r))?,
        spread: pod_topology_spread::prepare(pod, nodes),
        affinity: inter_pod_affinity::prepare(pod, nodes),
    };
    pod.cycle = Some(Box::new(cycle));
    Ok(())
}

/// The filters in the order they are asked; the first that refuses ends the asking.
#[must_use]
pub fn filters() -> &'static [&'static dyn Filter] {
    &[
        &node_unschedulable::NodeUnschedulable,
        &node_name::NodeName,
        &taint_toleration::TaintToleration,
        &node_affinity::NodeAffinity,
        &node_ports::NodePorts,
        &node_resources_fit::NodeResourcesFit,
        &volume_binding::VolumeBinding,
        &pod_topology_spread::PodTopologySpread,
        &inter_pod_affinity::InterPodAffinity,
    ]
}

/// The score plugins with their weights.
#[must_use]
pub fn scores() -> &'static [(&'static dyn Score, i64)] {
    &[
        (&taint_toleration::TaintToleration, 3),
        (&node_affinity::NodeAffinity, 2),
        (&node_resources_fit::NodeResourcesFit, 1),
        (&pod_topology_spread::PodTopologySpread, 2),
        (&inter_pod_affinity::InterPodAffinity, 2),
        (&node_resources_balanced_allocation::NodeResourcesBalancedAllocation, 1),
    ]
}
