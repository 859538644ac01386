//! kube-proxy: Services and EndpointSlices turned into rules on one node.
//!
//! Models `pkg/proxy` at the level of its rules. The choice of an endpoint is round robin, so that a reader sees
//! each in turn; upstream's iptables mode draws by lot.
//! Not modelled: session affinity, traffic policies, the sync period.

use ordered::BTreeMap;

use client::{Change, Component, Ctx, Interest};
use clock::Time;
use objects::{Str, Value};

const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// An endpoint that a connection ends at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    pub ip: Str,
    pub port: i64,
    /// `namespace/name` of the pod, `""` when the endpoint is none.
    pub pod: Str,
}

/// The way a connection takes on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `namespace/name` of the Service whose rule matched; `""` when the address was no Service's.
    pub service: Str,
    /// The name of the Service's port.
    pub port_name: Str,
    pub chosen: Backend,
    /// All it was chosen from, in order.
    pub alternatives: Vec<Backend>,
}

/// Why a connection goes nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The Service exists and has no ready endpoint for this port: rejected (`Connection refused`).
    NoEndpoints { service: Str },
    /// The address is a Service's, the port is none of its ports: nothing answers.
    NoSuchPort { service: Str },
}

/// One node's rules. Plain data.
#[derive(Clone, Debug, Default)]
pub struct KubeProxy {
    node: Str,
    services: BTreeMap<Str, Value>,
    /// By service key, then by slice name.
    slices: BTreeMap<Str, BTreeMap<Str, Value>>,
    service_by_ip: BTreeMap<Str, Str>,
    service_by_node_port: BTreeMap<(Str, i64), Str>,
    /// How many connections each Service port has had: whose turn it is.
    turns: BTreeMap<(Str, Str), usize>,
}

impl KubeProxy {
    pub fn new(node: impl Into<Str>) -> Self {
        Self { node: node.into(), ..Self::default() }
    }

    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Where a connection from this node to `ip:port` ends. `Ok(None)`: no rule matches, the address is taken as it
    /// is (a pod's own, or outside).
    ///
    /// # Errors
    /// [`Refused`] when a Service's rule matches and leads nowhere.
    pub fn connect(&mut self, ip: &str, port: i64, protocol: &str) -> Result<Option<Route>, Refused> {
        let Some(key) = self.service_by_ip.get(ip).cloned() else { return Ok(None) };
        let service = self.services.get(&key).cloned().unwrap_or_default();
        let wanted = service["spec"]["ports"].items().iter().find(|p| fits(p, "port", port, protocol));
        match wanted {
            Some(p) => self.choose(&key, p["name"].to_str()).map(Some),
            None => Err(Refused::NoSuchPort { service: key }),
        }
    }

    /// Where a connection to this node's own address on `port` ends. `Ok(None)`: no Service has that node port.
    ///
    /// # Errors
    /// [`Refused`] when a Service has it and no endpoint.
    pub fn connect_node_port(&mut self, port: i64, protocol: &str) -> Result<Option<Route>, Refused> {
        let Some(key) = self.service_by_node_port.get(&(protocol.into(), port)).cloned() else {
            return Ok(None);
        };
        let service = self.services.get(&key).cloned().unwrap_or_default();
        let wanted = service["spec"]["ports"].items().iter().find(|p| fits(p, "nodePort", port, protocol));
        match wanted {
            Some(p) => self.choose(&key, p["name"].to_str()).map(Some),
            None => Ok(None),
        }
    }

    /// The ready endpoints of a Service's port on this node's rules.
    #[must_use]
    pub fn endpoints(&self, service: &str, port_name: &str) -> Vec<Backend> {
        let mut all = Vec::new();
        for slice in self.slices.get(service).into_iter().flat_map(|s| s.values()) {
            let Some(port) = slice["ports"].items().iter().find(|p| p["name"].text() == port_name) else {
                continue;
            };
            for e in slice["endpoints"].items() {
                // An absent condition counts as ready.
                if e["conditions"]["ready"].as_bool() == Some(false) {
                    continue;
                }
                let target = &e["targetRef"];
                let pod = if target["kind"] == "Pod" {
                    Str::from(format!("{}/{}", target["namespace"].text(), target["name"].text()))
                } else {
                    Str::default()
                };
                all.push(Backend { ip: e["addresses"][0].to_str(), port: port["port"].int(), pod });
            }
        }
        all
    }

    fn choose(&mut self, service: &Str, port_name: Str) -> Result<Route, Refused> {
        let alternatives = self.endpoints(service, &port_name);
        if alternatives.is_empty() {
            return Err(Refused::NoEndpoints { service: service.clone() });
        }
        let turn = self.turns.entry((service.clone(), port_name.clone())).or_default();
        let chosen = alternatives[*turn % alternatives.len()].clone();
        *turn = turn.wrapping_add(1);
        Ok(Route { service: service.clone(), port_name, chosen, alternatives })
    }

