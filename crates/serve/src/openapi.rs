//! `/openapi/v3`: the index and a document per group and version, written once and kept.
//!
//! Models `k8s.io/kube-openapi/pkg/handler3`: a document is named by its hash, an old name leads to the new one.
//! Not modelled: `/openapi/v2`, documents as protobuf; hashes are of another kind than upstream's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use cluster::Cluster;
use objects::digest::sha256;
use objects::resources::{self, api_version};
use objects::schema::{Descriptions, openapi};
use objects::{Reason, Status, Str, Value, json, value};

use crate::server::Desk;

const SCHEMAS: &str = "#/components/schemas/";

/// A document as text, and the hash that names this very text.
struct Document {
    text: String,
    hash: String,
}

impl Document {
    fn new(object: &Value) -> Arc<Self> {
        let text = json::to_string(object);
        let hash = sha256(text.as_bytes()).iter().map(|b| format!("{b:02X}")).collect();
        Arc::new(Self { text, hash })
    }
}

/// The documents of built-in groups, by group and version.
pub struct Documents {
    descriptions: Descriptions,
    kept: Mutex<BTreeMap<(Str, Str), Arc<Document>>>,
}

impl Documents {
    pub fn new(explain: &str) -> Self {
        let descriptions = Descriptions::parse(explain).unwrap_or_default();
        Self { descriptions, kept: Mutex::default() }
    }

    /// Writes all of them, so that nobody has to wait for one.
    pub fn prepare(&self) {
        for r in resources::all() {
            self.built_in(&r.group, &r.version);
        }
    }

    fn built_in(&self, group: &str, version: &str) -> Option<Arc<Document>> {
        let key = (Str::from(group), Str::from(version));
        let known = self.kept.lock().ok()?.get(&key).cloned();
        if known.is_some() {
            return known;
        }
        let made = Document::new(&openapi::document(group, version, &self.descriptions)?);
        self.kept.lock().ok()?.insert(key, made.clone());
        Some(made)
    }
}

/// What of a request's head decides the answer.
pub struct Asked<'a> {
    /// Path and query.
    pub target: &'a str,
    pub accept: &'a str,
    pub if_none_match: &'a str,
}

/// `None` when the path is no business of this file.
pub async fn answer(desk: &Desk, asked: &Asked<'_>) -> Option<Result<Response, Status>> {
    let (path, query) = asked.target.split_once('?').unwrap_or((asked.target, ""));
    let path = path.trim_end_matches('/');
    let rest = path.strip_prefix("/openapi/v3")?;
    if asked.accept.contains("openapi.v3@")
        && !asked.accept.contains("application/json")
        && !asked.accept.contains("*/*")
    {
        return Some(Err(Status::new(
            Reason::NotAcceptable,
            "only the following media types are accepted: application/json",
        )));
    }
    let documents = &desk.openapi;
    let steps: Vec<&str> = rest.split('/').filter(|s| !s.is_empty()).collect();
    let (group, version) = match steps.as_slice() {
        [] => {
            let custom = desk.driver.ask(|c| served_versions(c)).await?;
            let mut all = custom_documents(desk, custom).await?;
            for r in resources::all() {
                if let Some(d) = documents.built_in(&r.group, &r.version) {
                    all.insert((r.group.clone(), r.version.clone()), d);
                }
            }
            let index = Document::new(&index(&all));
            return Some(Ok(sent(&index, asked.if_none_match, false)));
        }
        ["api", version] => (Str::default(), Str::from(*version)),
        ["apis", group, version] => (Str::from(*group), Str::from(*version)),
        _ => return Some(Err(not_found())),
    };
    let found = match documents.built_in(&group, &version) {
        Some(d) => Some(d),
        None => {
            let key = (group.clone(), version.clone());
            custom_documents(desk, vec![key.clone()]).await?.remove(&key)
        }
    };
    let Some(found) = found else { return Some(Err(not_found())) };
    let hash = client::http::parameters(query).into_iter().find(|(k, _)| k == "hash").map(|(_, v)| v);
    if hash.as_ref().is_some_and(|h| !h.is_empty() && *h != found.hash) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
        if let Ok(to) = HeaderValue::from_str(&url(&group, &version, &found.hash)) {
            response.headers_mut().insert("location", to);
        }
        return Some(Ok(response));
    }
    Some(Ok(sent(&found, asked.if_none_match, hash.is_some())))
}

/// The documents of groups of custom kinds; a group without any has none.
async fn custom_documents(
    desk: &Desk,
    versions: Vec<(Str, Str)>,
) -> Option<BTreeMap<(Str, Str), Arc<Document>>> {
    let made = desk.driver.ask(move |c| {
        let of = |(g, v): (Str, Str)| custom(c, &g, &v).map(|d| ((g, v), d));
        versions.into_iter().filter_map(of).collect::<Vec<_>>()
    });
    let descriptions = &desk.openapi.descriptions;
    let whole = |(key, d): ((Str, Str), Value)| (key, Document::new(&with_metadata(d, descriptions)));
    Some(made.await?.into_iter().map(whole).collect())
}

