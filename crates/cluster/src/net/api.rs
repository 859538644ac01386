//! The API server as programs in pods reach it: HTTPS at its own address, answered by the server everybody asks.
//!
//! Owns: the answer's form. Does not own: what a path means (`client::http`), who asks, what may be done and what is
//! stored (apiserver).
//! Not modelled: watches, streams (exec, attach, port-forward) and following a log over this way, answers as protobuf or
//! tables.

use std::sync::Arc;

use client::handle::Frame;
use client::{Caller, Credentials, Impersonation, Request, Verb, http};
use containers::net::{Certificate, HttpRequest, HttpResponse, NetAnswer};
use network::End;
use network::path::{Code, Hop, Stage};
use objects::{Reason, Status, Str, Value, json, struct_order};

use super::perform::{Reached, Way, answered, plain_to_tls};
use crate::stream::Stream;
use crate::{Cluster, connect};

/// What the server needs for a request (estimate).
const WORK_MS: u32 = 4;
const PROGRAM: &str = "kube-apiserver";

/// Whether a connection ends at the API server.
pub(super) fn is_at(cluster: &Cluster, end: &End) -> bool {
    end.ip == cluster.server.advertise_address && end.port == i64::from(cluster.server.port)
}

/// The answer to a request that has come to the API server.
pub(super) fn answer(
    walk: &mut Way<'_>,
    ip: &Str,
    end: &End,
    tls: bool,
    certificate: &str,
    request: &HttpRequest,
) -> Reached {
    if walk.ground.config.addons.is_empty() {
        // It runs beside the cluster: no container listens for it.
        let hop = Hop::new(Stage::Port, Code::PortOpen).fact("container", PROGRAM);
        walk.hops.push(hop.number("port", end.port));
    } else if let Err(fault) = walk.at_port(end) {
        return Reached::failed(Some(ip), fault);
    }
    if !tls {
        let hop = Hop::failed(Stage::Process, Code::PlainToTls).fact("program", PROGRAM);
        walk.hops.push(hop.number("port", end.port));
        return answered(ip, plain_to_tls());
    }
    let given = Credentials { certificate: certificate.into(), ..Credentials::default() };
    let sender = Sender { actor: walk.source.label(), given, impersonate: None };
    let mut response = walk.ground.answer_as_server(&sender, request);
    response.took_ms = WORK_MS;
    let hop = Hop::new(Stage::Process, Code::Answered).fact("program", PROGRAM);
    let hop = hop.number("status", i64::from(response.status));
    let hop = hop.fact("reason", HttpResponse::reason(response.status));
    walk.hops.push(hop.number("bytes", response.body.len() as i64));
    let mut reached = answered(ip, response);
    if let NetAnswer::Http { response, .. } = &mut reached.answer {
        response.certificate = Some(Box::new(own_certificate(&end.ip)));
    }
    reached
}

fn own_certificate(ip: &str) -> Certificate {
    let names = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "control-plane",
        "localhost",
        "127.0.0.1",
        "10.96.0.1",
        ip,
    ];
    Certificate {
        subject: "CN=kube-apiserver".into(),
        issuer: "CN=kubernetes".into(),
        names: names.map(str::to_owned).to_vec(),
        trusted: false,
    }
}

/// Who sends a request, beside what its headers say.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    /// The name in the causal record.
    pub(super) actor: Str,
    /// What is brought where the headers bring nothing.
    pub(super) given: Credentials,
    pub(super) impersonate: Option<Arc<Impersonation>>,
}

impl Sender {
    /// What a request brings, with its headers.
    fn credentials(&self, request: &HttpRequest) -> Credentials {
        let token = request.header("authorization").and_then(|a| a.strip_prefix("Bearer ")).map(str::trim);
        let mut given = self.given.clone();
        if let Some(token) = token.filter(|t| !t.is_empty()) {
            given.token = token.into();
        }
        given
    }
}

enum Answer {
    Own(client::Response),
    /// What a server behind a proxy path said.
    Passed(HttpResponse),
}

