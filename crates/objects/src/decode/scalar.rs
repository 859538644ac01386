//! Scalars with a notation of their own: their canonical text, or upstream's complaint.

use clock::Time;

use crate::json::go_quote;
use crate::number::json_float;
use crate::quantity::Quantity;
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
        // Whole, yet no integer: it was written with a point.
        Value::Float(f) if f.fract() == 0.0 && f.abs() < 1e21 => format!("{f:.1}"),
        Value::Float(f) => json_float(*f),
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
    // Twenty characters that parse and have these two are in the form Go writes.
    if !micro && text.len() == 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z') {
        return Ok(None);
    }
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
    let canonical = Quantity::from_value(value).map_err(|e| e.to_string())?.to_string();
    Ok((value.as_str() != Some(&canonical)).then(|| Value::from(canonical)))
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
            assert_eq!(quantity(&given.into()), Ok((given != want).then(|| want.into())), "{given}");
        }
        for wrong in ["1X", "", "1mi"] {
            assert!(quantity(&wrong.into()).is_err(), "{wrong}");
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
