//! Where a DaemonSet's pods belong, and the pod that is made for a node.
//!
//! Models NodeShouldRunDaemonPod of `pkg/controller/daemon/daemon_controller.go` and `daemon/util`.

use objects::node_selector::{self, spec_matches};
use objects::{Str, Value, value};

use crate::deployment::scaled;
use crate::node_taints::tolerates;
use crate::statefulset::REVISION_LABEL;

/// Tolerations every daemon pod gets: (key, effect).
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// The template's tolerations and those every daemon pod gets, each in place of an equal one.
fn tolerations(spec: &Value) -> Vec<Value> {
    let mut all: Vec<Value> = spec["tolerations"].items().to_vec();
    let network =
        spec["hostNetwork"].is_true().then_some(("node.kubernetes.io/network-unavailable", "NoSchedule"));
    for (key, effect) in TOLERATED.into_iter().chain(network) {
        let new = value!({"key": (key), "operator": "Exists", "effect": (effect)});
        let same = |t: &Value| t["key"] == key && t["effect"] == effect && t["operator"] == "Exists";
        match all.iter().position(same) {
            Some(i) => all[i] = new,
            None => all.push(new),
        }
    }
    all
}

/// Whether a pod should be made on the node, and whether one there may stay.
#[must_use]
pub(super) fn should_run(ds: &Value, node: &Value) -> (bool, bool) {
    if node.is_null() {
        return (false, false);
    }
    let spec = &ds["spec"]["template"]["spec"];
    let wanted = &spec["nodeName"];
    if !wanted.is_zero() && *wanted != node.name() || !spec_matches(spec, node) {
        return (false, false);
    }
    let tolerations = tolerations(spec);
    let untolerated = |effects: &[&str]| {
        node["spec"]["taints"].items().iter().any(|t| {
            effects.iter().any(|e| t["effect"] == *e) && !tolerations.iter().any(|x| tolerates(x, t))
        })
    };
    if untolerated(&["NoExecute", "NoSchedule"]) {
        return (false, !untolerated(&["NoExecute"]));
    }
    (true, true)
}

/// The template of the pod for one node: with its tolerations, its revision, and bound there by affinity.
#[must_use]
pub(super) fn pod_template(ds: &Value, hash: &str, node: &str) -> Value {
    let mut template = ds["spec"]["template"].clone();
    template.set_at(&["spec", "tolerations"], tolerations(&template["spec"]));
    if let Some(generation) = ds.annotations()["deprecated.daemonset.template.generation"].as_str() {
        template.set_at(&["metadata", "labels", "pod-template-generation"], generation);
    }
    template.set_at(&["metadata", "labels", REVISION_LABEL], hash);
    let terms = value!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]);
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    template.set_at(&["spec", "affinity", "nodeAffinity", required, "nodeSelectorTerms"], terms);
    template
}

/// The node a pod is bound to or was made for.
#[must_use]
pub(super) fn target_node(pod: &Value) -> Option<Str> {
    let bound = &pod["spec"]["nodeName"];
    if !bound.is_zero() {
        return Some(bound.to_str());
    }
    let required = node_selector::required(&pod["spec"]);
    let fields = required["nodeSelectorTerms"].items().iter().flat_map(|t| t["matchFields"].items());
    fields
        .filter(|f| f["key"] == "metadata.name" && f["operator"] == "In" && f["values"].items().len() == 1)
        .map(|f| f["values"][0].to_str())
        .next()
}

/// Surge and unavailability among `n` nodes; one of them must allow something.
#[must_use]
pub(super) fn limits(ds: &Value, n: i64) -> (i64, i64) {
    let strategy = &ds["spec"]["updateStrategy"];
    if strategy["type"] != "RollingUpdate" {
        return (0, 0);
    }
    let rolling = &strategy["rollingUpdate"];
    let surge = scaled(&rolling["maxSurge"], n, true);
    let unavailable = scaled(&rolling["maxUnavailable"], n, true);
    if n > 0 && surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable) }
}

#[must_use]
pub(super) fn allows_surge(ds: &Value) -> bool {
    ds["spec"]["updateStrategy"]["type"] == "RollingUpdate"
        && scaled(&ds["spec"]["updateStrategy"]["rollingUpdate"]["maxSurge"], 1, true) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_get_a_pod() {
        let node = |labels: Value, taints: Value| value!({"metadata": {"name": "n1", "labels": (labels)}, "spec": {"taints": (taints)}});
        let ds = |spec: Value| value!({"spec": {"template": {"spec": (spec)}}});
        let taint = |k: &str, e: &str| value!([{"key": (k), "effect": (e)}]);
        let plain = || node(value!({}), value!([]));
        let field = value!([{"key": "metadata.name", "operator": "In", "values": ["n2"]}]);
        let elsewhere = value!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
            {"nodeSelectorTerms": [{"matchFields": (field)}]}}}});
        let table = [
            (ds(value!({})), plain(), (true, true)),
            (ds(value!({"nodeSelector": {"role": "edge"}})), plain(), (false, false)),
            (
                ds(value!({"nodeSelector": {"role": "edge"}})),
                node(value!({"role": "edge"}), value!([])),
                (true, true),
            ),
            (ds(value!({"nodeName": "n2"})), plain(), (false, false)),
            (ds(elsewhere), plain(), (false, false)),
            (ds(value!({})), node(value!({}), taint("k", "NoSchedule")), (false, true)),
            (ds(value!({})), node(value!({}), taint("k", "NoExecute")), (false, false)),
            (ds(value!({})), node(value!({}), taint("k", "PreferNoSchedule")), (true, true)),
            (
                ds(value!({})),
                node(value!({}), taint("node.kubernetes.io/unschedulable", "NoSchedule")),
                (true, true),
            ),
            (
                ds(value!({})),
                node(value!({}), taint("node.kubernetes.io/not-ready", "NoExecute")),
                (true, true),
            ),
        ];
        for (i, (ds, node, want)) in table.iter().enumerate() {
            assert_eq!(should_run(ds, node), *want, "row {i}");
        }
    }
}
