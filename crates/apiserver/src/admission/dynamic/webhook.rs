//! Webhooks: servers in the cluster that are asked about a write.
//!
//! Models `plugin/webhook` (dispatchers, request, errors) and `apiserver/pkg/util/webhook` (client, service resolver).
//! Not modelled: v1beta1 reviews, the check of a server's certificate beyond that a `caBundle` names somebody, defaults
//! between one webhook's patch and the next; the answer comes within the instant, however long it took.

use std::sync::Arc;

use cel::Program;
use objects::patch::json_patch;
use objects::{Reason, Status, Str, Value, base64, json, value};

use super::attributes::{Attributes, Operation};
use super::expressions::{conditions_hold, scope};
use super::matching::{any_rule, selected};
use super::registered::Named;
use crate::registry::meta;
use crate::server::{ApiServer, Cx};

/// One call to a webhook, as HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookCall {
    /// A Service's cluster IP, or the host of a URL.
    pub host: Str,
    pub port: u16,
    /// Path and query.
    pub target: String,
    pub body: String,
    pub timeout_ms: i64,
}

/// The way to the servers behind webhooks. Whoever runs the server gives it.
pub trait Webhooks {
    /// Carries a call out at this instant. `server` is the API server that asks, for who needs to look into it.
    ///
    /// # Errors
    /// Why there was no answer, as Go's HTTP client says it behind `Post "...": `.
    fn post(&mut self, server: &mut ApiServer, call: &WebhookCall) -> Result<(u16, Vec<u8>), String>;
}

/// One entry of a configuration, ready to be asked.
#[derive(Clone, Debug)]
pub(super) struct Hook {
    pub(super) spec: Value,
    pub(super) conditions: Vec<Named>,
}

impl Hook {
    pub(super) fn of(spec: &Value) -> Arc<Self> {
        Arc::new(Self {
            conditions: spec["matchConditions"]
                .items()
                .iter()
                .map(|c| Named {
                    name: c["name"].to_str(),
                    text: c["expression"].to_str(),
                    program: Program::parse(c["expression"].text()),
                })
                .collect(),
            spec: spec.clone(),
        })
    }

    fn name(&self) -> &str {
        self.spec["name"].text()
    }

    fn fails_open(&self) -> bool {
        self.spec["failurePolicy"] == "Ignore"
    }
}

/// Why a webhook did not let a write pass.
enum Trouble {
    /// It could not be asked.
    Calling(String),
    /// It said no.
    Refused(Box<Status>),
}

/// Lets mutating webhooks change the object.
pub(super) fn mutate(server: &mut ApiServer, cx: &mut Cx<'_>, a: &mut Attributes) -> Result<(), Status> {
    let mut again: Vec<(Arc<Hook>, Value)> = Vec::new();
    for hook in server.registered.mutating_hooks.clone() {
        if !concerns(&hook, cx, a)? {
            continue;
        }
        one_mutation(server, cx, a, &hook)?;
        if hook.spec["reinvocationPolicy"] == "IfNeeded" {
            again.push((hook, a.object.clone()));
        }
    }
    for (hook, left) in again {
        if left != a.object {
            one_mutation(server, cx, a, &hook)?;
        }
    }
    Ok(())
}

fn one_mutation(
    server: &mut ApiServer,
    cx: &mut Cx<'_>,
    a: &mut Attributes,
    hook: &Hook,
) -> Result<(), Status> {
    let answered = ask(server, cx, a, hook, true).and_then(|response| patched(hook, a, &response));
    match answered {
        Ok(object) => {
            a.object = object;
            Ok(())
        }
        Err(trouble) => settle(hook, trouble),
    }
}

/// The object with the patch of an answer.
fn patched(hook: &Hook, a: &Attributes, response: &Value) -> Result<Value, Trouble> {
    let text = response["patch"].text();
    if text.is_empty() {
        return Ok(a.object.clone());
    }
    let undecodable =
        |why: String| Trouble::Calling(format!("received undecodable patch in webhook response: {why}"));
    let bytes = base64::decode(text).ok_or_else(|| undecodable("illegal base64 data".into()))?;
    let patch = json::parse(&String::from_utf8_lossy(&bytes)).map_err(|e| undecodable(e.message))?;
    if patch.items().is_empty() {
        return Ok(a.object.clone());
    }
    let internal = |why: String| {
        let message = format!("Internal error occurred: {why}");
        Trouble::Refused(Box::new(Status::new(Reason::InternalError, message)))
    };
    if a.object.is_null() {
        return Err(internal(format!(
            "admission webhook \"{}\" attempted to modify the object, which is not supported for this operation",
            hook.name()
        )));
    }
    json_patch::apply(&a.object, &patch).map_err(|e| internal(e.to_string()))
}

