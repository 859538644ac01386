//! `kubectl describe poddisruptionbudget`

use objects::Value;
use objects::selector::format_label_selector;

use super::page::plain;
use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    let (spec, status) = (&o["spec"], &o["status"]);
    p.name(o);
    if !spec["minAvailable"].is_null() {
        p.field("Min available", &plain(&spec["minAvailable"]));
    } else if !spec["maxUnavailable"].is_null() {
        p.field("Max unavailable", &plain(&spec["maxUnavailable"]));
    }
    let selector =
        if spec["selector"].is_null() { "<unset>".into() } else { format_label_selector(&spec["selector"]) };
    p.field("Selector", &selector);
    p.line(0, &["Status:"]);
    for (label, field) in [
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ] {
        p.at(2, label, &status[field].int().to_string());
    }
    events::describe(p, related);
}
