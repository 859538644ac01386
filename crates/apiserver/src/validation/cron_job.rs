//! CronJobs: their schedule and the job they make.
//!
//! Models validateCronJobSpec in `pkg/apis/batch/validation` and the errors of `robfig/cron`.
//! Which time zones exist: `objects::time_zones`.

use objects::{Value, json, time_zones};

use super::{Errors, job};

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        e.at("schedule", |e| match s["schedule"].text() {
            "" => e.required(""),
            text => {
                if let Err(why) = schedule(text) {
                    e.invalid_text(text, &why);
                }
                if text.contains("TZ") {
                    e.invalid_text(text, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
                }
            }
        });
        e.nonnegative(s, "startingDeadlineSeconds");
        e.at("timeZone", |e| time_zone(&s["timeZone"], e));
        e.one_of(s, "concurrencyPolicy", &["Allow", "Forbid", "Replace"]);
        let template = &s["jobTemplate"]["spec"];
        e.at("jobTemplate.spec", |e| {
            job::spec(template, e);
            if !template["selector"].is_null() {
                e.at("selector", |e| e.invalid(&template["selector"], "`selector` will be auto-generated"));
            }
            if template["manualSelector"].is_true() {
                e.at("manualSelector", |e| e.not_supported(&true.into(), &["nil", "false"]));
            }
        });
        e.nonnegative(s, "successfulJobsHistoryLimit");
        e.nonnegative(s, "failedJobsHistoryLimit");
    });
}

fn time_zone(zone: &Value, e: &mut Errors) {
    let Some(text) = zone.as_str() else { return };
    if text.is_empty() {
        e.invalid(zone, "timeZone must be nil or non-empty string");
        return;
    }
    let good = |p: &str| {
        (1..=14).contains(&p.len())
            && !matches!(p, "." | "..")
            && !p.starts_with('-')
            && p.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_+".contains(&b))
    };
    if !text.split('/').all(good) {
        e.invalid(zone, &format!("unknown time zone {text}"));
    } else if text.eq_ignore_ascii_case("Local") {
        let why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        e.invalid(zone, why);
    } else if !time_zones::is_known(text) {
        e.invalid(zone, &format!("unknown time zone {text}"));
    }
}

pub(super) fn validate_update(new: &Value, _old: &Value, errs: &mut Errors) {
    validate(new, errs);
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const DESCRIPTORS: [&str; 7] =
    ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// Whether a text is a schedule of five fields, in robfig's words.
fn schedule(text: &str) -> Result<(), String> {
    let zoned = text.starts_with("TZ=") || text.starts_with("CRON_TZ=");
    let text = if zoned { text.split_once(' ').map_or("", |(_, rest)| rest.trim()) } else { text };
    if let Some(rest) = text.strip_prefix("@every ") {
        let good = rest.ends_with(['s', 'm', 'h']) && rest.starts_with(|c: char| c.is_ascii_digit());
        return if good { Ok(()) } else { Err(format!("failed to parse duration {text}")) };
    }
    if text.starts_with('@') {
        let known = DESCRIPTORS.contains(&text);
        return if known { Ok(()) } else { Err(format!("unrecognized descriptor: {text}")) };
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != 5 {
        return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
    }
    let bounds: [(i64, i64, &[&str], i64); 5] =
        [(0, 59, &[], 0), (0, 23, &[], 0), (1, 31, &[], 0), (1, 12, &MONTHS, 1), (0, 6, &DAYS, 0)];
    for (f, b) in fields.iter().zip(bounds) {
        for part in f.split(',').filter(|p| !p.is_empty()) {
            range(part, b)?;
        }
    }
    Ok(())
}

fn range(text: &str, (min, max, names, first): (i64, i64, &[&str], i64)) -> Result<(), String> {
    let parts: Vec<&str> = text.split('/').collect();
    if parts.len() > 2 {
        return Err(format!("too many slashes: {text}"));
    }
    let number = |t: &str| -> Result<i64, String> {
        if let Some(i) = names.iter().position(|n| *n == t.to_lowercase()) {
            return Ok(i as i64 + first);
        }
        let n: i64 = t.parse().map_err(|_| {
            format!(
                "failed to parse int from {t}: strconv.Atoi: parsing {}: invalid syntax",
                json::go_quote(t)
            )
        })?;
        if n < 0 { Err(format!("negative number ({n}) not allowed: {t}")) } else { Ok(n) }
    };
    let ends: Vec<&str> = parts[0].split('-').collect();
    let (start, mut end) = match ends.as_slice() {
        ["*" | "?"] => (min, max),
        [one] => (number(one)?, number(one)?),
        [a, b] => (number(a)?, number(b)?),
        _ => return Err(format!("too many hyphens: {text}")),
    };
    let mut step = 1;
    if let Some(s) = parts.get(1) {
        step = number(s)?;
        if ends.len() == 1 && !matches!(ends[0], "*" | "?") {
            end = max;
        }
    }
    if start < min {
        return Err(format!("beginning of range ({start}) below minimum ({min}): {text}"));
    }
    if end > max {
        return Err(format!("end of range ({end}) above maximum ({max}): {text}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules() {
        for good in
            ["* * * * *", "*/5 0-6 1,15 jan-mar MON", "@hourly", "@every 1h30m", "0 0 * * 0", "5/15 * * * *"]
        {
            assert_eq!(schedule(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("not a schedule", "expected exactly 5 fields, found 3: [not a schedule]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("@never", "unrecognized descriptor: @never"),
        ] {
            assert_eq!(schedule(bad), Err(why.to_owned()), "{bad}");
        }
    }
}
