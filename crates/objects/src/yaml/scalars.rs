//! What a plain scalar means: YAML 1.1's booleans, nulls, numbers and dates as goyaml resolves them.
//!
//! Models `go.yaml.in/yaml/v2/resolve.go`. One table serves reading (what `yes` is) and writing (that `"yes"` needs
//! quotes).

use crate::number::{g_float32, json_float, parse_json_number};
use crate::{Str, Value};

pub(super) const LONG_TAG: &str = "tag:yaml.org,2002:";

/// A scalar's value before it becomes JSON.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// Beyond `i64`.
    Uint(u64),
    Float(f64),
    Str(String),
    /// Stays text, but must be quoted on the way out.
    Timestamp(String),
}

impl Scalar {
    fn tag(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Uint(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Timestamp(_) => "timestamp",
        }
    }

    /// What stays after the way through JSON, on which whole floats become integers.
    pub(super) fn into_value(self) -> Result<Value, String> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Int(i) => Value::Int(i),
            Self::Uint(u) => Value::Float(u as f64),
            Self::Float(f) if f.is_nan() => return Err("json: unsupported value: NaN".into()),
            Self::Float(f) if f.is_infinite() => {
                return Err(format!("json: unsupported value: {}Inf", if f > 0.0 { "+" } else { "-" }));
            }
            Self::Float(f) => parse_json_number(&json_float(f)).unwrap_or(Value::Float(f)),
            Self::Str(s) | Self::Timestamp(s) => Value::Str(s.into()),
        })
    }

    /// The text of a map key; none for null and for integers beyond 64 bits.
    pub(super) fn into_key(self) -> Option<Str> {
        Some(match self {
            Self::Null | Self::Uint(_) => return None,
            Self::Bool(b) => Str::new(if b { "true" } else { "false" }),
            Self::Int(i) => i.to_string().into(),
            Self::Float(f) => match g_float32(f).as_str() {
                "+Inf" => ".inf".into(),
                "-Inf" => "-.inf".into(),
                "NaN" => ".nan".into(),
                text => text.into(),
            },
            Self::Str(s) | Self::Timestamp(s) => s.into(),
        })
    }
}

/// Reads the text of a scalar under a tag (empty for none).
pub(super) fn resolve(tag: &str, text: &str) -> Result<Scalar, String> {
    let short = tag.strip_prefix(LONG_TAG);
    if !tag.is_empty() && !matches!(short, Some("str" | "bool" | "int" | "float" | "null" | "timestamp")) {
        return Ok(Scalar::Str(text.into()));
    }
    if short == Some("str") {
        return Ok(Scalar::Str(text.into()));
    }
    let found = plain(text, tag.is_empty() || short == Some("timestamp"));
    match (short, found) {
        (None, found) => Ok(found),
        (Some(want), found) if found.tag() == want => Ok(found),
        (Some("float"), Scalar::Int(i)) => Ok(Scalar::Float(i as f64)),
        (Some(want), found) => Err(format!("cannot decode !!{} `{text}` as a !!{want}", found.tag())),
    }
}

fn plain(text: &str, dates: bool) -> Scalar {
    let Some(&first) = text.as_bytes().first() else { return Scalar::Null };
    if let Some(known) = word(text) {
        return known;
    }
    let found = match first {
        b'.' if underscores_separate(text) => go_float(&text.replace('_', "")).map(Scalar::Float),
        b'+' | b'-' | b'0'..=b'9' => {
            if dates && is_timestamp(text) {
                return Scalar::Timestamp(text.into());
            }
            number(&text.replace('_', ""))
        }
        _ => None,
    };
    found.unwrap_or_else(|| Scalar::Str(text.into()))
}

fn word(text: &str) -> Option<Scalar> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn number(text: &str) -> Option<Scalar> {
    if let Some(i) = go_int(text) {
        return Some(i);
    }
    if is_decimal(text) {
        return go_float(text).map(Scalar::Float);
    }
    None
}

/// `strconv.ParseInt` and `ParseUint` with base 0: 0x, 0o, 0b and a bare leading 0 for octal.
fn go_int(text: &str) -> Option<Scalar> {
    let (negative, body) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = body.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits) = match lower.as_deref() {
        Some("0x") => (16, &body[2..]),
        Some("0o") => (8, &body[2..]),
        Some("0b") => (2, &body[2..]),
        _ if body.len() > 1 && body.starts_with('0') => (8, &body[1..]),
        _ => (10, body),
    };
    if digits.is_empty() || !digits.bytes().all(|b| char::from(b).is_digit(radix)) {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(size).map(Scalar::Int);
    }
    match i64::try_from(size) {
        Ok(i) => Some(Scalar::Int(i)),
        // ParseUint takes no sign.
        Err(_) if text.starts_with('+') => None,
        Err(_) => Some(Scalar::Uint(size)),
    }
}

