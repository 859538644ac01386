//! Requests for certificates: the request itself, its signer, usages and how long it is to last, and what became of it.
//!
//! Models ValidateCertificateSigningRequest and its updates in `pkg/apis/certificates/validation`. Not modelled: Go's
//! words for every way in which a request's or certificate's DER can be broken.

use objects::{Value, base64, schema};
use x509::{Certificate, Request, der};

use super::{Errors, signer_name};
use crate::admission::certificates::text_of;

const SHORTEST_S: i64 = 600;

const DECISIONS: [&str; 3] = ["Approved", "Denied", "Failed"];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    checked(object, &Value::Null, errs);
}

/// `part` is the subresource.
pub(super) fn validate_update(new: &Value, old: &Value, part: &str, errs: &mut Errors) {
    checked(new, old, errs);
    let of = |csr: &Value, kind: &str| {
        csr["status"]["conditions"].items().iter().filter(|c| c["type"] == *kind).count()
    };
    errs.at("status.conditions", |e| {
        for kind in DECISIONS.into_iter().filter(|kind| of(new, kind) < of(old, kind)) {
            e.forbidden(&format!("updates may not remove a condition of type \"{kind}\""));
        }
        for kind in DECISIONS[..2].iter().filter(|kind| of(new, kind) > of(old, kind)) {
            if part != "approval" {
                e.forbidden(&format!("updates may not add a condition of type \"{kind}\""));
            }
        }
    });
    let was = old["status"]["certificate"].text();
    if new["status"]["certificate"].text() != was {
        errs.at("status.certificate", |e| match part {
            "status" if was.is_empty() => {}
            "status" => e.forbidden("updates may not modify existing certificate content"),
            _ => e.forbidden("updates may not set certificate content"),
        });
    }
}

/// What holds of new ones and of changed ones; what was wrong in `old` already is borne.
fn checked(object: &Value, old: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        let why = match Request::read(&text_of(object)) {
            Err(why) => why,
            Ok(asked) => asked.fault,
        };
        if !why.is_empty() {
            e.at("request", |e| e.invalid(&s["request"], why));
        }
        let usages = s["usages"].items();
        if usages.is_empty() {
            e.at("usages", |e| e.required(""));
        }
        let known = schema::type_for("certificates.k8s.io", "v1", "CertificateSigningRequest")
            .and_then(|request| request.field_at(&["spec", "usages"]))
            .map_or(&[][..], |usages| usages.enum_values());
        e.each(s, "usages", |e, i, u| {
            if !known.contains(&u.text()) {
                e.not_supported(u, known);
            }
            if usages[..i].contains(u) {
                e.duplicate(u);
            }
        });
        if old["spec"]["signerName"] != s["signerName"] {
            e.at("signerName", |e| signer(&s["signerName"], e));
        }
        let seconds = &s["expirationSeconds"];
        if !seconds.is_null() && seconds.int() < SHORTEST_S {
            e.at("expirationSeconds", |e| {
                e.invalid(seconds, "may not specify a duration less than 600 seconds (10 minutes)");
            });
        }
    });
    let status = &object["status"];
    let is_borne = ["Approved", "Denied"].iter().all(|kind| !old.condition(kind).is_null());
    errs.at("status.conditions", |e| conditions(status["conditions"].items(), is_borne, e));
    let certificate = status["certificate"].text();
    if !certificate.is_empty() && certificate != old["status"]["certificate"].text() {
        let text = base64::decode(certificate).unwrap_or_default();
        let why = certificates(&String::from_utf8_lossy(&text));
        if !why.is_empty() {
            errs.at("status.certificate", |e| e.invalid_text("<certificate data>", &why));
        }
    }
}

fn conditions(all: &[Value], is_borne: bool, e: &mut Errors) {
    for (i, c) in all.iter().enumerate() {
        let allowed: &[&str] =
            if DECISIONS.contains(&c["type"].text()) { &["True"] } else { &["False", "True", "Unknown"] };
        e.index(i, |e| {
            if c["type"].text().is_empty() {
                e.at("type", |e| e.required(""));
            }
            e.at("status", |e| match c["status"].text() {
                "" => e.required(""),
                status if !allowed.contains(&status) => e.not_supported(&c["status"], allowed),
                _ => {}
            });
        });
        let earlier = |kind: &str| all[..i].iter().any(|o| o["type"] == *kind);
        let other = match c["type"].text() {
            "Approved" => "Denied",
            "Denied" => "Approved",
            _ => "",
        };
        if !is_borne && !other.is_empty() && earlier(other) {
            e.invalid(&c["type"], "Approved and Denied conditions are mutually exclusive");
        }
        if earlier(c["type"].text()) {
            e.index(i, |e| e.at("type", |e| e.duplicate(&c["type"])));
        }
    }
}

/// Why a text is no list of certificates; empty when it is one.
fn certificates(text: &str) -> String {
    let mut rest = text;
    let mut found = 0;
    while let Some((label, _)) = der::from_pem(rest) {
        if label != "CERTIFICATE" {
            return format!("only CERTIFICATE PEM blocks are allowed, found \"{label}\"");
        }
        if Certificate::read(rest).is_none() {
            return "x509: malformed certificate".to_owned();
        }
        found += 1;
        let end = format!("-----END {label}-----");
        rest = rest.find(&end).map_or("", |at| &rest[at + end.len()..]);
    }
    if found == 0 { "must contain at least one CERTIFICATE PEM block".to_owned() } else { String::new() }
}

fn signer(v: &Value, e: &mut Errors) {
    match v.text() {
        "kubernetes.io/legacy-unknown" => {
            e.invalid(v, "the legacy signerName is not allowed via this API version");
        }
        _ => signer_name::validate(v, e),
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn upstreams_words() {
        // openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=jane/O=dev
        let pem = base64::encode(include_bytes!("certificate_signing_request.pem"));
        let good = value!({"spec": {
            "request": (pem.as_str()), "usages": ["client auth"], "signerName": "kubernetes.io/kube-apiserver-client"
        }});
        let bad = value!({"spec": {"request": "eA==", "signerName": "nosuch", "expirationSeconds": 60}});
        let of = |o: &Value| {
            let mut e = Errors::new(false);
            validate(o, &mut e);
            e.into_causes().into_iter().map(|c| format!("{}: {}", c.field, c.message)).collect::<Vec<_>>()
        };
        assert!(of(&good).is_empty(), "{:?}", of(&good));
        assert_eq!(
            of(&bad),
            [
                "spec.request: Invalid value: \"eA==\": PEM block type must be CERTIFICATE REQUEST",
                "spec.usages: Required value",
                "spec.signerName: Invalid value: \"nosuch\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
                "spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 600 seconds (10 minutes)",
            ]
        );
    }
}
