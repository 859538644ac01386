//! `kubectl proxy`: what comes to a port of the learner's machine goes to the API server in the name of whoever runs it.
//!
//! Owns: whose requests are taken (the filter), the prefix, the answers of the proxy itself. Does not own: the port
//! (`stream`), the API server's answer (`api`). Models `k8s.io/kubectl/pkg/proxy` (FilterServer, stripLeaveSlash).
//! Not modelled: static files, unix sockets, upgraded connections, who else reaches the learner's machine; expressions are
//! POSIX's, which know no `\\d` and the like.

use client::Request;
use containers::net::{HttpRequest, HttpResponse, NetAnswer, NetError, NetRequest};
use containers::regex::Regex;
use network::path::{Code, Hop, LEARNER_IP, Stage};
use network::{Fault, Source};
use objects::{Reason, Status, Str};

use super::api::Sender;
use super::perform::{Reached, answered, log_date};
use crate::Cluster;
use crate::components::Reach;

const PROGRAM: &str = "kubectl";
const PLAIN: &str = "text/plain; charset=utf-8";

/// One `kubectl proxy`.
#[derive(Clone, Debug)]
pub(crate) struct ApiProxy {
    pub(crate) port: u16,
    address: Str,
    /// Begins and ends with a slash.
    prefix: Str,
    filter: Option<Filter>,
    sender: Sender,
}

/// Expressions of which one must fit, or none may.
#[derive(Clone, Debug)]
struct Filter {
    accept_paths: Vec<Regex>,
    reject_paths: Vec<Regex>,
    accept_hosts: Vec<Regex>,
    reject_methods: Vec<Regex>,
}

impl Filter {
    fn accepts(&self, method: &str, path: &str, host: &str) -> bool {
        let fits = |all: &[Regex], text: &str| all.iter().any(|e| e.is_match(text));
        !fits(&self.reject_paths, path)
            && !fits(&self.reject_methods, method)
            && fits(&self.accept_paths, path)
            && fits(&self.accept_hosts, host)
    }
}

/// Expressions separated by commas.
fn expressions(text: &str) -> Result<Vec<Regex>, Status> {
    let parts = text.split(',').filter(|_| !text.is_empty());
    let compiled = parts.map(|one| {
        let why = |e: String| {
            let why = format!("Error compiling re: error parsing regexp: {}: `{one}`", e.to_lowercase());
            Status::new(Reason::Unknown, why)
        };
        Regex::new(one, true, false).map_err(why)
    });
    compiled.collect()
}

/// The host of a `Host` header, without its port.
fn host_of(header: &str) -> &str {
    match header.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !host.ends_with(':') => {
            match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
                Some(inner) => inner,
                None if host.contains(':') => header,
                None => host,
            }
        }
        _ => header,
    }
}

impl ApiProxy {
    /// What the request that opens the port asks for; `query` reads it.
    ///
    /// # Errors
    /// An expression that is none.
    pub(crate) fn open(port: u16, request: &Request, query: &dyn Fn(&str) -> String) -> Result<Self, Status> {
        let filter = if query("disable-filter") == "true" {
            None
        } else {
            Some(Filter {
                accept_paths: expressions(&query("accept-paths"))?,
                reject_paths: expressions(&query("reject-paths"))?,
                accept_hosts: expressions(&query("accept-hosts"))?,
                reject_methods: expressions(&query("reject-methods"))?,
            })
        };
        let given = request.options.credentials.as_deref().cloned().unwrap_or_default();
        let impersonate = request.options.impersonate.clone();
        let sender = Sender { actor: Str::default(), given, impersonate };
        let (address, prefix) = (query("address").into(), query("api-prefix").into());
        Ok(Self { port, address, prefix, filter, sender })
    }

    /// In whose name requests go on, in the causal record.
    pub(crate) fn in_the_name_of(&mut self, actor: &Str) {
        self.sender.actor = actor.clone();
    }

