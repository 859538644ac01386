//! NodeResourcesBalancedAllocation: prefers a node whose shares of CPU and memory stay alike.
//!
//! Models `plugins/noderesources/balanced_allocation.go`.

use crate::framework::{MAX_NODE_SCORE, Score};
use crate::node_info::{NodeInfo, PodInfo};
use crate::resources::Resources;

pub(super) struct NodeResourcesBalancedAllocation;

/// 100 when the shares are equal, less by their standard deviation.
fn balance(requested: [i64; 2], capacity: [i64; 2]) -> i64 {
    let shares: Vec<f64> = requested
        .into_iter()
        .zip(capacity)
        .filter(|(_, c)| *c > 0)
        .map(|(r, c)| (r as f64 / c as f64).min(1.0))
        .collect();
    let deviation = match shares.as_slice() {
        [a, b] => ((a - b) / 2.0).abs(),
        _ => 0.0,
    };
    ((1.0 - deviation) * MAX_NODE_SCORE as f64) as i64
}

fn pair(r: &Resources) -> [i64; 2] {
    [r.milli_cpu, r.memory]
}

impl Score for NodeResourcesBalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn score(&self, pod: &PodInfo, node: &NodeInfo) -> i64 {
        let capacity = pair(&node.allocatable);
        let before = pair(&node.requested);
        let wants = pair(&pod.requests);
        let after = [before[0] + wants[0], before[1] + wants[1]];
        let gain = balance(after, capacity) - balance(before, capacity);
        MAX_NODE_SCORE / 2 + (MAX_NODE_SCORE / 2 + gain) / 2
    }

    /// Upstream skips pods that request neither CPU nor memory.
    fn skip(&self, pod: &PodInfo) -> bool {
        pod.requests.milli_cpu == 0 && pod.requests.memory == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shares_are_balanced() {
        assert_eq!(balance([1, 2], [10, 20]), 100);
        assert_eq!(balance([10, 0], [10, 10]), 50);
        assert_eq!(balance([0, 0], [0, 10]), 100);
    }
}
