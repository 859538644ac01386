//! From an address and port to whoever has them: load balancers, kube-proxy's rules, policies, wires.

use std::sync::Arc;

use objects::{Str, Value};

use super::{INTERNET_MS, ROUND_TRIP_MS, Walk};
use crate::address;
use crate::dns::outside;
use crate::ground::{Ground, Owner};
use crate::kube_proxy::choice::{Here, How, candidates};
use crate::kube_proxy::{Match, Rules, ServicePort, Via};
use crate::path::{Code, Fault, Hop, LEARNER_IP, Source, Stage};
use crate::policy::{self, Peer, Verdict};

/// Where a connection ends inside the cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct End {
    pub ip: Str,
    pub port: i64,
    pub node: Str,
    /// `namespace/name`; `""` for an address that is no pod's.
    pub pod: Str,
    /// The Service it came through, and which of its ports.
    pub service: Str,
    pub service_port: i64,
    /// Where in the Service that port stands.
    pub port_index: usize,
    /// The address the server sees.
    pub client: Str,
}

/// Where a connection ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Destination {
    Inside(End),
    /// Outside the cluster.
    Outside(Str),
    /// The node answers a load balancer's question itself: how many local endpoints there are.
    HealthCheck {
        service: Str,
        local: usize,
    },
}

