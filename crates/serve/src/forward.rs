//! Port-forwarding: connections of the client's machine to ports of a pod.
//!
//! Models `pkg/kubelet` port-forwarding as kubectl asks for it (SPDY within a WebSocket, SPDY as it is before v1.31) and as
//! client libraries do (channels of `v4.channel.k8s.io`, two for each port), and what containerd says of a closed port.
//! A connection is carried request by request, as the simulated network does: HTTP by its messages, anything else by what
//! came until now. Not modelled: bodies longer than 8 MiB.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use client::{Caller, Request};
use cluster::wire::{HttpRequest, HttpResponse, NetAnswer, NetRequest};
use objects::{Status, Str};

use crate::driver::Driver;
use crate::server::gone;
use crate::spdy::{Event, Session};
use crate::upgrade::{Gone, Line, Upgrade};

/// SPDY as it is.
const STREAMS: &str = "portforward.k8s.io";
/// SPDY within a WebSocket.
const TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";
const CHANNELS: &str = "v4.channel.k8s.io";
/// More of a message than this is not waited for, in bytes.
const MESSAGE_MAX: usize = 8 << 20;
/// Connections of one forwarding at a time.
const LINKS_MAX: usize = 256;

/// Opens the forwarding of a pod's ports.
pub async fn open(
    driver: Driver,
    caller: Caller,
    mut request: Request,
    upgrade: Upgrade,
) -> Result<Response, Status> {
    request.verb = client::Verb::Create;
    let wanted = request.options.query.iter().filter(|(k, _)| k == "ports");
    let ports: Vec<u16> = wanted.flat_map(|(_, v)| v.split(',')).filter_map(|p| p.parse().ok()).collect();
    let pod: Str = format!("{}/{}", request.namespace, request.name).into();
    let opened = driver.ask(move |c| c.open_stream(&caller, &request)).await;
    let id = opened.ok_or_else(gone)??;
    Ok(upgrade.accept(&[TUNNEL, CHANNELS], &[STREAMS], move |line, protocol| async move {
        let spdy = protocol == TUNNEL || protocol == STREAMS;
        let lanes = if spdy { Lanes::Spdy(Box::new(Session::new())) } else { Lanes::Channels };
        let mut desk = Desk { line, driver, pod, lanes, errors: BTreeMap::new(), links: BTreeMap::new() };
        desk.run(id, &ports).await;
        desk.line.finish().await;
    }))
}

/// How connections share the line.
enum Lanes {
    Spdy(Box<Session>),
    Channels,
}

/// One connection to a port of the pod.
struct Link {
    port: u16,
    /// The stream for errors.
    error: u32,
    /// What the client sent and nobody has taken yet.
    input: Vec<u8>,
    /// The client sends no more.
    ended: bool,
    /// A request on its way, and whether it is HTTP that wants no body back.
    asked: Option<(u64, bool)>,
}

struct Desk {
    line: Line,
    driver: Driver,
    pod: Str,
    lanes: Lanes,
    /// Streams for errors, by the client's number of the connection.
    errors: BTreeMap<String, u32>,
    /// Connections by their stream of data.
    links: BTreeMap<u32, Link>,
}

impl Desk {
    async fn run(&mut self, id: u64, ports: &[u16]) {
        let _ = self.talk(id, ports).await;
        let driver = self.driver.clone();
        driver.ask(move |c| c.close_stream(id)).await;
    }

