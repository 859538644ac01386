//! The pod garbage collector: pods of lost nodes, deleted pods nobody runs, ended pods beyond a number.
//!
//! Owns: the sets of such pods, kept from each change; nothing is looked at when they are empty.
//! Models `pkg/controller/podgc`.

use ordered::Sort as _;
use ordered::{BTreeMap, BTreeSet};

use client::{Change, Ctx};
use clock::Time;
use objects::resources::{NODES, PODS, Resource};
use objects::{Reason, Status, Str, Value};

use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};
use crate::delays::{POD_GC_PERIOD_MS, POD_GC_QUARANTINE_MS, TERMINATED_POD_THRESHOLD};
use crate::node_taints::has;
use crate::pod_facts::PodFacts;
use crate::pods;
use crate::tainteviction::with_disruption_target;

const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";
const ROUND: &str = "round";

#[derive(Clone, Debug)]
pub struct PodGcController {
    pub base: Base,
    terminated: BTreeSet<Str>,
    terminating: BTreeSet<Str>,
    /// Nodes that pods name but that do not exist, and since when that is known.
    missing: BTreeMap<Str, Time>,
}

impl Default for PodGcController {
    fn default() -> Self {
        Self::new()
    }
}

impl PodGcController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::with_account("pod-garbage-collector-controller", "pod-garbage-collector"),
            terminated: BTreeSet::new(),
            terminating: BTreeSet::new(),
            missing: BTreeMap::new(),
        }
    }

    fn plan(&mut self, now: Time) {
        let wait = POD_GC_PERIOD_MS - now.0.rem_euclid(POD_GC_PERIOD_MS);
        self.base.queue.add_after(ROUND, 0, now, wait);
    }

    fn on_pod(&mut self, change: &Change, caches: &Caches, now: Time) {
        let (pod, key) = (&change.object, change.key());
        if change.is_deleted() {
            self.terminated.remove(&key);
            self.terminating.remove(&key);
            return;
        }
        if pods::is_terminal(pod)
            && self.terminated.insert(key.clone())
            && self.terminated.len() > TERMINATED_POD_THRESHOLD
        {
            self.plan(now);
        }
        if pod.is_terminating() && self.terminating.insert(key) {
            self.plan(now);
        }
        let node = &pod["spec"]["nodeName"];
        if change.previous["spec"]["nodeName"] != *node
            && !node.is_zero()
            && caches.of_resource(NODES).get(node.text()).is_none()
        {
            self.missing.entry(node.to_str()).or_insert(now);
            self.plan(now);
        }
    }

    fn collect(&mut self, pod: &Value, condition: bool, ctx: &mut Ctx<'_>) {
        self.base.visited += 1;
        let mut next = pod.clone();
        if !pods::is_terminal(pod) {
            if condition {
                next =
                    with_disruption_target(pod, "DeletionByPodGC", "PodGC: node no longer exists", ctx.now);
            }
            next.set_at(&["status", "phase"], "Failed");
            match ctx.update_status(PODS, next) {
                Err(e) if e.reason != Reason::NotFound => return,
                _ => {}
            }
        }
        // A refusal is tried again at the next round: the pod is still in its set.
        let _ = ctx.delete(PODS, pod.namespace(), pod.name(), None, Some(0), None);
    }

    fn round(&mut self, caches: &Caches, ctx: &mut Ctx<'_>) {
        if self.terminated.len() > TERMINATED_POD_THRESHOLD {
            let mut ended: Vec<&Value> =
                self.terminated.iter().filter_map(|k| caches.pods().get(k)).collect();
            ended.arrange_by_key(|p| (p["status"]["reason"] != "Evicted", p.created(), p.name().to_owned()));
            let surplus = ended.len().saturating_sub(TERMINATED_POD_THRESHOLD);
            for pod in ended.into_iter().take(surplus) {
                self.collect(pod, false, ctx);
            }
        }
        for key in self.terminating.clone() {
            self.base.visited += 1;
            let Some(pod) = caches.pods().get(&key) else { continue };
            let node = pod["spec"]["nodeName"].text();
            let lost = caches.of_resource(NODES).get(node).is_some_and(|n| {
                !n.condition_true("Ready")
                    && (has(n, (OUT_OF_SERVICE, "NoExecute")) || has(n, (OUT_OF_SERVICE, "NoSchedule")))
            });
            if node.is_empty() || lost {
                self.collect(pod, false, ctx);
            }
        }
        for (node, since) in self.missing.clone() {
            if caches.of_resource(NODES).get(&node).is_some() || caches.pods_on(&node).next().is_none() {
                self.missing.remove(&node);
            } else if ctx.now.since(since) >= POD_GC_QUARANTINE_MS
                && ctx.get(NODES, "", &node).is_err_and(|e| e.reason == Reason::NotFound)
            {
                for pod in caches.pods_on(&node) {
                    self.collect(pod, true, ctx);
                }
            }
        }
        let over = self.terminated.len() > TERMINATED_POD_THRESHOLD;
        if over || !self.terminating.is_empty() || !self.missing.is_empty() {
            self.plan(ctx.now);
        }
    }
}

impl Controller for PodGcController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![NODES, PODS]
    }

    fn concerns(&self, pod: &PodFacts<'_>) -> bool {
        pod.is_gone || pod.moves || pod.is.terminal || pod.is.deletion_asked
    }

    fn on_change(&mut self, change: &Change, caches: &Caches, now: Time) {
        if change.resource == PODS.id {
            self.on_pod(change, caches, now);
        } else if change.is_deleted() && caches.pods_on(&change.name).next().is_some() {
            self.missing.insert(change.name.clone(), now);
            self.plan(now);
        } else {
            self.missing.remove(&change.name);
        }
    }

    fn sync(&mut self, _: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.round(caches, ctx);
        Ok(())
    }
}
