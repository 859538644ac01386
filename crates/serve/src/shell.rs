//! Streams into a pod: logs as a body; exec and attach as channels of a WebSocket or streams of SPDY.
//!
//! Models `k8s.io/apimachinery/pkg/util/remotecommand` (v4 and v5 of `channel.k8s.io` by WebSocket, v2 to v4 by SPDY).
//! Does not own: port-forwarding (forward.rs), the connection itself (upgrade.rs).

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use client::handle::Frame;
use client::{Caller, Request};
use objects::{Reason, Status, Value, json, value};

use crate::answer;
use crate::driver::Driver;
use crate::server::gone;
use crate::spdy::{Event, Session};
use crate::upgrade::{Gone, Line, Upgrade};
use crate::watch::Lines;

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;
/// What SPDY's streams are called, by channel.
const TYPES: [&str; 5] = ["stdin", "stdout", "stderr", "error", "resize"];
/// A size of a terminal is not longer, in bytes.
const SIZE_MAX: usize = 256;
/// v5: the next byte names a channel that the client closes.
const CLOSE: u8 = 255;

const SOCKETS: [&str; 3] = ["v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io"];
const STREAMS: [&str; 3] = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io"];
/// How the API server begins what the kubelet said instead of taking a connection.
const NOT_UPGRADED: &str = "Internal error occurred: unable to upgrade connection: ";

/// `GET .../log`
pub async fn log(mut driver: Driver, caller: Caller, request: Request) -> Result<Response, Status> {
    let opened = driver.ask(move |c| c.open_stream(&caller, &request)).await;
    let id = opened.ok_or_else(gone)??;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(64);
    tokio::spawn(async move {
        'open: while let Some((frames, over)) = next(&driver, id).await {
            for f in frames {
                if let Frame::Stdout(b) | Frame::Stderr(b) = f
                    && sender.send(b.into()).await.is_err()
                {
                    break 'open;
                }
            }
            if over {
                break;
            }
            tokio::select! {
                more = driver.tick() => if !more { break },
                () = sender.closed() => break,
            }
        }
        driver.ask(move |c| c.close_stream(id)).await;
    });
    let mut response = Response::new(Body::from_stream(Lines(receiver)));
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/plain"));
    Ok(response)
}

/// The frames that have come, and whether the stream is over.
async fn next(driver: &Driver, id: u64) -> Option<(Vec<Frame>, bool)> {
    driver
        .ask(move |c| {
            let mut frames = Vec::new();
            loop {
                match c.poll_stream(id) {
                    Some(Some(frame)) => frames.push(frame),
                    Some(None) => return (frames, true),
                    None => return (frames, false),
                }
            }
        })
        .await
}

/// exec and attach.
pub async fn open(
    driver: Driver,
    caller: Caller,
    mut request: Request,
    upgrade: Upgrade,
) -> Result<Response, Status> {
    // The query of a stream spells its flags in several ways.
    let mut streams = 1;
    for (key, value) in &mut request.options.query {
        if matches!(key.as_str(), "stdin" | "stdout" | "stderr" | "tty") {
            let wanted = value == "1" || value == "true";
            streams += usize::from(wanted);
            *value = if wanted { "true".into() } else { "false".into() };
        }
    }
    request.verb = client::Verb::Create;
    let opened = driver.ask(move |c| c.open_stream(&caller, &request)).await.ok_or_else(gone)?;
    let opened = match opened {
        // What only the node can say comes by the connection, which the server has taken by then.
        Err(s) if s.reason == Reason::InternalError => match s.message.strip_prefix(NOT_UPGRADED) {
            Some(text) if upgrade.is_spdy() => {
                return Ok(answer::text(StatusCode::INTERNAL_SERVER_ERROR, text.to_owned()));
            }
            _ => Err(s),
        },
        Err(s) => return Err(s),
        Ok(id) => Ok(id),
    };
    let is_spdy = upgrade.is_spdy();
    Ok(upgrade.accept(&SOCKETS, &STREAMS, move |line, protocol| async move {
        let lanes = if is_spdy {
            let plain = protocol != STREAMS[0];
            let streams = Streams { ids: [None; 5], expected: streams, plain };
            Lanes::Streams(Box::new(Session::new()), streams)
        } else {
            Lanes::Channels
        };
        let mut desk = Desk { line, lanes, sizes: Vec::new() };
        match opened {
            Ok(id) => {
                let _ = talk(&mut desk, &driver, id).await;
                driver.ask(move |c| c.close_stream(id)).await;
            }
            Err(status) => {
                let _ = desk.refuse(&status).await;
            }
        }
        desk.line.finish().await;
    }))
}

