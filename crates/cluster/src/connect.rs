//! The API server's ways through to what stands behind it: `.../proxy` of nodes, pods and services.
//!
//! Owns: whom a request's name means and by which port, what is said when nobody answers there, and how an answer looks
//! to a client that reads objects. Does not own: who may (apiserver), the way (`net`), what a kubelet says (kubelet).
//! Models ResourceLocation of `pkg/registry/core/{node,pod,service}` and `k8s.io/apimachinery/pkg/util/proxy`.
//! Not modelled: links within HTML stay as they are, connections are not upgraded, and an answer comes within the instant
//! of the request.

use client::{Body, Caller, Request, Response, Verb, http};
use containers::net::{HttpRequest, HttpResponse, NetAnswer, NetError, NetRequest};
use network::Files;
use objects::{Reason, Status, Str, Value, json};

use crate::Cluster;
use crate::journal::Input;

const KUBELET_PORT: &str = "10250";

/// `name`, `name:port` or `scheme:name:port`.
struct Id<'a> {
    scheme: &'a str,
    name: &'a str,
    port: &'a str,
}

impl<'a> Id<'a> {
    fn parse(text: &'a str, what: &str) -> Result<Self, Status> {
        let parts: Vec<&str> = text.split(':').collect();
        let id = match parts.as_slice() {
            [name] => Self { scheme: "", name, port: "" },
            [name, port] => Self { scheme: "", name, port },
            [scheme, name, port] => Self { scheme, name, port },
            _ => Self { scheme: "", name: "", port: "" },
        };
        if id.name.is_empty() || !matches!(id.scheme, "" | "http" | "https") {
            return Err(Status::bad_request(format!("invalid {what} request {}", json::go_quote(text))));
        }
        Ok(id)
    }

    fn tls(&self) -> bool {
        self.scheme == "https"
    }
}

/// Where a request goes on.
enum Behind {
    /// A node's kubelet, by the number of its part.
    Kubelet(usize),
    Address {
        ip: Str,
        port: u16,
        tls: bool,
    },
}

fn unreachable(why: &str) -> Status {
    Status::new(Reason::ServiceUnavailable, format!("error trying to reach service: {why}"))
}

/// A port by its number, or by the name that Go's resolver knows for it.
fn port_of(text: &str, tls: bool) -> Result<u16, Status> {
    match text {
        "" if tls => Ok(443),
        "" | "http" => Ok(80),
        "https" => Ok(443),
        _ => text.parse().map_err(|_| unreachable(&format!("dial tcp: lookup tcp/{text}: unknown port"))),
    }
}

/// Whether a request goes through to what stands behind an object.
pub(crate) fn is_proxied(request: &Request) -> bool {
    request.subresource == "proxy"
}

/// A request as HTTP has it, of one that came as an object.
fn spelled_out(request: &Request) -> HttpRequest {
    let method = match request.verb {
        Verb::Create => "POST",
        Verb::Update => "PUT",
        Verb::Patch => "PATCH",
        Verb::Delete | Verb::DeleteCollection => "DELETE",
        Verb::Get | Verb::List | Verb::Watch => "GET",
    };
    let mut headers = vec![("accept".to_owned(), "application/json, */*".to_owned())];
    let body = match &request.body {
        Body::Object(object) => {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
            json::to_string(object).into_bytes()
        }
        _ => Vec::new(),
    };
    HttpRequest {
        method: method.into(),
        target: request.path.to_string(),
        headers,
        body,
        peer: String::new(),
    }
}

/// What a client that reads objects makes of an answer.
fn told(response: &HttpResponse) -> Result<Response, Status> {
    let text = String::from_utf8_lossy(&response.body);
    if (200..400).contains(&response.status) {
        return Ok(Response { object: Value::str(&*text), ..Response::default() });
    }
    Err(http::unexpected(response.status, &text))
}

