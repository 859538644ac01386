//! `kubectl describe cronjob`

use objects::Value;

use super::page::{long_time, plain, title_bool};
use super::{Page, Related, events, selector_text, template};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    let spec = &o["spec"];
    let or_unset = |v: &Value| if v.is_null() { "<unset>".to_owned() } else { plain(v) };
    p.name(o);
    p.labels_and_annotations(o);
    p.field("Schedule", spec["schedule"].text());
    p.field("Concurrency Policy", spec["concurrencyPolicy"].text());
    p.field("Suspend", spec["suspend"].as_bool().map_or("<unset>", title_bool));
    p.field("Time Zone", &or_unset(&spec["timeZone"]));
    p.field("Successful Job History Limit", &or_unset(&spec["successfulJobsHistoryLimit"]));
    p.field("Failed Job History Limit", &or_unset(&spec["failedJobsHistoryLimit"]));
    let deadline = spec["startingDeadlineSeconds"].as_int().map_or("<unset>".into(), |n| format!("{n}s"));
    p.field("Starting Deadline Seconds", &deadline);
    let job = &spec["jobTemplate"]["spec"];
    let selector = if job["selector"].is_null() { "<unset>".into() } else { selector_text(&job["selector"]) };
    p.field("Selector", &selector);
    p.field("Parallelism", &or_unset(&job["parallelism"]));
    p.field("Completions", &or_unset(&job["completions"]));
    if let Some(n) = job["activeDeadlineSeconds"].as_int() {
        p.field("Active Deadline Seconds", &format!("{n}s"));
    }
    template::describe(p, &job["template"]);
    let last = &o["status"]["lastScheduleTime"];
    p.field("Last Schedule Time", &if last.is_null() { "<unset>".into() } else { long_time(last) });
    let active: Vec<&str> = o["status"]["active"].items().iter().map(|j| j["name"].text()).collect();
    p.field("Active Jobs", &if active.is_empty() { "<none>".into() } else { active.join(", ") });
    events::describe(p, related);
}
