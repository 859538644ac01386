//! NodePorts: two pods can't take the same port of one node.
//!
//! Models `plugins/nodeports`.

use crate::framework::{Filter, Refusal};
use crate::node_info::{NodeInfo, PodInfo};

pub(super) struct NodePorts;

impl Filter for NodePorts {
    fn name(&self) -> &'static str {
        "NodePorts"
    }

    fn filter(&self, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        if pod.host_ports.is_empty() {
            return Ok(());
        }
        let mut taken = node.pods.values().flat_map(|p| &p.host_ports);
        if taken.any(|t| pod.host_ports.iter().any(|p| p.conflicts(t))) {
            return Err(Refusal::unschedulable("node(s) didn't have free ports for the requested pod ports"));
        }
        Ok(())
    }
}
