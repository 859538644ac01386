//! The members as objects: whether they are ready, their taints, their namespaces for works, joining and leaving.
//!
//! Models `pkg/controllers/status/cluster_status_controller.go`, `pkg/controllers/cluster` and
//! `pkg/controllers/taint` with their defaults: a look every 10 s, a change of readiness is believed after 30 s. A taint
//! of effect NoExecute comes only from a ClusterTaintPolicy; a new hub has one, `not-ready`, so that a lost
//! member's work goes elsewhere. Not modelled: the lease of a pulling member's agent, API enablements.

use client::{PatchType, Propagation, Request, Verb};
use clock::{Millis, Time};
use objects::quantity::Quantity;
use objects::resources::{NAMESPACES, NODES, PODS, Resource};
use objects::{Reason, Status, Str, Value, value};

use crate::binding::conditioned;
use crate::kinds::{CLUSTERS, SPACE, WORKS};
use crate::placement::affine;
use crate::{Desk, Hub};

/// `--cluster-status-update-frequency`
pub(crate) const PROBE_MS: Millis = 10_000;
/// `--cluster-failure-threshold` and `--cluster-success-threshold`
const THRESHOLD_MS: Millis = 30_000;
const FINALIZER: &str = "karmada.io/cluster-controller";
const NOT_READY: &str = "cluster.karmada.io/not-ready";
const UNREACHABLE: &str = "cluster.karmada.io/unreachable";

/// What was last seen of a member, and since when.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    ready: bool,
    since: Time,
}

fn list(ctx: &mut client::Ctx<'_>, r: &Resource) -> Result<Vec<Value>, Status> {
    let answer = ctx.call(Request::new(Verb::List, &r.group, &r.version, &r.plural))?;
    Ok(answer.object["items"].items().to_vec())
}

/// How many nodes and how much room.
fn summary(nodes: &[Value], pods: &[Value]) -> (Value, Value) {
    let ready = nodes.iter().filter(|n| n.condition_true("Ready")).count();
    let mut allocatable = [Quantity::zero(), Quantity::zero(), Quantity::zero()];
    let mut allocated = allocatable.clone();
    const NAMES: [&str; 3] = ["cpu", "memory", "pods"];
    let usable = |n: &&Value| {
        let hard = |t: &Value| t["effect"] == "NoSchedule" || t["effect"] == "NoExecute";
        n.condition_true("Ready") && !n["spec"]["taints"].items().iter().any(hard)
    };
    for node in nodes.iter().filter(usable) {
        for (sum, name) in allocatable.iter_mut().zip(NAMES) {
            sum.add(&Quantity::of(&node["status"]["allocatable"][name]));
        }
    }
    let there = |node: &str| nodes.iter().filter(usable).any(|n| n.name() == node);
    for pod in pods.iter().filter(|p| there(p["spec"]["nodeName"].text())) {
        if matches!(pod["status"]["phase"].text(), "Succeeded" | "Failed") {
            continue;
        }
        for c in pod["spec"]["containers"].items() {
            for (sum, name) in allocated.iter_mut().zip(NAMES).take(2) {
                sum.add(&Quantity::of(&c["resources"]["requests"][name]));
            }
        }
        allocated[2].add(&Quantity::of(&Value::Int(1)));
    }
    let named = |all: &[Quantity; 3]| {
        let mut v = Value::map();
        all.iter().zip(NAMES).for_each(|(q, n)| v.set(n, q.to_string()));
        v
    };
    let nodes = value!({"totalNum": (nodes.len() as i64), "readyNum": (ready as i64)});
    (nodes, value!({"allocatable": (named(&allocatable)), "allocated": (named(&allocated))}))
}

impl Hub {
    /// Asks every member how it is.
    pub(crate) fn probe_all(&mut self, desk: &mut Desk<'_>) {
        for name in self.joined() {
            // What can't be written now is written at the next look.
            let _ = self.probe(&name, desk);
        }
    }

