//! Numbers and names as a reader sees them: clock readings, quantities, shortened names.
//!
//! Owns: texts that are the same in both languages. Does not own: words (`i18n`).

use objects::Value;
use smol_str::{SmolStr, format_smolstr};

/// `00:03:42.1`: hours, minutes, seconds and tenths of a span in milliseconds.
#[must_use]
pub fn reading(span: i64) -> SmolStr {
    let tenths = span.max(0) / 100;
    let (s, m, h) = (tenths / 10 % 60, tenths / 600 % 60, tenths / 36_000);
    format_smolstr!("{h:02}:{m:02}:{s:02}.{}", tenths % 10)
}

/// `03:42`, or `1:03:42` from an hour on.
#[must_use]
pub fn minutes(span: i64) -> SmolStr {
    let secs = span.max(0) / 1000;
    let (s, m, h) = (secs % 60, secs / 60 % 60, secs / 3600);
    if h > 0 { format_smolstr!("{h}:{m:02}:{s:02}") } else { format_smolstr!("{m:02}:{s:02}") }
}

/// Whole seconds until `due`, rounded up; never negative.
#[must_use]
pub fn seconds_left(due: i64, now: i64) -> i64 {
    (due - now).max(0).div_euclid(1000) + i64::from((due - now).max(0) % 1000 > 0)
}

/// Thousandths of a cpu: `400m` is 400, `0.5` is 500, `2` is 2000. What is no quantity counts as 0.
#[must_use]
pub fn millicpu(value: &Value) -> i64 {
    if let Some(whole) = value.as_int() {
        return whole * 1000;
    }
    let text = value.text();
    match text.strip_suffix('m') {
        Some(number) => number.parse().unwrap_or(0),
        None => decimal(text, 1000),
    }
}

/// A quantity in whole units, bytes for memory. What is no quantity counts as 0.
#[must_use]
pub fn bytes(value: &Value) -> i64 {
    value
        .as_int()
        .unwrap_or_else(|| if value.is_null() { 0 } else { objects::quantity::Quantity::of(value).value() })
}

/// `512Mi`, `7.8Gi`: memory as one reads it.
#[must_use]
pub fn memory(bytes: i64) -> SmolStr {
    let mi = bytes >> 20;
    match mi {
        0..1024 => format_smolstr!("{mi}Mi"),
        _ if mi % 1024 == 0 || mi >= 102_400 => format_smolstr!("{}Gi", mi / 1024),
        _ => format_smolstr!("{}.{}Gi", mi / 1024, mi % 1024 * 10 / 1024),
    }
}

/// `text` times `scale`, reading at most three decimals.
fn decimal(text: &str, scale: i64) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let mut thousandths: i64 = 0;
    for place in 0..3 {
        let digit = part.as_bytes().get(place).map_or(0, |b| i64::from(b.wrapping_sub(b'0') % 10));
        thousandths = thousandths * 10 + digit;
    }
    whole.parse::<i64>().unwrap_or(0) * scale + thousandths * scale / 1000
}

/// `400m` for less than a cpu that is not whole, else `2` or `1.5`.
#[must_use]
pub fn cpus(milli: i64) -> SmolStr {
    match (milli / 1000, milli % 1000) {
        (whole, 0) => format_smolstr!("{whole}"),
        (whole, part) if part % 100 == 0 => format_smolstr!("{whole}.{}", part / 100),
        (whole, part) => format_smolstr!("{whole}.{:02}", part / 10),
    }
}

/// An image without its host and library folders: `docker.io/library/nginx:1.27` is `nginx:1.27`.
#[must_use]
pub fn short_image(image: &str) -> &str {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    image.rsplit_once('/').map_or(image, |(_, name)| name)
}

/// What tells a pod from its siblings: the part of `name` that its owner's name does not hold.
#[must_use]
pub fn suffix<'a>(name: &'a str, owner: &str) -> &'a str {
    name.strip_prefix(owner)
        .and_then(|rest| rest.strip_prefix('-'))
        .filter(|rest| !rest.is_empty())
        .unwrap_or(name)
}

/// `text` cut to what fits `px` when one letter takes `letter` tenths of a px, with an ellipsis where it was cut.
#[must_use]
pub fn fit(text: &str, px: i32, letter: i32) -> SmolStr {
    let room = usize::try_from(px.max(0) * 10 / letter.max(1)).unwrap_or(0);
    if text.chars().count() <= room {
        return text.into();
    }
    let mut out: String = text.chars().take(room.saturating_sub(1)).collect();
    out.push('…');
    out.into()
}

/// As [`fit`], but keeps the end: what tells siblings apart stands there.
#[must_use]
pub fn fit_end(text: &str, px: i32, letter: i32) -> SmolStr {
    let room = usize::try_from(px.max(0) * 10 / letter.max(1)).unwrap_or(0);
    let count = text.chars().count();
    if count <= room {
        return text.into();
    }
    let mut out = String::from("…");
    out.extend(text.chars().skip(count - room.saturating_sub(1).min(count)));
    out.into()
}

/// Tenths of a px a monospaced letter takes at a size in half px (`25` is 12.5 px).
#[must_use]
pub const fn mono(half_px: i32) -> i32 {
    half_px * 301 / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_readings() {
        assert_eq!(reading(222_140), "00:03:42.1");
        assert_eq!(reading(-5), "00:00:00.0");
        assert_eq!(reading(3_600_000 * 27), "27:00:00.0");
        assert_eq!(minutes(222_999), "03:42");
        assert_eq!(minutes(3_822_000), "1:03:42");
        assert_eq!(seconds_left(11_001, 1), 11);
        assert_eq!(seconds_left(11_002, 1), 12);
        assert_eq!(seconds_left(1, 11), 0);
    }

    #[test]
    fn quantities_of_cpu() {
        for (text, milli) in [("400m", 400), ("2", 2000), ("0.5", 500), ("1.25", 1250), ("", 0), ("x", 0)] {
            assert_eq!(millicpu(&Value::str(text)), milli, "{text}");
        }
        assert_eq!(millicpu(&Value::from(3)), 3000);
        for (milli, text) in [(400, "0.4"), (2000, "2"), (1250, "1.25"), (0, "0"), (50, "0.05")] {
            assert_eq!(cpus(milli), text);
        }
    }

    #[test]
    fn names_are_shortened_where_nothing_is_lost() {
        assert_eq!(short_image("docker.io/library/nginx:1.27"), "nginx:1.27");
        assert_eq!(short_image("localhost:5000/a/b:2@sha256:00"), "b:2");
        assert_eq!(suffix("web-5d9c7b8f4d-2xkqz", "web-5d9c7b8f4d"), "2xkqz");
        assert_eq!(suffix("web-0", "web"), "0");
        assert_eq!(suffix("web", "web"), "web");
        assert_eq!(suffix("webby", "web"), "webby");
        assert_eq!(fit("nginx:1.14.2", 60, 70), "nginx:1…");
        assert_eq!(fit("nginx", 60, 70), "nginx");
        assert_eq!(fit_end("web-66b9cb6d4d", 77, 70), "…66b9cb6d4d");
        assert_eq!(fit_end("web", 0, 70), "…");
    }
}
