//! JSON in and out, with the words of Go's `encoding/json`.
//!
//! Owns: parsing (whole text, or one value from the front of a stream), compact and pretty printing. Integers that
//! fit 64 bits stay integers, other numbers are floats; printing follows `json.Marshal` (sorted keys, `<`, `>` and
//! `&` escaped). Models `encoding/json` scanner.go, encode.go and `k8s.io/apimachinery/pkg/util/json`.
//! Not modelled: numbers beyond 64 bits keep only a float's precision, as in upstream's unstructured objects.

use crate::number::{json_float, parse_json_number};
use crate::{Map, Str, Value};

/// How deep lists and maps may nest. Upstream allows 10000; no manifest comes near this.
pub const MAX_DEPTH: usize = 200;

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Go's words.
    pub message: String,
    /// Bytes read when it was noticed, the offending one included.
    pub offset: usize,
    /// The text ended too early.
    pub at_end: bool,
}

/// Parses a whole text, as `json.Unmarshal` does.
///
/// # Errors
/// Go's text, such as `unexpected end of JSON input`.
pub fn parse(text: &str) -> Result<Value, Error> {
    let mut p = Parser { bytes: text.as_bytes(), text, pos: 0, depth: 0 };
    let value = p.value()?;
    p.space();
    match p.peek() {
        None => Ok(value),
        Some(c) => Err(p.bad(c, "after top-level value")),
    }
}

