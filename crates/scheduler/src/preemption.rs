//! Making room: what is written when pods give way to another, and who is nominated to which node.
//!
//! Models `framework/preemption` (Evaluator, Executor) and the queue's nominator. Who gives way is
//! `plugins/default_preemption.rs`'s to say. The victims are deleted at once, where upstream does it beside the cycle.

use client::{Ctx, EventType};
use clock::Time;
use objects::resources::PODS;
use objects::{Str, Value, value};

use crate::Scheduler;
use crate::framework::{Look, Refusal};
use crate::node_info::{Placed, PodInfo};
use crate::plugins::Cycle;
use crate::plugins::default_preemption::{Candidate, candidates_wanted, eligible, pick, select_victims};
use crate::profile::Profile;
use crate::schedule_one::{Search, asked, head, histogram, hoping, tail};

/// What came of the attempt to make room.
pub(crate) struct Made {
    /// The end of the message; empty when room is being made.
    pub(crate) message: String,
    /// The node that the pod is nominated to now; `None` leaves it as it was.
    pub(crate) nominated: Option<Str>,
}

impl Scheduler {
    /// The extension point PostFilter.
    pub(crate) fn post_filter(
        &mut self,
        pod: &PodInfo,
        cycle: &Cycle,
        profile: &Profile,
        search: &Search,
        ctx: &mut Ctx<'_>,
    ) -> Made {
        let all = self.nodes.len();
        let hoped = pod.pod["status"]["nominatedNodeName"].text();
        let place = search.table.names.iter().position(|n| n == hoped);
        let lost = place.and_then(|i| search.table.refusal(i)).is_some_and(|(_, r)| r.unresolvable);
        let nominated = self.nodes.get(hoped).map(|n| (n, lost));
        if let Err(why) = eligible(pod, nominated) {
            return Made { message: tail(why), nominated: None };
        }
        let order = self.nodes.order().clone();
        let potential: Vec<_> = search
            .table
            .refused()
            .filter(|(_, (_, r))| !r.unresolvable)
            .filter_map(|(i, _)| order.get(i).copied())
            .collect();
        let hopes = self.nominated_beside(pod);
        let look = Look { pod, cycle, nodes: &self.nodes, storage: &self.storage, profile };
        let filters = asked(&look);
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut refusals: Vec<Refusal> = Vec::new();
        let wanted = candidates_wanted(potential.len());
        let offset = if potential.is_empty() { 0 } else { ctx.rng.below(potential.len() as u64) as usize };
        for i in 0..potential.len() {
            let node = &self.nodes[potential[(offset + i) % potential.len()]];
            let beside = hoping(&hopes, node.slot);
            match select_victims(look, &filters, node, &beside) {
                Ok(c) if !c.victims.is_empty() => candidates.push(c),
                Ok(_) => {}
                Err(refusal) => refusals.push(refusal),
            }
            if candidates.len() >= wanted && candidates.iter().any(|c| c.violations == 0) {
                break;
            }
        }
        let Some(chosen) = pick(candidates) else {
            let why = histogram(refusals.iter(), all);
            return Made { message: tail(&format!("{} {why}.", head(all))), nominated: Some(Str::default()) };
        };
        let node = self.nodes[chosen.slot].node.meta()["name"].to_str();
        self.preempt(pod, &node, &chosen, profile, ctx);
        Made { message: String::new(), nominated: Some(node) }
    }

    fn preempt(
        &mut self,
        pod: &PodInfo,
        node: &Str,
        candidate: &Candidate,
        profile: &Profile,
        ctx: &mut Ctx<'_>,
    ) {
        // Who hoped for this node with less priority looks elsewhere.
        let lower =
            |(_, (on, p)): &(&Str, &(Str, Placed))| on == node && p.needs.priority < pod.needs.priority;
        let out: Vec<Str> = self.nominated.iter().filter(lower).map(|(key, _)| key.clone()).collect();
        for key in out {
            self.nominated.remove(&key);
            if let Ok(other) = get(&key, ctx) {
                self.patch_status(&other, value!({"nominatedNodeName": null}), ctx);
            }
        }
        for (key, victim) in candidate.victims.iter().filter(|(_, v)| !v.terminating) {
            if self.binding.contains_key(key) {
                self.cancel_binding(key, ctx);
                continue;
            }
            let Ok(object) = get(key, ctx) else { continue };
            debug_assert!(victim.needs.priority < pod.needs.priority, "only lower priorities give way");
            let condition = value!({
                "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler",
                "message": (format!("{}: preempting to accommodate a higher priority pod", profile.name)),
                "observedGeneration": (object.generation()),
                "lastProbeTime": null, "lastTransitionTime": (ctx.now.rfc3339()),
            });
            self.patch_status(&object, value!({"conditions": [(condition)]}), ctx);
            let (namespace, name) = (object.meta()["namespace"].to_str(), object.meta()["name"].to_str());
            if ctx.delete(PODS, &namespace, &name, None, None, None).is_ok() {
                let message = format!("Preempted by pod {} on node {node}", pod.pod.uid());
                self.recorder.event(ctx, &object, EventType::Normal, "Preempted", &message);
            }
        }
    }

    /// Remembers that a pod hopes for a node; `""` for none.
    pub(crate) fn nominate(&mut self, pod: &PodInfo, node: &str, now: Time) {
        if node.is_empty() {
            self.forget_nomination(&pod.key);
        } else {
            self.nominated.insert(pod.key.clone(), (node.into(), Placed::new(pod, now)));
        }
    }

    pub(crate) fn forget_nomination(&mut self, key: &str) {
        if !self.nominated.is_empty() {
            self.nominated.remove(key);
        }
    }
}

fn get(key: &str, ctx: &mut Ctx<'_>) -> Result<Value, objects::Status> {
    let (namespace, name) = key.split_once('/').unwrap_or(("", key));
    ctx.get(PODS, namespace, name)
}
