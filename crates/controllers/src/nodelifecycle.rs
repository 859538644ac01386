//! The node lifecycle controller: notices silent nodes, says so in their conditions and taints.
//!
//! Owns: NodeReady Unknown after silence, taints from conditions and from cordoning, pods of a lost node not ready.
//! Does not own: evicting pods (taint eviction).
//! Models `pkg/controller/nodelifecycle`.

use ordered::BTreeMap;

use client::{Change, Ctx};
use clock::{Millis, Time};
use objects::resources::{LEASES, NODES, PODS, Resource};
use objects::{Reason, Status, Str, Value, value};

use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};
use crate::delays::{
    LARGE_ZONE, NODE_EVICTION_INTERVAL_MS, NODE_MONITOR_GRACE_MS, NODE_MONITOR_PERIOD_MS,
    NODE_STARTUP_GRACE_MS, SLOW_EVICTION_INTERVAL_MS,
};
use crate::node_taints::{self, Taint, has, swap};

const NOT_READY: Taint = ("node.kubernetes.io/not-ready", "NoExecute");
const UNREACHABLE: Taint = ("node.kubernetes.io/unreachable", "NoExecute");
/// Which condition, in which state, is which NoSchedule taint.
const CONDITION_TAINTS: [(&str, &str, &str); 6] = [
    ("Ready", "False", "node.kubernetes.io/not-ready"),
    ("Ready", "Unknown", "node.kubernetes.io/unreachable"),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
];
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
/// The queue's key of the periodic look; every other key is a node's name.
const MONITOR: &str = "/monitor";

#[derive(Clone, Debug)]
pub struct NodeLifecycleController {
    pub base: Base,
    health: BTreeMap<Str, Health>,
    /// When a zone's next node may get a NoExecute taint.
    zones: BTreeMap<Str, Time>,
    removed: Vec<Value>,
}

/// The last sign of life of a node.
#[derive(Clone, Debug, Default)]
struct Health {
    probed: Time,
    registered: bool,
}

impl Default for NodeLifecycleController {
    fn default() -> Self {
        Self::new()
    }
}

fn zone_of(node: &Value) -> Str {
    let label = |k: &str| node.labels()[k].to_str();
    smol_str::format_smolstr!(
        "{}:{}",
        label("topology.kubernetes.io/region"),
        label("topology.kubernetes.io/zone")
    )
}

fn ready_status(node: &Value) -> &str {
    node.condition("Ready")["status"].text()
}