/// Parses one value from the front of `text`, as `json.Decoder` does; also says how many bytes it took. `None` when
/// only space is left.
///
/// # Errors
/// As [`parse`], but an early end is `unexpected EOF`.
pub fn parse_prefix(text: &str) -> Result<Option<(Value, usize)>, Error> {
    let mut p = Parser { bytes: text.as_bytes(), text, pos: 0, depth: 0 };
    p.space();
    if p.peek().is_none() {
        return Ok(None);
    }
    match p.value() {
        Ok(value) => Ok(Some((value, p.pos))),
        Err(e) if e.at_end => Err(Error { message: "unexpected EOF".into(), ..e }),
        Err(e) => Err(e),
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    text: &'a str,
    pos: usize,
    depth: usize,
}

/// A byte as Go's scanner quotes it.
fn quote_char(c: u8) -> String {
    match c {
        b'\'' => r"'\''".into(),
        b'"' => "'\"'".into(),
        _ => {
            let quoted = go_quote(&char::from(c).to_string());
            format!("'{}'", &quoted[1..quoted.len() - 1])
        }
    }
}

/// `strconv.Quote`: the text in double quotes, what can't be printed as escapes.
#[must_use]
pub fn go_quote(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if (c as u32) < 0x20 || c == '\u{7f}' => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c if c.is_control()
                || matches!(c, '\u{a0}' | '\u{ad}' | '\u{feff}' | '\u{2028}' | '\u{2029}') =>
            {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.pos += 1;
        }
    }

    fn bad(&self, c: u8, context: &str) -> Error {
        let message = format!("invalid character {} {context}", quote_char(c));
        Error { message, offset: self.pos + 1, at_end: false }
    }

    fn end(&self) -> Error {
        Error { message: "unexpected end of JSON input".into(), offset: self.pos, at_end: true }
    }

    /// The next byte, or the error for a text that ends here.
    fn need(&self) -> Result<u8, Error> {
        self.peek().ok_or_else(|| self.end())
    }

    fn value(&mut self) -> Result<Value, Error> {
        self.space();
        match self.need()? {
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            b'"' => Ok(Value::Str(self.string()?)),
            b't' => self.literal("true", Value::Bool(true)),
            b'f' => self.literal("false", Value::Bool(false)),
            b'n' => self.literal("null", Value::Null),
            b'-' | b'0'..=b'9' => self.number(),
            c => Err(self.bad(c, "looking for beginning of value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Error>) -> Result<Value, Error> {
        self.pos += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error { message: "exceeded max depth".into(), offset: self.pos, at_end: false });
        }
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value, Error> {
        let mut entries: Vec<(Str, Value)> = Vec::new();
        self.space();
        if self.need()? == b'}' {
            self.pos += 1;
            return Ok(Value::map());
        }
        loop {
            self.space();
            match self.need()? {
                b'"' => {}
                c => return Err(self.bad(c, "looking for beginning of object key string")),
            }
            let key = self.string()?;
            self.space();
            match self.need()? {
                b':' => self.pos += 1,
                c => return Err(self.bad(c, "after object key")),
            }
            entries.push((key, self.value()?));
            self.space();
            match self.need()? {
                b',' => self.pos += 1,
                b'}' => break,
                c => return Err(self.bad(c, "after object key:value pair")),
            }
        }
        self.pos += 1;
        Ok(Value::Map(entries.into_iter().collect::<Map>()))
    }

    fn array(&mut self) -> Result<Value, Error> {
        let mut items = Vec::new();
        self.space();
        if self.need()? == b']' {
            self.pos += 1;
            return Ok(Value::List(items.into()));
        }
        loop {
            items.push(self.value()?);
            self.space();
            match self.need()? {
                b',' => self.pos += 1,
                b']' => break,
                c => return Err(self.bad(c, "after array element")),
            }
        }
        self.pos += 1;
        Ok(Value::List(items.into()))
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, Error> {
        for expected in word.bytes() {
            let c = self.need()?;
            if c != expected {
                return Err(self.bad(c, &format!("in literal {word} (expecting {})", quote_char(expected))));
            }
            self.pos += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, Error> {
        let start = self.pos;
        if self.peek() == Some(b'-') {
            self.pos += 1;
        }
        match self.need()? {
            b'0' => self.pos += 1,
            b'1'..=b'9' => self.digits(),
            c => return Err(self.bad(c, "in numeric literal")),
        }
        if self.peek() == Some(b'.') {
            self.pos += 1;
            match self.need()? {
                b'0'..=b'9' => self.digits(),
                c => return Err(self.bad(c, "after decimal point in numeric literal")),
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.pos += 1;
            if matches!(self.need()?, b'+' | b'-') {
                self.pos += 1;
            }
            match self.need()? {
                b'0'..=b'9' => self.digits(),
                c => return Err(self.bad(c, "in exponent of numeric literal")),
            }
        }
        let text = &self.text[start..self.pos];
        parse_json_number(text).ok_or_else(|| Error {
            message: format!("json: cannot unmarshal number {text} into Go value of type float64"),
            offset: self.pos,
            at_end: false,
        })
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.pos += 1;
        }
    }

    fn string(&mut self) -> Result<Str, Error> {
        self.pos += 1;
        let start = self.pos;
        loop {
            match self.need()? {
                b'"' => {
                    let text = Str::new(&self.text[start..self.pos]);
                    self.pos += 1;
                    return Ok(text);
                }
                b'\\' => break,
                c if c < 0x20 => return Err(self.bad(c, "in string literal")),
                _ => self.pos += 1,
            }
        }
        let mut out = self.text[start..self.pos].to_owned();
        let mut run = self.pos;
        loop {
            match self.need()? {
                b'"' => {
                    out.push_str(&self.text[run..self.pos]);
                    self.pos += 1;
                    return Ok(Str::new(out));
                }
                b'\\' => {
                    out.push_str(&self.text[run..self.pos]);
                    self.pos += 1;
                    out.push(self.escape()?);
                    run = self.pos;
                }
                c if c < 0x20 => return Err(self.bad(c, "in string literal")),
                _ => self.pos += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        let c = match self.need()? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            c @ (b'"' | b'\\' | b'/') => char::from(c),
            b'u' => {
                self.pos += 1;
                return self.unicode();
            }
            c => return Err(self.bad(c, "in string escape code")),
        };
        self.pos += 1;
        Ok(c)
    }

    fn unicode(&mut self) -> Result<char, Error> {
        let high = self.hex4()?;
        if (0xD800..0xDC00).contains(&high) && self.bytes[self.pos..].starts_with(b"\\u") {
            let back = self.pos;
            self.pos += 2;
            let low = self.hex4()?;
            if (0xDC00..0xE000).contains(&low) {
                return Ok(
                    char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).unwrap_or('\u{fffd}')
                );
            }
            self.pos = back;
        }
        Ok(char::from_u32(high).unwrap_or('\u{fffd}'))
    }

    fn hex4(&mut self) -> Result<u32, Error> {
        let mut value = 0;
        for _ in 0..4 {
            let c = self.need()?;
            let digit = char::from(c).to_digit(16);
            value = value * 16 + digit.ok_or_else(|| self.bad(c, "in \\u hexadecimal character escape"))?;
            self.pos += 1;
        }
        Ok(value)
    }
}

/// On one line without spaces, as `json.Marshal` prints.
#[must_use]
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, None, 0);
    out
}

/// Indented by `indent` per level, as `json.MarshalIndent` prints; no line break at the end. kubectl takes 4 spaces
/// and adds the break.
#[must_use]
pub fn to_pretty(value: &Value, indent: &str) -> String {
    let mut out = String::new();
    write(&mut out, value, Some(indent), 0);
    out
}

fn line(out: &mut String, indent: Option<&str>, level: usize) {
    if let Some(indent) = indent {
        out.push('\n');
        for _ in 0..level {
            out.push_str(indent);
        }
    }
}

fn write(out: &mut String, value: &Value, indent: Option<&str>, level: usize) {
    use std::fmt::Write;
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(i) => {
            let _ = write!(out, "{i}");
        }
        Value::Float(f) => out.push_str(&json_float(*f)),
        Value::Str(s) => quote_into(out, s),
        Value::List(l) if l.is_empty() => out.push_str("[]"),
        Value::List(l) => {
            out.push('[');
            for (i, item) in l.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(out, indent, level + 1);
                write(out, item, indent, level + 1);
            }
            line(out, indent, level);
            out.push(']');
        }
        Value::Map(m) if m.is_empty() => out.push_str("{}"),
        Value::Map(m) => {
            out.push('{');
            for (i, (key, item)) in m.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(out, indent, level + 1);
                quote_into(out, key);
                out.push_str(if indent.is_some() { ": " } else { ":" });
                write(out, item, indent, level + 1);
            }
            line(out, indent, level);
            out.push('}');
        }
    }
}

