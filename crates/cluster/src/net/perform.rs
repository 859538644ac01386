//! One request from name to answer: the walk, then the process at its end.

use clock::Millis;
use containers::net::{
    DnsData, DnsRecord, HttpRequest, HttpResponse, NetAnswer, NetError, NetOptions, NetRequest,
};
use kubelet::Served;
use network::path::{Code, Hop, Stage};
use network::walk::Answer;
use network::{Destination, End, Fault, Files, Language, Outcome, Path, Source, Walk, dns};
use objects::Str;

use super::{CONNECT_TIMEOUT_MS, DNS_TIMEOUT_MS, outside};
use crate::Cluster;

/// What Linux gives a packet, and what is left of that from somewhere outside (an example).
const TTL: u8 = 64;
const OUTSIDE_TTL: u8 = 52;

/// A request that is over: what came back, after how long, and how.
pub(super) struct Done {
    pub(super) answer: NetAnswer,
    pub(super) took_ms: Millis,
    pub(super) path: Path,
}

/// What one request came to, before its limits are looked at.
pub(super) struct Reached {
    pub(super) answer: NetAnswer,
    pub(super) outcome: Outcome,
    /// What the server needed.
    pub(super) served_ms: Millis,
}

impl Reached {
    pub(super) fn failed(address: Option<&str>, fault: Fault) -> Self {
        Self {
            answer: NetAnswer::Failed { address: address.map(str::to_owned), error: error_of(fault) },
            outcome: Outcome::Failed(fault),
            served_ms: 0,
        }
    }
}

pub(super) fn log_date(now: clock::Time) -> String {
    let text = now.rfc3339_micro();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{} {}", date.get(5..).unwrap_or("").replace('-', ""), time.trim_end_matches('Z'))
}

pub(super) fn error_of(fault: Fault) -> NetError {
    match fault {
        Fault::NoName => NetError::NoName,
        Fault::NoServer => NetError::NoServer,
        Fault::Refused => NetError::Refused,
        Fault::TimedOut => NetError::TimedOut,
        Fault::Unreachable => NetError::Unreachable,
        Fault::Reset => NetError::Reset,
        Fault::Slow => NetError::Slow,
    }
}

/// The request as a reader would write it.
fn target(request: &NetRequest) -> String {
    match request {
        NetRequest::Resolve { name, kind } => format!("dns {kind} {name}"),
        NetRequest::Http { host, port, tls, request } => {
            let scheme = if *tls { "https" } else { "http" };
            let usual = *port == if *tls { 443 } else { 80 };
            let port = if usual { String::new() } else { format!(":{port}") };
            format!("{} {scheme}://{host}{port}{}", request.method, request.target)
        }
        NetRequest::Tcp { host, port, .. } => format!("tcp {host}:{port}"),
        NetRequest::Udp { host, port, .. } => format!("udp {host}:{port}"),
        NetRequest::Ping { host } => format!("ping {host}"),
        NetRequest::With { request, .. } => target(request),
    }
}

