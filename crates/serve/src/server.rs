//! Connections: TLS, who is asking, and where a request goes.

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use client::{Caller, Verb, http};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use objects::{Reason, Status, Str};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::credentials::{Credentials, Named};
use crate::driver::Driver;
use crate::{Error, answer, discovery, forward, openapi, protobuf, shell, watch};

/// A body may be this large, as upstream's.
const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// What every connection shares.
pub struct Desk {
    pub credentials: Credentials,
    pub driver: Driver,
    openapi: openapi::Documents,
}

/// Takes connections until the listener fails.
pub async fn accept(
    listener: TcpListener,
    credentials: Credentials,
    driver: Driver,
    explain: &str,
) -> Result<(), Error> {
    let acceptor = TlsAcceptor::from(credentials.tls.clone());
    let desk = Arc::new(Desk { credentials, driver, openapi: openapi::Documents::new(explain) });
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(connection(stream, acceptor.clone(), desk.clone()));
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, desk: Arc<Desk>) {
    // A client that does not speak TLS, or breaks off, is its own concern.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let named = certificate.and_then(Named::of).map(Arc::new);
    let router = Router::new().fallback(handle).with_state((desk, named));
    let service = TowerToHyperService::new(router);
    let builder = auto::Builder::new(TokioExecutor::new());
    let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

fn text(headers: &HeaderMap, name: impl axum::http::header::AsHeaderName) -> &str {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
}

/// Who asks; without credentials it is anonymous, with wrong ones nobody.
async fn caller(desk: &Desk, named: Option<&Named>, headers: &HeaderMap) -> Result<Caller, Status> {
    let bearer = text(headers, AUTHORIZATION).strip_prefix("Bearer ").map(str::trim);
    let (user, groups): (&str, &[&str]) = match bearer {
        Some(token) if desk.credentials.is_admin_token(token) => {
            (cluster::ADMIN, &["system:masters", "system:authenticated"])
        }
        Some(token) => {
            let token = token.to_owned();
            let known = desk.driver.ask(move |c| c.api().identity(&token, c.now())).await;
            let Ok(id) = known.ok_or_else(gone)? else {
                return Err(Status::new(Reason::Unauthorized, "Unauthorized"));
            };
            return Ok(Caller { user: id.user, groups: id.groups, actor: "you".into(), cause: 0 });
        }
        None if let Some(named) = named => {
            let groups = named.groups.iter().map(String::as_str).chain(["system:authenticated"]);
            return Ok(Caller {
                user: named.user.as_str().into(),
                groups: groups.map(Str::from).collect(),
                actor: "you".into(),
                cause: 0,
            });
        }
        None => ("system:anonymous", &["system:unauthenticated"]),
    };
    Ok(Caller {
        user: Str::from(user),
        groups: groups.iter().map(|g| Str::from(*g)).collect(),
        actor: "you".into(),
        cause: 0,
    })
}

async fn handle(State((desk, named)): State<(Arc<Desk>, Option<Arc<Named>>)>, request: Request) -> Response {
    match respond(&desk, named.as_deref(), request).await {
        Ok(response) => response,
        Err(status) => answer::refusal(&status),
    }
}

async fn respond(desk: &Desk, named: Option<&Named>, request: Request) -> Result<Response, Status> {
    let (mut parts, body) = request.into_parts();
    let caller = caller(desk, named, &parts.headers).await?;
    let target = parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
    let accept = text(&parts.headers, ACCEPT).to_owned();
    if let Some(document) = openapi::answer(desk, &target, &accept, &desk.openapi).await {
        return document;
    }
    if let Some(list) = discovery::aggregated(desk, parts.uri.path(), &accept).await {
        return Ok(list);
    }
    let upgrade = text(&parts.headers, "upgrade").eq_ignore_ascii_case("websocket");
    let content_type = text(&parts.headers, CONTENT_TYPE).to_owned();
    let method = if upgrade { Method::GET } else { parts.method.clone() };
    let head =
        http::Head { method: method.as_str(), target: &target, accept: &accept, content_type: &content_type };
    let mut asked = http::request(&head)?;
    let user = text(&parts.headers, "impersonate-user");
    if !user.is_empty() {
        let groups = parts.headers.get_all("impersonate-group").iter().filter_map(|v| v.to_str().ok());
        asked.options.impersonate = Some((user.into(), groups.map(Str::from).collect()));
    }
    let is_stream = matches!(asked.subresource.as_str(), "exec" | "attach" | "portforward");
    if is_stream && upgrade {
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
            .await
            .map_err(|e| Status::bad_request(e.body_text()))?;
        if asked.subresource == "portforward" {
            return forward::open(desk.driver.clone(), caller, asked, upgrade).await;
        }
        return shell::open(desk.driver.clone(), caller, asked, upgrade).await;
    }
    if is_stream {
        return Err(Status::bad_request("Upgrade request required"));
    }
    if asked.subresource == "log" {
        return shell::log(desk.driver.clone(), caller, asked).await;
    }
    if asked.verb == Verb::Watch {
        return watch::open(desk.driver.clone(), caller, asked, &accept).await;
    }
    let bytes = to_bytes(body, BODY_LIMIT).await.map_err(|_| {
        Status::new(Reason::RequestEntityTooLarge, "Request entity too large: limit is 3145728")
    })?;
    if asked.options.field_manager.is_empty()
        && matches!(asked.verb, Verb::Create | Verb::Update | Verb::Patch)
        && asked.patch_type != Some(client::PatchType::Apply)
    {
        // `kubectl/v1.36.2 (linux/amd64) ..`: the part before the slash.
        let agent = text(&parts.headers, "user-agent").split('/').next().unwrap_or_default();
        asked.options.field_manager = if agent.is_empty() { "unknown".into() } else { agent.into() };
    }
    if !bytes.is_empty() {
        let body = protobuf::body(&content_type, &bytes, &asked)?;
        http::with_body(&mut asked, body)?;
    }
    let shape = answer::Shape::of(&accept);
    let answered = desk.driver.ask(move |c| c.request(&caller, asked)).await;
    answer::of(answered.ok_or_else(gone)??, shape)
}

/// The cluster's thread has ended.
pub fn gone() -> Status {
    Status::new(Reason::ServiceUnavailable, "the server is shutting down")
}
