//! A request as HTTP spells it: method, path, query and headers to a [`Request`].
//!
//! Models `k8s.io/apiserver/pkg/endpoints/request` (RequestInfo) and the query parameters of
//! `k8s.io/apimachinery/pkg/apis/meta/v1`. Does not own: the body's encoding, who asks.

use objects::{Status, Str, Value};

use crate::request::{Body, FieldValidation, PatchType, Propagation, Request, TableOf, Verb};

/// What came in, before the body is decoded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    pub accept: &'a str,
    pub content_type: &'a str,
}

/// Turns a request's head into what it asks for. Paths that name no resource become raw requests.
///
/// # Errors
/// A method that no path has, a parameter that can't be read.
pub fn request(head: &Head<'_>) -> Result<Request, Status> {
    let (path, query) = head.target.split_once('?').unwrap_or((head.target, ""));
    let query: Vec<(String, String)> = parameters(query);
    let steps: Vec<String> = path.split('/').filter(|s| !s.is_empty()).map(decoded).collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let (group, version, rest) = match steps.as_slice() {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return raw(head),
    };
    let (watching, rest) = match rest {
        ["watch", rest @ ..] if !rest.is_empty() => (true, rest),
        rest => (false, rest),
    };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, resource, rest @ ..]
            if !(rest.is_empty() && matches!(*resource, "status" | "finalize")) =>
        {
            (*namespace, [&[*resource], rest].concat())
        }
        rest => ("", rest.to_vec()),
    };
    let (resource, name, subresource) = match rest.as_slice() {
        [resource] => (*resource, "", String::new()),
        [resource, name, sub @ ..] => (*resource, *name, sub.join("/")),
        [] => return raw(head),
    };
    let watching = watching || query.iter().any(|(k, v)| k == "watch" && is_true(v));
    let stream = matches!(subresource.as_str(), "exec" | "attach" | "portforward" | "log");
    let verb = match head.method {
        "GET" | "HEAD" if !name.is_empty() && !watching => Verb::Get,
        "GET" | "HEAD" if watching => Verb::Watch,
        "GET" | "HEAD" => Verb::List,
        "POST" => Verb::Create,
        "PUT" => Verb::Update,
        "PATCH" => Verb::Patch,
        "DELETE" if name.is_empty() => Verb::DeleteCollection,
        "DELETE" => Verb::Delete,
        _ => {
            return Err(Status::new(
                objects::Reason::MethodNotAllowed,
                "the server does not allow this method on the requested resource",
            ));
        }
    };
    let mut r = Request::new(verb, &group.into(), &version.into(), &resource.into());
    r.namespace = namespace.into();
    r.name = name.into();
    r.subresource = subresource.into();
    r.options.table = table(head.accept, &query);
    r.options.managed_fields = true;
    if head.method == "PATCH" {
        r.patch_type = patch_type(head.content_type);
    }
    for (key, value) in query {
        option(&mut r, &key, &value, stream)?;
    }
    if verb == Verb::Watch && !r.name.is_empty() {
        let one = format!("metadata.name={}", r.name);
        r.name = Str::default();
        let others = std::mem::take(&mut r.options.field_selector);
        r.options.field_selector =
            if others.is_empty() { one.into() } else { format!("{others},{one}").into() };
    }
    Ok(r)
}

fn raw(head: &Head<'_>) -> Result<Request, Status> {
    match head.method {
        "GET" | "HEAD" => Ok(Request::raw(head.target)),
        _ => Err(Status::new(
            objects::Reason::MethodNotAllowed,
            "the server does not allow this method on the requested resource",
        )),
    }
}

fn is_true(text: &str) -> bool {
    matches!(text, "" | "1" | "true" | "True" | "TRUE" | "t" | "T")
}

fn patch_type(content_type: &str) -> Option<PatchType> {
    match content_type.split(';').next().unwrap_or_default().trim() {
        "application/json-patch+json" => Some(PatchType::Json),
        "application/merge-patch+json" => Some(PatchType::Merge),
        "application/strategic-merge-patch+json" => Some(PatchType::Strategic),
        "application/apply-patch+yaml" | "application/apply-patch+cbor" => Some(PatchType::Apply),
        _ => None,
    }
}