impl Cluster {
    /// Carries a request out at this instant.
    pub(super) fn perform(&mut self, source: &Source, request: &NetRequest, files: &Files) -> Done {
        let (request, options) = request.parts();
        let mut path = Path::new(self.now, source.clone(), target(request));
        let (hops, way_ms, reached) = match self.at_kubectl_proxy(source, request) {
            Some((hops, reached)) => (hops, 0, reached),
            None => {
                let mut walk = Walk::new(self, source.clone());
                let reached = reach(&mut walk, request, &options, files);
                (walk.hops, walk.took_ms, reached)
            }
        };
        path.hops = hops;
        let Reached { mut answer, mut outcome, served_ms } = self.after_forward(&path, reached);
        let limit = options.total_ms.unwrap_or(Millis::MAX);
        let mut took_ms = match outcome {
            Outcome::Failed(Fault::TimedOut) => options.connect_ms.unwrap_or(CONNECT_TIMEOUT_MS).min(limit),
            Outcome::Failed(Fault::NoServer) if path.has(Code::DnsRefused) => way_ms,
            Outcome::Failed(Fault::NoServer) => {
                // Whoever limits the time for a connection of HTTP limits that for its name with it.
                let connect = options.connect_ms.filter(|_| matches!(request, NetRequest::Http { .. }));
                DNS_TIMEOUT_MS.min(connect.unwrap_or(limit)).min(limit)
            }
            Outcome::Failed(Fault::Slow) => limit.min(CONNECT_TIMEOUT_MS),
            _ => way_ms + served_ms,
        };
        if took_ms > limit {
            took_ms = limit;
            outcome = Outcome::Failed(Fault::Slow);
            let program = path.hops.iter().rev().find(|h| h.code == Code::PortOpen);
            let program = program.map(|h| Str::from(h.get("container"))).unwrap_or_default();
            let hop = Hop::failed(Stage::Process, Code::Slow).fact("program", program);
            path.hops.push(hop.number("took", way_ms + served_ms).number("limit", limit));
            if path.has(Code::IngressTakes) || path.has(Code::GatewayTakes) {
                path.hops.push(Hop::new(Stage::Ingress, Code::IngressClientGone).number("limit", limit));
            }
            answer = NetAnswer::Failed { address: None, error: NetError::Slow };
        }
        (path.outcome, path.took_ms) = (outcome, took_ms);
        self.log_access(&path, request, &answer);
        if let Some(locale) = &options.trace {
            let lines = path.lines(Language::of_locale(locale));
            answer = NetAnswer::Traced { lines, answer: Box::new(answer) };
        }
        Done { answer, took_ms, path }
    }

    /// Tells a `kubectl port-forward` of the connection it carried. To its client one that failed behind it looks
    /// accepted, then closed.
    fn after_forward(&mut self, path: &Path, reached: Reached) -> Reached {
        let Some(hop) = path.hops.iter().find(|h| h.code == Code::Forwarded) else { return reached };
        let (local, port, pod) = (hop.get("local").parse().unwrap_or(0), hop.get("port"), hop.get("pod"));
        let broken = match reached.outcome {
            Outcome::Failed(Fault::Refused) => {
                let id = clock::Rng::new(self.now.0.unsigned_abs()).letters(b"0123456789abcdef", 64);
                let when = log_date(self.now);
                Some(format!(
                    "E{when}       1 portforward.go:424] \"Unhandled Error\" err=\"an error occurred forwarding {local} -> {port}: error forwarding port {port} to pod {id}, uid : failed to execute portforward in network namespace \\\"/var/run/netns/cni-{}\\\": failed to connect to localhost:{port} inside namespace \\\"{id}\\\", IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found \"\n",
                    pod.replace('/', "-")
                ))
            }
            _ => None,
        };
        for stream in self.streams.values_mut() {
            if stream.forwards(local).is_some() {
                stream.told(local, broken.as_deref());
                break;
            }
        }
        if broken.is_some() { Reached::failed(Some("127.0.0.1"), Fault::Reset) } else { reached }
    }

    /// Asks the process at the end of a way.
    pub(super) fn serve_http(&mut self, end: &End, request: &HttpRequest) -> Served<HttpResponse> {
        let Some(part) = self.kubelet_at(&end.ip) else { return Served::NoHost };
        let served = self.with_kubelet(part, |k, now| k.serve_http(&end.ip, end.port, request, now));
        served.unwrap_or(Served::NoHost)
    }

    fn serve_tcp(&mut self, end: &End, data: &[u8]) -> Served<Vec<u8>> {
        let Some(part) = self.kubelet_at(&end.ip) else { return Served::NoHost };
        let served = self.with_kubelet(part, |k, now| k.serve_tcp(&end.ip, end.port, data, now));
        served.unwrap_or(Served::NoHost)
    }
}