impl NodeLifecycleController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::with_account("node-controller", "node-controller"),
            health: BTreeMap::new(),
            zones: BTreeMap::new(),
            removed: Vec::new(),
        }
    }

    fn on_node(&mut self, change: &Change, now: Time) {
        let (node, name) = (&change.object, change.name.clone());
        if change.is_deleted() {
            self.health.remove(&name);
            self.removed.push(node.clone());
            self.base.queue.add(MONITOR, change.revision, now);
            return;
        }
        let heartbeat = |n: &Value| n.condition("Ready")["lastHeartbeatTime"].clone();
        let health = self.health.entry(name.clone()).or_default();
        if change.previous.is_null() || heartbeat(&change.previous) != heartbeat(node) {
            health.probed = now;
        }
        self.base.queue.add(name, change.revision, now);
        self.base.queue.add_after(MONITOR, 0, now, until_tick(now));
    }

    /// Taints that mirror conditions and cordoning; labels of older names.
    fn mirror(&mut self, node: &Value, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let mut wanted: Vec<Taint> = CONDITION_TAINTS
            .into_iter()
            .filter(|(kind, status, _)| node.condition(kind)["status"] == *status)
            .map(|(_, _, key)| (key, "NoSchedule"))
            .collect();
        if node["spec"]["unschedulable"].is_true() {
            wanted.push((UNSCHEDULABLE, "NoSchedule"));
        }
        let ours = CONDITION_TAINTS.into_iter().map(|(_, _, key)| key).chain([UNSCHEDULABLE]);
        let surplus: Vec<Taint> =
            ours.map(|key| (key, "NoSchedule")).filter(|t| has(node, *t) && !wanted.contains(t)).collect();
        swap(ctx, node, &wanted, &surplus)?;
        let mut labels = Value::map();
        for (stable, beta) in
            [("kubernetes.io/os", "beta.kubernetes.io/os"), ("kubernetes.io/arch", "beta.kubernetes.io/arch")]
        {
            if let Some(v) = node.labels().find(stable)
                && node.labels().get(beta) != v
            {
                labels.set(beta, v);
            }
        }
        if labels.is_zero() {
            return Ok(());
        }
        let patch = value!({"metadata": {"labels": (labels)}});
        ctx.patch(NODES, "", node.name(), "", client::PatchType::Merge, patch).map(|_| ())
    }

    fn monitor(&mut self, caches: &Caches, ctx: &mut Ctx<'_>) {
        for node in std::mem::take(&mut self.removed) {
            let text = format!("Removing Node {} from Controller", node.name());
            self.base.normal(ctx, &node, "RemovingNode", &text);
        }
        let names: Vec<Str> = self.health.keys().cloned().collect();
        let mut zones: BTreeMap<Str, (usize, usize)> = BTreeMap::new();
        let mut checked = Vec::new();
        for name in names {
            self.base.visited += 1;
            let Some(node) = caches.of_resource(NODES).get(&name) else { continue };
            let node = node.clone();
            if self.health.get_mut(&name).is_some_and(|h| !std::mem::replace(&mut h.registered, true)) {
                let text = format!("Registered Node {name} in Controller");
                self.base.normal(ctx, &node, "RegisteredNode", &text);
            }
            let node = match self.check(&node, caches, ctx) {
                Ok(node) => node,
                Err(e) if e.reason == Reason::NotFound => continue,
                Err(_) => node,
            };
            let zone = zones.entry(zone_of(&node)).or_default();
            if ready_status(&node) == "True" {
                zone.0 += 1
            } else {
                zone.1 += 1
            };
            checked.push(node);
        }
        let disrupted = |(ready, lost): &(usize, usize)| {
            (*ready == 0 && *lost > 0) || (*lost > 2 && *lost * 100 >= (ready + lost) * 55)
        };
        let all_lost = !zones.is_empty() && zones.values().all(|(ready, lost)| *ready == 0 && *lost > 0);
        for node in checked {
            let zone = zone_of(&node);
            let partly = zones.get(&zone).is_some_and(|z| disrupted(z) && z.0 > 0);
            let large = zones.get(&zone).is_some_and(|z| z.0 + z.1 > LARGE_ZONE);
            let pace = match (all_lost || partly, large && !all_lost) {
                (false, _) => Some(NODE_EVICTION_INTERVAL_MS),
                (true, true) => Some(SLOW_EVICTION_INTERVAL_MS),
                (true, false) => None,
            };
            // A refusal is tried again at the next look.
            let _ = self.taint(&node, &zone, pace, all_lost, ctx);
        }
        if !self.health.is_empty() {
            self.base.queue.add_after(MONITOR, 0, ctx.now, NODE_MONITOR_PERIOD_MS);
        }
    }

    /// Turns the conditions of a silent node Unknown. Returns the node as it is now.
    fn check(&mut self, node: &Value, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<Value, Status> {
        let never_posted = node.condition("Ready").is_null();
        let mut probed = self.health.get(node.name()).map_or(ctx.now, |h| h.probed);
        let grace = if never_posted {
            probed = probed.min(node.created().unwrap_or(probed));
            NODE_STARTUP_GRACE_MS
        } else {
            NODE_MONITOR_GRACE_MS
        };
        if ctx.now.since(probed) <= grace {
            return Ok(node.clone());
        }
        let before = ready_status(node).to_owned();
        let mut conditions: Vec<Value> = node["status"]["conditions"].items().to_vec();
        let at = ctx.now.rfc3339();
        for kind in ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] {
            match conditions.iter_mut().find(|c| c["type"] == kind) {
                None => conditions.push(value!({
                    "type": (kind), "status": "Unknown", "reason": "NodeStatusNeverUpdated",
                    "message": "Kubelet never posted node status.",
                    "lastHeartbeatTime": (node.meta().get("creationTimestamp")), "lastTransitionTime": (at.as_str()),
                })),
                Some(c) if c["status"] != "Unknown" => {
                    c.set("status", "Unknown");
                    c.set("reason", "NodeStatusUnknown");
                    c.set("message", "Kubelet stopped posting node status.");
                    c.set("lastTransitionTime", at.as_str());
                }
                Some(_) => {}
            }
        }
        if *node["status"]["conditions"].items() == conditions[..] {
            return Ok(node.clone());
        }
        let mut next = node.clone();
        next.set_at(&["status", "conditions"], conditions);
        let stored = match ctx.update_status(NODES, next.clone()) {
            Err(e) if e.reason == Reason::Conflict => {
                let mut fresh = ctx.get(NODES, "", node.name())?;
                fresh.set_at(&["status", "conditions"], &next["status"]["conditions"]);
                ctx.update_status(NODES, fresh)?
            }
            stored => stored?,
        };
        if before == "True" {
            let text = format!("Node {} status is now: NodeNotReady", node.name());
            self.base.normal(ctx, node, "NodeNotReady", &text);
            self.mark_pods_not_ready(node.name(), caches, ctx);
        }
        Ok(stored)
    }

    fn mark_pods_not_ready(&mut self, node: &str, caches: &Caches, ctx: &mut Ctx<'_>) {
        for pod in caches.pods_on(node) {
            self.base.visited += 1;
            let mut conditions: Vec<Value> = pod["status"]["conditions"].items().to_vec();
            let Some(c) = conditions.iter_mut().find(|c| c["type"] == "Ready" && c["status"] == "True")
            else {
                continue;
            };
            c.set("status", "False");
            c.set("lastTransitionTime", ctx.now.rfc3339());
            let mut next = pod.clone();
            next.set_at(&["status", "conditions"], conditions);
            if ctx.update_status(PODS, next).is_ok() {
                self.base.warning(ctx, pod, "NodeNotReady", "Node is not ready");
            }
        }
    }

    /// The NoExecute taint of a node that is not ready; off again when it is. A zone's nodes get it one after the other
    /// at this pace; none does without.
    fn taint(
        &mut self,
        node: &Value,
        zone: &Str,
        pace: Option<Millis>,
        all_lost: bool,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let (add, opposite) = match ready_status(node) {
            "True" => return swap(ctx, node, &[], &[NOT_READY, UNREACHABLE]),
            "False" => (NOT_READY, UNREACHABLE),
            "Unknown" => (UNREACHABLE, NOT_READY),
            _ => return Ok(()),
        };
        if all_lost {
            // Nothing answers anywhere: more likely the control plane is cut off than all nodes are lost.
            return swap(ctx, node, &[], &[NOT_READY, UNREACHABLE]);
        }
        if has(node, add) && !has(node, opposite) {
            return Ok(());
        }
        if !has(node, opposite) {
            let next = self.zones.entry(zone.clone()).or_insert(ctx.now);
            let Some(pace) = pace.filter(|_| *next <= ctx.now) else { return Ok(()) };
            *next = ctx.now + pace;
        }
        swap(ctx, node, &[add], &[opposite])
    }
}

/// Until the next look: they fall on multiples of the period.
fn until_tick(now: Time) -> i64 {
    NODE_MONITOR_PERIOD_MS - now.0.rem_euclid(NODE_MONITOR_PERIOD_MS)
}

impl Controller for NodeLifecycleController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![NODES, LEASES, PODS]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource == NODES.id {
            self.on_node(change, now);
        } else if change.resource == LEASES.id
            && change.namespace == "kube-node-lease"
            && !change.is_deleted()
            && let Some(h) = self.health.get_mut(&change.name)
        {
            h.probed = now;
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        if key == MONITOR {
            self.monitor(caches, ctx);
            return Ok(());
        }
        self.base.visited += 1;
        let Some(node) = caches.of_resource(NODES).get(key) else { return Ok(()) };
        self.mirror(node, ctx)?;
        // A node that is ready again loses its taints without waiting for the next look.
        if ready_status(node) == "True" && !node_taints::no_execute(node).is_empty() {
            let fresh = ctx.get(NODES, "", key)?;
            swap(ctx, &fresh, &[], &[NOT_READY, UNREACHABLE])?;
        }
        Ok(())
    }
}