/// Whether the answer is wanted as a table: the first kind of answer named decides.
fn table(accept: &str, query: &[(String, String)]) -> TableOf {
    let first = accept.split(',').next().unwrap_or_default();
    if !first.contains("as=Table") {
        return TableOf::No;
    }
    match query.iter().find(|(k, _)| k == "includeObject").map_or("", |(_, v)| v.as_str()) {
        "Object" => TableOf::Object,
        "None" => TableOf::Nothing,
        _ => TableOf::Metadata,
    }
}

fn option(r: &mut Request, key: &str, value: &str, stream: bool) -> Result<(), Status> {
    let bad = |what: &str| {
        Status::bad_request(format!(
            "invalid value {} for parameter {key}: {what}",
            objects::json::go_quote(value)
        ))
    };
    let o = &mut r.options;
    match key {
        "labelSelector" => o.label_selector = value.into(),
        "fieldSelector" => o.field_selector = value.into(),
        "limit" => o.limit = Some(value.parse().map_err(|_| bad("not a number"))?),
        "continue" => o.continue_token = value.into(),
        "resourceVersion" if !value.is_empty() => {
            o.resource_version = Some(value.parse().map_err(|_| bad("not a resource version"))?);
        }
        "resourceVersion" | "watch" | "includeObject" | "pretty" | "timeout" if !stream => {}
        "dryRun" => match value {
            "All" => o.dry_run = true,
            "" => {}
            _ => {
                return Err(Status::bad_request(format!(
                    "dryRun: Unsupported value: {}: supported values: \"All\"",
                    objects::json::go_quote(value)
                )));
            }
        },
        "fieldManager" => o.field_manager = value.into(),
        "force" if r.patch_type == Some(PatchType::Apply) => o.force = is_true(value),
        "fieldValidation" => {
            o.field_validation = match value {
                "Strict" => FieldValidation::Strict,
                "Ignore" => FieldValidation::Ignore,
                "Warn" | "" => FieldValidation::Warn,
                _ => return Err(bad("supported values: \"Ignore\", \"Strict\", \"Warn\"")),
            }
        }
        "gracePeriodSeconds" => {
            o.grace_period_seconds = Some(value.parse().map_err(|_| bad("not a number"))?);
        }
        "propagationPolicy" => o.propagation = Some(propagation(value).ok_or_else(|| bad("no such policy"))?),
        "orphanDependents" => {
            o.propagation = Some(if is_true(value) { Propagation::Orphan } else { Propagation::Background });
        }
        _ => {
            let value = if value.is_empty() && matches!(key, "allowWatchBookmarks" | "sendInitialEvents") {
                "true"
            } else {
                value
            };
            o.query.push((key.into(), value.into()));
        }
    }
    Ok(())
}

fn propagation(text: &str) -> Option<Propagation> {
    Some(match text {
        "Orphan" => Propagation::Orphan,
        "Background" => Propagation::Background,
        "Foreground" => Propagation::Foreground,
        _ => return None,
    })
}

/// Gives a request its decoded body; a deletion's body holds its options.
///
/// # Errors
/// Options that can't be read.
pub fn with_body(r: &mut Request, body: Value) -> Result<(), Status> {
    if !matches!(r.verb, Verb::Delete | Verb::DeleteCollection) {
        r.body = Body::Object(body);
        return Ok(());
    }
    let o = &mut r.options;
    if let Some(seconds) = body["gracePeriodSeconds"].as_int() {
        o.grace_period_seconds = Some(seconds);
    }
    match body["propagationPolicy"].text() {
        "" => {}
        text => {
            o.propagation = Some(propagation(text).ok_or_else(|| {
                Status::bad_request(format!("invalid propagationPolicy {}", objects::json::go_quote(text)))
            })?);
        }
    }
    if let Some(orphan) = body["orphanDependents"].as_bool() {
        o.propagation = Some(if orphan { Propagation::Orphan } else { Propagation::Background });
    }
    let conditions = &body["preconditions"];
    if let Some(uid) = conditions["uid"].as_str() {
        o.precondition_uid = Some(uid.into());
    }
    if let Ok(revision) = conditions["resourceVersion"].text().parse() {
        o.precondition_resource_version = Some(revision);
    }
    o.dry_run |= body["dryRun"].items().iter().any(|d| d == &Value::from("All"));
    Ok(())
}

