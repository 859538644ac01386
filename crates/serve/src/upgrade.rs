//! Connections that leave HTTP: a WebSocket, or the bytes of SPDY after `Upgrade: SPDY/3.1`.
//!
//! Owns: which of the two a client asks for, which protocol both know, and pieces of bytes in and out. Does not own: what
//! they mean (shell.rs, forward.rs), SPDY's frames (spdy.rs).
//! Models `k8s.io/streaming/pkg/httpstream` (Handshake, `spdy` UpgradeResponse).

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::header::{CONNECTION, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use objects::Status;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::answer;

const SPDY: &str = "SPDY/3.1";
const PROTOCOL: &str = "x-stream-protocol-version";
const ACCEPTED: &str = "x-accepted-stream-protocol-versions";
/// How long the other side may take to close a connection that has come to its end.
const PATIENCE: Duration = Duration::from_secs(5);
/// The close code of a stream that came to its end.
const NORMAL: u16 = 1000;

/// What a client that wants a connection of its own sent.
pub struct Upgrade {
    kind: Kind,
    headers: HeaderMap,
}

enum Kind {
    WebSocket(WebSocketUpgrade),
    Spdy(OnUpgrade),
}

/// A connection of its own.
pub enum Line {
    WebSocket(Box<WebSocket>),
    Spdy(Box<dyn Bytes>),
}

/// Bytes both ways.
pub trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// The other side is gone.
#[derive(Debug)]
pub struct Gone;

/// Whether a request wants to leave HTTP for a WebSocket. It is a GET whatever it is called.
pub fn is_web_socket(headers: &HeaderMap) -> bool {
    asks_for(headers, "websocket")
}

fn asks_for(headers: &HeaderMap, protocol: &str) -> bool {
    let text =
        |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    text(UPGRADE).contains(&protocol.to_ascii_lowercase()) && text(CONNECTION).contains("upgrade")
}

impl Upgrade {
    /// `None`: the request does not ask for one.
    ///
    /// # Errors
    /// A WebSocket asked for in a wrong way.
    pub async fn of(parts: &mut Parts) -> Result<Option<Self>, Status> {
        let kind = if is_web_socket(&parts.headers) {
            let asked = WebSocketUpgrade::from_request_parts(parts, &()).await;
            Kind::WebSocket(asked.map_err(|e| Status::bad_request(e.body_text()))?)
        } else if let Some(upgrade) =
            parts.extensions.remove::<OnUpgrade>().filter(|_| asks_for(&parts.headers, SPDY))
        {
            Kind::Spdy(upgrade)
        } else {
            return Ok(None);
        };
        Ok(Some(Self { kind, headers: parts.headers.clone() }))
    }

    pub fn is_spdy(&self) -> bool {
        matches!(self.kind, Kind::Spdy(_))
    }

    /// Takes the connection, with the first protocol of the client's that is among those named: `sockets` for a WebSocket,
    /// `streams` for SPDY. `talk` is told which.
    pub fn accept<F>(
        self,
        sockets: &'static [&'static str],
        streams: &[&'static str],
        talk: impl FnOnce(Line, String) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let upgrade = match self.kind {
            Kind::WebSocket(upgrade) => {
                return upgrade.protocols(sockets.iter().copied()).on_upgrade(move |socket| {
                    let protocol =
                        socket.protocol().and_then(|p| p.to_str().ok()).unwrap_or_default().to_owned();
                    talk(Line::WebSocket(Box::new(socket)), protocol)
                });
            }
            Kind::Spdy(upgrade) => upgrade,
        };
        let protocol = match negotiated(&self.headers, streams) {
            Ok(protocol) => protocol,
            Err(refusal) => return *refusal,
        };
        tokio::spawn(async move {
            // A client that breaks off here is its own concern.
            let Ok(connection) = upgrade.await else { return };
            talk(Line::Spdy(Box::new(TokioIo::new(connection))), protocol.to_owned()).await;
        });
        let mut response = Response::default();
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static(SPDY));
        headers.insert(PROTOCOL, HeaderValue::from_static(protocol));
        response
    }
}

