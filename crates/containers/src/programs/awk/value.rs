//! awk's values: numbers, texts, and texts from outside that may be numbers.

use crate::programs::printf;

#[derive(Clone, Debug)]
pub(super) enum Value {
    Number(f64),
    Text(String),
    /// Text from outside that compares as a number if it looks like one.
    Input(String),
    Unset,
    /// A parameter without a value: the array it is, should it be used as one.
    Array(String),
}

impl Value {
    pub(super) fn bit(b: bool) -> Self {
        Self::Number(f64::from(u8::from(b)))
    }

    pub(super) fn text(&self, format: &str) -> String {
        match self {
            Self::Number(n) => number_text(*n, format),
            Self::Text(t) | Self::Input(t) => t.clone(),
            Self::Unset | Self::Array(_) => String::new(),
        }
    }

    pub(super) fn number(&self) -> f64 {
        match self {
            Self::Number(n) => *n,
            Self::Text(t) | Self::Input(t) => parse_number(t).0,
            Self::Unset | Self::Array(_) => 0.0,
        }
    }

    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Number(n) => *n != 0.0,
            Self::Text(t) => !t.is_empty(),
            Self::Input(t) => match parse_number(t) {
                (n, true) => n != 0.0,
                _ => !t.is_empty(),
            },
            Self::Unset | Self::Array(_) => false,
        }
    }

    /// Whether it compares as a number.
    pub(super) fn is_numeric(&self) -> bool {
        match self {
            Self::Number(_) | Self::Unset | Self::Array(_) => true,
            Self::Input(t) => parse_number(t).1,
            Self::Text(_) => false,
        }
    }
}

fn number_text(n: f64, format: &str) -> String {
    if n == n.trunc() && n.abs() < 1e16 {
        return format!("{}", n as i64);
    }
    String::from_utf8_lossy(&printf::render(&[format.into(), n.to_string()], true).0).into_owned()
}

/// The number a text begins with, and whether that is all of it.
pub(super) fn parse_number(text: &str) -> (f64, bool) {
    let t = text.trim();
    if let Ok(n) = t.parse::<f64>()
        && t.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
    {
        return (n, true);
    }
    let mut end = 0;
    let bytes = t.as_bytes();
    let mut seen = (false, false, false);
    while let Some(b) = bytes.get(end) {
        match b {
            b'0'..=b'9' => seen.0 = true,
            b'+' | b'-' if end == 0 || matches!(bytes[end - 1], b'e' | b'E') => {}
            b'.' if !seen.1 && !seen.2 => seen.1 = true,
            b'e' | b'E' if seen.0 && !seen.2 && bytes.get(end + 1).is_some_and(|n| n.is_ascii_digit()) => {
                seen.2 = true
            }
            _ => break,
        }
        end += 1;
    }
    (t[..end].parse().unwrap_or(0.0), false)
}