/// How a command's streams share the connection.
enum Lanes {
    /// Each message begins with its channel's number.
    Channels,
    Streams(Box<Session>, Streams),
}

/// SPDY's streams, which the client opens.
struct Streams {
    /// By channel.
    ids: [Option<u32>; 5],
    /// Nothing is said before there are this many.
    expected: usize,
    /// Errors are told as text, not as a Status.
    plain: bool,
}

struct Desk {
    line: Line,
    lanes: Lanes,
    /// Sizes of the terminal that have come in part.
    sizes: Vec<u8>,
}

async fn talk(desk: &mut Desk, driver: &Driver, id: u64) -> Result<(), Gone> {
    let mut driver = driver.clone();
    loop {
        if desk.is_whole() {
            let (frames, over) = next(&driver, id).await.ok_or(Gone)?;
            let mut code = None;
            for f in frames {
                match f {
                    Frame::Stdout(b) => desk.send(STDOUT, &b, false).await?,
                    Frame::Stderr(b) => desk.send(STDERR, &b, false).await?,
                    Frame::Exit(c) => code = Some(c),
                    Frame::Stdin(_) | Frame::StdinClosed | Frame::Window { .. } | Frame::Listens(_) => {}
                }
            }
            if over || code.is_some() {
                return desk.end(&exit_status(code.unwrap_or(0))).await;
            }
        }
        tokio::select! {
            more = driver.tick() => if !more { return Ok(()) },
            message = desk.line.receive() => {
                for frame in desk.take(&message.ok_or(Gone)?).await? {
                    driver.ask(move |c| c.send_stream(id, frame)).await;
                }
            }
        }
    }
}

impl Desk {
    /// The client has opened what it asked for.
    fn is_whole(&self) -> bool {
        match &self.lanes {
            Lanes::Channels => true,
            Lanes::Streams(_, s) => s.ids.iter().flatten().count() >= s.expected,
        }
    }

    async fn send(&mut self, channel: u8, bytes: &[u8], done: bool) -> Result<(), Gone> {
        let message = match &self.lanes {
            Lanes::Channels if done && bytes.is_empty() => return Ok(()),
            Lanes::Channels => [&[channel], bytes].concat(),
            Lanes::Streams(_, s) => match s.ids[usize::from(channel)] {
                Some(stream) => Session::data(stream, bytes, done),
                None => return Ok(()),
            },
        };
        self.line.send(message).await
    }

    /// The command's last word.
    async fn end(&mut self, status: &Value) -> Result<(), Gone> {
        let text = match &self.lanes {
            Lanes::Streams(_, Streams { plain: true, .. }) => status["message"].text().to_owned(),
            _ => json::to_string(status),
        };
        for channel in [STDOUT, STDERR] {
            self.send(channel, b"", true).await?;
        }
        self.send(ERROR, text.as_bytes(), true).await
    }

    /// Says why there is no command, once the client is ready to hear it.
    async fn refuse(&mut self, status: &Status) -> Result<(), Gone> {
        while !self.is_whole() {
            let message = self.line.receive().await.ok_or(Gone)?;
            self.take(&message).await?;
        }
        self.end(&status.to_value()).await
    }

    /// What the client sent.
    async fn take(&mut self, message: &[u8]) -> Result<Vec<Frame>, Gone> {
        let Lanes::Streams(session, streams) = &mut self.lanes else {
            return Ok(match message {
                [STDIN, bytes @ ..] => vec![Frame::Stdin(bytes.to_vec())],
                [CLOSE, STDIN] => vec![Frame::StdinClosed],
                [RESIZE, size @ ..] => window(size).into_iter().collect(),
                _ => Vec::new(),
            });
        };
        let (events, mut reply) = session.take(message).map_err(|_| Gone)?;
        let mut frames = Vec::new();
        for event in events {
            match event {
                Event::Opened { stream, headers, .. } => {
                    reply.extend(session.reply(stream));
                    let kind =
                        headers.iter().find(|(k, _)| k == "streamtype").map_or("", |(_, v)| v.as_str());
                    if let Some(channel) = TYPES.iter().position(|t| *t == kind) {
                        streams.ids[channel] = Some(stream);
                    }
                }
                Event::Data { stream, bytes, done } if streams.ids[usize::from(STDIN)] == Some(stream) => {
                    if !bytes.is_empty() {
                        frames.push(Frame::Stdin(bytes));
                    }
                    if done {
                        frames.push(Frame::StdinClosed);
                    }
                }
                Event::Data { stream, bytes, .. } if streams.ids[usize::from(RESIZE)] == Some(stream) => {
                    self.sizes.extend_from_slice(&bytes);
                    while let Some(end) = self.sizes.iter().position(|b| *b == b'}') {
                        let size: Vec<u8> = self.sizes.drain(..=end).collect();
                        frames.extend(window(&size));
                    }
                    if self.sizes.len() > SIZE_MAX {
                        return Err(Gone);
                    }
                }
                Event::Data { .. } | Event::Reset { .. } => {}
                Event::Away => return Err(Gone),
            }
        }
        if !reply.is_empty() {
            self.line.send(reply).await?;
        }
        Ok(frames)
    }
}

