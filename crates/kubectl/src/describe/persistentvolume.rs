//! `kubectl describe persistentvolume`

use objects::{Map, Value};

use super::page::{access_modes, amount, joined, storage_class};
use super::{Page, Related, events, volumes};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    let spec = &o["spec"];
    p.field("Name", o.name());
    p.labels_and_annotations(o);
    p.field("Finalizers", &format!("[{}]", joined(&o.meta()["finalizers"], " ")));
    p.field("StorageClass", &storage_class(o));
    if o.is_terminating() {
        let since = p.ago(&o.meta()["deletionTimestamp"]);
        p.line(0, &["Status:\tTerminating (lasts ", &since, ")"]);
    } else {
        p.field("Status", o["status"]["phase"].text());
    }
    let claim = &spec["claimRef"];
    let bound = format!("{}/{}", claim["namespace"].text(), claim["name"].text());
    p.field("Claim", if claim.is_null() { "" } else { &bound });
    p.field("Reclaim Policy", spec["persistentVolumeReclaimPolicy"].text());
    p.field("Access Modes", &access_modes(&spec["accessModes"]));
    p.some(0, "VolumeMode", &spec["volumeMode"]);
    p.field("Capacity", &amount(&spec["capacity"]["storage"]));
    let required = &spec["nodeAffinity"]["required"];
    if required.is_null() {
        p.field("Node Affinity", "<none>");
    } else {
        p.line(0, &["Node Affinity:\t"]);
        terms(p, &required["nodeSelectorTerms"]);
    }
    p.field("Message", o["status"]["message"].text());
    p.line(0, &["Source:"]);
    let source: Map = spec
        .entries()
        .iter()
        .filter(|(k, v)| {
            v.as_map().is_some() && !matches!(k.as_str(), "capacity" | "claimRef" | "nodeAffinity")
        })
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    volumes::source(p, &Value::Map(source));
    events::describe(p, related);
}

fn terms(p: &mut Page, terms: &Value) {
    if terms.items().is_empty() {
        p.at(1, "Required Terms", "<none>");
        return;
    }
    p.line(1, &["Required Terms:\t"]);
    for (i, t) in terms.items().iter().enumerate() {
        let wanted = t["matchExpressions"].items();
        p.put(2, &format!("Term {i}:\t"));
        if wanted.is_empty() {
            p.put(0, "<none>\n");
        }
        for (j, e) in wanted.iter().enumerate() {
            if j > 0 {
                p.put(2, "\t");
            }
            let values = joined(&e["values"], ", ");
            let operator = e["operator"].text().to_lowercase();
            let tail = if values.is_empty() { String::new() } else { format!(" [{values}]") };
            p.line(0, &[e["key"].text(), " ", &operator, &tail]);
        }
    }
}
