//! Programs that ask the network: `wget`, `curl`, `nc`, `nslookup`, `ping`.

use clock::Time;

use super::args::Args;
use crate::machine::{Open, Program, Sys, Turn, Wait};
use crate::net::{DnsData, HttpRequest, HttpResponse, NetAnswer, NetError, NetOptions, NetRequest};

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Wget,
    Curl,
    Nc,
    Nslookup,
    Ping,
}

#[derive(Clone)]
struct Client {
    kind: Kind,
    argv: Vec<String>,
    args: Args,
    urls: Vec<String>,
    call: Option<u32>,
    hops: u32,
    sent: u32,
    received: u32,
    pause: Option<Time>,
    begun: bool,
    code: i32,
}

fn client(kind: Kind, argv: &[String]) -> Box<dyn Program> {
    Box::new(Client {
        kind,
        argv: argv.to_vec(),
        args: Args::default(),
        urls: Vec::new(),
        call: None,
        hops: 0,
        sent: 0,
        received: 0,
        pause: None,
        begun: false,
        code: 0,
    })
}

pub(super) fn wget(argv: &[String]) -> Box<dyn Program> {
    client(Kind::Wget, argv)
}
pub(super) fn curl(argv: &[String]) -> Box<dyn Program> {
    client(Kind::Curl, argv)
}
pub(super) fn nc(argv: &[String]) -> Box<dyn Program> {
    client(Kind::Nc, argv)
}
pub(super) fn nslookup(argv: &[String]) -> Box<dyn Program> {
    client(Kind::Nslookup, argv)
}
pub(super) fn ping(argv: &[String]) -> Box<dyn Program> {
    client(Kind::Ping, argv)
}

/// Scheme, host, port and target of a URL.
struct Url {
    tls: bool,
    host: String,
    port: u16,
    target: String,
}

fn url(text: &str) -> Option<Url> {
    let (tls, rest) = match text.split_once("://") {
        Some(("http", r)) => (false, r),
        Some(("https", r)) => (true, r),
        Some(_) => return None,
        None => (false, text),
    };
    let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(at);
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    let (host, port) = match authority.rsplit_once(':') {
        Some((h, p)) if !h.ends_with(':') => (h, p.parse().ok()?),
        _ => (authority, if tls { 443 } else { 80 }),
    };
    let target = target.split('#').next().unwrap_or("");
    let target = if target.starts_with('/') { target.to_string() } else { format!("/{target}") };
    (!host.is_empty()).then(|| Url { tls, host: host.into(), port, target })
}

