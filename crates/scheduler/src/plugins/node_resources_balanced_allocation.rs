//! NodeResourcesBalancedAllocation: prefers a node whose shares of CPU and memory come closer to each other.
//!
//! Models `plugins/noderesources/balanced_allocation.go`.

use crate::framework::{Look, MAX_NODE_SCORE, RawScores, Score};
use crate::nodes::Slot;

pub(super) struct NodeResourcesBalancedAllocation;

/// 100 when the shares are equal, less by their standard deviation. Each is (requested, capacity).
fn balance(amounts: &[(i64, i64)]) -> i64 {
    let share = |(r, c): &(i64, i64)| (*r as f64 / *c as f64).min(1.0);
    let deviation = match amounts {
        [a, b] => ((share(a) - share(b)) / 2.0).abs(),
        [] | [_] => 0.0,
        more => {
            let mean = more.iter().map(share).sum::<f64>() / more.len() as f64;
            let squares = more.iter().map(|a| (share(a) - mean) * (share(a) - mean)).sum::<f64>();
            (squares / more.len() as f64).sqrt()
        }
    };
    ((1.0 - deviation) * MAX_NODE_SCORE as f64) as i64
}

impl Score for NodeResourcesBalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn is_local(&self) -> bool {
        true
    }

    fn is_scaled(&self) -> bool {
        true
    }

    /// No opinion on pods that request nothing.
    fn score(&self, look: &Look<'_>, feasible: &[Slot], into: &mut RawScores) -> bool {
        let wants = &look.pod.needs.requests;
        let resources = &look.profile.balanced_resources;
        if resources.iter().all(|(name, _)| wants.get(name) == 0) {
            return false;
        }
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for slot in feasible {
            let node = &look.nodes[*slot];
            before.clear();
            after.clear();
            for (name, _) in resources {
                let (capacity, used, wants) =
                    (node.allocatable.get(name), node.requested.get(name), wants.get(name));
                let basic = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage");
                if capacity > 0 && (basic || wants > 0) {
                    before.push((used, capacity));
                    after.push((used.saturating_add(wants), capacity));
                }
            }
            let gain = balance(&after) - balance(&before);
            into.each.push(MAX_NODE_SCORE / 2 + (MAX_NODE_SCORE / 2 + gain) / 2);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;
    use crate::testing::{cluster, put, scored};

    #[test]
    fn equal_shares_are_balanced() {
        assert_eq!(balance(&[(1, 10), (2, 20)]), 100);
        assert_eq!(balance(&[(10, 10), (0, 10)]), 50);
        assert_eq!(balance(&[(0, 10)]), 100);
        assert_eq!(balance(&[(0, 10), (5, 10), (10, 10)]), 59);
    }

    #[test]
    fn a_pod_goes_where_it_evens_out() {
        let node = |name: &str| {
            value!({
                "metadata": {"name": (name)}, "status": {"allocatable": {"cpu": "10", "memory": "10Gi"}},
            })
        };
        let pod = |cpu: &str, memory: &str| {
            let requests = value!({"cpu": (cpu), "memory": (memory)});
            value!({"spec": {"containers": [{"resources": {"requests": (requests)}}]}})
        };
        let mut c = cluster(vec![node("a"), node("b"), node("c")]);
        put(&mut c, "a", "ns/x", &pod("0", "4Gi"));
        put(&mut c, "b", "ns/y", &pod("4", "0"));
        let got = scored(&NodeResourcesBalancedAllocation, &c, &pod("4", "0")).map(|s| s.1);
        assert_eq!(got, Some(vec![85, 65, 65]));
        assert_eq!(scored(&NodeResourcesBalancedAllocation, &c, &pod("0", "0")), None);
    }
}
