//! What a controller does with one request: through the gate, to a backend, to an endpoint of it.
//!
//! Owns: the decision, canaries, affinity, how a request is written anew. Does not own: which rule it meets
//! ([`super::rules`]), what is decided before a backend is looked for ([`super::gate`]).

use objects::{Str, Value};

use super::annotations::{annotation, field, is_on, number, unsimulated};
use super::pattern::{Pattern, fill};
use super::rules::{self, Rule};
use super::{Controller, Kind, gate, pages};
use crate::ground::Ground;
use crate::kube_proxy::Endpoint;
use crate::path::{Code, Hop, Stage};

/// How long nginx waits for a connection and for an answer, and how often it tries, in seconds and times.
const CONNECT_S: i64 = 5;
const READ_S: i64 = 60;
const TRIES: i64 = 3;
/// How long Traefik waits for a connection (`forwardingTimeouts.dialTimeout`).
pub(super) const DIAL_MS: i64 = 30_000;

/// A request as a controller looks at it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    pub tls: bool,
    /// The `Host` header.
    pub host: &'a str,
    /// Path and query.
    pub target: &'a str,
    pub method: &'a str,
    pub headers: &'a [(String, String)],
    pub body_bytes: usize,
    /// The address it comes from.
    pub client: &'a str,
}

impl<'a> Asked<'a> {
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub(super) fn path(&self) -> &'a str {
        self.target.split(['?', '#']).next().unwrap_or("/")
    }

    /// The host without its port, in lower case.
    pub(super) fn name(&self) -> String {
        self.host
            .rsplit_once(':')
            .map_or(self.host, |(h, p)| if p.parse::<u16>().is_ok() { h } else { self.host })
            .to_lowercase()
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// A text with nginx's variables, those of the request known here: `$request_uri`, `$host`, `$arg_user` ..
    pub(super) fn fill(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let after = after.strip_prefix('{').unwrap_or(after);
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            out.push_str(&self.variable(&after[..end]));
            rest = after[end..].strip_prefix('}').unwrap_or(&after[end..]);
        }
        out + rest
    }

    fn variable(&self, name: &str) -> String {
        let query = self.target.split_once('?').map_or("", |(_, q)| q);
        let argument = |n: &str| query.split('&').filter_map(|p| p.split_once('=')).find(|(k, _)| *k == n);
        match name {
            "request_uri" => self.target.to_owned(),
            "uri" => self.path().to_owned(),
            "args" | "query_string" => query.to_owned(),
            "host" => self.name(),
            "http_host" | "best_http_host" => self.host.to_owned(),
            "scheme" => self.scheme().to_owned(),
            "remote_addr" | "binary_remote_addr" => self.client.to_owned(),
            "request_method" => self.method.to_owned(),
            _ => {
                let header = |n: &str| self.header(&n.replace('_', "-")).map(str::to_owned);
                let found = name.strip_prefix("http_").and_then(header);
                let found =
                    found.or_else(|| name.strip_prefix("arg_").and_then(argument).map(|(_, v)| v.to_owned()));
                let cookie = |n: &str| self.cookie(n).map(str::to_owned);
                found.or_else(|| name.strip_prefix("cookie_").and_then(cookie)).unwrap_or_default()
            }
        }
    }

    fn cookie(&self, name: &str) -> Option<&'a str> {
        let all = self.header("cookie")?;
        all.split(';').filter_map(|c| c.trim().split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v)
    }
}

/// The certificate shown to a client that speaks TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    pub names: Vec<String>,
}

/// What becomes of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderChange {
    Set(String),
    /// Beside what is there.
    Add(String),
    Remove,
}

/// When another endpoint, or the only one, is tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// In all.
    pub tries: usize,
    /// When a connection fails or breaks, when it takes too long, when these statuses come.
    pub error: bool,
    pub timeout: bool,
    pub statuses: Vec<u16>,
}