impl Client {
    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), String> {
        let spec = match self.kind {
            Kind::Wget => "qO:T:S:t:Y:cP:U:",
            Kind::Curl => "sSfLkivIo:OX:d:H:m:w:u:A:G",
            Kind::Nc => "zvw:lp:uen",
            Kind::Nslookup => "",
            Kind::Ping => "c:W:w:i:qs:4",
        };
        // Options of nslookup look like `-type=srv`; wget's `-qO-` and curl's `-sSL` are plain letters.
        let argv: Vec<String> = if self.kind == Kind::Nslookup {
            self.argv
                .iter()
                .map(|a| a.strip_prefix('-').map_or_else(|| a.clone(), |r| format!("--{r}")))
                .collect()
        } else {
            let long = [
                ("--request", "-X"),
                ("--data", "-d"),
                ("--header", "-H"),
                ("--max-time", "-m"),
                ("--output", "-o"),
                ("--write-out", "-w"),
                ("--connect-timeout", "-m"),
                ("--user", "-u"),
                ("--silent", "-s"),
                ("--fail", "-f"),
                ("--location", "-L"),
                ("--head", "-I"),
                ("--include", "-i"),
                ("--verbose", "-v"),
                ("--insecure", "-k"),
                ("--show-error", "-S"),
            ];
            self.argv
                .iter()
                .map(|a| {
                    long.iter().find(|(l, _)| l == a).map_or_else(|| a.clone(), |(_, s)| (*s).to_string())
                })
                .collect()
        };
        self.args = Args::parse(sys, &argv, if self.kind == Kind::Wget { "qO:T:t:Y:cP:U:S" } else { spec })?;
        self.urls = self.args.rest.clone();
        if self.urls.is_empty() {
            return Err(match self.kind {
                Kind::Curl => "curl: try 'curl --help' for more information\n".into(),
                Kind::Wget if sys.gnu() => "wget: missing URL\n".into(),
                Kind::Wget => "BusyBox: Usage: wget [-cqS] [-O FILE] URL...\n".into(),
                _ => format!("{}: missing operand\n", self.argv[0]),
            });
        }
        Ok(())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.args.values('H').find_map(|h| {
            h.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim())
        })
    }

    fn ask(&mut self, sys: &mut Sys<'_>) -> Result<NetRequest, (String, i32)> {
        let target = self.urls.first().cloned().unwrap_or_default();
        match self.kind {
            Kind::Nslookup => {
                let kind = ["type", "query"]
                    .iter()
                    .find_map(|n| self.args.long_value(n))
                    .unwrap_or("A")
                    .to_uppercase();
                Ok(NetRequest::Resolve { name: target, kind })
            }
            Kind::Ping => Ok(NetRequest::Ping { host: target }),
            Kind::Nc => {
                let port = self.urls.get(1).and_then(|p| p.parse().ok());
                let Some(port) = port else { return Err(("nc: port missing\n".into(), 1)) };
                let mut data = Vec::new();
                if !self.args.has('z') {
                    while let crate::machine::Got::Data(d) = sys.read(0, 4096) {
                        data.extend(d);
                        if data.len() > 1 << 20 {
                            break;
                        }
                    }
                }
                Ok(NetRequest::Tcp { host: target, port, data })
            }
            Kind::Wget | Kind::Curl => {
                let bad = |t: &str| match self.kind {
                    Kind::Curl => ("curl: (3) URL using bad/illegal format or missing URL\n".to_string(), 3),
                    _ => (format!("wget: not an http or ftp url: {t}\n"), 1),
                };
                let url = url(&target).ok_or_else(|| bad(&target))?;
                let mut request = HttpRequest::get(&url.target);
                let host = if matches!((url.tls, url.port), (false, 80) | (true, 443)) {
                    url.host.clone()
                } else {
                    format!("{}:{}", url.host, url.port)
                };
                request.headers.push(("host".into(), self.header("host").map_or(host, String::from)));
                let (agent, data) = if self.kind == Kind::Curl {
                    (
                        self.args.value('A').unwrap_or("curl/8.5.0"),
                        self.args.values('d').collect::<Vec<_>>().join("&"),
                    )
                } else {
                    (
                        self.args.value('U').unwrap_or("Wget"),
                        self.args.long_value("post-data").unwrap_or_default().to_string(),
                    )
                };
                request.headers.push(("user-agent".into(), agent.into()));
                request.headers.push(("accept".into(), "*/*".into()));
                for h in self.args.values('H') {
                    if let Some((n, v)) = h.split_once(':')
                        && !n.eq_ignore_ascii_case("host")
                    {
                        request.headers.push((n.trim().to_lowercase(), v.trim().into()));
                    }
                }
                if let Some(user) = self.args.value('u') {
                    request.headers.push((
                        "authorization".into(),
                        format!("Basic {}", super::base64::encode(user.as_bytes())),
                    ));
                }
                if !data.is_empty() {
                    request.method = "POST".into();
                    if !request.headers.iter().any(|(n, _)| n == "content-type") {
                        request
                            .headers
                            .push(("content-type".into(), "application/x-www-form-urlencoded".into()));
                    }
                    request.body = data.into_bytes();
                }
                if self.args.has('I') {
                    request.method = "HEAD".into();
                }
                if let Some(method) = self.args.value('X').filter(|_| self.kind == Kind::Curl) {
                    request.method = method.into();
                }
                let asked = NetRequest::Http { host: url.host, port: url.port, tls: url.tls, request };
                if !self.args.long("trace-path") {
                    return Ok(asked);
                }
                let locale = sys.var("LANG").unwrap_or_default();
                let options = NetOptions { trace: Some(locale), ..NetOptions::default() };
                Ok(NetRequest::With { options: Box::new(options), request: Box::new(asked) })
            }
        }
    }

    fn failed(&self, sys: &mut Sys<'_>, address: Option<&str>, error: NetError) -> i32 {
        let target = self.urls.first().cloned().unwrap_or_default();
        let parsed = url(&target);
        let host = parsed.as_ref().map_or(target.clone(), |u| u.host.clone());
        let port = parsed.map_or(0, |u| u.port);
        let reason = match error {
            NetError::Refused => "Connection refused",
            NetError::TimedOut | NetError::Slow => "Connection timed out",
            NetError::Unreachable => "Network is unreachable",
            NetError::Reset | NetError::Tls => "Connection reset by peer",
            NetError::NoName | NetError::NoServer => "Name does not resolve",
        };
        match self.kind {
            Kind::Wget => {
                let address = address.unwrap_or(&host);
                let text = match error {
                    NetError::NoName | NetError::NoServer => format!("wget: bad address '{host}'\n"),
                    NetError::TimedOut if self.args.value('T').is_some() || self.args.long("timeout") => {
                        "wget: download timed out\n".to_string()
                    }
                    NetError::Reset => "wget: error getting response: Connection reset by peer\n".to_string(),
                    _ => format!("wget: can't connect to remote host ({address}): {reason}\n"),
                };
                sys.err(&text);
                1
            }
            Kind::Curl => {
                let (code, text) = match error {
                    NetError::NoName | NetError::NoServer => (6, format!("Could not resolve host: {host}")),
                    NetError::TimedOut => (
                        28,
                        format!("Failed to connect to {host} port {port} after 5000 ms: Timeout was reached"),
                    ),
                    NetError::Reset => (56, "Recv failure: Connection reset by peer".to_string()),
                    _ => (
                        7,
                        format!(
                            "Failed to connect to {host} port {port} after 0 ms: Couldn't connect to server"
                        ),
                    ),
                };
                if !self.args.has('s') || self.args.has('S') {
                    sys.err(&format!("curl: ({code}) {text}\n"));
                }
                if self.args.value('w').is_some() {
                    let format = self.args.value('w').unwrap_or_default().replace("%{http_code}", "000");
                    sys.out(crate::shell::unescape(&format, false).0);
                }
                code
            }
            Kind::Nc => {
                let port = self.urls.get(1).map_or("", String::as_str);
                let text = match error {
                    NetError::NoName | NetError::NoServer => format!("nc: bad address '{host}'\n"),
                    _ => format!("nc: {} ({}:{port}): {reason}\n", host, address.unwrap_or(&host)),
                };
                sys.err(&text);
                1
            }
            Kind::Nslookup => {
                if error == NetError::NoServer {
                    sys.out(";; connection timed out; no servers could be reached\n\n");
                } else {
                    let server = address.unwrap_or("10.96.0.10");
                    sys.out(format!("Server:\t\t{server}\nAddress:\t{server}:53\n\n** server can't find {target}: NXDOMAIN\n\n"));
                }
                1
            }
            Kind::Ping => {
                sys.err(&format!("ping: bad address '{target}'\n"));
                1
            }
        }
    }

    fn response(&mut self, sys: &mut Sys<'_>, address: &str, response: &HttpResponse) -> Option<i32> {
        let reason = HttpResponse::reason(response.status);
        let redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308);
        let follows = self.kind == Kind::Wget || self.args.has('L');
        if redirect
            && follows
            && self.hops < 10
            && let Some(location) = response.header("location")
        {
            self.hops += 1;
            let base = self.urls.first().cloned().unwrap_or_default();
            let next = if location.starts_with('/') {
                let root = url(&base).map_or(String::new(), |u| {
                    format!("{}://{}:{}", if u.tls { "https" } else { "http" }, u.host, u.port)
                });
                format!("{root}{location}")
            } else {
                location.to_string()
            };
            self.urls[0] = next;
            return None;
        }
        if self.kind == Kind::Wget {
            let out = self.args.value('O').map(String::from);
            let quiet = self.args.has('q');
            let target = self.urls[0].clone();
            let parsed = url(&target);
            if !quiet {
                let (host, port) = parsed.as_ref().map_or((String::new(), 80), |u| (u.host.clone(), u.port));
                sys.err(&format!(
                    "Connecting to {host}{} ({address}:{port})\n",
                    if port == 80 { String::new() } else { format!(":{port}") }
                ));
            }
            if response.status >= 400 {
                sys.err(&format!("wget: server returned error: HTTP/1.1 {} {reason}\n", response.status));
                return Some(1);
            }
            let name = out.unwrap_or_else(|| {
                let path = parsed.map(|u| u.target).unwrap_or_default();
                let name = super::short_name(path.split('?').next().unwrap_or("")).to_string();
                if name.is_empty() { "index.html".into() } else { name }
            });
            if name == "-" {
                if !quiet {
                    sys.err("writing to stdout\n");
                }
                sys.out(&response.body);
            } else {
                let path = sys.path(&name);
                if let Err(e) = sys.fs().write(&path, &response.body) {
                    sys.err(&format!("wget: can't open '{name}': {e}\n"));
                    return Some(1);
                }
            }
            if !quiet {
                let shown = if name == "-" { "-".to_string() } else { format!("'{name}'") };
                sys.err(&format!(
                    "{:<20} 100% |********************************| {:>5}  0:00:00 ETA\n{}\n",
                    shown.trim_matches('\''),
                    response.body.len(),
                    if name == "-" { "written to stdout".to_string() } else { format!("{shown} saved") }
                ));
            }
            return Some(0);
        }
        if self.args.has('f') && response.status >= 400 {
            if !self.args.has('s') || self.args.has('S') {
                sys.err(&format!("curl: (22) The requested URL returned error: {}\n", response.status));
            }
            return Some(22);
        }
        let mut head = format!("HTTP/1.1 {} {reason}\r\n", response.status);
        for (n, v) in &response.headers {
            head.push_str(&format!("{n}: {v}\r\n"));
        }
        head.push_str("\r\n");
        if self.args.has('v') {
            let u = url(&self.urls[0]);
            let (host, port, target) = u.map_or_else(Default::default, |u| (u.host, u.port, u.target));
            let received: String = head.lines().map(|l| format!("< {l}\n")).collect();
            sys.err(&format!("*   Trying {address}:{port}...\n* Connected to {host} ({address}) port {port}\n> GET {target} HTTP/1.1\n> Host: {host}\n> User-Agent: curl/8.5.0\n> Accept: */*\n> \n{received}* Connection #0 to host {host} left intact\n"));
        }
        let mut out = Vec::new();
        if self.args.has('i') || self.args.has('I') {
            out.extend(head.bytes());
        }
        if !self.args.has('I') {
            out.extend(&response.body);
        }
        match self.args.value('o').map(String::from) {
            Some(file) => match sys.open(&file, Open::Write) {
                Ok(fd) => {
                    sys.write(fd, &out);
                    sys.close(fd);
                }
                Err(_) => {
                    sys.err("curl: (23) Failure writing output to destination\n");
                    return Some(23);
                }
            },
            None => sys.out(out),
        }
        if let Some(format) = self.args.value('w') {
            let text = format
                .replace("%{http_code}", &response.status.to_string())
                .replace("%{response_code}", &response.status.to_string())
                .replace("%{remote_ip}", address)
                .replace("%{size_download}", &response.body.len().to_string())
                .replace("%{time_total}", "0.002");
            sys.out(crate::shell::unescape(&text, false).0);
        }
        Some(0)
    }

    fn answer(&mut self, sys: &mut Sys<'_>, answer: NetAnswer) -> Turn {
        let code = match answer {
            NetAnswer::Failed { address, error } => {
                if self.kind == Kind::Ping && !matches!(error, NetError::NoName | NetError::NoServer) {
                    return self.pinged(sys, None);
                }
                self.failed(sys, address.as_deref(), error)
            }
            NetAnswer::Http { address, response } => match self.response(sys, &address, &response) {
                Some(code) => code,
                None => return Turn::More,
            },
            NetAnswer::Tcp { address, data } => {
                if self.args.has('v') {
                    let port = self.urls.get(1).map_or("", String::as_str);
                    let host = self.urls.first().map_or("", String::as_str);
                    sys.err(&format!("{host} ({address}:{port}) open\n"));
                }
                sys.out(data);
                0
            }
            NetAnswer::Resolved { server, name, records } => {
                let mut out = format!("Server:\t\t{server}\nAddress:\t{server}:53\n\n");
                for r in &records {
                    out.push_str(&match &r.data {
                        DnsData::A(ip) => format!("Name:\t{name}\nAddress: {ip}\n"),
                        DnsData::Cname(to) => format!("{}\tcanonical name = {to}\n", r.name),
                        DnsData::Ptr(to) => format!("{}\tname = {to}.\n", r.name),
                        DnsData::Srv { priority, weight, port, target } => {
                            format!("{}\tservice = {priority} {weight} {port} {target}.\n", r.name)
                        }
                    });
                }
                out.push('\n');
                sys.out(out);
                0
            }
            NetAnswer::Pong { address, millis } => return self.pinged(sys, Some((address, millis))),
            NetAnswer::Traced { lines, answer } => {
                sys.err(&(lines.join("\n") + "\n"));
                return self.answer(sys, *answer);
            }
        };
        self.code = self.code.max(code);
        self.urls.remove(0);
        if matches!(self.kind, Kind::Wget | Kind::Curl) && !self.urls.is_empty() {
            return Turn::More;
        }
        Turn::Exit(self.code)
    }

    fn pinged(&mut self, sys: &mut Sys<'_>, pong: Option<(String, f64)>) -> Turn {
        let host = self.urls.first().cloned().unwrap_or_default();
        if let Some((address, millis)) = pong {
            if self.sent == 0 {
                sys.out(format!("PING {host} ({address}): 56 data bytes\n"));
            }
            sys.out(format!("64 bytes from {address}: seq={} ttl=62 time={millis:.3} ms\n", self.sent));
            self.received += 1;
        } else if self.sent == 0 {
            sys.out(format!("PING {host} ({host}): 56 data bytes\n"));
        }
        self.sent += 1;
        let count = self.args.value('c').and_then(|c| c.parse::<u32>().ok());
        if count.is_some_and(|c| self.sent >= c) {
            return self.ping_end(sys);
        }
        self.pause = Some(sys.now() + 1000);
        Turn::More
    }

    fn ping_end(&self, sys: &mut Sys<'_>) -> Turn {
        let host = self.urls.first().cloned().unwrap_or_default();
        let loss = (self.sent - self.received) * 100 / self.sent.max(1);
        sys.out(format!("\n--- {host} ping statistics ---\n{} packets transmitted, {} packets received, {loss}% packet loss\n", self.sent, self.received));
        if self.received > 0 {
            sys.out("round-trip min/avg/max = 0.062/0.074/0.091 ms\n");
        }
        Turn::Exit(i32::from(self.received == 0))
    }
}

impl Program for Client {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        if !self.begun {
            self.begun = true;
            if let Err(text) = self.begin(sys) {
                sys.err(&text);
                return Turn::Exit(if self.kind == Kind::Curl { 2 } else { 1 });
            }
            return Turn::More;
        }
        if let Some(id) = self.call {
            return match sys.net_answer(id) {
                Ok(answer) => {
                    self.call = None;
                    self.answer(sys, answer)
                }
                Err(wait) => Turn::Wait(wait),
            };
        }
        if let Some(at) = self.pause {
            if sys.now() < at {
                return Turn::Wait(Wait::Until(at));
            }
            self.pause = None;
        }
        if self.kind == Kind::Nc && self.args.has('l') {
            return Turn::Wait(Wait::Forever);
        }
        match self.ask(sys) {
            Ok(request) => {
                let id = sys.net(request);
                self.call = Some(id);
                Turn::Wait(Wait::Net(id))
            }
            Err((text, code)) => {
                sys.err(&text);
                Turn::Exit(code)
            }
        }
    }
}
