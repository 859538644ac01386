//! CertificateSigningRequests.
//!
//! Models printCertificateSigningRequest.

use clock::duration_short;

use super::{AGE, NAME, Printer, age, name, text, text_or};

pub(super) static REQUESTS: Printer = Printer {
    columns: &[
        NAME,
        AGE,
        text("SignerName"),
        text("Requestor"),
        text("RequestedDuration"),
        text("Condition"),
    ],
    cells: |o, now| {
        let has = |kind: &str| !o.condition(kind).is_null();
        let mut status = match (has("Denied"), has("Approved")) {
            (true, _) => "Denied",
            (_, true) => "Approved",
            _ => "Pending",
        }
        .to_owned();
        if has("Failed") {
            status.push_str(",Failed");
        }
        if !o["status"]["certificate"].text().is_empty() {
            status.push_str(",Issued");
        }
        let asked = o["spec"]["expirationSeconds"].as_int();
        vec![
            name(o),
            age(o, now),
            text_or(&o["spec"]["signerName"], "<none>"),
            o["spec"]["username"].to_str().into(),
            asked.map_or("<none>".into(), |s| duration_short(s * 1000)).into(),
            status.into(),
        ]
    },
};
