//! From a name to an address: files first, then the servers of `/etc/resolv.conf`.

use objects::{Str, Value};

use super::{Destination, Walk};
use crate::address;
use crate::dns::zone::{self, Why};
use crate::dns::{Data, Found, Record, Resolver, ZONE, in_hosts, is_name, outside};
use crate::ground::Ground;
use crate::ingress::{Controller, class_of};
use crate::path::{Code, Fault, Hop, Source, Stage};

/// The address of the cluster's DNS where no Service has one.
const DNS_IP: &str = "10.96.0.10";
/// How many aliases are followed.
const ALIASES_MAX: usize = 8;

/// The files that a machine's resolver reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    pub hosts: Str,
    pub resolv: Str,
    /// What the machine calls itself.
    pub hostname: Str,
}

/// What a question came back with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The server that answered.
    pub server: Str,
    /// The full name it answered for.
    pub name: Str,
    pub records: Vec<Record>,
}

impl Answer {
    /// The first address among the records.
    #[must_use]
    pub fn address(&self) -> Option<&Str> {
        self.records.iter().find_map(|r| if let Data::A(ip) = &r.data { Some(ip) } else { None })
    }
}

impl<G: Ground> Walk<'_, G> {
    /// The address of a host as a program's resolver finds it.
    ///
    /// # Errors
    /// When the name is not found or nobody answers.
    pub fn address_of(&mut self, host: &str, files: &Files) -> Result<Str, Fault> {
        if address::is_ip(host) {
            self.push(Hop::new(Stage::Name, Code::AddressGiven).fact("host", host));
            return Ok(host.into());
        }
        let machine = self.source.label();
        if let Some(ip) = in_hosts(&files.hosts, host) {
            let code = if ip.starts_with("127.") { Code::Localhost } else { Code::HostsFile };
            let hop = Hop::new(Stage::Name, code).fact("machine", machine).fact("name", host);
            self.push(hop.fact("ip", ip.clone()));
            return Ok(ip);
        }
        if host.eq_ignore_ascii_case("localhost") || host == files.hostname {
            self.push(Hop::new(Stage::Name, Code::Localhost).fact("machine", machine).fact("name", host));
            return Ok(Str::new_static("127.0.0.1"));
        }
        let answer = self.resolve(host, "A", files)?;
        match answer.address() {
            Some(ip) => Ok(ip.clone()),
            None => {
                let hop = Hop::failed(Stage::Name, Code::DnsNoRecord).fact("name", answer.name.clone());
                self.fail(hop.fact("kind", "A"), Fault::NoName)
            }
        }
    }

    /// Asks for records of a name through the search list.
    ///
    /// # Errors
    /// When no name of the list exists, or no server answers.
    pub fn resolve(&mut self, name: &str, kind: &str, files: &Files) -> Result<Answer, Fault> {
        let resolver = Resolver::parse(&files.resolv);
        let tried = resolver.candidates(name);
        let machine = self.source.label();
        if resolver.servers.is_empty() {
            let hop = Hop::failed(Stage::Name, Code::DnsNoNameserver).fact("machine", machine);
            return self.fail(hop, Fault::NoServer);
        }
        let asked = Hop::new(Stage::Name, Code::DnsAsked).fact("machine", machine);
        let asked = asked.fact("server", resolver.servers[0].clone());
        self.push(asked.fact("tried", tried.join(", ")));
        let mut fault = Fault::NoServer;
        for server in &resolver.servers {
            match self.ask(server, &tried, name, kind) {
                Ok(answer) => return Ok(answer),
                // Another server is tried only when this one is silent.
                Err(Fault::NoName) => return Err(Fault::NoName),
                Err(other) => fault = other,
            }
        }
        Err(fault)
    }

    /// Asks one server for one name after the other.
    fn ask(&mut self, server: &Str, tried: &[String], name: &str, kind: &str) -> Result<Answer, Fault> {
        let cluster = self.reach_server(server)?;
        let mut why = Why::NoSuchName;
        for full in tried {
            if !is_name(full) {
                continue;
            }
            self.took_ms += super::DNS_MS;
            let found = if cluster { self.lookup(full, kind) } else { from_outside(full, kind) };
            match found {
                Found::Records(records) if !records.is_empty() => {
                    return self.found(server, full, kind, records, cluster);
                }
                Found::Records(_) => {
                    let answer =
                        Answer { server: server.clone(), name: full.as_str().into(), records: Vec::new() };
                    return Ok(answer);
                }
                Found::No(w) => {
                    if why == Why::NoSuchName || matches!(w, Why::NoEndpoints { .. }) {
                        why = w;
                    }
                }
            }
        }
        self.not_found(server, tried, name, &why)
    }

    /// The zone's answer, or the world's for names that are not the zone's.
    fn lookup(&self, full: &str, kind: &str) -> Found {
        let own = zone::is_inside(full);
        let found = if own || full.ends_with(".in-addr.arpa") {
            zone::lookup(self.ground, full, kind)
        } else {
            Found::No(Why::NoSuchName)
        };
        match found {
            Found::No(Why::NoSuchName) if !own => from_outside(full, kind),
            other => other,
        }
    }

    fn found(
        &mut self,
        server: &Str,
        full: &str,
        kind: &str,
        mut records: Vec<Record>,
        cluster: bool,
    ) -> Result<Answer, Fault> {
        // An alias is followed by the server itself.
        for _ in 0..ALIASES_MAX {
            let Some(Record { name, data: Data::Cname(to) }) = records.last().cloned() else { break };
            let (service, namespace) = service_of(&name);
            let hop = Hop::new(Stage::Name, Code::DnsAlias).fact("server", server.clone());
            let hop = hop.fact("name", name.clone()).fact("answer", to.clone());
            self.push(hop.fact("service", format!("{namespace}/{service}")));
            if kind == "CNAME" {
                break;
            }
            let lower = to.to_lowercase();
            let next = if cluster { self.lookup(&lower, kind) } else { from_outside(&lower, kind) };
            match next {
                Found::Records(more) if !more.is_empty() => records.extend(more),
                Found::Records(_) => break,
                Found::No(_) => {
                    let hop = Hop::failed(Stage::Name, Code::DnsNoName).fact("server", server.clone());
                    let hop = hop.fact("tried", to.clone());
                    let hop = hop.look("Service", &format!("{namespace}/{service}"), "spec.externalName");
                    return self.fail(hop, Fault::NoName);
                }
            }
        }
        let shown: Vec<Str> = records
            .iter()
            .filter_map(|r| match &r.data {
                Data::A(ip) => Some(ip.clone()),
                Data::Srv { port, target, .. } => Some(format!("{target}:{port}").into()),
                Data::Ptr(name) => Some(name.clone()),
                Data::Cname(_) => None,
            })
            .collect();
        if !shown.is_empty() {
            let outside = records.iter().any(|r| outside::lookup(&r.name).is_some());
            let hop = if outside {
                Hop::new(Stage::Name, Code::DnsOutside)
            } else {
                Hop::new(Stage::Name, Code::DnsAnswer).fact("server", server.clone())
            };
            self.push(hop.fact("name", full).fact("answer", shown.join(", ")));
        }
        Ok(Answer { server: server.clone(), name: full.into(), records })
    }

    fn not_found(&mut self, server: &Str, tried: &[String], name: &str, why: &Why) -> Result<Answer, Fault> {
        let hop = |code| Hop::failed(Stage::Name, code).fact("server", server.clone());
        let hop = match why {
            Why::NoEndpoints { service } => Hop::failed(Stage::Name, Code::DnsNoEndpoints)
                .fact("service", service.clone())
                .look("Service", service, "spec.selector"),
            Why::NoSuchService { namespace, name: service } => {
                // The first name of the search list is the one the asker meant: `web` or `web.shop`.
                let bare = !name.contains('.');
                match zone::elsewhere(self.ground, service, namespace).filter(|_| bare) {
                    Some(other) => hop(Code::DnsOtherNamespace)
                        .fact("name", service.clone())
                        .fact("other", other.clone())
                        .look("Service", &format!("{other}/{service}"), "metadata.namespace"),
                    None if bare => hop(Code::DnsNoSuchService)
                        .fact("name", service.clone())
                        .fact("namespace", namespace.clone())
                        .look("Service", &format!("{namespace}/{service}"), "metadata.name"),
                    None => {
                        let mut parts = name.split('.');
                        let (service, namespace) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
                        match zone::elsewhere(self.ground, service, namespace) {
                            Some(other) => hop(Code::DnsOtherNamespace)
                                .fact("name", service)
                                .fact("other", other.clone())
                                .look("Service", &format!("{other}/{service}"), "metadata.namespace"),
                            None => hop(Code::DnsNoSuchService)
                                .fact("name", service)
                                .fact("namespace", namespace)
                                .look("Service", &format!("{namespace}/{service}"), "metadata.name"),
                        }
                    }
                }
            }
            Why::NoSuchName => hop(Code::DnsNoName).fact("tried", tried.join(", ")),
        };
        if let Some(ingress) = self.idle_ingress(name) {
            self.push(hop);
            return self.fail(ingress, Fault::NoName);
        }
        self.fail(hop, Fault::NoName)
    }

    /// What there is to say of an Ingress that has this very host and is served by nobody: an Ingress makes no name,
    /// and without a controller not even an address.
    fn idle_ingress(&self, host: &str) -> Option<Hop> {
        let has = |i: &Value| i["spec"]["rules"].items().iter().any(|r| r["host"].text() == host);
        let ingress = self.ground.list("ingresses.networking.k8s.io", "").into_iter().find(has)?;
        let served = self.ground.list("pods", "").iter().any(|p| {
            p.condition_true("Ready")
                && Controller::of(&p["spec"], p.namespace()).is_some_and(|c| c.serves(self.ground, &ingress))
        });
        let class = class_of(&ingress);
        let code = if class.is_empty() { Code::IngressWithoutClass } else { Code::NoController };
        let hop = Hop::failed(Stage::Ingress, code).fact("ingress", ingress.key());
        let hop = hop.fact("host", host).fact("class", class);
        (!served).then(|| hop.look("Ingress", &ingress.key(), "spec.ingressClassName"))
    }

    /// Whether the server can be asked, and whether it is the cluster's. Adds the hops of the way to it only when
    /// something is wrong there: a lookup is no place to read them each time.
    fn reach_server(&mut self, server: &Str) -> Result<bool, Fault> {
        let before = self.hops.len();
        let silent = |walk: &mut Self, code| {
            let hop = Hop::failed(Stage::Name, code).fact("server", server.clone());
            let hop = match walk.hops.iter().rev().find(|h| !h.passed).and_then(|h| h.look.clone()) {
                Some(look) => Hop { look: Some(look), ..hop },
                None => hop,
            };
            walk.fail(hop, Fault::NoServer)
        };
        let is_dns = self.ground.get("services", "kube-system", "kube-dns");
        let cluster_ip = is_dns.as_ref().map_or(Str::new_static(DNS_IP), |s| s["spec"]["clusterIP"].to_str());
        if *server == cluster_ip && is_dns.is_none() {
            if !self.ground.has_dns_of_its_own() {
                return silent(self, Code::DnsNoService);
            }
            return match self.dns_policy(server) {
                Ok(()) => Ok(true),
                Err(_) => silent(self, Code::DnsNoServer),
            };
        }
        if outside::is_server(server) && *server != cluster_ip {
            let node = Str::from(self.source.node());
            if !node.is_empty() && !self.ground.is_linked(&node) {
                self.push(Hop::failed(Stage::Wire, Code::NodeCutOff).fact("node", node));
                return silent(self, Code::DnsNoServer);
            }
            let restricted = matches!(self.source, Source::Pod { host_network: false, .. });
            if restricted && self.leave(server, 53, "UDP", "").is_err() {
                return silent(self, Code::DnsNoServer);
            }
            self.hops.truncate(before);
            return Ok(false);
        }
        match self.connect(server, 53, "UDP") {
            Ok(Destination::Inside(end)) => {
                if self.ground.listening(&end.ip, end.port).open.is_none() && !self.is_dns_pod(&end.pod) {
                    self.push(Hop::failed(Stage::Port, Code::DnsPodSilent).fact("pod", end.pod.clone()));
                    return silent(self, Code::DnsNoServer);
                }
                self.hops.truncate(before);
                Ok(true)
            }
            Err(Fault::Refused) => silent(self, Code::DnsRefused),
            _ => silent(self, Code::DnsNoServer),
        }
    }

    fn is_dns_pod(&self, key: &str) -> bool {
        self.pod(key).is_some_and(|p| {
            p["spec"]["containers"].items().iter().any(|c| c["image"].text().contains("coredns"))
                && p.condition_true("Ready")
        })
    }
}

/// What a server outside says.
fn from_outside(full: &str, kind: &str) -> Found {
    match outside::lookup(full) {
        Some(ip) if kind == "A" => Found::Records(vec![Record { name: full.into(), data: Data::A(ip) }]),
        Some(_) => Found::Records(Vec::new()),
        None => Found::No(Why::NoSuchName),
    }
}

/// Service and namespace of a name in the zone.
fn service_of(full: &str) -> (Str, Str) {
    let mut parts = full.strip_suffix(ZONE).unwrap_or(full).split('.');
    (parts.next().unwrap_or("").into(), parts.next().unwrap_or("").into())
}
