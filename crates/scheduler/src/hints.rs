//! Queueing hints: whether something that happened may lift a plugin's refusal of a pod.
//!
//! Models the `EventsToRegister` and `isSchedulableAfter...` functions of `pkg/scheduler/framework/plugins`.

use objects::Value;
use objects::node_selector::spec_matches;

use crate::node_info::{Needs, Taint, has_volumes};
use crate::plugins::node_ports::conflict;
use crate::plugins::node_resources_fit::fits_empty;
use crate::plugins::node_unschedulable::CORDON;
use crate::plugins::taint_toleration::{tolerates, tolerates_hard};
use crate::plugins::volume_restrictions::{disks_conflict, share_a_claim};
use crate::plugins::volume_zone::same_zones;
use crate::plugins::{is_counted, is_meant, rules, terms_of};
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
    NodeGone {
        node: &'a Value,
    },
    PodPlaced {
        pod: &'a Value,
    },
    /// A placed pod got other labels.
    PodRelabelled {
        old: &'a Value,
        new: &'a Value,
    },
    /// A placed pod was resized.
    PodResized {
        old: &'a Value,
        new: &'a Value,
    },
    /// A placed pod is gone or has ended.
    PodGone {
        pod: &'a Value,
    },
    /// The waiting pod was changed itself.
    Itself {
        old: &'a Value,
        new: &'a Value,
    },
    Claim {
        claim: &'a Value,
        added: bool,
    },
    /// `old` is null when the volume is new.
    Volume {
        old: &'a Value,
        new: &'a Value,
    },
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
            Self::NodeGone { .. } => &["PodTopologySpread"],
            Self::PodPlaced { .. } | Self::PodRelabelled { .. } => &["PodTopologySpread", "InterPodAffinity"],
            Self::PodResized { .. } => &["NodeResourcesFit"],
            Self::Itself { .. } => &[
                "NodeUnschedulable",
                "TaintToleration",
                "NodeResourcesFit",
                "PodTopologySpread",
                "InterPodAffinity",
            ],
            Self::PodGone { .. } => &[
                "NodePorts",
                "NodeResourcesFit",
                "VolumeRestrictions",
                "NodeVolumeLimits",
                "PodTopologySpread",
                "InterPodAffinity",
            ],
            Self::Claim { .. } => &["VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone"],
            Self::Volume { .. } => &["VolumeBinding", "VolumeZone"],
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
        Event::NodeGone { node } => has_keys(pod, node),
        Event::PodPlaced { pod: other } => match plugin {
            "PodTopologySpread" => counts(pod, other),
            _ => near(pod, other, "podAffinity"),
        },
        Event::PodRelabelled { old, new } => match plugin {
            "PodTopologySpread" => pod.namespace() == new.namespace() && counts_anew(pod, old, new),
            _ => {
                let turns = |kind, from, to| !near(pod, from, kind) && near(pod, to, kind);
                turns("podAffinity", old, new) || turns("podAntiAffinity", new, old)
            }
        },
        Event::PodResized { old, new } => {
            let needs = |p: &Value| Needs::of(&p["spec"]).requests;
            let wants = needs(pod);
            shrank(&needs(old), &needs(new), |name| wants.get(name) > 0)
        }
        Event::Itself { old, new } => changed_may_help(plugin, old, new),
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
            "NodeVolumeLimits" => has_volumes(&other["spec"]),
            "PodTopologySpread" => counts(pod, other),
            // Its own rule against the other, or the other's against it.
            "InterPodAffinity" => near(pod, other, "podAntiAffinity") || near(other, pod, "podAntiAffinity"),
            _ => true,
        },
        Event::Claim { claim, added } => match plugin {
            "VolumeRestrictions" | "NodeVolumeLimits" => *added && uses_claim(pod, claim),
            _ => uses_claim(pod, claim),
        },
        Event::Volume { old, new } => match plugin {
            "VolumeZone" => old.is_null() || !same_zones(old, new),
            _ => true,
        },
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

/// Whether all required terms of `pod`, of which there are some, mean `other`.
fn near(pod: &Value, other: &Value, kind: &str) -> bool {
    let (mine, theirs) = ((pod.namespace(), pod.labels()), (other.namespace(), other.labels()));
    let terms = terms_of(&pod["spec"], kind, true);
    !terms.is_empty() && terms.iter().all(|t| is_meant(t, mine, theirs, &Value::Null))
}

