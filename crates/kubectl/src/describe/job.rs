//! `kubectl describe job`

use clock::duration_short;
use objects::Value;

use super::page::{controller, long_time, plain};
use super::{Page, Related, events, selector_text, template};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    let (spec, status) = (&o["spec"], &o["status"]);
    p.name(o);
    p.field("Selector", &selector_text(&spec["selector"]));
    p.labels_and_annotations(o);
    let owner = controller(o);
    if !owner.is_empty() {
        p.field("Controlled By", &owner);
    }
    p.some(0, "Parallelism", &spec["parallelism"]);
    p.field(
        "Completions",
        &if spec["completions"].is_null() { "<unset>".into() } else { plain(&spec["completions"]) },
    );
    p.some(0, "Completion Mode", &spec["completionMode"]);
    p.some(0, "Suspend", &spec["suspend"]);
    p.some(0, "Backoff Limit", &spec["backoffLimit"]);
    p.some(0, "TTL Seconds After Finished", &spec["ttlSecondsAfterFinished"]);
    let (start, end) = (&status["startTime"], &status["completionTime"]);
    if !start.is_null() {
        p.field("Start Time", &long_time(start));
    }
    if !end.is_null() {
        p.field("Completed At", &long_time(end));
    }
    if let (Some(a), Some(b)) = (start.time(), end.time()) {
        p.field("Duration", &duration_short(b.since(a)));
    }
    if let Some(n) = spec["activeDeadlineSeconds"].as_int() {
        p.field("Active Deadline Seconds", &format!("{n}s"));
    }
    let ready = status["ready"].as_int().map_or_else(String::new, |n| format!(" ({n} Ready)"));
    let (active, ok, bad) = (status["active"].int(), status["succeeded"].int(), status["failed"].int());
    p.field("Pods Statuses", &format!("{active} Active{ready} / {ok} Succeeded / {bad} Failed"));
    if spec["completionMode"] == "Indexed" {
        p.field("Completed Indexes", &capped(status["completedIndexes"].text()));
    }
    template::describe(p, &spec["template"]);
    events::describe(p, related);
}

/// At most some fifty characters of `0-3,5`.
fn capped(indexes: &str) -> String {
    if indexes.is_empty() {
        return "<none>".into();
    }
    match indexes.get(50..).and_then(|rest| rest.find(',')) {
        Some(at) => format!("{}...", &indexes[..=50 + at]),
        None => indexes.to_owned(),
    }
}
