//! Services: addresses and node ports, given out and taken back.
//!
//! Models `pkg/registry/core/service` (alloc.go, strategy.go, ipallocator, portallocator).
//! Not modelled: IPv6 and dual stack; every cluster is IPv4.

use ordered::BTreeSet;
use std::net::Ipv4Addr;

use clock::Rng;
use objects::{Status, Value, value};

use super::{PLAIN, Strategy};
use crate::server::{ApiServer, Cx};

pub(crate) static STRATEGY: Strategy =
    Strategy { status: true, create_on_update: true, returns_deleted: true, prepare_update, ..PLAIN };

/// 10.96.0.0/16, as kubeadm sets it up.
const RANGE_BASE: u32 = u32::from_be_bytes([10, 96, 0, 0]);
const RANGE_SIZE: u32 = 1 << 16;
/// Addresses below this offset are given out last: they are for those who choose their own.
const STATIC_BAND: u32 = 256;
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30_000..=32_767;
const STATIC_PORTS: u16 = 86;

/// What is given out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allocations {
    addresses: BTreeSet<u32>,
    /// (port, protocol is not TCP): TCP and UDP are counted apart only when asked for by number.
    node_ports: BTreeSet<u16>,
}

impl Allocations {
    /// A free address: at random from the upper band, else from the lower one.
    fn any_address(&mut self, rng: &mut Rng) -> Option<u32> {
        let bands = [(STATIC_BAND, RANGE_SIZE - 1), (1, STATIC_BAND)];
        for (from, to) in bands {
            let size = to - from;
            let start = rng.below(u64::from(size)) as u32;
            let free = (0..size).map(|i| RANGE_BASE + from + (start + i) % size);
            if let Some(ip) = free.into_iter().find(|ip| !self.addresses.contains(ip)) {
                self.addresses.insert(ip);
                return Some(ip);
            }
        }
        None
    }

    fn any_port(&mut self, rng: &mut Rng) -> Option<u16> {
        let bands = [
            (NODE_PORTS.start() + STATIC_PORTS, NODE_PORTS.end() + 1),
            (*NODE_PORTS.start(), NODE_PORTS.start() + STATIC_PORTS),
        ];
        for (from, to) in bands {
            let size = to - from;
            let start = rng.below(u64::from(size)) as u16;
            let port = (0..size).map(|i| from + (start + i) % size).find(|p| !self.node_ports.contains(p));
            if let Some(port) = port {
                self.node_ports.insert(port);
                return Some(port);
            }
        }
        None
    }
}

fn needs_cluster_ip(service: &Value) -> bool {
    service["spec"]["type"] != "ExternalName"
}

fn needs_node_port(service: &Value) -> bool {
    match service["spec"]["type"].text() {
        "NodePort" => true,
        "LoadBalancer" => service["spec"]["allocateLoadBalancerNodePorts"] != Value::Bool(false),
        _ => false,
    }
}

/// Load balancers ask at a port of its own whether a node has endpoints.
fn needs_health_check_port(service: &Value) -> bool {
    service["spec"]["type"] == "LoadBalancer" && service["spec"]["externalTrafficPolicy"] == "Local"
}

fn prepare_update(new: &mut Value, old: &Value) {
    if new["spec"].same(&old["spec"]) {
        return;
    }
    if needs_cluster_ip(old) && !needs_cluster_ip(new) {
        for key in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if new["spec"][key] == old["spec"][key] {
                new.remove_at(&["spec", key]);
            }
        }
    }
    if needs_node_port(old) && !needs_node_port(new) {
        for port in new.at_mut(&["spec", "ports"]).list_mut().to_mut() {
            port.remove("nodePort");
        }
    }
    if old["spec"]["type"] == "LoadBalancer" && new["spec"]["type"] != "LoadBalancer" {
        for key in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] {
            if new["spec"][key] == old["spec"][key] {
                new.remove_at(&["spec", key]);
            }
        }
    }
    if needs_health_check_port(old) {
        let was = &old["spec"]["healthCheckNodePort"];
        if !needs_health_check_port(new) && new["spec"]["healthCheckNodePort"] == *was {
            new.remove_at(&["spec", "healthCheckNodePort"]);
        } else if needs_health_check_port(new) && new["spec"]["healthCheckNodePort"].int() == 0 {
            new.set_at(&["spec", "healthCheckNodePort"], was.clone());
        }
    }
    let external = |s: &Value| needs_node_port_type(s) || !s["spec"]["externalIPs"].items().is_empty();
    if external(old)
        && !external(new)
        && new["spec"]["externalTrafficPolicy"] == old["spec"]["externalTrafficPolicy"]
    {
        new.remove_at(&["spec", "externalTrafficPolicy"]);
    }
    patch_allocated(new, old);
}

