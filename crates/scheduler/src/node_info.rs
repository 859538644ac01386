//! What the scheduler knows of a pod and of a node.
//!
//! Models `pkg/scheduler/framework` (PodInfo, NodeInfo). What pods of one template have in common is worked out once
//! and shared ([`Needs`]): a hundred thousand pods of a hundred sets cost a hundred of them.

use std::sync::Arc;

use clock::Time;
use objects::{Str, Value};
use ordered::BTreeMap;

use crate::nodes::Slot;
use crate::resources::{Resources, pod_requests, pod_requests_for_scoring};

/// What scheduling reads out of a pod's spec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Needs {
    pub requests: Resources,
    /// The requests with defaults for containers that name none: for scores only.
    pub scoring: Resources,
    pub host_ports: Vec<HostPort>,
    pub tolerations: Value,
    pub node_selector: Value,
    pub affinity: Value,
    /// Whether it has a node selector or a required node affinity.
    pub selects_nodes: bool,
    /// Whether it has a say about other pods.
    pub has_affinity: bool,
    /// Whether it uses claims or disks that others may hold.
    pub has_volumes: bool,
    /// Whether it was given constraints of its own.
    pub spreads: bool,
    pub priority: i64,
}

impl Needs {
    #[must_use]
    pub fn of(spec: &Value) -> Self {
        let affinity = &spec["affinity"];
        let required = &affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        Self {
            requests: pod_requests(spec),
            scoring: pod_requests_for_scoring(spec),
            host_ports: host_ports(spec),
            tolerations: spec["tolerations"].clone(),
            node_selector: spec["nodeSelector"].clone(),
            affinity: affinity.clone(),
            selects_nodes: !spec["nodeSelector"].entries().is_empty() || !required.is_null(),
            has_affinity: !affinity["podAffinity"].is_null() || !affinity["podAntiAffinity"].is_null(),
            has_volumes: has_volumes(spec),
            spreads: !spec["topologySpreadConstraints"].items().is_empty(),
            priority: spec["priority"].int(),
        }
    }
}

/// Whether a spec uses claims or disks that others may hold.
pub(crate) fn has_volumes(spec: &Value) -> bool {
    spec["volumes"].items().iter().any(matters)
}

/// Whether a volume is a claim or a disk that others may hold.
pub(crate) fn matters(volume: &Value) -> bool {
    ["persistentVolumeClaim", "ephemeral", "iscsi", "rbd"].iter().any(|k| volume.find(k).is_some())
        || objects::csi_translation::in_tree_plugin(volume).is_some()
}

/// A pod that is to be placed.
#[derive(Clone, Debug)]
pub struct PodInfo {
    pub key: Str,
    pub pod: Value,
    pub needs: Arc<Needs>,
    /// The uid of the ReplicaSet, ReplicationController or StatefulSet it belongs to.
    pub owner: Option<Str>,
}

impl PodInfo {
    #[must_use]
    pub fn new(pod: &Value) -> Self {
        let needs = Arc::new(Needs::of(&pod["spec"]));
        Self { key: pod.key(), pod: pod.clone(), needs, owner: spread_owner(pod) }
    }
}

/// A pod on a node: only what other pods' placement depends on.
#[derive(Clone, Debug)]
pub struct Placed {
    pub needs: Arc<Needs>,
    pub labels: Value,
    /// The spec, of pods whose affinity or volumes matter to others; else null.
    pub spec: Value,
    pub owner: Option<Str>,
    /// When it started, as its status says; when it was placed until then.
    pub started: Time,
    pub terminating: bool,
    /// Terminating because the scheduler preempted it.
    pub preempted: bool,
}

impl Placed {
    #[must_use]
    pub fn new(info: &PodInfo, now: Time) -> Self {
        let needs = &info.needs;
        let mut placed = Self {
            spec: if needs.has_affinity || needs.has_volumes {
                info.pod["spec"].clone()
            } else {
                Value::Null
            },
            labels: info.pod.labels().clone(),
            owner: info.owner.clone(),
            needs: needs.clone(),
            started: now,
            terminating: false,
            preempted: false,
        };
        placed.update(&info.pod);
        placed
    }

    /// Takes over what may change while a pod stays where it is.
    pub fn update(&mut self, pod: &Value) {
        if !self.labels.same(pod.labels()) {
            self.labels = pod.labels().clone();
        }
        if let Some(at) = pod["status"]["startTime"].time() {
            self.started = at;
        }
        self.terminating = pod.is_terminating();
        self.preempted = self.terminating && {
            let disrupted = pod.condition("DisruptionTarget");
            disrupted["status"] == "True" && disrupted["reason"] == "PreemptionByScheduler"
        };
    }
}

