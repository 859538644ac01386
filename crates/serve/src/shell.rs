//! Streams into a pod: logs as a body; exec and attach as channels of a WebSocket.
//!
//! Models `k8s.io/apimachinery/pkg/util/remotecommand` (v4 and v5 of `channel.k8s.io`). Does not own: port-forwarding
//! (forward.rs).

use axum::body::{Body, Bytes};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderValue;
use axum::response::Response;
use client::handle::Frame;
use client::{Caller, Request};
use objects::{Status, json, value};

use crate::driver::Driver;
use crate::server::gone;
use crate::watch::Lines;

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
/// `{"Width":80,"Height":24}`
const RESIZE: u8 = 4;
/// The close code of a stream that came to its end.
const NORMAL: u16 = 1000;
/// v5: the next byte names a channel that the client closes.
const CLOSE: u8 = 255;

const PROTOCOLS: [&str; 3] = ["v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io"];

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
    upgrade: WebSocketUpgrade,
) -> Result<Response, Status> {
    // The query of a stream spells its flags in several ways.
    for (key, value) in &mut request.options.query {
        if matches!(key.as_str(), "stdin" | "stdout" | "stderr" | "tty") {
            *value = if value == "1" || value == "true" { "true".into() } else { "false".into() };
        }
    }
    request.verb = client::Verb::Create;
    let opened = driver.ask(move |c| c.open_stream(&caller, &request)).await;
    let id = opened.ok_or_else(gone)??;
    Ok(upgrade.protocols(PROTOCOLS).on_upgrade(move |socket| talk(socket, driver, id)))
}

async fn talk(mut socket: WebSocket, mut driver: Driver, id: u64) {
    loop {
        let Some((frames, over)) = next(&driver, id).await else { break };
        let mut code = None;
        for f in frames {
            let (channel, bytes) = match f {
                Frame::Stdout(b) => (STDOUT, b),
                Frame::Stderr(b) => (STDERR, b),
                Frame::Exit(c) => {
                    code = Some(c);
                    continue;
                }
                Frame::Stdin(_) | Frame::StdinClosed | Frame::Window { .. } | Frame::Listens(_) => continue,
            };
            if send(&mut socket, channel, &bytes).await.is_err() {
                break;
            }
        }
        if over || code.is_some() {
            let _ = send(&mut socket, ERROR, exit_status(code.unwrap_or(0)).as_bytes()).await;
            let _ = socket.send(Message::Close(Some(CloseFrame { code: NORMAL, reason: "".into() }))).await;
            break;
        }
        tokio::select! {
            more = driver.tick() => if !more { break },
            message = socket.recv() => match message {
                Some(Ok(Message::Binary(b))) => take(&driver, id, &b).await,
                Some(Ok(Message::Text(t))) => take(&driver, id, t.as_bytes()).await,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => break,
            },
        }
    }
    driver.ask(move |c| c.close_stream(id)).await;
}

async fn send(socket: &mut WebSocket, channel: u8, bytes: &[u8]) -> Result<(), axum::Error> {
    let mut message = Vec::with_capacity(bytes.len() + 1);
    message.push(channel);
    message.extend_from_slice(bytes);
    socket.send(Message::Binary(message.into())).await
}

/// What the client sent.
async fn take(driver: &Driver, id: u64, message: &[u8]) {
    let frame = match message {
        [STDIN, bytes @ ..] => Frame::Stdin(bytes.to_vec()),
        [CLOSE, STDIN] => Frame::StdinClosed,
        [RESIZE, size @ ..] => {
            let size = std::str::from_utf8(size).ok().and_then(|t| json::parse(t).ok()).unwrap_or_default();
            let side = |name: &str| u16::try_from(size[name].int()).ok().filter(|n| *n > 0);
            let (Some(rows), Some(columns)) = (side("Height"), side("Width")) else { return };
            Frame::Window { rows, columns }
        }
        _ => return,
    };
    driver.ask(move |c| c.send_stream(id, frame)).await;
}

/// The last word of a command: how it ended.
fn exit_status(code: i32) -> String {
    let status = if code == 0 {
        value!({"metadata": {}, "status": "Success"})
    } else {
        value!({
            "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": (format!("command terminated with non-zero exit code: error executing command, exit code {code}")),
            "details": {"causes": [{"reason": "ExitCode", "message": (code.to_string())}]}
        })
    };
    json::to_string(&status)
}