    fn listens_at(&self, host: &str, port: u16) -> bool {
        let host = if host == "localhost" { "127.0.0.1" } else { host };
        let everywhere = matches!(self.address.as_str(), "" | "0.0.0.0" | "::");
        let here = host.starts_with("127.") || matches!(host, "::1" | "[::1]" | LEARNER_IP);
        let own = if self.address == "localhost" { "127.0.0.1" } else { self.address.as_str() };
        port == self.port && here && (everywhere || host == own)
    }

    /// The path that the API server is asked for, or the proxy's own answer.
    fn taken(&self, request: &HttpRequest) -> Result<String, HttpResponse> {
        let (path, query) = match request.target.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (request.target.as_str(), String::new()),
        };
        let prefix = self.prefix.as_str();
        if path == prefix.trim_end_matches('/') && !path.is_empty() {
            let body = format!("<a href=\"{prefix}\">Moved Permanently</a>.\n\n");
            let mut moved = HttpResponse::text(301, "text/html; charset=utf-8", body);
            moved.headers.insert(1, ("Location".into(), format!("{prefix}{query}")));
            return Err(moved);
        }
        let inner = match path.strip_prefix(prefix) {
            None => return Err(refusal(404, "404 page not found")),
            Some(_) if prefix.starts_with("/api") => path.to_owned(),
            Some(rest) if rest.is_empty() || rest.starts_with('/') => rest.to_owned(),
            Some(rest) => format!("/{rest}"),
        };
        let host = host_of(request.header("host").unwrap_or_default());
        if self.filter.as_ref().is_some_and(|f| !f.accepts(&request.method, &inner, host)) {
            return Err(refusal(403, "Forbidden"));
        }
        Ok(if inner.is_empty() { format!("/{query}") } else { format!("{inner}{query}") })
    }
}

/// What a Go server writes when it says no.
fn refusal(status: u16, text: &str) -> HttpResponse {
    let mut response = HttpResponse::text(status, PLAIN, format!("{text}\n"));
    response.headers.push(("X-Content-Type-Options".into(), "nosniff".into()));
    response
}

impl Cluster {
    /// What `kubectl proxy` answers at a port of the learner's machine, while one runs there.
    pub(super) fn at_kubectl_proxy(
        &mut self,
        source: &Source,
        request: &NetRequest,
    ) -> Option<(Vec<Hop>, Reached)> {
        let (NetRequest::Http { host, port, .. } | NetRequest::Tcp { host, port, .. }) = request else {
            return None;
        };
        if *source != Source::Learner {
            return None;
        }
        let proxy =
            self.streams.values().find_map(|s| s.api_proxy().filter(|p| p.listens_at(host, *port)))?;
        let proxy = proxy.clone();
        let open = Hop::new(Stage::Port, Code::PortOpen).fact("container", PROGRAM);
        let mut hops = vec![open.number("port", i64::from(*port))];
        let NetRequest::Http { tls: false, request, .. } = request else {
            let hop = Hop::failed(Stage::Process, Code::TlsToPlain).fact("program", PROGRAM);
            hops.push(hop.number("port", i64::from(*port)));
            let answer = NetAnswer::Failed { address: Some("127.0.0.1".into()), error: NetError::Tls };
            return Some((hops, Reached { answer, ..Reached::failed(Some("127.0.0.1"), Fault::Reset) }));
        };
        let at = self.server_address();
        let response = match (proxy.taken(request), self.reach_from("")) {
            (Err(own), _) => own,
            (Ok(_), Reach::Refused) => {
                self.not_proxied(&proxy, &format!("dial tcp {at}: connect: connection refused"))
            }
            (Ok(_), Reach::Silence) => self.not_proxied(&proxy, &format!("dial tcp {at}: i/o timeout")),
            (Ok(target), Reach::Served | Reach::NoStore) => {
                let asked = HttpRequest { target, ..request.clone() };
                self.answer_as_server(&proxy.sender, &asked)
            }
        };
        let hop = Hop::new(Stage::Process, Code::Answered).fact("program", PROGRAM);
        let hop = hop.number("status", i64::from(response.status));
        let hop = hop.fact("reason", HttpResponse::reason(response.status));
        hops.push(hop.number("bytes", response.body.len() as i64));
        Some((hops, answered("127.0.0.1", response)))
    }