/// `{"Width":80,"Height":24}`
fn window(size: &[u8]) -> Option<Frame> {
    let size = std::str::from_utf8(size).ok().and_then(|t| json::parse(t.trim()).ok())?;
    let side = |name: &str| u16::try_from(size[name].int()).ok().filter(|n| *n > 0);
    Some(Frame::Window { rows: side("Height")?, columns: side("Width")? })
}

/// The last word of a command: how it ended.
fn exit_status(code: i32) -> Value {
    if code == 0 {
        value!({"metadata": {}, "status": "Success"})
    } else {
        value!({
            "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": (format!("command terminated with non-zero exit code: error executing command, exit code {code}")),
            "details": {"causes": [{"reason": "ExitCode", "message": (code.to_string())}]}
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;
    use crate::spdy::tests::{open as opened, stored};

    /// A desk with SPDY, and the client's end of it.
    fn desk(expected: usize, plain: bool) -> (Desk, DuplexStream) {
        let (here, there) = tokio::io::duplex(1 << 16);
        let lanes = Lanes::Streams(Box::new(Session::new()), Streams { ids: [None; 5], expected, plain });
        (Desk { line: Line::Spdy(Box::new(here)), lanes, sizes: Vec::new() }, there)
    }

    async fn told(desk: &mut Desk, client: &mut DuplexStream, bytes: &[u8]) -> Vec<Frame> {
        client.write_all(bytes).await.expect("written");
        let piece = desk.line.receive().await.expect("it came");
        desk.take(&piece).await.expect("it is SPDY")
    }

    #[tokio::test]
    async fn a_command_over_spdy() {
        let (mut desk, mut client) = desk(4, false);
        for (i, kind) in ["error", "stdin", "stdout", "resize"].into_iter().enumerate() {
            assert!(!desk.is_whole(), "{kind} is to come");
            let stream = opened(2 * i as u32 + 1, &stored(i == 0, &[("streamtype", kind)]));
            assert_eq!(told(&mut desk, &mut client, &stream).await, []);
        }
        assert!(desk.is_whole());
        let frames = told(&mut desk, &mut client, &Session::data(3, b"ls\n", false)).await;
        assert_eq!(frames, [Frame::Stdin(b"ls\n".to_vec())]);
        let size = Session::data(7, b"{\"Width\":80,\"Hei", false);
        assert_eq!(told(&mut desk, &mut client, &size).await, []);
        let rest = Session::data(7, b"ght\":24}\n", false);
        let frames = told(&mut desk, &mut client, &rest).await;
        assert_eq!(frames, [Frame::Window { rows: 24, columns: 80 }]);
        let frames = told(&mut desk, &mut client, &Session::data(3, b"", true)).await;
        assert_eq!(frames, [Frame::StdinClosed]);
        desk.send(STDERR, b"nobody listens", false).await.expect("left out");
        desk.end(&exit_status(3)).await.expect("told");
        drop(desk);
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.expect("its last words");
        let text = json::to_string(&exit_status(3));
        let want = [Session::data(5, b"", true), Session::data(1, text.as_bytes(), true)].concat();
        assert!(rest.ends_with(&want), "{}", String::from_utf8_lossy(&rest));
    }

    #[tokio::test]
    async fn an_older_protocol_hears_text() {
        let (mut desk, mut client) = desk(1, true);
        let stream = opened(1, &stored(true, &[("streamtype", "error")]));
        client.write_all(&stream).await.expect("written");
        let status = Status::new(Reason::InternalError, "no");
        desk.refuse(&status).await.expect("told");
        drop(desk);
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.expect("its last words");
        assert!(rest.ends_with(&Session::data(1, b"no", true)));
    }
}
