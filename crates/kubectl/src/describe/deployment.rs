//! `kubectl describe deployment`

use objects::Value;

use super::page::{long_time, plain};
use super::{Page, Related, events, selector_text, template};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    let (spec, status) = (&o["spec"], &o["status"]);
    p.name(o);
    p.field("CreationTimestamp", &long_time(&o.meta()["creationTimestamp"]));
    p.labels_and_annotations(o);
    p.field("Selector", &selector_text(&spec["selector"]));
    p.field(
        "Replicas",
        &format!(
            "{} desired | {} updated | {} total | {} available | {} unavailable",
            spec["replicas"].int(),
            status["updatedReplicas"].int(),
            status["replicas"].int(),
            status["availableReplicas"].int(),
            status["unavailableReplicas"].int()
        ),
    );
    p.field("StrategyType", spec["strategy"]["type"].text());
    p.field("MinReadySeconds", &spec["minReadySeconds"].int().to_string());
    let rolling = &spec["strategy"]["rollingUpdate"];
    if !rolling.is_null() {
        let (out, surge) = (plain(&rolling["maxUnavailable"]), plain(&rolling["maxSurge"]));
        p.field("RollingUpdateStrategy", &format!("{out} max unavailable, {surge} max surge"));
    }
    template::describe(p, &spec["template"]);
    conditions(p, &status["conditions"]);
    let new =
        related.replica_sets.iter().position(|rs| same_template(&rs["spec"]["template"], &spec["template"]));
    if !related.replica_sets.is_empty() {
        let (mut olds, mut news) = (Vec::new(), Vec::new());
        for (i, rs) in related.replica_sets.iter().enumerate() {
            let text = format!(
                "{} ({}/{} replicas created)",
                rs.name(),
                rs["status"]["replicas"].int(),
                rs["spec"]["replicas"].int()
            );
            if Some(i) == new { news.push(text) } else { olds.push(text) }
        }
        let shown = |list: Vec<String>| if list.is_empty() { "<none>".to_owned() } else { list.join(", ") };
        p.field("OldReplicaSets", &shown(olds));
        p.field("NewReplicaSet", &shown(news));
    }
    events::describe(p, related);
}

pub(super) fn conditions(p: &mut Page, conditions: &Value) {
    if conditions.items().is_empty() {
        return;
    }
    p.put(0, "Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------\n");
    for c in conditions.items() {
        p.line(1, &[c["type"].text(), " \t", c["status"].text(), "\t", c["reason"].text()]);
    }
}

/// True when a ReplicaSet was made of this template: only the hash label differs.
pub(crate) fn same_template(of_set: &Value, of_deployment: &Value) -> bool {
    let bare = |t: &Value| {
        let mut t = t.clone();
        t.remove_at(&["metadata", "labels", "pod-template-hash"]);
        if t.meta()["creationTimestamp"].is_null() {
            t.remove_at(&["metadata", "creationTimestamp"]);
        }
        t
    };
    bare(of_set) == bare(of_deployment)
}
