//! NodeResourcesFit: what the pod requests must be free; how full a node should be is the profile's choice.
//!
//! Models `plugins/noderesources`: `fit.go`, `least_allocated.go`, `most_allocated.go`, `requested_to_capacity_ratio.go`.
//! Not modelled: ignored resources, extended resources that devices of DRA stand behind.

use objects::Str;

use crate::framework::{Filter, Look, MAX_NODE_SCORE, RawScores, Refusal, Score};
use crate::node_info::{Needs, NodeInfo};
use crate::nodes::Slot;
use crate::profile::{Strategy, Weighted};
use crate::resources::Resources;

pub(super) struct NodeResourcesFit;

/// Whether an empty node of this size takes the pod.
pub(crate) fn fits_empty(needs: &Needs, allocatable: &Resources) -> bool {
    refusal(needs, allocatable, &Resources::default(), 0).is_none()
}

fn refusal(needs: &Needs, has: &Resources, used: &Resources, pods: usize) -> Option<Refusal> {
    let wants = &needs.requests;
    let free = |wants: i64, has: i64, used: i64| wants <= 0 || wants <= has.saturating_sub(used);
    let plain = (pods as i64) < has.pods
        && free(wants.milli_cpu, has.milli_cpu, used.milli_cpu)
        && free(wants.memory, has.memory, used.memory)
        && free(wants.ephemeral_storage, has.ephemeral_storage, used.ephemeral_storage);
    if plain && wants.scalar.is_empty() {
        return None;
    }
    let mut found = Refusal { reasons: Vec::new(), unresolvable: false };
    if pods as i64 >= has.pods {
        found.reasons.push(Str::new_static("Too many pods"));
    }
    let known = ["cpu", "memory", "ephemeral-storage"];
    for name in known.into_iter().chain(wants.scalar.keys().map(Str::as_str)) {
        let (wants, has, used) = (wants.get(name), has.get(name), used.get(name));
        if !free(wants, has, used) {
            found.reasons.push(format!("Insufficient {name}").into());
            found.unresolvable |= wants > has;
        }
    }
    (!found.reasons.is_empty()).then_some(found)
}

impl Filter for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn is_local(&self) -> bool {
        true
    }

    fn filter(&self, look: &Look<'_>, node: &NodeInfo) -> Result<(), Refusal> {
        refusal(&look.pod.needs, &node.allocatable, &node.requested, node.pods.len()).map_or(Ok(()), Err)
    }
}

/// A resource to be scored, looked up by name once for all nodes.
struct Scored<'a> {
    name: &'a str,
    of: fn(&Resources, &str) -> i64,
    /// Counted with defaults for containers that name none.
    is_basic: bool,
    wants: i64,
    weight: i64,
}

impl<'a> Scored<'a> {
    fn new((name, weight): &'a Weighted, needs: &Needs) -> Self {
        let of: fn(&Resources, &str) -> i64 = match name.as_str() {
            "cpu" => |r, _| r.milli_cpu,
            "memory" => |r, _| r.memory,
            _ => |r, name| r.get(name),
        };
        let is_basic = matches!(name.as_str(), "cpu" | "memory");
        let wants = of(if is_basic { &needs.scoring } else { &needs.requests }, name);
        Self { name, of, is_basic, wants, weight: *weight }
    }

    /// What would be requested with the pod, and what there is; `None` when it does not count.
    fn share(&self, node: &NodeInfo) -> Option<(i64, i64)> {
        let capacity = (self.of)(&node.allocatable, self.name);
        if capacity == 0 || (self.wants == 0 && !self.is_basic && self.name != "ephemeral-storage") {
            return None;
        }
        let used = if self.is_basic { &node.scoring_requested } else { &node.requested };
        Some(((self.of)(used, self.name).saturating_add(self.wants), capacity))
    }
}

/// Hundredths of `capacity` that `amount` is.
fn percent(amount: i64, capacity: i64) -> i64 {
    match amount.checked_mul(MAX_NODE_SCORE) {
        Some(hundredfold) => hundredfold / capacity.max(1),
        None => amount / (capacity / MAX_NODE_SCORE).max(1),
    }
}

