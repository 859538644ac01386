//! Ingresses and Gateways: what controllers of both kinds make of a request.

use cluster::network::path::{Code, LEARNER_IP};
use cluster::network::{Files, Outcome, Path, Source};
use cluster::wire::{HttpRequest, HttpResponse, NetAnswer, NetOptions, NetRequest};
use objects::resources::INGRESSES;
use objects::{Value, value};

use crate::world::World;
use crate::{ingress, pod, policy, response, service, shop};

const HOST: &str = "shop.example.com";

fn note(name: &str) -> String {
    format!("nginx.ingress.kubernetes.io/{name}")
}

fn with_notes(mut i: Value, notes: &[(&str, &str)]) -> Value {
    for (name, text) in notes {
        i.set_at(&["metadata", "annotations", &note(name)], *text);
    }
    i
}

/// An Ingress of the class nginx with paths (type, path, Service).
fn paths(name: &str, list: &[(&str, &str, &str)]) -> Value {
    let all: Value = list
        .iter()
        .map(|(kind, path, service)| {
            value!({"path": (*path), "pathType": (*kind), "backend": {"service": {"name": (*service), "port": {"number": 80}}}})
        })
        .collect();
    value!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": (name), "namespace": "default"},
        "spec": {"ingressClassName": "nginx", "rules": [{"host": (HOST), "http": {"paths": (all)}}]},
    })
}

/// A server that tells what it was asked, behind a Service of its name.
fn teller(w: &mut World, name: &str) {
    w.create(pod(
        name,
        value!({"app": (name)}),
        value!({"image": "traefik/whoami:v1.10", "args": ["--name", (name)]}),
    ));
    w.service(name);
}

/// What the learner asks of a controller's address.
struct Ask<'a> {
    service: (&'a str, &'a str),
    host: &'a str,
    target: &'a str,
    headers: Vec<(String, String)>,
    body: usize,
    tls: bool,
    limit_ms: Option<i64>,
}

impl Default for Ask<'_> {
    fn default() -> Self {
        Self {
            service: ("ingress-nginx", "ingress-nginx-controller"),
            host: HOST,
            target: "/",
            headers: Vec::new(),
            body: 0,
            tls: false,
            limit_ms: None,
        }
    }
}

impl Ask<'_> {
    fn of(self, w: &mut World) -> (NetAnswer, Path) {
        let service = w.get("services", self.service.0, self.service.1).expect("a controller's Service");
        let ip = service["status"]["loadBalancer"]["ingress"][0]["ip"].text().to_owned();
        let mut request = HttpRequest::get(self.target);
        request.headers.push(("host".into(), self.host.into()));
        request.headers.extend(self.headers);
        request.body = vec![b'x'; self.body];
        let port = if self.tls { 443 } else { 80 };
        let plain = NetRequest::Http { host: self.host.into(), port, tls: self.tls, request };
        let options = NetOptions { total_ms: self.limit_ms, ..NetOptions::default() };
        let request = NetRequest::With { options: Box::new(options), request: Box::new(plain) };
        let files = Files { hosts: format!("{ip} {}\n", self.host).into(), ..Files::default() };
        w.cluster.ask_from(&Source::Learner, &request, &files)
    }

    fn response(self, w: &mut World) -> HttpResponse {
        let (answer, path) = self.of(w);
        let NetAnswer::Http { response, .. } = answer else { panic!("{answer:?} {:?}", path.hops) };
        response
    }

    fn text(self, w: &mut World) -> String {
        String::from_utf8_lossy(&self.response(w).body).into_owned()
    }
}

fn at(target: &str) -> Ask<'_> {
    Ask { target, ..Ask::default() }
}

fn who(text: &str) -> String {
    text.lines().find_map(|l| l.strip_prefix("Name: ")).unwrap_or(text).to_owned()
}

