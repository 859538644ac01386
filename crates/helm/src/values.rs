//! Values of a chart: merged from its own, from files and from `--set`.
//!
//! Models `pkg/chartutil/coalesce.go`, `pkg/strvals` and `pkg/cli/values`.

use kubectl::Io;
use kubectl::flags::Args;
use objects::{Value, json, yaml};

/// The longest list that an index in `--set` may ask for.
const INDEX_MAX: usize = 65_536;
/// How deep a name in `--set` may go.
const DEPTH_MAX: usize = 30;

/// `over` laid over `base`: maps are joined, all else replaced.
pub(crate) fn merged(base: &Value, over: &Value) -> Value {
    let (Value::Map(_), Value::Map(o)) = (base, over) else {
        return if over.is_null() { base.clone() } else { over.clone() };
    };
    let mut out = base.clone();
    for (key, v) in o.iter() {
        let joined = match out.find(key) {
            Some(was) if was.as_map().is_some() && v.as_map().is_some() => merged(was, v),
            _ => v.clone(),
        };
        out.set(key.clone(), joined);
    }
    out
}

/// A chart's own values under what the user gave: a null takes the chart's value away.
pub(crate) fn coalesced(chart: &Value, user: &Value) -> Value {
    let mut out = if chart.as_map().is_some() { chart.clone() } else { Value::map() };
    for (key, v) in user.entries() {
        if v.is_null() {
            out.remove(key);
            continue;
        }
        let joined = match out.find(key) {
            Some(was) if was.as_map().is_some() && v.as_map().is_some() => coalesced(was, v),
            _ => v.clone(),
        };
        out.set(key.clone(), joined);
    }
    out
}

/// What `-f`, `--set-json`, `--set`, `--set-string` and `--set-file` say, in helm's order.
pub(crate) fn given(args: &Args, io: &dyn Io) -> Result<Value, String> {
    let mut out = Value::map();
    for path in args.list("values") {
        let bytes = io.read(&path).map_err(|e| format!("open {path}: {}", e.text()))?;
        let loaded = yaml::load(&String::from_utf8_lossy(&bytes));
        let value = loaded.map_err(|e| format!("failed to parse {path}: {e}"))?.value;
        out = merged(&out, &value);
    }
    for text in args.list("set-literal") {
        let Some((key, value)) = text.split_once('=') else {
            return Err(format!("failed parsing --set-literal data: key \"{text}\" has no value"));
        };
        put(&mut out, &steps(key)?, Value::from(value));
    }
    for text in args.list("set-json") {
        let (key, value) = text.split_once('=').unwrap_or((&text, ""));
        let value = json::parse(value)
            .map_err(|e| format!("failed parsing --set-json data {text}: {}", e.message))?;
        put(&mut out, &steps(key)?, value);
    }
    for (flag, kind) in [("set", Set::Typed), ("set-string", Set::Text), ("set-file", Set::File)] {
        for text in args.list(flag) {
            set(&mut out, &text, kind, io).map_err(|why| format!("failed parsing --{flag} data: {why}"))?;
        }
    }
    Ok(out)
}

#[derive(Clone, Copy, PartialEq)]
enum Set {
    Typed,
    Text,
    File,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

/// `a.b=1,c[0]=x,d={y,z}`
fn set(out: &mut Value, text: &str, kind: Set, io: &dyn Io) -> Result<(), String> {
    let mut rest = text;
    while !rest.is_empty() {
        let (key, after) = until(rest, &['=']);
        let Some(after) = after else { return Err(format!("key \"{key}\" has no value")) };
        if let Some(list) = after.strip_prefix('{').filter(|_| kind != Set::File) {
            let end = list.find('}').ok_or("list must terminate with '}'")?;
            let mut items = Vec::new();
            let mut inner = &list[..end];
            while !inner.is_empty() {
                let (item, next) = until(inner, &[',']);
                items.push(typed(&item, kind));
                inner = next.unwrap_or("");
            }
            put(out, &steps(&key)?, Value::List(items.into()));
            rest = list[end + 1..].trim_start_matches(',');
            continue;
        }
        let (value, next) = until(after, &[',']);
        let value = if kind == Set::File {
            let bytes = io.read(&value).map_err(|e| format!("open {value}: {}", e.text()))?;
            Value::from(String::from_utf8_lossy(&bytes).into_owned())
        } else {
            typed(&value, kind)
        };
        put(out, &steps(&key)?, value);
        rest = next.unwrap_or("");
    }
    Ok(())
}

/// The text up to one of `ends` (a backslash protects), and what follows it.
fn until<'a>(text: &'a str, ends: &[char]) -> (String, Option<&'a str>) {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        if c == '\\' {
            if let Some((_, next)) = chars.next() {
                // A protected dot stays protected until the key is split.
                if next == '.' {
                    out.push('\\');
                }
                out.push(next);
            }
        } else if ends.contains(&c) {
            return (out, Some(&text[i + c.len_utf8()..]));
        } else {
            out.push(c);
        }
    }
    (out, None)
}

