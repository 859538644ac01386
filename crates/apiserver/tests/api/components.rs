//! What the cluster's own components write over and over goes a short way, on which nothing is lost of the long one.

use client::{Caller, Verb};
use objects::resources::{NAMESPACES, PODS};
use objects::{Status, Value, value};

use crate::{Desk, at, refusal, to};

/// As many pods of one body as the server makes one by one before it knows what all of them are.
const BEFORE: usize = 40;

fn component() -> Caller {
    Caller {
        user: "system:serviceaccount:kube-system:replicaset-controller".into(),
        actor: "replicaset-controller".into(),
        ..Caller::default()
    }
}

fn body() -> Value {
    value!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"generateName": "web-", "namespace": "default", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "nginx:1.25"}]},
    })
}

fn make(d: &mut Desk, body: &Value) -> Result<Value, Status> {
    d.now = d.now + 1000;
    let request = to(Verb::Create, PODS).in_namespace("default").object(body.clone());
    d.server.handle(&component(), request, d.now).map(|r| r.object)
}

fn report(d: &mut Desk, pod: &Value, status: Value) -> Result<Value, Status> {
    let mut told = pod.clone();
    told.set("status", status);
    let mut request = at(Verb::Update, PODS, pod.name()).subresource("status").object(told);
    request.options.as_stored = true;
    let kubelet = Caller { user: "system:node:a".into(), actor: "kubelet/a".into(), ..Caller::default() };
    d.server.handle(&kubelet, request, d.now).map(|r| r.object)
}

#[test]
fn pods_of_one_body_differ_in_what_the_server_makes_up() {
    let (mut d, body) = (Desk::new(), body());
    let pods: Vec<Value> = (0..BEFORE * 2).map(|_| make(&mut d, &body).expect("created")).collect();
    let common = |pod: &Value| {
        let mut meta = pod.meta().clone();
        for own in ["name", "uid", "creationTimestamp", "resourceVersion"] {
            assert!(meta.remove(own).is_some(), "{own}");
        }
        (meta, pod["status"].clone(), pod["spec"]["containers"][0]["image"].clone())
    };
    for (i, pod) in pods.iter().enumerate() {
        assert_eq!(common(pod), common(&pods[0]));
        assert_eq!(d.server.get("pods", "default", pod.name()), Some(pod));
        assert!(pod.name().starts_with("web-") && pod.name().len() == 9, "{}", pod.name());
        for other in &pods[..i] {
            assert!(pod.name() != other.name() && pod.uid() != other.uid());
            assert!(pod.revision() > other.revision() && pod.created() > other.created());
        }
    }
    let last = &pods[BEFORE * 2 - 1]["spec"];
    assert!(
        pods[..BEFORE].iter().any(|pod| pod["spec"].same(last)),
        "later pods share what earlier ones are"
    );
}

#[test]
fn the_next_pod_of_a_body_is_held_to_what_was_written_meanwhile() {
    let (mut d, body) = (Desk::new(), body());
    for _ in 0..BEFORE {
        make(&mut d, &body).expect("created");
    }
    let mut namespace = d.get(NAMESPACES, "default").expect("there");
    namespace.set_at(&["metadata", "labels", "pod-security.kubernetes.io/enforce"], "restricted");
    let namespace = d.update(namespace, "").expect("labelled");
    assert!(refusal(make(&mut d, &body)).contains("violates PodSecurity \"restricted:latest\""));
    let mut open = namespace;
    open.remove_at(&["metadata", "labels", "pod-security.kubernetes.io/enforce"]);
    d.update(open, "").expect("labelled");
    for _ in 0..BEFORE {
        make(&mut d, &body).expect("created");
    }
    let quota = value!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few", "namespace": "default"},
        "spec": {"hard": {"pods": "1"}}
    });
    let mut quota = d.create(quota).expect("created");
    quota.set("status", value!({"hard": {"pods": "1"}, "used": {"pods": "1"}}));
    d.update(quota, "status").expect("counted");
    assert!(refusal(make(&mut d, &body)).contains("exceeded quota: few"));
}

#[test]
fn a_report_changes_the_status_and_nothing_else_and_not_of_an_older_state() {
    let (mut d, body) = (Desk::new(), body());
    let pod = make(&mut d, &body).expect("created");
    let mut told = pod.clone();
    told.set_at(&["spec", "priority"], 7);
    let stored = report(&mut d, &told, value!({"phase": "Running"})).expect("told");
    assert!(stored["spec"].same(&pod["spec"]));
    assert_eq!(stored["status"], value!({"phase": "Running", "qosClass": "BestEffort"}));
    assert_eq!(stored.revision(), d.server.revision());
    let again = report(&mut d, &stored, stored["status"].clone()).expect("told");
    assert_eq!(again.revision(), stored.revision(), "nothing new is not written");
    assert!(refusal(report(&mut d, &pod, value!({"phase": "Failed"}))).starts_with("Conflict"));
    let mut any = pod;
    any.remove_at(&["metadata", "resourceVersion"]);
    let ended = report(&mut d, &any, value!({"phase": "Failed"})).expect("of whichever state");
    assert_eq!(ended["status"]["phase"], "Failed");
}
