//! NetworkPolicy: whether a connection may leave its pod and enter the other.
//!
//! Models `networking.k8s.io/v1` as its documentation reads: policies add up; a pod that no policy selects for a
//! direction is open in it; the addresses and ports are those after kube-proxy's rewriting.
//! Not modelled: what differs between network plugins. Here packets of the pod's own node always enter (kubelet,
//! probes), a pod on its node's network is not restricted, and a block matches any address, pods' included.

use objects::selector::LabelSelector;
use objects::{Str, Value};

use crate::address::{self, Block};
use crate::ground::Ground;

/// One end of a connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Peer {
    pub ip: Str,
    /// `namespace/name`; `""` for anything but a pod with a network of its own.
    pub pod: Str,
    pub namespace: Str,
    pub labels: Value,
    pub namespace_labels: Value,
    /// The pod, for the names of its ports.
    pub spec: Value,
    /// The node it runs on, or that it is.
    pub node: Str,
    /// It is a node, or a pod on a node's network.
    pub is_host: bool,
}

impl Peer {
    /// A pod as an end. Reads its namespace.
    #[must_use]
    pub fn of_pod(ground: &dyn Ground, pod: &Value) -> Self {
        let namespace = Str::from(pod.namespace());
        let is_host = pod["spec"]["hostNetwork"].is_true();
        Self {
            ip: pod["status"]["podIP"].to_str(),
            pod: if is_host { Str::default() } else { pod.key() },
            labels: pod.labels().clone(),
            namespace_labels: ground.get("namespaces", "", &namespace).unwrap_or_default().labels().clone(),
            spec: pod["spec"].clone(),
            node: pod["spec"]["nodeName"].to_str(),
            namespace,
            is_host,
        }
    }

    #[must_use]
    pub fn of_address(ip: &str) -> Self {
        Self { ip: ip.into(), ..Self::default() }
    }

    /// A node, or what is sent in its name.
    #[must_use]
    pub fn of_node(node: &Str, ip: &str) -> Self {
        Self { node: node.clone(), is_host: true, ..Self::of_address(ip) }
    }

    #[must_use]
    pub fn label(&self) -> Str {
        if self.pod.is_empty() { self.ip.clone() } else { self.pod.clone() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Out,
    In,
}

impl Direction {
    fn list(self) -> &'static str {
        if self == Self::Out { "egress" } else { "ingress" }
    }
}

/// What the policies say to one direction of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No policy selects the pod in this direction.
    Open,
    /// This policy's rule of this number allows it.
    Allowed { policy: Str, rule: usize },
    /// These policies select the pod and none allows it.
    Denied { policies: Vec<Str> },
}

impl Verdict {
    #[must_use]
    pub fn passes(&self) -> bool {
        !matches!(self, Self::Denied { .. })
    }
}

/// What leaves `from`, judged by the policies of its namespace.
#[must_use]
pub fn leaving(policies: &[Value], from: &Peer, to: &Peer, port: i64, protocol: &str) -> Verdict {
    judge(policies, Direction::Out, from, to, to, port, protocol)
}

/// What enters `to`, judged by the policies of its namespace.
#[must_use]
pub fn entering(policies: &[Value], from: &Peer, to: &Peer, port: i64, protocol: &str) -> Verdict {
    if from.is_host && from.node == to.node {
        return Verdict::Open;
    }
    judge(policies, Direction::In, to, from, to, port, protocol)
}

/// `own` is the pod that is judged, `other` the far end, `target` the one whose port it is.
fn judge(
    policies: &[Value],
    direction: Direction,
    own: &Peer,
    other: &Peer,
    target: &Peer,
    port: i64,
    protocol: &str,
) -> Verdict {
    if own.pod.is_empty() || own.pod == other.pod {
        return Verdict::Open;
    }
    let mut selecting = Vec::new();
    for policy in policies {
        if policy.namespace() != own.namespace || !applies(policy, direction) {
            continue;
        }
        let spec = &policy["spec"];
        if !selects(&spec["podSelector"], &own.labels) {
            continue;
        }
        let ends = if direction == Direction::Out { "to" } else { "from" };
        for (rule, r) in spec[direction.list()].items().iter().enumerate() {
            if has_port(&r["ports"], target, port, protocol) && has_peer(&r[ends], other, policy.namespace())
            {
                return Verdict::Allowed { policy: policy.key(), rule };
            }
        }
        selecting.push(policy.key());
    }
    if selecting.is_empty() { Verdict::Open } else { Verdict::Denied { policies: selecting } }
}

/// Whether a policy restricts this direction at all.
fn applies(policy: &Value, direction: Direction) -> bool {
    let spec = &policy["spec"];
    let types = spec["policyTypes"].items();
    if types.is_empty() {
        return direction == Direction::In || !spec["egress"].items().is_empty();
    }
    let wanted = if direction == Direction::Out { "Egress" } else { "Ingress" };
    types.iter().any(|t| *t == wanted)
}

/// An empty selector selects everything; one that can't be read, nothing.
fn selects(selector: &Value, labels: &Value) -> bool {
    selector.is_null() || LabelSelector::from_value(selector).is_ok_and(|s| s.matches(labels))
}

fn has_port(ports: &Value, target: &Peer, port: i64, protocol: &str) -> bool {
    let ports = ports.items();
    ports.is_empty()
        || ports.iter().any(|p| {
            p["protocol"].as_str().unwrap_or("TCP") == protocol
                && match &p["port"] {
                    Value::Null => true,
                    Value::Str(name) => named_port(&target.spec, name, protocol) == Some(port),
                    first => {
                        let last = p["endPort"].as_int().unwrap_or(first.int());
                        (first.int()..=last).contains(&port)
                    }
                }
        })
}

/// The number of a pod's port by its name.
#[must_use]
pub fn named_port(spec: &Value, name: &str, protocol: &str) -> Option<i64> {
    let containers = spec["containers"]
        .items()
        .iter()
        .chain(spec["initContainers"].items().iter().filter(|c| c["restartPolicy"] == "Always"));
    containers
        .flat_map(|c| c["ports"].items())
        .find(|p| p["name"] == name && p["protocol"].as_str().unwrap_or("TCP") == protocol)
        .map(|p| p["containerPort"].int())
}

fn has_peer(peers: &Value, other: &Peer, namespace: &str) -> bool {
    let peers = peers.items();
    peers.is_empty() || peers.iter().any(|p| is_peer(p, other, namespace))
}

fn is_peer(peer: &Value, other: &Peer, namespace: &str) -> bool {
    let given = |field: &str| peer.find(field).filter(|v| !v.is_null());
    if let Some(block) = given("ipBlock") {
        let Some(ip) = address::v4(&other.ip) else { return false };
        let within = |text: &Value| Block::parse(text.text()).is_some_and(|b| b.contains(ip));
        return within(&block["cidr"]) && !block["except"].items().iter().any(within);
    }
    if other.pod.is_empty() {
        return false;
    }
    let by_namespace = match given("namespaceSelector") {
        Some(selector) => selects(selector, &other.namespace_labels),
        None => other.namespace == namespace,
    };
    let by_pod = given("podSelector").is_none_or(|s| selects(s, &other.labels));
    by_namespace && by_pod
}

#[cfg(test)]
mod tests;
