//! The table of events below a description.

use clock::{Time, duration_short};
use objects::Value;
use ordered::Sort as _;

use super::{Page, Related};

/// The events, when they were asked for.
pub(super) fn describe(p: &mut Page, related: &Related) {
    let Some(events) = &related.events else { return };
    if events.is_empty() {
        p.field("Events", "<none>");
        return;
    }
    p.flush();
    let mut all: Vec<&Value> = events.iter().collect();
    all.arrange_by_key(|e| e["lastTimestamp"].time());
    p.put(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage\n  ----\t------\t----\t----\t-------\n");
    for e in all {
        let source = match e["source"]["component"].text() {
            "" => e["reportingComponent"].text(),
            s => s,
        };
        let path = e["involvedObject"]["fieldPath"].text();
        let message = e["message"].text().trim();
        let shown = if path.is_empty() { message.to_owned() } else { format!("{path}: {message}") };
        p.line(
            1,
            &[
                e["type"].text(),
                "\t",
                e["reason"].text(),
                "\t",
                &interval(e, p.now),
                "\t",
                source,
                "\t",
                &shown,
            ],
        );
    }
}

/// `5s`, or `5s (x3 over 20s)`.
pub(crate) fn interval(e: &Value, now: Time) -> String {
    let ago = |t: &Value| t.time().map_or_else(|| "<unknown>".to_owned(), |t| duration_short(now.since(t)));
    let first =
        if e["eventTime"].time().is_some() { ago(&e["eventTime"]) } else { ago(&e["firstTimestamp"]) };
    let series = &e["series"];
    if !series.is_null() {
        return format!("{} (x{} over {first})", ago(&series["lastObservedTime"]), series["count"].int());
    }
    if e["count"].int() > 1 {
        return format!("{} (x{} over {first})", ago(&e["lastTimestamp"]), e["count"].int());
    }
    first
}
