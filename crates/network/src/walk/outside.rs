//! How a connection comes into the cluster: by a port that kubectl forwards, a node's address, a load balancer.

use objects::{Str, Value};

use super::connect::{Arrival, Destination, End, Sender, no_such_port, wrong_protocol};
use super::{INTERNET_MS, Walk};
use crate::dns::outside;
use crate::ground::{Ground, Owner};
use crate::kube_proxy::rules::is_among;
use crate::kube_proxy::{Match, ServicePort};
use crate::path::{Code, Fault, Hop, INTERNET_IP, LEARNER_IP, Source, Stage};

impl<G: Ground> Walk<'_, G> {
    /// A connection from outside: to a load balancer, a node's port, or an external address.
    pub(super) fn enter_from_outside(
        &mut self,
        ip: &str,
        port: i64,
        protocol: &str,
    ) -> Result<Destination, Fault> {
        let learner = self.source == Source::Learner;
        if learner && (ip.starts_with("127.") || ip == LEARNER_IP) {
            return self.follow_forward(port);
        }
        // Loopback of a machine far away: nobody listens there.
        if ip.starts_with("127.") || ip == INTERNET_IP {
            let hop = Hop::failed(Stage::Forward, Code::NoForward).number("port", port);
            return self.fail(hop.fact("machine", self.source.label()), Fault::Refused);
        }
        if !learner {
            self.took_ms += INTERNET_MS;
        }
        if learner && let Owner::Node(node) = self.ground.owner(ip) {
            return self.at_node(&node, ip, port, protocol);
        }
        if let Some(service) = self.balanced(ip) {
            return self.at_load_balancer(&service, ip, port, protocol);
        }
        if outside::is_outside(ip) {
            self.took_ms += if learner { INTERNET_MS } else { 0 };
            self.push(Hop::new(Stage::Wire, Code::LeavesCluster).fact("ip", ip));
            return Ok(Destination::Outside(ip.into()));
        }
        let hop = match self.ground.owner(ip) {
            Owner::Node(node) => Hop::failed(Stage::Wire, Code::NodeIsPrivate).fact("node", node),
            _ => Hop::failed(Stage::Wire, Code::NoRoute),
        };
        self.fail(hop.fact("machine", self.source.label()).fact("ip", ip), Fault::TimedOut)
    }

    /// The Service that has a load balancer of this address.
    pub(super) fn balanced(&self, ip: &str) -> Option<Value> {
        let has = |s: &Value| s["status"]["loadBalancer"]["ingress"].items().iter().any(|i| i["ip"] == ip);
        self.ground.list("services", "").into_iter().find(has)
    }

    pub(super) fn at_load_balancer(
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
        let ranges: Vec<Str> = spec["loadBalancerSourceRanges"].items().iter().map(Value::to_str).collect();
        let client = Str::from(self.source.ip());
        if !is_among(&ranges, &client) {
            return self.not_in_ranges(&key, &ranges, &client);
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
        self.by_rule(met, &Arrival { node, sender: Sender::Afar, client }, ip, port, protocol)
    }

    /// A client that the Service's load balancer is not for.
    pub(super) fn not_in_ranges<T>(&mut self, service: &Str, ranges: &[Str], ip: &Str) -> Result<T, Fault> {
        let hop = Hop::failed(Stage::LoadBalancer, Code::LoadBalancerSource).fact("service", service.clone());
        let hop = hop.fact("ranges", ranges.join(", ")).fact("ip", ip.clone());
        self.fail(hop.look("Service", service, "spec.loadBalancerSourceRanges"), Fault::TimedOut)
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

    /// A port of the learner's own machine: kubectl may carry it to a pod, past Services and policies.
    fn follow_forward(&mut self, port: i64) -> Result<Destination, Fault> {
        let Some((key, to)) = self.ground.forwarded(port) else {
            let published = self.ground.published(port);
            if let Some((ip, Owner::Node(node))) = published.map(|ip| (ip.clone(), self.ground.owner(&ip))) {
                let hop = Hop::new(Stage::Forward, Code::Published).number("port", port);
                self.push(hop.fact("machine", self.source.label()).fact("node", node.clone()));
                return self.at_node(&node, &ip, port, "TCP");
            }
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
}