    async fn talk(&mut self, id: u64, ports: &[u16]) -> Result<(), Gone> {
        if matches!(self.lanes, Lanes::Channels) {
            for (i, port) in ports.iter().enumerate() {
                let (data, error) = (2 * i as u32, 2 * i as u32 + 1);
                for channel in [data, error] {
                    self.write(channel, &port.to_le_bytes(), false).await?;
                }
                let link = Link { port: *port, error, input: Vec::new(), ended: false, asked: None };
                self.links.insert(data, link);
            }
        }
        loop {
            // The pod has ended when its stream has.
            let over = self.driver.ask(move |c| matches!(c.poll_stream(id), Some(None))).await;
            if over != Some(false) {
                return Ok(());
            }
            self.carry().await?;
            tokio::select! {
                more = self.driver.tick() => if !more { return Ok(()) },
                message = self.line.receive() => match message {
                    Some(bytes) => self.take(&bytes).await?,
                    None => return Ok(()),
                },
            }
        }
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        let Lanes::Spdy(session) = &mut self.lanes else {
            if let Some((channel, data)) = bytes.split_first()
                && let Some(link) = self.links.get_mut(&u32::from(*channel))
            {
                link.input.extend_from_slice(data);
            }
            return Ok(());
        };
        let (events, mut reply) = session.take(bytes).map_err(|_| Gone)?;
        for event in events {
            match event {
                Event::Opened { stream, headers, .. } => {
                    reply.extend(session.reply(stream));
                    let header =
                        |name: &str| headers.iter().find(|(k, _)| k == name).map_or("", |(_, v)| v.as_str());
                    let number = header("requestid").to_owned();
                    if header("streamtype") == "error" {
                        self.errors.insert(number, stream);
                    } else if self.links.len() < LINKS_MAX {
                        let link = Link {
                            port: header("port").parse().unwrap_or(0),
                            error: self.errors.remove(&number).unwrap_or(0),
                            input: Vec::new(),
                            ended: false,
                            asked: None,
                        };
                        self.links.insert(stream, link);
                    }
                }
                Event::Data { stream, bytes, done } => {
                    if let Some(link) = self.links.get_mut(&stream) {
                        link.input.extend_from_slice(&bytes);
                        link.ended |= done;
                    }
                }
                Event::Reset { stream } => drop(self.links.remove(&stream)),
                Event::Away => return Err(Gone),
            }
        }
        if reply.is_empty() { Ok(()) } else { self.line.send(reply).await }
    }

    /// Bytes for one stream or channel; `done` closes it, where it can be closed.
    async fn write(&mut self, lane: u32, bytes: &[u8], done: bool) -> Result<(), Gone> {
        let message = match self.lanes {
            Lanes::Spdy(_) => Session::data(lane, bytes, done),
            Lanes::Channels if bytes.is_empty() => return Ok(()),
            Lanes::Channels => [&[lane as u8], bytes].concat(),
        };
        self.line.send(message).await
    }

    /// Takes each connection on by what has come from either side.
    async fn carry(&mut self) -> Result<(), Gone> {
        let lanes: Vec<u32> = self.links.keys().copied().collect();
        for lane in lanes {
            let Some(link) = self.links.get_mut(&lane) else { continue };
            if let Some((id, bare)) = link.asked {
                let answer = self.driver.ask(move |c| c.asked(id)).await.ok_or(Gone)?;
                let Some(answer) = answer else { continue };
                link.asked = None;
                let (port, error) = (link.port, link.error);
                match answer {
                    NetAnswer::Http { response, .. } => {
                        self.write(lane, &message(&response, bare), false).await?
                    }
                    NetAnswer::Tcp { data, .. } => self.write(lane, &data, false).await?,
                    _ => {
                        let text = refusal(&self.pod, port);
                        self.write(error, text.as_bytes(), true).await?;
                        self.write(lane, b"", true).await?;
                        self.links.remove(&lane);
                        continue;
                    }
                }
            }
            let Some(link) = self.links.get_mut(&lane) else { continue };
            if let Some((request, bare)) = next(link) {
                let pod = self.pod.clone();
                link.asked = self.driver.ask(move |c| c.send_as(&pod, request)).await.map(|id| (id, bare));
            } else if link.ended {
                let error = link.error;
                self.links.remove(&lane);
                self.write(lane, b"", true).await?;
                self.write(error, b"", true).await?;
            }
        }
        Ok(())
    }
}

/// What containerd says of a port where nobody listens.
fn refusal(pod: &str, port: u16) -> String {
    let id = clock::Rng::new(u64::from(port)).letters(b"0123456789abcdef", 64);
    format!(
        "error forwarding port {port} to pod {id}, uid : failed to execute portforward in network namespace \"/var/run/netns/cni-{}\": failed to connect to localhost:{port} inside namespace \"{id}\", IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found ",
        pod.replace('/', "-")
    )
}