#[test]
fn hosts_and_paths_of_all_types() {
    let mut w = shop(true);
    for name in ["exact", "prefix", "long", "own", "rest"] {
        teller(&mut w, name);
    }
    w.create(paths(
        "shop",
        &[
            ("Exact", "/exact", "exact"),
            ("Prefix", "/api", "prefix"),
            ("Prefix", "/api/long", "long"),
            ("ImplementationSpecific", "/own", "own"),
        ],
    ));
    let mut rest = value!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "rest", "namespace": "default"},
        "spec": {"ingressClassName": "nginx", "defaultBackend": {"service": {"name": "rest", "port": {"number": 80}}}},
    });
    rest.set_at(&["metadata", "labels", "x"], "y");
    w.create(rest);
    w.advance(20_000);
    let table = [
        ("/exact", "exact"),
        ("/api", "prefix"),
        ("/api/x", "prefix"),
        ("/api/long/x", "long"),
        ("/own/x", "own"),
        // nginx compares this type by the letter.
        ("/ownx", "own"),
    ];
    for (target, want) in table {
        assert_eq!(who(&at(target).text(&mut w)), want, "{target}");
    }
    // What fits no path of a host that has rules is not for the default of an Ingress without any.
    for target in ["/", "/exact/x", "/apix"] {
        assert_eq!(at(target).response(&mut w).status, 404, "{target}");
    }
    let other = Ask { host: "other.example.com", ..Ask::default() }.of(&mut w);
    assert_eq!(who(&String::from_utf8_lossy(&response(&other.0).body)), "rest");
    assert!(other.1.has(Code::IngressDefaultBackend));
}

#[test]
fn paths_are_rewritten_with_what_the_groups_took() {
    let mut w = shop(true);
    teller(&mut w, "api");
    let i = paths("shop", &[("ImplementationSpecific", "/api(/|$)(.*)", "api")]);
    w.create(with_notes(i, &[("use-regex", "true"), ("rewrite-target", "/$2")]));
    w.advance(20_000);
    for (asked, got) in [("/api", "/"), ("/api/", "/"), ("/api/users/7?q=1", "/users/7?q=1")] {
        let text = at(asked).text(&mut w);
        assert!(text.contains(&format!("\nGET {got} HTTP/1.1\n")), "{asked}: {text}");
        assert!(text.contains("X-Forwarded-Host: shop.example.com"), "{text}");
    }
    assert_eq!(at("/other").response(&mut w).status, 404);
}

#[test]
fn a_canary_gets_its_weight_and_those_who_ask_for_it() {
    let mut w = shop(true);
    teller(&mut w, "stable");
    teller(&mut w, "canary");
    w.create(paths("shop", &[("Prefix", "/", "stable")]));
    let canary = paths("canary", &[("Prefix", "/", "canary")]);
    w.create(with_notes(
        canary,
        &[("canary", "true"), ("canary-weight", "20"), ("canary-by-header", "X-Canary")],
    ));
    w.advance(20_000);
    let mut counts = [0, 0];
    for _ in 0..50 {
        counts[usize::from(who(&at("/").text(&mut w)) == "canary")] += 1;
    }
    assert_eq!(counts, [40, 10]);
    for (value, want) in [("always", "canary"), ("never", "stable")] {
        let headers = vec![("x-canary".to_owned(), value.to_owned())];
        assert_eq!(who(&Ask { headers, ..Ask::default() }.text(&mut w)), want);
    }
}

#[test]
fn a_canary_stands_beside_its_own_path_only() {
    let mut w = shop(true);
    teller(&mut w, "stable");
    teller(&mut w, "canary");
    w.create(paths(
        "shop",
        &[("Prefix", "/", "stable"), ("Prefix", "/api", "stable"), ("Prefix", "/gone", "gone")],
    ));
    let canary = paths("canary", &[("Prefix", "/", "canary")]);
    w.create(with_notes(canary, &[("canary", "true"), ("canary-weight", "100")]));
    w.advance(20_000);
    assert_eq!(who(&at("/").text(&mut w)), "canary");
    assert_eq!(who(&at("/api").text(&mut w)), "stable");
    assert_eq!(at("/gone").response(&mut w).status, 503);
}

#[test]
fn a_cookie_keeps_a_client_with_its_pod() {
    let mut w = shop(true);
    w.create(with_notes(
        ingress(Some("nginx"), HOST, None),
        &[("affinity", "cookie"), ("session-cookie-name", "route")],
    ));
    w.advance(5_000);
    let first = at("/").response(&mut w);
    let cookie = first.header("set-cookie").expect("a cookie").split(';').next().expect("a part").to_owned();
    assert!(cookie.starts_with("route="), "{cookie}");
    let mut pods = Vec::new();
    for _ in 0..6 {
        let headers = vec![("cookie".to_owned(), cookie.clone())];
        let (answer, path) = Ask { headers, ..Ask::default() }.of(&mut w);
        assert_eq!(response(&answer).header("set-cookie"), None);
        let hop = path.hops.iter().find(|h| h.code == Code::IngressAffinity).expect("kept");
        pods.push(hop.get("pod").to_owned());
    }
    pods.dedup();
    assert_eq!(pods.len(), 1);
}

