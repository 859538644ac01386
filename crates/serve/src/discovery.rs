//! Aggregated discovery: all groups with their resources in one document.
//!
//! Models `k8s.io/apiserver/pkg/endpoints/discovery/aggregated`, made of the plain documents.

use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use client::{Caller, Request};
use cluster::Cluster;
use objects::{Value, value};

use crate::answer;
use crate::server::Desk;

const TYPE: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The answer to `/api` or `/apis` when the client knows the aggregated form.
pub async fn aggregated(desk: &Desk, path: &str, accept: &str) -> Option<Response> {
    if !matches!(path, "/api" | "/apis")
        || !accept.split(',').any(|a| a.contains("as=APIGroupDiscoveryList") && a.contains("v=v2;"))
    {
        return None;
    }
    let core = path == "/api";
    let list = desk.driver.ask(move |c| if core { core_list(c) } else { group_list(c) }).await?;
    let mut response = answer::json(StatusCode::OK, &list);
    response.headers_mut().insert("content-type", HeaderValue::from_static(TYPE));
    Some(response)
}

fn get(c: &mut Cluster, path: String) -> Value {
    let caller = Caller {
        user: cluster::ADMIN.into(),
        groups: vec!["system:masters".into()],
        actor: "you".into(),
        ..Caller::default()
    };
    c.request(&caller, Request::raw(path)).map(|r| r.object).unwrap_or_default()
}

fn list(items: Vec<Value>) -> Value {
    value!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": (Value::from(items))
    })
}

fn core_list(c: &mut Cluster) -> Value {
    let version = version(&get(c, "/api/v1".into()), "", "v1");
    list(vec![value!({"metadata": {"creationTimestamp": null}, "versions": [version]})])
}

fn group_list(c: &mut Cluster) -> Value {
    let groups = get(c, "/apis".into());
    let items = groups["groups"].items().iter().map(|g| {
        let name = g["name"].text();
        let versions: Vec<Value> = g["versions"]
            .items()
            .iter()
            .map(|v| {
                let v = v["version"].text();
                version(&get(c, format!("/apis/{name}/{v}")), name, v)
            })
            .collect();
        value!({"metadata": {"name": (name), "creationTimestamp": null}, "versions": (Value::from(versions))})
    });
    list(items.collect())
}

/// A version's resources, each with its subresources.
fn version(resources: &Value, group: &str, version: &str) -> Value {
    let all = resources["resources"].items();
    let kind = |r: &Value| {
        let own = |key: &str, default: &str| {
            let given = r[key].text();
            Value::from(if given.is_empty() { default } else { given })
        };
        value!({"group": (own("group", group)), "version": (own("version", version)), "kind": (&r["kind"])})
    };
    let resources = all.iter().filter(|r| !r["name"].text().contains('/')).map(|r| {
        let name = r["name"].text();
        let mut entry = value!({
            "resource": (name), "responseKind": (kind(r)),
            "scope": (if r["namespaced"].is_true() { "Namespaced" } else { "Cluster" }),
            "singularResource": (&r["singularName"]), "verbs": (&r["verbs"])
        });
        for key in ["shortNames", "categories"] {
            if !r[key].is_null() {
                entry.set(key, &r[key]);
            }
        }
        let below = |s: &Value| {
            let sub = s["name"].text().strip_prefix(name)?.strip_prefix('/')?.to_owned();
            Some(value!({"subresource": (sub), "responseKind": (kind(s)), "verbs": (&s["verbs"])}))
        };
        let subs: Vec<Value> = all.iter().filter_map(below).collect();
        if !subs.is_empty() {
            entry.set("subresources", subs);
        }
        entry
    });
    value!({"version": (version), "freshness": "Current", "resources": (resources.collect::<Value>())})
}
