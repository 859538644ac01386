//! One scheduling cycle: filter, score, choose, bind; or say why no node fits.
//!
//! Models `pkg/scheduler/schedule_one.go` and the texts of `framework.FitError`.

use std::sync::Arc;

use client::{Ctx, EventType, PatchType};
use objects::resources::{PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS};
use objects::{Reason, Status, Str, Value, value};
use ordered::{BTreeMap, Sort as _};

use crate::Scheduler;
use crate::decision::{Decision, NodeVerdict, Outcome};
use crate::framework::Refusal;
use crate::node_info::{NodeInfo, PodInfo};
use crate::plugins;
use crate::plugins::volume_binding::reachable;
use crate::queue::Entry;

/// Below this many nodes all are looked at.
const MIN_FEASIBLE_NODES: usize = 100;
/// `minFeasibleNodesPercentageToFind`
const MIN_FEASIBLE_PERCENT: usize = 5;

impl Scheduler {
    pub(crate) fn schedule_one(&mut self, mut entry: Entry, ctx: &mut Ctx<'_>) {
        let mut info = PodInfo::new(&entry.pod);
        let mut decision = Decision {
            at: ctx.now,
            pod: entry.key.clone(),
            attempt: entry.attempts,
            outcome: Outcome::Unschedulable { message: String::new() },
            nodes: self.nodes.names(),
            verdicts: Vec::new(),
            plugins: Vec::new(),
            scores: Vec::new(),
        };
        if let Err((plugin, refusal)) = plugins::pre_filter(&mut info, &self.nodes, &self.storage) {
            let message = pre_filter_error(self.nodes.len(), &refusal);
            let refusal = Arc::new(refusal);
            decision.verdicts = vec![NodeVerdict::Refused { plugin, refusal }; self.nodes.len()];
            entry.refused_by = [plugin].into_iter().collect();
            return self.refuse(entry, decision, message, ctx);
        }
        let feasible = self.find_feasible(&info, &mut decision);
        if feasible.is_empty() {
            let message = fit_error(self.nodes.len(), decision.verdicts.iter());
            let refused_by = decision.verdicts.iter().filter_map(|v| match v {
                NodeVerdict::Refused { plugin, .. } => Some(*plugin),
                _ => None,
            });
            entry.refused_by = refused_by.collect();
            return self.refuse(entry, decision, message, ctx);
        }
        let node = self.choose(&info, &feasible, &mut decision, ctx);
        if self.bind_volumes(&info, &node, ctx) {
            // The pod goes there when its claims are bound.
            entry.refused_by = ["VolumeBinding"].into_iter().collect();
            self.queue.add_unschedulable(entry, ctx.now);
            return;
        }
        decision.outcome = Outcome::Bound { node: node.clone() };
        self.remember(entry.pod.uid().into(), decision);
        self.bind(entry, node, ctx);
    }

    fn refuse(&mut self, entry: Entry, mut decision: Decision, message: String, ctx: &mut Ctx<'_>) {
        decision.outcome = Outcome::Unschedulable { message: message.clone() };
        self.remember(entry.pod.uid().into(), decision);
        self.report_unschedulable(&entry, &message, ctx);
        self.queue.add_unschedulable(entry, ctx.now);
    }