/// The first protocol of the client's that the server knows.
fn negotiated(headers: &HeaderMap, known: &[&'static str]) -> Result<&'static str, Box<Response>> {
    let given = headers.get_all(PROTOCOL).iter().filter_map(|v| v.to_str().ok());
    let wanted: Vec<&str> =
        given.flat_map(|v| v.split(',')).map(str::trim).filter(|p| !p.is_empty()).collect();
    if wanted.is_empty() {
        let text = format!(
            "unable to upgrade: header X-Stream-Protocol-Version does not exist in request with {} headers\n",
            headers.keys_len()
        );
        return Err(Box::new(answer::text(StatusCode::BAD_REQUEST, text)));
    }
    let found = wanted.iter().find_map(|w| known.iter().find(|k| *k == w).copied());
    found.ok_or_else(|| {
        let text = format!(
            "unable to upgrade: unable to negotiate protocol: client supports [{}], server accepts [{}]\n",
            wanted.join(" "),
            known.join(" ")
        );
        let mut refusal = answer::text(StatusCode::FORBIDDEN, text);
        for protocol in known {
            refusal.headers_mut().append(ACCEPTED, HeaderValue::from_static(protocol));
        }
        Box::new(refusal)
    })
}

impl Line {
    /// The next piece that came; `None` when nothing comes any more. Safe to break off.
    pub async fn receive(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::WebSocket(socket) => loop {
                match socket.recv().await {
                    Some(Ok(Message::Binary(b))) => return Some(b.to_vec()),
                    Some(Ok(Message::Text(t))) => return Some(t.as_bytes().to_vec()),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    _ => return None,
                }
            },
            Self::Spdy(connection) => {
                let mut piece = Vec::with_capacity(16 << 10);
                match connection.read_buf(&mut piece).await {
                    Ok(n) if n > 0 => Some(piece),
                    _ => None,
                }
            }
        }
    }

    /// # Errors
    /// The other side is gone.
    pub async fn send(&mut self, bytes: Vec<u8>) -> Result<(), Gone> {
        match self {
            Self::WebSocket(socket) => socket.send(Message::Binary(bytes.into())).await.map_err(|_| Gone),
            Self::Spdy(connection) => {
                connection.write_all(&bytes).await.map_err(|_| Gone)?;
                connection.flush().await.map_err(|_| Gone)
            }
        }
    }

    /// Says that nothing more comes, and hears the other side out: what it has yet to read would be lost with a connection
    /// that is closed over unread bytes.
    pub async fn finish(mut self) {
        match &mut self {
            Self::WebSocket(socket) => {
                let close = CloseFrame { code: NORMAL, reason: "".into() };
                let _ = socket.send(Message::Close(Some(close))).await;
            }
            Self::Spdy(connection) => {
                let _ = connection.shutdown().await;
            }
        }
        let rest = async { while self.receive().await.is_some() {} };
        let _ = tokio::time::timeout(PATIENCE, rest).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        list.iter()
            .map(|(k, v)| (axum::http::HeaderName::from_static(k), HeaderValue::from_static(v)))
            .collect()
    }

    #[test]
    fn what_is_asked_for() {
        let ask = |upgrade| headers(&[("connection", "keep-alive, Upgrade"), ("upgrade", upgrade)]);
        assert!(is_web_socket(&ask("WebSocket")) && !asks_for(&ask("WebSocket"), SPDY));
        assert!(asks_for(&ask("spdy/3.1"), SPDY) && !is_web_socket(&ask("SPDY/3.1")));
        assert!(!asks_for(&headers(&[("upgrade", "SPDY/3.1")]), SPDY), "the connection is to stay as it is");
    }

    #[test]
    fn the_first_protocol_both_know() {
        let known = ["v4", "v3"];
        let table = [
            (&[(PROTOCOL, "v5, v3,v4")][..], Ok("v3")),
            (&[(PROTOCOL, "v5")], Err(403)),
            (&[(PROTOCOL, " ,")], Err(400)),
            (&[], Err(400)),
        ];
        for (given, want) in table {
            let got = negotiated(&headers(given), &known).map_err(|r| r.status().as_u16());
            assert_eq!(got, want, "{given:?}");
        }
        let refusal = negotiated(&headers(&[(PROTOCOL, "v5")]), &known).expect_err("unknown");
        assert_eq!(refusal.headers().get_all(ACCEPTED).iter().count(), 2);
    }
}