/// Asks validating webhooks. Upstream asks all at once; the first in order that refuses is told.
pub(super) fn validate(server: &mut ApiServer, cx: &mut Cx<'_>, a: &Attributes) -> Result<(), Status> {
    for hook in server.registered.validating_hooks.clone() {
        if concerns(&hook, cx, a)?
            && let Err(trouble) = ask(server, cx, a, &hook, false)
        {
            settle(&hook, trouble)?;
        }
    }
    Ok(())
}

fn settle(hook: &Hook, trouble: Trouble) -> Result<(), Status> {
    match trouble {
        Trouble::Calling(_) if hook.fails_open() => Ok(()),
        Trouble::Calling(why) => Err(Status::new(
            Reason::InternalError,
            format!("Internal error occurred: failed calling webhook \"{}\": {why}", hook.name()),
        )),
        Trouble::Refused(status) => Err(*status),
    }
}

fn concerns(hook: &Hook, cx: &Cx<'_>, a: &Attributes) -> Result<bool, Status> {
    let within = selected(&hook.spec, a) && any_rule(&hook.spec["rules"], hook.spec["matchPolicy"].text(), a);
    if !within || hook.conditions.is_empty() {
        return Ok(within);
    }
    conditions_hold(&hook.conditions, &scope(cx, a, &Value::Null), hook.fails_open())
        .map_err(|why| Status::forbidden(&a.group, &a.resource, &a.name, &why))
}

/// The `response` of a review that allows the request.
fn ask(
    server: &mut ApiServer,
    cx: &mut Cx<'_>,
    a: &Attributes,
    hook: &Hook,
    mutating: bool,
) -> Result<Value, Trouble> {
    let spec = &hook.spec;
    if a.dry_run && !matches!(spec["sideEffects"].text(), "None" | "NoneOnDryRun") {
        let why = format!("admission webhook \"{}\" does not support dry run", hook.name());
        return Err(Trouble::Refused(Box::new(Status::bad_request(why))));
    }
    let uid = meta::uuid(&mut server.rng);
    let body = json::to_string(&review(cx, a, &uid));
    let seconds = spec["timeoutSeconds"].int_or(10);
    let hooks = cx.hooks.as_mut().map(|h| &mut **h as _);
    let answer = call(server, hooks, &spec["clientConfig"], seconds, body);
    let answer = answer.map_err(|why| Trouble::Calling(format!("failed to call webhook: {why}")))?;
    // A write that no network stands behind is one of the cluster's own: it is let pass.
    let Some(given) = answer else { return Ok(value!({"allowed": true})) };
    let invalid = |why: String| Trouble::Calling(format!("received invalid webhook response: {why}"));
    let response = &given["response"];
    if response.is_null() {
        return Err(invalid("webhook response was absent".into()));
    }
    if response["uid"] != uid.as_str() {
        return Err(invalid(format!("expected response.uid=\"{uid}\", got \"{}\"", response["uid"].text())));
    }
    let (patch, kind) = (!response["patch"].text().is_empty(), !response["patchType"].is_null());
    match (mutating, patch, kind) {
        (true, true, false) => {
            return Err(invalid("webhook returned response.patch but not response.patchType".into()));
        }
        (true, false, true) => {
            return Err(invalid("webhook returned response.patchType but not response.patch".into()));
        }
        (false, true, _) => return Err(invalid("validating webhook may not return response.patch".into())),
        (false, _, true) => {
            return Err(invalid("validating webhook may not return response.patchType".into()));
        }
        _ => {}
    }
    cx.warnings.extend(response["warnings"].items().iter().map(|w| w.text().to_owned()));
    if response["allowed"].is_true() {
        return Ok(response.clone());
    }
    Err(Trouble::Refused(Box::new(refusal(hook.name(), &response["status"]))))
}