fn needs_node_port_type(service: &Value) -> bool {
    matches!(service["spec"]["type"].text(), "NodePort" | "LoadBalancer")
}

/// An update that leaves out what the server had given keeps it.
fn patch_allocated(new: &mut Value, old: &Value) {
    if needs_cluster_ip(old) && needs_cluster_ip(new) {
        for key in ["clusterIP", "clusterIPs"] {
            if new["spec"][key].is_zero() && !old["spec"][key].is_zero() {
                let was = old["spec"][key].clone();
                new.set_at(&["spec", key], was);
            }
        }
    }
    if needs_node_port(old) && needs_node_port(new) {
        let mut used: BTreeSet<i64> =
            new["spec"]["ports"].items().iter().map(|p| p["nodePort"].int()).collect();
        let mut ports = new["spec"]["ports"].clone();
        let mut changed = false;
        for (i, port) in new["spec"]["ports"].items().iter().enumerate() {
            if port["nodePort"].int() != 0 {
                continue;
            }
            let same = old["spec"]["ports"].items().iter().find(|o| {
                o["port"] == port["port"] && o["protocol"] == port["protocol"] && o["nodePort"].int() != 0
            });
            if let Some(o) = same.filter(|o| used.insert(o["nodePort"].int())) {
                ports.list_mut().to_mut()[i].set("nodePort", &o["nodePort"]);
                changed = true;
            }
        }
        if changed {
            new.set_at(&["spec", "ports"], ports);
        }
    }
}

fn address_of(service: &Value) -> Option<u32> {
    service["spec"]["clusterIP"].text().parse::<Ipv4Addr>().ok().map(u32::from)
}

impl ApiServer {
    /// Gives a Service what it needs. `old` is null on create.
    pub(crate) fn allocate(
        &mut self,
        cx: &mut Cx<'_>,
        object: &mut Value,
        old: &Value,
    ) -> Result<(), Status> {
        if cx.resource.storage != "services" || object["spec"].same(&old["spec"]) {
            return Ok(());
        }
        if needs_cluster_ip(object) {
            self.allocate_address(cx, object, old)?;
        } else if old.is_null() && !object["spec"]["clusterIP"].is_zero() {
            // Validation's to refuse.
            let spec = object.map_mut().entry("spec");
            let given = spec["clusterIP"].clone();
            if spec["clusterIPs"].is_zero() {
                spec.set("clusterIPs", Value::from(vec![given]));
            }
        }
        if needs_node_port(object) {
            self.allocate_ports(cx, object, old)?;
        }
        if needs_health_check_port(object) && object["spec"]["healthCheckNodePort"].int() == 0 {
            let Some(port) = self.services.any_port(&mut self.rng) else {
                return Err(Status::new(
                    objects::Reason::InternalError,
                    "Internal error occurred: failed to allocate requested HealthCheck NodePort: range is full",
                ));
            };
            if cx.dry_run() {
                self.services.node_ports.remove(&port);
            }
            object.set_at(&["spec", "healthCheckNodePort"], i64::from(port));
        }
        if !old.is_null() && !cx.dry_run() {
            if let (Some(ip), true) = (address_of(old), address_of(object) != address_of(old)) {
                self.services.addresses.remove(&ip);
            }
            let kept: BTreeSet<u16> = node_ports(object).collect();
            for port in node_ports(old).filter(|p| !kept.contains(p)) {
                self.services.node_ports.remove(&port);
            }
        }
        Ok(())
    }

