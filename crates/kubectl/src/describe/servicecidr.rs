//! `kubectl describe servicecidr`

use objects::Value;

use super::page::{joined, long_time};
use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    p.field("Name", o.name());
    p.labels_and_annotations(o);
    p.field("CIDRs", &joined(&o["spec"]["cidrs"], ", "));
    if !o["status"]["conditions"].items().is_empty() {
        p.put(0, "Status:\nConditions:\n  Type\tStatus\tLastTransitionTime\tReason\tMessage\n");
        p.put(0, "  ----\t------\t------------------\t------\t-------\n");
        for c in o["status"]["conditions"].items() {
            let moved = long_time(&c["lastTransitionTime"]);
            let (kind, is) = (c["type"].text(), c["status"].text());
            p.line(1, &[kind, "\t", is, "\t", &moved, "\t", c["reason"].text(), "\t", c["message"].text()]);
        }
    }
    events::describe(p, related);
}
