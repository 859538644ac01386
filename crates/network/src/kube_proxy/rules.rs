//! The rules of one Service: its ports, and for each the endpoints behind it.
//!
//! Models `pkg/proxy/serviceport.go` and `endpoint.go`.

use clock::Millis;
use objects::{Str, Value};
use ordered::Sort as _;

use crate::address;

/// By which of its addresses a Service was reached: internal and external traffic have policies of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    ClusterIp,
    ExternalIp,
    LoadBalancer,
    NodePort,
}

impl Via {
    #[must_use]
    pub fn is_external(self) -> bool {
        self != Self::ClusterIp
    }
}

/// An endpoint of a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    pub ip: Str,
    pub port: i64,
    /// `namespace/name` of the pod, `""` when the endpoint is none.
    pub pod: Str,
    pub node: Str,
    pub ready: bool,
    pub serving: bool,
    pub terminating: bool,
    /// Zones and nodes it is meant for; empty: for all.
    pub zones: Vec<Str>,
    pub nodes: Vec<Str>,
}

impl Endpoint {
    /// The pod, or the address of an endpoint that is none.
    #[must_use]
    pub fn label(&self) -> Str {
        if self.pod.is_empty() { self.ip.clone() } else { self.pod.clone() }
    }
}

/// One port of a Service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServicePort {
    pub name: Str,
    pub port: i64,
    pub protocol: Str,
    /// 0: none.
    pub node_port: i64,
    /// As written: a number or a name.
    pub target: Value,
    /// In the order of their addresses, so that turns do not depend on how slices are cut.
    pub endpoints: Vec<Endpoint>,
}

/// A Service as rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// `namespace/name`.
    pub service: Str,
    pub ports: Vec<ServicePort>,
    pub external_local: bool,
    pub internal_local: bool,
    /// 0: none.
    pub health_check_port: i64,
    /// How long a client stays with its endpoint; 0: not at all.
    pub affinity_ms: Millis,
    pub source_ranges: Vec<Str>,
    /// The same for all nodes that know the same Service and slices.
    pub version: u64,
    /// It has a selector: endpoints come from pods.
    pub has_selector: bool,
    cluster_ips: Vec<Str>,
    external_ips: Vec<Str>,
}

impl Rules {
    pub(crate) fn make<'a>(service: &Value, slices: impl Iterator<Item = &'a Value> + Clone) -> Self {
        let spec = &service["spec"];
        let texts = |list: &Value| list.items().iter().map(Value::to_str).collect::<Vec<_>>();
        let ports = spec["ports"].items().iter().map(|p| {
            let name = p["name"].to_str();
            let protocol = Str::from(p["protocol"].as_str().unwrap_or("TCP"));
            let mut endpoints: Vec<Endpoint> =
                slices.clone().flat_map(|s| endpoints_of(s, &name, &protocol)).collect();
            endpoints.arrange_by_key(|e| (address::v4(&e.ip), e.port));
            endpoints.dedup_by(|a, b| a.ip == b.ip && a.port == b.port);
            ServicePort {
                name,
                protocol,
                port: p["port"].int(),
                node_port: p["nodePort"].int(),
                target: if p["targetPort"].is_null() { p["port"].clone() } else { p["targetPort"].clone() },
                endpoints,
            }
        });
        let sticky = spec["sessionAffinity"] == "ClientIP";
        let seconds = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"].int_or(10_800);
        Self {
            service: service.key(),
            ports: ports.collect(),
            external_local: spec["externalTrafficPolicy"] == "Local",
            internal_local: spec["internalTrafficPolicy"] == "Local",
            health_check_port: spec["healthCheckNodePort"].int(),
            affinity_ms: if sticky { seconds.saturating_mul(1000) } else { 0 },
            version: slices
                .clone()
                .fold(service.revision(), |v, s| v.wrapping_mul(0x0100_0000_01b3) ^ s.revision()),
            source_ranges: texts(&spec["loadBalancerSourceRanges"]),
            has_selector: !spec["selector"].is_zero(),
            cluster_ips: texts(&spec["clusterIPs"]),
            external_ips: texts(&spec["externalIPs"]),
        }
    }

    /// Its addresses inside the cluster; none of a headless Service.
    pub fn cluster_ips(&self) -> impl Iterator<Item = &str> {
        self.cluster_ips.iter().map(|ip| &**ip).filter(|ip| *ip != "None")
    }

    /// Which kind of address of this Service `ip` is.
    #[must_use]
    pub fn via(&self, ip: &str) -> Via {
        if self.cluster_ips.iter().any(|i| i == ip) {
            Via::ClusterIp
        } else if self.external_ips.iter().any(|i| i == ip) {
            Via::ExternalIp
        } else {
            Via::LoadBalancer
        }
    }

    /// Whether traffic by such an address is held to the endpoints of its node.
    #[must_use]
    pub fn local_only(&self, via: Via) -> bool {
        if via.is_external() { self.external_local } else { self.internal_local }
    }

    /// Whether the load balancer's address takes a client.
    #[must_use]
    pub fn lets_in(&self, client: &str) -> bool {
        is_among(&self.source_ranges, client)
    }

    /// `80/TCP, 443/TCP`.
    #[must_use]
    pub fn port_list(&self) -> String {
        let all: Vec<String> = self.ports.iter().map(|p| format!("{}/{}", p.port, p.protocol)).collect();
        all.join(", ")
    }
}