/// Whether a spreading rule of `pod` counts `other`.
fn counts(pod: &Value, other: &Value) -> bool {
    pod.namespace() == other.namespace() && is_counted(pod, |s| s.matches(other.labels()))
}

/// Whether a spreading rule of `pod` counts a pod after a change and not before, or the other way round.
fn counts_anew(pod: &Value, old: &Value, new: &Value) -> bool {
    is_counted(pod, |s| s.matches(old.labels()) != s.matches(new.labels()))
}

/// Whether a node has the keys of all spreading rules.
fn has_keys(pod: &Value, node: &Value) -> bool {
    rules(pod).all(|c| node.labels().find(c["topologyKey"].text()).is_some())
}

/// What a change of a waiting pod itself may do about a refusal.
fn changed_may_help(plugin: &str, old: &Value, new: &Value) -> bool {
    let relabelled = old.labels() != new.labels();
    // They can be added only.
    let tolerations = &new["spec"]["tolerations"];
    let tolerates_more = tolerations.items().len() != old["spec"]["tolerations"].items().len();
    match plugin {
        "NodeUnschedulable" => tolerates_more && tolerates(tolerations, CORDON),
        "TaintToleration" => tolerates_more,
        "NodeResourcesFit" => {
            let needs = |p: &Value| Needs::of(&p["spec"]).requests;
            shrank(&needs(old), &needs(new), |_| true)
        }
        "PodTopologySpread" => {
            (tolerates_more && rules(new).any(|c| c["nodeTaintsPolicy"] == "Honor"))
                || (relabelled && counts_anew(new, old, new))
        }
        _ => relabelled,
    }
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
            let differs = |k: &str| old.labels().find(k) != new.labels().find(k);
            let moved = || rules(pod).any(|c| differs(c["topologyKey"].text()));
            let (had, has) = (!added && has_keys(pod, old), has_keys(pod, new));
            had != has || (has && (added || moved() || old["spec"]["taints"] != new["spec"]["taints"]))
        }
        "InterPodAffinity" => {
            let values = |t: &Value| {
                let key = t["topologyKey"].text();
                (old.labels().find(key), new.labels().find(key))
            };
            let terms = |kind| terms_of(&pod["spec"], kind, true).iter();
            terms("podAffinity").map(values).any(|(was, is)| is.is_some() && was != is)
                || terms("podAntiAffinity").map(values).any(|(was, is)| added || (was.is_some() && was != is))
        }
        "VolumeBinding" | "VolumeZone" => added || relabelled,
        _ => true,
    }
}

