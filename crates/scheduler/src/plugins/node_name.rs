//! NodeName: a pod that names its node fits only there.
//!
//! Models `plugins/nodename`.

use crate::framework::{Filter, Look, Refusal};
use crate::node_info::NodeInfo;

pub(super) struct NodeName;

impl Filter for NodeName {
    fn name(&self) -> &'static str {
        "NodeName"
    }

    /// Pods that wait for a node name none: only "what if" is asked with one.
    fn is_local(&self) -> bool {
        true
    }

    fn skip(&self, look: &Look<'_>) -> bool {
        look.pod.pod["spec"]["nodeName"].text().is_empty()
    }

    fn filter(&self, look: &Look<'_>, node: &NodeInfo) -> Result<(), Refusal> {
        let wanted = look.pod.pod["spec"]["nodeName"].text();
        if wanted.is_empty() || wanted == node.name() {
            return Ok(());
        }
        Err(Refusal::unresolvable("node(s) didn't match the requested node name"))
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;
    use crate::testing::{cluster, named, verdict};

    #[test]
    fn only_the_named_node() {
        let c = cluster(vec![named("a"), named("b")]);
        let pod = value!({"spec": {"nodeName": "a"}});
        assert_eq!(verdict(&NodeName, &c, &pod, "a"), Ok(()));
        assert_eq!(
            verdict(&NodeName, &c, &pod, "b"),
            Err("node(s) didn't match the requested node name".into())
        );
        assert_eq!(verdict(&NodeName, &c, &value!({"spec": {}}), "b"), Ok(()));
    }
}
