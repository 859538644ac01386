//! The network between containers: names, virtual addresses, and the hop to whoever listens.
//!
//! Owns: the way of a request from a pod to a pod, and the answer of DNS. Does not own: the rules of Services
//! (kube-proxy's, on the node that asks), what a server answers (its container).
//! Models CoreDNS's `kubernetes` plugin. Not modelled: packets, UDP, policies, the world outside.

use clock::{Millis, Time};
use containers::net::{HttpRequest, HttpResponse, NetAnswer, NetError, NetRequest};
use kubelet::{NetCall, Served};
use network::{Refused, Route};
use objects::{Str, Value};

use crate::Cluster;
use crate::event_loop::Due;

/// From a request to its answer between two pods (estimate).
const ROUND_TRIP_MS: Millis = 2;
/// How long a connection to nowhere is tried: Linux sends its first packet seven times.
const CONNECT_TIMEOUT_MS: Millis = 127_000;
const ZONE: &str = "cluster.local";

/// Where a connection ends.
enum Target {
    /// An address of a pod or node, and the port there.
    Host(Str, i64),
    /// Nothing answers at all.
    Silence,
    Refused,
}

impl Cluster {
    /// Sends requests on their way.
    pub(crate) fn send_calls(&mut self, part: usize, calls: Vec<NetCall>) {
        for call in calls {
            let id = self.next_call;
            self.next_call += 1;
            self.calls.insert(id, (part, call));
            self.due.set(self.now + ROUND_TRIP_MS, Due::Net(id));
        }
    }

    /// A request has arrived: it is answered, or will never be.
    pub(crate) fn carry(&mut self, id: u64) {
        let Some((part, call)) = self.calls.remove(&id) else { return };
        let answer = self.answer(part, &call);
        if let NetAnswer::Failed { error: NetError::TimedOut, .. } = answer
            && !self.has_waited(&call)
        {
            // It is tried until the kernel gives up; then the same comes out again.
            self.calls.insert(id, (part, NetCall { source: Str::default(), ..call }));
            self.due.set(self.now + CONNECT_TIMEOUT_MS, Due::Net(id));
            return;
        }
        self.with_kubelet(part, |k, now| k.answer(&call, answer, now));
    }

    /// A call that has been through its time-out has lost its source.
    fn has_waited(&self, call: &NetCall) -> bool {
        call.source.is_empty()
    }

    fn answer(&mut self, part: usize, call: &NetCall) -> NetAnswer {
        let failed =
            |address: Option<&str>, error| NetAnswer::Failed { address: address.map(str::to_owned), error };
        match &call.request {
            NetRequest::Resolve { name, kind } => self.resolve(call, name, kind),
            NetRequest::Ping { host } => match self.address(call, host) {
                Err(e) => failed(None, e),
                Ok(ip) if self.node_with(&ip).is_some() => {
                    NetAnswer::Pong { address: ip.to_string(), millis: 0.1 }
                }
                Ok(ip) => failed(Some(&ip), NetError::TimedOut),
            },
            NetRequest::Http { host, port, request, .. } => {
                let ip = match self.address(call, host) {
                    Ok(ip) => ip,
                    Err(e) => return failed(None, e),
                };
                let mut request = request.clone();
                request.peer = call.source.to_string();
                let served =
                    self.reach(part, &ip, *port, |c, at, to, port| c.http_at(at, to, port, &request));
                match served {
                    Ok(Served::Answer(response)) => NetAnswer::Http { address: ip.to_string(), response },
                    Ok(Served::Reset) => failed(Some(&ip), NetError::Reset),
                    Ok(Served::Refused) => failed(Some(&ip), NetError::Refused),
                    Ok(Served::NoHost) => failed(Some(&ip), NetError::TimedOut),
                    Err(e) => failed(Some(&ip), e),
                }
            }
            NetRequest::Tcp { host, port, data } => {
                let ip = match self.address(call, host) {
                    Ok(ip) => ip,
                    Err(e) => return failed(None, e),
                };
                let served = self.reach(part, &ip, *port, |c, at, to, port| c.tcp_at(at, to, port, data));
                match served {
                    Ok(Served::Answer(data)) => NetAnswer::Tcp { address: ip.to_string(), data },
                    Ok(Served::Reset) => NetAnswer::Tcp { address: ip.to_string(), data: Vec::new() },
                    Ok(Served::Refused) => failed(Some(&ip), NetError::Refused),
                    Ok(Served::NoHost) => failed(Some(&ip), NetError::TimedOut),
                    Err(e) => failed(Some(&ip), e),
                }
            }
        }
    }

