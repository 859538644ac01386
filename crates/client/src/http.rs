//! A request as HTTP spells it: method, path, query and headers to a [`Request`].
//!
//! Models `k8s.io/apiserver/pkg/endpoints/request` (RequestInfo) and the query parameters of
//! `k8s.io/apimachinery/pkg/apis/meta/v1`; what `k8s.io/client-go/rest` makes of an answer that is no Status.
//! Does not own: the body's encoding, who asks.

use objects::status::{Cause, UNEXPECTED};
use objects::{Reason, Status, Str, Value, json};

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
    let (path, asked) = head.target.split_once('?').unwrap_or((head.target, ""));
    let query: Vec<(String, String)> = parameters(asked);
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
    let proxied = (subresource == "proxy" || subresource.starts_with("proxy/")) && !name.is_empty();
    let watching = watching || (!proxied && query.iter().any(|(k, v)| k == "watch" && is_true(v)));
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
    if proxied {
        // Path and query are for whoever is behind, as they are.
        let behind = after_steps(path, steps.len() + 3 - rest.len());
        r.subresource = "proxy".into();
        r.path = if asked.is_empty() { behind.into() } else { format!("{behind}?{asked}").into() };
        return Ok(r);
    }
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

/// What is left of a path after so many of its steps.
fn after_steps(path: &str, count: usize) -> &str {
    (0..count).fold(path, |rest, _| {
        let step = rest.trim_start_matches('/');
        &step[step.find('/').unwrap_or(step.len())..]
    })
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

/// The fields of `/version`, in the order in which the server writes them.
const VERSION: [&str; 13] = [
    "major",
    "minor",
    "emulationMajor",
    "emulationMinor",
    "minCompatibilityMajor",
    "minCompatibilityMinor",
    "gitVersion",
    "gitCommit",
    "gitTreeState",
    "buildDate",
    "goVersion",
    "compiler",
    "platform",
];

/// The body of an answer whose form is fixed, whoever asks for it: `/version` is indented.
#[must_use]
pub fn fixed_form(path: &str, object: &Value) -> Option<String> {
    if path.split('?').next().is_none_or(|p| p.trim_end_matches('/') != "/version")
        || object.find("gitVersion").is_none()
    {
        return None;
    }
    let lines: Vec<String> = VERSION
        .iter()
        .filter_map(|name| Some(format!("  \"{name}\": {}", json::to_string(object.find(name)?))))
        .collect();
    Some(format!("{{\n{}\n}}", lines.join(",\n")))
}

/// More of a body than this is not told, in bytes.
const TOLD_MAX: usize = 2048;

/// What a client makes of a refusal whose body is no Status.
#[must_use]
pub fn unexpected(code: u16, body: &str) -> Status {
    let mut end = body.len().min(TOLD_MAX);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    let told = body[..end].trim();
    let (reason, message) = match code {
        400 => (Reason::BadRequest, "the server rejected our request for an unknown reason"),
        401 => (Reason::Unauthorized, "the server has asked for the client to provide credentials"),
        403 => (Reason::Forbidden, told),
        404 => (Reason::NotFound, "the server could not find the requested resource"),
        405 => (Reason::MethodNotAllowed, "the server does not allow this method on the requested resource"),
        406 => (Reason::NotAcceptable, told),
        409 => (Reason::Conflict, "the server reported a conflict"),
        410 => (Reason::Gone, told),
        415 => (Reason::UnsupportedMediaType, told),
        422 => (Reason::Invalid, "the server rejected our request due to an error in our request"),
        429 => (
            Reason::TooManyRequests,
            "the server has received too many requests and has asked us to try again later",
        ),
        503 => (Reason::ServiceUnavailable, "the server is currently unable to handle the request"),
        504 => (
            Reason::Timeout,
            "the server was unable to return a response in the time allotted, but may still be processing the request",
        ),
        _ => (Reason::Unknown, ""),
    };
    let mut status = Status::new(reason, message);
    if reason == Reason::Unknown && code >= 500 {
        status.reason = Reason::InternalError;
        status.message = format!(
            "an error on the server ({}) has prevented the request from succeeding",
            json::go_quote(told)
        );
    } else if reason == Reason::Unknown {
        status.message =
            format!("the server responded with the status code {code} but did not return more information");
    }
    status.causes = vec![Cause { reason: UNEXPECTED, field: String::new(), message: body.to_owned() }];
    status
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
                ["", "v1", "d", "services", "web:80", "proxy"],
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
    fn what_is_behind_a_proxy_gets_path_and_query_as_they_are() {
        for (path, rest) in [
            ("/api/v1/nodes/n/proxy", ""),
            ("/api/v1/nodes/n/proxy/", "/"),
            ("/api/v1/namespaces/d/pods/p:80/proxy/a%20b/?watch=1&limit=x", "/a%20b/?watch=1&limit=x"),
            ("/api/v1/namespaces/proxy/services/https:s:/proxy/x/proxy", "/x/proxy"),
        ] {
            let r = get(path);
            assert_eq!(
                (r.verb, r.subresource.as_str(), r.path.as_str()),
                (Verb::Get, "proxy", rest),
                "{path}"
            );
        }
    }

    #[test]
    fn an_answer_that_is_no_status_is_told_as_clients_do() {
        for (code, body, message) in [
            (404, "404 page not found\n", "the server could not find the requested resource"),
            (
                500,
                "no\n\"x\"\n",
                "an error on the server (\"no\\n\\\"x\\\"\") has prevented the request from succeeding",
            ),
            (502, "", "an error on the server (\"\") has prevented the request from succeeding"),
            (403, "not you\n", "not you"),
            (418, "tea", "the server responded with the status code 418 but did not return more information"),
        ] {
            let status = unexpected(code, body);
            assert_eq!((status.message.as_str(), status.plain()), (message, Some(body)), "{code}");
        }
        assert_eq!(unexpected(403, &"\u{e9}".repeat(2000)).message.len(), TOLD_MAX);
    }

    #[test]
    fn the_version_is_indented_in_the_servers_order() {
        let object = objects::value!({"platform": "p", "major": "1", "gitVersion": "v1"});
        let text = "{\n  \"major\": \"1\",\n  \"gitVersion\": \"v1\",\n  \"platform\": \"p\"\n}";
        assert_eq!(fixed_form("/version?x", &object).as_deref(), Some(text));
        assert_eq!(fixed_form("/api", &object), None);
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