/// Where a request is sent on to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forward {
    /// The Ingress or HTTPRoute it came by, and its field that says how long an answer is waited for.
    pub by: Str,
    pub kind: &'static str,
    pub patience: String,
    pub service: Str,
    /// The Service's port, and its place among the Service's ports.
    pub port: i64,
    pub port_index: usize,
    /// Those to be tried, in their order, and the names of all that they were chosen from.
    pub endpoints: Vec<Endpoint>,
    pub alternatives: Vec<Str>,
    /// Path and query as sent on.
    pub target: String,
    /// By name, in order: of the request, and of the answer.
    pub request_headers: Vec<(String, HeaderChange)>,
    pub response_headers: Vec<(String, HeaderChange)>,
    /// How long a connection, and an answer, is waited for.
    pub connect_ms: i64,
    pub timeout_ms: i64,
    /// The backend is spoken to over TLS.
    pub tls: bool,
    pub again: Again,
    /// Endpoints that get a copy.
    pub mirrors: Vec<Endpoint>,
}

/// What a controller does.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It answers itself.
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    Forward(Box<Forward>),
}

impl Decision {
    pub(super) fn page(kind: Kind, status: u16, headers: Vec<(String, String)>) -> Self {
        let (content, body) = pages::page(kind, status);
        let mut all = vec![("Content-Type".to_owned(), content.to_owned())];
        all.extend(headers);
        all.push(("Content-Length".to_owned(), body.len().to_string()));
        Self::Answer { status, headers: all, body }
    }
}

/// Decides what a controller in `pod` does with a request. The hops say why.
pub fn route(
    ground: &mut dyn Ground,
    controller: &Controller,
    pod: &str,
    asked: &Asked<'_>,
) -> (Vec<Hop>, Decision, Option<Certificate>) {
    let (host, path) = (asked.name(), asked.path().to_owned());
    let mut hops = vec![
        Hop::new(Stage::Ingress, Code::IngressTakes)
            .fact("pod", pod)
            .fact("class", controller.class.clone())
            .fact("host", host.as_str())
            .fact("path", path.as_str()),
    ];
    let nginx = controller.kind == Kind::Nginx;
    let all = ground.list("ingresses.networking.k8s.io", "");
    let mut served: Vec<&Value> = all.iter().filter(|i| controller.serves(ground, i)).collect();
    rules::arrange_by_age(&mut served);
    let (canaries, plain): (Vec<&Value>, Vec<&Value>) =
        served.into_iter().partition(|i| nginx && is_on(i, "canary"));
    let certificate = asked.tls.then(|| certificate(ground, &plain, &host, &mut hops));
    if let Some((ingress, to)) = rules::www_of(&plain, &host).filter(|_| nginx) {
        let (hop, decision) = gate::to_www(ingress, asked, &to);
        hops.push(hop);
        return (hops, decision, certificate);
    }
    let Some(rule) = rules::find(controller, &plain, &host, &path) else {
        hops.push(rules::why_none(&all, &plain, controller, &host, &path));
        return (hops, Decision::page(controller.kind, 404, Vec::new()), certificate);
    };
    let mut added = Vec::new();
    if nginx {
        let idle = unsimulated(rule.ingress);
        if !idle.is_empty() {
            let hop = Hop::new(Stage::Ingress, Code::IngressIgnores).fact("ingress", rule.ingress.key());
            hops.push(hop.fact("names", idle.join(", ")));
        }
        match gate::pass(ground, &plain, &rule, asked, &mut hops) {
            Ok(headers) => added = headers,
            Err(decision) => return (hops, decision, certificate),
        }
    }
    let canary = rules::beside(&canaries, &rule);
    let canary = canary.and_then(|c| takes_canary(ground, c.ingress, asked).map(|why| (c, why)));
    let rule = match canary {
        Some((c, why)) => {
            let hop = Hop::new(Stage::Ingress, Code::IngressCanary).fact("ingress", c.ingress.key());
            hops.push(hop.fact("why", why));
            c
        }
        None => rule,
    };
    let mut decision = forward(ground, controller, &rule, asked, &host, &mut hops);
    if let Decision::Forward(f) = &mut decision {
        f.response_headers.extend(added);
    }
    (hops, decision, certificate)
}

