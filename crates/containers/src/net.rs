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
        Self { status, headers: vec![("Content-Type".into(), content_type.into())], body: body.into() }
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
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
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
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
}

/// How the network answered.
#[derive(Clone, Debug, PartialEq)]
pub enum NetAnswer {
    /// The server asked, the full name, and its addresses or record data.
    Resolved {
        server: String,
        name: String,
        records: Vec<String>,
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
        millis: f64,
    },
    Failed {
        address: Option<String>,
        error: NetError,
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
}
