//! The certificates API: who may ask for, approve and sign what.

use client::{Caller, PatchType, Request, Verb};
use objects::resources::CERTIFICATESIGNINGREQUESTS as REQUESTS;
use objects::{Status, Value, base64, value};

use crate::{Desk, at, refusal, to};

/// `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes`, with a subject.
const JANE: &str = include_str!("../../src/validation/certificate_signing_request.pem");
const MASTER: &str = include_str!("certificate_request_of_masters.pem");

fn request(name: &str, pem: &str) -> Value {
    value!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": (name)},
        "spec": {
            "request": (base64::encode(pem.as_bytes())), "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"], "username": "somebody else", "groups": ["system:masters"]
        }
    })
}

fn by(desk: &mut Desk, user: &str, request: Request) -> Result<Value, Status> {
    let caller = Caller { user: user.into(), actor: "you".into(), ..Caller::default() };
    desk.server.handle(&caller, request, desk.now).map(|r| r.object)
}

fn approval(name: &str, kind: &str) -> Request {
    let patch = value!({"status": {"conditions": [{"type": (kind), "status": "True", "reason": "r", "message": "m"}]}});
    at(Verb::Patch, REQUESTS, name)
        .subresource("approval")
        .patch(PatchType::Merge, client::Body::Object(patch))
}

fn allow(desk: &mut Desk, user: &str, rules: Value) {
    let api = "rbac.authorization.k8s.io/v1";
    let meta = value!({"name": (user)});
    desk.create(
        value!({"apiVersion": (api), "kind": "ClusterRole", "metadata": (meta.clone()), "rules": (rules)}),
    )
    .expect("a role");
    desk.create(value!({
        "apiVersion": (api), "kind": "ClusterRoleBinding", "metadata": (meta),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": (user)},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": (user)}]
    }))
    .expect("a binding");
}

#[test]
fn the_asker_is_noted_and_not_believed() {
    let mut desk = Desk::new();
    allow(
        &mut desk,
        "jane",
        value!([{"apiGroups": ["certificates.k8s.io"], "resources": ["*"], "verbs": ["create"]}]),
    );
    let made =
        by(&mut desk, "jane", to(Verb::Create, REQUESTS).object(request("jane", JANE))).expect("created");
    assert_eq!(made["spec"]["username"], "jane");
    assert_eq!(made["spec"]["groups"], value!(["system:authenticated"]));
    assert_eq!(
        refusal(desk.create(request("m", MASTER))),
        "Forbidden: certificatesigningrequests.certificates.k8s.io \"m\" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed"
    );
}

#[test]
fn approving_takes_a_right_to_the_signer() {
    let mut desk = Desk::new();
    desk.create(request("a", JANE)).expect("created");
    let update =
        value!([{"apiGroups": ["certificates.k8s.io"], "resources": ["*/approval"], "verbs": ["patch"]}]);
    allow(&mut desk, "bob", update.clone());
    assert_eq!(
        refusal(by(&mut desk, "bob", approval("a", "Approved"))),
        "Forbidden: certificatesigningrequests.certificates.k8s.io \"a\" is forbidden: user not permitted to approve requests with signerName \"kubernetes.io/kube-apiserver-client\""
    );
    let mut rules = update.items().to_vec();
    rules.push(value!({
        "apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "resourceNames": ["kubernetes.io/*"],
        "verbs": ["approve"]
    }));
    allow(&mut desk, "ann", rules.into());
    let done = by(&mut desk, "ann", approval("a", "Approved")).expect("approved");
    let condition = &done["status"]["conditions"][0];
    assert!(
        !condition["lastUpdateTime"].text().is_empty() && !condition["lastTransitionTime"].text().is_empty()
    );
}

#[test]
fn each_subresource_keeps_to_its_part() {
    let mut desk = Desk::new();
    let made = desk.create(request("a", JANE)).expect("created");
    let mut changed = made.clone();
    changed.set_at(&["spec", "signerName"], "example.com/other");
    let kept = desk.update(changed, "").expect("taken");
    assert_eq!(kept["spec"]["signerName"], "kubernetes.io/kube-apiserver-client");
    let status = |patch: Value| {
        at(Verb::Patch, REQUESTS, "a")
            .subresource("status")
            .patch(PatchType::Merge, client::Body::Object(patch))
    };
    let approved = value!({"status": {"conditions": [{"type": "Approved", "status": "True"}]}});
    let name = "Invalid: CertificateSigningRequest.certificates.k8s.io \"a\" is invalid: ";
    assert_eq!(
        refusal(desk.call(status(approved))),
        format!("{name}status.conditions: Forbidden: updates may not add a condition of type \"Approved\"")
    );
    assert_eq!(
        refusal(desk.call(status(value!({"status": {"certificate": "eA=="}})))),
        format!(
            "{name}status.certificate: Invalid value: \"<certificate data>\": must contain at least one CERTIFICATE PEM block"
        )
    );
    desk.call(approval("a", "Approved")).expect("approved");
    assert_eq!(
        refusal(desk.call(approval("a", "Denied"))),
        format!(
            "{name}status.conditions: Forbidden: updates may not remove a condition of type \"Approved\""
        )
    );
    let root = x509::simulated_certificate();
    let signed = value!({"status": {"certificate": (base64::encode(root.as_bytes()))}});
    desk.call(status(signed)).expect("signed");
    assert_eq!(
        refusal(desk.call(status(value!({"status": {"certificate": null}})))),
        format!("{name}status.certificate: Forbidden: updates may not modify existing certificate content")
    );
}
