//! `kubectl describe csinode`

use objects::Value;

use super::page::{long_time, plain};
use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    p.field("Name", o.name());
    p.labels_and_annotations(o);
    p.field("CreationTimestamp", &long_time(&o.meta()["creationTimestamp"]));
    p.line(0, &["Spec:"]);
    if !o["spec"]["drivers"].is_null() {
        p.line(1, &["Drivers:"]);
    }
    for d in o["spec"]["drivers"].items() {
        p.line(2, &[d["name"].text(), ":"]);
        p.at(3, "Node ID", d["nodeID"].text());
        if !d["allocatable"]["count"].is_null() {
            p.line(3, &["Allocatables:"]);
            p.at(4, "Count", &plain(&d["allocatable"]["count"]));
        }
        if !d["topologyKeys"].is_null() {
            p.at(3, "Topology Keys", &plain(&d["topologyKeys"]));
        }
    }
    events::describe(p, related);
}