/// The certificate for a host: a Secret's, or the controller's own.
fn certificate(ground: &dyn Ground, served: &[&Value], host: &str, hops: &mut Vec<Hop>) -> Certificate {
    let fake = || {
        let name = "O=Acme Co; CN=Kubernetes Ingress Controller Fake Certificate".to_owned();
        Certificate { subject: name.clone(), issuer: name, names: vec!["ingress.local".into()] }
    };
    let covers = |h: &Value| {
        let h = h.text();
        h == host
            || h.strip_prefix("*.").is_some_and(|rest| host.split_once('.').is_some_and(|(_, r)| r == rest))
    };
    let own = served.iter().find_map(|i| {
        let tls = i["spec"]["tls"].items().iter().find(|t| t["hosts"].items().iter().any(covers))?;
        Some((*i, tls))
    });
    let Some((ingress, tls)) = own else { return fake() };
    let secret = format!("{}/{}", ingress.namespace(), tls["secretName"].text());
    let why = match ground.get("secrets", ingress.namespace(), tls["secretName"].text()) {
        None => "NotFound",
        Some(s) if s["data"]["tls.crt"].is_zero() || s["data"]["tls.key"].is_zero() => "tls.crt, tls.key",
        Some(_) => {
            hops.push(Hop::new(Stage::Ingress, Code::IngressTls).fact("secret", secret.as_str()));
            let names: Vec<String> = tls["hosts"].items().iter().map(|h| h.text().to_owned()).collect();
            let subject = format!("CN={host}");
            return Certificate { issuer: subject.clone(), subject, names };
        }
    };
    let hop = Hop::failed(Stage::Ingress, Code::IngressTlsSecretMissing)
        .fact("ingress", ingress.key())
        .fact("secret", secret.as_str())
        .fact("why", why)
        .look("Ingress", &ingress.key(), "spec.tls[0].secretName");
    hops.push(hop);
    fake()
}

/// Why a canary takes a request, if it does.
fn takes_canary(ground: &mut dyn Ground, canary: &Value, asked: &Asked<'_>) -> Option<String> {
    if let Some(header) = annotation(canary, "canary-by-header")
        && let Some(value) = asked.header(header)
    {
        match annotation(canary, "canary-by-header-value") {
            Some(wanted) if wanted == value => return Some(format!("{header}: {value}")),
            Some(_) => {}
            None => match annotation(canary, "canary-by-header-pattern").map(Pattern::parse) {
                Some(pattern) if pattern.as_ref().is_some_and(|p| p.matches(value).is_some()) => {
                    return Some(format!("{header}: {value}"));
                }
                Some(_) => {}
                None if value == "always" => return Some(format!("{header}: {value}")),
                None if value == "never" => return None,
                None => {}
            },
        }
    }
    if let Some(name) = annotation(canary, "canary-by-cookie") {
        match asked.cookie(name) {
            Some("always") => return Some(format!("cookie {name}")),
            Some("never") => return None,
            _ => {}
        }
    }
    let (weight, total) = crate::flow::canary_weight(canary);
    let (weight, total) = (weight.unsigned_abs(), total.unsigned_abs());
    let turn = ground.turns().next(&format!("canary/{}", canary.key()));
    // Spread evenly: the weight's share grows by whole steps.
    let (now, next) = (turn % total * weight / total, (turn % total + 1) * weight / total);
    (next > now).then(|| format!("weight {weight}/{total}"))
}

/// Where a backend leads: the Service, its port and the port's place, and the endpoints that are ready.
struct Led {
    service: Str,
    port: i64,
    port_index: usize,
    ready: Vec<Endpoint>,
}

