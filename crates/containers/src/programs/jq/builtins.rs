//! jq's functions that its own language does not give (`prelude.jq` has the rest), and what its operators do.

use std::sync::Arc;

use ordered::Sort as _;

use super::eval::{At, Done, Give, Names, Run, Stop, error};
use super::parse::Filter;
use super::value::{Json, Reader};
use crate::programs::{base64, date_text};
use crate::regex::Regex;

const TEXT_MAX: usize = 4 << 20;

/// A value in an error: its kind, and the beginning of what it is.
pub(super) fn told(v: &Json) -> String {
    let text = v.print(None, false);
    let short = match text.char_indices().nth(10) {
        Some((i, _)) if text.len() > 14 => format!("{}...", &text[..i]),
        _ => text,
    };
    if *v == Json::Null { "null (null)".into() } else { format!("{} ({short})", v.kind()) }
}

fn place(len: usize, n: f64) -> Option<usize> {
    let n = if n < 0.0 { n + len as f64 } else { n };
    (n >= 0.0).then_some(n as usize)
}

pub(super) fn index(v: &Json, key: &Json) -> Result<Json, Stop> {
    match (v, key) {
        (Json::Null, Json::Text(_) | Json::Number(_) | Json::Null) => Ok(Json::Null),
        (Json::Map(_), Json::Text(k)) => Ok(v.field(k)),
        (Json::List(items), Json::Number(n)) => {
            Ok(place(items.len(), n.floor()).and_then(|i| items.get(i)).cloned().unwrap_or(Json::Null))
        }
        (Json::List(_) | Json::Null | Json::Text(_), Json::Map(_)) => {
            slice(v, &key.field("start"), &key.field("end"))
        }
        (v, Json::Text(k)) => error(format!("Cannot index {} with string \"{k}\"", v.kind())),
        (v, k) => error(format!("Cannot index {} with {}", v.kind(), k.kind())),
    }
}

fn bounds(len: usize, from: &Json, to: &Json) -> (usize, usize) {
    let at = |v: &Json, none: usize| match v {
        Json::Number(n) => place(len, *n).unwrap_or(0).min(len),
        _ => none,
    };
    let (from, to) = (at(from, 0), at(to, len));
    (from, to.max(from))
}

pub(super) fn slice(v: &Json, from: &Json, to: &Json) -> Result<Json, Stop> {
    match v {
        Json::Null => Ok(Json::Null),
        Json::List(items) => {
            let (from, to) = bounds(items.len(), from, to);
            Ok(Json::list(items[from..to].to_vec()))
        }
        Json::Text(t) => {
            let chars: Vec<char> = t.chars().collect();
            let (from, to) = bounds(chars.len(), from, to);
            Ok(Json::text(&chars[from..to].iter().collect::<String>()))
        }
        other => error(format!("Cannot index {} with object", other.kind())),
    }
}

pub(super) fn get(v: &Json, path: &[Json]) -> Result<Json, Stop> {
    path.iter().try_fold(v.clone(), |v, key| index(&v, key))
}

