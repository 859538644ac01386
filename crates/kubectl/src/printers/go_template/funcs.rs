//! The functions of templates.

use std::cmp::Ordering;

use objects::{Value, base64, json};

use super::eval::{printed, text, truth, type_name};

pub(super) const NAMES: [&str; 20] = [
    "and",
    "or",
    "not",
    "len",
    "index",
    "slice",
    "print",
    "printf",
    "println",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "html",
    "urlquery",
    "exists",
    "base64decode",
    "js",
];

type Arg = Option<Value>;

pub(super) fn call(name: &str, args: &[Arg]) -> Result<Arg, String> {
    let first = || args.first().cloned().flatten();
    Ok(match name {
        "not" => Some(Value::Bool(!truth(&first()))),
        "len" => Some(Value::from(match first() {
            Some(Value::Str(s)) => s.len(),
            Some(Value::List(l)) => l.len(),
            Some(Value::Map(m)) => m.len(),
            None | Some(Value::Null) => return Err("len of nil pointer".into()),
            Some(v) => return Err(format!("len of type {}", type_name(&v))),
        })),
        "index" => {
            let mut v = first();
            for at in &args[1.min(args.len())..] {
                v = index(v, at)?;
            }
            v
        }
        "slice" => slice(args)?,
        "print" => Some(Value::from(joined(args, false))),
        "println" => Some(Value::from(joined(args, true) + "\n")),
        "printf" => Some(Value::from(format(args))),
        "html" => Some(Value::from(
            joined(args, false)
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&#34;")
                .replace('\'', "&#39;"),
        )),
        "js" => Some(Value::from(
            joined(args, false)
                .replace('\\', "\\\\")
                .replace('\'', "\\'")
                .replace('"', "\\\"")
                .replace('<', "\\u003C")
                .replace('>', "\\u003E")
                .replace('&', "\\u0026")
                .replace('=', "\\u003D"),
        )),
        "urlquery" => {
            Some(Value::from(objects::text::percent_encoded(&joined(args, false)).replace("%20", "+")))
        }
        "exists" => {
            let mut v = first();
            for at in &args[1.min(args.len())..] {
                match index(v, at) {
                    Ok(Some(inner)) => v = Some(inner),
                    _ => return Ok(Some(Value::Bool(false))),
                }
            }
            Some(Value::Bool(v.is_some()))
        }
        "base64decode" => {
            let source = text(&first());
            match base64::decode(&source) {
                Some(bytes) => Some(Value::from(String::from_utf8_lossy(&bytes).into_owned())),
                None => return Err("base64 decode failed: illegal base64 data at input byte 0".into()),
            }
        }
        "eq" => {
            let [a, rest @ ..] = args else { return Err("missing argument for comparison".into()) };
            if rest.is_empty() {
                return Err("missing argument for comparison".into());
            }
            let mut same = false;
            for b in rest {
                same |= equal(a, b)?;
            }
            Some(Value::Bool(same))
        }
        "ne" => Some(Value::Bool(!equal(two(args)?.0, two(args)?.1)?)),
        "lt" | "le" | "gt" | "ge" => {
            let (a, b) = two(args)?;
            let o = order(a, b)?;
            Some(Value::Bool(match name {
                "lt" => o == Ordering::Less,
                "le" => o != Ordering::Greater,
                "gt" => o == Ordering::Greater,
                _ => o != Ordering::Less,
            }))
        }
        other => return Err(format!("function {other:?} not defined")),
    })
}

fn two(args: &[Arg]) -> Result<(&Arg, &Arg), String> {
    match args {
        [a, b] => Ok((a, b)),
        _ => Err(format!("wrong number of args: want 2 got {}", args.len())),
    }
}

fn equal(a: &Arg, b: &Arg) -> Result<bool, String> {
    match (a, b) {
        (Some(Value::Int(_)), Some(Value::Float(_))) | (Some(Value::Float(_)), Some(Value::Int(_))) => {
            Err("incompatible types for comparison".into())
        }
        (Some(x), Some(y)) if type_name(x) != type_name(y) => Err("incompatible types for comparison".into()),
        _ => Ok(a == b),
    }
}

fn order(a: &Arg, b: &Arg) -> Result<Ordering, String> {
    match (a, b) {
        (Some(Value::Int(x)), Some(Value::Int(y))) => Ok(x.cmp(y)),
        (Some(Value::Float(x)), Some(Value::Float(y))) => Ok(x.partial_cmp(y).unwrap_or(Ordering::Equal)),
        (Some(Value::Str(x)), Some(Value::Str(y))) => Ok(x.cmp(y)),
        _ => Err("incompatible types for comparison".into()),
    }
}

fn index(v: Arg, at: &Arg) -> Result<Arg, String> {
    match (v, at) {
        (Some(Value::Map(m)), Some(Value::Str(k))) => Ok(m.get(k).cloned()),
        (Some(Value::List(l)), Some(Value::Int(i))) => {
            match usize::try_from(*i).ok().and_then(|i| l.get(i)) {
                Some(x) => Ok(Some(x.clone())),
                None => Err(format!("index out of range: {i}")),
            }
        }
        (Some(Value::Str(s)), Some(Value::Int(i))) => {
            match usize::try_from(*i).ok().and_then(|i| s.as_bytes().get(i)) {
                Some(b) => Ok(Some(Value::from(*b as u16))),
                None => Err(format!("index out of range: {i}")),
            }
        }
        (None | Some(Value::Null), _) => Err("index of untyped nil".into()),
        (Some(v), Some(at)) => Err(format!("cannot index {} with {}", type_name(&v), type_name(at))),
        (Some(_), None) => Err("cannot index slice/array with nil".into()),
    }
}

