//! The kubelet's own ports: its API over TLS, and its health for those on the node.
//!
//! Models `pkg/kubelet/server/server.go` as far as nobody in particular gets. Not modelled: callers that are let in
//! (the API server's ways to a container do not pass here), metrics.

use containers::net::{Certificate, HttpRequest, HttpResponse};

/// Its API.
const API: i64 = 10250;
/// Its health, by 127.0.0.1 only.
const HEALTH: i64 = 10248;
pub(crate) const PORTS: [u16; 2] = [HEALTH as u16, API as u16];
pub(crate) const PROGRAM: &str = "kubelet";

/// The answer at one of its ports; `None` at any other.
pub(crate) fn answer(node: &str, port: i64, request: &HttpRequest) -> Option<HttpResponse> {
    let plain = |status, text: &str| {
        let mut response = HttpResponse::text(status, "text/plain; charset=utf-8", text);
        response.headers.push(("Content-Length".into(), text.len().to_string()));
        response
    };
    match port {
        HEALTH if request.path() == "/healthz" => Some(plain(200, "ok")),
        HEALTH => Some(plain(404, "404 page not found\n")),
        API => {
            let mut response = plain(401, "Unauthorized");
            response.certificate = Some(Box::new(Certificate {
                subject: format!("CN={node}@1767225600"),
                issuer: format!("CN={node}-ca@1767225600"),
                names: vec![node.to_owned()],
                trusted: false,
            }));
            Some(response)
        }
        _ => None,
    }
}