/// A value with another at `path`, or with none there.
pub(super) fn put(v: &Json, path: &[Json], new: Option<Json>) -> Result<Json, Stop> {
    let Some((key, rest)) = path.split_first() else { return Ok(new.unwrap_or(Json::Null)) };
    if new.is_none() && *v == Json::Null {
        return Ok(Json::Null);
    }
    let inner = index(v, key)?;
    let gone = rest.is_empty() && new.is_none();
    let inner = if gone { inner } else { put(&inner, rest, new)? };
    match (v, key) {
        (Json::Map(m), Json::Text(k)) if gone => {
            Ok(Json::Map(Arc::new(m.iter().filter(|e| e.0 != *k).cloned().collect())))
        }
        (Json::Map(_), Json::Text(k)) => {
            let mut v = v.clone();
            v.set(k, inner);
            Ok(v)
        }
        (Json::Null, Json::Text(k)) => Ok(Json::Map(Arc::new(vec![(k.clone(), inner)]))),
        (Json::List(_) | Json::Null, Json::Number(n)) => {
            let mut items = if let Json::List(items) = v { items.to_vec() } else { Vec::new() };
            let Some(i) = place(items.len(), n.floor()) else {
                return error("Out of bounds negative array index".into());
            };
            if gone {
                if i < items.len() {
                    items.remove(i);
                }
            } else if i > 100_000 {
                return error("Array index too large".into());
            } else {
                if i >= items.len() {
                    items.resize(i + 1, Json::Null);
                }
                items[i] = inner;
            }
            Ok(Json::list(items))
        }
        (Json::List(items), Json::Map(_)) => {
            let (from, to) = bounds(items.len(), &key.field("start"), &key.field("end"));
            let middle = match &inner {
                Json::List(new) if !gone => new.to_vec(),
                _ if gone => Vec::new(),
                _ => return error("A slice of an array can only be assigned another array".into()),
            };
            Ok(Json::list([&items[..from], &middle, &items[to..]].concat()))
        }
        (v, k) => error(format!("Cannot update field at {} index of {}", k.kind(), v.kind())),
    }
}

fn merged(a: &Json, b: &Json) -> Json {
    let (Json::Map(_), Json::Map(new)) = (a, b) else { return b.clone() };
    let mut out = a.clone();
    for (k, v) in new.iter() {
        out.set(k, merged(&out.field(k), v));
    }
    out
}

pub(super) fn binary(op: &str, a: &Json, b: &Json) -> Result<Json, Stop> {
    let order = || a.order(b);
    Ok(match (op, a, b) {
        ("==", ..) => Json::Bool(order().is_eq()),
        ("!=", ..) => Json::Bool(order().is_ne()),
        ("<", ..) => Json::Bool(order().is_lt()),
        ("<=", ..) => Json::Bool(order().is_le()),
        (">", ..) => Json::Bool(order().is_gt()),
        (">=", ..) => Json::Bool(order().is_ge()),
        ("+", Json::Null, v) | ("+", v, Json::Null) => v.clone(),
        ("+", Json::Number(a), Json::Number(b)) => Json::Number(a + b),
        ("-", Json::Number(a), Json::Number(b)) => Json::Number(a - b),
        ("*", Json::Number(a), Json::Number(b)) => Json::Number(a * b),
        ("/" | "%", Json::Number(_), Json::Number(n)) if n.trunc() == 0.0 && (op == "%" || *n == 0.0) => {
            let (a, b) = (told(a), told(b));
            return error(format!("{a} and {b} cannot be divided because the divisor is zero"));
        }
        ("/", Json::Number(a), Json::Number(b)) => Json::Number(a / b),
        ("%", Json::Number(a), Json::Number(b)) => Json::Number((*a as i64).wrapping_rem(*b as i64) as f64),
        ("+", Json::Text(a), Json::Text(b)) if a.len() + b.len() < TEXT_MAX => Json::text(&format!("{a}{b}")),
        ("+", Json::List(a), Json::List(b)) => Json::list([a.as_slice(), b.as_slice()].concat()),
        ("+", Json::Map(_), Json::Map(new)) => {
            let mut out = a.clone();
            for (k, v) in new.iter() {
                out.set(k, v.clone());
            }
            out
        }
        ("-", Json::List(a), Json::List(b)) => {
            Json::list(a.iter().filter(|v| !b.iter().any(|w| w.order(v).is_eq())).cloned().collect())
        }
        ("*", Json::Map(_), Json::Map(_)) => merged(a, b),
        ("*", Json::Text(t), Json::Number(n)) | ("*", Json::Number(n), Json::Text(t)) => {
            if *n <= 0.0 {
                Json::Null
            } else {
                Json::text(&t.repeat((*n as usize).clamp(1, TEXT_MAX / t.len().max(1))))
            }
        }
        ("/", Json::Text(a), Json::Text(b)) => split(a, b),
        _ => {
            let deed = match op {
                "+" => "added",
                "-" => "subtracted",
                "*" => "multiplied",
                _ => "divided",
            };
            return error(format!("{} and {} cannot be {deed}", told(a), told(b)));
        }
    })
}

