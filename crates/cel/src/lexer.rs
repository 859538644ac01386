//! Words of an expression.

use objects::Str;

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Ident(Str),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Str),
    Bytes(Vec<u8>),
    /// An operator or bracket.
    Op(&'static str),
    End,
}

/// Longest first, so that `<=` is not `<`.
const OPS: [&str; 31] = [
    "&&", "||", "==", "!=", "<=", ">=", ".?", "[?", "{?", "+", "-", "*", "/", "%", "!", "<", ">", "?", ":",
    ".", ",", "(", ")", "[", "]", "{", "}", "=", "&", "|", "@",
];

/// The tokens with their places (bytes from the start).
pub fn tokens(text: &str) -> Result<Vec<(Token, usize)>, (usize, String)> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let c = bytes[at];
        if c.is_ascii_whitespace() {
            at += 1;
        } else if text[at..].starts_with("//") {
            at += text[at..].find('\n').unwrap_or(text.len() - at);
        } else if let Some((token, next)) = string(text, at)? {
            out.push((token, at));
            at = next;
        } else if c.is_ascii_alphabetic() || c == b'_' || c == b'`' {
            let (name, next) = if c == b'`' {
                let end =
                    text[at + 1..].find('`').ok_or((at, "unterminated identifier".to_owned()))? + at + 1;
                (&text[at + 1..end], end + 1)
            } else {
                let end =
                    at + bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
                (&text[at..end], end)
            };
            out.push((Token::Ident(name.into()), at));
            at = next;
        } else if c.is_ascii_digit() || (c == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)) {
            let (token, next) = number(text, at)?;
            out.push((token, at));
            at = next;
        } else {
            let op = OPS.iter().find(|op| text[at..].starts_with(**op));
            let op = op.ok_or_else(|| {
                let c = text[at..].chars().next().unwrap_or_default();
                (at, format!("token recognition error at: '{c}'"))
            })?;
            out.push((Token::Op(op), at));
            at += op.len();
        }
    }
    out.push((Token::End, text.len()));
    Ok(out)
}

fn number(text: &str, at: usize) -> Result<(Token, usize), (usize, String)> {
    let bytes = text.as_bytes();
    let wrong = || (at, "invalid number".to_owned());
    if text[at..].starts_with("0x") || text[at..].starts_with("0X") {
        let end = at + 2 + bytes[at + 2..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let digits = &text[at + 2..end];
        return if bytes.get(end).is_some_and(|b| matches!(b, b'u' | b'U')) {
            Ok((Token::Uint(u64::from_str_radix(digits, 16).map_err(|_| wrong())?), end + 1))
        } else {
            Ok((Token::Int(i64::from_str_radix(digits, 16).map_err(|_| wrong())?), end))
        };
    }
    let digits =
        |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = at + digits(at);
    let mut double = false;
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        double = true;
        end += 1 + digits(end + 1);
    }
    if bytes.get(end).is_some_and(|b| matches!(b, b'e' | b'E')) {
        let sign = usize::from(bytes.get(end + 1).is_some_and(|b| matches!(b, b'+' | b'-')));
        let n = digits(end + 1 + sign);
        if n > 0 {
            double = true;
            end += 1 + sign + n;
        }
    }
    if double {
        return Ok((Token::Double(text[at..end].parse().map_err(|_| wrong())?), end));
    }
    if bytes.get(end).is_some_and(|b| matches!(b, b'u' | b'U')) {
        return Ok((Token::Uint(text[at..end].parse().map_err(|_| wrong())?), end + 1));
    }
    Ok((Token::Int(text[at..end].parse().map_err(|_| wrong())?), end))
}

/// A string or bytes literal, when one begins here.
fn string(text: &str, at: usize) -> Result<Option<(Token, usize)>, (usize, String)> {
    let bytes = text.as_bytes();
    let mut start = at;
    let (mut raw, mut binary) = (false, false);
    while let Some(c) = bytes.get(start) {
        match c {
            b'r' | b'R' if !raw => raw = true,
            b'b' | b'B' if !binary => binary = true,
            _ => break,
        }
        start += 1;
    }
    let Some(quote @ (b'"' | b'\'')) = bytes.get(start).copied() else { return Ok(None) };
    let triple = [quote; 3];
    let (mark, open): (&[u8], usize) =
        if bytes[start..].starts_with(&triple) { (&triple, start + 3) } else { (&triple[..1], start + 1) };
    let mut out: Vec<u8> = Vec::new();
    let mut i = open;
    let open_end = || (at, "token recognition error: unterminated string".to_owned());
    loop {
        if bytes.get(i..).is_some_and(|b| b.starts_with(mark)) {
            break;
        }
        match *bytes.get(i).ok_or_else(open_end)? {
            b'\\' if !raw => {
                let escape = *bytes.get(i + 1).ok_or_else(open_end)?;
                i += 2;
                let code = |n: usize, radix: u32, from: usize| {
                    let digits = text.get(from..from + n).ok_or_else(open_end)?;
                    u32::from_str_radix(digits, radix).map_err(|_| (at, "invalid escape".to_owned()))
                };
                let width = match escape {
                    b'x' | b'X' | b'0'..=b'3' => 2,
                    b'u' => 4,
                    b'U' => 8,
                    _ => 0,
                };
                let point = match escape {
                    b'n' => 10,
                    b't' => 9,
                    b'r' => 13,
                    b'a' => 7,
                    b'b' => 8,
                    b'f' => 12,
                    b'v' => 11,
                    b'x' | b'X' => code(2, 16, i)?,
                    b'u' => code(4, 16, i)?,
                    b'U' => code(8, 16, i)?,
                    b'0'..=b'3' => code(3, 8, i - 1)?,
                    b'\\' | b'"' | b'\'' | b'`' | b'?' => u32::from(escape),
                    _ => return Err((at, "invalid escape".into())),
                };
                i += width;
                if binary && point < 256 {
                    out.push(point as u8);
                } else {
                    let c = char::from_u32(point).ok_or((at, "invalid escape".to_owned()))?;
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            b'\n' if mark.len() == 1 => return Err(open_end()),
            byte => {
                out.push(byte);
                i += 1;
            }
        }
    }
    let end = i + mark.len();
    if binary {
        return Ok(Some((Token::Bytes(out), end)));
    }
    let text = String::from_utf8(out).map_err(|_| (at, "invalid UTF-8".to_owned()))?;
    Ok(Some((Token::Text(text.into()), end)))
}
