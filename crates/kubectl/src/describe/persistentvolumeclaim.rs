//! `kubectl describe persistentvolumeclaim`

use objects::Value;
use ordered::Sort as _;

use super::page::{access_modes, amount, joined, storage_class};
use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    let (spec, status) = (&o["spec"], &o["status"]);
    p.name(o);
    p.field("StorageClass", &storage_class(o));
    if o.is_terminating() {
        let since = p.ago(&o.meta()["deletionTimestamp"]);
        p.line(0, &["Status:\tTerminating (lasts ", &since, ")"]);
    } else {
        p.field("Status", status["phase"].text());
    }
    p.field("Volume", spec["volumeName"].text());
    p.labels_and_annotations(o);
    p.field("Finalizers", &format!("[{}]", joined(&o.meta()["finalizers"], " ")));
    let bound = !spec["volumeName"].text().is_empty();
    p.field("Capacity", &if bound { amount(&status["capacity"]["storage"]) } else { String::new() });
    p.field("Access Modes", &if bound { access_modes(&status["accessModes"]) } else { String::new() });
    p.some(0, "VolumeMode", &spec["volumeMode"]);
    let source = &spec["dataSource"];
    if !source.is_null() {
        p.line(0, &["DataSource:"]);
        p.some(1, "APIGroup", &source["apiGroup"]);
        p.at(1, "Kind", source["kind"].text());
        p.at(1, "Name", source["name"].text());
    }
    let mut users: Vec<String> = related.pods.iter().map(|x| x.name().to_owned()).collect();
    users.arrange();
    p.column("Used By", &users);
    p.conditions(&status["conditions"], ("LastProbeTime", "lastProbeTime"));
    events::describe(p, related);
}