/// The controller whose pods the default constraints spread.
pub(crate) fn spread_owner(pod: &Value) -> Option<Str> {
    let owner = pod.controller_ref();
    let spread = matches!(owner["kind"].text(), "ReplicaSet" | "ReplicationController" | "StatefulSet");
    spread.then(|| owner["uid"].to_str())
}

/// A port that a pod takes on its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    pub ip: Str,
    pub protocol: Str,
    pub port: i64,
}

impl HostPort {
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        let any = |ip: &Str| ip.is_empty() || ip == "0.0.0.0";
        self.port == other.port
            && self.protocol == other.protocol
            && (any(&self.ip) || any(&other.ip) || self.ip == other.ip)
    }
}

fn host_ports(spec: &Value) -> Vec<HostPort> {
    let sidecars = spec["initContainers"].items().iter().filter(|c| c["restartPolicy"] == "Always");
    let ports = spec["containers"].items().iter().chain(sidecars).flat_map(|c| c["ports"].items());
    ports
        .filter(|p| p["hostPort"].int() > 0)
        .map(|p| HostPort {
            ip: p["hostIP"].to_str(),
            protocol: if p["protocol"].text().is_empty() { "TCP".into() } else { p["protocol"].to_str() },
            port: p["hostPort"].int(),
        })
        .collect()
}

/// A node's taint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    pub key: Str,
    pub value: Str,
    pub effect: Str,
}

impl Taint {
    fn of(t: &Value) -> Self {
        Self { key: t["key"].to_str(), value: t["value"].to_str(), effect: t["effect"].to_str() }
    }

    #[must_use]
    pub fn all(node: &Value) -> Vec<Self> {
        node["spec"]["taints"].items().iter().map(Self::of).collect()
    }
}

/// One node.
#[derive(Clone, Debug, Default)]
pub struct NodeInfo {
    pub slot: Slot,
    /// Null while pods are known but the node is not.
    pub node: Value,
    pub unschedulable: bool,
    pub taints: Vec<Taint>,
    pub allocatable: Resources,
    pub requested: Resources,
    pub scoring_requested: Resources,
    pub pods: BTreeMap<Str, Placed>,
    /// How many of `pods` take host ports, have a say about others, or use volumes.
    pub with_ports: usize,
    pub with_affinity: usize,
    pub with_volumes: usize,
    /// How many of `pods` have which priority.
    priorities: BTreeMap<i64, usize>,
}

impl NodeInfo {
    #[must_use]
    pub fn name(&self) -> &str {
        self.node.name()
    }

    pub fn set_node(&mut self, node: &Value) {
        if self.node.is_null() || !self.node["status"]["allocatable"].same(&node["status"]["allocatable"]) {
            self.allocatable = Resources::from_list(&node["status"]["allocatable"]);
        }
        self.unschedulable = node["spec"]["unschedulable"].is_true();
        self.taints = Taint::all(node);
        self.node = node.clone();
    }

    pub fn add(&mut self, key: Str, placed: Placed) {
        self.requested.add(&placed.needs.requests);
        self.scoring_requested.add(&placed.needs.scoring);
        self.count(&placed.needs, 1);
        self.pods.insert(key, placed);
    }

    pub fn remove(&mut self, key: &str) -> Option<Placed> {
        let placed = self.pods.remove(key)?;
        self.requested.subtract(&placed.needs.requests);
        self.scoring_requested.subtract(&placed.needs.scoring);
        self.count(&placed.needs, -1);
        Some(placed)
    }

    fn count(&mut self, needs: &Needs, by: isize) {
        let add = |n: &mut usize, yes: bool| {
            if yes {
                *n = n.saturating_add_signed(by);
            }
        };
        add(&mut self.with_ports, !needs.host_ports.is_empty());
        add(&mut self.with_affinity, needs.has_affinity);
        add(&mut self.with_volumes, needs.has_volumes);
        let alike = self.priorities.entry(needs.priority).or_default();
        add(alike, true);
        if *alike == 0 {
            self.priorities.remove(&needs.priority);
        }
    }

    /// Whether a pod of less than this priority is here.
    #[must_use]
    pub fn has_lower(&self, priority: i64) -> bool {
        self.priorities.first_key_value().is_some_and(|(lowest, _)| *lowest < priority)
    }
}