/// A score of 0..=100 on the broken line through the points (utilization, score 0..=10).
fn on_shape(points: &[(i64, i64)], utilization: i64) -> i64 {
    let scaled = |score: i64| score * (MAX_NODE_SCORE / 10);
    for (i, (u, score)) in points.iter().enumerate() {
        if utilization <= *u {
            let Some((before_u, before)) = i.checked_sub(1).and_then(|b| points.get(b)) else {
                return scaled(*score);
            };
            let (from, to) = (scaled(*before), scaled(*score));
            return from + (to - from) * (utilization - before_u) / (u - before_u).max(1);
        }
    }
    points.last().map_or(0, |(_, score)| scaled(*score))
}

fn score(strategy: &Strategy, resources: &[Scored<'_>], node: &NodeInfo) -> i64 {
    let (mut sum, mut weights) = (0, 0);
    for r in resources {
        let Some((requested, capacity)) = r.share(node) else { continue };
        let s = match strategy {
            Strategy::LeastAllocated if requested > capacity => 0,
            Strategy::LeastAllocated => percent(capacity - requested, capacity),
            Strategy::MostAllocated => percent(requested.min(capacity), capacity),
            Strategy::RequestedToCapacityRatio(shape) => {
                let utilization = if requested > capacity { 100 } else { percent(requested, capacity) };
                let s = on_shape(shape, utilization);
                // Upstream leaves out what scores nothing here.
                if s <= 0 {
                    continue;
                }
                s
            }
        };
        sum += s * r.weight;
        weights += r.weight;
    }
    if weights == 0 {
        return 0;
    }
    match strategy {
        // Rounded, where the others cut off.
        Strategy::RequestedToCapacityRatio(_) => (2 * sum + weights) / (2 * weights),
        _ => sum / weights,
    }
}

impl Score for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn is_local(&self) -> bool {
        true
    }

    fn is_scaled(&self) -> bool {
        true
    }

    fn score(&self, look: &Look<'_>, feasible: &[Slot], into: &mut RawScores) -> bool {
        let (profile, needs) = (look.profile, &look.pod.needs);
        let resources: Vec<_> = profile.fit_resources.iter().map(|r| Scored::new(r, needs)).collect();
        into.each
            .extend(feasible.iter().map(|slot| score(&profile.strategy, &resources, &look.nodes[*slot])));
        true
    }
}

#[cfg(test)]
mod tests {
    use objects::{Value, value};

    use super::*;
    use crate::testing::{Cluster, cluster, put, scored, verdict};

    fn node(name: &str, cpu: &str, memory: &str, pods: &str) -> Value {
        value!({
            "metadata": {"name": (name)},
            "status": {"allocatable":
                {"cpu": (cpu), "memory": (memory), "pods": (pods), "example.com/gpu": "2"}},
        })
    }

    fn pod(requests: Value) -> Value {
        value!({"spec": {"containers": [{"resources": {"requests": (requests)}}]}})
    }

    #[test]
    fn each_reason_is_told() {
        let mut c = cluster(vec![node("a", "2", "1Gi", "2")]);
        put(&mut c, "a", "ns/x", &pod(value!({"cpu": "1", "memory": "512Mi"})));
        let table = [
            (value!({"cpu": "1"}), ""),
            (value!({"cpu": "1100m"}), "Insufficient cpu"),
            (value!({"memory": "513Mi"}), "Insufficient memory"),
            (value!({"cpu": "3", "memory": "1Gi"}), "Insufficient cpu, Insufficient memory"),
            (value!({"example.com/gpu": "3"}), "Insufficient example.com/gpu"),
            (value!({"example.com/gpu": "2"}), ""),
            (value!({"ephemeral-storage": "1Gi"}), "Insufficient ephemeral-storage"),
        ];
        for (requests, why) in table {
            let want = if why.is_empty() { Ok(()) } else { Err(why.to_owned()) };
            assert_eq!(verdict(&NodeResourcesFit, &c, &pod(requests.clone()), "a"), want, "{requests:?}");
        }
        put(&mut c, "a", "ns/y", &pod(value!({})));
        assert_eq!(verdict(&NodeResourcesFit, &c, &pod(value!({})), "a"), Err("Too many pods".into()));
    }

    #[test]
    fn more_than_the_node_has_can_never_fit() {
        let has = Resources { milli_cpu: 2000, pods: 10, ..Resources::default() };
        let used = Resources { milli_cpu: 1500, ..Resources::default() };
        let of = |cpu: &str| {
            let needs = Needs::of(&pod(value!({"cpu": (cpu)}))["spec"]);
            refusal(&needs, &has, &used, 1).map(|r| r.unresolvable)
        };
        assert_eq!((of("500m"), of("1"), of("3")), (None, Some(false), Some(true)));
    }

