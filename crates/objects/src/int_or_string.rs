//! A field that is a number or a text: ports by number or name, amounts by count or percentage.
//!
//! Models `k8s.io/apimachinery/pkg/util/intstr`.

use crate::Value;
use crate::json::go_quote;

/// The number a count or percentage comes to; `total` is what the percentage is of.
///
/// # Errors
/// Upstream's text, such as `invalid value for IntOrString: invalid type: string is not a percentage`.
pub fn scaled(value: &Value, total: i64, round_up: bool) -> Result<i64, String> {
    match value {
        Value::Null => Err("nil value for IntOrString".into()),
        Value::Str(text) => {
            let Some(percent) = text.strip_suffix('%') else {
                return Err("invalid value for IntOrString: invalid type: string is not a percentage".into());
            };
            let percent: i64 = percent.parse().map_err(|_| {
                let why = format!("strconv.Atoi: parsing {}: invalid syntax", go_quote(percent));
                format!("invalid value for IntOrString: invalid value {}: {why}", go_quote(text))
            })?;
            let share = percent as f64 * total as f64 / 100.0;
            Ok(if round_up { share.ceil() } else { share.floor() } as i64)
        }
        other => Ok(other.int()),
    }
}

/// The text kubectl prints: the string, or the number.
#[must_use]
pub fn text(value: &Value) -> String {
    match value {
        Value::Str(s) => s.to_string(),
        other => other.int().to_string(),
    }
}

/// A text from a command line: a number if it is one of 32 bits, else a string.
#[must_use]
pub fn parse(text: &str) -> Value {
    text.parse::<i32>().map_or_else(|_| Value::from(text), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_percentages() {
        for (value, total, up, expected) in [
            (Value::Int(3), 10, true, Ok(3)),
            (Value::from("25%"), 10, true, Ok(3)),
            (Value::from("25%"), 10, false, Ok(2)),
            (Value::from("100%"), 3, false, Ok(3)),
            (
                Value::from("3"),
                10,
                true,
                Err("invalid value for IntOrString: invalid type: string is not a percentage"),
            ),
            (
                Value::from("x%"),
                10,
                true,
                Err(
                    "invalid value for IntOrString: invalid value \"x%\": strconv.Atoi: parsing \"x\": invalid syntax",
                ),
            ),
        ] {
            assert_eq!(scaled(&value, total, up), expected.map_err(str::to_owned), "{value:?}");
        }
        assert_eq!((parse("80"), parse("http")), (Value::Int(80), Value::from("http")));
        assert_eq!((text(&Value::Int(80)), text(&Value::from("http"))), ("80".into(), "http".into()));
    }
}
