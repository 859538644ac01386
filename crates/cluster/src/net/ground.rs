//! The cluster as the network's walk sees it.

use std::sync::Arc;

use clock::Time;
use network::ingress::Controller;
use network::kube_proxy::choice::Turns;
use network::kube_proxy::{self, Endpoint, Rules};
use network::{Fault, Ground, KubeProxy, Listening, Owner, address};
use objects::{Str, Value};

use crate::part::Part;
use crate::{Cluster, FIRST_SERVER};

/// Nodes' addresses begin after this one: `172.18.0.2` is the first node's.
const FIRST_NODE: u32 = 0xac12_0002;

impl Cluster {
    /// The part that is the kubelet of the node that has an address, or whose pods' range it is in.
    pub(super) fn kubelet_at(&self, ip: &str) -> Option<usize> {
        let n = address::v4(ip)?;
        let by_node = n.checked_sub(FIRST_NODE).and_then(|i| self.net.kubelets.get(&i));
        let by_pod = || kubelet::node_of_pod(n).and_then(|i| self.net.kubelets.get(&i));
        let part = by_node.or_else(by_pod).copied()?;
        let known = self.parts[part].kubelet().is_some_and(|k| k.has_address(ip));
        known.then_some(part)
    }
}

impl Ground for Cluster {
    fn now(&self) -> Time {
        self.now
    }

    fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        self.object(resource, namespace, name).cloned()
    }

    fn list(&self, resource: &str, namespace: &str) -> Vec<Value> {
        self.api.objects(resource, namespace).cloned().collect()
    }

    fn owner(&self, ip: &str) -> Owner {
        let Some(k) = self.kubelet_at(ip).and_then(|p| self.parts[p].kubelet()) else { return Owner::Nobody };
        match k.pod_at(ip) {
            Some(key) => Owner::Pod { key: key.clone(), node: k.node().into() },
            None => Owner::Node(k.node().into()),
        }
    }

    fn listening(&mut self, ip: &str, port: i64) -> Listening {
        let Some(part) = self.kubelet_at(ip) else { return Listening::default() };
        let found = self.with_kubelet(part, |k, now| k.listening(ip, port, now));
        found.map_or_else(Listening::default, |(open, ports, runs)| Listening { open, ports, runs })
    }

    fn proxy(&mut self, node: &str) -> Option<&mut KubeProxy> {
        let part = self.net.proxies.get(node).copied()?;
        let now = self.now;
        let part = self.parts.get_mut(part)?;
        let runs = !part.is_down();
        let proxy = part.kube_proxy_mut()?;
        if runs {
            proxy.sync(now);
        }
        Some(proxy)
    }

    fn rules_now(&mut self, namespace: &str, name: &str) -> Option<Arc<Rules>> {
        let service = self.object("services", namespace, name)?.clone();
        let slices: Vec<&Value> = self.api.objects("endpointslices.discovery.k8s.io", namespace).collect();
        let slices: Vec<Value> = kube_proxy::slices_of(name, slices.iter().copied()).cloned().collect();
        let versions: Vec<Str> =
            slices.iter().chain([&service]).map(|o| o["metadata"]["resourceVersion"].to_str()).collect();
        let key = service.key();
        if let Some((_, rules)) = self.net.backends.get(&key).filter(|(known, _)| *known == versions) {
            return Some(rules.clone());
        }
        if self.net.backends.len() >= super::BACKENDS_MAX {
            self.net.backends.clear();
        }
        let rules = Arc::new(kube_proxy::rules_of(&service, slices.iter()));
        self.net.backends.insert(key, (versions, rules.clone()));
        Some(rules)
    }

    fn proxy_acts(&self, node: &str) -> bool {
        let part = self.net.proxies.get(node).and_then(|id| self.parts.get(*id));
        part.is_none_or(|p| !p.is_down())
    }

    fn is_linked(&self, node: &str) -> bool {
        self.node_fault(node).is_none()
    }

    fn turns(&mut self) -> &mut Turns {
        &mut self.net.turns
    }

    fn forwarded(&self, local: i64) -> Option<(Str, i64)> {
        let local = u16::try_from(local).ok()?;
        let (pod, port) = self.streams.values().find_map(|s| s.forwards(local))?;
        Some((pod, i64::from(port)))
    }

    fn published(&self, local: i64) -> Option<Str> {
        let is_server = FIRST_SERVER.rsplit(':').next().is_some_and(|port| port.parse() == Ok(local));
        is_server.then(|| self.server.advertise_address.clone())
    }

    fn takes(&mut self, e: &Endpoint) -> Result<(), Fault> {
        let Some(k) = self.kubelet(&e.node) else { return Err(Fault::Refused) };
        if k.hangs(&e.pod, e.port, self.now) {
            return Err(Fault::Slow);
        }
        let takes = k.takes(&e.pod, e.port, &self.depot, self.now);
        let takes = takes.unwrap_or_else(|| self.listening(&e.ip, e.port).open.is_some());
        if takes { Ok(()) } else { Err(Fault::Refused) }
    }

    fn host_port(&self, node: &str, port: i64, protocol: &str) -> Option<(Value, i64)> {
        let (key, to) = self.kubelet(node)?.host_port(port, protocol)?;
        let (namespace, name) = objects::meta::split_key(key);
        Some((self.object("pods", namespace, name)?.clone(), to))
    }

    fn controllers(&self) -> Vec<(Controller, Value)> {
        let Some(all) = self.parts.iter().find_map(Part::ingress_controllers) else { return Vec::new() };
        let mut namespaces: Vec<&str> = all.namespaces().collect();
        namespaces.dedup();
        let of = |p: &Value| Some((Controller::of(&p["spec"], p.namespace())?, p.clone()));
        namespaces.into_iter().flat_map(|n| self.api.objects("pods", n)).filter_map(of).collect()
    }

    fn has_dns_of_its_own(&self) -> bool {
        self.config.dns
    }
}
