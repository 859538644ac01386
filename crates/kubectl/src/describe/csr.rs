//! `kubectl describe certificatesigningrequest`
//!
//! Not modelled: the subject, which stands in the encoded request.

use objects::Value;

use super::page::{labels_line, long_time};
use super::{Page, Related, events, x509};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    let spec = &o["spec"];
    p.field("Name", o.name());
    p.field("Labels", &labels_line(o.labels()));
    p.field("Annotations", &labels_line(o.annotations()));
    p.field("CreationTimestamp", &long_time(&o.meta()["creationTimestamp"]));
    p.field("Requesting User", spec["username"].text());
    p.some(0, "Signer", &spec["signerName"]);
    if let Some(n) = spec["expirationSeconds"].as_int() {
        p.field("Requested Duration", &clock::duration_short(n * 1000));
    }
    let has = |kind: &str| !o.condition(kind).is_null();
    let mut status = if has("Denied") {
        "Denied".to_owned()
    } else if has("Approved") {
        "Approved".to_owned()
    } else {
        "Pending".to_owned()
    };
    if has("Failed") {
        status.push_str(",Failed");
    }
    if !o["status"]["certificate"].text().is_empty() {
        status.push_str(",Issued");
    }
    p.field("Status", &status);
    if let Some(s) = x509::read(spec["request"].text()) {
        p.line(0, &["Subject:"]);
        p.line(0, &["\tCommon Name:\t", &s.common_name]);
        p.line(0, &["\tSerial Number:\t", &s.serial_number]);
        listed(p, &s.parts);
        if s.others.iter().any(|(_, v)| !v.is_empty()) {
            p.line(0, &["Subject Alternative Names:"]);
            listed(p, &s.others);
        }
    }
    events::describe(p, related);
}

/// Titles with their values, those without any left out.
fn listed(p: &mut Page, parts: &[(&str, Vec<String>)]) {
    for (title, values) in parts.iter().filter(|(_, v)| !v.is_empty()) {
        p.line(0, &["\t", title, ":\t", &values.join("\n\t\t")]);
    }
}