/// The next whole request of a connection, taken from its input.
fn next(link: &mut Link) -> Option<(NetRequest, bool)> {
    if link.input.is_empty() {
        return None;
    }
    let host = "localhost".to_owned();
    if !looks_like_http(&link.input) {
        let data = std::mem::take(&mut link.input);
        return Some((NetRequest::Tcp { host, port: link.port, data }, false));
    }
    let (request, length) = parse(&link.input)?;
    link.input.drain(..length);
    let bare = request.method == "HEAD";
    Some((NetRequest::Http { host, port: link.port, tls: false, request }, bare))
}

fn looks_like_http(input: &[u8]) -> bool {
    let method = input.split(|b| *b == b' ').next().unwrap_or_default();
    (3..=8).contains(&method.len()) && method.iter().all(u8::is_ascii_uppercase) && input.len() < MESSAGE_MAX
}

/// An HTTP request and its length; `None` while it is not whole.
fn parse(input: &[u8]) -> Option<(HttpRequest, usize)> {
    let end = input.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&input[..end - 4]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned()))
        .collect();
    let header =
        |name: &str| headers.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str());
    let rest = &input[end..];
    let (body, used) = if header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
        chunks(rest)?
    } else {
        let length: usize = header("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
        (rest.get(..length)?.to_vec(), length)
    };
    let peer = "127.0.0.1".to_owned();
    Some((HttpRequest { method, target, headers, body, peer }, end + used))
}

/// A body in chunks, and its length as it was sent.
fn chunks(input: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let line = input[at..].windows(2).position(|w| w == b"\r\n")?;
        let size = std::str::from_utf8(&input[at..at + line]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok().filter(|n| *n < MESSAGE_MAX)?;
        at += line + 2;
        body.extend_from_slice(input.get(at..at + size)?);
        at += size + 2;
        if at > input.len() {
            return None;
        }
        if size == 0 {
            return Some((body, at));
        }
    }
}

/// A response as it goes over a wire.
fn message(response: &HttpResponse, bare: bool) -> Vec<u8> {
    let reason = StatusCode::from_u16(response.status).ok().and_then(|s| s.canonical_reason()).unwrap_or("");
    let mut out = format!("HTTP/1.1 {} {reason}\r\n", response.status);
    let framing =
        |k: &str| k.eq_ignore_ascii_case("content-length") || k.eq_ignore_ascii_case("transfer-encoding");
    for (k, v) in response.headers.iter().filter(|(k, _)| !framing(k)) {
        out.push_str(&format!("{k}: {v}\r\n"));
    }
    out.push_str(&format!("Content-Length: {}\r\n\r\n", response.body.len()));
    let mut out = out.into_bytes();
    if !bare {
        out.extend_from_slice(&response.body);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(input: &[u8]) -> Link {
        Link { port: 80, error: 0, input: input.to_vec(), ended: false, asked: None }
    }

    #[test]
    fn requests_are_taken_whole() {
        let mut l = link(b"POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab");
        assert!(next(&mut l).is_none(), "a byte is missing");
        l.input.extend_from_slice(b"cGET / HTTP/1.1\r\n\r\n");
        let Some((NetRequest::Http { request, .. }, false)) = next(&mut l) else { panic!("a request") };
        assert_eq!(
            (request.method.as_str(), request.target.as_str(), request.body.as_slice()),
            ("POST", "/a?b", &b"abc"[..])
        );
        let Some((NetRequest::Http { request, .. }, false)) = next(&mut l) else { panic!("another") };
        assert_eq!(request.target, "/");
        assert!(next(&mut l).is_none());
        let mut l = link(b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        let Some((NetRequest::Http { request, .. }, _)) = next(&mut l) else { panic!("in chunks") };
        assert_eq!(request.body, b"abc");
        assert!(matches!(next(&mut link(b"*1\r\n$4\r\nPING\r\n")), Some((NetRequest::Tcp { .. }, false))));
    }

    #[test]
    fn a_response_has_a_length() {
        let response = HttpResponse { status: 404, body: b"no".to_vec(), ..HttpResponse::default() };
        assert_eq!(message(&response, false), b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");
        assert_eq!(message(&response, true), b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n");
    }
}
