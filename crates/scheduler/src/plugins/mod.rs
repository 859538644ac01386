//! The plugins of the default profile, one per file, in upstream's order and with its weights.

mod node_affinity;
mod node_name;
mod node_ports;
mod node_resources_balanced_allocation;
mod node_resources_fit;
mod node_unschedulable;
mod taint_toleration;

use crate::framework::{Filter, Score};

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
    ]
}

/// The score plugins with their weights.
#[must_use]
pub fn scores() -> &'static [(&'static dyn Score, i64)] {
    &[
        (&taint_toleration::TaintToleration, 3),
        (&node_affinity::NodeAffinity, 2),
        (&node_resources_fit::NodeResourcesFit, 1),
        (&node_resources_balanced_allocation::NodeResourcesBalancedAllocation, 1),
    ]
}