    fn probe(&mut self, name: &Str, desk: &mut Desk<'_>) -> Result<(), Status> {
        const ACTOR: &str = "cluster-status-controller";
        let Some(cluster) = self.clusters.get(name).cloned() else { return Ok(()) };
        let seen = desk.on(name, ACTOR, 0, |ctx| {
            ctx.call(Request::raw("/readyz"))?;
            let version = ctx.call(Request::raw("/version"))?.object["gitVersion"].clone();
            Ok((version, list(ctx, NODES)?, list(ctx, PODS)?))
        });
        let (ready, reason, message) = match &seen {
            Ok(_) => (true, "ClusterReady", "cluster is healthy and ready to accept workloads"),
            Err(Status { reason: Reason::Unreachable, .. }) => {
                (false, "ClusterNotReachable", "cluster is not reachable")
            }
            Err(_) => {
                (false, "ClusterNotReady", "cluster is reachable but health endpoint responded without ok")
            }
        };
        let now = desk.now;
        let known = self.health.get(name).cloned();
        let health = match known {
            Some(h) if h.ready == ready => h,
            Some(_) => Health { ready, since: now },
            // Who has just joined is believed at once.
            None => Health { ready, since: now - THRESHOLD_MS },
        };
        let believed = now.since(health.since) >= THRESHOLD_MS;
        self.health.insert(name.clone(), health);
        let was = cluster.condition_true("Ready");
        let mut status = cluster["status"].clone();
        if status.is_null() {
            status = Value::map();
        }
        if believed || ready == was {
            let is = if ready { "True" } else { "False" };
            status.set("conditions", conditioned(&cluster, "Ready", is, reason, message, &now.rfc3339()));
        }
        if let Ok((version, nodes, pods)) = &seen {
            let (nodes, resources) = summary(nodes, pods);
            status.set("kubernetesVersion", version.clone());
            status.set("nodeSummary", nodes);
            status.set("resourceSummary", resources);
        }
        if cluster["status"] == status {
            return Ok(());
        }
        let at = self.at.clone();
        let patch = value!({"status": (status)});
        desk.on(&at, ACTOR, 0, |ctx| ctx.patch(&CLUSTERS, "", name, "status", PatchType::Merge, patch))
            .map(|_| ())
    }

    pub(crate) fn sync_cluster(&mut self, name: &str, cause: u64, desk: &mut Desk<'_>) -> Result<(), Status> {
        let Some(cluster) = self.clusters.get(name).cloned() else {
            self.health.remove(name);
            return Ok(());
        };
        if cluster.is_terminating() {
            return self.leave(&cluster, cause, desk);
        }
        let at = self.at.clone();
        if !cluster.meta()["finalizers"].items().iter().any(|f| *f == FINALIZER) {
            let patch = value!({"metadata": {"finalizers": [(FINALIZER)]}});
            desk.on(&at, "cluster-controller", cause, |ctx| {
                ctx.patch(&CLUSTERS, "", name, "", PatchType::Merge, patch)
            })?;
        }
        let space = format!("{SPACE}{name}");
        let made = desk.on(&at, "cluster-controller", cause, |ctx| {
            let object =
                value!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": (space.as_str())}});
            match ctx.create(NAMESPACES, object) {
                Ok(_) => Ok(true),
                Err(e) if e.reason == Reason::AlreadyExists => Ok(false),
                Err(e) => Err(e),
            }
        })?;
        if made {
            let text = format!("Created execution space({space}) for cluster({name}).");
            self.tell(desk, &cluster, false, "CreateExecutionSpaceSucceed", &text);
            // A first look at once, not at the next round.
            self.probe(&name.into(), desk)?;
            return Ok(());
        }
        if cluster.condition("Ready").is_null() {
            return Ok(());
        }
        let taints = self.taints_for(&cluster, desk.now);
        if cluster["spec"]["taints"].items() == taints.as_slice() {
            return Ok(());
        }
        let patch = value!({"spec": {"taints": (Value::from(taints.clone()))}});
        desk.on(&at, "cluster-controller", cause, |ctx| {
            ctx.patch(&CLUSTERS, "", name, "", PatchType::Merge, patch)
        })?;
        let one = |t: &Value| match t["value"].text() {
            "" => format!("{{Key:{},Effect:{}}}", t["key"].text(), t["effect"].text()),
            v => format!("{{Key:{},Value:{v},Effect:{}}}", t["key"].text(), t["effect"].text()),
        };
        let now = if taints.is_empty() {
            "cluster now does not have taints".to_owned()
        } else {
            format!("cluster now has taints([{}])", taints.iter().map(one).collect::<Vec<_>>().join(","))
        };
        self.tell(desk, &cluster, false, "TaintClusterSucceed", &format!("Taint cluster succeed: {now}."));
        Ok(())
    }

