//! kube-proxy: Services and EndpointSlices as one node knows them, and which rule an address meets.
//!
//! Owns: what this node has heard of, the index from addresses and node ports to Services. Does not own: the form of
//! a rule ([`rules`]), whose turn it is ([`choice`]; turns are counted for all nodes together).
//! Models `pkg/proxy` at the level of its rules, written at most once a second (`minSyncPeriod`): what changes sooner
//! waits, and until then the node sends to endpoints that are gone. A node that is cut off hears of nothing new: its
//! rules go stale.
//! Not modelled: how long a write of rules takes, conntrack, IPv6.

pub mod choice;
pub mod rules;

use std::sync::Arc;

use client::{Change, Component, Ctx, Interest};
use clock::{Millis, Time};
use objects::{Str, Value};
use ordered::BTreeMap;

pub use rules::{Endpoint, Rules, ServicePort, Via};

const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// The slices that are a Service's, of those of its namespace.
pub fn slices_of<'a>(
    service: &'a str,
    slices: impl Iterator<Item = &'a Value> + Clone,
) -> impl Iterator<Item = &'a Value> + Clone {
    slices.filter(move |s| s.labels()[SERVICE_LABEL] == service)
}

/// The rules of a Service, with the slices of its namespace.
#[must_use]
pub fn rules_of<'a>(service: &'a Value, slices: impl Iterator<Item = &'a Value> + Clone) -> Rules {
    Rules::make(service, slices_of(service.name(), slices))
}

/// At least so long between two writes of rules.
const MIN_SYNC_MS: Millis = 1_000;

/// What a rule made of an address.
#[derive(Clone, Debug, PartialEq)]
pub enum Match {
    /// No Service has the address: it is taken as it is.
    None,
    /// A port of a Service, by its place among the Service's ports.
    Port { rules: Arc<Rules>, index: usize, via: Via },
    /// The Service has the port for another protocol.
    OtherProtocol { rules: Arc<Rules>, index: usize },
    /// The Service has no such port.
    NoSuchPort { rules: Arc<Rules> },
    /// The node port that tells load balancers about local endpoints.
    HealthCheck { rules: Arc<Rules> },
}

/// One node's rules. Plain data.
#[derive(Clone, Debug, Default)]
pub struct KubeProxy {
    node: Str,
    services: BTreeMap<Str, Value>,
    /// By service key, then by slice name.
    slices: BTreeMap<Str, BTreeMap<Str, Value>>,
    service_by_ip: BTreeMap<Str, Str>,
    service_by_node_port: BTreeMap<i64, Vec<Str>>,
    /// Rules made since their Service or slices last changed.
    made: BTreeMap<Str, Arc<Rules>>,
    /// When it last heard of anything.
    heard: Time,
    /// What it has heard of and not made rules of.
    waiting: Vec<Change>,
    /// When rules were last written, or will be while something waits.
    synced: Time,
}

impl KubeProxy {
    pub fn new(node: impl Into<Str>) -> Self {
        Self { node: node.into(), ..Self::default() }
    }

    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    #[must_use]
    pub fn heard(&self) -> Time {
        self.heard
    }

    /// Writes the rules that are due by now.
    pub fn sync(&mut self, now: Time) {
        if now >= self.synced && !self.waiting.is_empty() {
            for change in std::mem::take(&mut self.waiting) {
                self.apply(&change);
            }
        }
    }

    fn apply(&mut self, change: &Change) {
        if change.resource == "services" {
            self.service_changed(change);
        } else {
            self.slice_changed(change);
        }
    }

    /// What a connection to `ip:port` meets on this node, node ports left aside.
    pub fn match_address(&mut self, ip: &str, port: i64, protocol: &str) -> Match {
        let Some(key) = self.service_by_ip.get(ip).cloned() else { return Match::None };
        let Some(rules) = self.rules(&key) else { return Match::None };
        let via = rules.via(ip);
        let found = |p: &ServicePort| p.port == port;
        if let Some(index) = rules.ports.iter().position(|p| found(p) && p.protocol == protocol) {
            return Match::Port { rules, index, via };
        }
        match rules.ports.iter().position(found) {
            Some(index) => Match::OtherProtocol { rules, index },
            None => Match::NoSuchPort { rules },
        }
    }

