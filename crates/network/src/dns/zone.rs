//! The records of the cluster's zone.
//!
//! Models CoreDNS's `kubernetes` plugin as kubeadm configures it (`pods insecure`, zone `cluster.local`).
//! Not modelled: TXT `dns-version`, transfers, wildcards (removed upstream).

use objects::{Str, Value};

use super::ZONE;
use crate::address;
use crate::ground::Ground;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    A(Str),
    Cname(Str),
    Ptr(Str),
    Srv { priority: u16, weight: u16, port: i64, target: Str },
}

/// A record and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub name: Str,
    pub data: Data,
}

/// What the zone says to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The name exists; there may be no record of the kind asked for.
    Records(Vec<Record>),
    /// NXDOMAIN.
    No(Why),
}

/// Why a name does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    NoSuchName,
    NoSuchService {
        namespace: Str,
        name: Str,
    },
    /// A headless Service without ready endpoints.
    NoEndpoints {
        service: Str,
    },
}

impl Record {
    fn a(name: &str, ip: &Str) -> Self {
        Self { name: name.into(), data: Data::A(ip.clone()) }
    }
}

/// Whether the zone answers for a full name.
#[must_use]
pub fn is_inside(full: &str) -> bool {
    full == ZONE || full.strip_suffix(ZONE).is_some_and(|rest| rest.ends_with('.'))
}

/// Answers a question for a full name in lower case without its last dot. `kind`: `A`, `AAAA`, `SRV`, `CNAME`, `PTR`.
#[must_use]
pub fn lookup(ground: &dyn Ground, full: &str, kind: &str) -> Found {
    if let Some(reversed) = full.strip_suffix(".in-addr.arpa") {
        return reverse(ground, full, reversed, kind);
    }
    let Some(rest) = full.strip_suffix(ZONE).and_then(|r| r.strip_suffix('.')) else {
        return if full == ZONE { Found::Records(Vec::new()) } else { Found::No(Why::NoSuchName) };
    };
    let labels: Vec<&str> = rest.split('.').collect();
    match labels.as_slice() {
        ["svc" | "pod"] => Found::Records(Vec::new()),
        [namespace, "svc" | "pod"] => {
            if ground.get("namespaces", "", namespace).is_some() {
                Found::Records(Vec::new())
            } else {
                Found::No(Why::NoSuchName)
            }
        }
        [host, namespace, "pod"] => pod(ground, full, host, namespace, kind),
        [service, namespace, "svc"] => {
            of_service(ground, full, (service, namespace), &Asked::default(), kind)
        }
        [host, service, namespace, "svc"] => {
            let asked = Asked { host: Some(host), ..Asked::default() };
            of_service(ground, full, (service, namespace), &asked, kind)
        }
        [port, protocol, service, namespace, "svc"] => {
            match (port.strip_prefix('_'), protocol.strip_prefix('_')) {
                (Some(port), Some(protocol)) => {
                    let asked = Asked { port: Some((port, protocol)), ..Asked::default() };
                    of_service(ground, full, (service, namespace), &asked, kind)
                }
                _ => Found::No(Why::NoSuchName),
            }
        }
        _ => Found::No(Why::NoSuchName),
    }
}

/// What a question says beyond the Service.
#[derive(Clone, Copy, Default)]
struct Asked<'a> {
    host: Option<&'a str>,
    /// Name and protocol of a port.
    port: Option<(&'a str, &'a str)>,
}

impl Asked<'_> {
    fn fits(&self, port: &Value) -> bool {
        self.port.is_none_or(|(name, protocol)| {
            port["name"].text() == name
                && port["protocol"].as_str().unwrap_or("TCP").eq_ignore_ascii_case(protocol)
        })
    }
}

fn pod(ground: &dyn Ground, full: &str, host: &str, namespace: &str, kind: &str) -> Found {
    let ip = host.replace('-', ".");
    if address::v4(&ip).is_none() || ground.get("namespaces", "", namespace).is_none() {
        return Found::No(Why::NoSuchName);
    }
    Found::Records(if kind == "A" { vec![Record::a(full, &ip.into())] } else { Vec::new() })
}

/// The name an endpoint has under its Service.
fn host_name(endpoint: &Value) -> Str {
    let own = &endpoint["hostname"];
    if own.is_zero() { endpoint["addresses"][0].text().replace('.', "-").into() } else { own.to_str() }
}

/// Ready endpoints with the ports of their slice.
fn endpoints(ground: &dyn Ground, namespace: &str, service: &str) -> Vec<(Value, Value)> {
    let mut all = Vec::new();
    for slice in ground.list("endpointslices.discovery.k8s.io", namespace) {
        if slice.labels()["kubernetes.io/service-name"] != service {
            continue;
        }
        for e in slice["endpoints"].items() {
            if e["conditions"]["ready"].as_bool() != Some(false) {
                all.push((e.clone(), slice["ports"].clone()));
            }
        }
    }
    all
}

