//! `nc`: OpenBSD's words where the image has GNU tools or OpenBSD's own, busybox's elsewhere.
//!
//! As a listener it answers one connection with its standard input, prints what it got, and ends (`-k`, `-lk`: goes on).
//! Not modelled: interactive use, ranges of ports, Unix sockets, proxies.

use std::collections::VecDeque;

use super::super::args::Args;
use super::{Answered, Asker, Refusal, Talk, seconds, unresolved, usage};
use crate::machine::{Program, Sys, Turn, Wait};
use crate::net::{HttpRequest, HttpResponse, NetAnswer, NetError, NetOptions, NetRequest};

const OPENBSD_USAGE: &str = "\
usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]
\t  [-m minttl] [-O length] [-P proxy_username] [-p source_port]
\t  [-q seconds] [-s sourceaddr] [-T keyword] [-V rtable] [-W recvlimit]
\t  [-w timeout] [-X proxy_protocol] [-x proxy_address[:port]]
\t  [destination] [port]
";
/// What is read from standard input at most.
const INPUT_MAX: usize = 1 << 20;

#[derive(Clone, Default)]
struct Nc {
    talk: Talk,
    args: Args,
    host: String,
    ports: VecDeque<u16>,
    /// The port that was asked, for the text.
    port: u16,
    listens: Option<u16>,
    up: bool,
    served: bool,
    code: i32,
    /// OpenBSD's, whatever else the image has.
    openbsd: bool,
}

pub(in crate::programs) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Nc { talk: Talk::new(argv), ..Nc::default() })
}

pub(in crate::programs) fn start_openbsd(argv: &[String]) -> Box<dyn Program> {
    Box::new(Nc { talk: Talk::new(argv), openbsd: true, ..Nc::default() })
}

impl Nc {
    fn is_openbsd(&self, sys: &Sys<'_>) -> bool {
        self.openbsd || sys.gnu()
    }

    /// Reads standard input on. `None` when it is over.
    fn read(&mut self, sys: &mut Sys<'_>) -> Option<Turn> {
        match self.talk.read_input(sys, INPUT_MAX) {
            // Nobody has typed anything.
            Some(Turn::Wait(_)) if self.talk.input.is_empty() && sys.is_tty(0) => {
                self.talk.input_over = true;
                None
            }
            other => other,
        }
    }

    fn listen(&mut self, sys: &mut Sys<'_>, port: u16) -> Turn {
        if self.served && !self.args.has('k') {
            return Turn::Exit(0);
        }
        if !self.up {
            if sys.machine().taken.contains(&port) || sys.machine().ports().contains(&port) {
                let text = if self.is_openbsd(sys) {
                    "nc: Address already in use\n"
                } else {
                    "nc: bind: Address already in use\n"
                };
                sys.err(text);
                return Turn::Exit(1);
            }
            self.up = true;
            if self.args.has('v') {
                let text = if self.is_openbsd(sys) {
                    format!("Listening on 0.0.0.0 {port}\n")
                } else {
                    format!("listening on 0.0.0.0:{port} ...\n")
                };
                sys.err(&text);
            }
        }
        if let Some(wait) = self.read(sys) {
            return wait;
        }
        // Looks again when somebody may have come.
        let rest = if self.served { 100 } else { 250 };
        Turn::Wait(Wait::Until(sys.now() + rest))
    }
}

impl Asker for Nc {
    fn talk(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), Refusal> {
        self.args = Args::parse(sys, &self.talk.argv, "zvw:lp:uenk46q:Ni:s:").map_err(|e| (e, 1))?;
        let rest = self.args.rest.clone();
        let gnu = self.is_openbsd(sys);
        let bad = |p: &str| {
            let text = match p.parse::<i64>() {
                _ if !gnu => format!("nc: bad port '{p}'\n"),
                Ok(n) if n > 65_535 => format!("nc: port number too large: {p}\n"),
                Ok(n) if n < 1 => format!("nc: port number too small: {p}\n"),
                _ => format!("nc: service \"{p}\" unknown\n"),
            };
            (text, 1)
        };
        let port = |p: &str| p.parse::<u16>().ok().filter(|p| *p > 0).ok_or_else(|| bad(p));
        if self.args.has('l') {
            let own = self.args.value('p').or(rest.last().map(String::as_str));
            let Some(own) = own else { return Err(("nc: missing port number\n".into(), 1)) };
            self.listens = Some(port(own)?);
            return Ok(());
        }
        let [host, wanted] = rest.as_slice() else {
            return Err((if gnu { OPENBSD_USAGE.into() } else { usage::of("nc") }, 1));
        };
        host.clone_into(&mut self.host);
        match wanted.split_once('-').filter(|_| self.args.has('z')) {
            Some((first, last)) => {
                let (first, last) = (port(first)?, port(last)?);
                self.ports = (first..=last).take(1024).collect();
            }
            None => self.ports.push_back(port(wanted)?),
        }
        Ok(())
    }