    /// The taints a cluster should have by its conditions and the policies for taints.
    fn taints_for(&self, cluster: &Value, now: Time) -> Vec<Value> {
        let mut taints = cluster["spec"]["taints"].items().to_vec();
        let is = |t: &Value, key: &str, effect: &str| t["key"] == key && t["effect"] == effect;
        let mut set = |key: &str, value: &str, effect: &str, on: bool| {
            let there = taints.iter().position(|t| is(t, key, effect));
            match (there, on) {
                (None, true) => {
                    let mut t = value!({"key": (key), "effect": (effect), "timeAdded": (now.rfc3339())});
                    if !value.is_empty() {
                        t.set("value", value);
                    }
                    taints.push(t);
                }
                (Some(i), false) => drop(taints.remove(i)),
                _ => {}
            }
        };
        let ready = cluster.condition("Ready")["status"].text();
        set(NOT_READY, "", "NoSchedule", ready == "False");
        set(UNREACHABLE, "", "NoSchedule", ready == "Unknown");
        for policy in self.taint_policies.values() {
            let spec = &policy["spec"];
            if !affine(&spec["targetClusters"], cluster) {
                continue;
            }
            let holds = |list: &Value| {
                !list.is_zero()
                    && list.items().iter().all(|c| {
                        let status = &cluster.condition(c["conditionType"].text())["status"];
                        let among = c["statusValues"].items().contains(status);
                        !status.is_null() && among == (c["operator"] == "In")
                    })
            };
            let (add, remove) = (holds(&spec["addOnConditions"]), holds(&spec["removeOnConditions"]));
            for t in spec["taints"].items().iter().filter(|_| add || remove) {
                set(t["key"].text(), t["value"].text(), t["effect"].text(), add);
            }
        }
        taints
    }

    /// A cluster leaves: its works go first, what they keep with them, then their namespace.
    fn leave(&mut self, cluster: &Value, cause: u64, desk: &mut Desk<'_>) -> Result<(), Status> {
        let at = self.at.clone();
        let space = format!("{SPACE}{}", cluster.name());
        let prefix = format!("{space}/");
        let works: Vec<Str> = self.works.keys().filter(|w| w.starts_with(&prefix)).cloned().collect();
        for work in &works {
            let (ns, name) = objects::meta::split_key(work);
            let how = Some(Propagation::Background);
            let gone = desk
                .on(&at, "cluster-controller", cause, |ctx| ctx.delete(&WORKS, ns, name, None, None, how));
            if let Err(e) = gone
                && e.reason != Reason::NotFound
            {
                return Err(e);
            }
        }
        if !works.is_empty() {
            self.queue.add_after(format!("c:{}", cluster.name()), cause, desk.now, 1_000);
            return Ok(());
        }
        let how = Some(Propagation::Background);
        // Gone already is as good.
        let _ = desk
            .on(&at, "cluster-controller", cause, |ctx| ctx.delete(NAMESPACES, "", &space, None, None, how));
        let left: Value =
            cluster.meta()["finalizers"].items().iter().filter(|f| **f != FINALIZER).cloned().collect();
        let patch = value!({"metadata": {"finalizers": (left)}});
        desk.on(&at, "cluster-controller", cause, |ctx| {
            ctx.patch(&CLUSTERS, "", cluster.name(), "", PatchType::Merge, patch)
        })
        .map(|_| ())
    }
}

/// The object that tells a hub of a member.
#[must_use]
pub fn joining(name: &str, server: &str) -> Value {
    value!({
        "apiVersion": "cluster.karmada.io/v1alpha1", "kind": "Cluster", "metadata": {"name": (name)},
        "spec": {"apiEndpoint": (server), "syncMode": "Push"},
    })
}