/// The walk over the cluster itself: the process at the end is asked through it too.
pub(super) type Way<'c> = Walk<'c, Cluster>;

pub(super) fn reach(
    walk: &mut Way<'_>,
    request: &NetRequest,
    options: &NetOptions,
    files: &Files,
) -> Reached {
    match request {
        NetRequest::Resolve { name, kind } => resolve(walk, name, kind, options, files),
        NetRequest::Ping { host } => ping(walk, host, options, files),
        NetRequest::Http { host, port, tls, request } => {
            let (ip, end) = match connect(walk, host, *port, "TCP", options, files) {
                Ok(found) => found,
                Err(failed) => return *failed,
            };
            match end {
                Destination::Inside(end) => {
                    let certificate = options.certificate.as_deref().unwrap_or_default();
                    let mut reached = if super::api::is_at(walk.ground, &end) {
                        super::api::answer(walk, &ip, &end, *tls, certificate, request)
                    } else {
                        http_at(walk, &ip, &end, *tls, request)
                    };
                    if let NetAnswer::Http { response, .. } = &mut reached.answer {
                        response.end = format!("{}:{} {}", end.ip, end.port, end.client);
                    }
                    reached
                }
                Destination::Outside(at) => match outside::http(&at, host) {
                    Some(response) => answered(&ip, response),
                    None => {
                        walk.hops
                            .push(Hop::failed(Stage::Process, Code::OutsideUnknown).fact("ip", at.clone()));
                        Reached::failed(Some(&ip), Fault::TimedOut)
                    }
                },
                Destination::HealthCheck { service, local } => answered(&ip, health(&service, local)),
            }
        }
        NetRequest::Tcp { host, port, data } => {
            let (ip, end) = match connect(walk, host, *port, "TCP", options, files) {
                Ok(found) => found,
                Err(failed) => return *failed,
            };
            match end {
                Destination::Inside(end) => tcp_at(walk, &ip, &end, data),
                Destination::Outside(_) => reached(&ip, Vec::new()),
                Destination::HealthCheck { .. } => reached(&ip, Vec::new()),
            }
        }
        NetRequest::Udp { host, port, .. } => match connect(walk, host, *port, "UDP", options, files) {
            Ok((ip, Destination::Inside(end))) => match walk.at_port(&end) {
                // A server of this house listens for TCP and UDP alike: nothing comes back, nothing is refused.
                Ok(_) => reached(&ip, Vec::new()),
                Err(fault) => Reached::failed(Some(&ip), fault),
            },
            Ok((ip, _)) => reached(&ip, Vec::new()),
            Err(failed) => *failed,
        },
        NetRequest::With { request, .. } => reach(walk, request.parts().0, options, files),
    }
}

pub(super) fn answered(ip: &str, response: HttpResponse) -> Reached {
    Reached {
        outcome: Outcome::Http(response.status),
        served_ms: i64::from(response.took_ms),
        answer: NetAnswer::Http { address: ip.to_owned(), response },
    }
}

fn reached(ip: &str, data: Vec<u8>) -> Reached {
    Reached {
        outcome: Outcome::Reached,
        served_ms: 0,
        answer: NetAnswer::Tcp { address: ip.to_owned(), data },
    }
}

fn health(service: &str, local: usize) -> HttpResponse {
    let (namespace, name) = objects::meta::split_key(service);
    let status = if local > 0 { 200 } else { 503 };
    let body = format!(
        "{{\n\t\"service\": {{\n\t\t\"namespace\": \"{namespace}\",\n\t\t\"name\": \"{name}\"\n\t}},\n\t\"localEndpoints\": {local},\n\t\"serviceProxyHealthy\": true\n}}"
    );
    HttpResponse::text(status, "application/json", body)
}

