//! Events.
//!
//! Models printEvent.

use clock::Time;
use objects::Value;

use super::{Column, Printer, name, since, text, wide};

pub(super) static EVENTS: Printer = Printer {
    columns: &[
        text("Last Seen"),
        text("Type"),
        text("Reason"),
        text("Object"),
        wide("Subobject"),
        wide("Source"),
        text("Message"),
        wide("First Seen"),
        wide("Count"),
        Column("Name", "string", "name", 1),
    ],
    cells,
};

fn cells(o: &Value, now: Time) -> Vec<Value> {
    let first = match &o["firstTimestamp"] {
        Value::Null => since(&o["eventTime"], now),
        at => since(at, now),
    };
    let mut last = match &o["lastTimestamp"] {
        Value::Null => first.clone(),
        at => since(at, now),
    };
    let mut count = o["count"].int().max(1);
    if !o["series"].is_null() {
        last = since(&o["series"]["lastObservedTime"], now);
        count = o["series"]["count"].int();
    }
    let involved = &o["involvedObject"];
    let kind = involved["kind"].text().to_lowercase();
    let target = match involved["name"].text() {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let either =
        |a: &Value, b: &Value| if a.text().is_empty() { b.text().to_owned() } else { a.text().to_owned() };
    let component = either(&o["source"]["component"], &o["reportingComponent"]);
    let instance = either(&o["source"]["host"], &o["reportingInstance"]);
    let source = if instance.is_empty() { component } else { format!("{component}, {instance}") };
    vec![
        last,
        o["type"].to_str().into(),
        o["reason"].to_str().into(),
        target.into(),
        involved["fieldPath"].to_str().into(),
        source.into(),
        o["message"].text().trim().into(),
        first,
        count.into(),
        name(o),
    ]
}
