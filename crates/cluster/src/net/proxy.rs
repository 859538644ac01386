//! Requests through an ingress controller or gateway: what it decides is asked of `network::ingress`, what it sends on
//! goes from its pod to an endpoint as any other request would.

use containers::net::{self, Certificate, HttpRequest, HttpResponse, NetAnswer, NetOptions, NetRequest};
use network::ingress::{self, Asked, Controller, Decision, Forward, HeaderChange};
use network::kube_proxy::Endpoint;
use network::path::{Code, Hop, Stage};
use network::{Destination, End, Fault, Outcome, Source};
use objects::Str;

use super::perform::{Reached, Way, answered, http_at, reach};
use crate::Cluster;

/// How many endpoints nginx tries when connections are refused.
const TRIES: usize = 3;
/// How long a controller tries to connect.
const CONNECT_MS: i64 = 5_000;
/// Controllers behind controllers, at most.
const DEPTH: usize = 4;

/// The controller that a pod runs, if it runs one.
pub(super) fn controller_at(cluster: &Cluster, pod: &str) -> Option<Controller> {
    let (namespace, name) = objects::meta::split_key(pod);
    let object = cluster.object("pods", namespace, name)?;
    Controller::of(&object["spec"], namespace)
}

/// A request that has come to a controller's pod.
pub(super) fn through(
    walk: &mut Way<'_>,
    ip: &Str,
    end: &End,
    pod: &Str,
    controller: &Controller,
    tls: bool,
    request: &HttpRequest,
) -> Reached {
    let depth =
        walk.hops.iter().filter(|h| matches!(h.code, Code::IngressTakes | Code::GatewayTakes)).count();
    if depth >= DEPTH {
        return Reached::failed(Some(ip), Fault::Reset);
    }
    let asked = Asked {
        tls,
        host: request.header("host").unwrap_or(""),
        target: &request.target,
        method: &request.method,
        headers: &request.headers,
        body_bytes: request.body.len(),
        client: &end.client,
    };
    let by_gateway = if controller.gateways {
        ingress::gateway::route(walk.ground, [end.service_port, end.port], &asked)
    } else {
        None
    };
    let (hops, decision, certificate) = match by_gateway {
        // A Gateway without a route for the request leaves it to the Ingresses.
        Some((hops, decision)) if !matches!(decision, Decision::Answer { status: 404, .. }) => {
            (hops, decision, None)
        }
        other => {
            let (hops, decision, certificate) = ingress::route(walk.ground, controller, pod, &asked);
            match other {
                Some((own, none)) if matches!(decision, Decision::Answer { status: 404, .. }) => {
                    (own, none, certificate)
                }
                _ => (hops, decision, certificate),
            }
        }
    };
    walk.hops.extend(hops);
    let certificate = certificate.map(|c| {
        Box::new(Certificate { subject: c.subject, issuer: c.issuer, names: c.names, trusted: false })
    });
    let mut reached = match decision {
        Decision::Answer { status, headers, body } => {
            answered(ip, HttpResponse { status, headers, body: body.into_bytes(), ..HttpResponse::default() })
        }
        Decision::Forward(forward) => send_on(walk, ip, end, pod, controller, &forward, request),
    };
    if let NetAnswer::Http { response, .. } = &mut reached.answer {
        response.certificate = certificate;
    }
    reached
}

