//! `kubectl describe serviceaccount`

use objects::Value;

use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    p.name(o);
    p.labels_and_annotations(o);
    let secrets = o["imagePullSecrets"].items();
    if secrets.is_empty() {
        p.field("Image pull secrets", "<none>");
    }
    for (i, s) in secrets.iter().enumerate() {
        p.line(
            0,
            &[if i == 0 { "Image pull secrets:" } else { "                   " }, "\t", s["name"].text()],
        );
    }
    events::describe(p, related);
}
