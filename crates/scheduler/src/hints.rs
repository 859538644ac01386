//! Queueing hints: whether something that happened may lift a plugin's refusal of a pod.
//!
//! Models the `EventsToRegister` and `isSchedulableAfter...` functions of `pkg/scheduler/framework/plugins`.

use objects::Value;
use objects::node_selector::spec_matches;

use crate::node_info::{Needs, Taint};
use crate::plugins::node_ports::conflict;
use crate::plugins::node_resources_fit::fits_empty;
use crate::plugins::taint_toleration::tolerates_hard;
use crate::plugins::volume_restrictions::{disks_conflict, share_a_claim};
use crate::plugins::{is_counted, is_meant, terms_of};
use crate::resources::Resources;
use crate::storage::claim_of;

/// What happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<'a> {
    /// `old` is null when the node is new.
    Node {
        old: &'a Value,
        new: &'a Value,
    },
    NodeGone,
    /// A pod was placed, or a placed one got other labels.
    PodPlaced {
        pod: &'a Value,
    },
    /// A placed pod is gone or has ended, or needs less.
    PodGone {
        pod: &'a Value,
    },
    Claim {
        claim: &'a Value,
        added: bool,
    },
    Volume,
    /// `old` is null when the class is new.
    Class {
        old: &'a Value,
        new: &'a Value,
    },
    CsiNode {
        old: &'a Value,
        new: &'a Value,
    },
    Detached,
}

impl Event<'_> {
    /// The plugins that listen to it.
    pub(crate) fn plugins(&self) -> &'static [&'static str] {
        match self {
            Self::Node { .. } => &[
                "NodeUnschedulable",
                "NodeName",
                "TaintToleration",
                "NodeAffinity",
                "NodePorts",
                "NodeResourcesFit",
                "VolumeRestrictions",
                "VolumeBinding",
                "VolumeZone",
                "PodTopologySpread",
                "InterPodAffinity",
            ],
            Self::NodeGone => &["PodTopologySpread"],
            Self::PodPlaced { .. } => &["PodTopologySpread", "InterPodAffinity"],
            Self::PodGone { .. } => &[
                "NodePorts",
                "NodeResourcesFit",
                "VolumeRestrictions",
                "NodeVolumeLimits",
                "PodTopologySpread",
                "InterPodAffinity",
            ],
            Self::Claim { .. } => &["VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone"],
            Self::Volume => &["VolumeBinding", "VolumeZone"],
            Self::Class { .. } => &["VolumeBinding", "VolumeZone"],
            Self::CsiNode { .. } => &["NodeVolumeLimits", "VolumeBinding"],
            Self::Detached => &["NodeVolumeLimits"],
        }
    }
}

fn uses_claim(pod: &Value, claim: &Value) -> bool {
    let names = || pod["spec"]["volumes"].items().iter().filter_map(|v| claim_of(pod.name(), v));
    pod.namespace() == claim.namespace() && names().any(|(n, _)| n == claim.name())
}

fn has_claims(pod: &Value) -> bool {
    pod["spec"]["volumes"].items().iter().any(|v| claim_of(pod.name(), v).is_some())
}

/// Whether the event may lift `plugin`'s refusal of `pod`.
pub(crate) fn may_help(event: &Event<'_>, plugin: &str, pod: &Value) -> bool {
    match event {
        Event::Node { old, new } => node_may_help(plugin, pod, old, new),
        Event::NodeGone => true,
        Event::PodPlaced { pod: other } => match plugin {
            "PodTopologySpread" => is_counted(pod, other.namespace(), other.labels()),
            _ => near(pod, other, "podAffinity"),
        },
        Event::PodGone { pod: other } => match plugin {
            "NodePorts" => {
                let ports = |p: &Value| Needs::of(&p["spec"]).host_ports;
                conflict(&ports(pod), &ports(other))
            }
            "VolumeRestrictions" => {
                pod.namespace() == other.namespace()
                    && (disks_conflict(&pod["spec"], &other["spec"])
                        || share_a_claim(&pod["spec"], &other["spec"]))
            }
            "NodeVolumeLimits" => has_claims(other),
            "PodTopologySpread" => is_counted(pod, other.namespace(), other.labels()),
            // Its own rule against the other, or the other's against it.
            "InterPodAffinity" => near(pod, other, "podAntiAffinity") || near(other, pod, "podAntiAffinity"),
            _ => true,
        },
        Event::Claim { claim, added } => match plugin {
            "VolumeRestrictions" | "NodeVolumeLimits" => *added && uses_claim(pod, claim),
            _ => uses_claim(pod, claim),
        },
        Event::Volume => true,
        Event::Class { old, new } => match plugin {
            "VolumeZone" => old.is_null() && new["volumeBindingMode"] == "WaitForFirstConsumer",
            _ => old.is_null() || old["allowedTopologies"] != new["allowedTopologies"],
        },
        Event::CsiNode { old, new } => match plugin {
            "NodeVolumeLimits" => {
                old.is_null() || {
                    let limit = |n: &Value, driver: &Value| {
                        let found = n["spec"]["drivers"].items().iter().find(|d| d["name"] == *driver);
                        found.map_or(0, |d| d["allocatable"]["count"].int())
                    };
                    new["spec"]["drivers"]
                        .items()
                        .iter()
                        .any(|d| limit(new, &d["name"]) > limit(old, &d["name"]))
                }
            }
            _ => old.is_null(),
        },
        Event::Detached => has_claims(pod),
    }
}

/// Whether a required term of `pod` means `other`.
fn near(pod: &Value, other: &Value, kind: &str) -> bool {
    let (mine, theirs) = ((pod.namespace(), pod.labels()), (other.namespace(), other.labels()));
    terms_of(&pod["spec"], kind, true).iter().any(|t| is_meant(t, mine, theirs, &Value::Null))
}