fn split(text: &str, by: &str) -> Json {
    let parts: Vec<Json> = match (text, by) {
        ("", _) => Vec::new(),
        (t, "") => t.chars().map(|c| Json::text(c.encode_utf8(&mut [0; 4]))).collect(),
        (t, by) => t.split(by).map(Json::text).collect(),
    };
    Json::list(parts)
}

fn escaped(text: &str, pairs: &[(char, &str)]) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match pairs.iter().find(|p| p.0 == c) {
            Some((_, with)) => out.push_str(with),
            None => out.push(c),
        }
    }
    out
}

/// `@name`
pub(super) fn format(name: &str, v: &Json) -> Result<String, Stop> {
    let row = |quoted: &dyn Fn(&str) -> String, between: &str| -> Result<String, Stop> {
        let Json::List(items) = v else {
            return error(format!("{} cannot be {name}-formatted, only an array can be", told(v)));
        };
        let mut cells = Vec::new();
        for i in items.iter() {
            cells.push(match i {
                Json::Text(t) => quoted(t),
                Json::Null => String::new(),
                Json::List(_) | Json::Map(_) => {
                    return error(format!("{} is not valid in a {name} row", told(i)));
                }
                other => other.shown(),
            });
        }
        Ok(cells.join(between))
    };
    let text = v.shown();
    Ok(match name {
        "text" => text,
        "json" => v.print(None, false),
        "base64" => base64::encode(text.as_bytes()),
        "base64d" => match objects::base64::decode(text.trim_end_matches('=')) {
            Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            None => match objects::base64::decode(&text) {
                Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                None => return error(format!("{} is not valid base64 data", told(v))),
            },
        },
        "csv" => row(&|t| format!("\"{}\"", t.replace('"', "\"\"")), ",")?,
        "tsv" => row(&|t| escaped(t, &[('\t', "\\t"), ('\n', "\\n"), ('\r', "\\r"), ('\\', "\\\\")]), "\t")?,
        "html" => {
            escaped(&text, &[('<', "&lt;"), ('>', "&gt;"), ('&', "&amp;"), ('\'', "&#39;"), ('"', "&quot;")])
        }
        "sh" => {
            let one = |v: &Json| match v {
                Json::Text(t) => format!("'{}'", t.replace('\'', "'\\''")),
                other => other.shown(),
            };
            match v {
                Json::List(items) => items.iter().map(one).collect::<Vec<_>>().join(" "),
                v => one(v),
            }
        }
        "uri" => objects::text::percent_encoded(&text),
        _ => return error(format!("{name} is not a valid format")),
    })
}

fn contains(a: &Json, b: &Json) -> Result<bool, Stop> {
    Ok(match (a, b) {
        (Json::Map(_), Json::Map(want)) => {
            for (k, v) in want.iter() {
                if !contains(&a.field(k), v).unwrap_or(false) {
                    return Ok(false);
                }
            }
            true
        }
        (Json::List(have), Json::List(want)) => {
            want.iter().all(|w| have.iter().any(|h| contains(h, w).unwrap_or(false)))
        }
        (Json::Text(a), Json::Text(b)) => a.contains(&**b),
        (a, b) if a.kind() == b.kind() => a == b,
        _ => return error(format!("{} and {} cannot have their containment checked", told(a), told(b))),
    })
}

