//! Text as builtins read it: backslashes, raw bytes, fields of a line, directories.

use crate::fs::{clean, join};

/// Backslash escapes as `echo -e`, `printf` and `$'..'` know them. The flag tells of `\c`.
/// `octal_zero`: octal needs a leading zero (`echo`, `%b`).
pub(crate) fn unescape(text: &str, octal_zero: bool) -> (String, bool) {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        i += 1;
        if c != '\\' || i >= chars.len() {
            out.push(c);
            continue;
        }
        let e = chars[i];
        i += 1;
        let digits = |from: usize, max: usize, radix: u32| {
            let n = chars[from.min(chars.len())..].iter().take(max).take_while(|c| c.is_digit(radix)).count();
            let value =
                chars[from..from + n].iter().fold(0u32, |v, c| v * radix + c.to_digit(radix).unwrap_or(0));
            (n, value)
        };
        match e {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\x07'),
            'b' => out.push('\x08'),
            'f' => out.push('\x0c'),
            'v' => out.push('\x0b'),
            'e' | 'E' => out.push('\x1b'),
            '\\' => out.push('\\'),
            '\'' if !octal_zero => out.push('\''),
            '"' if !octal_zero => out.push('"'),
            'c' => return (out, true),
            'x' => {
                let (n, value) = digits(i, 2, 16);
                if n == 0 {
                    out.push_str("\\x");
                } else {
                    out.push(raw_byte(value as u8));
                    i += n;
                }
            }
            'u' | 'U' => {
                let (n, value) = digits(i, if e == 'u' { 4 } else { 8 }, 16);
                out.push(char::from_u32(value).unwrap_or('\u{fffd}'));
                i += n;
            }
            '0'..='7' => {
                let from = if e == '0' && octal_zero { i } else { i - 1 };
                let (n, value) = digits(from, 3, 8);
                out.push(raw_byte(value as u8));
                i = from + n;
            }
            other => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    (out, false)
}

/// Stands for one byte that is no character of its own; see [`to_bytes`].
fn raw_byte(byte: u8) -> char {
    if byte < 0x80 { char::from(byte) } else { char::from_u32(0x10_FF00 + u32::from(byte)).unwrap_or('?') }
}

/// The bytes of a text that [`unescape`] made.
pub(crate) fn to_bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c).checked_sub(0x10_FF00) {
            Some(byte @ 0x80..=0xff) => out.push(byte as u8),
            _ => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// Where `path` leads from `cwd`, for `cd`.
pub(in crate::shell) fn resolve_dir(cwd: &str, path: &str) -> String {
    clean(&join(cwd, path))
}

/// Splits a line for `read` into at most `n` values.
pub(in crate::shell) fn split_read(line: &str, ifs: &str, n: usize) -> Vec<String> {
    let blank = |c: char| ifs.contains(c) && c.is_ascii_whitespace();
    let mut out = Vec::new();
    let mut rest = line.trim_start_matches(blank);
    while out.len() + 1 < n {
        if rest.is_empty() {
            break;
        }
        match rest.find(|c| ifs.contains(c)) {
            None => {
                out.push(rest.to_string());
                rest = "";
            }
            Some(i) => {
                out.push(rest[..i].to_string());
                rest = rest[i..].trim_start_matches(blank);
                if let Some(c) = rest.chars().next()
                    && ifs.contains(c)
                    && !c.is_ascii_whitespace()
                {
                    rest = rest[c.len_utf8()..].trim_start_matches(blank);
                }
            }
        }
    }
    if out.len() < n {
        out.push(rest.trim_end_matches(blank).to_string());
    }
    out
}
