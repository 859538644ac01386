//! Smaller groups when nodes idle: which node goes, emptying it, giving that up.
//!
//! Models `core/scaledown` with its defaults: a node under half used for 10 min, or not ready for 20 min, and 10 min
//! after the last growth, goes if its pods may be moved (`simulator/drainability`: a controller, no local storage, a
//! budget that allows it) and find room elsewhere; evictions that are refused for 2 min end the attempt.

use client::{Ctx, EventType, PatchType};
use clock::{Millis, Time};
use objects::resources::NODES;
use objects::selector::LabelSelector;
use objects::{Str, Value, value};

use super::place::{Place, Room};
use super::{ClusterAutoscaler, NodeOrder};

const UNNEEDED_MS: Millis = 600_000;
/// `scale-down-unready-time`.
const UNREADY_MS: Millis = 1_200_000;
/// How long after growing nothing shrinks (`scale-down-delay-after-add`).
const AFTER_ADD_MS: Millis = 600_000;
/// How long a refused eviction is tried again (`maxPodEvictionTime`).
const EVICTION_MS: Millis = 120_000;
/// A pod that should have ended this long ago is in nobody's way (`PodLongTerminatingExtraThreshold`).
const LONG_TERMINATING_MS: Millis = 30_000;
/// Utilization below which a node is unneeded.
const THRESHOLD: f64 = 0.5;
const TAINT: &str = "ToBeDeletedByClusterAutoscaler";

/// Whether a pod should have ended long ago.
fn is_lost(pod: &Value, now: Time) -> bool {
    pod.meta()["deletionTimestamp"].time().is_some_and(|at| now.since(at) > LONG_TERMINATING_MS)
}

impl ClusterAutoscaler {
    /// Whether a pod goes with its node and need not be moved.
    fn stays(pod: &Value) -> bool {
        pod.controller_ref()["kind"] == "DaemonSet"
            || !pod.annotations()["kubernetes.io/config.mirror"].is_null()
            || matches!(pod["status"]["phase"].text(), "Succeeded" | "Failed")
    }

    /// Whether a pod keeps its node from being removed.
    fn blocks(&self, pod: &Value) -> bool {
        let said = &pod.annotations()["cluster-autoscaler.kubernetes.io/safe-to-evict"];
        let mut budgets = self.budgets.values().filter(|b| {
            b.namespace() == pod.namespace()
                && LabelSelector::from_value(&b["spec"]["selector"]).is_ok_and(|s| s.matches(pod.labels()))
        });
        let first = budgets.next();
        let spent = |b: &Value| b["status"]["disruptionsAllowed"].int() < 1;
        if *said == "false" || first.is_some_and(spent) || budgets.any(spent) {
            return true;
        }
        let local = |v: &Value| {
            !v["hostPath"].is_null() || (!v["emptyDir"].is_null() && v["emptyDir"]["medium"] != "Memory")
        };
        *said != "true"
            && (pod.controller_ref().is_null()
                || (pod.namespace() == "kube-system" && first.is_none())
                || pod["spec"]["volumes"].items().iter().any(local))
    }

    /// The shares of a node's CPU and memory that its pods ask for.
    fn utilization(&self, node: &Value) -> (f64, f64) {
        let room = Room::of_node(&node["status"]["allocatable"]);
        let mut used = Room::default();
        for p in self.pods_on(node.name()).filter(|p| !Self::stays(p)) {
            let want = Room::of_spec(&p["spec"]);
            used.cpu += want.cpu;
            used.memory += want.memory;
        }
        let share = |u: i64, all: i64| if all > 0 { u as f64 / all as f64 } else { 0.0 };
        (share(used.cpu, room.cpu), share(used.memory, room.memory))
    }

    /// The pods that have to be moved before a node goes.
    fn moving(&self, node: &str, now: Time) -> Vec<Value> {
        self.pods_on(node).filter(|p| !Self::stays(p) && !is_lost(p, now)).cloned().collect()
    }

    /// Whether a node is little used, and its pods may be moved and find room elsewhere.
    fn is_unneeded(&self, node: &Value, now: Time) -> bool {
        if node.annotations()["cluster-autoscaler.kubernetes.io/scale-down-disabled"] == "true" {
            return false;
        }
        let moving = self.moving(node.name(), now);
        if moving.iter().any(|p| p.is_terminating() || self.blocks(p)) {
            return false;
        }
        let (cpu, memory) = self.utilization(node);
        if cpu.max(memory) >= THRESHOLD {
            return false;
        }
        let others: Vec<Place> = self.places(|n| n != node.name() && !self.leaving.contains_key(n));
        let mut rooms = others.clone();
        moving.iter().all(|p| rooms.iter_mut().any(|r| r.take(p, &others)))
    }