/// A regular expression as jq writes it, and the names of its groups.
fn regex(text: &str, flags: &str) -> Result<(Regex, Vec<Json>), Stop> {
    let (mut out, mut names, mut rest) = (String::new(), Vec::new(), text);
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let next = rest.chars().next();
        match (c, next) {
            ('\\', Some(e)) => {
                rest = &rest[e.len_utf8()..];
                match e {
                    'd' => out.push_str("[0-9]"),
                    'D' => out.push_str("[^0-9]"),
                    's' => out.push_str("[[:space:]]"),
                    'S' => out.push_str("[^[:space:]]"),
                    e => out.extend(['\\', e]),
                }
            }
            ('(', Some('?')) if rest.starts_with("?<") && !rest.starts_with("?<=") => {
                let Some(end) = rest.find('>') else {
                    return error(format!("{text} (at offset 0) is not a valid regex"));
                };
                names.push(Json::text(&rest[2..end]));
                rest = &rest[end + 1..];
                out.push('(');
            }
            ('(', Some('?')) if rest.starts_with("?:") => {
                rest = &rest[2..];
                out.push('(');
                names.push(Json::Null);
            }
            ('(', _) => {
                names.push(Json::Null);
                out.push('(');
            }
            (c, _) => out.push(c),
        }
    }
    match Regex::new(&out, true, flags.contains('i')) {
        Ok(r) => Ok((r, names)),
        Err(_) => error(format!("{text} (at offset 0) is not a valid regex")),
    }
}

/// All matches, as `match` tells them.
fn matches(text: &str, pattern: &str, flags: &str) -> Result<Vec<Json>, Stop> {
    let (regex, names) = regex(pattern, flags)?;
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut from) = (Vec::new(), 0);
    while from <= chars.len() {
        let Some(groups) = regex.find_at(&chars, from) else { break };
        let Some((a, b)) = groups[0] else { break };
        let told = |group: Option<(usize, usize)>| {
            let mut m = Json::Map(Arc::default());
            let (from, text) = match group {
                Some((a, b)) => (a as f64, Json::text(&chars[a..b].iter().collect::<String>())),
                None => (-1.0, Json::Null),
            };
            m.set("offset", Json::Number(from));
            m.set("length", Json::Number(group.map_or(0.0, |(a, b)| (b - a) as f64)));
            m.set("string", text);
            m
        };
        let mut m = told(Some((a, b)));
        let captures = names.iter().enumerate().map(|(i, name)| {
            let mut c = told(groups.get(i + 1).copied().flatten());
            c.set("name", name.clone());
            c
        });
        m.set("captures", Json::list(captures.collect()));
        out.push(m);
        from = if b > a { b } else { b + 1 };
        if !flags.contains('g') {
            break;
        }
    }
    Ok(out)
}

/// `sub` and `gsub`: the replacement is a filter over what the groups caught.
fn substitute(run: &mut Run, args: &[Filter], names: &Names<'_>, at: &At) -> Result<Json, Stop> {
    let Json::Text(text) = &at.value else {
        return error(format!("{} cannot be matched, as it is not a string", told(&at.value)));
    };
    let mut first =
        |f: &Filter| Ok(run.all(f, names, &at.value)?.into_iter().next().unwrap_or(Json::Null).shown());
    let (pattern, flags) = (first(&args[0])?, first(&args[2])?);
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut from) = (String::new(), 0);
    for m in matches(text, &pattern, &flags)? {
        let number = |name: &str| if let Json::Number(n) = m.field(name) { n as usize } else { 0 };
        let mut caught = Json::Map(Arc::default());
        if let Json::List(groups) = m.field("captures") {
            for g in groups.iter() {
                if let Json::Text(name) = g.field("name") {
                    caught.set(&name, g.field("string"));
                }
            }
        }
        out.extend(&chars[from..number("offset")]);
        out.push_str(&run.all(&args[1], names, &caught)?.first().map_or(String::new(), Json::shown));
        from = number("offset") + number("length");
    }
    out.extend(&chars[from..]);
    Ok(Json::text(&out))
}