impl<G: Ground> Walk<'_, G> {
    /// Follows a connection from the source to `ip:port`.
    ///
    /// # Errors
    /// What its sender is told, or is left without: the last hop says why.
    pub fn connect(&mut self, ip: &str, port: i64, protocol: &str) -> Result<Destination, Fault> {
        self.took_ms += ROUND_TRIP_MS;
        if address::v4(ip).is_none() {
            let hop = Hop::failed(Stage::Wire, Code::NoRoute).fact("machine", self.source.label());
            return self.fail(hop.fact("ip", ip), Fault::Unreachable);
        }
        let node = Str::from(self.source.node());
        if node.is_empty() {
            return self.enter_from_outside(ip, port, protocol);
        }
        if ip.starts_with("127.") {
            return self.stay_inside(port);
        }
        if !self.ground.is_linked(&node) {
            let when = self.ground.proxy(&node).map_or(clock::Time::EPOCH, |p| p.heard());
            let hop = Hop::new(Stage::Rule, Code::StaleRules).fact("node", node.clone());
            self.push(hop.fact("when", when.rfc3339()));
        }
        let met = self.ground.proxy(&node).map_or(Match::None, |p| p.match_address(ip, port, protocol));
        let met = match (met, self.ground.owner(ip)) {
            // A node's own rules hold at whichever node's address is asked for; the packet is rewritten here.
            (Match::None, Owner::Node(at)) => {
                let found = self.ground.proxy(&at).map_or(Match::None, |p| p.match_node_port(port, protocol));
                if found != Match::None || self.ground.host_port(&at, port, protocol).is_some() {
                    return self.at_node_port(found, &at, ip, port, protocol);
                }
                Match::None
            }
            (met, _) => met,
        };
        self.by_rule(met, &node, ip, port, protocol)
    }

    /// Follows a connection that is open already: nothing is chosen anew.
    ///
    /// # Errors
    /// Its end is gone, or out of reach.
    pub fn go_on(&mut self, ip: &str, port: i64, protocol: &str) -> Result<Destination, Fault> {
        self.took_ms += ROUND_TRIP_MS;
        let hop = Hop::new(Stage::Choice, Code::ConnectionKept).fact("ip", ip).number("port", port);
        self.push(hop);
        let client = Str::from(self.source.ip());
        self.take_address(End { ip: ip.into(), port, client, ..End::default() }, protocol)
    }

    /// A connection from outside: to a load balancer, a node's port, or an external address.
    fn enter_from_outside(&mut self, ip: &str, port: i64, protocol: &str) -> Result<Destination, Fault> {
        let learner = self.source == Source::Learner;
        if !learner {
            self.took_ms += INTERNET_MS;
        }
        if learner && (ip.starts_with("127.") || ip == LEARNER_IP) {
            return self.follow_forward(port);
        }
        if learner && let Owner::Node(node) = self.ground.owner(ip) {
            return self.at_node(&node, ip, port, protocol);
        }
        if let Some(service) = self.balanced(ip) {
            return self.at_load_balancer(&service, ip, port, protocol);
        }
        if outside::is_outside(ip) {
            self.push(Hop::new(Stage::Wire, Code::LeavesCluster).fact("ip", ip));
            return Ok(Destination::Outside(ip.into()));
        }
        let hop = Hop::failed(Stage::Wire, Code::NoRoute).fact("machine", self.source.label());
        self.fail(hop.fact("ip", ip), Fault::TimedOut)
    }

    /// The Service that has a load balancer of this address.
    fn balanced(&self, ip: &str) -> Option<Value> {
        let has = |s: &Value| s["status"]["loadBalancer"]["ingress"].items().iter().any(|i| i["ip"] == ip);
        self.ground.list("services", "").into_iter().find(has)
    }

    fn at_load_balancer(
        &mut self,
        service: &Value,
        ip: &str,
        port: i64,
        protocol: &str,
    ) -> Result<Destination, Fault> {
        let (spec, key) = (&service["spec"], service.key());
        let ports = spec["ports"].items();
        let fits = |p: &&Value| p["port"].int() == port;
        let spoken = |p: &&Value| p["protocol"].as_str().unwrap_or("TCP") == protocol;
        let Some(wanted) = ports.iter().filter(fits).find(spoken) else {
            let hop = match ports.iter().position(|p| fits(&p)) {
                Some(i) => {
                    wrong_protocol(&key, i, port, ports[i]["protocol"].as_str().unwrap_or("TCP"), protocol)
                }
                None => {
                    let all: Vec<String> = ports
                        .iter()
                        .map(|p| format!("{}/{}", p["port"].int(), p["protocol"].text()))
                        .collect();
                    no_such_port(&key, ip, port, &all.join(", "))
                }
            };
            return self.fail(hop, Fault::TimedOut);
        };
        let ranges: Vec<&str> = spec["loadBalancerSourceRanges"].items().iter().map(Value::text).collect();
        let own = address::v4(self.source.ip()).unwrap_or(0);
        if !ranges.is_empty() && !address::any_contains(&ranges.join(","), own) {
            let hop = Hop::failed(Stage::LoadBalancer, Code::LoadBalancerSource).fact("service", key.clone());
            let hop = hop.fact("ranges", ranges.join(", ")).fact("ip", self.source.ip());
            return self.fail(hop.look("Service", &key, "spec.loadBalancerSourceRanges"), Fault::TimedOut);
        }
        let nodes = self.healthy_nodes(&key);
        if nodes.is_empty() {
            let hop =
                Hop::failed(Stage::LoadBalancer, Code::LoadBalancerNoNodes).fact("service", key.clone());
            let look = if spec["externalTrafficPolicy"] == "Local" {
                "spec.externalTrafficPolicy"
            } else {
                "status"
            };
            return self.fail(hop.fact("ip", ip).look("Service", &key, look), Fault::TimedOut);
        }
        let turn = self.ground.turns().next(&format!("lb/{key}/{port}")) as usize;
        let node = nodes[turn % nodes.len()].clone();
        let node_port = wanted["nodePort"].int();
        let hop =
            Hop::new(Stage::LoadBalancer, Code::LoadBalancer).fact("ip", ip).fact("service", key.clone());
        let mut hop =
            hop.fact("node", node.clone()).number("port", if node_port > 0 { node_port } else { port });
        hop.alternatives = nodes;
        self.push(hop);
        if node_port > 0 {
            let node_ip = self.node_ip(&node);
            return self.at_node(&node, &node_ip, node_port, protocol);
        }
        let met = self.ground.proxy(&node).map_or(Match::None, |p| p.match_address(ip, port, protocol));
        self.by_rule(met, &node, ip, port, protocol)
    }

    /// Nodes that a load balancer may use: linked, not excluded, and with a local endpoint where that is asked for.
    fn healthy_nodes(&mut self, service: &str) -> Vec<Str> {
        let names: Vec<Str> = self
            .ground
            .list("nodes", "")
            .iter()
            .filter(|n| n.labels().find("node.kubernetes.io/exclude-from-external-load-balancers").is_none())
            .map(|n| n.name().into())
            .collect();
        let mut healthy = Vec::new();
        for node in names {
            if !self.ground.is_linked(&node) {
                continue;
            }
            let Some(rules) = self.ground.proxy(&node).and_then(|p| p.rules(service)) else { continue };
            let local = |p: &ServicePort| p.endpoints.iter().any(|e| e.node == node && e.ready);
            if !rules.external_local || rules.ports.iter().any(local) {
                healthy.push(node);
            }
        }
        healthy
    }

    /// A packet that arrives at a node's address from outside.
    fn at_node(&mut self, node: &Str, ip: &str, port: i64, protocol: &str) -> Result<Destination, Fault> {
        if !self.ground.is_linked(node) {
            let hop = Hop::failed(Stage::Wire, Code::NodeCutOff).fact("node", node.clone());
            return self.fail(hop.look("Node", node, "status.conditions"), Fault::TimedOut);
        }
        let met = self.ground.proxy(node).map_or(Match::None, |p| p.match_node_port(port, protocol));
        self.at_node_port(met, node, ip, port, protocol)
    }

    fn at_node_port(
        &mut self,
        met: Match,
        node: &Str,
        ip: &str,
        port: i64,
        protocol: &str,
    ) -> Result<Destination, Fault> {
        match met {
            Match::None if self.ground.host_port(node, port, protocol).is_some() => {
                let Some((pod, to)) = self.ground.host_port(node, port, protocol) else {
                    return Err(Fault::Refused);
                };
                let hop =
                    Hop::new(Stage::Rule, Code::HostPort).fact("node", node.clone()).number("port", port);
                self.push(hop.fact("pod", pod.key()).number("to", to));
                let (ip, client) = (pod["status"]["podIP"].to_str(), Str::from(self.source.ip()));
                let outside = self.source.node().is_empty();
                let end = End { ip, port: to, client, ..End::default() };
                self.reach_address(end, protocol, if outside { node } else { "" })
            }
            Match::None => self.deliver(End {
                ip: ip.into(),
                port,
                node: node.clone(),
                client: self.source.ip().into(),
                ..End::default()
            }),
            Match::HealthCheck { rules } => {
                let local =
                    |p: &ServicePort| p.endpoints.iter().filter(|e| e.node == *node && e.ready).count();
                let local = rules.ports.first().map_or(0, local);
                let hop = Hop::new(Stage::Rule, Code::HealthCheckPort).fact("node", node.clone());
                self.push(hop.fact("service", rules.service.clone()).number("count", local as i64));
                Ok(Destination::HealthCheck { service: rules.service.clone(), local })
            }
            other => self.by_rule(other, node, ip, port, protocol),
        }
    }

    /// Follows what the rules of `node` made of an address.
    fn by_rule(
        &mut self,
        met: Match,
        node: &Str,
        ip: &str,
        port: i64,
        protocol: &str,
    ) -> Result<Destination, Fault> {
        match met {
            Match::Port { rules, index, via } => self.through_service(&rules, index, via, node, ip, port),
            Match::OtherProtocol { rules, index } => {
                let has = rules.ports[index].protocol.clone();
                let hop = wrong_protocol(&rules.service, index, port, &has, protocol);
                self.fail(hop, Fault::TimedOut)
            }
            Match::NoSuchPort { rules } => {
                let hop = no_such_port(&rules.service, ip, port, &rules.port_list());
                self.fail(hop, Fault::TimedOut)
            }
            Match::HealthCheck { .. } | Match::None => {
                let client = Str::from(self.source.ip());
                self.take_address(End { ip: ip.into(), port, client, ..End::default() }, protocol)
            }
        }
    }

    fn through_service(
        &mut self,
        rules: &Arc<Rules>,
        index: usize,
        via: Via,
        node: &Str,
        ip: &str,
        port: i64,
    ) -> Result<Destination, Fault> {
        let p = &rules.ports[index];
        let code = match via {
            Via::NodePort => Code::NodePortRule,
            Via::ExternalIp => Code::ExternalIpRule,
            Via::ClusterIp | Via::LoadBalancer => Code::ServiceRule,
        };
        let hop = Hop::new(Stage::Rule, code).fact("node", node.clone()).fact("ip", ip).number("port", port);
        let name = if p.name.is_empty() { Str::from(p.port.to_string()) } else { p.name.clone() };
        self.push(hop.fact("service", rules.service.clone()).fact("name", name));
        let zone = self.zone(node);
        let (from, ending) = candidates(rules, p, via, Here { node, zone: &zone });
        let (now, client) = (self.ground.now(), Str::from(self.source.ip()));
        let chosen = self.ground.turns().choose(rules, p, &from, &client, now);
        let Some((endpoint, how)) = chosen else {
            let local = if via.is_external() { rules.external_local } else { rules.internal_local };
            let elsewhere = p.endpoints.iter().any(|e| e.ready);
            if local && elsewhere {
                let field = if via.is_external() { "externalTrafficPolicy" } else { "internalTrafficPolicy" };
                let hop =
                    Hop::failed(Stage::Choice, Code::NoLocalEndpoints).fact("service", rules.service.clone());
                let hop = hop.fact("policy", field).fact("node", node.clone());
                // Such packets are dropped, not rejected.
                return self
                    .fail(hop.look("Service", &rules.service, format!("spec.{field}")), Fault::TimedOut);
            }
            let hop = self.why_no_endpoints(rules, index);
            return self.fail(hop, Fault::Refused);
        };
        let code = match how {
            How::Sticky => Code::ChosenSticky,
            How::Terminating => Code::ChosenTerminating,
            How::Turn if ending => Code::ChosenTerminating,
            How::Turn if from.len() == 1 => Code::ChosenOnly,
            How::Turn => Code::Chosen,
        };
        let hop = Hop::new(Stage::Choice, code).fact("pod", endpoint.label());
        let mut hop = hop.fact("ip", endpoint.ip.clone()).number("port", endpoint.port);
        hop.alternatives = from.iter().map(|e| e.label()).collect();
        self.push(hop);
        // What comes from outside through any node is sent on in that node's name, unless the policy is Local.
        let inside = !self.source.node().is_empty();
        let masked = via.is_external() && !rules.external_local && !inside;
        let client = if masked { self.node_ip(node) } else { client };
        let end = End {
            ip: endpoint.ip.clone(),
            port: endpoint.port,
            node: endpoint.node.clone(),
            pod: endpoint.pod.clone(),
            service: rules.service.clone(),
            service_port: p.port,
            port_index: index,
            client,
        };
        self.reach_address(end, &p.protocol, if inside { "" } else { node })
    }

    fn take_address(&mut self, end: End, protocol: &str) -> Result<Destination, Fault> {
        self.reach_address(end, protocol, "")
    }

    /// To an address as it is after all rewriting; `via` is the node it came in by, if not the source's own.
    fn reach_address(&mut self, mut end: End, protocol: &str, via: &str) -> Result<Destination, Fault> {
        let from_node = if via.is_empty() { Str::from(self.source.node()) } else { via.into() };
        let mut from = self.source_peer();
        if !via.is_empty() && end.client != self.source.ip() {
            from = Peer { node: via.into(), is_host: true, ..Peer::of_address(&end.client) };
        }
        let owner = self.ground.owner(&end.ip);
        let to = match &owner {
            Owner::Pod { key, node } => {
                end.pod = key.clone();
                end.node = node.clone();
                self.pod(key).map_or_else(|| Peer::of_address(&end.ip), |p| Peer::of_pod(self.ground, &p))
            }
            Owner::Node(name) => {
                end.node = name.clone();
                Peer { node: name.clone(), is_host: true, ..Peer::of_address(&end.ip) }
            }
            Owner::Nobody => Peer::of_address(&end.ip),
        };
        self.leave_peer(&from, &to, end.port, protocol)?;
        if owner == Owner::Nobody {
            if outside::is_outside(&end.ip) {
                self.push(Hop::new(Stage::Wire, Code::LeavesCluster).fact("ip", end.ip.clone()));
                return Ok(Destination::Outside(end.ip));
            }
            if let Some(service) = self.balanced(&end.ip) {
                let ip = end.ip.clone();
                return self.at_load_balancer(&service, &ip, end.port, protocol);
            }
            let hop = Hop::failed(Stage::Wire, Code::NobodyThere).fact("ip", end.ip.clone());
            let hop = if end.service.is_empty() {
                hop
            } else {
                hop.look("Service", &end.service.clone(), "endpoints")
            };
            return self.fail(hop, Fault::TimedOut);
        }
        if !end.pod.is_empty() && end.pod == self.source.pod() {
            self.push(Hop::new(Stage::Wire, Code::SamePod).fact("pod", end.pod.clone()));
        } else if from_node == end.node {
            self.push(Hop::new(Stage::Wire, Code::SameNode).fact("node", from_node));
        } else {
            for node in [&from_node, &end.node] {
                if !self.ground.is_linked(node) {
                    let hop = Hop::failed(Stage::Wire, Code::NodeCutOff).fact("node", node.clone());
                    return self.fail(hop.look("Node", node, "status.conditions"), Fault::TimedOut);
                }
            }
            let hop = Hop::new(Stage::Wire, Code::OtherNode).fact("from", from_node);
            self.push(hop.fact("node", end.node.clone()));
        }
        self.enter(&from, &to, &end, protocol)?;
        Ok(Destination::Inside(end))
    }

    fn deliver(&mut self, end: End) -> Result<Destination, Fault> {
        self.push(Hop::new(Stage::Wire, Code::SameNode).fact("node", end.node.clone()));
        Ok(Destination::Inside(end))
    }

    /// A port of the learner's own machine: kubectl may carry it to a pod, past Services and policies.
    fn follow_forward(&mut self, port: i64) -> Result<Destination, Fault> {
        let Some((key, to)) = self.ground.forwarded(port) else {
            let hop = Hop::failed(Stage::Forward, Code::NoForward).number("port", port);
            return self.fail(hop.fact("machine", self.source.label()), Fault::Refused);
        };
        let pod = self.pod(&key).unwrap_or_default();
        let hop = Hop::new(Stage::Forward, Code::Forwarded).number("local", port);
        self.push(hop.fact("pod", key.clone()).number("port", to));
        Ok(Destination::Inside(End {
            client: "127.0.0.1".into(),
            ip: pod["status"]["podIP"].to_str(),
            node: pod["spec"]["nodeName"].to_str(),
            port: to,
            pod: key,
            ..End::default()
        }))
    }

    fn stay_inside(&mut self, port: i64) -> Result<Destination, Fault> {
        let (pod, ip) = (Str::from(self.source.pod()), Str::from(self.source.ip()));
        let at = if pod.is_empty() { Str::from(self.source.node()) } else { pod.clone() };
        self.push(Hop::new(Stage::Wire, Code::SamePod).fact("pod", at));
        let node = Str::from(self.source.node());
        Ok(Destination::Inside(End { client: "127.0.0.1".into(), ip, port, node, pod, ..End::default() }))
    }

    /// Whether the policies of the source's namespace let a packet out to an address.
    pub(super) fn leave(&mut self, ip: &str, port: i64, protocol: &str, _why: &str) -> Result<(), Fault> {
        let (from, to) = (self.source_peer(), Peer::of_address(ip));
        self.leave_peer(&from, &to, port, protocol)
    }

    /// The same for the DNS of a cluster that runs none: its pods are imagined as kubeadm makes them.
    pub(super) fn dns_policy(&mut self, server: &str) -> Result<(), Fault> {
        let from = self.source_peer();
        let namespace = "kube-system";
        let labels = self.ground.get("namespaces", "", namespace).unwrap_or_default().labels().clone();
        let to = Peer {
            pod: "kube-system/coredns".into(),
            namespace: namespace.into(),
            labels: objects::value!({"k8s-app": "kube-dns"}),
            namespace_labels: labels,
            ..Peer::of_address(server)
        };
        let before = self.hops.len();
        let passed = self.leave_peer(&from, &to, 53, "UDP");
        if passed.is_ok() {
            self.hops.truncate(before);
        }
        passed
    }

    fn leave_peer(&mut self, from: &Peer, to: &Peer, port: i64, protocol: &str) -> Result<(), Fault> {
        if from.pod.is_empty() {
            return Ok(());
        }
        let policies = self.ground.list("networkpolicies.networking.k8s.io", &from.namespace);
        match policy::leaving(&policies, from, to, port, protocol) {
            Verdict::Open => {
                self.push(Hop::new(Stage::Policy, Code::NoPolicyOut).fact("pod", from.pod.clone()))
            }
            Verdict::Allowed { policy, .. } => {
                let hop = Hop::new(Stage::Policy, Code::PolicyAllowsOut).fact("policy", policy);
                self.push(hop.fact("pod", from.pod.clone()));
            }
            Verdict::Denied { policies } => {
                let code = if port == 53 { Code::PolicyDeniesDns } else { Code::PolicyDeniesOut };
                let hop = denied(code, &policies, &from.pod, &to.label(), port, protocol);
                let hop = hop.look("NetworkPolicy", &policies[0], "spec.egress");
                return self.fail(hop, Fault::TimedOut);
            }
        }
        Ok(())
    }

    fn enter(&mut self, from: &Peer, to: &Peer, end: &End, protocol: &str) -> Result<(), Fault> {
        if to.pod.is_empty() {
            return Ok(());
        }
        let policies = self.ground.list("networkpolicies.networking.k8s.io", &to.namespace);
        match policy::entering(&policies, from, to, end.port, protocol) {
            Verdict::Open => self.push(Hop::new(Stage::Policy, Code::NoPolicyIn).fact("pod", to.pod.clone())),
            Verdict::Allowed { policy, .. } => {
                let hop = Hop::new(Stage::Policy, Code::PolicyAllowsIn).fact("policy", policy);
                self.push(hop.fact("pod", to.pod.clone()));
            }
            Verdict::Denied { policies } => {
                let hop = denied(Code::PolicyDeniesIn, &policies, &to.pod, &from.label(), end.port, protocol);
                let hop = hop.look("NetworkPolicy", &policies[0], "spec.ingress");
                return self.fail(hop, Fault::TimedOut);
            }
        }
        Ok(())
    }
}

fn denied(code: Code, policies: &[Str], pod: &Str, peer: &Str, port: i64, protocol: &str) -> Hop {
    let hop = Hop::failed(Stage::Policy, code).fact("policy", policies.join(", ")).fact("pod", pod.clone());
    hop.fact("peer", peer.clone()).number("port", port).fact("protocol", protocol)
}

fn wrong_protocol(service: &Str, index: usize, port: i64, has: &str, wants: &str) -> Hop {
    let hop = Hop::failed(Stage::Rule, Code::WrongProtocol).fact("service", service.clone());
    let hop = hop.number("port", port).fact("has", has).fact("wants", wants);
    hop.look("Service", service, format!("spec.ports[{index}].protocol"))
}

fn no_such_port(service: &Str, ip: &str, port: i64, ports: &str) -> Hop {
    let hop =
        Hop::failed(Stage::Rule, Code::NoSuchServicePort).fact("ip", ip).fact("service", service.clone());
    hop.number("port", port).fact("ports", ports).look("Service", service, "spec.ports")
}
