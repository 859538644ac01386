//! NodeResourcesFit: what the pod requests must be free; the emptier node scores higher (LeastAllocated).
//!
//! Models `plugins/noderesources/fit.go` and `least_allocated.go`.
//! Not modelled: the strategies MostAllocated and RequestedToCapacityRatio (a default cluster does not use them).

use crate::framework::{Filter, MAX_NODE_SCORE, Refusal, Score};
use crate::node_info::{NodeInfo, PodInfo};

pub(super) struct NodeResourcesFit;

impl Filter for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn filter(&self, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        let (has, used, wants) = (&node.allocatable, &node.requested, &pod.requests);
        let mut reasons = Vec::new();
        let mut unresolvable = false;
        if node.pods.len() as i64 + 1 > has.pods {
            reasons.push("Too many pods".to_owned());
        }
        let mut check = |name: &str, wants: i64, has: i64, used: i64| {
            if wants > 0 && wants > has - used {
                reasons.push(format!("Insufficient {name}"));
                unresolvable |= wants > has;
            }
        };
        check("cpu", wants.milli_cpu, has.milli_cpu, used.milli_cpu);
        check("memory", wants.memory, has.memory, used.memory);
        check("ephemeral-storage", wants.ephemeral_storage, has.ephemeral_storage, used.ephemeral_storage);
        for (name, amount) in &wants.scalar {
            let of = |r: &crate::resources::Resources| r.scalar.get(name).copied().unwrap_or(0);
            check(name, *amount, of(has), of(used));
        }
        if reasons.is_empty() { Ok(()) } else { Err(Refusal { reasons, unresolvable }) }
    }
}

impl Score for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn score(&self, pod: &PodInfo, node: &NodeInfo) -> i64 {
        let (has, used, wants) = (&node.allocatable, &node.scoring_requested, &pod.scoring);
        let pairs =
            [(used.milli_cpu + wants.milli_cpu, has.milli_cpu), (used.memory + wants.memory, has.memory)];
        let known: Vec<i64> = pairs
            .into_iter()
            .filter(|(_, capacity)| *capacity > 0)
            .map(|(requested, capacity)| least_requested(requested, capacity))
            .collect();
        if known.is_empty() { 0 } else { known.iter().sum::<i64>() / known.len() as i64 }
    }
}

fn least_requested(requested: i64, capacity: i64) -> i64 {
    if requested > capacity { 0 } else { (capacity - requested) * MAX_NODE_SCORE / capacity }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    fn node(cpu: &str, memory: &str) -> NodeInfo {
        let mut nodes = crate::node_info::Nodes::default();
        nodes.set_node(&value!({
            "metadata": {"name": "n"},
            "status": {"allocatable": {"cpu": (cpu), "memory": (memory), "pods": "1"}},
        }));
        nodes.get("n").expect("just set").clone()
    }

    fn pod(cpu: &str) -> PodInfo {
        PodInfo::new(&value!({"spec": {"containers": [{"resources": {"requests": {"cpu": (cpu)}}}]}}))
    }

    #[test]
    fn refuses_what_is_not_free() {
        assert_eq!(NodeResourcesFit.filter(&pod("1"), &node("2", "1Gi")), Ok(()));
        assert_eq!(
            NodeResourcesFit.filter(&pod("3"), &node("2", "1Gi")),
            Err(Refusal::unresolvable("Insufficient cpu"))
        );
    }

    #[test]
    fn the_emptier_node_scores_higher() {
        assert_eq!(NodeResourcesFit.score(&pod("1"), &node("2", "400Mi")), 50);
        assert!(
            NodeResourcesFit.score(&pod("1"), &node("8", "8Gi"))
                > NodeResourcesFit.score(&pod("1"), &node("4", "8Gi"))
        );
    }
}