fn typed(text: &str, kind: Set) -> Value {
    if kind == Set::Typed {
        match text {
            "true" => return Value::Bool(true),
            "false" => return Value::Bool(false),
            "null" => return Value::Null,
            "0" => return Value::Int(0),
            _ => {}
        }
        if !text.starts_with('0')
            && let Ok(i) = text.parse::<i64>()
        {
            return Value::Int(i);
        }
    }
    Value::from(text)
}

fn steps(key: &str) -> Result<Vec<Step>, String> {
    let mut out = Vec::new();
    let mut name = String::new();
    let mut chars = key.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => name.extend(chars.next()),
            '.' => {
                if !name.is_empty() {
                    out.push(Step::Key(std::mem::take(&mut name)));
                }
            }
            '[' => {
                if !name.is_empty() {
                    out.push(Step::Key(std::mem::take(&mut name)));
                }
                let digits: String = chars.by_ref().take_while(|c| *c != ']').collect();
                let i: usize = digits.parse().map_err(|_| {
                    format!("error parsing index: strconv.Atoi: parsing \"{digits}\": invalid syntax")
                })?;
                if i > INDEX_MAX {
                    return Err(format!(
                        "index of {i} is greater than maximum supported index of {INDEX_MAX}"
                    ));
                }
                out.push(Step::Index(i));
            }
            c => name.push(c),
        }
    }
    if !name.is_empty() {
        out.push(Step::Key(name));
    }
    if out.len() > DEPTH_MAX {
        return Err(format!(
            "value name nested level is greater than maximum supported nested level of {DEPTH_MAX}"
        ));
    }
    Ok(out)
}

fn put(into: &mut Value, steps: &[Step], value: Value) {
    let Some((first, rest)) = steps.split_first() else {
        *into = value;
        return;
    };
    match first {
        Step::Key(key) => put(into.map_mut().entry(key), rest, value),
        Step::Index(i) => {
            let list = into.list_mut().to_mut();
            if list.len() <= *i {
                list.resize(i + 1, Value::Null);
            }
            put(&mut list[*i], rest, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use kubectl::testing::MemoryIo;
    use objects::value;

    use super::*;

    #[test]
    fn set_is_read_as_helm_does() {
        let table = [
            ("a=1,b.c=x", value!({"a": 1, "b": {"c": "x"}})),
            ("a={x,2},b=true", value!({"a": ["x", 2], "b": true})),
            ("a[1].b=y", value!({"a": [null, {"b": "y"}]})),
            ("n.a\\.b/c=d,e=f\\,g", value!({"n": {"a.b/c": "d"}, "e": "f,g"})),
            ("p=0123,q=null,r=", value!({"p": "0123", "q": null, "r": ""})),
        ];
        for (text, want) in table {
            let mut out = Value::map();
            assert_eq!(set(&mut out, text, Set::Typed, &MemoryIo::default()), Ok(()), "{text}");
            assert_eq!(out, want, "{text}");
        }
        let mut out = Value::map();
        let bad = set(&mut out, "a", Set::Typed, &MemoryIo::default());
        assert_eq!(bad, Err("key \"a\" has no value".to_owned()));
        assert!(set(&mut out, "a[99999999]=1", Set::Typed, &MemoryIo::default()).is_err());
    }

    #[test]
    fn values_are_laid_over_each_other() {
        let chart = value!({"image": {"name": "web", "tag": "1"}, "ports": [80], "off": {"x": 1}});
        let user = value!({"image": {"tag": "2"}, "ports": [81], "off": null});
        assert_eq!(coalesced(&chart, &user), value!({"image": {"name": "web", "tag": "2"}, "ports": [81]}));
    }
}
