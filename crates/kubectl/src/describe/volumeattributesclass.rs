//! `kubectl describe volumeattributesclass`

use objects::Value;

use super::page::labels_line;
use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    p.field("Name", o.name());
    p.field("Annotations", &labels_line(o.annotations()));
    p.field("DriverName", o["driverName"].text());
    p.field("Parameters", &labels_line(&o["parameters"]));
    events::describe(p, related);
}