fn refusal(name: &str, status: &Value) -> Status {
    let by = format!("admission webhook \"{name}\" denied the request");
    let message = match (status["message"].text(), status["reason"].text()) {
        ("", "") => format!("{by} without explanation"),
        ("", reason) => format!("{by}: {reason}"),
        (message, _) => format!("{by}: {message}"),
    };
    let reason = match (status["reason"].text(), status["code"].int()) {
        ("Forbidden", _) => Reason::Forbidden,
        ("Invalid", _) => Reason::Invalid,
        ("Conflict", _) => Reason::Conflict,
        ("NotFound", _) => Reason::NotFound,
        ("BadRequest", _) => Reason::BadRequest,
        _ => Reason::Unknown,
    };
    Status::new(reason, message)
}

/// The AdmissionReview that is sent.
fn review(cx: &Cx<'_>, a: &Attributes, uid: &Str) -> Value {
    let mut request = a.request(cx);
    request.set("uid", uid);
    if a.operation != Operation::Delete {
        request.set("object", &a.object);
    }
    if a.operation != Operation::Create {
        request.set("oldObject", &a.old);
    }
    value!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": (request)})
}

/// The JSON that a webhook answers with, or why there is none. Without a way to it there is no answer: `None`.
fn call(
    server: &mut ApiServer,
    hooks: Option<&mut (dyn Webhooks + '_)>,
    client: &Value,
    seconds: i64,
    body: String,
) -> Result<Option<Value>, String> {
    let (call, url) = call_of(server, client, seconds, body);
    let failed = |why: String| format!("Post \"{url}\": {why}");
    let call = call.map_err(&failed)?;
    if client["caBundle"].text().is_empty() {
        // Without an authority of its own the certificate would have to be one that everybody trusts.
        return Err(failed(
            "tls: failed to verify certificate: x509: certificate signed by unknown authority".into(),
        ));
    }
    let Some(hooks) = hooks else { return Ok(None) };
    let (code, body) = hooks.post(server, &call).map_err(&failed)?;
    let text = String::from_utf8_lossy(&body).into_owned();
    match code {
        200..=299 => {}
        404 => return Err("the server could not find the requested resource".into()),
        _ => {
            return Err(format!(
                "an error on the server ({}) has prevented the request from succeeding",
                json::go_quote(text.trim())
            ));
        }
    }
    let given = json::parse(&text);
    given.map(Some).map_err(|e| format!("couldn't get version/kind; json parse error: {}", e.message))
}

/// As [`call`], for who has a way.
pub(crate) fn webhook_call(
    server: &mut ApiServer,
    hooks: &mut (dyn Webhooks + '_),
    client: &Value,
    seconds: i64,
    body: String,
) -> Result<Value, String> {
    call(server, Some(hooks), client, seconds, body).map(Option::unwrap_or_default)
}

/// The call to a webhook, or why it cannot be made; and its URL as messages show it.
fn call_of(
    server: &ApiServer,
    client: &Value,
    seconds: i64,
    body: String,
) -> (Result<WebhookCall, String>, String) {
    let call = |host: Str, port: u16, path: &str| WebhookCall {
        host,
        port,
        target: format!("{path}?timeout={seconds}s"),
        body: body.clone(),
        timeout_ms: seconds * 1000,
    };
    if let Some(url) = client["url"].as_str() {
        let rest = url.strip_prefix("https://").unwrap_or(url);
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = if path.is_empty() { "/" } else { path };
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "443"));
        return (
            Ok(call(host.into(), port.parse().unwrap_or(443), path)),
            format!("{url}?timeout={seconds}s"),
        );
    }
    let service = &client["service"];
    let (name, namespace) = (service["name"].text(), service["namespace"].text());
    let port = service["port"].int_or(443);
    let path = service["path"].text();
    let url =
        format!("https://{name}.{namespace}.svc:{port}/{}?timeout={seconds}s", path.trim_start_matches('/'));
    let Some(found) = server.get("services", namespace, name) else {
        return (Err(format!("service \"{name}\" not found")), url);
    };
    if !found["spec"]["ports"].items().iter().any(|p| p["port"].int() == port) {
        return (Err(format!("no service port {port} found for service \"{name}\"")), url);
    }
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let port = u16::try_from(port).unwrap_or(443);
    (Ok(call(found["spec"]["clusterIP"].to_str(), port, &path)), url)
}