impl Cluster {
    /// Carries a request for `.../proxy` on as the API server does. `asked` is how it came: its target is what follows
    /// `/proxy`.
    ///
    /// # Errors
    /// The API server's own refusals; what the server behind answers is no error, whatever its code.
    pub fn proxy(
        &mut self,
        caller: &Caller,
        request: &Request,
        asked: HttpRequest,
    ) -> Result<HttpResponse, Status> {
        self.note(|| Input::Proxy(Box::new((caller.clone(), request.clone(), asked.clone()))));
        self.connect(caller, request, asked)
    }

    /// The same for a program in a pod, whose request is no input but follows from one.
    pub(crate) fn connect(
        &mut self,
        caller: &Caller,
        request: &Request,
        mut asked: HttpRequest,
    ) -> Result<HttpResponse, Status> {
        self.check_stream(caller, request)?;
        let id = request.name.clone();
        let behind = match request.resource.as_str() {
            "nodes" => self.behind_node(&id),
            "pods" => self.behind_pod(&request.namespace, &id),
            "services" => self.behind_service(&request.namespace, &id),
            _ => {
                let why = "the server could not find the requested resource";
                return Err(Status::new(Reason::NotFound, why));
            }
        }?;
        if !asked.target.starts_with('/') {
            asked.target.insert(0, '/');
        }
        let answer = match behind {
            Behind::Kubelet(part) => match self.kubelet_silence(part) {
                Some(why) => Err(unreachable(&why)),
                None => {
                    Ok(self.with_kubelet(part, |k, now| k.answer_api(&asked.target, now)).unwrap_or_default())
                }
            },
            Behind::Address { ip, port, tls } => self.pass_on(&ip, port, tls, asked),
        };
        self.route();
        answer
    }

    /// The same for a client that reads objects.
    pub(crate) fn proxy_as_object(&mut self, caller: &Caller, request: &Request) -> Result<Response, Status> {
        told(&self.proxy(caller, request, spelled_out(request))?)
    }

