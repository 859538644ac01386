//! Cron schedules: `*/5 * * * *`, `@daily`, `@every 1h30m`, with upstream's error texts, and when they fall due.
//!
//! Models `github.com/robfig/cron/v3` ParseStandard and SpecSchedule.Next.
//! Not modelled: a wall clock hour that comes twice in autumn is taken once.

use clock::{Millis, Time};
use objects::json::go_quote;

use super::zones::Zone;

#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    when: When,
    zone: Zone,
}

#[derive(Clone, Debug, PartialEq)]
enum When {
    /// Whole seconds, at least one.
    Every(Millis),
    /// Bit sets: minute, hour, day of month, month, day of week.
    At([u64; 5]),
}

/// Set in a day field that was `*` or `?`: then the other one decides.
const STAR: u64 = 1 << 63;

struct Field {
    min: u64,
    max: u64,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { min: 0, max: 59, names: &[] },
    Field { min: 0, max: 23, names: &[] },
    Field { min: 1, max: 31, names: &[] },
    Field {
        min: 1,
        max: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Field { min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

impl Schedule {
    /// # Errors
    /// The parser's text.
    pub fn parse(spec: &str, zone: Zone) -> Result<Self, String> {
        if spec.is_empty() {
            return Err("empty spec string".into());
        }
        let when = if spec.starts_with('@') { descriptor(spec)? } else { fields(spec)? };
        Ok(Self { when, zone })
    }

    /// The first instant after `t`; `None` when there is none within five years.
    #[must_use]
    pub fn next(&self, t: Time) -> Option<Time> {
        let second = Time(t.0.div_euclid(1000) * 1000);
        match &self.when {
            When::Every(span) => Some(second + *span),
            When::At(sets) => {
                let local = second + self.zone.offset(second);
                let found = next_local(sets, local)?;
                // The offset there may be another one than here.
                let guess = found - self.zone.offset(found - self.zone.offset(second));
                Some(guess)
            }
        }
    }
}

fn descriptor(spec: &str) -> Result<When, String> {
    let parsed = match spec {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => match spec.strip_prefix("@every ") {
            Some(text) => {
                let nanos = objects::duration::parse(text)
                    .map_err(|e| format!("failed to parse duration {spec}: {e}"))?;
                return Ok(When::Every((nanos / 1_000_000_000).max(1) * 1000));
            }
            None => return Err(format!("unrecognized descriptor: {spec}")),
        },
    };
    fields(parsed)
}

fn fields(spec: &str) -> Result<When, String> {
    let parts: Vec<&str> = spec.split_whitespace().collect();
    if parts.len() != 5 {
        return Err(format!("expected exactly 5 fields, found {}: [{}]", parts.len(), parts.join(" ")));
    }
    let mut sets = [0u64; 5];
    for (i, part) in parts.iter().enumerate() {
        for expr in part.split(',').filter(|e| !e.is_empty()) {
            sets[i] |= range(expr, &FIELDS[i])?;
        }
    }
    Ok(When::At(sets))
}

/// `number | number-number [/number] | * [/number] | ?`
fn range(expr: &str, field: &Field) -> Result<u64, String> {
    let by_step: Vec<&str> = expr.split('/').collect();
    let ends: Vec<&str> = by_step[0].split('-').collect();
    let single = ends.len() == 1;
    let mut extra = 0;
    let (start, mut end) = if ends[0] == "*" || ends[0] == "?" {
        extra = STAR;
        (field.min, field.max)
    } else {
        let start = number_or_name(ends[0], field)?;
        match ends.as_slice() {
            [_] => (start, start),
            [_, end] => (start, number_or_name(end, field)?),
            _ => return Err(format!("too many hyphens: {expr}")),
        }
    };
    let step = match by_step.as_slice() {
        [_] => 1,
        [_, step] => {
            let step = number(step)?;
            if single && extra == 0 {
                end = field.max;
            }
            if step > 1 {
                extra = 0;
            }
            step
        }
        _ => return Err(format!("too many slashes: {expr}")),
    };
    if start < field.min {
        return Err(format!("beginning of range ({start}) below minimum ({}): {expr}", field.min));
    }
    if end > field.max {
        return Err(format!("end of range ({end}) above maximum ({}): {expr}", field.max));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {expr}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {expr}"));
    }
    Ok((start..=end).step_by(step as usize).fold(extra, |set, i| set | 1 << i))
}

fn number_or_name(text: &str, field: &Field) -> Result<u64, String> {
    let lower = text.to_lowercase();
    match field.names.iter().position(|n| *n == lower) {
        Some(i) => Ok(i as u64 + field.min),
        None => number(text),
    }
}

fn number(text: &str) -> Result<u64, String> {
    let n: i64 = text.parse().map_err(|_| {
        let quoted = go_quote(text);
        format!("failed to parse int from {text}: strconv.Atoi: parsing {quoted}: invalid syntax")
    })?;
    u64::try_from(n).map_err(|_| format!("negative number ({n}) not allowed: {text}"))
}

/// The first wall clock minute after `t` that all sets allow.
fn next_local(sets: &[u64; 5], t: Time) -> Option<Time> {
    let (mut year, mut month, mut day, mut hour, mut minute, _) =
        (t + 60_000 - t.0.rem_euclid(60_000)).civil();
    let limit = year + 5;
    let has = |set: u64, n: u32| set & (1 << n) != 0;
    while year <= limit {
        if !has(sets[3], month) {
            (day, hour, minute) = (1, 0, 0);
            month += 1;
        } else if !day_matches(sets, year, month, day) {
            (hour, minute) = (0, 0);
            day += 1;
        } else if !has(sets[1], hour) {
            minute = 0;
            hour += 1;
        } else if !has(sets[0], minute) {
            minute += 1;
        } else {
            return Some(Time::from_civil(year, month, day, hour, minute, 0));
        }
        if minute > 59 {
            (hour, minute) = (hour + 1, 0);
        }
        if hour > 23 {
            (day, hour, minute) = (day + 1, 0, 0);
        }
        if day > days_in(year, month) {
            (month, day, hour, minute) = (month + 1, 1, 0, 0);
        }
        if month > 12 {
            (year, month, day, hour, minute) = (year + 1, 1, 1, 0, 0);
        }
    }
    None
}

fn day_matches(sets: &[u64; 5], year: i64, month: u32, day: u32) -> bool {
    let in_month = sets[2] & (1 << day) != 0;
    let in_week = sets[4] & (1 << Time::from_civil(year, month, day, 0, 0, 0).weekday()) != 0;
    if sets[2] & STAR != 0 || sets[4] & STAR != 0 { in_month && in_week } else { in_month || in_week }
}

fn days_in(year: i64, month: u32) -> u32 {
    let leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse_rfc3339(text).expect("an instant")
    }

    #[test]
    fn the_next_time() {
        let table = [
            ("* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"),
            ("*/5 * * * *", "2026-01-01T00:04:59Z", "2026-01-01T00:05:00Z"),
            ("0 3 1 1 *", "2026-01-01T03:00:00Z", "2027-01-01T03:00:00Z"),
            ("30 6-16/4 * * 1-5", "2026-01-02T14:30:00Z", "2026-01-05T06:30:00Z"),
            ("0 0 13 * fri", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
            ("0 0 29 feb ?", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("@hourly", "2026-01-01T00:30:00Z", "2026-01-01T01:00:00Z"),
            ("@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
            ("@every 1h30m", "2026-01-01T00:00:10Z", "2026-01-01T01:30:10Z"),
            ("59 23 31 12 *", "2026-01-01T00:00:00Z", "2026-12-31T23:59:00Z"),
        ];
        for (spec, from, want) in table {
            let s = Schedule::parse(spec, Zone::UTC).expect(spec);
            assert_eq!(s.next(at(from)).map(Time::rfc3339), Some(want.to_owned()), "{spec}");
        }
        let never = Schedule::parse("0 0 31 2 *", Zone::UTC).expect("parses");
        assert_eq!(never.next(at("2026-01-01T00:00:00Z")), None);
    }

    #[test]
    fn in_other_zones() {
        let next = |zone: &str, from: &str| {
            let s = Schedule::parse("0 9 * * *", Zone::find(zone).expect(zone)).expect("parses");
            s.next(at(from)).map(Time::rfc3339).unwrap_or_default()
        };
        assert_eq!(next("Asia/Seoul", "2026-01-01T00:00:00Z"), "2026-01-02T00:00:00Z");
        assert_eq!(next("America/New_York", "2026-01-01T00:00:00Z"), "2026-01-01T14:00:00Z");
        assert_eq!(next("America/New_York", "2026-07-01T00:00:00Z"), "2026-07-01T13:00:00Z");
        assert_eq!(next("Europe/Berlin", "2026-03-28T12:00:00Z"), "2026-03-29T07:00:00Z");
    }

    #[test]
    fn what_is_refused() {
        let table = [
            ("", "empty spec string"),
            ("not a schedule", "expected exactly 5 fields, found 3: [not a schedule]"),
            ("61 * * * *", "end of range (61) above maximum (59): 61"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
            ("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
            ("@never", "unrecognized descriptor: @never"),
        ];
        for (spec, want) in table {
            assert_eq!(Schedule::parse(spec, Zone::UTC), Err(want.to_owned()), "{spec}");
        }
    }
}