fn slice(args: &[Arg]) -> Result<Arg, String> {
    let bound = |n: usize, default: usize| -> Result<usize, String> {
        match args.get(n) {
            None => Ok(default),
            Some(Some(Value::Int(i))) => usize::try_from(*i).map_err(|_| format!("index out of range: {i}")),
            Some(_) => Err("cannot index slice/array with that type".into()),
        }
    };
    match args.first() {
        Some(Some(Value::Str(s))) => {
            let (a, b) = (bound(1, 0)?, bound(2, s.len())?);
            s.get(a..b).map(|t| Some(Value::from(t))).ok_or_else(|| format!("index out of range: {b}"))
        }
        Some(Some(Value::List(l))) => {
            let (a, b) = (bound(1, 0)?, bound(2, l.len())?);
            match l.get(a..b) {
                Some(part) => Ok(Some(Value::List(part.to_vec().into()))),
                None => Err(format!("index out of range: {b}")),
            }
        }
        _ => Err("can't slice item of that type".into()),
    }
}

/// As Go's Print: a space between operands when neither is a string; as Println: always.
fn joined(args: &[Arg], always: bool) -> String {
    let mut out = String::new();
    let is_text = |a: &Arg| matches!(a, Some(Value::Str(_)));
    for (i, a) in args.iter().enumerate() {
        if i > 0 && (always || !(is_text(a) || is_text(&args[i - 1]))) {
            out.push(' ');
        }
        out.push_str(&shown(a));
    }
    out
}

fn shown(a: &Arg) -> String {
    match a {
        None | Some(Value::Null) => "<nil>".into(),
        other => printed(other),
    }
}

/// Go's Sprintf, the verbs that templates use.
fn format(args: &[Arg]) -> String {
    let pattern = args.first().map(text).unwrap_or_default();
    let mut rest = args.iter().skip(1);
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flags = String::new();
        while let Some(f) = chars.peek().filter(|f| "+-# 0".contains(**f)) {
            flags.push(*f);
            chars.next();
        }
        let digits = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
            let mut n = String::new();
            while let Some(d) = chars.peek().filter(|d| d.is_ascii_digit()) {
                n.push(*d);
                chars.next();
            }
            n.parse::<usize>().ok().map(|n| n.min(10_000))
        };
        let width = digits(&mut chars).unwrap_or(0);
        let mut precision = None;
        if chars.peek() == Some(&'.') {
            chars.next();
            precision = Some(digits(&mut chars).unwrap_or(0));
        }
        let Some(verb) = chars.next() else {
            out.push_str("%!(NOVERB)");
            break;
        };
        if verb == '%' {
            out.push('%');
            continue;
        }
        let Some(a) = rest.next() else {
            out.push_str(&format!("%!{verb}(MISSING)"));
            continue;
        };
        let body = one(verb, a, precision);
        let fill = width.saturating_sub(body.chars().count());
        if flags.contains('-') {
            out.push_str(&body);
            out.push_str(&" ".repeat(fill));
        } else if flags.contains('0') && matches!(verb, 'd' | 'f' | 'x') {
            let (sign, number) = body.strip_prefix('-').map_or(("", body.as_str()), |n| ("-", n));
            out.push_str(sign);
            out.push_str(&"0".repeat(fill));
            out.push_str(number);
        } else {
            out.push_str(&" ".repeat(fill));
            out.push_str(&body);
        }
    }
    let extra: Vec<String> =
        rest.map(|a| format!("{}={}", a.as_ref().map_or("<nil>", type_name), shown(a))).collect();
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    out
}

fn one(verb: char, a: &Arg, precision: Option<usize>) -> String {
    let bad = || format!("%!{verb}({}={})", a.as_ref().map_or("<nil>", type_name), shown(a));
    match (verb, a) {
        ('s' | 'v', _) => {
            let s = shown(a);
            match precision {
                Some(p) if verb == 's' => s.chars().take(p).collect(),
                _ => s,
            }
        }
        ('q', Some(Value::Str(s))) => json::go_quote(s),
        ('d', Some(Value::Int(i))) => i.to_string(),
        ('x', Some(Value::Int(i))) => format!("{i:x}"),
        ('x', Some(Value::Str(s))) => s.bytes().map(|b| format!("{b:02x}")).collect(),
        ('c', Some(Value::Int(i))) => {
            u32::try_from(*i).ok().and_then(char::from_u32).unwrap_or('\u{fffd}').to_string()
        }
        ('f', Some(Value::Float(f))) => format!("{f:.*}", precision.unwrap_or(6)),
        ('g', Some(Value::Float(f))) => objects::number::g_float(*f),
        ('t', Some(Value::Bool(b))) => b.to_string(),
        ('T', Some(v)) => type_name(v).into(),
        _ => bad(),
    }
}
