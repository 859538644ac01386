//! Jobs and CronJobs.
//!
//! Models printJob and printCronJob.

use clock::{Time, duration_short};
use objects::Value;
use objects::selector::format_label_selector;

use super::{AGE, NAME, Printer, age, containers, flag, name, number, since, text, text_or, wide};

pub(super) static JOBS: Printer = Printer {
    columns: &[
        NAME,
        text("Status"),
        text("Completions"),
        text("Duration"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: job,
};

fn job(o: &Value, now: Time) -> Vec<Value> {
    let succeeded = o["status"]["succeeded"].int();
    let completions = match o["spec"]["completions"].as_int() {
        Some(n) => format!("{succeeded}/{n}"),
        None => match o["spec"]["parallelism"].int() {
            n if n > 1 => format!("{succeeded}/1 of {n}"),
            _ => format!("{succeeded}/1"),
        },
    };
    let duration = match (o["status"]["startTime"].time(), o["status"]["completionTime"].time()) {
        (None, _) => String::new(),
        (Some(start), end) => duration_short(end.unwrap_or(now).since(start)),
    };
    let shown = [("Complete", "Complete"), ("Failed", "Failed")];
    let later = ["Suspended", "FailureTarget", "SuccessCriteriaMet"];
    let status = if let Some((_, text)) = shown.iter().find(|(c, _)| o.condition_true(c)) {
        text
    } else if o.is_terminating() {
        "Terminating"
    } else {
        later.into_iter().find(|c| o.condition_true(c)).unwrap_or("Running")
    };
    let [names, images] = containers(&o["spec"]["template"]["spec"]);
    let selector = format_label_selector(&o["spec"]["selector"]);
    vec![
        name(o),
        status.into(),
        completions.into(),
        duration.into(),
        age(o, now),
        names,
        images,
        selector.into(),
    ]
}

pub(super) static CRON_JOBS: Printer = Printer {
    columns: &[
        NAME,
        text("Schedule"),
        text("Timezone"),
        flag("Suspend"),
        number("Active"),
        text("Last Schedule"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |o, now| {
        let spec = &o["spec"];
        let last = &o["status"]["lastScheduleTime"];
        let template = &spec["jobTemplate"]["spec"];
        let [names, images] = containers(&template["template"]["spec"]);
        vec![
            name(o),
            spec["schedule"].clone(),
            text_or(&spec["timeZone"], "<none>"),
            match spec["suspend"].as_bool() {
                Some(true) => "True".into(),
                Some(false) => "False".into(),
                None => "<unset>".into(),
            },
            o["status"]["active"].items().len().into(),
            if last.is_null() { "<none>".into() } else { since(last, now) },
            age(o, now),
            names,
            images,
            format_label_selector(&template["selector"]).into(),
        ]
    },
};
