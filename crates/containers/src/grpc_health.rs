//! gRPC's health protocol, as far as one question and its answer go: `grpc.health.v1.Health/Check`.
//!
//! Owns: how both are carried by a request and its response. Does not own: who asks (the kubelet's probes), who answers
//! (servers of images). Not modelled: frames, trailers, `Watch` and `List`.

use crate::net::{HttpRequest, HttpResponse};

const PATH: &str = "/grpc.health.v1.Health/Check";
const MEDIA_TYPE: &str = "application/grpc";

/// What a server says of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Serving,
    NotServing,
    /// It has no such service.
    Unknown,
}

/// Asks after a service; the server as a whole has no name.
#[must_use]
pub fn request(service: &str) -> HttpRequest {
    let mut request = HttpRequest::get(PATH);
    request.method = "POST".into();
    request.headers =
        vec![("content-type".into(), MEDIA_TYPE.into()), ("user-agent".into(), "kube-probe/1.36".into())];
    request.body = service.into();
    request
}

/// The service that is asked after; `None`: this is another request.
#[must_use]
pub fn asked(request: &HttpRequest) -> Option<&str> {
    let asks = request.path() == PATH && request.header("content-type") == Some(MEDIA_TYPE);
    asks.then(|| std::str::from_utf8(&request.body).ok()).flatten()
}

#[must_use]
pub fn answer(health: Health) -> HttpResponse {
    let (code, message): (&str, &[u8]) = match health {
        Health::Serving => ("0", &[8, 1]),
        Health::NotServing => ("0", &[8, 2]),
        Health::Unknown => ("5", &[]),
    };
    let mut response = HttpResponse::text(200, MEDIA_TYPE, message);
    response.headers.push(("grpc-status".into(), code.into()));
    response
}

/// What was answered; `None`: this is no gRPC.
#[must_use]
pub fn read(response: &HttpResponse) -> Option<Health> {
    match (response.header("grpc-status")?, response.body.as_slice()) {
        ("0", [8, 1]) => Some(Health::Serving),
        ("0", _) => Some(Health::NotServing),
        _ => Some(Health::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_arrives() {
        for service in ["", "shop.Cart"] {
            assert_eq!(asked(&request(service)), Some(service));
        }
        assert_eq!(asked(&HttpRequest::get(PATH)), None);
        for health in [Health::Serving, Health::NotServing, Health::Unknown] {
            assert_eq!(read(&answer(health)), Some(health));
        }
        assert_eq!(read(&HttpResponse::text(200, "text/html", "ok")), None);
    }
}
