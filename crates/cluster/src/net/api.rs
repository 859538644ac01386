//! The API server as programs in pods reach it: HTTPS at its own address, answered by the server everybody asks.
//!
//! Owns: the answer's form. Does not own: what a path means (`client::http`), who asks, what may be done and what is
//! stored (apiserver).
//! Not modelled: watches and streams (exec, log) over this way, client certificates, answers as protobuf or tables.

use client::{Caller, Credentials, Verb, http};
use containers::net::{Certificate, HttpRequest, HttpResponse, NetAnswer};
use network::End;
use network::path::{Code, Hop, Stage};
use objects::{Reason, Status, Str, Value, json};

use super::perform::{Reached, Way, answered, plain_to_tls};
use crate::{Cluster, connect};

/// What the server needs for a request (estimate).
const WORK_MS: u32 = 4;
const PROGRAM: &str = "kube-apiserver";

/// Whether a connection ends at the API server.
pub(super) fn is_at(cluster: &Cluster, end: &End) -> bool {
    end.ip == cluster.server.advertise_address && end.port == i64::from(cluster.server.port)
}

/// The answer to a request that has come to the API server.
pub(super) fn answer(walk: &mut Way<'_>, ip: &Str, end: &End, tls: bool, request: &HttpRequest) -> Reached {
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
    let asker = walk.source.label();
    let mut response = walk.ground.answer_as_server(&asker, request);
    response.took_ms = WORK_MS;
    let hop = Hop::new(Stage::Process, Code::Answered).fact("program", PROGRAM);
    let hop = hop.number("status", i64::from(response.status));
    let hop = hop.fact("reason", HttpResponse::reason(response.status));
    walk.hops.push(hop.number("bytes", response.body.len() as i64));
    let mut reached = answered(ip, response);
    if let NetAnswer::Http { response, .. } = &mut reached.answer {
        response.certificate = Some(Box::new(certificate(&end.ip)));
    }
    reached
}

fn certificate(ip: &str) -> Certificate {
    let names = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "control-plane",
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

enum Answer {
    Own(client::Response),
    /// What a server behind a proxy path said.
    Passed(HttpResponse),
}

impl Cluster {
    fn answer_as_server(&mut self, asker: &Str, request: &HttpRequest) -> HttpResponse {
        let answer = match self.ask_server(asker, request) {
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
                    json::to_pretty(&object, "  ")
                } else {
                    json::to_string(&object) + "\n"
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

    fn ask_server(&mut self, asker: &Str, request: &HttpRequest) -> Result<Answer, Status> {
        let caller = self.caller_of(asker, request.header("authorization").unwrap_or(""))?;
        let content_type = request.header("content-type").unwrap_or("");
        let accept = request.header("accept").unwrap_or("");
        let head = http::Head { method: &request.method, target: &request.target, accept, content_type };
        let mut asked = http::request(&head)?;
        if asked.verb == Verb::Watch
            || matches!(asked.subresource.as_str(), "exec" | "attach" | "portforward" | "log")
        {
            return Err(Status::new(
                Reason::MethodNotAllowed,
                "simulated: streams are not answered to programs in pods",
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

    /// Whom a request's token names; without one, nobody in particular.
    fn caller_of(&self, asker: &Str, authorization: &str) -> Result<Caller, Status> {
        let token = authorization.strip_prefix("Bearer ").map_or("", str::trim);
        let given = Credentials { token: token.into(), ..Credentials::default() };
        Ok(Caller { actor: asker.clone(), ..self.api.authenticate(&given, self.now)? })
    }
}