impl Cluster {
    pub(super) fn answer_as_server(&mut self, sender: &Sender, request: &HttpRequest) -> HttpResponse {
        let answer = match self.ask_server(sender, request) {
            Ok(Answer::Passed(response)) => return response,
            Ok(Answer::Own(answer)) => Ok(answer),
            Err(status) => Err(status),
        };
        let agent = request.header("user-agent").unwrap_or("");
        let pretty = ["curl", "Wget", "Mozilla/5.0"].iter().any(|a| agent.starts_with(a))
            || http::parameters(request.target.split_once('?').map_or("", |(_, q)| q))
                .iter()
                .any(|(k, v)| k == "pretty" && v != "0" && v != "false");
        let (status, object) = match answer {
            Ok(r) => (if r.created { 201 } else { 200 }, r.object),
            Err(status) => (status.code(), status.plain().map_or_else(|| status.to_value(), Value::str)),
        };
        let mut response = match &object {
            Value::Str(text) => HttpResponse::text(status, "text/plain; charset=utf-8", text.as_bytes()),
            _ => {
                let body = if let Some(text) = http::fixed_form(&request.target, &object) {
                    text
                } else if pretty {
                    struct_order::to_pretty(&object, "  ")
                } else {
                    struct_order::to_string(&object) + "\n"
                };
                HttpResponse::text(status, "application/json", body)
            }
        };
        if request.method == "HEAD" {
            response.body.clear();
        }
        response.headers.insert(
            0,
            ("Audit-Id".into(), format!("{:08x}-0000-4000-8000-{:012x}", self.revision(), self.now.0)),
        );
        response.headers.insert(1, ("Cache-Control".into(), "no-cache, private".into()));
        response.headers.push(("Content-Length".into(), response.body.len().to_string()));
        response
    }

    fn ask_server(&mut self, sender: &Sender, request: &HttpRequest) -> Result<Answer, Status> {
        let known = self.authenticate(&sender.credentials(request))?;
        let caller = Caller { actor: sender.actor.clone(), ..known };
        let content_type = request.header("content-type").unwrap_or("");
        let accept = request.header("accept").unwrap_or("");
        let head = http::Head { method: &request.method, target: &request.target, accept, content_type };
        let mut asked = http::request(&head)?;
        let mut headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let impersonate = Impersonation::of_headers(&mut headers).map(Arc::new);
        asked.options.impersonate = impersonate.or_else(|| sender.impersonate.clone());
        if asked.subresource == "log" {
            return self.log_so_far(&caller, &asked).map(Answer::Passed);
        }
        if asked.verb == Verb::Watch
            || matches!(asked.subresource.as_str(), "exec" | "attach" | "portforward")
        {
            return Err(Status::new(
                Reason::MethodNotAllowed,
                "simulated: streams are not answered to plain requests",
            ));
        }
        if connect::is_proxied(&asked) {
            let passed = HttpRequest { target: asked.path.to_string(), ..request.clone() };
            return self.connect(&caller, &asked, passed).map(Answer::Passed);
        }
        if !request.body.is_empty() {
            let text = String::from_utf8_lossy(&request.body);
            let body = if content_type.contains("yaml") {
                objects::yaml::load(&text).map(|read| read.value).map_err(|e| e.to_string())
            } else {
                json::parse(&text).map_err(|e| e.to_string())
            };
            http::with_body(&mut asked, body.map_err(Status::bad_request)?)?;
        }
        self.reach_from("").check(&self.server_address())?;
        let answer = self.handle(&caller, asked);
        self.route();
        answer.map(Answer::Own)
    }

    /// What a container has written until now, followed or not.
    fn log_so_far(&mut self, caller: &Caller, asked: &Request) -> Result<HttpResponse, Status> {
        let mut stream = Stream::open(self, caller, asked)?;
        let mut text = Vec::new();
        while let Some(Some(Frame::Stdout(bytes))) = stream.poll(self) {
            text.extend(bytes);
        }
        Ok(HttpResponse::text(200, "text/plain", text))
    }
}