fn send_on(
    walk: &mut Way<'_>,
    ip: &Str,
    end: &End,
    pod: &Str,
    controller: &Controller,
    forward: &Forward,
    request: &HttpRequest,
) -> Reached {
    let mut sent = request.clone();
    sent.target.clone_from(&forward.target);
    apply(&mut sent.headers, &forward.request_headers);
    let from = Source::Pod {
        key: pod.clone(),
        ip: end.ip.clone(),
        node: end.node.clone(),
        host_network: walk.ground.kubelet_at(&end.ip).is_some_and(|p| walk.ground.is_host(p, &end.ip)),
    };
    for endpoint in &forward.mirrors {
        copy(walk, &from, ip, endpoint, &sent);
    }
    let mut failed = (Fault::Refused, Str::default());
    for endpoint in forward.endpoints.iter().take(TRIES) {
        let upstream = Str::from(format!("{}:{}", endpoint.ip, endpoint.port));
        let before = std::mem::replace(&mut walk.source, from.clone());
        let hop = Hop::new(Stage::Choice, Code::Chosen).fact("pod", endpoint.label());
        let mut hop = hop.fact("ip", endpoint.ip.clone()).number("port", endpoint.port);
        hop.alternatives = forward.endpoints.iter().map(network::kube_proxy::Endpoint::label).collect();
        walk.hops.push(hop);
        let got = match walk.connect(&endpoint.ip, endpoint.port, "TCP") {
            Ok(Destination::Inside(mut to)) => {
                // What is wrong behind is found by the Service that led there.
                to.service.clone_from(&forward.service);
                (to.service_port, to.port_index) = (forward.port, forward.port_index);
                http_at(walk, ip, &to, false, &sent)
            }
            Ok(_) => Reached::failed(Some(ip), Fault::TimedOut),
            Err(fault) => Reached::failed(Some(ip), fault),
        };
        walk.source = before;
        match got.outcome {
            Outcome::Failed(fault) => {
                failed = (fault, upstream);
                if fault != Fault::Refused {
                    break;
                }
            }
            _ if got.served_ms > forward.timeout_ms => {
                let hop = hop_of(Code::IngressUpstreamTimedOut, &upstream)
                    .number("limit", forward.timeout_ms / 1000);
                walk.hops.push(hop);
                return made_up(ip, controller, 504, forward.timeout_ms);
            }
            _ => {
                let mut got = got;
                if let NetAnswer::Http { response, .. } = &mut got.answer {
                    apply(&mut response.headers, &forward.response_headers);
                }
                return got;
            }
        }
    }
    let (fault, upstream) = failed;
    match fault {
        Fault::TimedOut | Fault::Slow | Fault::Unreachable => {
            walk.hops
                .push(hop_of(Code::IngressUpstreamTimedOut, &upstream).number("limit", CONNECT_MS / 1000));
            made_up(ip, controller, 504, CONNECT_MS)
        }
        Fault::Reset => {
            walk.hops.push(hop_of(Code::IngressUpstreamBroke, &upstream));
            made_up(ip, controller, 502, 0)
        }
        _ => {
            walk.hops.push(hop_of(Code::IngressUpstreamRefused, &upstream));
            made_up(ip, controller, 502, 0)
        }
    }
}

/// A request that a server of a pod (nginx with `proxy_pass`, HAProxy) passes on to others: the first that answers is its
/// answer. `fallback` is what it says when none does.
pub(super) fn behind(
    walk: &mut Way<'_>,
    ip: &Str,
    end: &End,
    pod: &Str,
    program: &Str,
    forward: &net::Forward,
    fallback: HttpResponse,
) -> Reached {
    let Some(part) = walk.ground.kubelet_at(&end.ip) else { return answered(ip, fallback) };
    let (from, files) = walk.ground.seat(part, pod, 0, &end.ip);
    let depth = walk.hops.iter().filter(|h| h.code == Code::ProxyAsks).count();
    if depth >= DEPTH {
        return answered(ip, fallback);
    }
    for (host, port) in forward.servers.iter().take(TRIES) {
        let upstream = Str::from(format!("{host}:{port}"));
        let hop = Hop::new(Stage::Process, Code::ProxyAsks).fact("program", program.clone());
        walk.hops.push(hop.fact("upstream", upstream));
        let request = NetRequest::Http {
            host: host.clone(),
            port: *port,
            tls: false,
            request: forward.request.clone(),
        };
        let before = std::mem::replace(&mut walk.source, from.clone());
        let got = reach(walk, &request, &NetOptions::default(), &files);
        walk.source = before;
        if let NetAnswer::Http { response, .. } = got.answer {
            return Reached { served_ms: got.served_ms, ..answered(ip, response) };
        }
    }
    answered(ip, fallback)
}

/// Sends a copy of a request, whose answer nobody waits for and whose way is not told.
fn copy(walk: &mut Way<'_>, from: &Source, ip: &Str, endpoint: &Endpoint, request: &HttpRequest) {
    let before = std::mem::replace(&mut walk.source, from.clone());
    let (hops, took_ms) = (walk.hops.len(), walk.took_ms);
    if let Ok(Destination::Inside(to)) = walk.connect(&endpoint.ip, endpoint.port, "TCP") {
        // Whatever comes of it.
        let _ = http_at(walk, ip, &to, false, request);
    }
    walk.hops.truncate(hops);
    (walk.source, walk.took_ms) = (before, took_ms);
}

fn hop_of(code: Code, upstream: &Str) -> Hop {
    // The hop before says where it went wrong; this one only what the controller makes of it.
    Hop::new(Stage::Ingress, code).fact("upstream", upstream.clone())
}

/// The controller's own page for a backend that failed.
fn made_up(ip: &Str, controller: &Controller, status: u16, after_ms: i64) -> Reached {
    let (content_type, body) = ingress::page(controller.kind, status);
    let mut response = HttpResponse::text(status, content_type, body);
    response.headers.push(("Content-Length".into(), response.body.len().to_string()));
    response.took_ms = u32::try_from(after_ms).unwrap_or(0);
    answered(ip, response)
}

/// Changes headers, names in any case.
fn apply(headers: &mut Vec<(String, String)>, changes: &[(String, HeaderChange)]) {
    for (name, change) in changes {
        if !matches!(change, HeaderChange::Add(_)) {
            headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        }
        if let HeaderChange::Set(value) | HeaderChange::Add(value) = change {
            headers.push((name.clone(), value.clone()));
        }
    }
}
