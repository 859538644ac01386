//! The distribution registry's API over what it keeps on its own disk.
//!
//! Owns: `/v2/`, the catalogue, tags, manifests (GET, HEAD, PUT, DELETE), `REGISTRY_HTTP_ADDR`,
//! `REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY`, `REGISTRY_STORAGE_DELETE_ENABLED`, `REGISTRY_AUTH=htpasswd`. A manifest's
//! digest is the one that its client tells (`Docker-Content-Digest`), as images' digests are the house's own.
//! Models `distribution/distribution`, v2 layout. Not modelled: blobs and uploads, TLS, tokens, the configuration file,
//! proxying another registry, pages of a catalogue.

use super::{Kind, Server};
use crate::images::versions::version;
use crate::machine::Sys;
use crate::net::{HttpRequest, HttpResponse};
use crate::programs::date_text;
use ordered::Sort as _;

pub(super) const KINDS: [Kind; 1] = [Kind {
    name: "registry",
    ports: &[5000],
    start_ms: 150,
    demand: asked_for_more,
    log,
    http: Some(answer),
    tcp: None,
    term: Some(0),
}];

/// How deep repositories' names are looked for, and how many of them.
const DEPTH_MAX: usize = 8;
const NAMES_MAX: usize = 1_000;
const MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// What it does besides serving.
fn asked_for_more(server: &Server, sys: &mut Sys<'_>) -> Result<(), (String, i32)> {
    match server.argv.get(1).map(String::as_str) {
        Some("garbage-collect") => {
            let dir = format!("{}/repositories", root(server));
            Err((repositories(sys, &dir).iter().map(|n| format!("{n}\n")).collect(), 0))
        }
        Some("--version" | "-v") => {
            let version = version("registry", &sys.machine().image.tag);
            Err((format!("registry github.com/distribution/distribution {version}\n"), 0))
        }
        _ => Ok(()),
    }
}

fn line(server: &Server, sys: &Sys<'_>, level: &str, text: &str) -> String {
    let now = date_text(sys.now(), "%Y-%m-%dT%H:%M:%S.000000000Z");
    let version = version("registry", &sys.machine().image.tag);
    let host = server.var("HOSTNAME").unwrap_or("registry");
    format!(
        "time=\"{now}\" level={level} msg=\"{text}\" environment=development go.version=go1.20.8 instance.id={host} service=registry version={version}\n"
    )
}

fn log(server: &Server, sys: &Sys<'_>) -> (String, String) {
    let secret = if server.var("REGISTRY_HTTP_SECRET").is_some() {
        String::new()
    } else {
        line(
            server,
            sys,
            "warning",
            "No HTTP secret provided - generated random secret. This may cause problems with uploads if multiple registries are behind a load-balancer. To provide a shared secret, fill in http.secret in the configuration file or set the REGISTRY_HTTP_SECRET environment variable.",
        )
    };
    let port = server.ports.first().copied().unwrap_or(5000);
    let info = |text: &str| line(server, sys, "info", text);
    (
        secret + &info("redis not configured") + &info("Starting upload purge in 42m0s"),
        info("using inmemory blob descriptor cache") + &info(&format!("listening on [::]:{port}")),
    )
}

/// The port that `REGISTRY_HTTP_ADDR` names.
pub(super) fn ports(server: &Server) -> Vec<u16> {
    let named = server.var("REGISTRY_HTTP_ADDR").and_then(|a| a.rsplit(':').next()?.parse().ok());
    vec![named.unwrap_or(5000)]
}

fn root(server: &Server) -> String {
    let own = server.var("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY").unwrap_or("/var/lib/registry");
    format!("{}/docker/registry/v2", own.trim_end_matches('/'))
}

fn json(status: u16, body: String) -> HttpResponse {
    let mut r = HttpResponse::text(status, "application/json; charset=utf-8", body + "\n");
    r.headers.push(("Docker-Distribution-Api-Version".into(), "registry/2.0".into()));
    r.headers.push(("X-Content-Type-Options".into(), "nosniff".into()));
    r
}

fn refused(status: u16, code: &str, message: &str, detail: &str) -> HttpResponse {
    let detail = if detail.is_empty() { String::new() } else { format!(",\"detail\":{detail}") };
    json(status, format!("{{\"errors\":[{{\"code\":\"{code}\",\"message\":\"{message}\"{detail}}}]}}"))
}

fn list(names: &[String]) -> String {
    names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(",")
}

