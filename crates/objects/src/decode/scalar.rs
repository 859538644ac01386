//! Scalars with a notation of their own: their canonical text, or upstream's complaint.

use clock::Time;

use crate::json::go_quote;
use crate::{Str, Value, base64};

/// JSON's word for what stands there, as errors say it.
pub(super) fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Float(_) => "number",
        Value::Str(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    }
}

/// The number as its sender wrote it, near enough.
pub(super) fn number(value: &Value) -> String {
    match value {
        Value::Int(i) => i.to_string(),
        Value::Float(f) if f.abs() >= 1e21 => format!("{f:e}").replace('e', "e+"),
        Value::Float(f) => format!("{f:?}"),
        _ => String::new(),
    }
}

/// Checks base64 text; `Some` when Go would write it differently (line breaks within).
pub(super) fn base64(text: &str) -> Result<Option<String>, String> {
    match base64::decode_at(text) {
        Ok(bytes) => Ok(text.contains(['\n', '\r']).then(|| base64::encode(&bytes))),
        Err(at) => Err(format!("illegal base64 data at input byte {at}")),
    }
}

/// Checks a time; `Some` when its canonical text (UTC, the precision of its type) differs.
pub(super) fn time(text: &Str, micro: bool) -> Result<Option<String>, String> {
    let layout = if micro { "2006-01-02T15:04:05.000000Z07:00" } else { "2006-01-02T15:04:05Z07:00" };
    let Some(time) = Time::parse_rfc3339(text) else {
        let at = first_bad_element(text);
        return Err(format!(
            "parsing time {} as {}: cannot parse {} as {}",
            go_quote(text),
            go_quote(layout),
            go_quote(&text[at.0..]),
            go_quote(at.1)
        ));
    };
    let canonical = if micro { micro_text(text, time) } else { time.rfc3339() };
    Ok((canonical != text.as_str()).then_some(canonical))
}

/// Six digits of the fraction, from the text: the clock keeps only milliseconds.
fn micro_text(text: &str, time: Time) -> String {
    let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
    let digits: String =
        fraction.chars().take_while(char::is_ascii_digit).chain("000000".chars()).take(6).collect();
    let whole = time.rfc3339();
    format!("{}.{digits}Z", whole.trim_end_matches('Z'))
}

/// Where reading RFC 3339 stops, and the layout's element expected there.
fn first_bad_element(text: &str) -> (usize, &'static str) {
    const ELEMENTS: [(usize, &str); 11] = [
        (4, "2006"),
        (1, "-"),
        (2, "01"),
        (1, "-"),
        (2, "02"),
        (1, "T"),
        (2, "15"),
        (1, ":"),
        (2, "04"),
        (1, ":"),
        (2, "05"),
    ];
    let bytes = text.as_bytes();
    let mut at = 0;
    for (width, element) in ELEMENTS {
        let Some(part) = bytes.get(at..at + width) else { return (at, element) };
        let fits = if width == 1 { part == element.as_bytes() } else { part.iter().all(u8::is_ascii_digit) };
        if !fits {
            return (text.floor_char_boundary(at), element);
        }
        at += width;
    }
    (text.floor_char_boundary(at), "Z07:00")
}

/// Checks a quantity (text or number); `Some` when its canonical text differs.
pub(super) fn quantity(value: &Value) -> Result<Option<Value>, String> {
    let text = match value {
        Value::Str(s) => s.clone(),
        Value::Int(_) | Value::Float(_) => number(value).into(),
        _ => return Err(FORMAT.to_owned()),
    };
    let canonical = canonical_quantity(text.trim())?;
    Ok((value.as_str() != Some(&canonical)).then(|| Value::from(canonical)))
}

const FORMAT: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const NUMERIC: &str = "unable to parse numeric part of quantity";
const SUFFIX: &str = "unable to parse quantity's suffix";
/// The parts of one: quantities are counted in nanos.
const NANO: i128 = 1_000_000_000;

/// The canonical text of a quantity: the largest suffix that needs no fraction.
fn canonical_quantity(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err(FORMAT.to_owned());
    }
    let (negative, rest) = match text.as_bytes()[0] {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let digits = |s: &str| s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
    let (whole, rest) = rest.split_at(digits(rest));
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(digits(rest)),
        None => ("", rest),
    };
    let letters = suffix.find(|c: char| !"eEinumkKMGTP".contains(c)).unwrap_or(suffix.len());
    let exponent = suffix[letters..].strip_prefix(['+', '-']).unwrap_or(&suffix[letters..]);
    if !exponent.bytes().all(|b| b.is_ascii_digit()) {
        return Err(FORMAT.to_owned());
    }
    let (binary, power, exponential) = interpret(suffix).ok_or(SUFFIX)?;
    let shifted = format!("{whole}{fraction}");
    if shifted.is_empty() {
        return Err(NUMERIC.to_owned());
    }
    let whole_number: Option<i128> = shifted.trim_start_matches('0').get(..).and_then(|s| match s {
        "" => Some(0),
        s if s.len() > 30 => None,
        s => s.parse().ok(),
    });
    let number = whole_number.ok_or(NUMERIC)?;
    // What is canonical already keeps its own text.
    let scale = if binary { 0 } else { power } - fraction.len() as i32;
    let own = match binary {
        true => fraction.is_empty() && number & 7 != 0,
        false => scale >= -9 && scale % 3 == 0 && !shifted.ends_with("000") && !shifted.starts_with('0'),
    };
    if own || text == "0" {
        return Ok(text.to_owned());
    }
    let nanos = nanos(number, fraction.len() as u32, power, binary).unwrap_or(i128::from(i64::MAX) * NANO);
    let below_1024 = nanos < 1024 * NANO;
    let sign = if negative && nanos != 0 { "-" } else { "" };
    if binary && !below_1024 {
        let mut value = (nanos + NANO - 1) / NANO;
        let mut step = 0;
        while value % 1024 == 0 && step < 6 {
            (value, step) = (value / 1024, step + 1);
        }
        return Ok(format!("{sign}{value}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][step]));
    }
    let (mut value, mut power) = (nanos, -9);
    while value != 0 && value % 1000 == 0 && (exponential || power < 18) {
        (value, power) = (value / 1000, power + 3);
    }
    if value == 0 {
        power = 0;
    }
    if exponential {
        return Ok(if power == 0 { format!("{sign}{value}") } else { format!("{sign}{value}e{power}") });
    }
    let step = usize::try_from((power + 9) / 3).unwrap_or(0).min(9);
    Ok(format!("{sign}{value}{}", ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][step]))
}

