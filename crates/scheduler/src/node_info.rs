//! What the scheduler knows of each node: the node, what it has, and what the pods placed on it hold.
//!
//! Models `pkg/scheduler/framework.NodeInfo` and the scheduler's cache with its assumed pods.

use ordered::{BTreeMap, BTreeSet};

use std::sync::Arc;

use objects::{Str, Value};

use crate::plugins::Cycle;
use crate::resources::{Resources, pod_requests, pod_requests_for_scoring};

/// A pod on a node, with what scheduling needs of it worked out once.
#[derive(Clone, Debug)]
pub struct PodInfo {
    pub pod: Value,
    pub requests: Resources,
    pub scoring: Resources,
    pub host_ports: Vec<HostPort>,
    /// Whether it has a node selector or a required node affinity.
    pub selects_nodes: bool,
    /// The uid of the ReplicaSet, ReplicationController or StatefulSet it belongs to.
    pub owner: Option<Str>,
    /// Only while it is being scheduled.
    pub cycle: Option<Box<Cycle>>,
}

impl PodInfo {
    #[must_use]
    pub fn new(pod: &Value) -> Self {
        let spec = &pod["spec"];
        Self {
            pod: pod.clone(),
            requests: pod_requests(spec),
            scoring: pod_requests_for_scoring(spec),
            host_ports: host_ports(spec),
            selects_nodes: !spec["nodeSelector"].entries().is_empty()
                || !spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
                    .is_null(),
            owner: spread_owner(pod),
            cycle: None,
        }
    }
}

/// The controller whose pods the default constraints spread.
fn spread_owner(pod: &Value) -> Option<Str> {
    let owner = pod.controller_ref();
    let spread = matches!(owner["kind"].text(), "ReplicaSet" | "ReplicationController" | "StatefulSet");
    spread.then(|| owner["uid"].to_str())
}

fn has_affinity(pod: &Value) -> bool {
    let a = &pod["spec"]["affinity"];
    !a["podAffinity"].is_null() || !a["podAntiAffinity"].is_null()
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
    let containers = spec["containers"]
        .items()
        .iter()
        .chain(spec["initContainers"].items().iter().filter(|c| c["restartPolicy"] == "Always"));
    containers
        .flat_map(|c| c["ports"].items())
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

/// One node.
#[derive(Clone, Debug, Default)]
pub struct NodeInfo {
    /// Null while pods are known but the node is not.
    pub node: Value,
    pub unschedulable: bool,
    pub taints: Vec<Taint>,
    pub allocatable: Resources,
    pub requested: Resources,
    pub scoring_requested: Resources,
    pub pods: BTreeMap<Str, PodInfo>,
    /// How many pods of each controller are here.
    pub by_owner: BTreeMap<Str, i64>,
    /// Pods with a say about their company.
    pub with_affinity: BTreeSet<Str>,
}

impl NodeInfo {
    #[must_use]
    pub fn name(&self) -> &str {
        self.node.name()
    }

    fn add(&mut self, key: Str, info: PodInfo) {
        self.requested.add(&info.requests);
        self.scoring_requested.add(&info.scoring);
        if let Some(owner) = &info.owner {
            *self.by_owner.entry(owner.clone()).or_default() += 1;
        }
        if has_affinity(&info.pod) {
            self.with_affinity.insert(key.clone());
        }
        self.pods.insert(key, info);
    }

    fn remove(&mut self, key: &str) -> Option<PodInfo> {
        let info = self.pods.remove(key)?;
        self.requested.subtract(&info.requests);
        self.scoring_requested.subtract(&info.scoring);
        self.with_affinity.remove(key);
        if let Some(owner) = &info.owner
            && let Some(n) = self.by_owner.get_mut(owner)
        {
            *n -= 1;
            if *n == 0 {
                self.by_owner.remove(owner);
            }
        }
        Some(info)
    }
}

/// All nodes by name.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    by_name: BTreeMap<Str, NodeInfo>,
    node_of_pod: BTreeMap<Str, Str>,
    /// Names of nodes that exist, in the order a search visits them.
    existing: BTreeSet<Str>,
    /// The same names, to be shared with decisions.
    names: Arc<Vec<Str>>,
}

impl Nodes {
    pub fn set_node(&mut self, node: &Value) {
        let name = node.meta()["name"].to_str();
        if self.existing.insert(name.clone()) {
            self.names = Arc::new(self.existing.iter().cloned().collect());
        }
        let info = self.by_name.entry(name).or_default();
        if !info.node["status"]["allocatable"].same(&node["status"]["allocatable"]) || info.node.is_null() {
            info.allocatable = Resources::from_list(&node["status"]["allocatable"]);
        }
        info.unschedulable = node["spec"]["unschedulable"].is_true();
        let taints = node["spec"]["taints"].items().iter();
        info.taints = taints
            .map(|t| Taint {
                key: t["key"].to_str(),
                value: t["value"].to_str(),
                effect: t["effect"].to_str(),
            })
            .collect();
        info.node = node.clone();
    }

    pub fn remove_node(&mut self, name: &str) {
        if self.existing.remove(name) {
            self.names = Arc::new(self.existing.iter().cloned().collect());
        }
        if let Some(info) = self.by_name.get_mut(name) {
            info.node = Value::Null;
            if info.pods.is_empty() {
                self.by_name.remove(name);
            }
        }
    }

    /// Counts a pod on its node, whether assumed or heard of.
    pub fn set_pod(&mut self, key: Str, node: &str, pod: &Value) {
        self.remove_pod(&key);
        self.node_of_pod.insert(key.clone(), node.into());
        self.by_name.entry(node.into()).or_default().add(key, PodInfo::new(pod));
    }

    /// True when the pod was counted.
    pub fn remove_pod(&mut self, key: &str) -> bool {
        let Some(node) = self.node_of_pod.remove(key) else { return false };
        let Some(info) = self.by_name.get_mut(&node) else { return false };
        let known = info.remove(key).is_some();
        if info.node.is_null() && info.pods.is_empty() {
            self.by_name.remove(&node);
        }
        known
    }

    #[must_use]
    pub fn knows(&self, pod_key: &str) -> bool {
        self.node_of_pod.contains_key(pod_key)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.existing.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.existing.is_empty()
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&NodeInfo> {
        self.by_name.get(name).filter(|n| !n.node.is_null())
    }

    /// The names of all nodes in order.
    #[must_use]
    pub fn names(&self) -> Arc<Vec<Str>> {
        self.names.clone()
    }

    /// The nodes in name order.
    pub fn iter(&self) -> impl Iterator<Item = &NodeInfo> {
        self.existing.iter().filter_map(|name| self.by_name.get(name))
    }
}