    /// What a connection to this node's own address meets.
    pub fn match_node_port(&mut self, port: i64, protocol: &str) -> Match {
        let keys = self.service_by_node_port.get(&port).cloned().unwrap_or_default();
        let mut other = Match::None;
        for key in keys {
            let Some(rules) = self.rules(&key) else { continue };
            if rules.health_check_port == port {
                return Match::HealthCheck { rules };
            }
            for (index, p) in rules.ports.iter().enumerate() {
                if p.node_port == port && p.protocol == protocol {
                    return Match::Port { rules, index, via: Via::NodePort };
                }
                if p.node_port == port {
                    other = Match::OtherProtocol { rules: Arc::clone(&rules), index };
                }
            }
        }
        other
    }

    /// The rules of a Service by `namespace/name`, made when first asked for.
    pub fn rules(&mut self, key: &str) -> Option<Arc<Rules>> {
        if let Some(known) = self.made.get(key) {
            return Some(Arc::clone(known));
        }
        let service = self.services.get(key)?;
        let slices = self.slices.get(key).into_iter().flat_map(|s| s.values());
        let rules = Arc::new(Rules::make(service, slices));
        self.made.insert(key.into(), Arc::clone(&rules));
        Some(rules)
    }

    /// The rules of all Services.
    pub fn all(&mut self) -> Vec<Arc<Rules>> {
        let keys: Vec<Str> = self.services.keys().cloned().collect();
        keys.iter().filter_map(|key| self.rules(key)).collect()
    }

    fn forget_service(&mut self, service: &Value) {
        for ip in rules::addresses(service) {
            self.service_by_ip.remove(&ip);
        }
        let key = service.key();
        for port in rules::node_ports(service) {
            if let Some(keys) = self.service_by_node_port.get_mut(&port) {
                keys.retain(|k| *k != key);
                if keys.is_empty() {
                    self.service_by_node_port.remove(&port);
                }
            }
        }
    }

    fn service_changed(&mut self, change: &Change) {
        let key = change.key();
        if let Some(old) = self.services.remove(&key) {
            self.forget_service(&old);
        }
        self.made.remove(&key);
        if change.is_deleted() {
            return;
        }
        for ip in rules::addresses(&change.object) {
            self.service_by_ip.insert(ip, key.clone());
        }
        for port in rules::node_ports(&change.object) {
            self.service_by_node_port.entry(port).or_default().push(key.clone());
        }
        self.services.insert(key, change.object.clone());
    }

    fn slice_changed(&mut self, change: &Change) {
        let service = change.object.labels()[SERVICE_LABEL].text();
        let key = Str::from(format!("{}/{service}", change.namespace));
        self.made.remove(&key);
        let slices = self.slices.entry(key.clone()).or_default();
        if change.is_deleted() {
            slices.remove(&change.name);
            if slices.is_empty() {
                self.slices.remove(&key);
            }
        } else {
            slices.insert(change.name.clone(), change.object.clone());
        }
    }
}

impl Component for KubeProxy {
    fn interests(&self) -> Vec<Interest> {
        vec![Interest::All("services".into()), Interest::All("endpointslices.discovery.k8s.io".into())]
    }

    fn deliver(&mut self, change: &Change, now: Time) {
        self.heard = now;
        self.sync(now);
        let again = now == self.synced || now.since(self.synced) >= MIN_SYNC_MS;
        if self.waiting.is_empty() && again {
            self.synced = now;
            self.apply(change);
        } else {
            if self.waiting.is_empty() {
                self.synced = self.synced + MIN_SYNC_MS;
            }
            self.waiting.push(change.clone());
        }
    }

    fn next_wake(&self) -> Option<Time> {
        None
    }

    fn wake(&mut self, _ctx: &mut Ctx<'_>) {}
}

#[cfg(test)]
mod tests;
