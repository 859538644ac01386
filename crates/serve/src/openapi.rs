//! `/openapi/v3`: the index and a document per group and version, written once and kept.
//!
//! Not modelled: `/openapi/v2`.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use cluster::Cluster;
use objects::resources::{self, api_version};
use objects::schema::{Descriptions, openapi};
use objects::{Reason, Status, Str, Value, json, value};

use crate::answer;
use crate::server::Desk;

const SCHEMAS: &str = "#/components/schemas/";

/// The documents of built-in groups, as text, under their path.
pub struct Documents {
    descriptions: Descriptions,
    kept: Mutex<BTreeMap<String, String>>,
}

impl Documents {
    pub fn new(explain: &str) -> Self {
        let descriptions = Descriptions::parse(explain).unwrap_or_default();
        Self { descriptions, kept: Mutex::default() }
    }
}

/// `None` when the path is no business of this file.
pub async fn answer(
    desk: &Desk,
    target: &str,
    accept: &str,
    documents: &Documents,
) -> Option<Result<Response, Status>> {
    let path = target.split('?').next().unwrap_or_default().trim_end_matches('/');
    let rest = path.strip_prefix("/openapi/v3")?;
    if accept.contains("openapi.v3@") && !accept.contains("application/json") && !accept.contains("*/*") {
        return Some(Err(Status::new(
            Reason::NotAcceptable,
            "only the following media types are accepted: application/json",
        )));
    }
    let steps: Vec<&str> = rest.split('/').filter(|s| !s.is_empty()).collect();
    let (group, version) = match steps.as_slice() {
        [] => {
            let index = desk.driver.ask(|c| index(c)).await?;
            return Some(Ok(answer::json(StatusCode::OK, &index)));
        }
        ["api", version] => (String::new(), (*version).to_owned()),
        ["apis", group, version] => ((*group).to_owned(), (*version).to_owned()),
        _ => return Some(Err(not_found())),
    };
    let known = documents.kept.lock().ok().and_then(|k| k.get(rest).cloned());
    if let Some(text) = known {
        return Some(Ok(document(text)));
    }
    if let Some(d) = openapi::document(&group, &version, &documents.descriptions) {
        let text = json::to_string(&d);
        if let Ok(mut k) = documents.kept.lock() {
            k.insert(rest.to_owned(), text.clone());
        }
        return Some(Ok(document(text)));
    }
    let custom = desk.driver.ask(move |c| custom(c, &group, &version)).await?;
    let whole = custom.map(|d| with_metadata(d, &documents.descriptions));
    Some(whole.map(|d| document(json::to_string(&d))).ok_or_else(not_found))
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

fn document(text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

fn index(c: &Cluster) -> Value {
    let mut versions: Vec<(String, String)> =
        resources::all().iter().map(|r| (r.group.to_string(), r.version.to_string())).collect();
    for (crd, version) in served(c) {
        versions.push((crd["spec"]["group"].text().to_owned(), version["name"].text().to_owned()));
    }
    let mut paths = Value::map();
    for (group, version) in versions {
        let gv = api_version(&group, &version);
        let path = if group.is_empty() { format!("api/{gv}") } else { format!("apis/{gv}") };
        let url = format!("/openapi/v3/{path}?hash={:X}", c.api().revision());
        paths.set(path, value!({"serverRelativeURL": (url)}));
    }
    value!({"paths": (paths)})
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
        paths.set(
            format!("{path}/{{name}}"),
            value!({"get": (operation("get")), "patch": (operation("patch"))}),
        );
        paths.set(path, value!({"get": (operation("list")), "post": (operation("post"))}));
    }
    (!paths.entries().is_empty()).then(|| {
        value!({
            "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "unversioned"},
            "paths": (paths), "components": {"schemas": (schemas)}
        })
    })
}
