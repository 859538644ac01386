//! `kubectl describe priorityclass`

use objects::Value;

use super::page::{labels_line, plain};
use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    p.field("Name", o.name());
    p.field("Value", &plain(&o["value"]));
    p.field("GlobalDefault", &o["globalDefault"].is_true().to_string());
    p.field("PreemptionPolicy", o["preemptionPolicy"].text());
    p.field("Description", o["description"].text());
    p.field("Annotations", &labels_line(o.annotations()));
    events::describe(p, related);
}
