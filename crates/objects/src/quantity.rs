//! Quantities: `500m`, `1Gi`, `2e3`.
//!
//! Owns: parsing with upstream's errors, the canonical text, arithmetic and comparison. Amounts are whole numbers of
//! nano units in 128 bits, which covers every quantity of use; larger ones stop at the end of that range.
//! Models `k8s.io/apimachinery/pkg/api/resource`. Not modelled: amounts beyond 1.7e29 units, and
//! that upstream drops the suffix of a thousand E.

use std::cmp::Ordering;
use std::fmt;

use crate::{Str, Value};

const NANO: i128 = 1_000_000_000;

/// How an amount prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `12M`
    Decimal,
    /// `12Mi`
    Binary,
    /// `12e6`
    Exponent,
}

/// An amount of a resource.
#[derive(Clone, Debug)]
pub struct Quantity {
    nanos: i128,
    format: Format,
    /// The text it was read from, where upstream would print that again.
    text: Option<Str>,
}

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    #[error("unable to parse numeric part of quantity")]
    Numeric,
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

fn split(text: &str) -> Result<Parts<'_>, Error> {
    fn digits(s: &str) -> usize {
        s.bytes().take_while(u8::is_ascii_digit).count()
    }
    let negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text).trim_start_matches('0');
    let (whole, mut rest) = unsigned.split_at(digits(unsigned));
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix('.') {
        (fraction, rest) = after.split_at(digits(after));
    }
    let letters = rest.bytes().take_while(|b| b"eEinumkKMGTP".contains(b)).count();
    let tail = &rest[letters..];
    let exponent = tail.strip_prefix(['-', '+']).unwrap_or(tail);
    if digits(exponent) != exponent.len() {
        return Err(Error::Format);
    }
    Ok(Parts { negative, whole: if whole.is_empty() { "0" } else { whole }, fraction, suffix: rest })
}

/// What a suffix multiplies by: a power of ten, or of two.
fn interpret(suffix: &str) -> Result<(Format, i32), Error> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(s, _)| *s == suffix) {
        return Ok((Format::Decimal, *exponent));
    }
    if let Some((_, exponent)) = BINARY.iter().find(|(s, _)| *s == suffix) {
        return Ok((Format::Binary, *exponent as i32));
    }
    let exponent = suffix.strip_prefix(['e', 'E']).filter(|e| !e.is_empty()).ok_or(Error::Suffix)?;
    let exponent: i64 = exponent.parse().map_err(|_| Error::Suffix)?;
    Ok((Format::Exponent, exponent.clamp(-1000, 1000) as i32))
}

