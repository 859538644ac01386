//! `kubectl describe statefulset`

use objects::Value;

use super::page::{amount, joined, long_time, plain, storage_class};
use super::replicaset::pods_status;
use super::{Page, Related, events, selector_text, template};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    let (spec, status) = (&o["spec"], &o["status"]);
    p.name(o);
    p.field("CreationTimestamp", &long_time(&o.meta()["creationTimestamp"]));
    p.field("Selector", &selector_text(&spec["selector"]));
    p.labels_and_annotations(o);
    p.field("Replicas", &format!("{} desired | {} total", spec["replicas"].int(), status["replicas"].int()));
    p.field("Update Strategy", spec["updateStrategy"]["type"].text());
    let rolling = &spec["updateStrategy"]["rollingUpdate"];
    if !rolling["partition"].is_null() {
        p.at(1, "Partition", &plain(&rolling["partition"]));
        p.some(1, "MaxUnavailable", &rolling["maxUnavailable"]);
    }
    pods_status(p, related);
    template::describe(p, &spec["template"]);
    let claims = spec["volumeClaimTemplates"].items();
    if claims.is_empty() {
        p.field("Volume Claims", "<none>");
    } else {
        p.line(0, &["Volume Claims:"]);
    }
    for c in claims {
        p.at(1, "Name", c.name());
        p.at(1, "StorageClass", &storage_class(c));
        p.labels_with("Labels", "  ", c.labels());
        p.labels_with("Annotations", "  ", c.annotations());
        let size = &c["spec"]["resources"]["requests"]["storage"];
        p.at(1, "Capacity", &if size.is_null() { "<default>".into() } else { amount(size) });
        p.at(1, "Access Modes", &format!("[{}]", joined(&c["spec"]["accessModes"], " ")));
    }
    events::describe(p, related);
}