/// Names of the repositories below a directory.
fn repositories(sys: &mut Sys<'_>, dir: &str) -> Vec<String> {
    let (mut found, mut todo) = (Vec::new(), vec![(String::new(), 0)]);
    while let Some((name, depth)) = todo.pop() {
        if depth > DEPTH_MAX || found.len() >= NAMES_MAX {
            continue;
        }
        for (entry, node) in sys.fs().list(&format!("{dir}/{name}")).unwrap_or_default() {
            if entry == "_manifests" {
                found.push(name.clone());
            } else if node.is_dir() && !entry.starts_with('_') {
                let inner = if name.is_empty() { entry.to_string() } else { format!("{name}/{entry}") };
                todo.push((inner, depth + 1));
            }
        }
    }
    found.arrange();
    found
}

fn tags(sys: &mut Sys<'_>, repository: &str) -> Vec<String> {
    let dir = format!("{repository}/_manifests/tags");
    sys.fs().list(&dir).unwrap_or_default().into_iter().map(|(name, _)| name.to_string()).collect()
}

fn text(sys: &mut Sys<'_>, path: &str) -> Option<String> {
    sys.fs().read(path).ok().map(|b| String::from_utf8_lossy(&b).into_owned())
}

fn put(sys: &mut Sys<'_>, path: &str, text: &[u8]) -> bool {
    let dir = path.rsplit_once('/').map_or("/", |(d, _)| d);
    sys.fs().mkdir_all(dir, 0o755).and_then(|()| sys.fs().write(path, text)).is_ok()
}

fn link_of_tag(repository: &str, tag: &str) -> String {
    format!("{repository}/_manifests/tags/{tag}/current/link")
}

fn link_of_revision(repository: &str, digest: &str) -> String {
    format!("{repository}/_manifests/revisions/{}/link", digest.replace(':', "/"))
}

fn blob(root: &str, digest: &str) -> String {
    let hex = digest.trim_start_matches("sha256:");
    format!("{root}/blobs/sha256/{}/{hex}/data", hex.get(..2).unwrap_or("00"))
}

/// Whether somebody may ask at all.
fn admitted(server: &Server, request: &HttpRequest, sys: &mut Sys<'_>) -> bool {
    if server.var("REGISTRY_AUTH") != Some("htpasswd") {
        return true;
    }
    let file = server.var("REGISTRY_AUTH_HTPASSWD_PATH").unwrap_or("/auth/htpasswd").to_owned();
    let known = text(sys, &file).unwrap_or_default();
    let given = request.header("authorization").and_then(|a| a.strip_prefix("Basic "));
    let pair = given.and_then(objects::base64::decode).and_then(|b| String::from_utf8(b).ok());
    let Some((user, password)) = pair.as_deref().and_then(|p| p.split_once(':')) else { return false };
    let kept = objects::htpasswd::kept_of(&known, user);
    kept.is_some_and(|kept| objects::htpasswd::is_kept(password, kept) == Some(true))
}

fn manifest(
    server: &Server,
    request: &HttpRequest,
    name: &str,
    reference: &str,
    sys: &mut Sys<'_>,
) -> HttpResponse {
    let root = root(server);
    let repository = format!("{root}/repositories/{name}");
    let by_digest = reference.starts_with("sha256:");
    let unknown = || {
        let what = if by_digest { "Digest" } else { "Tag" };
        let detail = format!("{{\"{what}\":\"{reference}\"}}");
        refused(404, "MANIFEST_UNKNOWN", "manifest unknown", &detail)
    };
    if request.method == "PUT" {
        let Some(digest) = request.header("docker-content-digest").filter(|d| d.starts_with("sha256:"))
        else {
            return refused(400, "MANIFEST_INVALID", "manifest invalid", "{}");
        };
        let stored = put(sys, &blob(&root, digest), &request.body)
            && put(sys, &link_of_revision(&repository, digest), digest.as_bytes())
            && (by_digest || put(sys, &link_of_tag(&repository, reference), digest.as_bytes()));
        if !stored {
            return refused(500, "UNKNOWN", "unknown error", "{}");
        }
        let mut r = json(201, String::new());
        r.body.clear();
        r.headers.push(("Docker-Content-Digest".into(), digest.into()));
        return r;
    }
    let digest = if by_digest {
        text(sys, &link_of_revision(&repository, reference))
    } else {
        text(sys, &link_of_tag(&repository, reference))
    };
    if request.method == "DELETE" {
        if server.var("REGISTRY_STORAGE_DELETE_ENABLED") != Some("true") {
            return refused(405, "UNSUPPORTED", "The operation is unsupported.", "");
        }
        if !by_digest {
            return refused(400, "DIGEST_INVALID", "provided digest did not match uploaded content", "");
        }
        if digest.is_none() {
            return unknown();
        }
        for tag in tags(sys, &repository) {
            if text(sys, &link_of_tag(&repository, &tag)).as_deref() == Some(reference) {
                let _ = sys.fs().remove_all(&format!("{repository}/_manifests/tags/{tag}"));
            }
        }
        let _ = sys.fs().unlink(&link_of_revision(&repository, reference));
        return HttpResponse { status: 202, ..HttpResponse::default() };
    }
    let Some(digest) = digest else { return unknown() };
    let Some(body) = text(sys, &blob(&root, &digest)) else { return unknown() };
    let mut r = HttpResponse::text(200, MANIFEST_TYPE, body);
    r.headers.push(("Docker-Content-Digest".into(), digest.clone()));
    r.headers.push(("Docker-Distribution-Api-Version".into(), "registry/2.0".into()));
    r.headers.push(("Etag".into(), format!("\"{digest}\"")));
    r
}

