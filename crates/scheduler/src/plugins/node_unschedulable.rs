//! NodeUnschedulable: nothing new on a cordoned node, except for pods that tolerate its taint.
//!
//! Models `plugins/nodeunschedulable`.

use super::taint_toleration::tolerates;
use crate::framework::{Filter, Look, Refusal};
use crate::node_info::NodeInfo;

pub(super) struct NodeUnschedulable;

/// The taint that a cordoned node counts as having: key, value, effect.
pub(crate) const CORDON: (&str, &str, &str) = ("node.kubernetes.io/unschedulable", "", "NoSchedule");

impl Filter for NodeUnschedulable {
    fn name(&self) -> &'static str {
        "NodeUnschedulable"
    }

    fn is_local(&self) -> bool {
        true
    }

    fn filter(&self, look: &Look<'_>, node: &NodeInfo) -> Result<(), Refusal> {
        if !node.unschedulable || tolerates(&look.pod.needs.tolerations, CORDON) {
            return Ok(());
        }
        Err(Refusal::unresolvable("node(s) were unschedulable"))
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;
    use crate::testing::{cluster, verdict};

    #[test]
    fn a_cordoned_node_takes_only_who_tolerates_it() {
        let c = cluster(vec![value!({"metadata": {"name": "a"}, "spec": {"unschedulable": true}})]);
        let tolerations = |t: objects::Value| value!({"spec": {"tolerations": [(t)]}});
        let no = Err("node(s) were unschedulable".to_owned());
        for (pod, want) in [
            (value!({"spec": {}}), no.clone()),
            (tolerations(value!({"key": "node.kubernetes.io/unschedulable", "operator": "Exists"})), Ok(())),
            (tolerations(value!({"key": "other", "operator": "Exists"})), no),
            (tolerations(value!({"operator": "Exists"})), Ok(())),
        ] {
            assert_eq!(verdict(&NodeUnschedulable, &c, &pod, "a"), want, "{pod:?}");
        }
    }
}