/// Adds what custom kinds have in common with those that are built in: the type's fields, metadata and its types.
fn with_metadata(mut document: Value, descriptions: &Descriptions) -> Value {
    let Some(common) = openapi::document("scheduling.k8s.io", "v1", descriptions) else { return document };
    let common = &common["components"]["schemas"];
    let like = |kind: &str| common[format!("io.k8s.api.scheduling.v1.{kind}").as_str()]["properties"].clone();
    let (one, list) = (like("PriorityClass"), like("PriorityClassList"));
    let schemas = document.map_mut().entry("components").map_mut().entry("schemas").map_mut();
    let names: Vec<Str> = schemas.keys().map(Str::from).collect();
    for name in names {
        let schema = schemas.entry(&name);
        let of = if schema["properties"].find("items").is_some() { &list } else { &one };
        let properties = schema.map_mut().entry("properties");
        for key in ["apiVersion", "kind", "metadata"] {
            properties.set(key, &of[key]);
        }
    }
    for (name, schema) in common.entries().iter().filter(|(name, _)| name.starts_with("io.k8s.apimachinery."))
    {
        schemas.insert(name.clone(), schema.clone());
    }
    document
}

fn not_found() -> Status {
    Status::new(Reason::NotFound, "the server could not find the requested resource")
}

/// A document as an answer; one that is named by its hash never changes.
fn sent(document: &Document, if_none_match: &str, named: bool) -> Response {
    let tag = format!("\"{}\"", document.hash);
    let known = if_none_match.split(',').any(|t| t.trim() == tag || t.trim() == "*");
    let mut response = Response::new(if known { Body::empty() } else { Body::from(document.text.clone()) });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("vary", HeaderValue::from_static("Accept"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert("etag", tag);
    }
    if named {
        headers.insert("cache-control", HeaderValue::from_static("public, immutable"));
    }
    response
}

fn url(group: &str, version: &str, hash: &str) -> String {
    format!("/openapi/v3/{}?hash={hash}", path_of(group, version))
}

/// `api/v1`, `apis/apps/v1`
fn path_of(group: &str, version: &str) -> String {
    let root = if group.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", api_version(group, version))
}

fn index(all: &BTreeMap<(Str, Str), Arc<Document>>) -> Value {
    let mut paths = Value::map();
    for ((group, version), d) in all {
        paths.set(path_of(group, version), value!({"serverRelativeURL": (url(group, version, &d.hash))}));
    }
    value!({"paths": (paths)})
}

fn served_versions(c: &Cluster) -> Vec<(Str, Str)> {
    let of = |(crd, v): (&Value, &Value)| (crd["spec"]["group"].to_str(), v["name"].to_str());
    served(c).map(of).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Every version that a CustomResourceDefinition serves.
fn served(c: &Cluster) -> impl Iterator<Item = (&Value, &Value)> {
    c.objects(&resources::CUSTOMRESOURCEDEFINITIONS.id).flat_map(|crd| {
        let versions = crd["spec"]["versions"].items().iter();
        versions.filter(|v| v["served"].is_true()).map(move |v| (crd, v))
    })
}

/// The document of a group of custom kinds.
fn custom(c: &Cluster, group: &str, version: &str) -> Option<Value> {
    let (mut schemas, mut paths) = (Value::map(), Value::map());
    let domain = group.split('.').rev().collect::<Vec<_>>().join(".");
    for (crd, v) in served(c).filter(|(crd, v)| crd["spec"]["group"] == group && v["name"] == version) {
        let names = &crd["spec"]["names"];
        let gvk = value!({"group": (group), "version": (version), "kind": (&names["kind"])});
        let mut schema = v["schema"]["openAPIV3Schema"].clone();
        schema.set("x-kubernetes-group-version-kind", value!([(gvk.clone())]));
        let full = format!("{domain}.{version}.{}", names["kind"].text());
        let list_kind = names["listKind"].text();
        let mut list_gvk = gvk.clone();
        list_gvk.set("kind", list_kind);
        let items = format!("{SCHEMAS}{full}");
        schemas.set(
            format!("{domain}.{version}.{list_kind}"),
            value!({
                "description": (format!("{list_kind} is a list of {}", names["kind"].text())), "type": "object",
                "required": ["items"], "x-kubernetes-group-version-kind": [list_gvk],
                "properties": {
                    "items": {
                        "description": (format!("List of {}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md", names["plural"].text())),
                        "type": "array", "items": {"allOf": [{"$ref": (items)}]}
                    }
                }
            }),
        );
        schemas.set(full, schema);
        let scope = if crd["spec"]["scope"] == "Namespaced" { "/namespaces/{namespace}" } else { "" };
        let path = format!("/apis/{group}/{version}{scope}/{}", names["plural"].text());
        let parameter = value!({"name": "fieldValidation", "in": "query", "schema": {"type": "string", "uniqueItems": true}});
        let operation = |action: &str| value!({"x-kubernetes-action": (action), "x-kubernetes-group-version-kind": (gvk.clone()), "parameters": [(parameter.clone())]});
        let mut patch = operation("patch");
        patch.set("requestBody", openapi::custom_patches());
        paths.set(format!("{path}/{{name}}"), value!({"get": (operation("get")), "patch": (patch)}));
        paths.set(path, value!({"get": (operation("list")), "post": (operation("post"))}));
    }
    (!paths.entries().is_empty()).then(|| {
        value!({
            "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "unversioned"},
            "paths": (paths), "components": {"schemas": (schemas)}
        })
    })
}
