//! Numbers in Go's spelling: what `strconv.FormatFloat` and `encoding/json` print.
//!
//! Models `strconv/ftoa.go` (shortest form) and `encoding/json/encode.go` floatEncoder.

use crate::Value;

/// Sign, shortest decimal digits, and the exponent of the first digit.
fn digits(text: &str) -> (bool, String, i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let negative = mantissa.starts_with('-');
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    (negative, digits, exponent.parse().unwrap_or(0))
}

fn plain(digits: &str, exponent: i32) -> String {
    let mut out = String::new();
    if exponent < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', (-exponent - 1) as usize));
        out.push_str(digits);
    } else {
        let whole = exponent as usize + 1;
        if digits.len() <= whole {
            out.push_str(digits);
            out.extend(std::iter::repeat_n('0', whole - digits.len()));
        } else {
            out.push_str(&digits[..whole]);
            out.push('.');
            out.push_str(&digits[whole..]);
        }
    }
    out
}

fn scientific(digits: &str, exponent: i32, pad: bool) -> String {
    let (head, tail) = digits.split_at(1);
    let dot = if tail.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    let size = exponent.unsigned_abs();
    if pad { format!("{head}{dot}{tail}e{sign}{size:02}") } else { format!("{head}{dot}{tail}e{sign}{size}") }
}

/// A float as `encoding/json` writes it: plain between 1e-6 and 1e21, else with an exponent.
#[must_use]
pub fn json_float(f: f64) -> String {
    let (negative, digits, exponent) = digits(&format!("{f:e}"));
    let body = if f != 0.0 && (f.abs() < 1e-6 || f.abs() >= 1e21) {
        // Go cleans e-09 up to e-9 and leaves e+21.
        scientific(&digits, exponent, false)
    } else {
        plain(&digits, exponent)
    };
    if negative { format!("-{body}") } else { body }
}

fn g(text: &str) -> String {
    let (negative, digits, exponent) = digits(text);
    let body = if !(-4..6).contains(&exponent) {
        scientific(&digits, exponent, true)
    } else {
        plain(&digits, exponent)
    };
    if negative { format!("-{body}") } else { body }
}

/// `strconv.FormatFloat(f, 'g', -1, 64)`.
#[must_use]
pub fn g_float(f: f64) -> String {
    match f {
        _ if f.is_nan() => "NaN".into(),
        _ if f.is_infinite() => String::from(if f > 0.0 { "+Inf" } else { "-Inf" }),
        _ => g(&format!("{f:e}")),
    }
}

/// `strconv.FormatFloat(f, 'g', -1, 32)`.
#[must_use]
pub fn g_float32(f: f64) -> String {
    let f = f as f32;
    if f.is_finite() { g(&format!("{f:e}")) } else { g_float(f64::from(f)) }
}

/// The value of a JSON number's text: an integer if it is one that fits, else a float; none if it is out of range.
#[must_use]
pub fn parse_json_number(text: &str) -> Option<Value> {
    if let Ok(i) = text.parse::<i64>() {
        return Some(Value::Int(i));
    }
    text.parse::<f64>().ok().filter(|f| f.is_finite()).map(Value::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_in_go() {
        for (f, json, g) in [
            (0.0, "0", "0"),
            (-0.5, "-0.5", "-0.5"),
            (100_000.0, "100000", "100000"),
            (1e6, "1000000", "1e+06"),
            (123_456_789.5, "123456789.5", "1.234567895e+08"),
            (1e20, "100000000000000000000", "1e+20"),
            (1e21, "1e+21", "1e+21"),
            (0.000_1, "0.0001", "0.0001"),
            (0.000_01, "0.00001", "1e-05"),
            (1.5e-9, "1.5e-9", "1.5e-09"),
        ] {
            assert_eq!((json_float(f).as_str(), g_float(f).as_str()), (json, g));
        }
        assert_eq!(g_float32(1.1), "1.1");
    }
}
