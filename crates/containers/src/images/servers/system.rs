//! The parts of a cluster that run as pods: they listen, say that they are well and write a few lines.
//! What each does for the cluster is its own crate's business; these are only their processes, which look at those of
//! their flags that name a file or the store.

use super::{Kind, Server};
use crate::machine::Sys;
use crate::net::{HttpRequest, HttpResponse};

const fn part(name: &'static str, ports: &'static [u16], start_ms: i64) -> Kind {
    Kind { name, ports, start_ms, demand, log, http: Some(health), tcp: None, term: Some(0) }
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

/// Files that kubeadm has made before anything starts.
const MADE: [&str; 20] = [
    "controller-manager.conf",
    "scheduler.conf",
    "pki/apiserver-etcd-client.crt",
    "pki/apiserver-etcd-client.key",
    "pki/apiserver-kubelet-client.crt",
    "pki/apiserver-kubelet-client.key",
    "pki/apiserver.crt",
    "pki/apiserver.key",
    "pki/ca.crt",
    "pki/ca.key",
    "pki/etcd/ca.crt",
    "pki/etcd/peer.crt",
    "pki/etcd/peer.key",
    "pki/etcd/server.crt",
    "pki/etcd/server.key",
    "pki/front-proxy-ca.crt",
    "pki/front-proxy-client.crt",
    "pki/front-proxy-client.key",
    "pki/sa.key",
    "pki/sa.pub",
];

/// What stands in the way of a part whose flags name other files or another etcd than kubeadm's. Other flags are not
/// looked at.
fn demand(server: &Server, sys: &mut Sys<'_>) -> Result<(), (String, i32)> {
    let failed = |why: String| match server.kind.name {
        "etcd" => (format!("{{\"level\":\"fatal\",\"msg\":\"discovery failed\",\"error\":\"{why}\"}}\n"), 1),
        _ => (format!("E run.go:72] \"command failed\" err=\"{why}\"\n"), 1),
    };
    for arg in &server.argv {
        let Some((flag, text)) = arg.split_once('=') else { continue };
        let Some(path) = text.strip_prefix("/etc/kubernetes/") else { continue };
        if MADE.contains(&path) || !path.contains('.') {
            continue;
        }
        if sys.fs().read(text).is_err() {
            return Err(failed(format!("open {text}: no such file or directory")));
        }
        if flag.ends_with("kubeconfig") {
            let why = "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable";
            return Err(failed(why.to_owned()));
        }
    }
    let store = server.option(&["etcd-servers"]).unwrap_or_default();
    if store.is_empty() || store.ends_with(":2379") {
        return Ok(());
    }
    let address = store.rsplit('/').next().unwrap_or_default();
    Err((
        format!(
            "W logging.go:55] [core] [Channel #1 SubChannel #2] grpc: addrConn.createTransport failed to connect to {{Addr: \"{address}\"}}. Err: connection error: desc = \"transport: Error while dialing: dial tcp {address}: connect: connection refused\"\nF instance.go:226] Error creating leases: error creating storage factory: context deadline exceeded\n"
        ),
        255,
    ))
}

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