    fn with(strategy: Strategy) -> Cluster {
        let mut c = cluster(vec![node("a", "4", "4000Mi", "9"), node("b", "4", "4000Mi", "9")]);
        c.profile.strategy = strategy;
        put(&mut c, "b", "ns/x", &pod(value!({"cpu": "2", "memory": "1000Mi"})));
        c
    }

    #[test]
    fn strategies() {
        let p = pod(value!({"cpu": "1", "memory": "1000Mi"}));
        let shape = vec![(0, 0), (50, 10), (100, 0)];
        let table = [
            // CPU 1 of 4, memory 1 of 4; and 3 of 4, 2 of 4.
            (Strategy::LeastAllocated, vec![75, 37]),
            (Strategy::MostAllocated, vec![25, 62]),
            (Strategy::RequestedToCapacityRatio(shape), vec![50, 75]),
        ];
        for (strategy, want) in table {
            let c = with(strategy.clone());
            assert_eq!(scored(&NodeResourcesFit, &c, &p).map(|s| s.1), Some(want), "{strategy:?}");
        }
    }

    #[test]
    fn init_containers_sidecars_and_overhead_count() {
        let c = cluster(vec![node("a", "2", "4Gi", "9")]);
        let one = |cpu: &str| value!({"resources": {"requests": {"cpu": (cpu)}}});
        let mut sidecar = one("500m");
        sidecar.set("restartPolicy", "Always");
        let table = [
            (vec![one("2")], "2", "", Ok(())),
            (vec![one("2100m")], "1", "", Err("Insufficient cpu".to_owned())),
            // A sidecar runs beside the init containers after it, and beside the main ones.
            (vec![sidecar.clone(), one("1600m")], "1", "", Err("Insufficient cpu".to_owned())),
            (vec![one("2"), sidecar.clone()], "1500m", "", Ok(())),
            (vec![sidecar], "1600m", "", Err("Insufficient cpu".to_owned())),
            (vec![], "2", "1m", Err("Insufficient cpu".to_owned())),
        ];
        for (init, main, overhead, want) in table {
            let mut p = value!({"spec": {"initContainers": (init.clone()), "containers": [(one(main))]}});
            if !overhead.is_empty() {
                p.set_at(&["spec", "overhead"], value!({"cpu": (overhead)}));
            }
            assert_eq!(verdict(&NodeResourcesFit, &c, &p, "a"), want, "{init:?} {main} {overhead}");
        }
    }

    #[test]
    fn weights_of_resources() {
        let mut c = with(Strategy::MostAllocated);
        c.profile.fit_resources = vec![("cpu".into(), 3), ("memory".into(), 1)];
        let p = pod(value!({"cpu": "1", "memory": "1000Mi"}));
        // (3 * 25 + 25) / 4; (3 * 75 + 50) / 4.
        assert_eq!(scored(&NodeResourcesFit, &c, &p).map(|s| s.1), Some(vec![25, 68]));
        // A resource that the pod does not ask for does not count, one that the node has and the pod asks for does.
        c.profile.fit_resources = vec![("cpu".into(), 1), ("example.com/gpu".into(), 1)];
        assert_eq!(scored(&NodeResourcesFit, &c, &p).map(|s| s.1), Some(vec![25, 75]));
        let gpu = pod(value!({"cpu": "1", "memory": "1000Mi", "example.com/gpu": "2"}));
        assert_eq!(scored(&NodeResourcesFit, &c, &gpu).map(|s| s.1), Some(vec![62, 87]));
    }

    #[test]
    fn a_silent_container_is_scored_at_the_default() {
        let c = cluster(vec![node("a", "1", "400Mi", "9")]);
        // 100 of 1000 millis, 200 of 400 MiB: (90 + 50) / 2.
        assert_eq!(scored(&NodeResourcesFit, &c, &pod(value!({}))).map(|s| s.1), Some(vec![70]));
    }

    #[test]
    fn the_line_through_the_points() {
        let shape = [(20, 2), (60, 10)];
        assert_eq!([0, 20, 40, 60, 100].map(|u| on_shape(&shape, u)), [20, 20, 60, 100, 100]);
    }
}