fn keys(v: &Json, sorted: bool) -> Result<Json, Stop> {
    match v {
        Json::Map(_) if sorted => Ok(Json::list(v.sorted_keys().into_iter().map(Json::Text).collect())),
        Json::Map(m) => Ok(Json::list(m.iter().map(|e| Json::Text(e.0.clone())).collect())),
        Json::List(l) => Ok(Json::list((0..l.len()).map(|i| Json::Number(i as f64)).collect())),
        other => error(format!("{} has no keys", told(other))),
    }
}

fn length(v: &Json) -> Result<Json, Stop> {
    Ok(Json::Number(match v {
        Json::Null => 0.0,
        Json::Bool(_) => return error(format!("{} has no length", told(v))),
        Json::Number(n) => n.abs(),
        Json::Text(t) => t.chars().count() as f64,
        Json::List(l) => l.len() as f64,
        Json::Map(m) => m.len() as f64,
    }))
}

/// A function that the language itself does not define.
pub(super) fn call(
    run: &mut Run,
    name: &str,
    args: &[Filter],
    names: &Names<'_>,
    at: &At,
    give: Give<'_>,
) -> Done {
    let plain = |v: Json| At::plain(v);
    match (name, args) {
        ("empty", []) => return Ok(()),
        ("path", [f]) => {
            for p in run.paths(f, names, &at.value)? {
                give(run, plain(Json::list(p)))?;
            }
            return Ok(());
        }
        ("getpath", [f]) => {
            for p in run.all(f, names, &at.value)? {
                let Json::List(keys) = &p else { return error("Path must be specified as an array".into()) };
                let value = get(&at.value, keys).unwrap_or(Json::Null);
                let path = at.path.as_ref().map(|p| p.iter().chain(keys.iter()).cloned().collect());
                give(run, At { path, value })?;
            }
            return Ok(());
        }
        ("limit", [n, f]) => {
            let Some(Json::Number(n)) = run.all(n, names, &at.value)?.first().cloned() else { return Ok(()) };
            let mut left = n as i64;
            if left <= 0 {
                return Ok(());
            }
            let mut later = None;
            let done = run.eval(f, names, at.clone(), &mut |run, v| {
                left -= 1;
                if let Err(stop) = give(run, v) {
                    later = Some(stop);
                    return Err(Stop::Enough);
                }
                if left <= 0 { Err(Stop::Enough) } else { Ok(()) }
            });
            return match (done, later) {
                (_, Some(stop)) => Err(stop),
                (Err(Stop::Enough), None) if left <= 0 => Ok(()),
                (done, None) => done,
            };
        }
        ("sub" | "gsub", [_, _, _]) => {
            let v = substitute(run, args, names, at)?;
            return give(run, plain(v));
        }
        ("inputs", []) => {
            while let Some(v) = run.inputs.pop_front() {
                give(run, plain(v))?;
            }
            return Ok(());
        }
        ("error", []) => return Err(Stop::Error(at.value.clone())),
        _ => {}
    }
    let mut combinations = vec![Vec::new()];
    for f in args {
        let values = run.all(f, names, &at.value)?;
        combinations = values
            .iter()
            .flat_map(|v| {
                combinations.iter().map(move |c: &Vec<Json>| [c.as_slice(), std::slice::from_ref(v)].concat())
            })
            .collect();
    }
    for values in combinations {
        if let ("range", [Json::Number(from), Json::Number(to), rest @ ..]) = (name, values.as_slice()) {
            let by = if let Some(Json::Number(by)) = rest.first() { *by } else { 1.0 };
            let mut n = *from;
            while by != 0.0 && (if by > 0.0 { n < *to } else { n > *to }) {
                run.fuel = run.fuel.saturating_sub(1);
                if run.fuel == 0 {
                    return error("this program does not end".into());
                }
                give(run, plain(Json::Number(n)))?;
                n += by;
            }
            continue;
        }
        if name == "match" && values.len() == 2 {
            let Json::Text(t) = &at.value else {
                return error(format!("{} cannot be matched, as it is not a string", told(&at.value)));
            };
            for m in matches(t, &values[0].shown(), &values[1].shown())? {
                give(run, plain(m))?;
            }
            continue;
        }
        let v = function(run, name, &at.value, &values)?;
        give(run, plain(v))?;
    }
    Ok(())
}

