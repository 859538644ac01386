//! Packets on their way through a whole cluster.

#[path = "../world/mod.rs"]
mod world;

mod entries;
mod many;
mod mistakes;
mod services;

use client::{Request, Verb};
use cluster::network::path::Code;
use cluster::network::{Fault, Files, Language, Outcome, Path, Source};
use cluster::wire::{HttpRequest, HttpResponse, NetAnswer, NetRequest};
use objects::{Value, value};
use world::World;

pub const REFUSED: Outcome = Outcome::Failed(Fault::Refused);
pub const SILENT: Outcome = Outcome::Failed(Fault::TimedOut);

impl World {
    /// Creates the objects of a manifest that the playground offers.
    pub fn addon(&mut self, name: &str) {
        let all = cluster::addons::OPTIONAL.iter().find(|(n, _)| *n == name).expect("there").1;
        for document in all.split("\n---\n") {
            let object = objects::yaml::load(document).expect("yaml").value;
            if objects::resources::of(&object).is_some() {
                self.create(object);
            } else {
                self.create_custom(object);
            }
        }
    }

    /// Creates an object of the Gateway API.
    pub fn create_custom(&mut self, object: Value) {
        let plural = format!("{}s", object.kind().to_lowercase()).replace("classs", "classes");
        let request =
            Request::new(Verb::Create, &"gateway.networking.k8s.io".into(), &"v1".into(), &plural.into());
        let request = request.in_namespace(object.namespace()).object(object);
        self.cluster.request(&world::admin(), request).expect("created");
    }
}

/// nginx behind `web`, a client, and an ingress-nginx controller if asked for; all have started.
pub fn shop(controller: bool) -> World {
    let mut w = World::playground();
    w.deployment("web", 2);
    w.service("web");
    w.create(pod(
        "client",
        value!({"app": "client"}),
        value!({"image": "busybox:1.36", "command": ["sleep", "100000"]}),
    ));
    if controller {
        w.addon("ingress-nginx.yaml");
    }
    w.advance(60_000);
    w
}

pub fn pod(name: &str, labels: Value, container: Value) -> Value {
    let mut container = container;
    container.set("name", name);
    value!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": (name), "namespace": "default", "labels": (labels)},
        "spec": {"containers": [(container)], "terminationGracePeriodSeconds": 1},
    })
}

pub fn service(name: &str, spec: Value) -> Value {
    value!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": (name), "namespace": "default"}, "spec": (spec)})
}

pub fn policy(spec: Value) -> Value {
    value!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "deny", "namespace": "default"}, "spec": (spec),
    })
}

pub fn ingress(class: Option<&str>, host: &str, tls: Option<&str>) -> Value {
    let mut spec = value!({"rules": [{"host": (host), "http": {"paths": [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    ]}}]});
    if let Some(class) = class {
        spec.set("ingressClassName", class);
    }
    if let Some(secret) = tls {
        spec.set("tls", value!([{"hosts": [(host)], "secretName": (secret)}]));
    }
    value!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "shop", "namespace": "default"}, "spec": (spec),
    })
}

pub fn http(host: &str, port: u16, tls: bool) -> NetRequest {
    let mut request = HttpRequest::get("/");
    request.headers.push(("host".into(), host.into()));
    NetRequest::Http { host: host.into(), port, tls, request }
}

impl World {
    pub fn by_client(&mut self, request: NetRequest) -> (NetAnswer, Path) {
        self.cluster.ask_with_path("default/client", request)
    }

    /// A request of the learner's machine to a host that `/etc/hosts` gives the controller's address.
    pub fn by_learner(&mut self, host: &str, tls: bool) -> (NetAnswer, Path) {
        let service = self.get("services", "ingress-nginx", "ingress-nginx-controller");
        let ip =
            service.map(|s| s["status"]["loadBalancer"]["ingress"][0]["ip"].to_str()).unwrap_or_default();
        let hosts = if ip.is_empty() { String::new() } else { format!("{ip} {host}\n") };
        let files =
            Files { hosts: hosts.into(), resolv: "nameserver 172.18.0.1\n".into(), hostname: "x".into() };
        let port = if tls { 443 } else { 80 };
        self.cluster.ask_from(&Source::Learner, &http(host, port, tls), &files)
    }
}

pub fn response(answer: &NetAnswer) -> &HttpResponse {
    let NetAnswer::Http { response, .. } = answer else { panic!("{answer:?}") };
    response
}

/// The failing hop is this one, points at this field, and reads well in both languages.
pub fn fails_at(path: &Path, outcome: Outcome, code: Code, place: &str) {
    assert_eq!(path.outcome, outcome, "{:?}", path.lines(Language::English));
    let hop = path.failing().expect("a hop that failed");
    assert_eq!(hop.code, code, "{:?}", path.lines(Language::English));
    assert_eq!(hop.look.as_ref().map(|l| l.place()).unwrap_or_default(), place);
    for language in [Language::English, Language::Korean] {
        let all = path.lines(language).join("\n");
        assert!(!all.contains('{') && all.contains(place), "{all}");
    }
    assert_ne!(hop.sentence(Language::English), hop.sentence(Language::Korean));
}
