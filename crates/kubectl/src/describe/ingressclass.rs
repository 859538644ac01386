//! `kubectl describe ingressclass`

use objects::Value;

use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    p.field("Name", o.name());
    p.labels_and_annotations(o);
    p.field("Controller", o["spec"]["controller"].text());
    let parameters = &o["spec"]["parameters"];
    if !parameters.is_null() {
        p.line(0, &["Parameters:"]);
        p.some(1, "APIGroup", &parameters["apiGroup"]);
        p.at(1, "Kind", parameters["kind"].text());
        p.at(1, "Name", parameters["name"].text());
    }
    events::describe(p, related);
}
