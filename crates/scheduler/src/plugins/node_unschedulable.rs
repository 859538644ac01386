//! NodeUnschedulable: a cordoned node takes no new pods.
//!
//! Models `plugins/nodeunschedulable`.

use super::taint_toleration::tolerates;
use crate::framework::{Filter, Refusal};
use crate::node_info::{NodeInfo, PodInfo};

pub(super) struct NodeUnschedulable;

impl Filter for NodeUnschedulable {
    fn name(&self) -> &'static str {
        "NodeUnschedulable"
    }

    fn filter(&self, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        let taint = ("node.kubernetes.io/unschedulable", "", "NoSchedule");
        if !node.unschedulable || tolerates(&pod.pod, taint) {
            return Ok(());
        }
        Err(Refusal::unresolvable("node(s) were unschedulable"))
    }
}