fn decide(server: &Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let path = request.path();
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"/._-:".contains(&c);
    if !path.bytes().all(plain) || path.contains("..") {
        return refused(404, "NAME_INVALID", "invalid repository name", "");
    }
    if path == "/v2" {
        let mut r = HttpResponse::text(
            301,
            "text/html; charset=utf-8",
            "<a href=\"/v2/\">Moved Permanently</a>.\n\n",
        );
        r.headers.push(("Location".into(), "/v2/".into()));
        return r;
    }
    let Some(rest) = path.strip_prefix("/v2/") else {
        return match path {
            "/" => HttpResponse { status: 200, ..HttpResponse::default() },
            _ => HttpResponse::text(404, "text/plain; charset=utf-8", "404 page not found\n"),
        };
    };
    if !admitted(server, request, sys) {
        let realm = server.var("REGISTRY_AUTH_HTPASSWD_REALM").unwrap_or("basic-realm");
        let mut r = refused(401, "UNAUTHORIZED", "authentication required", "null");
        r.headers.push(("Www-Authenticate".into(), format!("Basic realm=\"{realm}\"")));
        return r;
    }
    let repositories_dir = format!("{}/repositories", root(server));
    match rest {
        "" => {
            let mut r = json(200, "{}".into());
            r.body = b"{}".to_vec();
            r
        }
        "_catalog" => {
            let names = repositories(sys, &repositories_dir);
            json(200, format!("{{\"repositories\":[{}]}}", list(&names)))
        }
        _ => {
            if let Some(name) = rest.strip_suffix("/tags/list") {
                let repository = format!("{repositories_dir}/{name}");
                if !sys.fs().is_dir(&format!("{repository}/_manifests")) {
                    let detail = format!("{{\"name\":\"{name}\"}}");
                    return refused(404, "NAME_UNKNOWN", "repository name not known to registry", &detail);
                }
                let tags = tags(sys, &repository);
                let shown = if tags.is_empty() { "null".to_owned() } else { format!("[{}]", list(&tags)) };
                return json(200, format!("{{\"name\":\"{name}\",\"tags\":{shown}}}"));
            }
            if let Some((name, reference)) = rest.split_once("/manifests/") {
                return manifest(server, request, name, reference, sys);
            }
            match rest.split_once("/blobs/") {
                Some((_, digest)) => {
                    refused(404, "BLOB_UNKNOWN", "blob unknown to registry", &format!("\"{digest}\""))
                }
                None => HttpResponse::text(404, "text/plain; charset=utf-8", "404 page not found\n"),
            }
        }
    }
}

fn answer(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let mut r = decide(server, request, sys);
    let length = r.body.len();
    r.headers.push(("Content-Length".into(), length.to_string()));
    if request.method == "HEAD" {
        r.body.clear();
    }
    let now = date_text(sys.now(), "%d/%b/%Y:%H:%M:%S +0000");
    let peer = if request.peer.is_empty() { "127.0.0.1" } else { &request.peer };
    let agent = request.header("user-agent").unwrap_or("");
    sys.out(format!(
        "{peer} - - [{now}] \"{} {} HTTP/1.1\" {} {length} \"\" \"{agent}\"\n",
        request.method, request.target, r.status
    ));
    r
}