/// Follows a backend to its endpoints.
fn lead(ground: &mut dyn Ground, kind: Kind, rule: &Rule<'_>, hops: &mut Vec<Hop>) -> Result<Led, Decision> {
    let (namespace, key) = (rule.ingress.namespace(), rule.ingress.key());
    let name = rule.backend["service"]["name"].text();
    let service = Str::from(format!("{namespace}/{name}"));
    let port = &rule.backend["service"]["port"];
    let shown: Str = port["name"].as_str().map_or_else(|| port["number"].int().to_string().into(), Str::from);
    let Some(rules) = ground.rules_now(namespace, name) else {
        let hop = Hop::failed(Stage::Ingress, Code::IngressNoService).fact("ingress", key.clone());
        let field = format!("{}.service.name", rule.field());
        hops.push(hop.fact("service", service).look("Ingress", &key, field));
        return Err(Decision::page(kind, unavailable(kind), Vec::new()));
    };
    let fits = |p: &&crate::kube_proxy::ServicePort| match port["name"].as_str() {
        Some(n) => p.name == n,
        None => p.port == port["number"].int(),
    };
    let Some((port_index, found)) = rules.ports.iter().enumerate().find(|(_, p)| fits(p)) else {
        let hop = Hop::failed(Stage::Ingress, Code::IngressNoServicePort).fact("ingress", key.clone());
        let hop = hop.fact("service", service).fact("port", shown);
        hops.push(hop.look("Ingress", &key, format!("{}.service.port", rule.field())));
        return Err(Decision::page(kind, unavailable(kind), Vec::new()));
    };
    let mut ready: Vec<Endpoint> = found.endpoints.iter().filter(|e| e.ready).cloned().collect();
    if ready.is_empty() {
        let object = ground.get("services", namespace, name).unwrap_or_default();
        let elsewhere =
            object["spec"]["externalName"].as_str().filter(|_| object["spec"]["type"] == "ExternalName");
        let endpoint =
            |name: &str| Endpoint { ip: name.into(), port: found.port, ready: true, ..Endpoint::default() };
        ready.extend(elsewhere.map(endpoint));
    }
    Ok(Led { service, port: found.port, port_index, ready })
}

