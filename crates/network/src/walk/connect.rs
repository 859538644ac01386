//! From an address and port to whoever has them: kube-proxy's rules at the node, then wires.
//!
//! Packets meet the rules of the node they are at: those of a node's own processes and pods their node's, those for
//! another node's address that node's. A packet that kube-proxy masquerades is sent on in the node's name.
//! Not modelled: which of a node's addresses that name is (its first is always taken).

use std::sync::Arc;

use objects::Str;

use super::{ROUND_TRIP_MS, Walk};
use crate::address;
use crate::dns::outside;
use crate::ground::{Ground, Owner};
use crate::kube_proxy::choice::{Here, How, candidates};
use crate::kube_proxy::{Match, Rules, ServicePort, Via};
use crate::path::{Code, Fault, Hop, Source, Stage};
use crate::policy::Peer;

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
    /// It came by `127.0.0.1`: servers that listen only there take it.
    pub loopback: bool,
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

/// Who sends a packet, to the node whose rules it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// A process in the node's own network.
    Itself,
    /// A pod of the node.
    Pod,
    /// Somebody on another machine.
    Afar,
}

/// A packet at a node.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) node: Str,
    pub(super) sender: Sender,
    /// The address it comes from.
    pub(super) client: Str,
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
        let Some(mut here) = self.departure() else { return self.enter_from_outside(ip, port, protocol) };
        let loopback = ip.starts_with("127.");
        if loopback && here.sender == Sender::Pod {
            return self.stay_inside(&here, port);
        }
        let node = here.node.clone();
        if loopback {
            here.client = Str::new_static("127.0.0.1");
            let met = self.match_at(&node, ip, port, protocol);
            return self.at_node_port(met, &here, ip, port, protocol);
        }
        match self.ground.owner(ip) {
            Owner::Node(at) if at == node => {
                let met = self.match_at(&at, ip, port, protocol);
                self.at_node_port(met, &here, ip, port, protocol)
            }
            Owner::Node(at) => self.at_other_node(&here, at, ip, port, protocol),
            _ => {
                let met =
                    self.ground.proxy(&node).map_or(Match::None, |p| p.match_address(ip, port, protocol));
                self.by_rule(met, &here, ip, port, protocol)
            }
        }
    }

    /// Follows a connection that is open already: nothing is chosen anew. `client` is the address that its server sees.
    ///
    /// # Errors
    /// Its end is gone, or out of reach.
    pub fn go_on(&mut self, ip: &str, port: i64, client: &str, protocol: &str) -> Result<Destination, Fault> {
        self.took_ms += ROUND_TRIP_MS;
        let hop = Hop::new(Stage::Choice, Code::ConnectionKept).fact("ip", ip).number("port", port);
        self.push(hop);
        let here = self.departure().unwrap_or_else(|| {
            let node = match self.ground.owner(ip) {
                Owner::Pod { node, .. } | Owner::Node(node) => node,
                Owner::Nobody => Str::default(),
            };
            Arrival { node, sender: Sender::Afar, client: self.source.ip().into() }
        });
        let loopback = client == "127.0.0.1";
        let end = End { ip: ip.into(), port, client: client.into(), loopback, ..End::default() };
        self.reach_address(end, protocol, &here)
    }

    /// A packet at the node it leaves from; none from outside the cluster.
    fn departure(&self) -> Option<Arrival> {
        let sender = match &self.source {
            Source::Pod { host_network: false, .. } => Sender::Pod,
            Source::Pod { .. } | Source::Node { .. } => Sender::Itself,
            Source::Learner | Source::Internet => return None,
        };
        let client = Str::from(self.source.ip());
        Some(Arrival { node: self.source.node().into(), sender, client })
    }

    /// What a connection to one of a node's own addresses meets there: an external address of a Service may be one.
    pub(super) fn match_at(&mut self, node: &str, ip: &str, port: i64, protocol: &str) -> Match {
        let Some(proxy) = self.ground.proxy(node) else { return Match::None };
        match proxy.match_address(ip, port, protocol) {
            found @ Match::Port { .. } => found,
            _ => proxy.match_node_port(port, protocol),
        }
    }

    /// To another node's address: out of the sender's own node in that node's name, then by the rules of the other.
    fn at_other_node(
        &mut self,
        here: &Arrival,
        at: Str,
        ip: &str,
        port: i64,
        protocol: &str,
    ) -> Result<Destination, Fault> {
        if here.sender == Sender::Pod {
            let (from, to) = (self.source_peer(), Peer::of_node(&at, ip));
            self.leave_peer(&from, &to, port, protocol)?;
        }
        self.cross(&here.node, &at)?;
        let there = Arrival { client: self.node_ip(&here.node), sender: Sender::Afar, node: at };
        let met = self.match_at(&there.node, ip, port, protocol);
        self.at_node_port(met, &there, ip, port, protocol)
    }

    /// A packet that arrives at a node's address from outside.
    pub(super) fn at_node(
        &mut self,
        node: &Str,
        ip: &str,
        port: i64,
        protocol: &str,
    ) -> Result<Destination, Fault> {
        if !self.ground.is_linked(node) {
            return self.cut_off(node);
        }
        let client = match self.source.node() {
            "" => Str::from(self.source.ip()),
            own => self.node_ip(own),
        };
        let there = Arrival { node: node.clone(), sender: Sender::Afar, client };
        let met = self.match_at(node, ip, port, protocol);
        self.at_node_port(met, &there, ip, port, protocol)
    }

    fn at_node_port(
        &mut self,
        met: Match,
        here: &Arrival,
        ip: &str,
        port: i64,
        protocol: &str,
    ) -> Result<Destination, Fault> {
        let node = &here.node;
        match met {
            Match::None | Match::NoSuchPort { .. } => match self.ground.host_port(node, port, protocol) {
                Some((pod, to)) => {
                    let hop =
                        Hop::new(Stage::Rule, Code::HostPort).fact("node", node.clone()).number("port", port);
                    self.push(hop.fact("pod", pod.key()).number("to", to));
                    let client = self.not_loopback(here);
                    let ip = pod["status"]["podIP"].to_str();
                    self.reach_address(End { ip, port: to, client, ..End::default() }, protocol, here)
                }
                None => self.stay_at_node(here, ip, port, protocol),
            },
            // The node itself answers what no rule takes.
            Match::OtherProtocol { rules, index } if rules.ports[index].node_port == port => {
                let has = rules.ports[index].protocol.clone();
                let hop = wrong_protocol(&rules.service, index, port, &has, protocol);
                self.fail(hop, Fault::Refused)
            }
            Match::HealthCheck { rules } => {
                let local =
                    |p: &ServicePort| p.endpoints.iter().filter(|e| e.node == *node && e.ready).count();
                let local = rules.ports.first().map_or(0, local);
                let hop = Hop::new(Stage::Rule, Code::HealthCheckPort).fact("node", node.clone());
                self.push(hop.fact("service", rules.service.clone()).number("count", local as i64));
                Ok(Destination::HealthCheck { service: rules.service.clone(), local })
            }
            other => self.by_rule(other, here, ip, port, protocol),
        }
    }

    /// Follows what the rules of a node made of an address.
    pub(super) fn by_rule(
        &mut self,
        met: Match,
        here: &Arrival,
        ip: &str,
        port: i64,
        protocol: &str,
    ) -> Result<Destination, Fault> {
        match met {
            Match::Port { rules, index, via } => self.through_service(&rules, index, via, here, ip, port),
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
                let client = here.client.clone();
                self.reach_address(End { ip: ip.into(), port, client, ..End::default() }, protocol, here)
            }
        }
    }

    fn through_service(
        &mut self,
        rules: &Arc<Rules>,
        index: usize,
        via: Via,
        here: &Arrival,
        ip: &str,
        port: i64,
    ) -> Result<Destination, Fault> {
        let (p, node) = (&rules.ports[index], &here.node);
        let stale = match (self.ground.is_linked(node), self.ground.proxy_acts(node)) {
            (false, _) => Some(Code::StaleRules),
            (true, false) => Some(Code::ProxyDown),
            (true, true) => None,
        };
        if let Some(code) = stale {
            let hop = Hop::new(Stage::Rule, code).fact("node", node.clone());
            let when = self.heard(node);
            self.push(hop.fact("when", when));
        }
        let code = match via {
            Via::NodePort => Code::NodePortRule,
            Via::ExternalIp => Code::ExternalIpRule,
            Via::ClusterIp | Via::LoadBalancer => Code::ServiceRule,
        };
        let hop = Hop::new(Stage::Rule, code).fact("node", node.clone()).fact("ip", ip).number("port", port);
        let name = if p.name.is_empty() { Str::from(p.port.to_string()) } else { p.name.clone() };
        self.push(hop.fact("service", rules.service.clone()).fact("name", name));
        if via == Via::LoadBalancer && !rules.lets_in(&here.client) {
            return self.not_in_ranges(&rules.service, &rules.source_ranges, &here.client);
        }
        let zone = self.zone(node);
        // Who is on the node already is not held to its policy for traffic from outside.
        let local = rules.local_only(via) && (!via.is_external() || here.sender == Sender::Afar);
        let (from, ending) = candidates(p, local, Here { node, zone: &zone });
        let now = self.ground.now();
        let chosen = self.ground.turns().choose(rules, p, &from, node, &here.client, now);
        let Some((endpoint, how)) = chosen else {
            if local && p.endpoints.iter().any(|e| e.ready) {
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
        let masked = match here.sender {
            // A pod that gets itself would else answer past the rules.
            Sender::Pod => (via.is_external() && !rules.external_local) || endpoint.pod == self.source.pod(),
            Sender::Itself => true,
            Sender::Afar => via.is_external() && !rules.external_local,
        };
        let end = End {
            ip: endpoint.ip.clone(),
            port: endpoint.port,
            node: endpoint.node.clone(),
            pod: endpoint.pod.clone(),
            service: rules.service.clone(),
            service_port: p.port,
            port_index: index,
            client: if masked { self.node_ip(node) } else { here.client.clone() },
            loopback: false,
        };
        self.reach_address(end, &p.protocol, here)
    }

    /// To an address as it is after all rewriting, from the node that a packet is at.
    fn reach_address(&mut self, mut end: End, protocol: &str, here: &Arrival) -> Result<Destination, Fault> {
        let mut from = self.source_peer();
        if end.client != self.source.ip() {
            from = Peer::of_node(&here.node, &end.client);
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
                Peer::of_node(name, &end.ip)
            }
            Owner::Nobody => Peer::of_address(&end.ip),
        };
        if here.sender == Sender::Pod {
            let own = self.source_peer();
            self.leave_peer(&own, &to, end.port, protocol)?;
        }
        if owner == Owner::Nobody {
            if outside::is_outside(&end.ip) {
                if !self.ground.is_linked(&here.node) {
                    return self.cut_off(&here.node);
                }
                self.took_ms += super::INTERNET_MS;
                self.push(Hop::new(Stage::Wire, Code::LeavesCluster).fact("ip", end.ip.clone()));
                return Ok(Destination::Outside(end.ip));
            }
            if let Some(service) = self.balanced(&end.ip) {
                let ip = end.ip.clone();
                return self.at_load_balancer(&service, &ip, end.port, protocol);
            }
            let hop = self.why_nobody(&end, &here.node);
            return self.fail(hop, Fault::TimedOut);
        }
        if !end.pod.is_empty() && end.pod == self.source.pod() {
            self.push(Hop::new(Stage::Wire, Code::SamePod).fact("pod", end.pod.clone()));
        } else {
            self.cross(&here.node, &end.node)?;
        }
        self.enter(&from, &to, &end, protocol)?;
        Ok(Destination::Inside(end))
    }

    /// From node to node.
    fn cross(&mut self, from: &Str, to: &Str) -> Result<(), Fault> {
        if from == to {
            self.push(Hop::new(Stage::Wire, Code::SameNode).fact("node", to.clone()));
            return Ok(());
        }
        for node in [from, to] {
            if !self.ground.is_linked(node) {
                return self.cut_off(node);
            }
        }
        self.push(Hop::new(Stage::Wire, Code::OtherNode).fact("from", from.clone()).fact("node", to.clone()));
        Ok(())
    }

    pub(super) fn cut_off<T>(&mut self, node: &Str) -> Result<T, Fault> {
        let hop = Hop::failed(Stage::Wire, Code::NodeCutOff).fact("node", node.clone());
        self.fail(hop.look("Node", node, "status.conditions"), Fault::TimedOut)
    }

    /// The address that a packet leaves a node with: its own instead of the loopback's.
    fn not_loopback(&self, here: &Arrival) -> Str {
        if here.client.starts_with("127.") { self.node_ip(&here.node) } else { here.client.clone() }
    }

    /// At the node's own processes.
    fn stay_at_node(
        &mut self,
        here: &Arrival,
        ip: &str,
        port: i64,
        protocol: &str,
    ) -> Result<Destination, Fault> {
        let (node, client) = (here.node.clone(), here.client.clone());
        let loopback = ip.starts_with("127.");
        let ip = Str::from(if loopback { self.source.ip() } else { ip });
        if here.sender == Sender::Pod {
            let (from, to) = (self.source_peer(), Peer::of_node(&node, &ip));
            self.leave_peer(&from, &to, port, protocol)?;
        }
        // Whoever came from another node has told so.
        if here.sender != Sender::Afar || self.source.node().is_empty() {
            self.push(Hop::new(Stage::Wire, Code::SameNode).fact("node", node.clone()));
        }
        Ok(Destination::Inside(End { client, ip, port, node, loopback, ..End::default() }))
    }

    /// Among the containers of a pod.
    fn stay_inside(&mut self, here: &Arrival, port: i64) -> Result<Destination, Fault> {
        let (pod, ip) = (Str::from(self.source.pod()), Str::from(self.source.ip()));
        self.push(Hop::new(Stage::Wire, Code::SamePod).fact("pod", pod.clone()));
        let (node, client) = (here.node.clone(), Str::new_static("127.0.0.1"));
        Ok(Destination::Inside(End { client, ip, port, node, pod, loopback: true, ..End::default() }))
    }
}

pub(super) fn wrong_protocol(service: &Str, index: usize, port: i64, has: &str, wants: &str) -> Hop {
    let hop = Hop::failed(Stage::Rule, Code::WrongProtocol).fact("service", service.clone());
    let hop = hop.number("port", port).fact("has", has).fact("wants", wants);
    hop.look("Service", service, format!("spec.ports[{index}].protocol"))
}

pub(super) fn no_such_port(service: &Str, ip: &str, port: i64, ports: &str) -> Hop {
    let hop =
        Hop::failed(Stage::Rule, Code::NoSuchServicePort).fact("ip", ip).fact("service", service.clone());
    hop.number("port", port).fact("ports", ports).look("Service", service, "spec.ports")
}
