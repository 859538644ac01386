//! The plugins of the default profile, one per file, in upstream's order and with its weights.
//!
//! Not modelled: DynamicResources (it only says that there are no claims to deallocate), NodeDeclaredFeatures.

pub mod default_preemption;
mod image_locality;
mod inter_pod_affinity;
pub(crate) mod node_affinity;
mod node_name;
pub(crate) mod node_ports;
mod node_resources_balanced_allocation;
pub(crate) mod node_resources_fit;
pub(crate) mod node_unschedulable;
mod node_volume_limits;
mod pod_topology_spread;
mod scheduling_gates;
pub(crate) mod taint_toleration;
pub(crate) mod volume_binding;
pub(crate) mod volume_restrictions;
pub(crate) mod volume_zone;

use std::sync::Arc;

use objects::Str;
use ordered::BTreeSet;

use crate::framework::{Filter, Refusal, Score};
use crate::images::Supply;
use crate::node_info::{NodeInfo, Placed, PodInfo};
use crate::nodes::Nodes;
use crate::profile::Profile;
use crate::storage::Storage;

pub(crate) use inter_pod_affinity::{is_meant, terms_of};
pub(crate) use pod_topology_spread::{is_counted, rules};
pub(crate) use scheduling_gates::is_gated;

/// What plugins work out once for a pod before they are asked about nodes.
#[derive(Clone, Debug, Default)]
pub struct Cycle {
    /// Only nodes of these names come into question.
    pub only: Option<BTreeSet<Str>>,
    pub claims: Option<volume_binding::Claims>,
    pub restrictions: Option<volume_restrictions::Restrictions>,
    pub zones: Vec<volume_zone::ZoneRule>,
    pub spread: pod_topology_spread::Spread,
    pub affinity: inter_pod_affinity::Affinity,
    pub images: Arc<Supply>,
}

impl Cycle {
    /// Takes account of a pod that comes to a node, or leaves it, for the sake of an answer to "what if".
    pub(crate) fn shift(
        &mut self,
        pod: &PodInfo,
        key: &str,
        other: &Placed,
        at: &NodeInfo,
        nodes: &Nodes,
        came: bool,
    ) {
        let by = if came { 1 } else { -1 };
        if let Some(r) = &mut self.restrictions {
            r.shift(pod.pod.namespace(), key, other, by);
        }
        self.spread.shift(pod, key, other, at, nodes, by);
        self.affinity.shift(pod, key, other, at, nodes, by);
    }
}

/// The extension point PreFilter of all plugins, in their order.
///
/// # Errors
/// The plugin that knows that no node can help, and why.
pub fn pre_filter(
    pod: &PodInfo,
    nodes: &mut Nodes,
    storage: &Storage,
    profile: &Profile,
) -> Result<Cycle, (&'static str, Refusal)> {
    let only = node_affinity::names(pod).map_err(|r| ("NodeAffinity", r))?;
    let mut cycle = Cycle { only, ..Cycle::default() };
    if pod.needs.has_volumes {
        cycle.restrictions =
            volume_restrictions::pre_filter(pod, nodes, storage).map_err(|r| ("VolumeRestrictions", r))?;
        cycle.claims = volume_binding::pre_filter(&pod.pod, storage).map_err(|r| ("VolumeBinding", r))?;
        cycle.zones = volume_zone::pre_filter(&pod.pod, storage).map_err(|r| ("VolumeZone", r))?;
    }
    cycle.spread = pod_topology_spread::pre_filter(pod, nodes, storage);
    cycle.affinity = inter_pod_affinity::pre_filter(pod, nodes, storage, profile);
    cycle.images = image_locality::pre_filter(pod, nodes);
    Ok(cycle)
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
        &volume_restrictions::VolumeRestrictions,
        &node_volume_limits::NodeVolumeLimits,
        &volume_binding::VolumeBinding,
        &volume_zone::VolumeZone,
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
        (&image_locality::ImageLocality, 1),
    ]
}