fn forward(
    ground: &mut dyn Ground,
    controller: &Controller,
    rule: &Rule<'_>,
    asked: &Asked<'_>,
    host: &str,
    hops: &mut Vec<Hop>,
) -> Decision {
    let (i, nginx) = (rule.ingress, controller.kind == Kind::Nginx);
    let own = |name: &str| if nginx { annotation(i, name) } else { None };
    let key = i.key();
    let service = format!("{}/{}", i.namespace(), rule.backend["service"]["name"].text());
    let port = &rule.backend["service"]["port"];
    let shown: Str = port["name"].as_str().map_or_else(|| port["number"].int().to_string().into(), Str::from);
    let code = if rule.kind.is_empty() { Code::IngressDefaultBackend } else { Code::IngressRule };
    let hop = Hop::new(Stage::Ingress, code).fact("ingress", key.clone()).fact("host", host);
    let hop = hop.fact("path", rule.path).fact("kind", rule.kind).fact("service", service.as_str());
    hops.push(hop.fact("port", shown.clone()));
    let mut led = match lead(ground, controller.kind, rule, hops) {
        Ok(led) => led,
        Err(decision) => return decision,
    };
    if led.ready.is_empty()
        && let Some(other) = own("default-backend").and_then(|name| first_port(ground, i.namespace(), name))
    {
        let hop = Hop::new(Stage::Ingress, Code::IngressOtherService).fact("service", led.service.clone());
        hops.push(hop.fact("ingress", key.clone()).fact("other", other.service.clone()));
        led = other;
    }
    if led.ready.is_empty() {
        let hop = Hop::failed(Stage::Ingress, Code::IngressNoEndpoints).fact("service", led.service.clone());
        hops.push(hop.fact("ingress", key).look("Service", &led.service, "spec.selector"));
        return Decision::page(controller.kind, 503, Vec::new());
    }
    let mut response_headers = Vec::new();
    let turn = ground.turns().next(&format!("ingress/{key}/{}/{shown}", led.service)) as usize;
    let first = match own("upstream-hash-by") {
        Some(by) => {
            let value = asked.fill(by);
            let at = hash(&value) as usize % led.ready.len();
            let hop = Hop::new(Stage::Ingress, Code::IngressHash).fact("by", by).fact("value", value);
            hops.push(hop.fact("pod", led.ready[at].label()));
            at
        }
        None if own("affinity") == Some("cookie") => {
            stick(rule, asked, &led.ready, turn % led.ready.len(), &mut response_headers, hops)
        }
        None => turn % led.ready.len(),
    };
    if asked.tls && nginx {
        let hsts = "max-age=31536000; includeSubDomains".to_owned();
        response_headers.push(("Strict-Transport-Security".to_owned(), HeaderChange::Set(hsts)));
    }
    let mut target = asked.target.to_owned();
    if let Some(to) = own("rewrite-target") {
        let new = fill(to, &rule.groups);
        let query = asked.target.split_once('?').map_or(String::new(), |(_, q)| format!("?{q}"));
        target = format!("{new}{query}");
        let hop = Hop::new(Stage::Ingress, Code::IngressRewrites).fact("path", asked.path());
        hops.push(hop.fact("new", target.as_str()));
    }
    let seconds = |name: &str, usual: i64| {
        own(name).and_then(|s| s.parse().ok()).unwrap_or(usual).clamp(1, 86_400) * 1000
    };
    let again = if nginx { again(i) } else { Again { tries: 1, ..Again::default() } };
    led.ready.rotate_left(first);
    let alternatives = led.ready.iter().map(Endpoint::label).collect();
    led.ready.truncate(again.tries);
    Decision::Forward(Box::new(Forward {
        by: key,
        kind: "Ingress",
        patience: field("proxy-read-timeout"),
        service: led.service,
        port: led.port,
        port_index: led.port_index,
        endpoints: led.ready,
        alternatives,
        target,
        request_headers: request_headers(i, nginx, asked, turn),
        response_headers,
        connect_ms: if nginx { seconds("proxy-connect-timeout", CONNECT_S) } else { DIAL_MS },
        timeout_ms: seconds("proxy-read-timeout", READ_S),
        tls: own("backend-protocol").is_some_and(|p| matches!(p.to_uppercase().trim(), "HTTPS" | "GRPCS")),
        again,
        mirrors: Vec::new(),
    }))
}

/// The first port of a Service that an annotation names, where it has endpoints.
fn first_port(ground: &mut dyn Ground, namespace: &str, name: &str) -> Option<Led> {
    let rules = ground.rules_now(namespace, name)?;
    let port = rules.ports.first()?;
    let ready: Vec<Endpoint> = port.endpoints.iter().filter(|e| e.ready).cloned().collect();
    (!ready.is_empty()).then(|| Led { service: rules.service.clone(), port: port.port, port_index: 0, ready })
}

/// When nginx tries again (`proxy-next-upstream`): after an error or a time-out, without the annotation.
fn again(i: &Value) -> Again {
    let tries = number(i, "proxy-next-upstream-tries").unwrap_or(TRIES);
    let words = annotation(i, "proxy-next-upstream").unwrap_or("error timeout");
    let has = |wanted: &str| words.split_whitespace().any(|w| w == wanted);
    let statuses = words.split_whitespace().filter_map(|w| w.strip_prefix("http_")?.parse().ok());
    Again {
        tries: if has("off") { 1 } else { usize::try_from(tries).unwrap_or(1).clamp(1, 10) },
        error: has("error"),
        timeout: has("timeout"),
        statuses: statuses.collect(),
    }
}