/// Go takes underscores only between digits.
fn underscores_separate(text: &str) -> bool {
    let b = text.as_bytes();
    let digit = |i: usize| b.get(i).is_some_and(u8::is_ascii_digit);
    (0..b.len()).all(|i| b[i] != b'_' || (i > 0 && digit(i - 1) && digit(i + 1)))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal(text: &str) -> bool {
    fn digits(s: &str) -> usize {
        s.bytes().take_while(u8::is_ascii_digit).count()
    }
    let s = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = digits(s);
    let mut rest = &s[whole..];
    if let Some(after) = rest.strip_prefix('.') {
        let fraction = digits(after);
        if whole == 0 && fraction == 0 {
            return false;
        }
        rest = &after[fraction..];
    } else if whole == 0 {
        return false;
    }
    if let Some(after) = rest.strip_prefix(['e', 'E']) {
        let after = after.strip_prefix(['+', '-']).unwrap_or(after);
        let exponent = digits(after);
        return exponent > 0 && exponent == after.len();
    }
    rest.is_empty()
}

/// `strconv.ParseFloat` on text that starts with a sign, a digit or a dot.
fn go_float(text: &str) -> Option<f64> {
    if !is_decimal(text) {
        return None;
    }
    text.parse::<f64>().ok().filter(|f| f.is_finite())
}

/// The four date forms goyaml knows.
fn is_timestamp(text: &str) -> bool {
    let b = text.as_bytes();
    if b.len() < 6 || !b[..4].iter().all(u8::is_ascii_digit) || b[4] != b'-' {
        return false;
    }
    let Some((month, rest)) = short_number(&text[5..]) else { return false };
    let Some((day, rest)) = rest.strip_prefix('-').and_then(short_number) else { return false };
    let year: u32 = text[..4].parse().unwrap_or(0);
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return false;
    }
    let (zone, rest) = match rest.as_bytes().first() {
        None => return true,
        Some(b'T' | b't') => (true, &rest[1..]),
        Some(b' ') => (false, rest.trim_start_matches(' ')),
        _ => return false,
    };
    let Some((hour, rest)) = two_digits(rest) else { return false };
    let Some((minute, rest)) = rest.strip_prefix(':').and_then(short_number) else { return false };
    let Some((second, mut rest)) = rest.strip_prefix(':').and_then(short_number) else { return false };
    if hour > 23 || minute > 59 || second > 59 {
        return false;
    }
    if let Some(after) = rest.strip_prefix(['.', ',']) {
        let n = after.bytes().take_while(u8::is_ascii_digit).count();
        if n == 0 {
            return false;
        }
        rest = &after[n..];
    }
    if zone { rest == "Z" || is_offset(rest) } else { rest.is_empty() }
}

fn is_offset(text: &str) -> bool {
    let b = text.as_bytes();
    b.len() == 6
        && matches!(b[0], b'+' | b'-')
        && b[3] == b':'
        && [1, 2, 4, 5].iter().all(|i| b[*i].is_ascii_digit())
        && &text[1..3] <= "24"
        && &text[4..6] < "60"
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// One or two digits.
fn short_number(text: &str) -> Option<(u32, &str)> {
    let n = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    Some((text[..n].parse().ok()?, &text[n..]))
}

/// Exactly two digits, or one that no digit follows.
fn two_digits(text: &str) -> Option<(u32, &str)> {
    short_number(text)
}

/// True when `text`, written plain, would be read as something else than itself.
pub(super) fn needs_quotes(text: &str) -> bool {
    !matches!(plain(text, true), Scalar::Str(_)) || is_base60(text)
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`: a number to other YAML 1.1 readers, so it is quoted.
fn is_base60(text: &str) -> bool {
    let s = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = s.split(':');
    let first = parts.next().unwrap_or_default();
    if !first.starts_with(|c: char| c.is_ascii_digit())
        || !first.bytes().all(|b| b.is_ascii_digit() || b == b'_')
    {
        return false;
    }
    let rest: Vec<&str> = parts.collect();
    let Some((last, middle)) = rest.split_last() else { return false };
    fn sixty(part: &str) -> bool {
        match part.as_bytes() {
            [a] => a.is_ascii_digit(),
            [a, b] => (b'0'..=b'5').contains(a) && b.is_ascii_digit(),
            _ => false,
        }
    }
    let (last, fraction) = last.split_once('.').unwrap_or((last, ""));
    middle.iter().all(|p| sixty(p))
        && sixty(last)
        && fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}
