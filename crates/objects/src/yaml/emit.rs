//! From values to the text of `kubectl -o yaml`.
//!
//! Owns: key order, indentation, the choice of scalar style, folding of long lines.
//! Models `go.yaml.in/yaml/v2` encode.go, sorter.go and emitterc.go (block style, indent 2, width 80).

use super::scalars::needs_quotes;
use crate::number::{g_float, json_float, parse_json_number};
use crate::{Map, Str, Value};

/// Text is folded at the first space past this column.
const WIDTH: usize = 80;

/// The longest key that stands before its `:`; a longer one gets a `? ` line of its own.
const MAX_SIMPLE_KEY: usize = 128;

/// The document's text with a line break at the end: keys sorted, lists not indented under their key.
#[must_use]
pub fn emit(value: &Value) -> String {
    let mut e = Emitter { out: String::new(), column: 0 };
    match value {
        Value::Map(m) if !m.is_empty() => e.map(m, 0, true),
        Value::List(l) if !l.is_empty() => e.list(l, 0, true),
        scalar => e.scalar(scalar, 2),
    }
    if !e.out.ends_with(is_break) {
        e.out.push('\n');
    }
    e.out
}

struct Emitter {
    out: String,
    /// Characters since the last line break.
    column: usize,
}

impl Emitter {
    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column = if c == '\n' { 0 } else { self.column + 1 };
    }

    fn put_str(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn new_line(&mut self, indent: usize) {
        // A literal block ends its last line itself.
        if !self.out.ends_with(is_break) {
            self.put('\n');
        }
        self.column = 0;
        self.pad(indent);
    }

    fn pad(&mut self, indent: usize) {
        while self.column < indent {
            self.put(' ');
        }
    }

    /// `inline`: the first key stands where the writer is.
    fn map(&mut self, map: &Map, indent: usize, mut inline: bool) {
        for (key, value) in in_key_order(map) {
            if !std::mem::take(&mut inline) {
                self.new_line(indent);
            }
            if key.len() <= MAX_SIMPLE_KEY && !key.contains(is_break) {
                self.text(key, indent + 2, true);
                self.put(':');
                match value {
                    Value::Map(m) if !m.is_empty() => self.map(m, indent + 2, false),
                    Value::List(l) if !l.is_empty() => self.list(l, indent, false),
                    scalar => {
                        self.put(' ');
                        self.scalar(scalar, indent + 2);
                    }
                }
            } else {
                self.put_str("? ");
                self.text(key, indent + 2, false);
                self.new_line(indent);
                self.put_str(": ");
                self.item(value, indent);
            }
        }
    }

    fn list(&mut self, list: &[Value], indent: usize, mut inline: bool) {
        for value in list {
            if !std::mem::take(&mut inline) {
                self.new_line(indent);
            }
            self.put_str("- ");
            self.item(value, indent);
        }
    }

    /// What follows `- `.
    fn item(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Map(m) if !m.is_empty() => self.map(m, indent + 2, true),
            Value::List(l) if !l.is_empty() => self.list(l, indent + 2, true),
            scalar => self.scalar(scalar, indent + 2),
        }
    }

    /// `indent` is that of a further line of the same scalar.
    fn scalar(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Null => self.put_str("null"),
            Value::Bool(b) => self.put_str(if *b { "true" } else { "false" }),
            Value::Int(i) => self.put_str(&i.to_string()),
            Value::Float(f) => {
                let json = json_float(*f);
                let whole =
                    matches!(parse_json_number(&json), Some(Value::Int(_))) || json.parse::<u64>().is_ok();
                self.put_str(&if whole { json } else { g_float(*f) });
            }
            Value::Str(s) => self.text(s, indent, false),
            Value::List(_) => self.put_str("[]"),
            Value::Map(_) => self.put_str("{}"),
        }
    }

    fn text(&mut self, text: &str, indent: usize, key: bool) {
        let facts = Facts::of(text);
        match style(text, &facts, key) {
            Style::Plain => self.plain(text, indent, !key),
            Style::Single => self.single(text, indent, !key),
            Style::Double => self.double(text, indent, !key),
            Style::Literal => self.literal(text, indent),
        }
    }

    fn plain(&mut self, text: &str, indent: usize, fold: bool) {
        let mut spaces = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c == ' ' && fold && !spaces && self.column > WIDTH && chars.peek() != Some(&' ') {
                self.new_line(indent);
            } else {
                self.put(c);
            }
            spaces = c == ' ';
        }
    }

    fn single(&mut self, text: &str, indent: usize, fold: bool) {
        self.put('\'');
        let (mut spaces, mut breaks) = (false, false);
        let mut chars = text.chars().enumerate().peekable();
        while let Some((i, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            if c == ' ' {
                if fold && !spaces && self.column > WIDTH && i > 0 && next.is_some_and(|n| n != ' ') {
                    self.new_line(indent);
                } else {
                    self.put(c);
                }
                spaces = true;
            } else if is_break(c) {
                self.out.push(c);
                self.column = 0;
                breaks = true;
            } else {
                if breaks {
                    self.pad(indent);
                }
                if c == '\'' {
                    self.put('\'');
                }
                self.put(c);
                (spaces, breaks) = (false, false);
            }
        }
        self.put('\'');
    }

    fn double(&mut self, text: &str, indent: usize, fold: bool) {
        self.put('"');
        let mut spaces = false;
        // goyaml looks for a byte order mark at the start of the text, not at the place it stands at.
        let marked = text.starts_with('\u{feff}');
        let mut chars = text.chars().enumerate().peekable();
        while let Some((i, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            if !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') || marked {
                self.escape(c);
                spaces = false;
            } else if c == ' ' {
                if fold && !spaces && self.column > WIDTH && i > 0 && next.is_some() {
                    self.put('\n');
                    self.pad(indent);
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                spaces = true;
            } else {
                self.put(c);
                spaces = false;
            }
        }
        self.put('"');
    }

    fn escape(&mut self, c: char) {
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' | '\\' => c,
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let n = c as u32;
                let code = match n {
                    0..=0xff => format!("\\x{n:02X}"),
                    0x100..=0xffff => format!("\\u{n:04X}"),
                    _ => format!("\\U{n:08X}"),
                };
                return self.put_str(&code);
            }
        };
        self.put('\\');
        self.put(short);
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.put('|');
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.put('2');
        }
        let mut tail = text.chars().rev();
        match (tail.next().is_some_and(is_break), tail.next()) {
            (false, _) => self.put('-'),
            (true, None) => self.put('+'),
            (true, Some(c)) if is_break(c) => self.put('+'),
            _ => {}
        }
        self.put('\n');
        let mut breaks = true;
        for c in text.chars() {
            if is_break(c) {
                self.out.push(c);
                self.column = 0;
                breaks = true;
            } else {
                if breaks {
                    self.pad(indent);
                }
                self.put(c);
                breaks = false;
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

fn style(text: &str, facts: &Facts, key: bool) -> Style {
    let wanted = if text.contains('\n') {
        Style::Literal
    } else if needs_quotes(text) {
        Style::Double
    } else {
        Style::Plain
    };
    match wanted {
        _ if key && facts.multiline => Style::Double,
        Style::Literal if !facts.block || key => Style::Double,
        Style::Plain if !facts.plain => {
            if facts.single {
                Style::Single
            } else {
                Style::Double
            }
        }
        other => other,
    }
}

/// Which styles can carry a text.
struct Facts {
    multiline: bool,
    plain: bool,
    single: bool,
    block: bool,
}

impl Facts {
    fn of(text: &str) -> Self {
        let mut f = Self { multiline: false, plain: true, single: true, block: !text.is_empty() };
        if text.starts_with("---") || text.starts_with("...") {
            f.plain = false;
        }
        let (mut after_space, mut after_break, mut after_blank) = (false, false, true);
        let mut chars = text.chars().enumerate().peekable();
        while let Some((i, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            let (first, last) = (i == 0, next.is_none());
            let blank_follows = next.is_none_or(|n| matches!(n, ' ' | '\t'));
            let indicator = match c {
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                    first
                }
                '?' | '-' => first && blank_follows,
                ':' => blank_follows,
                '#' => after_blank,
                _ => false,
            };
            if indicator {
                f.plain = false;
            }
            if !is_printable(c) {
                (f.plain, f.single, f.block) = (false, false, false);
            }
            if c == ' ' {
                f.plain &= !(first || last);
                f.block &= !last;
                if after_break {
                    (f.plain, f.single) = (false, false);
                }
                (after_space, after_break) = (true, false);
            } else if is_break(c) {
                f.multiline = true;
                f.plain = false;
                if after_space {
                    (f.single, f.block) = (false, false);
                }
                (after_space, after_break) = (false, true);
            } else {
                (after_space, after_break) = (false, false);
            }
            after_blank = matches!(c, ' ' | '\t') || is_break(c);
        }
        f
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What goyaml writes as it is: nothing beyond the basic plane, so an emoji is escaped.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// The entries as goyaml sorts keys: numbers inside a key by their value, and signs before letters.
fn in_key_order(map: &Map) -> Vec<(&Str, &Value)> {
    let entries: Vec<(&Str, &Value)> = map.iter().collect();
    if entries.is_sorted_by(|a, b| !less(b.0, a.0)) { entries } else { merge_sort(entries) }
}

/// Not the standard sort, which may panic on an order that is not total; goyaml's is not for mixed scripts.
fn merge_sort<'a>(mut entries: Vec<(&'a Str, &'a Value)>) -> Vec<(&'a Str, &'a Value)> {
    if entries.len() < 2 {
        return entries;
    }
    let right = merge_sort(entries.split_off(entries.len() / 2));
    let left = merge_sort(entries);
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if less(b.0, a.0) { right.next() } else { left.next() };
        out.extend(next);
    }
    out.extend(left);
    out.extend(right);
    out
}

fn less(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let digit = |c: char| c.is_ascii_digit();
    for i in 0..a.len().min(b.len()) {
        if a[i] == b[i] {
            continue;
        }
        match (a[i].is_alphabetic(), b[i].is_alphabetic()) {
            (true, true) => return a[i] < b[i],
            (false, false) => {}
            (_, letter) => return letter,
        }
        let (mut an, mut bn) = (0_i64, 0_i64);
        if (a[i] == '0' || b[i] == '0') && a[..i].iter().rev().take_while(|c| digit(**c)).any(|c| *c != '0') {
            (an, bn) = (1, 1);
        }
        let run = |text: &[char], n: &mut i64| {
            let digits = text[i..].iter().take_while(|c| digit(**c));
            digits.fold(i, |end, c| {
                *n = n.wrapping_mul(10).wrapping_add(i64::from(*c as u32 - '0' as u32));
                end + 1
            })
        };
        let (ai, bi) = (run(&a, &mut an), run(&b, &mut bn));
        if an != bn {
            return an < bn;
        }
        return if ai == bi { a[i] < b[i] } else { ai < bi };
    }
    a.len() < b.len()
}