/// What a backend is told of the request's way.
fn request_headers(i: &Value, nginx: bool, asked: &Asked<'_>, turn: usize) -> Vec<(String, HeaderChange)> {
    let scheme = asked.scheme();
    let forwarded = [
        ("x-request-id", format!("{:032x}", u128::from(turn as u64) * 0x9e37_79b9_7f4a_7c15 + 7)),
        ("x-real-ip", asked.client.to_owned()),
        ("x-forwarded-for", asked.client.to_owned()),
        ("x-forwarded-host", asked.host.to_owned()),
        ("x-forwarded-port", if asked.tls { "443" } else { "80" }.to_owned()),
        ("x-forwarded-proto", scheme.to_owned()),
        ("x-forwarded-scheme", scheme.to_owned()),
        ("x-scheme", scheme.to_owned()),
    ];
    let mut all: Vec<(String, HeaderChange)> =
        forwarded.into_iter().map(|(n, v)| (n.to_owned(), HeaderChange::Set(v))).collect();
    let mut set = |name: &str, value: &str| all.push((name.to_owned(), HeaderChange::Set(value.to_owned())));
    if !nginx {
        return all;
    }
    if let Some(upstream) = annotation(i, "upstream-vhost") {
        set("host", upstream);
    }
    if let Some(prefix) =
        annotation(i, "x-forwarded-prefix").filter(|_| annotation(i, "rewrite-target").is_some())
    {
        set("x-forwarded-prefix", prefix);
    }
    if annotation(i, "auth-type").is_some() {
        all.push(("authorization".to_owned(), HeaderChange::Remove));
    }
    all
}

/// The endpoint that a client's cookie keeps it with; a new client gets one whose turn it is, and the cookie.
fn stick(
    rule: &Rule<'_>,
    asked: &Asked<'_>,
    ready: &[Endpoint],
    next: usize,
    headers: &mut Vec<(String, HeaderChange)>,
    hops: &mut Vec<Hop>,
) -> usize {
    let cookie = annotation(rule.ingress, "session-cookie-name").unwrap_or("INGRESSCOOKIE");
    match asked.cookie(cookie).and_then(|v| ready.iter().position(|e| mark(e) == v)) {
        Some(at) => {
            let hop = Hop::new(Stage::Ingress, Code::IngressAffinity).fact("cookie", cookie);
            hops.push(hop.fact("pod", ready[at].label()));
            at
        }
        None => {
            let text = set_cookie(rule, asked.tls, cookie, &mark(&ready[next]));
            headers.push(("Set-Cookie".to_owned(), HeaderChange::Add(text)));
            next
        }
    }
}

/// Traefik has no router for what leads nowhere; nginx keeps the location and answers 503.
fn unavailable(kind: Kind) -> u16 {
    if kind == Kind::Nginx { 503 } else { 404 }
}

/// The affinity's cookie with its attributes, in nginx's order.
fn set_cookie(rule: &Rule<'_>, tls: bool, name: &str, value: &str) -> String {
    let i = rule.ingress;
    let own = if rule.path.is_empty() { "/" } else { rule.path };
    let mut text = format!("{name}={value}");
    if let Some(seconds) = annotation(i, "session-cookie-max-age") {
        text.push_str(&format!("; Max-Age={seconds}"));
    }
    if let Some(domain) = annotation(i, "session-cookie-domain") {
        text.push_str(&format!("; Domain={domain}"));
    }
    text.push_str(&format!("; Path={}", annotation(i, "session-cookie-path").unwrap_or(own)));
    if annotation(i, "session-cookie-secure").map_or(tls, |s| s == "true") {
        text.push_str("; Secure");
    }
    text.push_str("; HttpOnly");
    if let Some(site) = annotation(i, "session-cookie-samesite") {
        text.push_str(&format!("; SameSite={site}"));
    }
    text
}

/// The value of an affinity cookie for an endpoint.
fn mark(e: &Endpoint) -> String {
    format!("{:016x}", hash(&format!("{}:{}", e.ip, e.port)))
}

fn hash(text: &str) -> u64 {
    let step = |hash: u64, b: u8| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