    fn pass_on(
        &mut self,
        ip: &Str,
        port: u16,
        tls: bool,
        mut asked: HttpRequest,
    ) -> Result<HttpResponse, Status> {
        let at = format!("{ip}:{port}");
        let Some(source) = self.server_place() else {
            return Err(unreachable(&format!("dial tcp {at}: connect: no route to host")));
        };
        asked.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("host"));
        asked.headers.push(("host".into(), at.clone()));
        let request = NetRequest::Http { host: ip.to_string(), port, tls, request: asked };
        let (answer, path) = self.ask_from(&source, &request, &Files::default());
        self.net.keep_path(path);
        match answer {
            NetAnswer::Http { response, .. } => Ok(response),
            NetAnswer::Failed { error: NetError::TimedOut | NetError::Slow, .. } => {
                Err(unreachable(&format!("dial tcp {at}: i/o timeout")))
            }
            NetAnswer::Failed { error, .. } => Err(unreachable(&crate::webhooks::failure(&error, ip, &at))),
            _ => Err(unreachable("EOF")),
        }
    }

    fn behind_node(&self, id: &str) -> Result<Behind, Status> {
        let id = Id::parse(id, "node")?;
        if self.api.get("nodes", "", id.name).is_none() {
            return Err(Status::not_found("", "nodes", id.name));
        }
        let Some(part) = self.kubelet_part(id.name) else {
            return Err(Status::bad_request(format!("lookup {} on 10.96.0.10:53: no such host", id.name)));
        };
        if matches!(id.port, "" | KUBELET_PORT) {
            return Ok(Behind::Kubelet(part));
        }
        let ip = self.kubelet(id.name).map(kubelet::Kubelet::host_ip).unwrap_or_default();
        Ok(Behind::Address { ip, port: port_of(id.port, id.tls())?, tls: id.tls() })
    }

    fn behind_pod(&self, namespace: &str, id: &str) -> Result<Behind, Status> {
        let id = Id::parse(id, "pod")?;
        let pod = self.api.get("pods", namespace, id.name);
        let pod = pod.ok_or_else(|| Status::not_found("", "pods", id.name))?;
        let ip = pod["status"]["podIP"].to_str();
        if ip.is_empty() {
            return Err(Status::bad_request("address not allowed"));
        }
        let containers = pod["spec"]["containers"].items().iter();
        let declared = containers.flat_map(|c| c["ports"].items()).find_map(|p| p["containerPort"].as_int());
        let port = match declared.and_then(|p| u16::try_from(p).ok()) {
            Some(port) if id.port.is_empty() => port,
            _ => port_of(id.port, id.tls())?,
        };
        Ok(Behind::Address { ip, port, tls: id.tls() })
    }

    fn behind_service(&self, namespace: &str, text: &str) -> Result<Behind, Status> {
        let id = Id::parse(text, "service")?;
        let unavailable = |why: String| Status::new(Reason::ServiceUnavailable, why);
        let mut name = Str::from(id.port);
        if let Ok(number) = id.port.parse::<i64>() {
            let service = self.api.get("services", namespace, id.name);
            let service = service.ok_or_else(|| Status::not_found("", "services", id.name))?;
            let port = service["spec"]["ports"].items().iter().find(|p| p["port"].int() == number);
            let port = port.ok_or_else(|| {
                unavailable(format!("no service port {number} found for service \"{}\"", id.name))
            })?;
            name = port["name"].to_str();
        }
        let endpoints = self.api.get("endpoints", namespace, id.name);
        let endpoints = endpoints.ok_or_else(|| Status::not_found("", "endpoints", id.name))?;
        let none = |name: &str| unavailable(format!("no endpoints available for service \"{name}\""));
        let subsets = endpoints["subsets"].items();
        if subsets.is_empty() {
            return Err(none(id.name));
        }
        // Whom a random number would choose is chosen by the instant: the same journal leads to the same pod.
        let turn = usize::try_from(self.now.0).unwrap_or_default();
        for i in 0..subsets.len() {
            let subset = &subsets[(turn + i) % subsets.len()];
            let addresses = subset["addresses"].items();
            let Some(port) = subset["ports"].items().iter().find(|p| p["name"].text() == name) else {
                continue;
            };
            let is_pods = |a: &&Value| {
                let pod = &a["targetRef"];
                let found = self.api.get("pods", namespace, pod["name"].text());
                pod["namespace"].text() == namespace
                    && found
                        .is_some_and(|p| p["status"]["podIPs"].items().iter().any(|ip| ip["ip"] == a["ip"]))
            };
            let all = (0..addresses.len()).map(|n| &addresses[(turn + n) % addresses.len()]);
            let Some(address) = all.into_iter().find(|a| is_pods(a)) else { continue };
            let port = u16::try_from(port["port"].int()).unwrap_or_default();
            return Ok(Behind::Address { ip: address["ip"].to_str(), port, tls: id.tls() });
        }
        Err(none(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_have_a_port_and_a_scheme() {
        for (text, found) in [
            ("web", Some(("", "web", ""))),
            ("web:80", Some(("", "web", "80"))),
            ("https:web:tls", Some(("https", "web", "tls"))),
            ("https:web:", Some(("https", "web", ""))),
            ("ftp:web:1", None),
            ("a:b:c:d", None),
            (":80", None),
        ] {
            let id = Id::parse(text, "pod");
            assert_eq!(id.as_ref().ok().map(|i| (i.scheme, i.name, i.port)), found, "{text}");
            if let Err(e) = id {
                assert_eq!(e.message, format!("invalid pod request \"{text}\""));
            }
        }
    }

    #[test]
    fn ports_have_numbers_or_wellknown_names() {
        assert_eq!(port_of("", false).ok(), Some(80));
        assert_eq!(port_of("", true).ok(), Some(443));
        assert_eq!(port_of("8080", false).ok(), Some(8080));
        let e = port_of("web", false).unwrap_err();
        assert_eq!(e.message, "error trying to reach service: dial tcp: lookup tcp/web: unknown port");
        assert_eq!(e.code(), 503);
    }
}
