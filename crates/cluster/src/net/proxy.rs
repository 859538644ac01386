//! Requests through an ingress controller or gateway: what it decides is asked of `network::ingress`, what it sends on
//! goes from its pod to an endpoint as any other request would.

use containers::net::{self, Certificate, HttpRequest, HttpResponse, NetAnswer, NetOptions, NetRequest};
use network::ingress::{self, Asked, Controller, Decision, Forward, HeaderChange, Kind, admission};
use network::kube_proxy::Endpoint;
use network::path::{Code, Hop, Stage};
use network::{Destination, End, Fault, Files, Outcome, Source};
use objects::Str;

use super::outside;
use super::perform::{Reached, Way, answered, http_at, reach};
use crate::Cluster;

/// How many servers a reverse proxy tries when connections are refused.
const TRIES: usize = 3;
/// Where ingress-nginx tells of its health and its metrics.
pub(super) const HEALTH_PORT: i64 = 10254;
/// Controllers behind controllers, at most.
const DEPTH: usize = 4;

/// The controller that a pod runs, if it runs one.
pub(super) fn controller_at(cluster: &Cluster, pod: &str) -> Option<Controller> {
    let (namespace, name) = objects::meta::split_key(pod);
    let object = cluster.object("pods", namespace, name)?;
    Controller::of(&object["spec"], namespace)
}

/// A request that has come to a controller's pod: of somebody outside, or of the API server to its webhook.
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
    if controller.kind == Kind::Nginx && end.port == admission::PORT {
        let (status, body) = admission::answer(walk.ground, controller, &request.target, &request.body);
        let hop = Hop::new(Stage::Process, Code::Answered).fact("program", "nginx-ingress-controller");
        let hop = hop.number("status", i64::from(status)).fact("reason", HttpResponse::reason(status));
        walk.hops.push(hop.number("bytes", body.len() as i64));
        return answered(ip, HttpResponse::text(status, "application/json", body));
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
    let Some(part) = walk.ground.kubelet_at(&end.ip) else {
        return Reached::failed(Some(ip), Fault::Reset);
    };
    let (from, files) = walk.ground.seat(part, pod, 0, &end.ip);
    for endpoint in &forward.mirrors {
        copy(walk, &from, ip, endpoint, &sent);
    }
    let again = &forward.again;
    // What was sent once is sent again only if that changes nothing.
    let repeatable = !matches!(request.method.as_str(), "POST" | "PATCH" | "LOCK");
    let (mut status, mut spent_ms) = (502, 0);
    for (n, endpoint) in forward.endpoints.iter().cycle().take(again.tries.max(1)).enumerate() {
        if n > 0 {
            let hop = Hop::new(Stage::Ingress, Code::IngressTriesAgain).number("n", n as i64 + 1);
            walk.hops.push(hop.number("tries", again.tries as i64));
        }
        let mut got = ask(walk, ip, &from, &files, endpoint, forward, &sent);
        let upstream = Str::from(format!("{}:{}", endpoint.ip, endpoint.port));
        let more = match got.outcome {
            Outcome::Failed(Fault::TimedOut) => {
                walk.hops.push(late(&upstream, forward.connect_ms));
                (status, spent_ms) = (504, spent_ms + forward.connect_ms);
                again.timeout
            }
            Outcome::Failed(Fault::Slow) => {
                walk.hops.push(late(&upstream, forward.timeout_ms));
                (status, spent_ms) = (504, spent_ms + forward.timeout_ms);
                again.timeout && repeatable
            }
            Outcome::Failed(Fault::Reset) => {
                walk.hops.push(hop_of(Code::IngressUpstreamBroke, &upstream));
                status = 502;
                again.error && repeatable
            }
            Outcome::Failed(_) => {
                walk.hops.push(hop_of(Code::IngressUpstreamRefused, &upstream));
                status = 502;
                again.error
            }
            _ if got.served_ms > forward.timeout_ms => {
                let program = walk.hops.iter().rev().find(|h| h.code == Code::PortOpen);
                let program = program.map(|h| Str::from(h.get("container"))).unwrap_or_default();
                let hop = Hop::failed(Stage::Process, Code::IngressSlow).fact("program", program);
                let hop = hop.number("took", got.served_ms).number("limit", forward.timeout_ms);
                walk.hops.push(hop.look(forward.kind, &forward.by, forward.patience.as_str()));
                walk.hops.push(late(&upstream, forward.timeout_ms));
                (status, spent_ms) = (504, spent_ms + forward.timeout_ms);
                again.timeout && repeatable
            }
            Outcome::Http(s) if again.statuses.contains(&s) && n + 1 < again.tries && repeatable => {
                spent_ms += got.served_ms;
                true
            }
            _ => {
                got.served_ms += spent_ms;
                return with_headers(got, forward);
            }
        };
        if !more {
            break;
        }
    }
    with_headers(made_up(ip, controller, status, spent_ms), forward)
}

/// One try at one endpoint, as the controller's pod.
fn ask(
    walk: &mut Way<'_>,
    ip: &Str,
    from: &Source,
    files: &Files,
    endpoint: &Endpoint,
    forward: &Forward,
    sent: &HttpRequest,
) -> Reached {
    let before = std::mem::replace(&mut walk.source, from.clone());
    let hop = Hop::new(Stage::Choice, Code::Chosen).fact("pod", endpoint.label());
    let mut hop = hop.fact("ip", endpoint.ip.clone()).number("port", endpoint.port);
    hop.alternatives.clone_from(&forward.alternatives);
    walk.hops.push(hop);
    // The Service of an ExternalName leads to a name.
    let at = if network::address::is_ip(&endpoint.ip) {
        Ok(endpoint.ip.clone())
    } else {
        walk.address_of(&endpoint.ip, files)
    };
    let to = at.and_then(|at| Ok((walk.connect(&at, endpoint.port, "TCP")?, at)));
    let got = match to {
        Ok((Destination::Inside(mut to), _)) => {
            // What is wrong behind is found by the Service that led there.
            to.service.clone_from(&forward.service);
            (to.service_port, to.port_index) = (forward.port, forward.port_index);
            http_at(walk, ip, &to, forward.tls, sent)
        }
        Ok((_, at)) => match outside::http(&at, &endpoint.ip) {
            Some(response) => answered(ip, response),
            None => Reached::failed(Some(ip), Fault::TimedOut),
        },
        Err(fault) => Reached::failed(Some(ip), fault),
    };
    walk.source = before;
    got
}

fn with_headers(mut got: Reached, forward: &Forward) -> Reached {
    if let NetAnswer::Http { response, .. } = &mut got.answer {
        apply(&mut response.headers, &forward.response_headers);
    }
    got
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

fn late(upstream: &Str, limit_ms: i64) -> Hop {
    let seconds = format!("{}.{:03}", limit_ms / 1000, limit_ms % 1000);
    let seconds = seconds.trim_end_matches('0').trim_end_matches('.');
    hop_of(Code::IngressUpstreamTimedOut, upstream).fact("limit", seconds)
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
