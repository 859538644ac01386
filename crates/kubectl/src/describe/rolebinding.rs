//! `kubectl describe rolebinding` and `clusterrolebinding`

use objects::Value;

use super::{Page, Related};

pub(super) fn describe(p: &mut Page, o: &Value, _: &Related) {
    p.field("Name", o.name());
    p.labels_and_annotations(o);
    p.line(0, &["Role:"]);
    p.at(1, "Kind", o["roleRef"]["kind"].text());
    p.at(1, "Name", o["roleRef"]["name"].text());
    p.put(0, "Subjects:\n  Kind\tName\tNamespace\n  ----\t----\t---------\n");
    for s in o["subjects"].items() {
        p.line(1, &[s["kind"].text(), "\t", s["name"].text(), "\t", s["namespace"].text()]);
    }
}