    fn forget_service(&mut self, service: &Value) {
        for ip in addresses(service) {
            self.service_by_ip.remove(&ip);
        }
        for at in node_ports(service) {
            self.service_by_node_port.remove(&at);
        }
    }
}

fn fits(port: &Value, field: &str, number: i64, protocol: &str) -> bool {
    let p = port["protocol"].as_str().unwrap_or("TCP");
    port[field].as_int() == Some(number) && p == protocol
}

/// The virtual addresses of a Service; a headless one has none.
fn addresses(service: &Value) -> Vec<Str> {
    let spec = &service["spec"];
    let ingress = service["status"]["loadBalancer"]["ingress"].items().iter().map(|i| i["ip"].to_str());
    spec["clusterIPs"]
        .items()
        .iter()
        .chain(spec["externalIPs"].items())
        .map(Value::to_str)
        .chain(ingress)
        .filter(|ip| !ip.is_empty() && ip != "None")
        .collect()
}

fn node_ports(service: &Value) -> Vec<(Str, i64)> {
    let ports = service["spec"]["ports"].items().iter();
    ports
        .filter(|p| p["nodePort"].int() > 0)
        .map(|p| (p["protocol"].as_str().unwrap_or("TCP").into(), p["nodePort"].int()))
        .collect()
}

impl Component for KubeProxy {
    fn interests(&self) -> Vec<Interest> {
        vec![Interest::All("services".into()), Interest::All("endpointslices.discovery.k8s.io".into())]
    }

    fn deliver(&mut self, change: &Change, _now: Time) {
        if change.resource == "services" {
            if let Some(old) = self.services.remove(&change.key()) {
                self.forget_service(&old);
            }
            if change.is_deleted() {
                self.turns.retain(|(service, _), _| *service != change.key());
                return;
            }
            for ip in addresses(&change.object) {
                self.service_by_ip.insert(ip, change.key());
            }
            for at in node_ports(&change.object) {
                self.service_by_node_port.insert(at, change.key());
            }
            self.services.insert(change.key(), change.object.clone());
        } else {
            let service = change.object.labels()[SERVICE_LABEL].text();
            let key = Str::from(format!("{}/{service}", change.namespace));
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

    fn next_wake(&self) -> Option<Time> {
        None
    }

    fn wake(&mut self, _ctx: &mut Ctx<'_>) {}
}

#[cfg(test)]
mod tests {
    use client::ChangeKind;
    use objects::value;

    use super::*;

    fn change(resource: &str, object: Value) -> Change {
        Change {
            revision: 1,
            at: Time(0),
            kind: ChangeKind::Added,
            resource: resource.into(),
            namespace: object.namespace().into(),
            name: object.name().into(),
            object,
            previous: Value::Null,
            actor: Str::default(),
            cause: 0,
        }
    }

    fn proxy(ready: &[bool]) -> KubeProxy {
        let mut p = KubeProxy::new("n");
        let service = value!({
            "metadata": {"namespace": "default", "name": "web"},
            "spec": {"clusterIPs": ["10.96.0.9"], "ports": [{"name": "http", "port": 80, "nodePort": 30080}]},
        });
        let endpoints: Value = ready
            .iter()
            .enumerate()
            .map(|(i, ready)| {
                value!({
                    "addresses": [(format!("10.244.0.{i}"))], "conditions": {"ready": (*ready)},
                    "targetRef": {"kind": "Pod", "namespace": "default", "name": (format!("web-{i}"))},
                })
            })
            .collect();
        let slice = value!({
            "metadata": {"namespace": "default", "name": "web-x", "labels": {"kubernetes.io/service-name": "web"}},
            "ports": [{"name": "http", "port": 8080}], "endpoints": (endpoints),
        });
        p.deliver(&change("services", service), Time(0));
        p.deliver(&change("endpointslices.discovery.k8s.io", slice), Time(0));
        p
    }

    #[test]
    fn ready_endpoints_take_turns() {
        let mut p = proxy(&[true, false, true]);
        let mut next = || {
            let route = p.connect("10.96.0.9", 80, "TCP").expect("has endpoints").expect("is a service");
            (route.chosen.pod, route.chosen.port)
        };
        let taken = [next(), next(), next()];
        assert_eq!(
            taken,
            [("default/web-0".into(), 8080), ("default/web-2".into(), 8080), ("default/web-0".into(), 8080)]
        );
        assert!(p.connect_node_port(30080, "TCP").expect("open").is_some());
        assert_eq!(p.connect_node_port(30081, "TCP"), Ok(None));
    }

    #[test]
    fn what_leads_nowhere() {
        let mut p = proxy(&[false]);
        let service = Str::from("default/web");
        assert_eq!(p.connect("10.96.0.9", 80, "TCP"), Err(Refused::NoEndpoints { service: service.clone() }));
        assert_eq!(p.connect("10.96.0.9", 81, "TCP"), Err(Refused::NoSuchPort { service }));
        assert_eq!(p.connect("10.96.0.8", 80, "TCP"), Ok(None));
    }
}
