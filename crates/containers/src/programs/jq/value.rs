//! JSON in the order it was written: reading, printing, comparing.

use std::cmp::Ordering;
use std::sync::Arc;

use ordered::Sort as _;

const DEPTH_MAX: u32 = 200;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(Arc<str>),
    List(Arc<Vec<Json>>),
    Map(Arc<Vec<(Arc<str>, Json)>>),
}

impl Json {
    pub(super) fn text(t: &str) -> Self {
        Self::Text(t.into())
    }

    pub(super) fn list(items: Vec<Json>) -> Self {
        Self::List(Arc::new(items))
    }

    pub(super) fn truth(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Map(_) => "object",
        }
    }

    pub(super) fn field(&self, name: &str) -> Json {
        match self {
            Self::Map(m) => m.iter().find(|(k, _)| &**k == name).map_or(Self::Null, |(_, v)| v.clone()),
            _ => Self::Null,
        }
    }

    /// What stands for it inside a text.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(t) => t.to_string(),
            other => other.print(None, false),
        }
    }

    /// Sets a field, at the end when it is new.
    pub(super) fn set(&mut self, name: &str, value: Json) {
        if let Self::Map(m) = self {
            let m = Arc::make_mut(m);
            match m.iter_mut().find(|(k, _)| &**k == name) {
                Some((_, v)) => *v = value,
                None => m.push((name.into(), value)),
            }
        }
    }

    pub(super) fn sorted_keys(&self) -> Vec<Arc<str>> {
        match self {
            Self::Map(m) => {
                let mut keys: Vec<Arc<str>> = m.iter().map(|(k, _)| k.clone()).collect();
                keys.arrange();
                keys
            }
            _ => Vec::new(),
        }
    }

    /// On one line, or over several with this indentation.
    pub(super) fn print(&self, indent: Option<&str>, sorted: bool) -> String {
        let mut out = String::new();
        self.write(&mut out, indent, sorted, 0);
        out
    }

    fn write(&self, out: &mut String, indent: Option<&str>, sorted: bool, level: usize) {
        let line = |out: &mut String, level: usize| {
            if let Some(pad) = indent {
                out.push('\n');
                for _ in 0..level {
                    out.push_str(pad);
                }
            }
        };
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Self::Number(n) => out.push_str(&number(*n)),
            Self::Text(t) => quote(out, t),
            Self::List(items) if items.is_empty() => out.push_str("[]"),
            Self::Map(entries) if entries.is_empty() => out.push_str("{}"),
            Self::List(items) => {
                out.push('[');
                for (i, v) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    line(out, level + 1);
                    v.write(out, indent, sorted, level + 1);
                }
                line(out, level);
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                let mut entries: Vec<&(Arc<str>, Json)> = entries.iter().collect();
                if sorted {
                    entries.arrange_by_key(|e| e.0.clone());
                }
                for (i, (k, v)) in entries.into_iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    line(out, level + 1);
                    quote(out, k);
                    out.push_str(if indent.is_some() { ": " } else { ":" });
                    v.write(out, indent, sorted, level + 1);
                }
                line(out, level);
                out.push('}');
            }
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(b) => 1 + u8::from(*b),
            Self::Number(_) => 3,
            Self::Text(_) => 4,
            Self::List(_) => 5,
            Self::Map(_) => 6,
        }
    }

    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) => {
                let first = a.iter().zip(b.iter()).map(|(x, y)| x.order(y)).find(|o| o.is_ne());
                first.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Self::Map(_), Self::Map(_)) => {
                let (a, b) = (self.sorted_keys(), other.sorted_keys());
                a.cmp(&b).then_with(|| {
                    let of = |k: &Arc<str>| self.field(k).order(&other.field(k));
                    a.iter().map(of).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
                })
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

fn number(n: f64) -> String {
    if n.is_nan() {
        "null".into()
    } else if n == n.trunc() && n.abs() < 1e17 {
        format!("{}", n as i64)
    } else if n.abs() >= 1e17 {
        let text = format!("{:e}", n.clamp(f64::MIN, f64::MAX));
        text.replace('e', "e+").replace("e+-", "e-")
    } else {
        format!("{n}")
    }
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Reads values one after the other.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// The next value; none at the end.
    pub(super) fn next(&mut self) -> Option<Result<Json, String>> {
        self.peek()?;
        Some(self.value(0))
    }

    fn failed(&self, why: &str) -> String {
        let before = &self.text[..self.at.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |i| i + 1);
        format!("{why} at line {line}, column {column}")
    }

    fn value(&mut self, depth: u32) -> Result<Json, String> {
        if depth > DEPTH_MAX {
            return Err(self.failed("Exceeds depth limit for parsing"));
        }
        match self.peek() {
            Some(b'"') => Ok(Json::text(&self.string()?)),
            Some(open @ (b'[' | b'{')) => {
                self.at += 1;
                let (mut items, mut map) = (Vec::new(), Json::Map(Arc::default()));
                let close = if open == b'[' { b']' } else { b'}' };
                if self.peek() == Some(close) {
                    self.at += 1;
                } else {
                    loop {
                        if open == b'[' {
                            items.push(self.value(depth + 1)?);
                        } else {
                            if self.peek() != Some(b'"') {
                                return Err(self.failed("Object keys must be strings"));
                            }
                            let key = self.string()?;
                            if self.peek() != Some(b':') {
                                return Err(self.failed("Objects must consist of key:value pairs"));
                            }
                            self.at += 1;
                            let value = self.value(depth + 1)?;
                            map.set(&key, value);
                        }
                        match self.peek() {
                            Some(b',') => self.at += 1,
                            Some(c) if c == close => {
                                self.at += 1;
                                break;
                            }
                            None => return Err(self.failed("Unfinished JSON term at EOF")),
                            _ => return Err(self.failed("Expected separator between values")),
                        }
                    }
                }
                Ok(if open == b'[' { Json::list(items) } else { map })
            }
            None => Err(self.failed("Unfinished JSON term at EOF")),
            Some(_) => {
                let rest = &self.text[self.at..];
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
                let word = &rest[..end.unwrap_or(rest.len())];
                let value = match word {
                    "null" => Json::Null,
                    "true" => Json::Bool(true),
                    "false" => Json::Bool(false),
                    "nan" | "NaN" => Json::Number(f64::NAN),
                    _ => match word.parse::<f64>() {
                        Ok(n) if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                            Json::Number(n)
                        }
                        _ => {
                            self.at += word.len() + usize::from(rest[word.len()..].starts_with('\n'));
                            return Err(self.failed("Invalid literal"));
                        }
                    },
                };
                self.at += word.len();
                Ok(value)
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let Some(c) = self.text[self.at..].chars().next() else {
                return Err(self.failed("Unfinished string"));
            };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(out),
                '\\' => {
                    let e = self.text[self.at..].chars().next().unwrap_or(' ');
                    self.at += e.len_utf8();
                    match e {
                        'n' => out.push('\n'),
                        't' => out.push('\t'),
                        'r' => out.push('\r'),
                        'b' => out.push('\u{8}'),
                        'f' => out.push('\u{c}'),
                        'u' => {
                            let mut code = self.hex()?;
                            if (0xd800..0xdc00).contains(&code) && self.text[self.at..].starts_with("\\u") {
                                self.at += 2;
                                code = 0x10000
                                    + ((code - 0xd800) << 10)
                                    + (self.hex()?.wrapping_sub(0xdc00) & 0x3ff);
                            }
                            out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                        }
                        '"' | '\\' | '/' => out.push(e),
                        _ => return Err(self.failed("Invalid escape")),
                    }
                }
                c => out.push(c),
            }
        }
    }

    fn hex(&mut self) -> Result<u32, String> {
        let code = self.text.get(self.at..self.at + 4).and_then(|h| u32::from_str_radix(h, 16).ok());
        self.at += 4;
        code.ok_or_else(|| String::from("Invalid escape"))
    }
}