/// Whether less of anything is asked for that matters.
fn shrank(old: &Resources, new: &Resources, matters: impl Fn(&str) -> bool) -> bool {
    let names =
        ["cpu", "memory", "ephemeral-storage"].into_iter().chain(old.scalar.keys().map(|k| k.as_str()));
    names.into_iter().any(|n| matters(n) && old.get(n) > new.get(n))
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
    fn what_company_changes_for_whom() {
        let term =
            |app: &str| value!({"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": (app)}}});
        let required = |term: Value| value!({"requiredDuringSchedulingIgnoredDuringExecution": [(term)]});
        let rule = |when: &str, app: &str| {
            let mut rule = term(app);
            rule.set("whenUnsatisfiable", when);
            rule
        };
        let rules = vec![rule("DoNotSchedule", "x"), rule("ScheduleAnyway", "soft")];
        let (near, away) = (required(term("near")), required(term("away")));
        let pod = value!({
            "metadata": {"name": "p", "namespace": "ns", "labels": {"app": "x"}},
            "spec": {"topologySpreadConstraints": (rules),
                     "affinity": {"podAffinity": (near), "podAntiAffinity": (away)}},
        });
        let other =
            |app: &str| value!({"metadata": {"name": "o", "namespace": "ns", "labels": {"app": (app)}}});
        let (spread, affinity) = ("PodTopologySpread", "InterPodAffinity");
        for (plugin, app, comes, goes) in [
            (spread, "x", true, true),
            (spread, "soft", false, false),
            (affinity, "near", true, false),
            (affinity, "away", false, true),
            (affinity, "x", false, false),
        ] {
            let o = other(app);
            assert_eq!(may_help(&Event::PodPlaced { pod: &o }, plugin, &pod), comes, "{plugin} {app}");
            assert_eq!(may_help(&Event::PodGone { pod: &o }, plugin, &pod), goes, "{plugin} {app}");
        }
        for (plugin, was, is, want) in [
            (spread, "x", "y", true),
            (spread, "y", "x", true),
            (spread, "y", "soft", false),
            (affinity, "y", "near", true),
            (affinity, "near", "y", false),
            (affinity, "away", "y", true),
            (affinity, "y", "away", false),
        ] {
            let (old, new) = (other(was), other(is));
            let event = Event::PodRelabelled { old: &old, new: &new };
            assert_eq!(may_help(&event, plugin, &pod), want, "{plugin} {was} {is}");
        }
        let zoned =
            |zone: &str| node("", if zone.is_empty() { value!({}) } else { value!({"zone": (zone)}) }, "4");
        let null = Value::Null;
        for (plugin, was, is, want) in [
            (spread, null.clone(), zoned(""), false),
            (spread, null.clone(), zoned("a"), true),
            (spread, zoned("a"), zoned("b"), true),
            (spread, zoned("a"), zoned("a"), false),
            (spread, zoned("a"), node("t", value!({"zone": "a"}), "4"), true),
            (affinity, null.clone(), zoned(""), true),
            (affinity, zoned(""), zoned("a"), true),
            (affinity, zoned("a"), zoned(""), true),
            (affinity, zoned(""), node("t", value!({}), "4"), false),
        ] {
            let event = Event::Node { old: &was, new: &is };
            assert_eq!(may_help(&event, plugin, &pod), want, "{plugin} {was:?} {is:?}");
        }
        assert!(may_help(&Event::NodeGone { node: &zoned("a") }, spread, &pod));
        assert!(!may_help(&Event::NodeGone { node: &zoned("") }, spread, &pod));
    }

    #[test]
    fn what_a_waiting_pod_changes_for_itself() {
        let pod = |label: &str, cpu: &str, tolerates: &[&str]| {
            let tolerations: Vec<Value> =
                tolerates.iter().map(|k| value!({"key": (*k), "operator": "Exists"})).collect();
            value!({
                "metadata": {"name": "p", "namespace": "ns", "labels": {"app": (label)}},
                "spec": {"tolerations": (tolerations),
                         "containers": [{"resources": {"requests": {"cpu": (cpu)}}}]},
            })
        };
        let old = pod("x", "2", &[]);
        for (plugin, new, want) in [
            ("NodeResourcesFit", pod("y", "2", &["a"]), false),
            ("NodeResourcesFit", pod("x", "1", &[]), true),
            ("NodeResourcesFit", pod("x", "3", &[]), false),
            ("TaintToleration", pod("x", "2", &["a"]), true),
            ("TaintToleration", pod("y", "1", &[]), false),
            ("NodeUnschedulable", pod("x", "2", &["a"]), false),
            ("NodeUnschedulable", pod("x", "2", &["node.kubernetes.io/unschedulable"]), true),
            ("InterPodAffinity", pod("y", "2", &[]), true),
            ("InterPodAffinity", pod("x", "1", &["a"]), false),
            ("PodTopologySpread", pod("y", "2", &["a"]), false),
        ] {
            let event = Event::Itself { old: &old, new: &new };
            assert_eq!(may_help(&event, plugin, &new), want, "{plugin} {new:?}");
        }
    }

    #[test]
    fn who_needs_less_makes_room_for_whom() {
        let pod = |cpu: &str, memory: &str| {
            let requests = value!({"cpu": (cpu), "memory": (memory)});
            value!({"spec": {"containers": [{"resources": {"requests": (requests)}}]}})
        };
        let waiting = value!({"spec": {"containers": [{"resources": {"requests": {"cpu": "1"}}}]}});
        for (new, want) in [(pod("1", "2Gi"), true), (pod("2", "1Gi"), false), (pod("3", "2Gi"), false)] {
            let event = Event::PodResized { old: &pod("2", "2Gi"), new: &new };
            assert_eq!(may_help(&event, "NodeResourcesFit", &waiting), want, "{new:?}");
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