    fn allocate_address(&mut self, cx: &Cx<'_>, object: &mut Value, old: &Value) -> Result<(), Status> {
        let spec = object.map_mut().entry("spec");
        let given = spec["clusterIP"].text();
        if given == "None" {
            spec.set("clusterIPs", value!(["None"]));
            return Ok(());
        }
        if !given.is_empty() {
            let ip = given.parse::<Ipv4Addr>().map(u32::from);
            if old.is_null() || old["spec"]["clusterIP"] != *given {
                let problem = match ip {
                    Ok(ip) if !(RANGE_BASE..RANGE_BASE + RANGE_SIZE).contains(&ip) => Some(
                        "failed to allocate IP ".to_owned()
                            + given
                            + ": the provided IP is not in the valid range. The range of valid IPs is 10.96.0.0/16",
                    ),
                    Ok(ip) if self.services.addresses.contains(&ip) => {
                        Some(format!("failed to allocate IP {given}: provided IP is already allocated"))
                    }
                    _ => None,
                };
                if let Some(detail) = problem {
                    let cause = objects::status::Cause {
                        reason: "FieldValueInvalid",
                        field: "spec.clusterIPs".into(),
                        message: format!("Invalid value: [\"{given}\"]: {detail}"),
                    };
                    return Err(cx.invalid(object.name(), vec![cause]));
                }
                if let (Ok(ip), false) = (ip, cx.dry_run()) {
                    self.services.addresses.insert(ip);
                }
            }
            if spec["clusterIPs"].is_zero() {
                let ip = spec["clusterIP"].clone();
                spec.set("clusterIPs", Value::from(vec![ip]));
            }
            return Ok(());
        }
        let Some(ip) = self.services.any_address(&mut self.rng) else {
            return Err(Status::new(
                objects::Reason::InternalError,
                "Internal error occurred: failed to allocate a serviceIP: range is full",
            ));
        };
        if cx.dry_run() {
            self.services.addresses.remove(&ip);
        }
        let text = Ipv4Addr::from(ip).to_string();
        spec.set("clusterIPs", Value::from(vec![text.as_str()]));
        spec.set("clusterIP", text);
        Ok(())
    }

    fn allocate_ports(&mut self, cx: &Cx<'_>, object: &mut Value, old: &Value) -> Result<(), Status> {
        let had: BTreeSet<u16> = node_ports(old).collect();
        let mut ports = object["spec"]["ports"].clone();
        let mut mine: Vec<(i64, Value)> = Vec::new();
        for (i, port) in object["spec"]["ports"].items().iter().enumerate() {
            let given = u16::try_from(port["nodePort"].int()).unwrap_or(0);
            // Two protocols of one port share its node port, and may name the same one.
            if given == 0 {
                let twin = mine
                    .iter()
                    .find(|(n, p)| p["port"] == port["port"] && p["protocol"] != port["protocol"] && *n != 0);
                let number = match twin {
                    Some((n, _)) => *n,
                    None => match self.services.any_port(&mut self.rng) {
                        Some(n) => {
                            if cx.dry_run() {
                                self.services.node_ports.remove(&n);
                            }
                            i64::from(n)
                        }
                        None => {
                            return Err(Status::new(
                                objects::Reason::InternalError,
                                "Internal error occurred: failed to allocate a nodePort: range is full",
                            ));
                        }
                    },
                };
                ports.list_mut().to_mut()[i].set("nodePort", number);
                mine.push((number, port.clone()));
                continue;
            }
            let shared = mine.iter().any(|(n, _)| *n == i64::from(given));
            let taken = !shared && !had.contains(&given) && self.services.node_ports.contains(&given);
            let problem = if !NODE_PORTS.contains(&given) {
                Some("provided port is not in the valid range. The range of valid ports is 30000-32767")
            } else if taken {
                Some("provided port is already allocated")
            } else {
                None
            };
            if let Some(detail) = problem {
                let cause = objects::status::Cause {
                    reason: "FieldValueInvalid",
                    field: format!("spec.ports[{i}].nodePort"),
                    message: format!("Invalid value: {given}: {detail}"),
                };
                return Err(cx.invalid(object.name(), vec![cause]));
            }
            if !cx.dry_run() {
                self.services.node_ports.insert(given);
            }
            mine.push((i64::from(given), port.clone()));
        }
        object.set_at(&["spec", "ports"], ports);
        Ok(())
    }

    /// Takes back what a Service held.
    pub(crate) fn released(&mut self, cx: &Cx<'_>, object: &Value) {
        if cx.resource.storage != "services" {
            return;
        }
        if let Some(ip) = address_of(object) {
            self.services.addresses.remove(&ip);
        }
        for port in node_ports(object) {
            self.services.node_ports.remove(&port);
        }
    }
}

fn node_ports(service: &Value) -> impl Iterator<Item = u16> {
    service["spec"]["ports"]
        .items()
        .iter()
        .map(|p| p["nodePort"].int())
        .chain(std::iter::once(service["spec"]["healthCheckNodePort"].int()))
        .filter_map(|p| u16::try_from(p).ok())
        .filter(|p| *p != 0)
}