    /// Hands claims that waited for a node to the chosen one. True when there were such: the pod must wait for them.
    fn bind_volumes(&mut self, info: &PodInfo, node: &str, ctx: &mut Ctx<'_>) -> bool {
        let Some(claims) = info.cycle.as_ref().and_then(|c| c.claims.as_ref()) else { return false };
        for claim in &claims.to_provision {
            let patch = value!({"metadata": {"annotations": {"volume.kubernetes.io/selected-node": (node)}}});
            let (ns, name) = (claim.namespace(), claim.name());
            // Refused only when it is gone: then the pod is refused at its next try.
            let _ = ctx.patch(PERSISTENTVOLUMECLAIMS, ns, name, "", PatchType::Merge, patch);
        }
        let mut taken: Vec<&str> = Vec::new();
        for (claim, fitting) in &claims.to_bind {
            let at = self.nodes.get(node).map(|n| n.node.clone()).unwrap_or_default();
            let mut free = fitting.iter().filter(|v| reachable(v, &at) && !taken.contains(&v.name()));
            let Some(volume) = free.next() else { continue };
            taken.push(volume.name());
            let patch = value!({"spec": {"claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": (claim.name()),
                "namespace": (claim.namespace()), "uid": (claim.uid()),
            }}});
            let _ = ctx.patch(PERSISTENTVOLUMES, "", volume.name(), "", PatchType::Merge, patch);
        }
        !claims.to_provision.is_empty() || !claims.to_bind.is_empty()
    }

    /// Asks the filters about each node, writes down what they said, and returns the places of those that fit.
    fn find_feasible(&mut self, pod: &PodInfo, decision: &mut Decision) -> Vec<usize> {
        let all: Vec<&NodeInfo> = self.nodes.iter().collect();
        let wanted = feasible_nodes_to_find(all.len());
        let mut feasible = Vec::new();
        let mut refusals: Vec<Arc<Refusal>> = Vec::new();
        decision.verdicts = vec![NodeVerdict::NotVisited; all.len()];
        let start = if all.is_empty() { 0 } else { self.next_start_node % all.len() };
        let mut visited = 0;
        for i in (start..all.len()).chain(0..start) {
            if feasible.len() >= wanted {
                break;
            }
            visited += 1;
            let refused = plugins::filters()
                .iter()
                .find_map(|f| f.filter(pod, all[i]).err().map(|refusal| (f.name(), refusal)));
            decision.verdicts[i] = match refused {
                Some((plugin, refusal)) => {
                    // Nodes refused for the same reason share it.
                    let known = refusals.iter().find(|r| ***r == refusal).cloned();
                    let refusal = known.unwrap_or_else(|| {
                        refusals.push(Arc::new(refusal));
                        refusals[refusals.len() - 1].clone()
                    });
                    NodeVerdict::Refused { plugin, refusal }
                }
                None => {
                    feasible.push(i);
                    NodeVerdict::OnlyFit
                }
            };
        }
        self.next_start_node = (start + visited) % all.len().max(1);
        feasible.arrange();
        feasible
    }

    /// The best of the feasible nodes; equal ones by lot, as upstream.
    fn choose(&self, pod: &PodInfo, feasible: &[usize], decision: &mut Decision, ctx: &mut Ctx<'_>) -> Str {
        if let [only] = feasible {
            return decision.nodes[*only].clone();
        }
        let all: Vec<&NodeInfo> = self.nodes.iter().collect();
        let infos: Vec<&NodeInfo> = feasible.iter().map(|i| all[*i]).collect();
        let asked: Vec<_> = plugins::scores().iter().filter(|(plugin, _)| !plugin.skip(pod)).collect();
        decision.plugins = asked.iter().map(|(plugin, weight)| (plugin.name(), *weight)).collect();
        decision.scores = vec![0; infos.len() * asked.len()];
        let mut totals = vec![0i64; infos.len()];
        for (column, (plugin, weight)) in asked.iter().enumerate() {
            let mut scores: Vec<i64> = infos.iter().map(|n| plugin.score(pod, n)).collect();
            plugin.normalize(&mut scores);
            for (row, score) in scores.into_iter().enumerate() {
                totals[row] += score * weight;
                // A normalised score is within 0..=100.
                decision.scores[row * asked.len() + column] = score.clamp(0, 100) as i8;
            }
        }
        let best = totals.iter().copied().max().unwrap_or(0);
        let ties: Vec<usize> = (0..totals.len()).filter(|i| totals[*i] == best).collect();
        let chosen = ties[ctx.rng.below(ties.len() as u64) as usize];
        for (row, total) in totals.into_iter().enumerate() {
            decision.verdicts[feasible[row]] = NodeVerdict::Scored { row: row as u32, total: total as i32 };
        }
        decision.nodes[feasible[chosen]].clone()
    }

    fn bind(&mut self, entry: Entry, node: Str, ctx: &mut Ctx<'_>) {
        let (namespace, name) = (entry.pod.namespace().to_owned(), entry.pod.name().to_owned());
        let binding = value!({
            "apiVersion": "v1", "kind": "Binding",
            "metadata": {"name": (name.as_str()), "namespace": (namespace.as_str()), "uid": (entry.pod.uid())},
            "target": {"kind": "Node", "name": (&node)},
        });
        let request = client::Request::new(client::Verb::Create, &PODS.group, &PODS.version, &PODS.plural)
            .in_namespace(namespace.as_str())
            .named(name.as_str())
            .subresource("binding")
            .object(binding);
        match ctx.call(request) {
            Ok(_) => {
                // Assumed at once: the next pod in this instant must see it.
                self.nodes.set_pod(entry.key.clone(), &node, &entry.pod);
                let message = format!("Successfully assigned {namespace}/{name} to {node}");
                self.recorder.event(ctx, &entry.pod, EventType::Normal, "Scheduled", &message);
            }
            Err(Status { reason: Reason::NotFound, .. }) => {}
            Err(e) => {
                let message = format!("binding rejected: {e}");
                self.recorder.event(ctx, &entry.pod, EventType::Warning, "FailedScheduling", &message);
                self.queue.add_back_off(entry, ctx.now);
            }
        }
    }

    fn report_unschedulable(&mut self, entry: &Entry, message: &str, ctx: &mut Ctx<'_>) {
        self.recorder.event(ctx, &entry.pod, EventType::Warning, "FailedScheduling", message);
        let old = entry.pod.condition("PodScheduled");
        if old["status"] == "False" && old["message"] == message {
            return;
        }
        let since = if old["status"] == "False" {
            old["lastTransitionTime"].clone()
        } else {
            Value::from(ctx.now.rfc3339())
        };
        let condition = value!({
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": (message),
            "observedGeneration": (entry.pod.generation()),
            "lastProbeTime": null, "lastTransitionTime": (since),
        });
        let patch = value!({"status": {"conditions": [(condition)]}});
        let (namespace, name) = (entry.pod.namespace().to_owned(), entry.pod.name().to_owned());
        // A pod that is gone by now needs no condition.
        let _ = ctx.patch(PODS, &namespace, &name, "status", PatchType::Strategic, patch);
    }
}

