//! What a controller does with one request: which rule it meets, and what comes of it.

use objects::{Str, Value};

use super::pattern::{Pattern, fill};
use super::{Controller, Kind, class_of, pages};
use crate::address::{self, Block};
use crate::ground::Ground;
use crate::kube_proxy::rules::{Endpoint, Rules};
use crate::path::{Code, Hop, Stage};

/// What is sent up in one piece without a limit of its own.
const BODY_MAX_BYTES: i64 = 1 << 20;
const PREFIX: &str = "nginx.ingress.kubernetes.io/";
/// How many names a sentence lists.
const LISTED_MAX: usize = 5;

/// A request as a controller looks at it.
#[derive(Clone, Copy, Debug)]
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

/// Where a request is sent on to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forward {
    /// The Ingress or HTTPRoute it came by.
    pub by: Str,
    pub service: Str,
    /// The Service's port, and its place among the Service's ports.
    pub port: i64,
    pub port_index: usize,
    /// In the order to be tried.
    pub endpoints: Vec<Endpoint>,
    /// Path and query as sent on.
    pub target: String,
    /// By name, in order: of the request, and of the answer.
    pub request_headers: Vec<(String, HeaderChange)>,
    pub response_headers: Vec<(String, HeaderChange)>,
    /// How long an answer is waited for.
    pub timeout_ms: i64,
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

/// A rule that fits: the Ingress, the path as written, its type, its backend.
struct Rule<'a> {
    ingress: &'a Value,
    /// As the rule has it: `*.example.com`, or empty.
    host: &'a str,
    path: &'a str,
    kind: &'a str,
    backend: &'a Value,
    groups: Vec<String>,
}

pub(crate) fn annotation<'a>(ingress: &'a Value, name: &str) -> Option<&'a str> {
    ingress.annotations()[format!("{PREFIX}{name}").as_str()].as_str()
}

pub(crate) fn is_on(ingress: &Value, name: &str) -> bool {
    annotation(ingress, name) == Some("true")
}

/// Decides what a controller in `pod` does with a request. The hops say why; `turn` counts requests for weights.
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
    let all = ground.list("ingresses.networking.k8s.io", "");
    let served: Vec<&Value> = all.iter().filter(|i| controller.serves(ground, i)).collect();
    let (canaries, plain): (Vec<&Value>, Vec<&Value>) =
        served.into_iter().partition(|i| controller.kind == Kind::Nginx && is_on(i, "canary"));
    let certificate = asked.tls.then(|| certificate(ground, &plain, &host, &mut hops));
    let found = find(controller, &plain, &host, &path);
    let Some(rule) = found else {
        let hop = why_none(&all, &plain, controller, &host, &path);
        hops.push(hop);
        return (hops, Decision::page(controller.kind, 404, Vec::new()), certificate);
    };
    let nginx = controller.kind == Kind::Nginx;
    if nginx && let Some(decision) = gate(&rule, asked, &host, &mut hops) {
        return (hops, decision, certificate);
    }
    let canary = beside(&canaries, &rule);
    let canary = canary.and_then(|c| takes_canary(ground, c.ingress, asked).map(|why| (c, why)));
    let rule = match canary {
        Some((c, why)) => {
            let hop = Hop::new(Stage::Ingress, Code::IngressCanary).fact("ingress", c.ingress.key());
            hops.push(hop.fact("why", why));
            c
        }
        None => rule,
    };
    let decision = forward(ground, controller, &rule, asked, &host, &mut hops);
    (hops, decision, certificate)
}

/// The canary for the very host and path of a rule.
fn beside<'a>(canaries: &[&'a Value], rule: &Rule<'_>) -> Option<Rule<'a>> {
    for ingress in canaries.iter().filter(|c| c.namespace() == rule.ingress.namespace()) {
        for r in ingress["spec"]["rules"].items().iter().filter(|r| r["host"].text() == rule.host) {
            for p in r["http"]["paths"].items() {
                let (path, kind) = (p["path"].as_str().unwrap_or("/"), p["pathType"].text());
                if path == rule.path && kind == rule.kind {
                    let (host, groups) = (r["host"].text(), rule.groups.clone());
                    return Some(Rule { ingress, host, path, kind, backend: &p["backend"], groups });
                }
            }
        }
    }
    None
}

