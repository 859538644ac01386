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
use objects::{Reason, Status, Value, json, value};

use crate::answer;
use crate::server::Desk;

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
    Some(custom.map(|d| document(json::to_string(&d))).ok_or_else(not_found))
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
    for (crd, v) in served(c).filter(|(crd, v)| crd["spec"]["group"] == group && v["name"] == version) {
        let names = &crd["spec"]["names"];
        let gvk = value!({"group": (group), "version": (version), "kind": (&names["kind"])});
        let mut schema = v["schema"]["openAPIV3Schema"].clone();
        schema.set("x-kubernetes-group-version-kind", value!([(gvk.clone())]));
        schemas.set(format!("{group}.{version}.{}", names["kind"].text()), schema);
        let scope = if crd["spec"]["scope"] == "Namespaced" { "/namespaces/{namespace}" } else { "" };
        let path = format!("/apis/{group}/{version}{scope}/{}/{{name}}", names["plural"].text());
        let parameter = value!({"name": "fieldValidation", "in": "query", "schema": {"type": "string", "uniqueItems": true}});
        paths.set(
            path,
            value!({"patch": {"x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": (gvk), "parameters": [parameter]}}),
        );
    }
    (!paths.entries().is_empty()).then(|| {
        value!({
            "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "unversioned"},
            "paths": (paths), "components": {"schemas": (schemas)}
        })
    })
}