impl Quantity {
    /// # Errors
    /// Upstream's three.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(Error::Format);
        }
        let parts = split(text)?;
        let (mut format, exponent) = interpret(parts.suffix)?;
        let length = (parts.whole.len() + parts.fraction.len()) as i32;
        let digits = format!("{}{}", parts.whole, parts.fraction);
        let places = parts.fraction.len() as i32;
        let mut nanos = match format {
            Format::Binary => {
                // Multiplied first, so that nothing is lost.
                let units = scale(&digits, 0).saturating_mul(1_i128 << exponent);
                if units == i128::MAX { units } else { scale(&units.to_string(), 9 - places) }
            }
            Format::Decimal | Format::Exponent => scale(&digits, exponent + 9 - places),
        };
        // Upstream's fast path: what is canonical there keeps its text, and having no digit at all is no error.
        let small: u64 = digits.parse().unwrap_or(0);
        let (fast, canonical) = match format {
            Format::Binary => {
                let precision = 15 - parts.whole.len() as i32 - exponent * 3 / 10 - 1;
                (places == 0 && precision >= 0, small & 7 != 0)
            }
            Format::Decimal | Format::Exponent => {
                let scale = exponent - places;
                (
                    length <= 18 && scale >= -9,
                    scale % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0'),
                )
            }
        };
        if !fast && !text[..text.len() - parts.suffix.len()].contains(|c: char| c.is_ascii_digit()) {
            return Err(Error::Numeric);
        }
        let keep = (fast && canonical) || (nanos == i128::MAX && format != Format::Binary);
        if format == Format::Binary {
            nanos = nanos.min(i128::from(i64::MAX) * NANO);
            if nanos > 0 && nanos < NANO {
                format = Format::Decimal;
            }
        }
        if parts.negative {
            nanos = -nanos;
        }
        let text = if keep || text == "0" { Some(text.into()) } else { None };
        Ok(Self { nanos, format, text })
    }

    /// A quantity as it stands in an object: a string or a number; null is zero.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        match value {
            Value::Null => Ok(Self::zero()),
            Value::Str(s) => Self::parse(s.trim()),
            Value::Int(i) => Self::parse(&i.to_string()),
            Value::Float(f) => Self::parse(&crate::number::json_float(*f)),
            _ => Err(Error::Format),
        }
    }

    /// The quantity in an object, zero if it is none: for reading what was validated.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        Self::from_value(value).unwrap_or_else(|_| Self::zero())
    }

    #[must_use]
    pub fn zero() -> Self {
        Self { nanos: 0, format: Format::Decimal, text: None }
    }

    #[must_use]
    pub fn from_units(units: i64, format: Format) -> Self {
        Self { nanos: i128::from(units) * NANO, format, text: None }
    }

    #[must_use]
    pub fn from_millis(millis: i64, format: Format) -> Self {
        Self { nanos: i128::from(millis) * (NANO / 1000), format, text: None }
    }

    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.nanos < 0
    }

    /// Whole units, rounded away from zero.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.scaled(NANO)
    }

    /// Thousandths, rounded away from zero: what CPU is counted in.
    #[must_use]
    pub fn milli_value(&self) -> i64 {
        self.scaled(NANO / 1000)
    }

    #[must_use]
    pub fn as_float(&self) -> f64 {
        self.nanos as f64 / NANO as f64
    }

    fn scaled(&self, unit: i128) -> i64 {
        let rounded = self.nanos / unit + (self.nanos % unit).signum();
        rounded.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    /// Adds; a zero takes the other's way of printing.
    pub fn add(&mut self, other: &Self) {
        self.change(other, self.nanos.saturating_add(other.nanos));
    }

    pub fn sub(&mut self, other: &Self) {
        self.change(other, self.nanos.saturating_sub(other.nanos));
    }

    fn change(&mut self, other: &Self, nanos: i128) {
        if self.is_zero() {
            self.format = other.format;
        }
        (self.nanos, self.text) = (nanos, None);
    }

    /// The canonical text, whatever text it was read from.
    #[must_use]
    pub fn canonical(&self) -> String {
        if self.nanos == 0 {
            return "0".into();
        }
        let small = self.nanos.abs() < 1024 * NANO;
        if self.format == Format::Binary && !small && self.nanos % NANO == 0 {
            let (mut amount, mut power) = (self.nanos / NANO, 0);
            while amount % 1024 == 0 && power < BINARY.len() {
                amount /= 1024;
                power += 1;
            }
            return format!("{amount}{}", if power == 0 { "" } else { BINARY[power - 1].0 });
        }
        let (mut amount, mut exponent) = (self.nanos, -9);
        while amount % 10 == 0 {
            amount /= 10;
            exponent += 1;
        }
        while exponent % 3 != 0 || (exponent > 18 && self.format != Format::Exponent) {
            amount = amount.saturating_mul(10);
            exponent -= 1;
        }
        if self.format == Format::Exponent {
            return if exponent == 0 { amount.to_string() } else { format!("{amount}e{exponent}") };
        }
        let suffix = DECIMAL.iter().find(|(_, e)| *e == exponent).map_or("", |(s, _)| s);
        format!("{amount}{suffix}")
    }
}

