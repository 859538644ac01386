//! The approving controller: a kubelet's request for its client certificate is approved when whoever asks may have it so.
//!
//! Models `pkg/controller/certificates/approver`. Who may is what a SubjectAccessReview says of
//! `certificatesigningrequests/nodeclient` and `selfnodeclient`. Not modelled: asking again when rights come later.

use client::{Change, Ctx, Request, Verb};
use clock::Time;
use objects::resources::{CERTIFICATESIGNINGREQUESTS, Resource, SUBJECTACCESSREVIEWS};
use objects::{Status, Value, value};

use super::signing::{KUBELET_CLIENT, add_condition, asked, condition, kubelet};
use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};

/// What one must be allowed to create, and what the approval says, by whether the certificate names whoever asks.
const SELF: (&str, &str) =
    ("selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview.");
const ANY: (&str, &str) =
    ("nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview.");

#[derive(Clone, Debug)]
pub struct ApprovingController {
    pub base: Base,
}

impl Default for ApprovingController {
    fn default() -> Self {
        Self::new()
    }
}

impl ApprovingController {
    #[must_use]
    pub fn new() -> Self {
        Self { base: Base::with_account("csrapproving-controller", "certificate-controller") }
    }
}

/// The ways in which a request may be approved, in the order they are tried.
fn ways(csr: &Value, asked: &x509::Request) -> Vec<(&'static str, &'static str)> {
    let spec = &csr["spec"];
    let usages: Vec<&str> = spec["usages"].items().iter().map(Value::text).collect();
    if spec["signerName"] != KUBELET_CLIENT || kubelet(false, asked, &usages).is_err() {
        return Vec::new();
    }
    let own = spec["username"].text() == asked.subject.common_name();
    own.then_some(SELF).into_iter().chain([ANY]).collect()
}

fn is_allowed(spec: &Value, subresource: &str, ctx: &mut Ctx<'_>) -> Result<bool, Status> {
    let r = SUBJECTACCESSREVIEWS;
    let mut review = value!({
        "apiVersion": (r.api_version()), "kind": (&r.kind),
        "spec": {
            "user": (&spec["username"]),
            "resourceAttributes": {
                "group": "certificates.k8s.io", "resource": "certificatesigningrequests", "verb": "create",
                "subresource": (subresource), "version": "*"
            }
        }
    });
    for field in ["uid", "groups", "extra"] {
        if !spec[field].is_null() {
            review.set_at(&["spec", field], spec[field].clone());
        }
    }
    let answer = ctx.call(Request::new(Verb::Create, &r.group, &r.version, &r.plural).object(review))?;
    Ok(answer.object["status"]["allowed"].is_true())
}

impl Controller for ApprovingController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![CERTIFICATESIGNINGREQUESTS]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if !change.is_deleted() {
            self.base.queue.add(change.key(), change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(csr) = caches.of_resource(CERTIFICATESIGNINGREQUESTS).get(key) else { return Ok(()) };
        let decided = ["Approved", "Denied"].iter().any(|kind| condition(csr, kind).is_some());
        if decided || !csr["status"]["certificate"].text().is_empty() {
            return Ok(());
        }
        let Some(asked) = asked(csr) else { return Ok(()) };
        for (subresource, message) in ways(csr, &asked) {
            if !is_allowed(&csr["spec"], subresource, ctx)? {
                continue;
            }
            let mut new = csr.clone();
            let approved = value!({"type": "Approved", "status": "True", "reason": "AutoApproved", "message": (message)});
            add_condition(&mut new, approved);
            let r = CERTIFICATESIGNINGREQUESTS;
            let update = Request::new(Verb::Update, &r.group, &r.version, &r.plural)
                .named(csr.name())
                .subresource("approval")
                .object(new);
            return ctx.call(update).map(|_| ());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use x509::{Name, ORGANIZATION};

    use super::*;

    #[test]
    fn kubelets_client_certificates_are_recognised() {
        let asked = |organization: &str, name: &str| {
            let subject = [(ORGANIZATION, organization.to_owned())].into_iter().chain(Name::common(name).0);
            x509::Request { subject: Name(subject.collect()), ..x509::Request::default() }
        };
        let csr = |signer: &str, user: &str| value!({"spec": {"signerName": (signer), "username": (user), "usages": ["client auth", "digital signature"]}});
        let node = asked("system:nodes", "system:node:a");
        for (csr, request, tried) in [
            (csr(KUBELET_CLIENT, "system:node:a"), &node, vec![SELF, ANY]),
            (csr(KUBELET_CLIENT, "system:bootstrap:x"), &node, vec![ANY]),
            (csr("kubernetes.io/kubelet-serving", "system:node:a"), &node, vec![]),
            (csr(KUBELET_CLIENT, "jane"), &asked("dev", "system:node:a"), vec![]),
        ] {
            assert_eq!(ways(&csr, request), tried, "{csr:?}");
        }
    }
}
