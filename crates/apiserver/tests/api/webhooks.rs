//! Admission that servers decide: which of them are asked, how, and what becomes of their answers.

use apiserver::{ApiServer, WebhookCall, Webhooks};
use client::{Caller, Request, Response, Verb};
use objects::resources::{CONFIGMAPS, DEPLOYMENTS};
use objects::{Status, Value, base64, json, value};

use crate::{Desk, refusal, to};

/// A server behind webhooks: what it does about a review's request.
type Mind = fn(path: &str, request: &Value) -> Result<(u16, Value), String>;

struct Fake {
    mind: Mind,
    /// The path and limit of each call, in order.
    calls: Vec<(String, i64)>,
}

impl Webhooks for Fake {
    fn post(&mut self, _: &mut ApiServer, call: &WebhookCall) -> Result<(u16, Vec<u8>), String> {
        self.calls.push((call.target.clone(), call.timeout_ms));
        let request = json::parse(&call.body).map_err(|e| e.message)?["request"].clone();
        let path = call.target.split('?').next().unwrap_or_default();
        let (code, mut response) = (self.mind)(path, &request)?;
        response.set("uid", &request["uid"]);
        let review = value!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": (response)
        });
        Ok((code, json::to_string(&review).into_bytes()))
    }
}

fn yes() -> (u16, Value) {
    (200, value!({"allowed": true}))
}

/// A webhook for new ConfigMaps at this path, with more said of it.
fn hook(path: &str, more: Value) -> Value {
    let mut h = value!({
        "name": (format!("{}.example.com", path.trim_start_matches('/'))),
        "clientConfig": {"url": (format!("https://hooks.example.com{path}")), "caBundle": "Y2E="},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
        "admissionReviewVersions": ["v1"], "sideEffects": "None"
    });
    for (k, v) in more.entries() {
        h.set(k.clone(), v);
    }
    h
}

/// A server with these webhooks, and how they answer.
fn desk(kind: &str, hooks: Vec<Value>, mind: Mind) -> (Desk, Fake) {
    let mut d = Desk::new();
    let hooks: Value = hooks.into_iter().collect();
    let configuration = value!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": (format!("{kind}WebhookConfiguration")),
        "metadata": {"name": "hooks"}, "webhooks": (hooks)
    });
    d.create(configuration).expect("a configuration");
    (d, Fake { mind, calls: Vec::new() })
}

fn send(d: &mut Desk, fake: &mut Fake, request: Request) -> Result<Response, Status> {
    let caller = Caller {
        user: "admin".into(),
        groups: vec!["system:masters".into()],
        actor: "you".into(),
        ..Caller::default()
    };
    d.server.handle_with(&caller, request, d.now, Some(fake))
}

fn map(labels: Value) -> Request {
    let object = value!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "labels": (labels)}, "data": {"a": "1"}
    });
    to(Verb::Create, CONFIGMAPS).in_namespace("default").object(object)
}

fn dry(mut request: Request) -> Request {
    request.options.dry_run = true;
    request
}

fn paths(fake: &Fake) -> Vec<&str> {
    fake.calls.iter().map(|(t, _)| t.split('?').next().unwrap_or_default()).collect()
}

#[test]
fn selectors_choose_by_object_and_by_namespace() {
    let chosen = |more: Value, labels: Value| {
        let (mut d, mut fake) = desk("Validating", vec![hook("/a", more)], |_, _| Ok(yes()));
        send(&mut d, &mut fake, map(labels)).expect("allowed");
        fake.calls.len()
    };
    let by_object = value!({"objectSelector": {"matchLabels": {"watch": "me"}}});
    assert_eq!(chosen(by_object.clone(), value!({"watch": "me"})), 1);
    assert_eq!(chosen(by_object, value!({})), 0);
    let by_name =
        |name: &str| value!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": (name)}}});
    assert_eq!(chosen(by_name("default"), value!({})), 1);
    assert_eq!(chosen(by_name("other"), value!({})), 0);
    let conditions = |text: &str| value!({"matchConditions": [{"name": "c", "expression": (text)}]});
    assert_eq!(chosen(conditions("object.data.a == '1'"), value!({})), 1);
    assert_eq!(chosen(conditions("object.data.a == '2'"), value!({})), 0);
}