    /// One request and its answer at this instant, as a pod (`namespace/name`) would make it; of a name that is no pod,
    /// as a program on the first node that runs a kubelet would. For who looks: on a copy of the cluster.
    pub fn ask(&mut self, pod: &str, request: NetRequest) -> NetAnswer {
        let (namespace, name) = objects::meta::split_key(pod);
        let found = self.object("pods", namespace, name);
        let node = found.map(|p| p["spec"]["nodeName"].to_str()).unwrap_or_default();
        let source = found.map(|p| p["status"]["podIP"].to_str()).unwrap_or_default();
        let at = |wanted: &str| {
            self.parts
                .iter()
                .position(|p| p.kubelet().is_some_and(|k| wanted.is_empty() || k.node() == wanted))
        };
        let Some(part) = at(&node).or_else(|| at("")) else {
            return NetAnswer::Failed { address: None, error: NetError::Unreachable };
        };
        let call = NetCall { pod: pod.into(), container: 0, start: 0, id: 0, source, request };
        self.answer(part, &call)
    }

    /// Follows the rules of the node that asks to the node that answers.
    fn reach<T>(
        &mut self,
        part: usize,
        ip: &str,
        port: u16,
        f: impl FnOnce(&mut Self, usize, &str, i64) -> Served<T>,
    ) -> Result<Served<T>, NetError> {
        match self.target(part, ip, i64::from(port)) {
            Target::Refused => Err(NetError::Refused),
            Target::Silence => Err(NetError::TimedOut),
            Target::Host(ip, port) => match self.node_with(&ip) {
                Some(at) => Ok(f(self, at, &ip, port)),
                None => Err(NetError::TimedOut),
            },
        }
    }

    fn http_at(&mut self, part: usize, ip: &str, port: i64, request: &HttpRequest) -> Served<HttpResponse> {
        self.with_kubelet(part, |k, now| k.serve_http(ip, port, request, now)).unwrap_or(Served::NoHost)
    }

    fn tcp_at(&mut self, part: usize, ip: &str, port: i64, data: &[u8]) -> Served<Vec<u8>> {
        self.with_kubelet(part, |k, now| k.serve_tcp(ip, port, data, now)).unwrap_or(Served::NoHost)
    }

    /// The part that is the kubelet of the node that has an address.
    fn node_with(&self, ip: &str) -> Option<usize> {
        self.parts.iter().position(|p| p.kubelet().is_some_and(|k| k.has_address(ip)))
    }

    /// What the asking node's kube-proxy makes of an address.
    fn target(&mut self, part: usize, ip: &str, port: i64) -> Target {
        let node = self.parts[part].kubelet().map(|k| Str::from(k.node())).unwrap_or_default();
        let is_node = self.parts.iter().filter_map(crate::part::Part::kubelet).any(|k| k.host_ip() == ip);
        let proxies = self.parts.iter_mut().filter_map(crate::part::Part::kube_proxy_mut);
        let mut proxies = proxies.filter(|p| p.node() == node);
        let Some(proxy) = proxies.next() else { return Target::Host(ip.into(), port) };
        let by_rule = |r: Result<Option<Route>, Refused>| match r {
            Ok(Some(route)) => Some(Target::Host(route.chosen.ip, route.chosen.port)),
            Ok(None) => None,
            Err(Refused::NoEndpoints { .. }) => Some(Target::Refused),
            Err(Refused::NoSuchPort { .. }) => Some(Target::Silence),
        };
        let found = by_rule(proxy.connect(ip, port, "TCP"))
            .or_else(|| if is_node { by_rule(proxy.connect_node_port(port, "TCP")) } else { None });
        found.unwrap_or_else(|| Target::Host(ip.into(), port))
    }

    /// The address of a host: itself, of this machine, or what DNS says.
    fn address(&self, call: &NetCall, host: &str) -> Result<Str, NetError> {
        if is_ip(host) {
            return Ok(if host.starts_with("127.") { self.own_address(call) } else { host.into() });
        }
        if host == "localhost" || Some(host) == call.pod.split('/').nth(1) {
            return Ok(self.own_address(call));
        }
        match self.records(call, host) {
            Ok((_, records)) => records.first().map(Str::from).ok_or(NetError::NoName),
            Err(e) => Err(e),
        }
    }

