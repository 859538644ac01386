//! Whether a pod that was put on this node by name may begin here at all.
//!
//! Owns: the kubelet's own look at room, labels, ports and taints. Does not own: pressure (`eviction`).
//! Models `pkg/kubelet/lifecycle/predicate.go`. What the scheduler has bound it has counted as the kubelet would, so
//! only pods whose node somebody else named are looked at. Not modelled: critical pods that make room for themselves
//! (they begin), extended resources, a pod's `os`.

use clock::Time;
use objects::node_selector::spec_matches;
use objects::quantity::Quantity;
use objects::requests::{amount, requested};
use objects::{Str, Value};

use crate::Kubelet;
use crate::eviction::CRITICAL;
use crate::pod_worker::PodWorker;
use crate::resize;
use crate::static_pods::MIRROR;

pub(crate) const RESOURCES: [(&str, &str); 3] =
    [("cpu", "OutOfcpu"), ("memory", "OutOfmemory"), ("ephemeral-storage", "OutOfephemeral-storage")];

/// Host ports as (protocol, port).
fn host_ports(spec: &Value) -> Vec<(&str, i64)> {
    let all = spec["containers"].items().iter().flat_map(|c| c["ports"].items());
    let held = all.filter(|p| p["hostPort"].int() > 0);
    held.map(|p| (p["protocol"].as_str().unwrap_or("TCP"), p["hostPort"].int())).collect()
}

fn is_tolerated(taint: &Value, spec: &Value) -> bool {
    spec["tolerations"].items().iter().any(|t| {
        let (key, effect) = (t["key"].text(), t["effect"].text());
        (effect.is_empty() || taint["effect"] == effect)
            && (key.is_empty() || taint["key"] == key)
            && (t["operator"] == "Exists" || (!key.is_empty() && t["value"].text() == taint["value"].text()))
    })
}

fn counts(worker: &PodWorker) -> bool {
    let over = matches!(worker.pod["status"]["phase"].text(), "Succeeded" | "Failed");
    // One that has not begun comes after this one.
    !over && worker.failed.is_none() && worker.start_time > Time(0)
}

fn lacks(what: &str, asked: i64, used: i64, all: i64) -> String {
    format!("Node didn't have enough resource: {what}, requested: {asked}, used: {used}, capacity: {all}")
}

impl Kubelet {
    /// Whether the node lacks one resource for a pod of this spec, beside what the others have.
    pub(crate) fn lacks_of(
        &self,
        key: &Str,
        spec: &Value,
        resource: &str,
        reason: &'static str,
    ) -> Option<(&'static str, String)> {
        let allocatable = &self.node["status"]["allocatable"][resource];
        let asked = requested(spec, resource);
        if asked == 0 || allocatable.is_null() {
            return None;
        }
        let has = |w: &PodWorker| match &w.resize.pending {
            Some(_) => requested(&resize::allocated(w), resource),
            None => requested(&w.pod["spec"], resource),
        };
        let used: i64 = self.pods.iter().filter(|(k, w)| *k != key && counts(w)).map(|(_, w)| has(w)).sum();
        let all = amount(resource, allocatable);
        (asked > all - used).then(|| (reason, lacks(resource, asked, used, all)))
    }

    /// Reason and message of the refusal of a pod that has just come.
    pub(crate) fn inadmissible(&self, key: &Str) -> Option<(&'static str, String)> {
        let pod = &self.pods.get(key)?.pod;
        let spec = &pod["spec"];
        let is_static = || !pod.annotations()[MIRROR].is_null();
        if pod.condition_true("PodScheduled") || is_static() || spec["priority"].int() >= CRITICAL {
            return None;
        }
        let others = || self.pods.iter().filter(|(k, w)| *k != key && counts(w)).map(|(_, w)| w);
        let allocatable = &self.node["status"]["allocatable"];
        let there = others().count() as i64;
        let most = Quantity::of(&allocatable["pods"]).value();
        if !allocatable.is_null() && there + 1 > most {
            return Some(("OutOfpods", lacks("pods", 1, there, most)));
        }
        for (resource, reason) in RESOURCES {
            if let Some(lack) = self.lacks_of(key, spec, resource, reason) {
                return Some(lack);
            }
        }
        let failed = |name: &str, why: &str| format!("Predicate {name} failed: {why}");
        if !self.node.is_null() && !spec_matches(spec, &self.node) {
            let why = "node(s) didn't match Pod's node affinity/selector";
            return Some(("NodeAffinity", failed("NodeAffinity", why)));
        }
        let ports = host_ports(spec);
        if !ports.is_empty() && others().any(|w| host_ports(&w.pod["spec"]).iter().any(|p| ports.contains(p)))
        {
            let why = "node(s) didn't have free ports for the requested pod ports";
            return Some(("NodePorts", failed("NodePorts", why)));
        }
        let taints = self.node["spec"]["taints"].items();
        if taints.iter().any(|t| t["effect"] == "NoExecute" && !is_tolerated(t, spec)) {
            let why = "node(s) had taints that the pod didn't tolerate";
            return Some(("TaintToleration", failed("TaintToleration", why)));
        }
        None
    }
}