    /// The API server does not answer: who asked is told, and who runs the proxy.
    fn not_proxied(&mut self, proxy: &ApiProxy, why: &str) -> HttpResponse {
        let when = log_date(self.now);
        let line = format!("E{when}       1 proxy_server.go:147] Error while proxying request: {why}\n");
        let its = |s: &&mut crate::stream::Stream| s.api_proxy().is_some_and(|p| p.port == proxy.port);
        if let Some(stream) = self.streams.values_mut().find(its) {
            stream.complains(&line);
        }
        refusal(500, why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(options: &[(&str, &str)]) -> ApiProxy {
        let usual = [
            ("address", "127.0.0.1"),
            ("api-prefix", "/"),
            ("accept-paths", "^.*"),
            ("reject-paths", "^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach"),
            ("accept-hosts", r"^localhost$,^127\.0\.0\.1$,^\[::1\]$"),
            ("reject-methods", "^$"),
        ];
        let query = |name: &str| {
            let found = options.iter().chain(&usual).find(|(n, _)| *n == name);
            found.map_or_else(String::new, |(_, v)| (*v).to_owned())
        };
        ApiProxy::open(8001, &Request::raw("/"), &query).unwrap_or_else(|e| panic!("{}", e.message))
    }

    fn asked(method: &str, target: &str, host: &str) -> HttpRequest {
        let headers = vec![("host".to_owned(), host.to_owned())];
        HttpRequest { method: method.into(), headers, ..HttpRequest::get(target) }
    }

    #[test]
    fn what_is_taken_and_what_is_asked_for() {
        let local = "localhost:8001";
        type Options<'a> = &'a [(&'a str, &'a str)];
        let table: [(Options<'_>, _, _, _, Result<&str, u16>); 13] = [
            (&[], "GET", "/version", local, Ok("/version")),
            (&[], "GET", "/?pretty", local, Ok("/?pretty")),
            (&[], "GET", "/version", "127.0.0.1", Ok("/version")),
            (&[], "GET", "/version", "web.example", Err(403)),
            (&[("accept-hosts", ".*")], "GET", "/version", "web.example", Ok("/version")),
            (&[], "POST", "/api/v1/namespaces/default/pods/a/exec?command=id", local, Err(403)),
            (
                &[("disable-filter", "true")],
                "POST",
                "/api/v1/namespaces/d/pods/a/exec",
                "x",
                Ok("/api/v1/namespaces/d/pods/a/exec"),
            ),
            (&[("reject-methods", "POST,PUT")], "PUT", "/api/v1/nodes/a", local, Err(403)),
            (&[("accept-paths", "^/api/v1/pods$")], "GET", "/api/v1/nodes", local, Err(403)),
            (&[("api-prefix", "/k8s/")], "GET", "/k8s/api/v1", local, Ok("/api/v1")),
            (&[("api-prefix", "/k8s/")], "GET", "/api/v1", local, Err(404)),
            (&[("api-prefix", "/k8s/")], "GET", "/k8s", local, Err(301)),
            (&[("api-prefix", "/api/")], "GET", "/api/v1", local, Ok("/api/v1")),
        ];
        for (options, method, target, host, want) in table {
            let got = proxy(options).taken(&asked(method, target, host));
            assert_eq!(got.as_deref().map_err(|r| r.status), want, "{method} {target} {host}");
        }
    }

    #[test]
    fn where_it_listens() {
        for (address, host, want) in [
            ("127.0.0.1", "localhost", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", LEARNER_IP, false),
            ("0.0.0.0", LEARNER_IP, true),
            ("0.0.0.0", "::1", true),
            ("0.0.0.0", "172.18.0.3", false),
            ("localhost", "127.0.0.1", true),
        ] {
            assert_eq!(proxy(&[("address", address)]).listens_at(host, 8001), want, "{address} {host}");
            assert!(!proxy(&[("address", address)]).listens_at(host, 8002));
        }
    }

    #[test]
    fn hosts_of_headers_are_without_ports() {
        for (header, host) in [("a:80", "a"), ("a", "a"), ("[::1]:80", "::1"), ("::1", "::1"), ("", "")] {
            assert_eq!(host_of(header), host);
        }
    }
}
