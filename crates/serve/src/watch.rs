//! Watches: one JSON document a line, for as long as the client listens or said it would.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::response::Response;
use client::{Caller, Request};
use objects::{Status, struct_order};
use tokio::time::{Instant, sleep_until};

use crate::answer::Shape;
use crate::driver::Driver;
use crate::server::gone;

/// How long a watch lives when the client does not say, as upstream at least.
const LONGEST: Duration = Duration::from_secs(30 * 60);

pub async fn open(
    mut driver: Driver,
    caller: Caller,
    request: Request,
    accept: &str,
) -> Result<Response, Status> {
    let shape = Shape::of(accept);
    let seconds = request.options.query.iter().find(|(k, _)| k == "timeoutSeconds");
    let lasts = seconds.and_then(|(_, v)| v.parse().ok()).map_or(LONGEST, Duration::from_secs);
    let opened = driver.ask(move |c| c.api().open_watch(&caller, request, c.now())).await;
    let mut cursor = opened.ok_or_else(gone)??;
    let (sender, receiver) = tokio::sync::mpsc::channel::<String>(64);
    tokio::spawn(async move {
        let end = Instant::now() + lasts;
        loop {
            let polled = driver
                .ask(move |c| {
                    let mut events = Vec::new();
                    while let Some(e) = c.poll_watch(&mut cursor) {
                        events.push(e);
                    }
                    (cursor, events)
                })
                .await;
            let Some((next, events)) = polled else { return };
            cursor = next;
            for e in events {
                let over = e.kind == "ERROR";
                let object = if over { e.object } else { shape.shown(e.object) };
                let line =
                    format!("{{\"type\":\"{}\",\"object\":{}}}\n", e.kind, struct_order::to_string(&object));
                if sender.send(line).await.is_err() || over {
                    return;
                }
            }
            tokio::select! {
                more = driver.tick() => if !more { return },
                () = sleep_until(end) => return,
                () = sender.closed() => return,
            }
        }
    });
    let mut response = Response::new(Body::from_stream(Lines(receiver)));
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    Ok(response)
}

/// The lines of a watch or a log as a body.
pub struct Lines<T>(pub tokio::sync::mpsc::Receiver<T>);

impl<T: Into<axum::body::Bytes>> futures_core::Stream for Lines<T> {
    type Item = Result<axum::body::Bytes, std::convert::Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|line| line.map(|l| Ok(l.into())))
    }
}
