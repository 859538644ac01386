//! NodeName: a pod that names its node fits only there.
//!
//! Models `plugins/nodename`.

use crate::framework::{Filter, Refusal};
use crate::node_info::{NodeInfo, PodInfo};

pub(super) struct NodeName;

impl Filter for NodeName {
    fn name(&self) -> &'static str {
        "NodeName"
    }

    fn filter(&self, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        let wanted = pod.pod["spec"]["nodeName"].text();
        if wanted.is_empty() || wanted == node.name() {
            return Ok(());
        }
        Err(Refusal::unresolvable("node(s) didn't match the requested node name"))
    }
}