/// The rule for a host and path: the host's own rules, then a wildcard's, then those without a host. Among them an exact
/// path, then the longest. nginx looks no further than the first of these that there is: where none of its paths fits, the
/// default backend of an Ingress with rules for it takes the request. That of an Ingress without rules takes what is left.
fn find<'a>(controller: &Controller, ingresses: &[&'a Value], host: &str, path: &str) -> Option<Rule<'a>> {
    let nginx = controller.kind == Kind::Nginx;
    let wildcard = host.split_once('.').map(|(_, rest)| format!("*.{rest}"));
    let default = |fits: &dyn Fn(&[Value]) -> bool| {
        let has = |i: &&&'a Value| !i["spec"]["defaultBackend"].is_null() && fits(i["spec"]["rules"].items());
        let ingress = ingresses.iter().find(has)?;
        let backend = &ingress["spec"]["defaultBackend"];
        Some(Rule { ingress, host: "", path: "", kind: "", backend, groups: Vec::new() })
    };
    for wanted in [Some(host), wildcard.as_deref(), Some("")].into_iter().flatten() {
        let mut best: Option<((bool, usize), Rule<'a>)> = None;
        let rules = || {
            let all = ingresses.iter().flat_map(|i| i["spec"]["rules"].items().iter().map(move |r| (*i, r)));
            all.filter(|(_, r)| has_host(r, wanted))
        };
        // One pattern among a host's paths makes patterns of them all.
        let patterns =
            nginx && rules().any(|(i, _)| annotation(i, "rewrite-target").is_some() || is_on(i, "use-regex"));
        for (ingress, r) in rules() {
            for p in r["http"]["paths"].items() {
                let (text, kind) = (p["path"].as_str().unwrap_or("/"), p["pathType"].text());
                let Some(groups) = fits(text, kind, path, nginx, patterns) else { continue };
                let rank = (kind == "Exact", text.len());
                if best.as_ref().is_none_or(|(b, _)| rank > *b) {
                    let host = r["host"].text();
                    let rule = Rule { ingress, host, path: text, kind, backend: &p["backend"], groups };
                    best = Some((rank, rule));
                }
            }
        }
        if let Some((_, rule)) = best {
            return Some(rule);
        }
        if nginx && rules().next().is_some() {
            return default(&|rules| rules.iter().any(|r| has_host(r, wanted)))
                .or_else(|| default(&<[Value]>::is_empty).filter(|_| wanted.is_empty()));
        }
    }
    default(&|rules| rules.is_empty() || !nginx)
}

fn has_host(rule: &Value, host: &str) -> bool {
    rule["host"].text().eq_ignore_ascii_case(host)
}

