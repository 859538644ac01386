//! `kubectl describe ipaddress`

use objects::Value;

use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    p.field("Name", o.name());
    p.labels_and_annotations(o);
    let parent = &o["spec"]["parentRef"];
    if !parent.is_null() {
        p.line(0, &["Parent Reference:"]);
        for (label, field) in
            [("Group", "group"), ("Resource", "resource"), ("Namespace", "namespace"), ("Name", "name")]
        {
            p.at(1, label, parent[field].text());
        }
    }
    events::describe(p, related);
}
