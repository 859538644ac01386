//! What a process may ask of the network, and what comes back. The embedder carries it out.

/// A request to an HTTP server; header names are lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRequest {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The address the connection comes from.
    pub peer: String,
}

/// A server's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// How long the server worked on it, in milliseconds.
    pub took_ms: u32,
    /// The certificate it was given under.
    pub certificate: Option<Box<Certificate>>,
    /// Where the connection ended and whom the server sees, `10.244.0.7:80 10.244.0.9`: to be asked again over it.
    pub end: String,
    /// A reverse proxy's wish: what one of these servers answers is the answer, and this response only if none does.
    pub forward: Option<Box<Forward>>,
}

/// A request that a reverse proxy passes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Host and port, in the order they are tried.
    pub servers: Vec<(String, u16)>,
    pub request: HttpRequest,
}

/// A server's certificate, as far as clients look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    /// Host names it is good for.
    pub names: Vec<String>,
    /// A public authority stands behind it.
    pub trusted: bool,
}

impl HttpRequest {
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self { method: "GET".into(), target: target.into(), ..Self::default() }
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The target without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or("/")
    }
}

impl HttpResponse {
    #[must_use]
    pub fn text(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), content_type.into())],
            body: body.into(),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The phrase beside the status: nginx has its own for some, which its pages tell in their titles.
    #[must_use]
    pub fn phrase(&self) -> &str {
        let title = b"<html>\r\n<head><title>";
        let page = self.body.strip_prefix(title).and_then(|rest| rest.get(..64.min(rest.len())));
        let text = page.and_then(|p| std::str::from_utf8(p).ok()).and_then(|t| t.split_once("</title>"));
        let own = text.and_then(|(t, _)| t.strip_prefix(self.status.to_string().as_str())?.strip_prefix(' '));
        own.unwrap_or_else(|| Self::reason(self.status))
    }

    /// The reason phrase of a status.
    #[must_use]
    pub fn reason(status: u16) -> &'static str {
        match status {
            200 => "OK",
            201 => "Created",
            204 => "No Content",
            301 => "Moved Permanently",
            302 => "Found",
            304 => "Not Modified",
            400 => "Bad Request",
            307 => "Temporary Redirect",
            308 => "Permanent Redirect",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            413 => "Request Entity Too Large",
            418 => "I'm a teapot",
            429 => "Too Many Requests",
            499 => "Client Closed Request",
            500 => "Internal Server Error",
            501 => "Not Implemented",
            502 => "Bad Gateway",
            503 => "Service Unavailable",
            504 => "Gateway Timeout",
            _ => "Unknown",
        }
    }
}

/// One thing a process asks of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetRequest {
    /// Look a name up. `kind` is the record: `A`, `AAAA`, `SRV`, `PTR`, ..
    Resolve { name: String, kind: String },
    /// An HTTP exchange with `host` (name or address).
    Http { host: String, port: u16, tls: bool, request: HttpRequest },
    /// Open a connection, send `data`, read what comes back.
    Tcp { host: String, port: u16, data: Vec<u8> },
    /// One ICMP echo.
    Ping { host: String },
    /// One datagram, and what comes back.
    Udp { host: String, port: u16, data: Vec<u8> },
    /// Any of the others, with limits or wishes of its own.
    With { options: Box<NetOptions>, request: Box<NetRequest> },
}

/// What a client wants beyond the request itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetOptions {
    /// How long it waits for a connection; the kernel's own limit otherwise.
    pub connect_ms: Option<i64>,
    /// How long it waits for the whole answer.
    pub total_ms: Option<i64>,
    /// The address to use instead of looking the host up (`--resolve`).
    pub address: Option<String>,
    /// A connection that is open already: an earlier answer's [`HttpResponse::end`].
    pub kept: Option<String>,
    /// The DNS server to ask instead of those of `/etc/resolv.conf`.
    pub server: Option<String>,
    /// The way is told with the answer, in the language of this locale.
    pub trace: Option<String>,
    /// The client's own certificate in PEM; the client has shown that it holds the key.
    pub certificate: Option<String>,
}

impl NetRequest {
    /// The request without its options, and the options.
    #[must_use]
    pub fn parts(&self) -> (&Self, NetOptions) {
        match self {
            Self::With { options, request } => (request.parts().0, (**options).clone()),
            other => (other, NetOptions::default()),
        }
    }
}

/// What a DNS record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsData {
    A(String),
    Cname(String),
    Ptr(String),
    Srv { priority: u16, weight: u16, port: i64, target: String },
}

/// A DNS record and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsRecord {
    pub name: String,
    pub data: DnsData,
}

/// How the network answered.
#[derive(Clone, Debug, PartialEq)]
pub enum NetAnswer {
    /// The server asked, the full name, and its records; none: the name exists without any of the kind.
    Resolved {
        server: String,
        name: String,
        records: Vec<DnsRecord>,
    },
    Http {
        address: String,
        response: HttpResponse,
    },
    Tcp {
        address: String,
        data: Vec<u8>,
    },
    Pong {
        address: String,
        /// Hops its packet could still have made.
        ttl: u8,
    },
    Failed {
        address: Option<String>,
        error: NetError,
    },
    /// An answer with the way it came, a line a hop.
    Traced {
        lines: Vec<String>,
        answer: Box<NetAnswer>,
    },
}

/// Why the network failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetError {
    /// The name does not exist.
    NoName,
    /// No DNS server answered.
    NoServer,
    Refused,
    TimedOut,
    Unreachable,
    /// Connected, then cut.
    Reset,
    /// The other side does not speak TLS.
    Tls,
    /// Connected, and the answer did not come in the time given.
    Slow,
}
