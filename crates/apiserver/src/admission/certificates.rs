//! Requests for certificates: who asked, who may approve and sign them, and which names nobody gets.
//!
//! Models the plugins `CertificateSubjectRestriction`, `CertificateApproval` and `CertificateSigning`, and of
//! `pkg/registry/certificates` what needs to know the asker and the time.

use objects::{Status, Str, Value, base64};
use x509::{ORGANIZATION, Request};

use crate::authorization::{Attributes, is_trusted, user};
use crate::server::{ApiServer, Cx};

pub(crate) const REQUESTS: &str = "certificatesigningrequests.certificates.k8s.io";
const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client";

/// The PEM text of a request.
pub(crate) fn text_of(csr: &Value) -> String {
    let bytes = base64::decode(csr["spec"]["request"].text()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn refuse(cx: &Cx<'_>, name: &str, why: &str) -> Status {
    Status::forbidden(&cx.resource.group, &cx.resource.plural, name, why)
}

/// Notes who asks; whatever the request itself says of that is not believed.
#[inline(never)]
pub(super) fn admit_create(cx: &Cx<'_>, csr: &mut Value) {
    let who = user(cx.caller, cx.request);
    let spec = csr.map_mut().entry("spec");
    for given in ["uid", "extra"] {
        spec.remove(given);
    }
    for (field, told) in who.info().entries() {
        spec.set(field.clone(), told.clone());
    }
}

/// What is decided when the request is valid.
#[inline(never)]
pub(super) fn check_create(cx: &Cx<'_>, csr: &Value) -> Result<(), Status> {
    if csr["spec"]["signerName"] != CLIENT_SIGNER {
        return Ok(());
    }
    let asked = Request::read(&text_of(csr))
        .map_err(|why| refuse(cx, csr.name(), &format!("failed to parse CSR: {why}")))?;
    if asked.subject.all(ORGANIZATION).any(|group| group == "system:masters") {
        let why = format!("use of {CLIENT_SIGNER} signer with system:masters group is not allowed");
        return Err(refuse(cx, csr.name(), &why));
    }
    Ok(())
}

/// Keeps what this write is not about, and notes when conditions came.
#[inline(never)]
pub(super) fn admit_update(cx: &Cx<'_>, new: &mut Value, old: &Value) {
    let sub = cx.request.subresource.as_str();
    new.set("spec", &old["spec"]);
    let kept = match sub {
        "approval" => &["certificate"][..],
        "status" => &[],
        _ => return,
    };
    let conditions = new["status"]["conditions"].items().iter().map(|c| {
        let mut c = c.clone();
        let of_kind = || old["status"]["conditions"].items().iter().filter(|o| o["type"] == c["type"]);
        let decision = matches!(c["type"].text(), "Approved" | "Denied");
        if sub == "status"
            && decision
            && let Some(was) = of_kind().next()
        {
            return was.clone();
        }
        let was = of_kind().find(|o| o["status"] == c["status"]).map(|o| o["lastTransitionTime"].clone());
        for (key, since) in [("lastUpdateTime", None), ("lastTransitionTime", was)] {
            if c[key].text().is_empty() {
                c.set(key, since.unwrap_or_else(|| cx.now.rfc3339().into()));
            }
        }
        c
    });
    let conditions: Value = conditions.collect();
    let status = new.map_mut().entry("status");
    if !conditions.items().is_empty() {
        status.set("conditions", conditions);
    }
    for key in kept {
        crate::registry::update_keep(status, &old["status"], key);
    }
}

/// Whether the asker may do to this signer's requests what the write does.
#[inline(never)]
pub(super) fn check_update(server: &ApiServer, cx: &Cx<'_>, new: &Value, old: &Value) -> Result<(), Status> {
    let (verb, done) = match cx.request.subresource.as_str() {
        "approval" => ("approve", true),
        "status" => ("sign", new["status"] != old["status"]),
        _ => return Ok(()),
    };
    let who = user(cx.caller, cx.request);
    if !done || is_trusted(cx.caller, cx.request) || who.groups.iter().any(|g| g == "system:masters") {
        return Ok(());
    }
    let signer = old["spec"]["signerName"].text();
    let domain = signer.split('/').next().unwrap_or_default();
    let may = |name: &str| {
        let wanted = Attributes {
            verb: Str::new_static(verb),
            group: cx.resource.group.clone(),
            resource: Str::new_static("signers"),
            name: name.into(),
            ..Attributes::default()
        };
        server.may(&who, &wanted).is_some()
    };
    if may(signer) || may(&format!("{domain}/*")) {
        return Ok(());
    }
    let why = format!("user not permitted to {verb} requests with signerName \"{signer}\"");
    Err(refuse(cx, old.name(), &why))
}