fn function(run: &mut Run, name: &str, v: &Json, args: &[Json]) -> Result<Json, Stop> {
    let on_text = |f: &dyn Fn(&str) -> String| match v {
        Json::Text(t) => Ok(Json::text(&f(t))),
        other => error(format!("{name} input must be a string, not {}", other.kind())),
    };
    let on_number = |f: fn(f64) -> f64| match v {
        Json::Number(n) => Ok(Json::Number(f(*n))),
        other => error(format!("{} number required", told(other))),
    };
    Ok(match (name, args) {
        ("not", []) => Json::Bool(!v.truth()),
        ("length", []) => return length(v),
        ("utf8bytelength", []) => Json::Number(v.shown().len() as f64),
        ("keys", []) => return keys(v, true),
        ("keys_unsorted", []) => return keys(v, false),
        ("type", []) => Json::text(v.kind()),
        ("tostring", []) => Json::text(&v.shown()),
        ("tojson", []) => Json::text(&v.print(None, false)),
        ("fromjson", []) => match (Reader { text: &v.shown(), at: 0 }).next() {
            Some(Ok(v)) => v,
            Some(Err(why)) => return error(format!("{why} (while parsing '{}')", v.shown())),
            None => Json::Null,
        },
        ("tonumber", []) => match v {
            Json::Number(_) => v.clone(),
            Json::Text(t) => match t.trim().parse::<f64>() {
                Ok(n) => Json::Number(n),
                Err(_) => return error(format!("Cannot parse '{t}' as JSON")),
            },
            other => return error(format!("{} cannot be parsed as a number", told(other))),
        },
        ("ascii_downcase", []) => return on_text(&str::to_ascii_lowercase),
        ("ascii_upcase", []) => return on_text(&str::to_ascii_uppercase),
        ("trim", []) => return on_text(&|t| t.trim().into()),
        ("ltrim", []) => return on_text(&|t| t.trim_start().into()),
        ("rtrim", []) => return on_text(&|t| t.trim_end().into()),
        ("ltrimstr" | "rtrimstr", [by]) => match (v, by) {
            (Json::Text(t), Json::Text(by)) => {
                let rest = if name == "ltrimstr" { t.strip_prefix(&**by) } else { t.strip_suffix(&**by) };
                Json::text(rest.unwrap_or(t))
            }
            _ => v.clone(),
        },
        ("startswith" | "endswith", [by]) => match (v, by) {
            (Json::Text(t), Json::Text(by)) => {
                Json::Bool(if name == "startswith" { t.starts_with(&**by) } else { t.ends_with(&**by) })
            }
            _ => return error(format!("{name}() requires string inputs")),
        },
        ("split", [by]) => match (v, by) {
            (Json::Text(t), Json::Text(by)) => split(t, by),
            _ => return error("split input and separator must be strings".into()),
        },
        ("split", [by, _]) => {
            let text = v.shown();
            let chars: Vec<char> = text.chars().collect();
            let (mut out, mut from) = (Vec::new(), 0);
            for m in matches(&text, &by.shown(), "g")? {
                let (Json::Number(a), Json::Number(n)) = (m.field("offset"), m.field("length")) else {
                    continue;
                };
                out.push(Json::text(&chars[from..a as usize].iter().collect::<String>()));
                from = (a + n) as usize;
            }
            out.push(Json::text(&chars[from..].iter().collect::<String>()));
            Json::list(out)
        }
        ("test", [pattern, flags]) => match v {
            Json::Text(t) => Json::Bool(!matches(t, &pattern.shown(), &flags.shown())?.is_empty()),
            other => return error(format!("{} cannot be matched, as it is not a string", told(other))),
        },
        ("explode", []) => Json::list(v.shown().chars().map(|c| Json::Number(f64::from(c as u32))).collect()),
        ("implode", []) => match v {
            Json::List(codes) => {
                let char = |c: &Json| if let Json::Number(n) = c { char::from_u32(*n as u32) } else { None };
                Json::text(&codes.iter().filter_map(char).collect::<String>())
            }
            _ => return error("implode input must be an array".into()),
        },
        ("sort", []) => match v {
            Json::List(items) => {
                let mut items = items.to_vec();
                items.arrange_by(Json::order);
                Json::list(items)
            }
            other => return error(format!("{} cannot be sorted, as it is not an array", told(other))),
        },
        ("reverse", []) => match v {
            Json::Text(t) => Json::text(&t.chars().rev().collect::<String>()),
            Json::List(items) => Json::list(items.iter().rev().cloned().collect()),
            Json::Null => Json::list(Vec::new()),
            other => return error(format!("Cannot reverse {}", told(other))),
        },
        ("has", [key]) => Json::Bool(match (v, key) {
            (Json::Map(m), Json::Text(k)) => m.iter().any(|e| e.0 == *k),
            (Json::List(l), Json::Number(n)) => *n >= 0.0 && (*n as usize) < l.len(),
            _ => return error(format!("Cannot check whether {} has a {} key", v.kind(), key.kind())),
        }),
        ("contains", [other]) => Json::Bool(contains(v, other)?),
        ("setpath", [Json::List(path), new]) => return put(v, path, Some(new.clone())),
        ("delpaths", [Json::List(paths)]) => {
            let mut paths = paths.to_vec();
            paths.arrange_by(Json::order);
            let mut out = v.clone();
            for p in paths.iter().rev() {
                if let Json::List(p) = p {
                    out = put(&out, p, None)?;
                }
            }
            out
        }
        ("indices", [what]) => match (v, what) {
            (Json::Text(t), Json::Text(w)) if !w.is_empty() => {
                let at = t.match_indices(&**w).map(|(i, _)| Json::Number(t[..i].chars().count() as f64));
                Json::list(at.collect())
            }
            (Json::List(l), w) => {
                let hit = |(i, x): (usize, &Json)| (x == w).then_some(Json::Number(i as f64));
                Json::list(l.iter().enumerate().filter_map(hit).collect())
            }
            _ => Json::Null,
        },
        ("floor", []) => return on_number(f64::floor),
        ("ceil", []) => return on_number(f64::ceil),
        ("round", []) => return on_number(f64::round),
        ("sqrt", []) => return on_number(f64::sqrt),
        ("pow", [Json::Number(a), Json::Number(b)]) => Json::Number(a.powf(*b)),
        ("log", []) => return on_number(f64::ln),
        ("now", []) => Json::Number(run.now),
        ("strftime", [form]) => match v {
            Json::Number(n) => {
                Json::text(&date_text(clock::Time((n.clamp(-6e10, 2.5e11) * 1000.0) as i64), &form.shown()))
            }
            _ => return error("strftime/1 requires parsed datetime inputs".into()),
        },
        ("fromdateiso8601", []) => match clock::Time::parse_rfc3339(&v.shown()) {
            Some(t) => Json::Number((t.0 / 1000) as f64),
            None => {
                let text = v.shown();
                return error(format!("date \"{text}\" does not match format \"%Y-%m-%dT%H:%M:%SZ\""));
            }
        },
        ("error", [message]) => return Err(Stop::Error(message.clone())),
        ("input", []) => match run.inputs.pop_front() {
            Some(v) => v,
            None => return error("No more inputs".into()),
        },
        _ => return Err(Stop::Undefined(format!("{name}/{}", args.len()))),
    })
}