/// Whether a path fits; what a pattern's groups took. nginx compares what is `ImplementationSpecific` by the letter.
fn fits(rule: &str, kind: &str, path: &str, nginx: bool, patterns: bool) -> Option<Vec<String>> {
    if patterns && kind != "Exact" {
        return Pattern::parse(rule)?.matches(path);
    }
    let good = match kind {
        "Exact" => path == rule,
        "ImplementationSpecific" if nginx => path.starts_with(rule),
        _ => {
            let rule = rule.trim_end_matches('/');
            path.strip_prefix(rule).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
    };
    good.then(Vec::new)
}

fn why_none(all: &[Value], served: &[&Value], controller: &Controller, host: &str, path: &str) -> Hop {
    let has_host = |i: &Value| i["spec"]["rules"].items().iter().any(|r| r["host"].text() == host);
    if let Some(own) = served.iter().find(|i| has_host(i)) {
        let rules = own["spec"]["rules"].items().iter().filter(|r| r["host"].text() == host);
        let paths: Vec<&str> =
            rules.flat_map(|r| r["http"]["paths"].items()).map(|p| p["path"].text()).collect();
        return Hop::failed(Stage::Ingress, Code::IngressNoPath)
            .fact("ingress", own.key())
            .fact("host", host)
            .fact("path", path)
            .fact("paths", paths[..paths.len().min(LISTED_MAX)].join(", "))
            .look("Ingress", &own.key(), "spec.rules[0].http.paths");
    }
    if let Some(other) = all.iter().find(|i| has_host(i)) {
        let class = class_of(other);
        let hop = if class.is_empty() {
            Hop::failed(Stage::Ingress, Code::IngressWithoutClass)
        } else {
            Hop::failed(Stage::Ingress, Code::IngressOtherClass)
                .fact("other", class)
                .fact("class", controller.class.clone())
        };
        return hop.fact("ingress", other.key()).fact("host", host).look(
            "Ingress",
            &other.key(),
            "spec.ingressClassName",
        );
    }
    let mut hosts: Vec<&str> =
        served.iter().flat_map(|i| i["spec"]["rules"].items()).map(|r| r["host"].text()).collect();
    hosts.retain(|h| !h.is_empty());
    hosts.dedup();
    let hosts =
        if hosts.is_empty() { "-".to_owned() } else { hosts[..hosts.len().min(LISTED_MAX)].join(", ") };
    let hop = Hop::failed(Stage::Ingress, Code::IngressNoHost).fact("class", controller.class.clone());
    let hop = hop.fact("host", host).fact("hosts", hosts);
    match served.first() {
        Some(i) => hop.look("Ingress", &i.key(), "spec.rules[0].host"),
        None => hop,
    }
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

/// What nginx answers before it looks for a backend, in the order of its phases: sizes, redirects, who may come.
fn gate(rule: &Rule<'_>, asked: &Asked<'_>, host: &str, hops: &mut Vec<Hop>) -> Option<Decision> {
    let i = rule.ingress;
    if let Some(limit) = body_limit(i)
        && asked.body_bytes as i64 > limit
    {
        let field = "metadata.annotations[nginx.ingress.kubernetes.io/proxy-body-size]";
        let hop = Hop::failed(Stage::Ingress, Code::IngressBodyTooLarge).fact("ingress", i.key());
        let hop = hop.number("bytes", asked.body_bytes as i64).number("limit", limit);
        hops.push(hop.look("Ingress", &i.key(), field));
        return Some(Decision::page(Kind::Nginx, 413, Vec::new()));
    }
    if let Some((status, location)) = redirection(rule, asked, host) {
        let hop = Hop::new(Stage::Ingress, Code::IngressRedirects).fact("ingress", i.key());
        hops.push(hop.fact("location", location.as_str()));
        return Some(Decision::page(Kind::Nginx, status, vec![("Location".into(), location)]));
    }
    let (name, ranges) = ["whitelist-source-range", "allowlist-source-range"]
        .into_iter()
        .find_map(|name| Some((name, annotation(i, name)?)))?;
    let field = format!("metadata.annotations[{PREFIX}{name}]");
    let wrong = ranges.split(',').map(str::trim).find(|r| Block::parse(r).is_none() && !address::is_ip(r));
    if let Some(wrong) = wrong {
        let hop = Hop::failed(Stage::Ingress, Code::IngressBadRange).fact("ingress", i.key());
        hops.push(hop.fact("range", wrong).look("Ingress", &i.key(), field));
        return Some(Decision::page(Kind::Nginx, 503, Vec::new()));
    }
    if address::v4(asked.client).is_some_and(|ip| address::any_contains(ranges, ip)) {
        return None;
    }
    let hop = Hop::failed(Stage::Ingress, Code::IngressForbids).fact("ingress", i.key());
    hops.push(hop.fact("ranges", ranges).fact("ip", asked.client).look("Ingress", &i.key(), field));
    Some(Decision::page(Kind::Nginx, 403, Vec::new()))
}

/// Where nginx sends a client instead, and with which status, in the order of its phases.
fn redirection(rule: &Rule<'_>, asked: &Asked<'_>, host: &str) -> Option<(u16, String)> {
    let i = rule.ingress;
    for (name, status) in [("permanent-redirect", 301), ("temporal-redirect", 302)] {
        if let Some(to) = annotation(i, name) {
            return Some((status, to.to_owned()));
        }
    }
    if let Some(root) = annotation(i, "app-root")
        && asked.path() == "/"
    {
        let scheme = if asked.tls { "https" } else { "http" };
        return Some((302, format!("{scheme}://{}{root}", asked.host)));
    }
    let has_tls =
        i["spec"]["tls"].items().iter().any(|t| t["hosts"].items().iter().any(|h| h.text() == host));
    let to_tls =
        (has_tls && annotation(i, "ssl-redirect") != Some("false")) || is_on(i, "force-ssl-redirect");
    (to_tls && !asked.tls).then(|| (308, format!("https://{host}{}", asked.target)))
}

/// The largest body that nginx lets through to an Ingress; `None`: any.
pub(crate) fn body_limit(ingress: &Value) -> Option<i64> {
    let limit = annotation(ingress, "proxy-body-size").and_then(bytes).unwrap_or(BODY_MAX_BYTES);
    (limit > 0).then_some(limit)
}

/// nginx's sizes: `8m`, `512k`, `0`: without limit. What is none leaves the default.
fn bytes(text: &str) -> Option<i64> {
    let text = text.trim();
    let (digits, unit) = match text.chars().last()? {
        'k' | 'K' => (&text[..text.len() - 1], 1 << 10),
        'm' | 'M' => (&text[..text.len() - 1], 1 << 20),
        'g' | 'G' => (&text[..text.len() - 1], 1 << 30),
        'b' | 'B' => (&text[..text.len() - 1], 1),
        _ => (text, 1),
    };
    digits.parse::<i64>().ok()?.checked_mul(unit)
}

/// Why a canary takes a request, if it does.
fn takes_canary(ground: &mut dyn Ground, canary: &Value, asked: &Asked<'_>) -> Option<String> {
    if let Some(header) = annotation(canary, "canary-by-header")
        && let Some(value) = asked.header(header)
    {
        match annotation(canary, "canary-by-header-value") {
            Some(wanted) if wanted == value => return Some(format!("{header}: {value}")),
            None if value == "always" => return Some(format!("{header}: {value}")),
            None if value == "never" => return None,
            _ => {}
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

fn forward(
    ground: &mut dyn Ground,
    controller: &Controller,
    rule: &Rule<'_>,
    asked: &Asked<'_>,
    host: &str,
    hops: &mut Vec<Hop>,
) -> Decision {
    let i = rule.ingress;
    let (namespace, key) = (i.namespace().to_owned(), i.key());
    let name = rule.backend["service"]["name"].text();
    let service_key = Str::from(format!("{namespace}/{name}"));
    let port = &rule.backend["service"]["port"];
    let shown: Str = port["name"].as_str().map_or_else(|| port["number"].int().to_string().into(), Str::from);
    let code = if rule.kind.is_empty() { Code::IngressDefaultBackend } else { Code::IngressRule };
    let hop = Hop::new(Stage::Ingress, code).fact("ingress", key.clone()).fact("host", host);
    let hop = hop.fact("path", rule.path).fact("kind", rule.kind).fact("service", service_key.clone());
    hops.push(hop.fact("port", shown.clone()));
    let field = "spec.rules[0].http.paths[0].backend.service";
    let Some(service) = ground.get("services", &namespace, name) else {
        let hop = Hop::failed(Stage::Ingress, Code::IngressNoService).fact("ingress", key.clone());
        hops.push(hop.fact("service", service_key).look("Ingress", &key, format!("{field}.name")));
        return Decision::page(controller.kind, unavailable(controller.kind), Vec::new());
    };
    let slices = ground.list("endpointslices.discovery.k8s.io", &namespace);
    let own = slices.iter().filter(|s| s.labels()["kubernetes.io/service-name"] == name);
    let rules = Rules::make(&service, own);
    let fits = |p: &&crate::kube_proxy::ServicePort| match port["name"].as_str() {
        Some(n) => p.name == n,
        None => p.port == port["number"].int(),
    };
    let Some((port_index, service_port)) = rules.ports.iter().enumerate().find(|(_, p)| fits(p)) else {
        let hop = Hop::failed(Stage::Ingress, Code::IngressNoServicePort).fact("ingress", key.clone());
        let hop = hop.fact("service", service_key).fact("port", shown);
        hops.push(hop.look("Ingress", &key, format!("{field}.port")));
        return Decision::page(controller.kind, unavailable(controller.kind), Vec::new());
    };
    let ready: Vec<&Endpoint> = service_port.endpoints.iter().filter(|e| e.ready).collect();
    if ready.is_empty() {
        let hop = Hop::failed(Stage::Ingress, Code::IngressNoEndpoints).fact("service", service_key.clone());
        hops.push(hop.fact("ingress", key).look("Service", &service_key, "spec.selector"));
        return Decision::page(controller.kind, 503, Vec::new());
    }
    let mut response_headers = Vec::new();
    let turn = ground.turns().next(&format!("ingress/{key}/{service_key}/{shown}")) as usize;
    let mut first = turn % ready.len();
    if controller.kind == Kind::Nginx && annotation(i, "affinity") == Some("cookie") {
        let cookie = annotation(i, "session-cookie-name").unwrap_or("INGRESSCOOKIE");
        let kept = asked.cookie(cookie).and_then(|v| ready.iter().position(|e| mark(e) == v));
        match kept {
            Some(at) => {
                first = at;
                let hop = Hop::new(Stage::Ingress, Code::IngressAffinity).fact("cookie", cookie);
                hops.push(hop.fact("pod", ready[at].label()));
            }
            None => {
                let text = set_cookie(rule, asked.tls, cookie, &mark(ready[first]));
                response_headers.push(("Set-Cookie".to_owned(), HeaderChange::Add(text)));
            }
        }
    }
    if asked.tls {
        let hsts = "max-age=31536000; includeSubDomains".to_owned();
        response_headers.push(("Strict-Transport-Security".to_owned(), HeaderChange::Set(hsts)));
    }
    let mut target = asked.target.to_owned();
    if controller.kind == Kind::Nginx
        && let Some(to) = annotation(i, "rewrite-target")
    {
        let new = fill(to, &rule.groups);
        let query = asked.target.split_once('?').map_or(String::new(), |(_, q)| format!("?{q}"));
        target = format!("{new}{query}");
        let hop = Hop::new(Stage::Ingress, Code::IngressRewrites).fact("path", asked.path());
        hops.push(hop.fact("new", target.as_str()));
    }
    let scheme = if asked.tls { "https" } else { "http" };
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
    let mut request_headers: Vec<(String, HeaderChange)> =
        forwarded.into_iter().map(|(n, v)| (n.to_owned(), HeaderChange::Set(v))).collect();
    if let Some(upstream) = annotation(i, "upstream-vhost") {
        request_headers.push(("host".into(), HeaderChange::Set(upstream.to_owned())));
    }
    let seconds = annotation(i, "proxy-read-timeout").and_then(|s| s.parse::<i64>().ok()).unwrap_or(60);
    let endpoints = (0..ready.len()).map(|n| ready[(first + n) % ready.len()].clone()).collect();
    Decision::Forward(Box::new(Forward {
        by: key,
        service: service_key,
        port: service_port.port,
        port_index,
        endpoints,
        target,
        request_headers,
        response_headers,
        timeout_ms: seconds.clamp(1, 86_400) * 1000,
        mirrors: Vec::new(),
    }))
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
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for b in format!("{}:{}", e.ip, e.port).bytes() {
        hash = (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}