    fn own_address(&self, call: &NetCall) -> Str {
        let (namespace, name) = objects::meta::split_key(&call.pod);
        self.object("pods", namespace, name).map_or(call.source.clone(), |p| p["status"]["podIP"].to_str())
    }

    fn resolve(&self, call: &NetCall, name: &str, kind: &str) -> NetAnswer {
        let server = self.dns_server().unwrap_or_default();
        if kind == "AAAA" {
            return match self.records(call, name) {
                Ok((full, _)) => {
                    NetAnswer::Resolved { server: server.to_string(), name: full, records: Vec::new() }
                }
                Err(error) => NetAnswer::Failed { address: None, error },
            };
        }
        match self.records(call, name) {
            Ok((full, records)) => NetAnswer::Resolved { server: server.to_string(), name: full, records },
            Err(error) => NetAnswer::Failed { address: None, error },
        }
    }

    /// The address of the cluster's DNS, when it has one that answers.
    fn dns_server(&self) -> Option<Str> {
        if self.config.dns {
            return Some("10.96.0.10".into());
        }
        let service = self.object("services", "kube-system", "kube-dns")?;
        let ready = self.endpoints("kube-system", "kube-dns").next().is_some();
        ready.then(|| service["spec"]["clusterIP"].to_str())
    }

    /// Ready endpoints of a Service.
    fn endpoints<'a>(&'a self, namespace: &'a str, service: &'a str) -> impl Iterator<Item = &'a Value> {
        self.api
            .objects("endpointslices.discovery.k8s.io", namespace)
            .filter(move |s| s.labels()["kubernetes.io/service-name"] == service)
            .flat_map(|s| s["endpoints"].items())
            .filter(|e| e["conditions"]["ready"].as_bool() != Some(false))
    }

    /// The full name and addresses of a name, tried with the search list as the resolver does.
    fn records(&self, call: &NetCall, name: &str) -> Result<(String, Vec<String>), NetError> {
        if self.dns_server().is_none() {
            return Err(NetError::NoServer);
        }
        let namespace = objects::meta::split_key(&call.pod).0;
        let absolute = name.strip_suffix('.');
        let mut tries = Vec::new();
        if absolute.is_none() {
            for suffix in [format!("{namespace}.svc.{ZONE}"), format!("svc.{ZONE}"), ZONE.to_owned()] {
                tries.push(format!("{name}.{suffix}"));
            }
        }
        tries.push(absolute.unwrap_or(name).to_owned());
        for full in tries {
            if let Some(records) = self.lookup(&full.to_lowercase()) {
                return Ok((full, records));
            }
        }
        Err(NetError::NoName)
    }

    /// What the zone holds under a full name.
    fn lookup(&self, full: &str) -> Option<Vec<String>> {
        let labels: Vec<&str> = full.strip_suffix(&format!(".{ZONE}"))?.split('.').collect();
        match labels.as_slice() {
            [service, namespace, "svc"] => {
                let spec = &self.object("services", namespace, service)?["spec"];
                if spec["type"] == "ExternalName" {
                    return Some(vec![spec["externalName"].text().to_owned()]);
                }
                if spec["clusterIP"] != "None" {
                    return Some(vec![spec["clusterIP"].text().to_owned()]);
                }
                let all: Vec<String> = self
                    .endpoints(namespace, service)
                    .flat_map(|e| e["addresses"].items())
                    .map(|a| a.text().to_owned())
                    .collect();
                (!all.is_empty()).then_some(all)
            }
            [host, service, namespace, "svc"] => {
                self.object("services", namespace, service)?;
                let found = self.endpoints(namespace, service).find(|e| e["hostname"] == *host)?;
                Some(vec![found["addresses"][0].text().to_owned()])
            }
            [ip, namespace, "pod"] => {
                self.object("namespaces", "", namespace)?;
                let ip = ip.replace('-', ".");
                is_ip(&ip).then(|| vec![ip])
            }
            _ => None,
        }
    }

    /// The instant, for those who look from outside.
    pub fn requests_under_way(&self) -> impl Iterator<Item = (Time, &NetCall)> {
        self.calls.values().map(|(_, call)| (self.now, call))
    }
}

fn is_ip(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 4 && parts.iter().all(|p| p.parse::<u8>().is_ok())
}