    fn answered(&mut self, sys: &mut Sys<'_>, got: Answered) -> Turn {
        let (gnu, port) = (self.is_openbsd(sys), self.port);
        let host = self.host.clone();
        let protocol = if self.args.has('u') { "udp" } else { "tcp" };
        // Nothing tells a datagram that was dropped from one that was taken.
        let answer = match got.answer {
            NetAnswer::Failed { address: Some(address), error: NetError::TimedOut } if protocol == "udp" => {
                NetAnswer::Tcp { address, data: Vec::new() }
            }
            other => other,
        };
        match answer {
            NetAnswer::Tcp { address, data } => {
                if self.args.has('v') {
                    let text = if gnu {
                        let name = match port {
                            80 => "http",
                            443 => "https",
                            53 => "domain",
                            22 => "ssh",
                            3306 => "mysql",
                            5432 => "postgresql",
                            6379 => "redis",
                            _ => "*",
                        };
                        format!(
                            "Connection to {host} ({address}) {port} port [{protocol}/{name}] succeeded!\n"
                        )
                    } else {
                        format!("{host} ({address}:{port}) open\n")
                    };
                    sys.err(&text);
                }
                sys.out(data);
            }
            NetAnswer::Failed { address, error } => {
                self.code = 1;
                let at = address.unwrap_or_else(|| host.clone());
                let reason = match error {
                    NetError::Refused | NetError::Tls => "Connection refused",
                    NetError::TimedOut | NetError::Slow => "Connection timed out",
                    NetError::Unreachable if gnu => "Network is unreachable",
                    NetError::Unreachable => "Network unreachable",
                    NetError::Reset => "Connection reset by peer",
                    NetError::NoName | NetError::NoServer => "",
                };
                let waited = self.args.value('w').is_some() && error == NetError::TimedOut;
                let text = match (gnu, error) {
                    (true, NetError::NoName | NetError::NoServer) => {
                        let why = unresolved(sys, error);
                        format!("nc: getaddrinfo for host \"{host}\" port {port}: {why}\n")
                    }
                    (false, NetError::NoName | NetError::NoServer) => format!("nc: bad address '{host}'\n"),
                    (true, _) if waited => format!(
                        "nc: connect to {host} ({at}) port {port} ({protocol}) timed out: Operation now in progress\n"
                    ),
                    (false, _) if waited => "nc: timed out\n".to_owned(),
                    (true, _) => {
                        format!("nc: connect to {host} ({at}) port {port} ({protocol}) failed: {reason}\n")
                    }
                    (false, _) => format!("nc: {host} ({at}:{port}): {reason}\n"),
                };
                // Only -v makes OpenBSD's tell of what it could not reach.
                if !gnu || self.args.has('v') || matches!(error, NetError::NoName | NetError::NoServer) {
                    sys.err(&text);
                }
            }
            _ => self.code = 1,
        }
        Turn::More
    }

    fn next(&mut self, sys: &mut Sys<'_>) -> Turn {
        if let Some(port) = self.listens {
            return self.listen(sys, port);
        }
        let Some(port) = self.ports.front().copied() else { return Turn::Exit(self.code) };
        if !self.args.has('z')
            && let Some(wait) = self.read(sys)
        {
            return wait;
        }
        self.ports.pop_front();
        self.port = port;
        let (host, data) = (self.host.clone(), std::mem::take(&mut self.talk.input));
        let request = if self.args.has('u') {
            NetRequest::Udp { host, port, data }
        } else {
            NetRequest::Tcp { host, port, data }
        };
        let trace = self.args.long("trace-path").then(|| sys.locale());
        let wait = self.args.value('w').and_then(seconds).filter(|ms| *ms > 0);
        let options = NetOptions { connect_ms: wait, trace, ..NetOptions::default() };
        self.talk.send(sys, request, options)
    }
}

impl Program for Nc {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        super::step(self, sys)
    }

    fn ports(&self) -> Vec<u16> {
        if self.up && (!self.served || self.args.has('k')) {
            self.listens.into_iter().collect()
        } else {
            Vec::new()
        }
    }

    fn serve(&mut self, _port: u16, request: &HttpRequest, sys: &mut Sys<'_>) -> Option<HttpResponse> {
        let mut text = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
        for (n, v) in &request.headers {
            text.push_str(&format!("{n}: {v}\r\n"));
        }
        text.push_str("\r\n");
        sys.out(text);
        sys.out(&request.body);
        self.served = true;
        response(&self.talk.input)
    }

    fn serve_tcp(&mut self, _port: u16, data: &[u8], sys: &mut Sys<'_>) -> Option<Vec<u8>> {
        sys.out(data);
        self.served = true;
        Some(self.talk.input.clone())
    }
}

/// An answer that somebody wrote by hand.
fn response(text: &[u8]) -> Option<HttpResponse> {
    let text = String::from_utf8_lossy(text);
    let rest = text.strip_prefix("HTTP/")?;
    let (head, body) = rest.split_once("\r\n\r\n").or_else(|| rest.split_once("\n\n")).unwrap_or((rest, ""));
    let mut lines = head.lines();
    let status = lines.next()?.split_whitespace().nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|l| l.split_once(':')).take(100);
    let headers = headers.map(|(n, v)| (n.trim().to_owned(), v.trim().to_owned())).collect();
    Some(HttpResponse { status, headers, body: body.as_bytes().to_vec(), ..HttpResponse::default() })
}