/// A suffix: whether it is binary, its power (of two or ten), whether it is `e3` notation.
fn interpret(suffix: &str) -> Option<(bool, i32, bool)> {
    let decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    if let Some(i) = decimal.iter().position(|s| *s == suffix) {
        return Some((false, i as i32 * 3 - 9, false));
    }
    if let Some(i) = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|s| *s == suffix) {
        return Some((true, (i as i32 + 1) * 10, false));
    }
    let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    (-1000..=1000).contains(&power).then_some((false, power, true))
}

/// The amount in nanos, rounded up; `None` when it is beyond counting.
fn nanos(number: i128, places: u32, power: i32, binary: bool) -> Option<i128> {
    if binary {
        let shifted = number.checked_mul(1i128 << power)?.checked_mul(NANO)?;
        let unit = 10i128.checked_pow(places)?;
        return Some((shifted + unit - 1) / unit);
    }
    let power = power + 9 - places as i32;
    match u32::try_from(power) {
        Ok(p) => number.checked_mul(10i128.checked_pow(p)?),
        Err(_) => {
            let Some(unit) = 10i128.checked_pow(power.unsigned_abs()) else {
                return Some(i128::from(number != 0));
            };
            Some((number + unit - 1) / unit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_become_canonical() {
        for (given, want) in [
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1.5", "1500m"),
            ("1500m", "1500m"),
            ("100m", "100m"),
            ("1024Mi", "1Gi"),
            ("1000Mi", "1000Mi"),
            ("1500Mi", "1500Mi"),
            ("512Mi", "512Mi"),
            ("0.5Gi", "512Mi"),
            ("1.5Gi", "1536Mi"),
            ("1000", "1k"),
            ("1024Ki", "1Mi"),
            ("0", "0"),
            ("00", "0"),
            ("0Mi", "0"),
            ("1e3", "1e3"),
            ("1000e0", "1e3"),
            ("100M", "100M"),
            ("-0.5", "-500m"),
            ("1Ki", "1Ki"),
            ("8", "8"),
            ("0.1n", "1n"),
        ] {
            assert_eq!(canonical_quantity(given).as_deref(), Ok(want), "{given}");
        }
        for (given, want) in [
            ("1X", FORMAT),
            ("", FORMAT),
            ("abc", FORMAT),
            ("1mi", SUFFIX),
            ("m", NUMERIC),
            ("1.2.3", FORMAT),
        ] {
            assert_eq!(canonical_quantity(given), Err(want.to_owned()), "{given}");
        }
    }

    #[test]
    fn base64_says_where_it_breaks() {
        for (given, want) in [
            ("", Ok(None)),
            ("YQ==", Ok(None)),
            ("YWI=", Ok(None)),
            ("YWJj", Ok(None)),
            ("YWJj\nYWJj\n", Ok(Some("YWJjYWJj"))),
            ("hello world", Err(5)),
            ("YWJ", Err(0)),
            ("YWJjY", Err(4)),
            ("YQ=a", Err(2)),
            ("YQ=", Err(3)),
            ("YWI=x", Err(4)),
            ("=", Err(0)),
        ] {
            let got = base64(given);
            let want = want
                .map(|w| w.map(str::to_owned))
                .map_err(|at| format!("illegal base64 data at input byte {at}"));
            assert_eq!(got, want, "{given:?}");
        }
    }

    #[test]
    fn times_become_utc() {
        let plain = |s: &str| time(&s.into(), false);
        assert_eq!(plain("2026-01-02T03:04:05Z"), Ok(None));
        assert_eq!(plain("2026-01-02T03:04:05+09:00"), Ok(Some("2026-01-01T18:04:05Z".into())));
        assert_eq!(
            plain("tomorrow").unwrap_err(),
            "parsing time \"tomorrow\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"tomorrow\" as \"2006\""
        );
        assert_eq!(time(&"2026-01-02T03:04:05.123456Z".into(), true), Ok(None));
    }
}