/// A string as a JSON literal, with Go's escapes.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote_into(&mut out, text);
    out
}

fn quote_into(out: &mut String, text: &str) {
    use std::fmt::Write;
    out.push('"');
    let mut run = 0;
    for (i, c) in text.char_indices() {
        let escape = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => "",
            _ => continue,
        };
        out.push_str(&text[run..i]);
        if escape.is_empty() {
            let _ = write!(out, "\\u{:04x}", c as u32);
        } else {
            out.push_str(escape);
        }
        run = i + c.len_utf8();
    }
    out.push_str(&text[run..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn errors_are_go_s() {
        for (text, message) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("[1,", "unexpected end of JSON input"),
            ("\"a", "unexpected end of JSON input"),
            ("}", "invalid character '}' looking for beginning of value"),
            ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("1 x", "invalid character 'x' after top-level value"),
            ("01", "invalid character '1' after top-level value"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("trux", "invalid character 'x' in literal true (expecting 'e')"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"),
            ("\"a\nb\"", "invalid character '\\n' in string literal"),
            ("'a'", "invalid character '\\'' looking for beginning of value"),
            ("é", "invalid character 'Ã' looking for beginning of value"),
        ] {
            assert_eq!(parse(text).map_err(|e| e.message), Err(message.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn numbers_keep_their_kind() {
        let v =
            parse("[1, -0, 1.0, 9223372036854775807, 18446744073709551615, 1e3, 0.000001, 1e-7, 1e21, 2.50]");
        let v = v.expect("valid");
        assert!(matches!((&v[0], &v[2]), (Value::Int(1), Value::Float(1.0))));
        assert_eq!(
            to_string(&v),
            "[1,0,1,9223372036854775807,18446744073709552000,1000,0.000001,1e-7,1e+21,2.5]"
        );
    }

    #[test]
    fn printing_is_go_s() {
        let v = value!({"b": [1, {}, []], "a": "<a href=\"x\">&\u{2028}\u{1}\u{8}é</a>", "c": null});
        assert_eq!(
            to_string(&v),
            r#"{"a":"\u003ca href=\"x\"\u003e\u0026\u2028\u0001\bé\u003c/a\u003e","b":[1,{},[]],"c":null}"#
        );
        assert_eq!(
            to_pretty(&value!({"a": [1, {"b": true}], "c": {}}), "    "),
            "{\n    \"a\": [\n        1,\n        {\n            \"b\": true\n        }\n    ],\n    \"c\": {}\n}"
        );
    }

    #[test]
    fn escapes_and_surrogates() {
        let v = parse(r#""\ud83d\ude00 \ud83d \u0041\/\b\f""#).expect("valid");
        assert_eq!(v, "😀 \u{fffd} A/\u{8}\u{c}");
    }

    #[test]
    fn a_stream_gives_one_value_at_a_time() {
        let (v, used) = parse_prefix(" {\"a\":1} {\"b\":2}").expect("valid").expect("a value");
        assert_eq!((v["a"].int(), used), (1, 8));
        assert_eq!(parse_prefix(" \n"), Ok(None));
        assert_eq!(parse_prefix("{\"a\":").map_err(|e| e.message), Err("unexpected EOF".into()));
        assert_eq!(parse_prefix("{\"a\"x").map_err(|e| e.offset), Err(5));
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(parse(&"[".repeat(100_000)).map_err(|e| e.message), Err("exceeded max depth".into()));
    }
}