    pub(super) fn scale_down(&mut self, ctx: &mut Ctx<'_>) {
        for g in 0..self.groups.len() {
            let mut size = self.size(g) - self.leaving.keys().filter(|n| self.in_group(n, g)).count();
            let names: Vec<Str> = self.nodes.keys().filter(|n| self.in_group(n, g)).cloned().collect();
            for name in names {
                if self.leaving.contains_key(&name) {
                    continue;
                }
                let node = self.nodes[&name].clone();
                if size <= self.groups[g].min || !self.is_unneeded(&node, ctx.now) {
                    self.unneeded.remove(&name);
                    continue;
                }
                let since = *self.unneeded.entry(name.clone()).or_insert(ctx.now);
                let grew = self.grown.is_some_and(|at| ctx.now.since(at) < AFTER_ADD_MS);
                let least = if node.condition_true("Ready") { UNNEEDED_MS } else { UNREADY_MS };
                if grew || ctx.now.since(since) < least {
                    continue;
                }
                size -= 1;
                self.begin_leaving(&node, ctx);
            }
        }
        for (name, since) in self.leaving.clone() {
            self.empty(&name, since, ctx);
        }
    }

    fn in_group(&self, node: &str, group: usize) -> bool {
        self.nodes.get(node).and_then(|n| self.group_of(n)) == Some(group)
    }

    fn begin_leaving(&mut self, node: &Value, ctx: &mut Ctx<'_>) {
        let mut taints = node["spec"]["taints"].clone();
        let stamp = (ctx.now.0 / 1000).to_string();
        taints.list_mut().push(value!({"key": (TAINT), "value": (stamp), "effect": "NoSchedule"}));
        let patch = value!({"spec": {"taints": (taints)}});
        if ctx.patch(NODES, "", node.name(), "", PatchType::Merge, patch).is_err() {
            return;
        }
        let name = node.name().to_owned();
        let moving: Vec<String> = self.moving(&name, ctx.now).iter().map(|p| p.name().to_owned()).collect();
        if moving.is_empty() {
            let text = format!("Scale-down: removing empty node \"{name}\"");
            self.about_status(ctx, EventType::Normal, "ScaleDownEmpty", &text);
        } else {
            let (cpu, memory) = self.utilization(node);
            let (resource, most) = if cpu >= memory { ("cpu", cpu) } else { ("memory", memory) };
            let text = format!(
                "Scale-down: removing node {name}, utilization: {{{cpu} {memory} 0 0 {resource} {most}}}, pods to reschedule: {}",
                moving.join(",")
            );
            self.about_status(ctx, EventType::Normal, "ScaleDown", &text);
        }
        let text = "marked the node as toBeDeleted/unschedulable";
        self.recorder.event(ctx, node, EventType::Normal, "ScaleDown", text);
        self.leaving.insert(name.into(), ctx.now);
    }

    /// Gives up removing a node whose pods may not be evicted: it takes pods again.
    fn give_up(&mut self, name: &Str, refused: &[(Value, String)], ctx: &mut Ctx<'_>) {
        self.leaving.remove(name);
        self.unneeded.remove(name);
        let mut why = Vec::new();
        for (pod, error) in refused {
            let text = "failed to delete pod for ScaleDown";
            self.recorder.event(ctx, pod, EventType::Warning, "ScaleDownFailed", text);
            why.push(format!(
                "failed to evict pod {}/{} within allowed timeout (last error: {error})",
                pod.namespace(),
                pod.name()
            ));
        }
        let Some(node) = self.nodes.get(name).cloned() else { return };
        let text = format!(
            "failed to drain and delete node: Failed to drain node /{name}, due to following errors: [{}]",
            why.join(" ")
        );
        self.recorder.event(ctx, &node, EventType::Warning, "ScaleDownFailed", &text);
        let kept: Vec<Value> =
            node["spec"]["taints"].items().iter().filter(|t| t["key"] != TAINT).cloned().collect();
        let patch = value!({"spec": {"taints": (kept)}});
        // Refused only when the node is gone.
        let _ = ctx.patch(NODES, "", name, "", PatchType::Merge, patch);
    }

    /// Evicts what is left on a node; removes it when nothing is. A budget may refuse: tried again at the next look.
    fn empty(&mut self, name: &Str, since: Time, ctx: &mut Ctx<'_>) {
        let moving = self.moving(name, ctx.now);
        let mut refused = Vec::new();
        for pod in moving.iter().filter(|p| !p.is_terminating()) {
            match ctx.evict(pod) {
                Ok(_) => {
                    let text = "deleting pod for node scale down";
                    self.recorder.event(ctx, pod, EventType::Normal, "ScaleDown", text);
                }
                Err(e) => refused.push((pod.clone(), e.message)),
            }
        }
        if !refused.is_empty() && ctx.now.since(since) >= EVICTION_MS {
            return self.give_up(name, &refused, ctx);
        }
        if !moving.is_empty() {
            return;
        }
        if let Some(node) = self.nodes.get(name).cloned() {
            let text = "node removed by cluster autoscaler";
            self.recorder.event(ctx, &node, EventType::Normal, "ScaleDown", text);
        }
        self.leaving.remove(name);
        self.unneeded.remove(name);
        self.starting.remove(name);
        self.orders.push(NodeOrder::Remove { name: name.clone() });
    }
}
