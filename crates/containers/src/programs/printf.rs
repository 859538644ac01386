//! `printf`: the format is used again while arguments are left.

use crate::machine::Sys;
use crate::shell::{to_bytes, unescape};

/// The bytes written, the messages, and the exit code.
pub(crate) fn render(args: &[String], gnu: bool) -> (Vec<u8>, Vec<String>, i32) {
    let args = if args.first().is_some_and(|a| a == "--") { &args[1..] } else { args };
    let Some(format) = args.first() else {
        return (Vec::new(), vec!["usage: printf format [arguments]".into()], 2);
    };
    let mut p = Printf { args: &args[1..], at: 0, out: String::new(), errors: Vec::new(), gnu };
    let chars: Vec<char> = format.chars().collect();
    for _ in 0..100_000 {
        let before = p.at;
        if p.pass(&chars) || p.at >= p.args.len() || p.at == before || p.out.len() > 4 << 20 {
            break;
        }
    }
    let code = i32::from(!p.errors.is_empty());
    (to_bytes(&p.out), p.errors, code)
}

struct Printf<'a> {
    args: &'a [String],
    at: usize,
    out: String,
    errors: Vec<String>,
    gnu: bool,
}

impl Printf<'_> {
    fn arg(&mut self) -> Option<String> {
        let arg = self.args.get(self.at).cloned();
        self.at += 1;
        arg
    }

    fn number(&mut self) -> i64 {
        let Some(text) = self.arg() else { return 0 };
        if let Some(c) = text.strip_prefix(['\'', '"']).and_then(|t| t.chars().next()) {
            return i64::from(u32::from(c));
        }
        let t = text.trim();
        let (sign, digits) = match t.strip_prefix('-') {
            Some(d) => (-1, d),
            None => (1, t.strip_prefix('+').unwrap_or(t)),
        };
        let parsed = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            i64::from_str_radix(hex, 16)
        } else if digits.len() > 1 && digits.starts_with('0') {
            i64::from_str_radix(digits, 8)
        } else if digits.is_empty() && t.is_empty() {
            Ok(0)
        } else {
            digits.parse()
        };
        match parsed {
            Ok(n) => sign * n,
            Err(_) => {
                self.errors.push(if self.gnu {
                    format!("{text}: expected numeric value")
                } else {
                    format!("invalid number '{text}'")
                });
                let lead: String = digits.chars().take_while(char::is_ascii_digit).collect();
                sign * lead.parse().unwrap_or(0)
            }
        }
    }

    /// One pass over the format; true when `\c` ended it.
    fn pass(&mut self, format: &[char]) -> bool {
        let mut i = 0;
        while i < format.len() {
            match format[i] {
                '\\' => {
                    let end = (i + 1..format.len().min(i + 11))
                        .find(|&j| j > i + 1 && !format[j].is_ascii_hexdigit())
                        .unwrap_or(format.len().min(i + 11));
                    // Only the escape itself is read here; the rest of the text follows.
                    let raw: String = format[i..end].iter().collect();
                    let one = escape_len(&raw);
                    let (text, cut) = unescape(&raw.chars().take(one).collect::<String>(), false);
                    self.out.push_str(&text);
                    if cut {
                        return true;
                    }
                    i += one;
                }
                '%' => match self.directive(format, i + 1) {
                    Some((next, false)) => i = next,
                    Some((_, true)) => return true,
                    None => {
                        self.out.push('%');
                        i += 1;
                    }
                },
                c => {
                    self.out.push(c);
                    i += 1;
                }
            }
        }
        false
    }

    fn directive(&mut self, f: &[char], mut i: usize) -> Option<(usize, bool)> {
        let (mut left, mut zero, mut plus, mut space, mut alt) = (false, false, false, false, false);
        while let Some(c) = f.get(i) {
            match c {
                '-' => left = true,
                '0' => zero = true,
                '+' => plus = true,
                ' ' => space = true,
                '#' => alt = true,
                _ => break,
            }
            i += 1;
        }
        let read = |p: &mut Self, i: &mut usize| {
            if f.get(*i) == Some(&'*') {
                *i += 1;
                return p.number();
            }
            let mut n = 0i64;
            while let Some(d) = f.get(*i).and_then(|c| c.to_digit(10)) {
                n = (n * 10 + i64::from(d)).min(10_000);
                *i += 1;
            }
            n
        };
        let mut width = read(self, &mut i);
        if width < 0 {
            left = true;
            width = -width;
        }
        let width = width.min(10_000) as usize;
        let mut precision = None;
        if f.get(i) == Some(&'.') {
            i += 1;
            precision = Some(read(self, &mut i).clamp(0, 10_000) as usize);
        }
        while matches!(f.get(i), Some('l' | 'h' | 'q' | 'j' | 'z'))
            && f.get(i + 1).is_some_and(|c| "diouxX".contains(*c))
        {
            i += 1;
        }
        let sign = |n: bool| {
            if n {
                "-"
            } else if plus {
                "+"
            } else if space {
                " "
            } else {
                ""
            }
        };
        let c = *f.get(i)?;
        let (head, body) = match c {
            '%' => {
                self.out.push('%');
                return Some((i + 1, false));
            }
            's' => {
                let text = self.arg().unwrap_or_default();
                (String::new(), precision.map_or_else(|| text.clone(), |p| text.chars().take(p).collect()))
            }
            'b' => {
                let (text, cut) = unescape(&self.arg().unwrap_or_default(), true);
                if cut {
                    self.out.push_str(&text);
                    return Some((i + 1, true));
                }
                (String::new(), text)
            }
            'q' => {
                let text = self.arg().unwrap_or_default();
                let plain =
                    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_./:=@%+,".contains(c));
                (String::new(), if plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) })
            }
            'c' => (
                String::new(),
                self.arg().and_then(|a| a.chars().next()).map(String::from).unwrap_or_default(),
            ),
            'd' | 'i' => {
                let n = self.number();
                (sign(n < 0).into(), pad(n.unsigned_abs().to_string(), precision))
            }
            'u' => (String::new(), pad((self.number() as u64).to_string(), precision)),
            'x' => (
                if alt { "0x".into() } else { String::new() },
                pad(format!("{:x}", self.number()), precision),
            ),
            'X' => (
                if alt { "0X".into() } else { String::new() },
                pad(format!("{:X}", self.number()), precision),
            ),
            'o' => {
                (if alt { "0".into() } else { String::new() }, pad(format!("{:o}", self.number()), precision))
            }
            'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
                let text = self.arg().unwrap_or_default();
                let value: f64 = if text.is_empty() {
                    0.0
                } else {
                    text.trim().parse().unwrap_or_else(|_| {
                        self.errors.push(if self.gnu {
                            format!("{text}: expected numeric value")
                        } else {
                            format!("invalid number '{text}'")
                        });
                        0.0
                    })
                };
                (sign(value < 0.0).into(), float(value.abs(), c, precision))
            }
            other => {
                self.errors.push(if self.gnu {
                    format!("%{other}: invalid directive")
                } else {
                    format!("%{other}: invalid format")
                });
                return Some((f.len(), true));
            }
        };
        let zero =
            zero && !left && "diuxXofFeEgG".contains(c) && (precision.is_none() || "fFeEgG".contains(c));
        let fill = width.saturating_sub(head.chars().count() + body.chars().count());
        if left {
            self.out.push_str(&head);
            self.out.push_str(&body);
            self.out.extend(std::iter::repeat_n(' ', fill));
        } else if zero {
            self.out.push_str(&head);
            self.out.extend(std::iter::repeat_n('0', fill));
            self.out.push_str(&body);
        } else {
            self.out.extend(std::iter::repeat_n(' ', fill));
            self.out.push_str(&head);
            self.out.push_str(&body);
        }
        Some((i + 1, false))
    }
}