fn connect(
    walk: &mut Way<'_>,
    host: &str,
    port: u16,
    protocol: &str,
    options: &NetOptions,
    files: &Files,
) -> Result<(Str, Destination), Box<Reached>> {
    if let Some((at, rest)) = options.kept.as_ref().and_then(|k| k.split_once(':')) {
        let (number, client) = rest.split_once(' ').unwrap_or((rest, ""));
        let number = number.parse().unwrap_or(i64::from(port));
        let shown = options.address.as_deref().map_or_else(|| Str::from(at), Str::from);
        let reached = walk.go_on(at, number, client, protocol);
        return reached.map(|d| (shown.clone(), d)).map_err(|f| Box::new(Reached::failed(Some(&shown), f)));
    }
    let ip = match &options.address {
        Some(ip) => {
            let hop = Hop::new(Stage::Name, Code::GivenByOption).fact("name", host);
            walk.hops.push(hop.fact("ip", ip.as_str()));
            Ok(Str::from(ip.as_str()))
        }
        None => walk.address_of(host, files),
    };
    let ip = ip.map_err(|fault| Box::new(Reached::failed(None, fault)))?;
    match walk.connect(&ip, i64::from(port), protocol) {
        Ok(destination) => Ok((ip, destination)),
        Err(fault) => Err(Box::new(Reached::failed(Some(&ip), fault))),
    }
}

/// Programs whose TLS ports tell those who speak plainly so.
const TLS_ONLY: [&str; 4] = ["kubelet", "kube-controller-manager", "kube-scheduler", "metrics-server"];

/// What a server of Go's answers at a TLS port to plain HTTP.
pub(super) fn plain_to_tls() -> HttpResponse {
    let mut response = HttpResponse::text(400, "", "Client sent an HTTP request to an HTTPS server.\n");
    response.headers.clear();
    response
}

/// Asks the process at the end of a way over HTTP.
pub(super) fn http_at(walk: &mut Way<'_>, ip: &Str, end: &End, tls: bool, request: &HttpRequest) -> Reached {
    if super::api::is_at(walk.ground, end) {
        return super::api::answer(walk, ip, end, tls, "", request);
    }
    let (pod, container, program) = match walk.at_port(end) {
        Ok(found) => found,
        Err(fault) => return Reached::failed(Some(ip), fault),
    };
    if let Some(controller) =
        super::proxy::controller_at(walk.ground, &pod).filter(|_| end.port != super::proxy::HEALTH_PORT)
    {
        return super::proxy::through(walk, ip, end, &pod, &controller, tls, request);
    }
    let program = if program.is_empty() { container } else { program };
    let speaks_tls = matches!(end.port, 443 | 6443 | 8443 | 10250 | 10257 | 10259 | 4443);
    let hop =
        |code| Hop::failed(Stage::Process, code).fact("program", program.clone()).number("port", end.port);
    if tls && !speaks_tls {
        walk.hops.push(hop(Code::TlsToPlain));
        return Reached {
            answer: NetAnswer::Failed { address: Some(ip.to_string()), error: NetError::Tls },
            ..Reached::failed(Some(ip), Fault::Reset)
        };
    }
    if !tls && TLS_ONLY.contains(&program.as_str()) && speaks_tls {
        walk.hops.push(hop(Code::PlainToTls));
        return answered(ip, plain_to_tls());
    }
    let request = HttpRequest { peer: end.client.to_string(), ..request.clone() };
    match walk.ground.serve_http(end, &request) {
        Served::Answer(mut response) => {
            if let Some(forward) = response.forward.take() {
                return super::proxy::behind(walk, ip, end, &pod, &program, &forward, response);
            }
            let hop = Hop::new(Stage::Process, Code::Answered).fact("program", program);
            let hop = hop.number("status", i64::from(response.status));
            let hop = hop.fact("reason", HttpResponse::reason(response.status));
            walk.hops.push(hop.number("bytes", response.body.len() as i64));
            answered(ip, response)
        }
        Served::Reset => {
            walk.hops.push(hop(Code::NotHttp));
            Reached::failed(Some(ip), Fault::Reset)
        }
        Served::Silent => {
            walk.hops.push(hop(Code::Hung));
            Reached::failed(Some(ip), Fault::Slow)
        }
        Served::Refused | Served::NoHost => Reached::failed(Some(ip), Fault::Refused),
    }
}