fn of_service(
    ground: &dyn Ground,
    full: &str,
    (service, namespace): (&str, &str),
    asked: &Asked<'_>,
    kind: &str,
) -> Found {
    let Some(object) = ground.get("services", namespace, service) else {
        return Found::No(Why::NoSuchService { namespace: namespace.into(), name: service.into() });
    };
    let spec = &object["spec"];
    if spec["type"] == "ExternalName" {
        if asked.host.is_some() || asked.port.is_some() {
            return Found::No(Why::NoSuchName);
        }
        let to = Str::from(spec["externalName"].text().trim_end_matches('.'));
        let data = if address::v4(&to).is_some() { Data::A(to) } else { Data::Cname(to) };
        return Found::Records(vec![Record { name: full.into(), data }]);
    }
    let base = format!("{service}.{namespace}.svc.{ZONE}");
    let headless = spec["clusterIP"] == "None";
    let mut records = Vec::new();
    let mut exists = false;
    if headless || asked.host.is_some() {
        for (e, ports) in endpoints(ground, namespace, service) {
            let name = host_name(&e);
            if asked.host.is_some_and(|h| h != name) {
                continue;
            }
            let ip = e["addresses"][0].to_str();
            let fitting: Vec<&Value> = ports.items().iter().filter(|p| asked.fits(p)).collect();
            // A headless Service may have no ports at all.
            if fitting.is_empty() && (asked.port.is_some() || !ports.items().is_empty()) {
                continue;
            }
            exists = true;
            match kind {
                "A" => records.push(Record::a(full, &ip)),
                "SRV" => {
                    let target = Str::from(format!("{name}.{base}"));
                    records.extend(fitting.iter().map(|p| srv(full, p["port"].int(), &target)));
                }
                _ => {}
            }
        }
        if !exists {
            let why = if asked.host.is_none() && asked.port.is_none() {
                Why::NoEndpoints { service: object.key() }
            } else {
                Why::NoSuchName
            };
            return Found::No(why);
        }
    } else {
        let ip = spec["clusterIP"].to_str();
        for p in spec["ports"].items().iter().filter(|p| asked.fits(p)) {
            exists = true;
            if kind == "SRV" {
                records.push(srv(full, p["port"].int(), &base.as_str().into()));
            }
        }
        if !exists {
            return Found::No(Why::NoSuchName);
        }
        if kind == "A" {
            records.push(Record::a(full, &ip));
        }
    }
    // Records of one name share its weight evenly.
    let n = records.len().max(1);
    for r in &mut records {
        if let Data::Srv { weight, .. } = &mut r.data {
            *weight = u16::try_from(100 / n).unwrap_or(0).max(1);
        }
    }
    Found::Records(records)
}

fn srv(name: &str, port: i64, target: &Str) -> Record {
    Record { name: name.into(), data: Data::Srv { priority: 0, weight: 100, port, target: target.clone() } }
}

fn reverse(ground: &dyn Ground, full: &str, reversed: &str, kind: &str) -> Found {
    let parts: Vec<&str> = reversed.split('.').rev().collect();
    let ip = parts.join(".");
    let no = Found::No(Why::NoSuchName);
    if address::v4(&ip).is_none() {
        return no;
    }
    let mut names: Vec<String> = Vec::new();
    for s in ground.list("services", "") {
        if s["spec"]["clusterIP"] == ip.as_str() {
            names.push(format!("{}.{}.svc.{ZONE}", s.name(), s.namespace()));
        }
    }
    if names.is_empty() {
        for slice in ground.list("endpointslices.discovery.k8s.io", "") {
            let service = slice.labels()["kubernetes.io/service-name"].text();
            for e in slice["endpoints"].items().iter().filter(|e| e["addresses"][0] == ip.as_str()) {
                names.push(format!("{}.{service}.{}.svc.{ZONE}", host_name(e), slice.namespace()));
            }
        }
    }
    if names.is_empty() {
        return no;
    }
    let wanted = kind == "PTR";
    let ptr = |n: String| Record { name: full.into(), data: Data::Ptr(n.into()) };
    Found::Records(if wanted { names.into_iter().map(ptr).collect() } else { Vec::new() })
}

/// Whether some other namespace has a Service of this name: the first in order.
#[must_use]
pub fn elsewhere(ground: &dyn Ground, name: &str, not: &str) -> Option<Str> {
    let fits = |s: &&Value| s.name() == name && s.namespace() != not;
    ground.list("services", "").iter().find(fits).map(|s| s.namespace().into())
}