/// `digits` times ten to the `power`, rounded up, at most the largest `i128`.
fn scale(digits: &str, power: i32) -> i128 {
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return 0;
    }
    if power >= 0 {
        if digits.len() + power as usize > 38 {
            return i128::MAX;
        }
        return digits.parse::<i128>().map_or(i128::MAX, |n| n.saturating_mul(10_i128.pow(power as u32)));
    }
    let cut = power.unsigned_abs() as usize;
    if digits.len() <= cut {
        return 1;
    }
    let (kept, lost) = digits.split_at(digits.len() - cut);
    let up = i128::from(lost.bytes().any(|b| b != b'0'));
    kept.parse::<i128>().map_or(i128::MAX, |n| n.saturating_add(up))
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => f.write_str(text),
            None => f.write_str(&self.canonical()),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl From<&Quantity> for Value {
    fn from(q: &Quantity) -> Self {
        Value::from(q.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_print_as_upstream_prints_them() {
        for (text, printed) in [
            ("0", "0"),
            ("100m", "100m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("0.5", "500m"),
            ("1.5", "1500m"),
            (".5", "500m"),
            ("1.500", "1.500"),
            ("1000", "1k"),
            ("1024", "1024"),
            ("128Mi", "128Mi"),
            ("1024Mi", "1Gi"),
            ("1500Mi", "1500Mi"),
            ("0.5Gi", "512Mi"),
            ("1.5Gi", "1536Mi"),
            ("1023Ki", "1023Ki"),
            ("0.5Mi", "512Ki"),
            ("0.0001Ki", "102400u"),
            ("1e3", "1e3"),
            ("1E3", "1E3"),
            ("1000e0", "1e3"),
            ("12e6", "12e6"),
            ("0.1n", "1n"),
            ("1.0", "1"),
            ("+5", "+5"),
            ("-1", "-1"),
            ("-1500m", "-1500m"),
            ("0Mi", "0"),
            ("100Ei", "9223372036854775807"),
            ("0.1234567891Ti", "135742175143339334042n"),
            ("12345678901234567890E", "12345678901234567890E"),
        ] {
            assert_eq!(Quantity::parse(text).map(|q| q.to_string()), Ok(printed.to_owned()), "{text}");
        }
    }

    #[test]
    fn bad_texts() {
        for (text, error) in [
            ("", Error::Format),
            ("abc", Error::Format),
            ("1 Gi", Error::Format),
            ("100mb", Error::Format),
            ("5GB", Error::Format),
            ("1,5", Error::Format),
            ("1gi", Error::Format),
            ("100MI", Error::Format),
            ("1mi", Error::Suffix),
            ("1Mm", Error::Suffix),
            ("1K", Error::Suffix),
            ("1e", Error::Suffix),
            ("1i", Error::Suffix),
            ("Pi", Error::Numeric),
        ] {
            assert_eq!(Quantity::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn values_round_up_and_sums_keep_their_format() {
        let q = |s: &str| Quantity::parse(s).expect("valid");
        assert_eq!((q("1.2").value(), q("-1.2").value(), q("0.1m").milli_value()), (2, -2, 1));
        assert_eq!((q("250m").milli_value(), q("2").milli_value(), q("1Gi").value()), (250, 2000, 1 << 30));
        let mut sum = Quantity::zero();
        for part in ["512Mi", "512Mi"] {
            sum.add(&q(part));
        }
        assert_eq!(sum.to_string(), "1Gi");
        sum.sub(&q("1Mi"));
        assert_eq!(sum.to_string(), "1023Mi");
        assert!(q("1Gi") > q("1G") && q("1000m") == q("1"));
    }

    proptest! {
        #[test]
        fn canonical_texts_mean_the_same(text in "[-+]?[0-9.]{1,6}(m|k|M|Gi|Ki|e[0-9]|n)?", junk in "\\PC{0,12}") {
            let _ = Quantity::parse(&junk);
            if let Ok(q) = Quantity::parse(&text) {
                let again = Quantity::parse(&q.canonical());
                prop_assert_eq!(again.as_ref(), Ok(&q));
                prop_assert_eq!(again.map(|a| a.canonical()), Ok(q.canonical()));
            }
        }
    }
}
