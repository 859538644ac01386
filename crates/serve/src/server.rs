//! Connections: TLS, who is asking, and where a request goes.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use client::{Caller, Credentials, Impersonation, Verb, http};
use cluster::wire::HttpRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use objects::{Reason, Status, Str};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::driver::Driver;
use crate::upgrade::{self, Upgrade};
use crate::{Error, answer, discovery, forward, openapi, protobuf, shell, watch};

/// A body may be this large, as upstream's.
const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// What every connection shares.
pub struct Desk {
    pub driver: Driver,
    pub openapi: Arc<openapi::Documents>,
}

/// Takes connections until the listener fails.
pub async fn accept(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    driver: Driver,
    explain: &str,
) -> Result<(), Error> {
    let acceptor = TlsAcceptor::from(tls);
    let openapi = Arc::new(openapi::Documents::new(explain));
    let desk = Arc::new(Desk { driver, openapi: openapi.clone() });
    std::thread::spawn(move || openapi.prepare());
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(connection(stream, acceptor.clone(), desk.clone()));
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, desk: Arc<Desk>) {
    // A client that does not speak TLS, or breaks off, is its own concern.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let certificate = certificate.map_or_else(Str::default, |c| x509::der::pem("CERTIFICATE", c).into());
    let router = Router::new().fallback(handle).with_state((desk, certificate));
    let service = TowerToHyperService::new(router);
    let builder = auto::Builder::new(TokioExecutor::new());
    let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

fn text(headers: &HeaderMap, name: impl axum::http::header::AsHeaderName) -> &str {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
}

/// Who asks: the API server says whom the connection's certificate or the request's token names.
async fn caller(desk: &Desk, certificate: &Str, headers: &HeaderMap) -> Result<Caller, Status> {
    let token = text(headers, AUTHORIZATION).strip_prefix("Bearer ").map_or("", str::trim);
    let given = Credentials { certificate: certificate.clone(), token: token.into() };
    let known = desk.driver.ask(move |c| c.authenticate(&given)).await.ok_or_else(gone)??;
    Ok(Caller { actor: "you".into(), ..known })
}

/// As whom: `Impersonate-User` and its like.
fn impersonated(headers: &HeaderMap) -> Option<Arc<Impersonation>> {
    let mut all = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    Impersonation::of_headers(&mut all).map(Arc::new)
}

async fn handle(State((desk, certificate)): State<(Arc<Desk>, Str)>, request: Request) -> Response {
    match respond(&desk, &certificate, request).await {
        Ok(response) => response,
        Err(status) => answer::refusal(&status),
    }
}

async fn respond(desk: &Desk, certificate: &Str, request: Request) -> Result<Response, Status> {
    let (mut parts, body) = request.into_parts();
    let caller = caller(desk, certificate, &parts.headers).await?;
    let impersonate = impersonated(&parts.headers);
    let target = parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
    let accept = text(&parts.headers, ACCEPT).to_owned();
    let path = parts.uri.path();
    if matches!(path, "/api" | "/apis") || path.starts_with("/openapi") {
        let mut asked = client::Request::raw(path);
        asked.options.impersonate.clone_from(&impersonate);
        let asker = caller.clone();
        desk.driver.ask(move |c| c.api().authorize_path(&asker, &asked)).await.ok_or_else(gone)??;
    }
    let if_none_match = text(&parts.headers, IF_NONE_MATCH);
    let document = openapi::Asked { target: &target, accept: &accept, if_none_match };
    if let Some(document) = openapi::answer(desk, &document).await {
        return document;
    }
    if let Some(list) = discovery::aggregated(desk, parts.uri.path(), &accept).await {
        return Ok(list);
    }
    let content_type = text(&parts.headers, CONTENT_TYPE).to_owned();
    let method = if upgrade::is_web_socket(&parts.headers) { Method::GET } else { parts.method.clone() };
    let head =
        http::Head { method: method.as_str(), target: &target, accept: &accept, content_type: &content_type };
    let mut asked = http::request(&head)?;
    asked.options.impersonate = impersonate;
    if asked.subresource == "proxy" {
        return proxy(desk, caller, asked, &parts, body).await;
    }
    let is_stream = matches!(asked.subresource.as_str(), "exec" | "attach" | "portforward");
    if is_stream && let Some(upgrade) = Upgrade::of(&mut parts).await? {
        if asked.subresource == "portforward" {
            return forward::open(desk.driver.clone(), caller, asked, upgrade).await;
        }
        return shell::open(desk.driver.clone(), caller, asked, upgrade).await;
    }
    if is_stream {
        // What is wrong with the request itself is told first.
        let opened = desk.driver.ask(move |c| c.open_stream(&caller, &asked).map(|id| c.close_stream(id)));
        opened.await.ok_or_else(gone)??;
        return Err(Status::bad_request("Upgrade request required"));
    }
    if asked.subresource == "log" {
        return shell::log(desk.driver.clone(), caller, asked).await;
    }
    if asked.verb == Verb::Watch {
        return watch::open(desk.driver.clone(), caller, asked, &accept).await;
    }
    let bytes = bytes_of(body).await?;
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
    answer::of(&target, answered.ok_or_else(gone)??, shape)
}

/// A request that goes on to a node, a pod or a service.
async fn proxy(
    desk: &Desk,
    caller: Caller,
    asked: client::Request,
    parts: &Parts,
    body: Body,
) -> Result<Response, Status> {
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    if reads && (asked.path.is_empty() || asked.path.starts_with('?')) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
        let to = HeaderValue::from_str(&format!("{}/{}", parts.uri.path(), asked.path));
        response.headers_mut().insert("location", to.map_err(|e| Status::bad_request(e.to_string()))?);
        return Ok(response);
    }
    let body = bytes_of(body).await?;
    let kept = parts.headers.iter().filter(|(name, _)| ![AUTHORIZATION, HOST, CONNECTION].contains(name));
    let headers = kept.filter_map(|(k, v)| Some((k.as_str().to_owned(), v.to_str().ok()?.to_owned())));
    let passed = HttpRequest {
        method: parts.method.as_str().to_owned(),
        target: asked.path.to_string(),
        headers: headers.collect(),
        body,
        peer: String::new(),
    };
    let answered = desk.driver.ask(move |c| c.proxy(&caller, &asked, passed)).await;
    Ok(answer::passed(answered.ok_or_else(gone)??))
}

async fn bytes_of(body: Body) -> Result<Vec<u8>, Status> {
    let bytes = to_bytes(body, BODY_LIMIT).await.map_err(|_| {
        Status::new(Reason::RequestEntityTooLarge, "Request entity too large: limit is 3145728")
    })?;
    Ok(bytes.to_vec())
}

/// The cluster's thread has ended.
pub fn gone() -> Status {
    Status::new(Reason::ServiceUnavailable, "the server is shutting down")
}