#[test]
fn failures_are_let_pass_or_not() {
    let answer = |more: Value, mind: Mind| {
        let (mut d, mut fake) = desk("Validating", vec![hook("/a", more)], mind);
        send(&mut d, &mut fake, map(value!({}))).map(|r| r.object)
    };
    let gone: Mind = |_, _| Err("context deadline exceeded".into());
    let why = "InternalError: Internal error occurred: failed calling webhook \"a.example.com\": failed to call webhook: Post \"https://hooks.example.com/a?timeout=3s\": context deadline exceeded";
    assert_eq!(refusal(answer(value!({"timeoutSeconds": 3}), gone)), why);
    answer(value!({"failurePolicy": "Ignore"}), gone).expect("let pass");
    let broken: Mind = |_, _| Ok((500, value!({})));
    assert!(refusal(answer(value!({}), broken)).contains("has prevented the request from succeeding"));
    let no: Mind = |_, _| Ok((200, value!({"allowed": false, "status": {"message": "not on Fridays"}})));
    let why = "admission webhook \"a.example.com\" denied the request: not on Fridays";
    assert!(refusal(answer(value!({"failurePolicy": "Ignore"}), no)).ends_with(why), "a no is no failure");
}

#[test]
fn limits_are_told_and_kept() {
    let (mut d, mut fake) = desk(
        "Validating",
        vec![hook("/a", value!({"timeoutSeconds": 3})), hook("/b", value!({}))],
        |_, _| Ok(yes()),
    );
    send(&mut d, &mut fake, map(value!({}))).expect("allowed");
    let told = [("/a?timeout=3s".to_owned(), 3000), ("/b?timeout=10s".to_owned(), 10_000)];
    assert_eq!(fake.calls, told);
}

#[test]
fn side_effects_and_dry_runs_exclude_each_other() {
    for (effects, asked) in [("None", true), ("NoneOnDryRun", true)] {
        let (mut d, mut fake) =
            desk("Validating", vec![hook("/a", value!({"sideEffects": (effects)}))], |_, request| {
                assert!(request["dryRun"].is_true());
                Ok(yes())
            });
        send(&mut d, &mut fake, dry(map(value!({})))).expect("allowed");
        assert_eq!(!fake.calls.is_empty(), asked, "{effects}");
    }
    // Only webhooks of old may say that they have any.
    let mut d = Desk::new();
    let bad = value!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "hooks"}, "webhooks": [(hook("/a", value!({"sideEffects": "Some"})))]
    });
    assert!(refusal(d.create(bad)).contains("webhooks[0].sideEffects: Unsupported value: \"Some\""));
}

/// A patch that adds a letter to `data.order`.
fn marked(letter: &str, request: &Value) -> (u16, Value) {
    let order = format!("{}{letter}", request["object"]["data"]["order"].text());
    let patch = value!([{"op": "add", "path": "/data/order", "value": (order)}]);
    let patch = base64::encode(json::to_string(&patch).as_bytes());
    (200, value!({"allowed": true, "patchType": "JSONPatch", "patch": (patch)}))
}

#[test]
fn who_wants_is_asked_again_after_others_changed_the_object() {
    let mind: Mind = |path, request| Ok(marked(path.trim_start_matches('/'), request));
    let order = |first: &str, second: &str| {
        let with = |path: &str, policy: &str| hook(path, value!({"reinvocationPolicy": (policy)}));
        let (mut d, mut fake) = desk("Mutating", vec![with("/a", first), with("/b", second)], mind);
        let made = send(&mut d, &mut fake, map(value!({}))).expect("allowed").object;
        (made["data"]["order"].text().to_owned(), paths(&fake).join(" "))
    };
    assert_eq!(order("Never", "Never"), ("ab".to_owned(), "/a /b".to_owned()));
    assert_eq!(order("IfNeeded", "Never"), ("aba".to_owned(), "/a /b /a".to_owned()));
    assert_eq!(order("Never", "IfNeeded"), ("ab".to_owned(), "/a /b".to_owned()), "nobody came after it");
}

#[test]
fn versions_match_exactly_or_as_what_they_stand_for() {
    let asked = |policy: &str, version: &str| {
        let rules = value!([{
            "apiGroups": ["apps"], "apiVersions": [(version)], "operations": ["CREATE"], "resources": ["deployments"]
        }]);
        let more = value!({"rules": (rules), "matchPolicy": (policy)});
        let (mut d, mut fake) = desk("Validating", vec![hook("/a", more)], |_, _| Ok(yes()));
        let object = value!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {
                "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}
            }}
        });
        let request = to(Verb::Create, DEPLOYMENTS).in_namespace("default").object(object);
        send(&mut d, &mut fake, request).expect("allowed");
        fake.calls.len()
    };
    assert_eq!(asked("Exact", "v1"), 1);
    assert_eq!(asked("Exact", "v1beta1"), 0);
    assert_eq!(asked("Equivalent", "v1"), 1);
}