fn pad(digits: String, precision: Option<usize>) -> String {
    match precision {
        Some(p) => format!("{digits:0>p$}"),
        None => digits,
    }
}

fn escape_len(raw: &str) -> usize {
    let b: Vec<char> = raw.chars().collect();
    let count = |from: usize, max: usize, radix: u32| {
        b[from.min(b.len())..].iter().take(max).take_while(|c| c.is_digit(radix)).count()
    };
    match b.get(1) {
        Some('x') => 2 + count(2, 2, 16),
        Some('u') => 2 + count(2, 4, 16),
        Some('U') => 2 + count(2, 8, 16),
        Some('0'..='7') => 1 + count(1, 3, 8),
        Some(_) => 2,
        None => 1,
    }
}

/// A number that is not negative, as C's `%f`, `%e` and `%g` print it.
pub(super) fn float(value: f64, kind: char, precision: Option<usize>) -> String {
    let p = precision.unwrap_or(6).min(300);
    if !value.is_finite() {
        return if value.is_nan() { "nan".into() } else { "inf".into() };
    }
    let scientific = |p: usize| {
        let text = format!("{value:.p$e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let n: i32 = exponent.parse().unwrap_or(0);
        format!("{mantissa}e{}{:02}", if n < 0 { '-' } else { '+' }, n.abs())
    };
    let trim = |text: String| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
    };
    let text = match kind.to_ascii_lowercase() {
        'f' => format!("{value:.p$}"),
        'e' => scientific(p),
        _ => {
            let p = p.max(1);
            let exponent = if value == 0.0 {
                0
            } else {
                format!("{value:.*e}", p - 1)
                    .rsplit('e')
                    .next()
                    .and_then(|e| e.parse::<i32>().ok())
                    .unwrap_or(0)
            };
            if exponent < -4 || exponent >= p as i32 {
                let text = scientific(p - 1);
                match text.split_once('e') {
                    Some((m, e)) => format!("{}e{e}", trim(m.to_string())),
                    None => text,
                }
            } else {
                trim(format!("{value:.*}", (p as i32 - 1 - exponent).max(0) as usize))
            }
        }
    };
    if kind.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text }
}

pub(super) fn run(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let (text, errors, code) = render(&argv[1..], sys.gnu());
    sys.out(text);
    for e in errors {
        sys.err(&format!("printf: {e}\n"));
    }
    code
}