fn tcp_at(walk: &mut Way<'_>, ip: &Str, end: &End, data: &[u8]) -> Reached {
    let (_, container, program) = match walk.at_port(end) {
        Ok(found) => found,
        Err(fault) => return Reached::failed(Some(ip), fault),
    };
    let bytes = match walk.ground.serve_tcp(end, data) {
        Served::Answer(bytes) => bytes,
        _ => Vec::new(),
    };
    let program = if program.is_empty() { container } else { program };
    let hop = Hop::new(Stage::Process, Code::AnsweredBytes).fact("program", program);
    walk.hops.push(hop.number("bytes", bytes.len() as i64));
    reached(ip, bytes)
}

fn ping(walk: &mut Way<'_>, host: &str, options: &NetOptions, files: &Files) -> Reached {
    match connect(walk, host, 0, "ICMP", options, files) {
        Ok((ip, Destination::Inside(end))) => {
            let at = if end.pod.is_empty() { end.node.clone() } else { end.pod.clone() };
            walk.hops.push(Hop::new(Stage::Process, Code::Echoed).fact("at", at));
            // A node stands before each pod that is not the asker, on either side.
            let asker = walk.source.pod();
            let itself = end.loopback || end.ip == walk.source.ip();
            let has_own = |pod: &str| !pod.is_empty();
            let hops = match (walk.source.node() == end.node, itself) {
                (_, true) => 0,
                (true, _) => u8::from(has_own(asker) && has_own(&end.pod)),
                (false, _) => u8::from(has_own(asker)) + u8::from(has_own(&end.pod)),
            };
            pong(&ip, TTL - hops)
        }
        Ok((ip, _)) => pong(&ip, OUTSIDE_TTL),
        Err(failed) => *failed,
    }
}

fn pong(ip: &str, ttl: u8) -> Reached {
    Reached {
        outcome: Outcome::Reached,
        served_ms: 0,
        answer: NetAnswer::Pong { address: ip.to_owned(), ttl },
    }
}

fn resolve(walk: &mut Way<'_>, name: &str, kind: &str, options: &NetOptions, files: &Files) -> Reached {
    let mut files = files.clone();
    if let Some(server) = &options.server {
        let ip = match walk.address_of(server, &files) {
            Ok(ip) => ip,
            Err(fault) => return Reached::failed(None, fault),
        };
        let others: Vec<&str> = files.resolv.lines().filter(|l| !l.starts_with("nameserver")).collect();
        files.resolv = format!("nameserver {ip}\n{}\n", others.join("\n")).into();
    }
    let kind = kind.to_uppercase();
    match walk.resolve(name, &kind, &files) {
        Ok(Answer { server, name, records }) => {
            let records = records.into_iter().map(record).collect();
            Reached {
                outcome: Outcome::Resolved,
                served_ms: 0,
                answer: NetAnswer::Resolved { server: server.to_string(), name: name.to_string(), records },
            }
        }
        Err(fault) => {
            let resolver = dns::Resolver::parse(&files.resolv);
            Reached::failed(resolver.servers.first().map(Str::as_str), fault)
        }
    }
}

fn record(r: dns::Record) -> DnsRecord {
    let data = match r.data {
        dns::Data::A(ip) => DnsData::A(ip.to_string()),
        dns::Data::Cname(to) => DnsData::Cname(to.to_string()),
        dns::Data::Ptr(to) => DnsData::Ptr(to.to_string()),
        dns::Data::Srv { priority, weight, port, target } => {
            DnsData::Srv { priority, weight, port, target: target.to_string() }
        }
    };
    DnsRecord { name: r.name.to_string(), data }
}
