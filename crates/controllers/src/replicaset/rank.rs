//! Which pods a replica set gives up first when it has too many.
//!
//! Models `pkg/controller/controller_utils.go` ActivePodsWithRanks, made a total order: of two ready pods whose
//! ready times are of one power of two, upstream takes the smaller uid at once; here restarts and age come before.

use std::cmp::Reverse;

use clock::Time;
use objects::{Str, Value};
use rustc_hash::FxHashMap;

use crate::pods;

/// Sorts so that the pods to delete come first. `on_node` counts the active pods of all siblings per node.
pub(super) fn sort(victims: &mut [&Value], on_node: &FxHashMap<Str, i64>, now: Time) {
    victims.sort_by_cached_key(|pod| {
        let node = pod["spec"]["nodeName"].text();
        let ready = pods::is_ready(pod);
        let phase = match pods::phase(pod) {
            "Pending" => 0,
            "Unknown" => 1,
            "Running" => 2,
            _ => 0,
        };
        (
            !node.is_empty(),
            phase,
            ready,
            deletion_cost(pod),
            Reverse(on_node.get(node).copied().unwrap_or(0)),
            if ready { age_rank(pods::ready_since(pod), now) } else { 0 },
            Reverse(pods::max_restarts(pod)),
            age_rank(pod.created(), now),
            pod.meta()["uid"].to_str(),
        )
    });
}

/// `controller.kubernetes.io/pod-deletion-cost`, 0 when absent or malformed.
fn deletion_cost(pod: &Value) -> i32 {
    pod.annotations()["controller.kubernetes.io/pod-deletion-cost"].text().parse().unwrap_or(0)
}

/// The power of two of the age in nanoseconds; -1 for what is not older than now.
fn age_rank(since: Option<Time>, now: Time) -> i64 {
    let Some(since) = since else { return -1 };
    let nanos = i128::from(now.since(since)) * 1_000_000;
    if nanos > 0 { i64::from(nanos.ilog2()) } else { -1 }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn who_goes_first() {
        let at = |s: i64| (Time::EPOCH + s * 1000).rfc3339();
        let pod = |name: &str, node: &str, phase: &str, ready: Option<i64>| {
            let mut p = value!({
                "metadata": {"name": (name), "uid": (name), "creationTimestamp": (at(0))},
                "spec": {}, "status": {"phase": (phase)},
            });
            if !node.is_empty() {
                p.set_at(&["spec", "nodeName"], node);
            }
            if let Some(s) = ready {
                let c = value!([{"type": "Ready", "status": "True", "lastTransitionTime": (at(s))}]);
                p.set_at(&["status", "conditions"], c);
            }
            p
        };
        let mut cheap = pod("cheap", "n2", "Running", Some(10));
        cheap.set_at(&["metadata", "annotations", "controller.kubernetes.io/pod-deletion-cost"], "-5");
        let all = [
            pod("old", "n2", "Running", Some(10)),
            pod("young", "n2", "Running", Some(990)),
            pod("crowded", "n1", "Running", Some(10)),
            cheap,
            pod("unready", "n2", "Running", None),
            pod("pending", "n2", "Pending", None),
            pod("unbound", "", "Pending", None),
        ];
        let mut victims: Vec<&Value> = all.iter().collect();
        let on_node = [("n1".into(), 3), ("n2".into(), 1)].into_iter().collect();
        sort(&mut victims, &on_node, Time::EPOCH + 1_000_000);
        let names: Vec<&str> = victims.iter().map(|p| p.name()).collect();
        assert_eq!(names, ["unbound", "pending", "unready", "cheap", "crowded", "young", "old"]);
    }
}
