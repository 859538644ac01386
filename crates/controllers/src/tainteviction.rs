//! The taint eviction controller: deletes pods from nodes whose NoExecute taints they do not tolerate, or not for long.
//!
//! Models `pkg/controller/tainteviction`. Not modelled: device taints.

use ordered::BTreeMap;

use client::{Change, Ctx};
use clock::Time;
use objects::resources::{NODES, PODS, Resource};
use objects::{Reason, Status, Str, Value, value};

use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};
use crate::node_taints::{no_execute, stays_until};
use crate::pod_facts::PodFacts;

#[derive(Clone, Debug)]
pub struct TaintEvictionController {
    pub base: Base,
    /// NoExecute taints of the nodes that have some.
    tainted: BTreeMap<Str, Vec<Value>>,
    /// When each pod is to go, and since when that is planned.
    planned: BTreeMap<Str, (Time, Time)>,
}

impl Default for TaintEvictionController {
    fn default() -> Self {
        Self::new()
    }
}

/// What a queue key asks for: `n/name` looks at a node's pods, `p/key` at one pod, `e/key` evicts it.
fn key(kind: char, of: &str) -> Str {
    smol_str::format_smolstr!("{kind}/{of}")
}

impl TaintEvictionController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::new("taint-eviction-controller"),
            tainted: BTreeMap::new(),
            planned: BTreeMap::new(),
        }
    }

    fn cancel(&mut self, pod_key: &str, ctx: &mut Ctx<'_>) {
        if self.planned.remove(pod_key).is_some() {
            let text = format!("Cancelling deletion of Pod {pod_key}");
            self.base.normal(ctx, &reference(pod_key), "TaintManagerEviction", &text);
        }
    }

    fn consider(&mut self, pod: &Value, taints: &[Value], ctx: &mut Ctx<'_>) {
        self.base.visited += 1;
        let pod_key = pod.key();
        let Some(due) = stays_until(pod, taints, ctx.now) else {
            self.cancel(&pod_key, ctx);
            return;
        };
        let mut since = ctx.now;
        if due > ctx.now
            && let Some((from, planned)) = self.planned.get(&pod_key).copied()
        {
            let span = due.since(ctx.now);
            if from + span < due && planned <= due {
                // It waits already, and its patience counts from then.
                return;
            }
            since = from;
            self.cancel(&pod_key, ctx);
        }
        self.planned.insert(pod_key.clone(), (since, due));
        self.base.queue.add_after(key('e', &pod_key), ctx.caller.cause, ctx.now, due.since(ctx.now));
    }

    fn evict(&mut self, pod_key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some((_, due)) = self.planned.get(pod_key).copied() else { return Ok(()) };
        if due > ctx.now {
            self.base.queue.add_after(key('e', pod_key), ctx.caller.cause, ctx.now, due.since(ctx.now));
            return Ok(());
        }
        self.planned.remove(pod_key);
        if caches.pods().get(pod_key).is_none_or(Value::is_terminating) {
            return Ok(());
        }
        let text = format!("Marking for deletion Pod {pod_key}");
        self.base.normal(ctx, &reference(pod_key), "TaintManagerEviction", &text);
        let (namespace, name) = objects::meta::split_key(pod_key);
        let result = (|| {
            let pod = ctx.get(PODS, namespace, name)?;
            let reason = "DeletionByTaintManager";
            let text = "Taint manager: deleting due to NoExecute taint";
            let next = with_disruption_target(&pod, reason, text, ctx.now);
            if next != pod {
                ctx.update_status(PODS, next)?;
            }
            ctx.delete(PODS, namespace, name, None, None, None)
        })();
        match result {
            Err(e) if e.reason != Reason::NotFound => {
                self.planned.insert(pod_key.into(), (ctx.now, ctx.now));
                Err(e)
            }
            _ => Ok(()),
        }
    }
}

/// A pod as events of this controller name it: without uid.
fn reference(pod_key: &str) -> Value {
    let (namespace, name) = objects::meta::split_key(pod_key);
    value!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": (namespace), "name": (name)}})
}

/// `pod` with the condition that says why it is about to go.
#[must_use]
pub fn with_disruption_target(pod: &Value, reason: &str, message: &str, now: Time) -> Value {
    let mut conditions: Vec<Value> = pod["status"]["conditions"].items().to_vec();
    let old = conditions.iter().position(|c| c["type"] == "DisruptionTarget");
    let mut condition = value!({"type": "DisruptionTarget", "status": "True", "reason": (reason),
        "message": (message), "lastTransitionTime": (now.rfc3339())});
    if !pod.meta()["generation"].is_null() {
        condition.set("observedGeneration", &pod.meta()["generation"]);
    }
    match old {
        Some(i) if conditions[i]["status"] == "True" => {
            condition.set("lastTransitionTime", &conditions[i]["lastTransitionTime"]);
            conditions[i] = condition;
        }
        Some(i) => conditions[i] = condition,
        None => conditions.push(condition),
    }
    let mut pod = pod.clone();
    pod.set_at(&["status", "conditions"], conditions);
    pod
}

impl Controller for TaintEvictionController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![NODES, PODS]
    }

    fn concerns(&self, _: &PodFacts<'_>) -> bool {
        !self.tainted.is_empty() || !self.planned.is_empty()
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource == NODES.id {
            let gone = change.is_deleted();
            let taints = if gone { Vec::new() } else { no_execute(&change.object) };
            if gone {
                self.tainted.remove(&change.name);
            } else if no_execute(&change.previous) != taints {
                if taints.is_empty() {
                    self.tainted.remove(&change.name);
                } else {
                    self.tainted.insert(change.name.clone(), taints);
                }
                self.base.queue.add(key('n', &change.name), change.revision, now);
            }
            return;
        }
        if self.tainted.is_empty() && self.planned.is_empty() {
            return;
        }
        let (old, new, pod_key) = (&change.previous, &change.object, change.key());
        let matters = change.is_deleted()
            || old["spec"]["nodeName"] != new["spec"]["nodeName"]
            || old["spec"]["tolerations"] != new["spec"]["tolerations"];
        let concerned =
            self.planned.contains_key(&pod_key) || self.tainted.contains_key(new["spec"]["nodeName"].text());
        if matters && concerned {
            self.base.queue.add(key('p', &pod_key), change.revision, now);
        }
    }

    fn sync(&mut self, queue_key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        match queue_key.split_once('/') {
            Some(("n", node)) => {
                let taints = self.tainted.get(node).cloned().unwrap_or_default();
                for pod in caches.pods_on(node) {
                    if taints.is_empty() {
                        self.base.visited += 1;
                        self.cancel(&pod.key(), ctx);
                    } else {
                        self.consider(pod, &taints, ctx);
                    }
                }
                Ok(())
            }
            Some(("p", pod_key)) => {
                match caches.pods().get(pod_key) {
                    None => self.cancel(pod_key, ctx),
                    Some(pod) => {
                        if let Some(taints) = self.tainted.get(pod["spec"]["nodeName"].text()).cloned() {
                            self.consider(pod, &taints, ctx);
                        }
                    }
                }
                Ok(())
            }
            Some((_, pod_key)) => self.evict(pod_key, caches, ctx),
            None => Ok(()),
        }
    }
}
