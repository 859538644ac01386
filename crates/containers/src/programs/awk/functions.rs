//! awk's built-in functions. Not modelled: `mktime`.

use super::value::Value;
use super::world::{Evaluated, TEXT_MAX, World};
use crate::machine::Sys;
use crate::regex::Regex;

/// Their names.
pub(super) const FUNCTIONS: [&str; 30] = [
    "length", "substr", "index", "split", "sub", "gsub", "match", "sprintf", "tolower", "toupper", "int",
    "sqrt", "exp", "log", "sin", "cos", "atan2", "rand", "srand", "systime", "strftime", "gensub", "and",
    "or", "xor", "lshift", "rshift", "system", "close", "fflush",
];

impl World {
    /// Those that only compute.
    pub(super) fn builtin(&mut self, name: &str, values: &[Value], sys: &mut Sys<'_>) -> Evaluated<Value> {
        let text = |w: &Self, i: usize| values.get(i).map(|v| w.text(v)).unwrap_or_default();
        let number = |i: usize| values.get(i).map_or(0.0, Value::number);
        let bits = |i: usize| number(i) as u64;
        Ok(match name {
            "length" => {
                let t = if values.is_empty() { self.record.clone() } else { text(self, 0) };
                Value::Number(t.chars().count() as f64)
            }
            "substr" => {
                let chars: Vec<char> = text(self, 0).chars().collect();
                let from = number(1).round();
                let end = if values.len() > 2 { from + number(2).round() } else { f64::INFINITY };
                let (from, end) = (from.max(1.0), end.min(chars.len() as f64 + 1.0));
                Value::Text(if end > from {
                    chars[from as usize - 1..end as usize - 1].iter().collect()
                } else {
                    String::new()
                })
            }
            "index" => {
                let (t, s) = (text(self, 0), text(self, 1));
                Value::Number(t.find(&s).map_or(0.0, |i| t[..i].chars().count() as f64 + 1.0))
            }
            "sprintf" => Value::Text(String::from_utf8_lossy(&self.format(values)).into_owned()),
            "tolower" => Value::Text(text(self, 0).to_lowercase()),
            "toupper" => Value::Text(text(self, 0).to_uppercase()),
            "int" => Value::Number(number(0).trunc()),
            "sqrt" => Value::Number(number(0).sqrt()),
            "exp" => Value::Number(number(0).exp()),
            "log" => Value::Number(number(0).ln()),
            "sin" => Value::Number(number(0).sin()),
            "cos" => Value::Number(number(0).cos()),
            "atan2" => Value::Number(number(0).atan2(number(1))),
            "and" => Value::Number((bits(0) & bits(1)) as f64),
            "or" => Value::Number((bits(0) | bits(1)) as f64),
            "xor" => Value::Number((bits(0) ^ bits(1)) as f64),
            "lshift" => Value::Number(bits(0).checked_shl(bits(1) as u32).unwrap_or(0) as f64),
            "rshift" => Value::Number(bits(0).checked_shr(bits(1) as u32).unwrap_or(0) as f64),
            "rand" => Value::Number(sys.rng().unit()),
            "systime" => Value::Number((sys.now().0 / 1000) as f64),
            "strftime" => {
                let at = values
                    .get(1)
                    .map_or(sys.now(), |v| clock::Time((v.number().clamp(-6e10, 2.5e11) * 1000.0) as i64));
                let format = if values.is_empty() { "%a %b %e %H:%M:%S %Z %Y".into() } else { text(self, 0) };
                Value::Text(crate::programs::date_text(at, &format))
            }
            "gensub" => {
                let regex = self.regex(&text(self, 0))?;
                let whole = if values.len() > 3 { text(self, 3) } else { self.record.clone() };
                let which = text(self, 2);
                let nth = if which.starts_with(['g', 'G']) { 0 } else { number(2).max(1.0) as usize };
                Value::Text(replace(&whole, &regex, &text(self, 1), nth, true).0)
            }
            // What is printed is not held back.
            _ => Value::Number(0.0),
        })
    }
}

/// Replaces the `nth` match, or (0) all; gives how many. With `groups`, `\1` stands for what a group matched.
pub(super) fn replace(text: &str, regex: &Regex, with: &str, nth: usize, groups: bool) -> (String, usize) {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut at, mut n, mut seen) = (String::new(), 0, 0, 0);
    while at <= chars.len() {
        let Some(found) = regex.find_at(&chars, at) else { break };
        let Some((a, b)) = found[0] else { break };
        out.extend(&chars[at..a]);
        seen += 1;
        if nth == 0 || seen == nth {
            let mut w = with.chars();
            while let Some(c) = w.next() {
                match c {
                    '&' => out.extend(&chars[a..b]),
                    '\\' => match w.next() {
                        Some('&') => out.push('&'),
                        Some(c) if groups && c.is_ascii_digit() => {
                            if let Some((a, b)) = found.get(c as usize - 48).copied().flatten() {
                                out.extend(&chars[a..b]);
                            }
                        }
                        Some(c) => out.extend(['\\', c]),
                        None => out.push('\\'),
                    },
                    c => out.push(c),
                }
            }
            n += 1;
        } else {
            out.extend(&chars[a..b]);
        }
        at = b;
        if a == b {
            out.extend(chars.get(b));
            at += 1;
        }
        if (nth > 0 && seen >= nth) || out.len() > TEXT_MAX {
            break;
        }
    }
    out.extend(chars.get(at..).unwrap_or_default());
    (out, n)
}
