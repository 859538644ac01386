//! The parts of a cluster that run as pods: they listen, say that they are well and write a few lines.
//! What each does for the cluster is its own crate's business; these are only their processes.

use super::{Kind, Server, no_demand};
use crate::machine::Sys;
use crate::net::{HttpRequest, HttpResponse};

const fn part(name: &'static str, ports: &'static [u16], start_ms: i64) -> Kind {
    Kind { name, ports, start_ms, demand: no_demand, log, http: Some(health), tcp: None, term: Some(0) }
}

pub(super) const KINDS: [Kind; 7] = [
    part("etcd", &[2379, 2380, 2381], 500),
    part("kube-apiserver", &[6443], 1500),
    part("kube-controller-manager", &[10257], 500),
    part("kube-scheduler", &[10259], 500),
    part("kube-proxy", &[10249, 10256], 300),
    part("coredns", &[53, 8080, 8181, 9153], 200),
    part("kindnetd", &[], 100),
];

fn health(_: &mut Server, request: &HttpRequest, _: &mut Sys<'_>) -> HttpResponse {
    let path = request.path();
    match path {
        "/livez" | "/readyz" | "/healthz" | "/health" | "/ready" => {
            HttpResponse::text(200, "text/plain", "ok")
        }
        _ => HttpResponse::text(404, "text/plain", "404 page not found\n"),
    }
}

/// The lines before it listens, and once it does.
fn log(server: &Server, _: &Sys<'_>) -> (String, String) {
    let name = server.kind.name;
    match name {
        "coredns" => (String::new(), ".:53\n[INFO] plugin/reload: Running configuration\nCoreDNS-1.14.2\nlinux/amd64\n".into()),
        "etcd" => (String::new(), "{\"level\":\"info\",\"msg\":\"ready to serve client requests\"}\n".into()),
        "kube-apiserver" => (String::new(), "I server.go] Version: v1.36.2\nI secure_serving.go] Serving securely on [::]:6443\n".into()),
        "kube-proxy" => (String::new(), "I server.go] Version info version=\"v1.36.2\"\nI shared_informer.go] Caches are synced controller=\"service config\"\n".into()),
        "kindnetd" => (String::new(), "I main.go] connected to apiserver\n".into()),
        _ => {
            let port = server.kind.ports.first().copied().unwrap_or_default();
            (
                format!("I serving.go] Generated self-signed cert in-memory\nI {name}: Version v1.36.2\n"),
                format!("I secure_serving.go] Serving securely on 127.0.0.1:{port}\nI leaderelection.go] \"Attempting to acquire leader lease...\" lock=\"kube-system/{name}\"\n"),
            )
        }
    }
}
