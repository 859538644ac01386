//! Whether a pod that was put on this node by name may begin here at all.
//!
//! Owns: the kubelet's own look at room, labels, ports and taints. Does not own: pressure (`eviction`).
//! Models `pkg/kubelet/lifecycle/predicate.go`. What the scheduler has bound it has counted as the kubelet would, so
//! only pods whose node somebody else named are looked at. Not modelled: critical pods that make room for themselves
//! (they begin), extended resources, a pod's `os`.

use clock::Time;
use objects::quantity::Quantity;
use objects::{Str, Value};

use crate::Kubelet;
use crate::eviction::CRITICAL;
use crate::pod_worker::PodWorker;
use crate::resize;
use crate::static_pods::MIRROR;

pub(crate) const RESOURCES: [(&str, &str); 3] =
    [("cpu", "OutOfcpu"), ("memory", "OutOfmemory"), ("ephemeral-storage", "OutOfephemeral-storage")];

fn quantity(resource: &str, of: &Value) -> i64 {
    let q = Quantity::of(of);
    if resource == "cpu" { q.milli_value() } else { q.value() }
}

/// What a pod asks for: all that run together, or an init container with the sidecars before it, whichever is more.
pub(crate) fn requested(spec: &Value, resource: &str) -> i64 {
    let of = |c: &Value| quantity(resource, &c["resources"]["requests"][resource]);
    let (mut sidecars, mut most) = (0, 0);
    for c in spec["initContainers"].items() {
        if c["restartPolicy"] == "Always" {
            sidecars += of(c);
            most = most.max(sidecars);
        } else {
            most = most.max(sidecars + of(c));
        }
    }
    let together = sidecars + spec["containers"].items().iter().map(of).sum::<i64>();
    let whole = &spec["resources"]["requests"][resource];
    let asked = if whole.is_null() { together.max(most) } else { quantity(resource, whole) };
    asked + quantity(resource, &spec["overhead"][resource])
}

/// Host ports as (protocol, port).
fn host_ports(spec: &Value) -> Vec<(&str, i64)> {
    let all = spec["containers"].items().iter().flat_map(|c| c["ports"].items());
    let held = all.filter(|p| p["hostPort"].int() > 0);
    held.map(|p| (p["protocol"].as_str().unwrap_or("TCP"), p["hostPort"].int())).collect()
}

/// Whether labels and name of a node are what a pod demands.
fn is_wanted(spec: &Value, node: &Value) -> bool {
    let selector = spec["nodeSelector"].entries();
    if !selector.iter().all(|(k, v)| node.labels()[k.as_str()] == *v) {
        return false;
    }
    let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let terms = required["nodeSelectorTerms"].items();
    if required.is_null() {
        return true;
    }
    let name = |_: &str| Value::from(node.name());
    let label = |key: &str| node.labels()[key].clone();
    terms.iter().any(|t| {
        let (a, b) = (t["matchExpressions"].items(), t["matchFields"].items());
        (!a.is_empty() || !b.is_empty())
            && a.iter().all(|r| holds(r, &label))
            && b.iter().all(|r| holds(r, &name))
    })
}

fn holds(rule: &Value, of: &dyn Fn(&str) -> Value) -> bool {
    let here = of(rule["key"].text());
    let among = rule["values"].items().contains(&here);
    let number = |v: &Value| v.text().parse::<i64>().ok();
    let compared = || Some((number(&here)?, number(&rule["values"][0])?));
    match rule["operator"].text() {
        "In" => !here.is_null() && among,
        "NotIn" => !among,
        "Exists" => !here.is_null(),
        "DoesNotExist" => here.is_null(),
        "Gt" => compared().is_some_and(|(a, b)| a > b),
        "Lt" => compared().is_some_and(|(a, b)| a < b),
        _ => false,
    }
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
        let has = |w: &PodWorker| match w.resize.pending {
            Some(_) => requested(&resize::allocated(w), resource),
            None => requested(&w.pod["spec"], resource),
        };
        let used: i64 = self.pods.iter().filter(|(k, w)| *k != key && counts(w)).map(|(_, w)| has(w)).sum();
        let all = quantity(resource, allocatable);
        (asked > all - used).then(|| (reason, lacks(resource, asked, used, all)))
    }

    /// Reason and message of the refusal of a pod that has just come.
    pub(crate) fn inadmissible(&self, key: &Str) -> Option<(&'static str, String)> {
        let pod = &self.pods.get(key)?.pod;
        let spec = &pod["spec"];
        let is_static = !pod.annotations()[MIRROR].is_null();
        if pod.condition_true("PodScheduled") || is_static || spec["priority"].int() >= CRITICAL {
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
        if !self.node.is_null() && !is_wanted(spec, &self.node) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use objects::value;

    #[test]
    fn what_a_pod_asks_for() {
        let c = |cpu: &str| value!({"resources": {"requests": {"cpu": (cpu)}}});
        let sidecar = value!({"restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}});
        for (init, main, want) in [
            (vec![], vec![c("250m"), c("1")], 1250),
            (vec![c("2")], vec![c("1")], 2000),
            (vec![sidecar.clone()], vec![c("1")], 1100),
            (vec![sidecar.clone(), c("2")], vec![c("1")], 2100),
            (vec![c("2"), sidecar], vec![c("1")], 2000),
        ] {
            let spec = value!({"initContainers": (Value::from(init)), "containers": (Value::from(main))});
            assert_eq!(requested(&spec, "cpu"), want);
        }
    }

    #[test]
    fn nodes_are_wanted_by_labels_and_name() {
        let node = value!({"metadata": {"name": "n", "labels": {"disk": "ssd", "size": "5"}}});
        let by = |key: &str, op: &str, values: Value| {
            let term = value!({"matchExpressions": [{"key": (key), "operator": (op), "values": (values)}]});
            let required = value!({"nodeSelectorTerms": [(term)]});
            is_wanted(
                &value!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": (required)}}}),
                &node,
            )
        };
        assert!(by("disk", "In", value!(["ssd"])) && !by("disk", "In", value!(["hdd"])));
        assert!(by("none", "NotIn", value!(["x"])) && by("none", "DoesNotExist", value!([])));
        assert!(by("size", "Gt", value!(["4"])) && !by("size", "Lt", value!(["4"])));
        assert!(is_wanted(&value!({"nodeSelector": {"disk": "ssd"}}), &node));
        assert!(!is_wanted(&value!({"nodeSelector": {"disk": "hdd"}}), &node));
    }
}
