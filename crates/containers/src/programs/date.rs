//! `date`: the virtual now, in UTC.

use clock::Time;

use super::args::Args;
use crate::machine::Sys;

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// An instant by a `strftime` format.
pub(crate) fn format(t: Time, format: &str) -> String {
    let (year, month, day, hour, minute, second) = t.civil();
    let weekday = DAYS[t.weekday() as usize % 7];
    let month_name = MONTHS[(month as usize + 11) % 12];
    let year_day = t.since(Time::from_civil(year, 1, 1, 0, 0, 0)) / 86_400_000 + 1;
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let plain = chars.next_if_eq(&'-').is_some();
        let mut digits = String::new();
        while let Some(d) = chars.next_if(char::is_ascii_digit) {
            digits.push(d);
        }
        let two = |n: u32| if plain { n.to_string() } else { format!("{n:02}") };
        match chars.next() {
            Some('Y') => out.push_str(&year.to_string()),
            Some('y') => out.push_str(&two((year % 100) as u32)),
            Some('m') => out.push_str(&two(month)),
            Some('d') => out.push_str(&two(day)),
            Some('e') => out.push_str(&format!("{day:2}")),
            Some('H') => out.push_str(&two(hour)),
            Some('I') => out.push_str(&two(twelve)),
            Some('M') => out.push_str(&two(minute)),
            Some('S') => out.push_str(&two(second)),
            Some('p') => out.push_str(if hour < 12 { "AM" } else { "PM" }),
            Some('j') => out.push_str(&format!("{year_day:03}")),
            Some('u') => out.push_str(&((t.weekday() + 6) % 7 + 1).to_string()),
            Some('w') => out.push_str(&t.weekday().to_string()),
            Some('a') => out.push_str(&weekday[..3]),
            Some('A') => out.push_str(weekday),
            Some('b' | 'h') => out.push_str(&month_name[..3]),
            Some('B') => out.push_str(month_name),
            Some('F') => out.push_str(&format!("{year:04}-{month:02}-{day:02}")),
            Some('T' | 'X') => out.push_str(&format!("{hour:02}:{minute:02}:{second:02}")),
            Some('R') => out.push_str(&format!("{hour:02}:{minute:02}")),
            Some('D' | 'x') => out.push_str(&format!("{month:02}/{day:02}/{:02}", year % 100)),
            Some('c') => out.push_str(&self::format(t, "%a %b %e %H:%M:%S %Y")),
            Some('r') => out.push_str(&self::format(t, "%I:%M:%S %p")),
            Some('s') => out.push_str(&t.0.div_euclid(1000).to_string()),
            Some('N') => {
                let nanos = format!("{:09}", t.0.rem_euclid(1000) * 1_000_000);
                out.push_str(&nanos[..digits.parse().unwrap_or(9).clamp(1, 9)]);
            }
            Some('Z') => out.push_str("UTC"),
            Some('z') => out.push_str("+0000"),
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('%') => out.push('%'),
            Some(c) => out.extend(['%', c]),
            None => out.push('%'),
        }
    }
    out
}

/// `2024-01-15`, `2024-01-15 10:30`, an RFC 3339 instant.
fn parse_instant(text: &str) -> Option<Time> {
    let rfc = text.replacen(' ', "T", 1);
    for candidate in [rfc.clone(), format!("{rfc}Z"), format!("{rfc}T00:00:00Z"), format!("{rfc}:00Z")] {
        if let Some(t) = Time::parse_rfc3339(&candidate) {
            return Some(t);
        }
    }
    None
}

/// The same day of a month later or earlier.
fn months_on(at: Time, months: i64) -> Option<Time> {
    let (year, month, day, hour, minute, second) = at.civil();
    let n = year.checked_mul(12)?.checked_add(i64::from(month) - 1)?.checked_add(months)?;
    let year = Some(n.div_euclid(12)).filter(|y| (1..10_000).contains(y))?;
    Some(Time::from_civil(year, n.rem_euclid(12) as u32 + 1, day, hour, minute, second))
}

/// `2026-01-02`, `2026-01-02 03:04:05`, RFC 3339, `@seconds`, `now`, `yesterday`, `-1 day` and their like.
pub(super) fn parse(text: &str, now: Time) -> Option<Time> {
    if let Some(seconds) = text.strip_prefix('@') {
        return Some(Time(seconds.parse::<i64>().ok()?.checked_mul(1000)?));
    }
    if let Some(t) = parse_instant(text) {
        return Some(t);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    // An instant may come before what is added to it.
    let instant =
        (1..words.len().min(3)).rev().find_map(|n| Some((parse_instant(&words[..n].join(" "))?, n)));
    let (mut at, mut i) = instant.unwrap_or((now, 0));
    while i < words.len() {
        match words[i] {
            "now" | "today" => {}
            "yesterday" => at = at - 86_400_000,
            "tomorrow" => at = at + 86_400_000,
            number => {
                let n: i64 = match number {
                    "next" => 1,
                    "last" => -1,
                    number => number.trim_start_matches('+').parse().ok()?,
                };
                i += 1;
                let unit = match words.get(i)?.trim_end_matches('s') {
                    "sec" | "second" => 1000,
                    "min" | "minute" => 60_000,
                    "hour" => 3_600_000,
                    "day" => 86_400_000,
                    "week" => 604_800_000,
                    unit @ ("month" | "year") => {
                        let months = if unit == "month" { n } else { n.checked_mul(12)? };
                        let ago = words.get(i + 1) == Some(&"ago");
                        at = months_on(at, if ago { -months } else { months })?;
                        i += 1 + usize::from(ago);
                        continue;
                    }
                    _ => return None,
                };
                let sign = if words.get(i + 1) == Some(&"ago") { -1 } else { 1 };
                i += usize::from(sign < 0);
                at = at + n.checked_mul(unit)? * sign;
            }
        }
        i += 1;
    }
    Some(at)
}

pub(super) fn run(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "uRd:r:s:I") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let mut at = sys.now();
    if let Some(file) = args.value('r') {
        let path = sys.path(file);
        match sys.fs().get(&path).map(|n| n.meta().mtime) {
            Ok(t) => at = t,
            Err(e) => return super::usage(sys, &format!("date: {file}: {e}\n")),
        }
    }
    if let Some(text) = args.value('d').or(args.long_value("date")) {
        match parse(text, at) {
            Some(t) => at = t,
            None => {
                let text = if sys.gnu() {
                    format!("date: invalid date ‘{text}’\n")
                } else {
                    format!("date: invalid date '{text}'\n")
                };
                return super::usage(sys, &text);
            }
        }
    }
    let text = match args.rest.first().and_then(|f| f.strip_prefix('+')) {
        Some(f) => format(at, f),
        None if args.has('I') || args.long("iso-8601") => format(at, "%F"),
        None if args.has('R') => format(at, "%a, %d %b %Y %H:%M:%S +0000"),
        None if !args.rest.is_empty() => {
            return super::usage(sys, &format!("date: invalid date '{}'\n", args.rest[0]));
        }
        None => format(at, "%a %b %e %H:%M:%S UTC %Y"),
    };
    sys.out(format!("{text}\n"));
    0
}