/// Upstream's `numFeasibleNodesToFind` with the adaptive percentage.
fn feasible_nodes_to_find(all: usize) -> usize {
    if all < MIN_FEASIBLE_NODES {
        return all;
    }
    let percent = 50usize.saturating_sub(all / 125).max(MIN_FEASIBLE_PERCENT);
    (all * percent / 100).max(MIN_FEASIBLE_NODES)
}

/// `0/3 nodes are available: ...`
fn fit_error<'a>(all: usize, verdicts: impl Iterator<Item = &'a NodeVerdict> + Clone) -> String {
    let refusals = verdicts.filter_map(|v| match v {
        NodeVerdict::Refused { refusal, .. } => Some(&**refusal),
        _ => None,
    });
    if all == 0 {
        return "no nodes available to schedule pods".into();
    }
    let head = format!("0/{all} nodes are available:");
    let reasons = histogram(refusals.clone().flat_map(|r| r.reasons.iter().map(String::as_str)));
    let preemption = histogram(refusals.map(|r: &Refusal| {
        if r.unresolvable {
            "Preemption is not helpful for scheduling"
        } else {
            "No preemption victims found for incoming pod"
        }
    }));
    format!("{head} {reasons}. no new claims to deallocate, preemption: {head} {preemption}.")
}

/// The same when the pod itself is the reason, whatever the node.
fn pre_filter_error(all: usize, refusal: &Refusal) -> String {
    let head = format!("0/{all} nodes are available:");
    let why = refusal.reasons.join(", ");
    format!(
        "{head} {why}. no new claims to deallocate, preemption: {head} {all} Preemption is not helpful for scheduling."
    )
}

/// `2 Insufficient cpu, 1 Too many pods`: counted, in the order of the texts.
fn histogram<'a>(reasons: impl Iterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for r in reasons {
        *counts.entry(r).or_default() += 1;
    }
    let mut texts: Vec<String> = counts.into_iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    texts.arrange();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_nodes_are_looked_for() {
        assert_eq!([5, 99, 100, 1000, 6000].map(feasible_nodes_to_find), [5, 99, 100, 420, 300]);
    }

    #[test]
    fn the_message_counts_reasons() {
        let refused = |refusal| NodeVerdict::Refused { plugin: "p", refusal: Arc::new(refusal) };
        let v = [
            refused(Refusal::unschedulable("Insufficient cpu")),
            refused(Refusal::unschedulable("Insufficient cpu")),
            refused(Refusal::unresolvable("node(s) were unschedulable")),
        ];
        assert_eq!(
            fit_error(3, v.iter()),
            "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. no new claims to \
             deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, \
             2 No preemption victims found for incoming pod."
        );
        assert_eq!(fit_error(0, [].iter()), "no nodes available to schedule pods");
    }
}
