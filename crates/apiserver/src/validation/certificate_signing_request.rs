//! CertificateSigningRequests.
//!
//! Models validateCertificateSigningRequest in `pkg/apis/certificates/validation`. Not modelled: what a request says
//! inside (its PEM block is looked at), conditions.

use objects::{Value, base64, names, schema};

use super::Errors;

/// What the API server asks of a signer's domain and path.
const SIGNER: &str = "must be a fully qualified domain and path of the form \"example.com/signer-name\"";
const SHORTEST_S: i64 = 600;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        let text = base64::decode(s["request"].text()).unwrap_or_default();
        let is_request = text.trim_ascii_start().starts_with(b"-----BEGIN CERTIFICATE REQUEST-----")
            || text.trim_ascii_start().starts_with(b"-----BEGIN NEW CERTIFICATE REQUEST-----");
        if !is_request {
            e.at("request", |e| e.invalid(&s["request"], "PEM block type must be CERTIFICATE REQUEST"));
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
        e.at("signerName", |e| signer(&s["signerName"], e));
        let seconds = &s["expirationSeconds"];
        if !seconds.is_null() && seconds.int() < SHORTEST_S {
            e.at("expirationSeconds", |e| {
                e.invalid(seconds, "may not specify a duration less than 600 seconds (10 minutes)");
            });
        }
    });
}

fn signer(v: &Value, e: &mut Errors) {
    let name = v.text();
    if name.is_empty() {
        e.required("");
        return;
    }
    if name == "kubernetes.io/legacy-unknown" {
        e.invalid(v, "the legacy signerName is not allowed via this API version");
        return;
    }
    let mut parts = name.split('/');
    let (Some(domain), Some(path), None) = (parts.next(), parts.next(), parts.next()) else {
        e.invalid(v, SIGNER);
        return;
    };
    for why in names::dns1123_subdomain(domain) {
        e.invalid(v, &format!("validating label \"{domain}\": {why}"));
    }
    if domain.split('.').count() < 2 {
        e.invalid(v, "should be a domain with at least two segments separated by dots");
    }
    for why in names::dns1123_subdomain(path) {
        e.invalid(v, &format!("validating label \"{path}\": {why}"));
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn upstreams_words() {
        let pem =
            base64::encode(b"-----BEGIN CERTIFICATE REQUEST-----\nx\n-----END CERTIFICATE REQUEST-----\n");
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
                "spec.signerName: Invalid value: \"nosuch\": must be a fully qualified domain and path of the form \"example.com/signer-name\"",
                "spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 600 seconds (10 minutes)",
            ]
        );
    }
}