#[test]
fn what_a_controller_answers_itself() {
    let mut w = shop(true);
    teller(&mut w, "slow");
    let mut one = paths("shop", &[("Prefix", "/", "slow")]);
    one = with_notes(one, &[("proxy-read-timeout", "3")]);
    w.create(one);
    w.advance(20_000);
    // More than a mebibyte, the default.
    assert_eq!(Ask { body: (1 << 20) + 1, ..Ask::default() }.response(&mut w).status, 413);
    let (answer, path) = Ask { target: "/?wait=5s", ..Ask::default() }.of(&mut w);
    assert_eq!((response(&answer).status, path.took_ms >= 3_000), (504, true));
    assert!(path.has(Code::IngressUpstreamTimedOut));
    // The client does not wait that long: the controller notes 499.
    let (answer, path) = Ask { target: "/?wait=2s", limit_ms: Some(1_000), ..Ask::default() }.of(&mut w);
    assert!(
        matches!(answer, NetAnswer::Failed { .. }) && path.has(Code::IngressClientGone),
        "{:?}",
        path.hops
    );
    assert_eq!(at("/?wait=2s").response(&mut w).status, 200);
    // Nothing listens behind a ready pod.
    w.create(service(
        "closed",
        value!({"selector": {"app": "slow"}, "ports": [{"port": 80, "targetPort": 8080}]}),
    ));
    w.create(service("empty", value!({"selector": {"app": "nobody"}, "ports": [{"port": 80}]})));
    w.create(service(
        "text",
        value!({"selector": {"app": "redis"}, "ports": [{"port": 80, "targetPort": 6379}]}),
    ));
    w.create(pod("redis", value!({"app": "redis"}), value!({"image": "redis:7"})));
    for (name, status) in [("closed", 502), ("empty", 503), ("nosuch", 503), ("text", 502)] {
        let patch = value!({"spec": {"rules": [{"host": (HOST), "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": (name), "port": {"number": 80}}}}]}}]}});
        w.patch(INGRESSES, "default", "shop", patch);
        w.advance(20_000);
        let (answer, path) = at("/").of(&mut w);
        assert_eq!(response(&answer).status, status, "{name}: {:?}", path.hops);
    }
    // A policy that drops the controller's packets: it waits, then gives up.
    let patch = value!({"spec": {"rules": [{"host": (HOST), "http": {"paths": [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "slow", "port": {"number": 80}}}}]}}]}});
    w.patch(INGRESSES, "default", "shop", patch);
    w.create(policy(value!({"podSelector": {"matchLabels": {"app": "slow"}}, "policyTypes": ["Ingress"]})));
    w.advance(2_000);
    let (answer, path) = at("/").of(&mut w);
    assert_eq!((response(&answer).status, path.failing().map(|h| h.code)), (504, Some(Code::PolicyDeniesIn)));
}

#[test]
fn tls_ends_with_the_secrets_certificate() {
    let mut w = shop(true);
    w.create(value!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"name": "shop-tls", "namespace": "default"},
        "data": {"tls.crt": "LS0tLS1CRUdJTg==", "tls.key": "LS0tLS1CRUdJTg=="},
    }));
    w.create(ingress(Some("nginx"), HOST, Some("shop-tls")));
    w.advance(5_000);
    let (answer, path) = Ask { tls: true, ..Ask::default() }.of(&mut w);
    let shown = response(&answer).certificate.clone().expect("a certificate");
    assert_eq!((response(&answer).status, shown.subject.as_str()), (200, "CN=shop.example.com"));
    assert!(path.has(Code::IngressTls));
    assert_eq!(at("/a?b").response(&mut w).header("location"), Some("https://shop.example.com/a?b"));
    let patch = value!({"metadata": {"annotations": {"nginx.ingress.kubernetes.io/ssl-redirect": "false"}}});
    w.patch(INGRESSES, "default", "shop", patch);
    w.advance(2_000);
    assert_eq!(at("/").response(&mut w).status, 200);
}

#[test]
fn only_those_on_the_list_are_let_in() {
    let mut w = shop(true);
    w.create(with_notes(ingress(Some("nginx"), HOST, None), &[("whitelist-source-range", "10.0.0.0/8")]));
    w.advance(2_000);
    assert_eq!(at("/").response(&mut w).status, 403);
    let patch = value!({"metadata": {"annotations": {"nginx.ingress.kubernetes.io/whitelist-source-range": (format!("10.0.0.0/8, {LEARNER_IP}"))}}});
    w.patch(INGRESSES, "default", "shop", patch);
    assert_eq!(at("/").response(&mut w).status, 200);
}