fn node_may_help(plugin: &str, pod: &Value, old: &Value, new: &Value) -> bool {
    let added = old.is_null();
    // True of the node now, and not before.
    let turned = |f: &dyn Fn(&Value) -> bool| f(new) && (added || !f(old));
    let relabelled = !old.labels().same(new.labels()) && old.labels() != new.labels();
    match plugin {
        "NodeUnschedulable" => turned(&|n| !n["spec"]["unschedulable"].is_true()),
        "NodeName" | "NodePorts" | "VolumeRestrictions" => added,
        "TaintToleration" => turned(&|n| tolerates_hard(&pod["spec"]["tolerations"], &Taint::all(n))),
        "NodeAffinity" => turned(&|n| spec_matches(&pod["spec"], n)),
        "NodeResourcesFit" => {
            let has = |n: &Value| Resources::from_list(&n["status"]["allocatable"]);
            let needs = Needs::of(&pod["spec"]);
            fits_empty(&needs, &has(new)) && (added || grew(&needs.requests, &has(old), &has(new)))
        }
        "PodTopologySpread" => {
            let keys =
                || pod["spec"]["topologySpreadConstraints"].items().iter().map(|c| c["topologyKey"].text());
            let differs = |k: &str| old.labels().find(k) != new.labels().find(k);
            added || keys().any(differs)
        }
        "InterPodAffinity" | "VolumeBinding" | "VolumeZone" => added || relabelled,
        _ => true,
    }
}

/// Whether there is more of anything that is wanted, or room for more pods.
fn grew(wants: &Resources, old: &Resources, new: &Resources) -> bool {
    let names =
        ["cpu", "memory", "ephemeral-storage"].into_iter().chain(wants.scalar.keys().map(|k| k.as_str()));
    new.pods > old.pods || names.into_iter().any(|n| wants.get(n) > 0 && new.get(n) > old.get(n))
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    fn node(taint: &str, labels: Value, cpu: &str) -> Value {
        let taints: Vec<Value> =
            if taint.is_empty() { vec![] } else { vec![value!({"key": (taint), "effect": "NoSchedule"})] };
        value!({
            "metadata": {"name": "n", "labels": (labels)}, "spec": {"taints": (taints)},
            "status": {"allocatable": {"cpu": (cpu), "pods": "10"}},
        })
    }

    #[test]
    fn what_a_node_changes_for_whom() {
        let pod = value!({
            "metadata": {"name": "p", "namespace": "ns"},
            "spec": {"nodeSelector": {"disk": "ssd"},
                     "containers": [{"resources": {"requests": {"cpu": "2"}}}]},
        });
        let (plain, null) = (node("", value!({}), "4"), Value::Null);
        let table = [
            ("TaintToleration", &null, node("", value!({}), "4"), true),
            ("TaintToleration", &null, node("x", value!({}), "4"), false),
            ("TaintToleration", &plain, node("", value!({"a": "b"}), "4"), false),
            ("NodeAffinity", &plain, node("", value!({"disk": "ssd"}), "4"), true),
            ("NodeAffinity", &plain, node("", value!({"disk": "hdd"}), "4"), false),
            ("NodeResourcesFit", &plain, node("", value!({}), "8"), true),
            ("NodeResourcesFit", &plain, node("", value!({"a": "b"}), "4"), false),
            ("NodeResourcesFit", &null, node("", value!({}), "1"), false),
            ("NodePorts", &plain, node("", value!({}), "8"), false),
            ("NodePorts", &null, node("", value!({}), "8"), true),
        ];
        for (plugin, old, new, want) in table {
            assert_eq!(may_help(&Event::Node { old, new: &new }, plugin, &pod), want, "{plugin} {new:?}");
        }
        let tainted = node("x", value!({}), "4");
        assert!(may_help(&Event::Node { old: &tainted, new: &plain }, "TaintToleration", &pod));
    }

    #[test]
    fn what_another_pods_end_changes_for_whom() {
        let pod = |port: i64, claim: &str| {
            value!({
                "metadata": {"name": "p", "namespace": "ns", "labels": {"app": "x"}},
                "spec": {"containers": [{"ports": [{"containerPort": 1, "hostPort": (port)}]}],
                         "volumes": [{"persistentVolumeClaim": {"claimName": (claim)}}]},
            })
        };
        let waiting = pod(80, "c");
        for (plugin, other, want) in [
            ("NodePorts", pod(80, "d"), true),
            ("NodePorts", pod(81, "d"), false),
            ("VolumeRestrictions", pod(81, "c"), true),
            ("VolumeRestrictions", pod(81, "d"), false),
            ("NodeResourcesFit", pod(81, "d"), true),
            ("PodTopologySpread", pod(81, "d"), false),
            ("InterPodAffinity", pod(81, "d"), false),
        ] {
            assert_eq!(may_help(&Event::PodGone { pod: &other }, plugin, &waiting), want, "{plugin}");
        }
    }

    #[test]
    fn claims_wake_the_pods_that_use_them() {
        let pod = value!({
            "metadata": {"name": "p", "namespace": "ns"},
            "spec": {"volumes": [{"name": "v", "ephemeral": {}}]},
        });
        let claim = |ns: &str, name: &str| value!({"metadata": {"name": (name), "namespace": (ns)}});
        for (ns, name, want) in [("ns", "p-v", true), ("ns", "v", false), ("other", "p-v", false)] {
            let claim = claim(ns, name);
            let event = Event::Claim { claim: &claim, added: false };
            assert_eq!(may_help(&event, "VolumeBinding", &pod), want, "{ns}/{name}");
        }
    }
}
