//! `kubectl describe daemonset`

use objects::Value;

use super::page::labels_line;
use super::replicaset::pods_status;
use super::{Page, Related, events, selector_text, template};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    p.name(o);
    p.field("Selector", &selector_text(&o["spec"]["selector"]));
    p.field("Node-Selector", &labels_line(&o["spec"]["template"]["spec"]["nodeSelector"]));
    p.labels_and_annotations(o);
    for (label, field) in [
        ("Desired Number of Nodes Scheduled: ", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled: ", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods: ", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods: ", "numberAvailable"),
        ("Number of Nodes Misscheduled: ", "numberMisscheduled"),
    ] {
        p.line(0, &[label, &o["status"][field].int().to_string()]);
    }
    pods_status(p, related);
    template::describe(p, &o["spec"]["template"]);
    events::describe(p, related);
}