fn endpoints_of<'a>(
    slice: &'a Value,
    name: &str,
    protocol: &str,
) -> impl Iterator<Item = Endpoint> + use<'a> {
    let fits = |p: &&Value| p["name"].text() == name && p["protocol"].as_str().unwrap_or("TCP") == protocol;
    let port = slice["ports"].items().iter().find(fits).map(|p| p["port"].int());
    let all = if port.is_some() { slice["endpoints"].items() } else { &[] };
    let port = port.unwrap_or(0);
    all.iter().map(move |e| {
        let (target, conditions) = (&e["targetRef"], &e["conditions"]);
        let pod = if target["kind"] == "Pod" {
            Str::from(format!("{}/{}", target["namespace"].text(), target["name"].text()))
        } else {
            Str::default()
        };
        // An absent condition counts as ready, and as serving when ready.
        let ready = conditions["ready"].as_bool() != Some(false);
        let names = |list: &Value| list.items().iter().map(|z| z["name"].to_str()).collect::<Vec<_>>();
        Endpoint {
            ip: e["addresses"][0].to_str(),
            port,
            pod,
            node: e["nodeName"].to_str(),
            ready,
            serving: conditions["serving"].as_bool().unwrap_or(ready),
            terminating: conditions["terminating"].is_true(),
            zones: names(&e["hints"]["forZones"]),
            nodes: names(&e["hints"]["forNodes"]),
        }
    })
}

/// Whether a client may come where only these blocks may; all may where there are none.
pub(crate) fn is_among(ranges: &[Str], client: &str) -> bool {
    let own = address::v4(client).unwrap_or(0);
    ranges.is_empty() || ranges.iter().any(|r| address::any_contains(r, own))
}

/// The virtual addresses of a Service; a headless one has none.
pub(crate) fn addresses(service: &Value) -> Vec<Str> {
    let spec = &service["spec"];
    if spec["type"] == "ExternalName" {
        return Vec::new();
    }
    // With `ipMode: Proxy` packets are to go by the balancer itself.
    let ingress = service["status"]["loadBalancer"]["ingress"].items().iter();
    let ingress = ingress.filter(|i| i["ipMode"] != "Proxy").map(|i| i["ip"].to_str());
    spec["clusterIPs"]
        .items()
        .iter()
        .chain(spec["externalIPs"].items())
        .map(Value::to_str)
        .chain(ingress)
        .filter(|ip| !ip.is_empty() && ip != "None")
        .collect()
}

/// All node ports of a Service, the one for health checks among them, each once.
pub(crate) fn node_ports(service: &Value) -> Vec<i64> {
    let spec = &service["spec"];
    let mut all: Vec<i64> = spec["ports"].items().iter().map(|p| p["nodePort"].int()).collect();
    all.push(spec["healthCheckNodePort"].int());
    all.retain(|p| *p > 0);
    all.arrange();
    all.dedup();
    all
}