/// The same, with Traefik and its Gateways beside.
pub fn shop_with_traefik() -> World {
    let mut w = shop(true);
    for name in ["gateway-api.yaml", "traefik.yaml"] {
        w.addon(name);
    }
    w.advance(10_000);
    w.create_custom(value!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "traefik"},
        "spec": {"controllerName": "traefik.io/gateway-controller"},
    }));
    w.create_custom(value!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "gw", "namespace": "default"},
        "spec": {"gatewayClassName": "traefik", "listeners": [{"name": "web", "port": 80, "protocol": "HTTP"}]},
    }));
    w.advance(40_000);
    w
}

const TRAEFIK: (&str, &str) = ("traefik", "traefik");

fn by_traefik(target: &str) -> Ask<'_> {
    Ask { service: TRAEFIK, target, ..Ask::default() }
}

pub fn route(w: &mut World, rules: Value) {
    w.create_custom(value!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "shop", "namespace": "default"},
        "spec": {"parentRefs": [{"name": "gw"}], "hostnames": [(HOST)], "rules": (rules)},
    }));
    w.advance(15_000);
}

#[test]
fn a_second_class_stands_beside() {
    let mut w = shop_with_traefik();
    teller(&mut w, "api");
    w.create(ingress(Some("nginx"), HOST, None));
    let mut other = paths("other", &[("Prefix", "/", "api")]);
    other.set_at(&["spec", "ingressClassName"], "traefik");
    w.create(other);
    w.advance(20_000);
    // Each serves its own class under the same host.
    assert!(at("/").text(&mut w).contains("Welcome to nginx"));
    assert_eq!(who(&by_traefik("/").text(&mut w)), "api");
    let nosuch = Ask { service: TRAEFIK, host: "nosuch.example.com", ..Ask::default() }.text(&mut w);
    assert_eq!(nosuch, "404 page not found\n");
}

#[test]
fn routes_share_by_weight_and_filter() {
    let mut w = shop_with_traefik();
    for name in ["a", "b", "c"] {
        teller(&mut w, name);
    }
    let to = |name: &str, weight: i64| value!({"name": (name), "port": 80, "weight": (weight)});
    let path = |p: &str| value!([{"path": {"type": "PathPrefix", "value": (p)}}]);
    let rules = value!([
        {"matches": (path("/shared")), "backendRefs": [(to("a", 9)), (to("b", 1)), (to("c", 0))]},
        {"matches": (path("/headers")), "backendRefs": [(to("a", 1))], "filters": [
            {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "X-Team", "value": "blue"}], "remove": ["x-secret"]}},
            {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": [{"name": "X-Served", "value": "yes"}]}},
        ]},
        {"matches": (path("/old")), "filters": [
            {"type": "RequestRedirect", "requestRedirect": {"hostname": "new.example.com", "statusCode": 301, "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/new"}}},
        ]},
        {"matches": (path("/v1")), "backendRefs": [(to("b", 1))], "filters": [
            {"type": "URLRewrite", "urlRewrite": {"hostname": "inner", "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/v2"}}},
        ]},
        {"matches": (path("/copied")), "backendRefs": [(to("a", 1))], "filters": [
            {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "c", "port": 80}}},
        ]},
    ]);
    route(&mut w, rules);
    let mut counts = [0, 0];
    for _ in 0..50 {
        match who(&by_traefik("/shared").text(&mut w)).as_str() {
            "a" => counts[0] += 1,
            "b" => counts[1] += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!(counts, [45, 5]);
    let headers = vec![("x-secret".to_owned(), "s".to_owned())];
    let answer = Ask { headers, ..by_traefik("/headers") }.response(&mut w);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(text.contains("X-Team: blue") && !text.contains("X-Secret"), "{text}");
    assert_eq!(answer.header("x-served"), Some("yes"));
    let answer = by_traefik("/old/x?q").response(&mut w);
    assert_eq!((answer.status, answer.header("location")), (301, Some("http://new.example.com/new/x?q")));
    let text = by_traefik("/v1/users").text(&mut w);
    assert!(text.contains("\nGET /v2/users HTTP/1.1\n") && text.contains("Host: inner"), "{text}");
    let (answer, path) = by_traefik("/copied").of(&mut w);
    assert_eq!(who(&String::from_utf8_lossy(&response(&answer).body)), "a");
    let hop = path.hops.iter().find(|h| h.code == Code::GatewayMirrors).expect("a copy");
    assert_eq!(hop.get("service"), "default/c");
    assert_eq!(by_traefik("/none").of(&mut w).1.outcome, Outcome::Http(404));
}
