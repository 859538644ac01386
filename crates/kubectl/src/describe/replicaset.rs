//! `kubectl describe replicaset` and `replicationcontroller`

use objects::Value;
use objects::selector::format_label_selector;

use super::deployment::conditions;
use super::page::{controller, labels_line};
use super::{Page, Related, events, template};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    head(p, o, related, &format_label_selector(&o["spec"]["selector"]));
}

pub(super) fn describe_controller(p: &mut Page, o: &Value, related: &Related) {
    head(p, o, related, &labels_line(&o["spec"]["selector"]));
}

fn head(p: &mut Page, o: &Value, related: &Related, selector: &str) {
    p.name(o);
    p.field("Selector", selector);
    p.labels_and_annotations(o);
    let owner = controller(o);
    if !owner.is_empty() {
        p.field("Controlled By", &owner);
    }
    let (now, wanted) = (o["status"]["replicas"].int(), o["spec"]["replicas"].int());
    p.field("Replicas", &format!("{now} current / {wanted} desired"));
    pods_status(p, related);
    template::describe(p, &o["spec"]["template"]);
    conditions(p, &o["status"]["conditions"]);
    events::describe(p, related);
}

/// `3 Running / 0 Waiting / 0 Succeeded / 0 Failed`
pub(super) fn pods_status(p: &mut Page, related: &Related) {
    if let Some(e) = &related.pods_error {
        p.line(0, &["Pods Status:\terror in fetching pods: ", e]);
        return;
    }
    let count = |phase: &str| related.pods.iter().filter(|x| x["status"]["phase"] == phase).count();
    let text = format!(
        "{} Running / {} Waiting / {} Succeeded / {} Failed",
        count("Running"),
        count("Pending"),
        count("Succeeded"),
        count("Failed")
    );
    p.field("Pods Status", &text);
}