/// The parameters of a query, in order.
#[must_use]
pub fn parameters(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|p| !p.is_empty());
    pairs
        .map(|p| {
            let (k, v) = p.split_once('=').unwrap_or((p, ""));
            (decoded(&k.replace('+', " ")), decoded(&v.replace('+', " ")))
        })
        .collect()
}

/// A text without its percent escapes; what is no escape stays.
#[must_use]
pub fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escape = (bytes[i] == b'%')
            .then(|| text.get(i + 1..i + 3).and_then(|h| u8::from_str_radix(h, 16).ok()))
            .flatten();
        match escape {
            Some(b) => {
                out.push(b);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(target: &str) -> Request {
        request(&Head { method: "GET", target, ..Head::default() }).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn paths_name_resources() {
        let cases = [
            ("/api/v1/pods", Verb::List, ["", "v1", "", "pods", "", ""]),
            ("/api/v1/namespaces", Verb::List, ["", "v1", "", "namespaces", "", ""]),
            ("/api/v1/namespaces/default", Verb::Get, ["", "v1", "", "namespaces", "default", ""]),
            (
                "/api/v1/namespaces/default/status",
                Verb::Get,
                ["", "v1", "", "namespaces", "default", "status"],
            ),
            ("/api/v1/namespaces/default/pods/web", Verb::Get, ["", "v1", "default", "pods", "web", ""]),
            ("/api/v1/namespaces/d/pods/web/log", Verb::Get, ["", "v1", "d", "pods", "web", "log"]),
            (
                "/api/v1/namespaces/d/services/web:80/proxy/a/b",
                Verb::Get,
                ["", "v1", "d", "services", "web:80", "proxy/a/b"],
            ),
            (
                "/apis/apps/v1/namespaces/d/deployments/web/scale",
                Verb::Get,
                ["apps", "v1", "d", "deployments", "web", "scale"],
            ),
            ("/apis/apps/v1/deployments?watch=1", Verb::Watch, ["apps", "v1", "", "deployments", "", ""]),
        ];
        for (path, verb, want) in cases {
            let r = get(path);
            let is = [&r.group, &r.version, &r.namespace, &r.resource, &r.name, &r.subresource]
                .map(|s| s.as_str());
            assert_eq!((r.verb, is), (verb, want), "{path}");
        }
        assert_eq!(get("/livez?verbose").path, "/livez?verbose");
        assert_eq!(get("/apis/apps/v1").path, "/apis/apps/v1");
    }

    #[test]
    fn parameters_are_read() {
        let r = get("/api/v1/pods?labelSelector=app%3Dweb%2Ctier+in+%28a%29&limit=5&resourceVersion=7&x=y");
        assert_eq!(r.options.label_selector, "app=web,tier in (a)");
        assert_eq!((r.options.limit, r.options.resource_version), (Some(5), Some(7)));
        assert_eq!(r.options.query, [(Str::from("x"), Str::from("y"))]);
        let watch = get("/api/v1/watch/namespaces/d/pods/web");
        assert_eq!((watch.verb, watch.options.field_selector.as_str()), (Verb::Watch, "metadata.name=web"));
        assert!(request(&Head { method: "GET", target: "/api/v1/pods?limit=x", ..Head::default() }).is_err());
        assert!(request(&Head { method: "TRACE", target: "/api/v1/pods", ..Head::default() }).is_err());
    }

    #[test]
    fn a_deletion_carries_its_options() {
        let mut r =
            request(&Head { method: "DELETE", target: "/api/v1/namespaces/d/pods/web", ..Head::default() })
                .unwrap_or_else(|e| panic!("{e}"));
        let body = objects::value!({"gracePeriodSeconds": 0, "propagationPolicy": "Foreground", "preconditions": {"uid": "u"}});
        with_body(&mut r, body).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(r.options.grace_period_seconds, Some(0));
        assert_eq!(r.options.propagation, Some(Propagation::Foreground));
        assert_eq!(r.options.precondition_uid.as_deref(), Some("u"));
    }
}
