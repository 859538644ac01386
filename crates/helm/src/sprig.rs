//! The functions of templates beyond Go's own: sprig's usual ones, and helm's `toYaml` and its like.
//!
//! Not modelled, and said so when called: cryptography (certificates, passwords), regular expressions beyond
//! `regexMatch`, dates beyond `now`.

use kubectl::printers::go_template::Functions as _;
use objects::{Value, base64, json, pattern, yaml};
use ordered::Sort as _;

use crate::engine::{Library, SAID};
use crate::values::merged;

type Arg = Option<Value>;
type Called = Result<Arg, String>;

/// The longest text or list a function makes.
const MAX: usize = 4 << 20;

pub(crate) const NAMES: &[&str] = &[
    "abbrev",
    "add",
    "add1",
    "all",
    "any",
    "append",
    "atoi",
    "b64dec",
    "b64enc",
    "camelcase",
    "cat",
    "ceil",
    "chunk",
    "coalesce",
    "compact",
    "concat",
    "contains",
    "date",
    "deepCopy",
    "deepEqual",
    "default",
    "dict",
    "dig",
    "div",
    "empty",
    "env",
    "expandenv",
    "fail",
    "first",
    "float64",
    "floor",
    "fromJson",
    "fromYaml",
    "fromYamlArray",
    "get",
    "getHostByName",
    "has",
    "hasKey",
    "hasPrefix",
    "hasSuffix",
    "indent",
    "initial",
    "initials",
    "int",
    "int64",
    "join",
    "kebabcase",
    "keys",
    "kindIs",
    "kindOf",
    "last",
    "list",
    "lower",
    "max",
    "merge",
    "mergeOverwrite",
    "min",
    "mod",
    "mul",
    "mustToJson",
    "mustToYaml",
    "nindent",
    "nospace",
    "now",
    "omit",
    "pick",
    "pluck",
    "plural",
    "prepend",
    "quote",
    "randAlpha",
    "randAlphaNum",
    "randNumeric",
    "regexFind",
    "regexFindAll",
    "regexMatch",
    "regexReplaceAll",
    "regexReplaceAllLiteral",
    "regexSplit",
    "repeat",
    "replace",
    "required",
    "rest",
    "reverse",
    "round",
    "semverCompare",
    "seq",
    "set",
    "sha256sum",
    "snakecase",
    "sortAlpha",
    "split",
    "splitList",
    "squote",
    "sub",
    "substr",
    "ternary",
    "title",
    "toJson",
    "toPrettyJson",
    "toRawJson",
    "toString",
    "toStrings",
    "toYaml",
    "trim",
    "trimAll",
    "trimPrefix",
    "trimSuffix",
    "trimall",
    "trunc",
    "tuple",
    "typeIs",
    "typeOf",
    "uniq",
    "unixEpoch",
    "unset",
    "until",
    "untilStep",
    "untitle",
    "upper",
    "uuidv4",
    "values",
    "without",
];

fn text(v: &Arg) -> String {
    match v {
        None | Some(Value::Null) => String::new(),
        Some(v) => objects::go_text::plain(v),
    }
}

fn int(v: &Arg) -> i64 {
    match v {
        Some(Value::Int(i)) => *i,
        Some(Value::Float(f)) => *f as i64,
        Some(Value::Bool(b)) => i64::from(*b),
        Some(Value::Str(s)) => s.trim().parse().unwrap_or(0),
        _ => 0,
    }
}

fn float(v: &Arg) -> f64 {
    match v {
        Some(Value::Float(f)) => *f,
        Some(Value::Str(s)) => s.trim().parse().unwrap_or(0.0),
        other => int(other) as f64,
    }
}

fn empty(v: &Arg) -> bool {
    v.as_ref().is_none_or(Value::is_zero)
}

fn some(v: impl Into<Value>) -> Called {
    Ok(Some(v.into()))
}

fn items(v: &Arg) -> Vec<Value> {
    v.as_ref().map(|v| v.items().to_vec()).unwrap_or_default()
}

fn list(v: Vec<Value>) -> Called {
    Ok(Some(Value::List(v.into())))
}

fn kind(v: &Arg) -> &'static str {
    match v {
        None | Some(Value::Null) => "invalid",
        Some(Value::Bool(_)) => "bool",
        Some(Value::Int(_)) => "int64",
        Some(Value::Float(_)) => "float64",
        Some(Value::Str(_)) => "string",
        Some(Value::List(_)) => "slice",
        Some(Value::Map(_)) => "map",
    }
}

fn to_yaml(v: &Arg) -> String {
    yaml::emit(v.as_ref().unwrap_or(&Value::Null)).trim_end_matches('\n').to_owned()
}

fn indented(n: i64, text: &str) -> String {
    let pad = " ".repeat(usize::try_from(n).unwrap_or(0).min(1_000));
    format!("{pad}{}", text.replace('\n', &format!("\n{pad}")))
}

/// A file name's pattern: `*` within a step, `**` across steps.
pub(crate) fn glob(pattern: &str, path: &str) -> bool {
    let mut regex = String::from("^");
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                regex.push_str(".*");
            }
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            c if c.is_ascii_alphanumeric() || c == '/' || c == '_' || c == '-' => regex.push(c),
            c => {
                regex.push('\\');
                regex.push(c);
            }
        }
    }
    pattern::matches(&format!("{regex}$"), path)
}

/// Words of a name: at capitals, dashes, underscores and spaces.
fn words(text: &str) -> Vec<String> {
    let mut out: Vec<String> = vec![String::new()];
    let mut lower = false;
    for c in text.chars() {
        if matches!(c, '-' | '_' | ' ' | '.') {
            out.push(String::new());
            lower = false;
            continue;
        }
        if c.is_uppercase() && lower {
            out.push(String::new());
        }
        lower = c.is_lowercase() || c.is_ascii_digit();
        if let Some(w) = out.last_mut() {
            w.extend(c.to_lowercase());
        }
    }
    out.retain(|w| !w.is_empty());
    out
}

fn uncapital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The numbers of a version or of part of one, how many there are, and what stands behind a dash.
fn version(text: &str) -> ([u64; 3], usize, String) {
    let text = text.trim().trim_start_matches('v').split('+').next().unwrap_or("");
    let (core, pre) = text.split_once('-').unwrap_or((text, ""));
    let parts: Vec<&str> = core.split('.').take_while(|p| !matches!(*p, "x" | "X" | "*" | "")).collect();
    let mut numbers = parts.iter().map(|p| p.parse().unwrap_or(0));
    (std::array::from_fn(|_| numbers.next().unwrap_or(0)), parts.len().min(3), pre.to_owned())
}

/// `>=1.20-0`, `^1.2`, `1.x`, `1.2 - 1.4`: whether a version is one of those.
pub(crate) fn semver(constraint: &str, of: &str) -> bool {
    let (is, _, pre) = version(of);
    let holds = |c: &str| {
        let cut = c.find(|c: char| c.is_alphanumeric() || c == '*').unwrap_or(c.len());
        let (op, (want, n, want_pre)) = (c[..cut].trim(), version(&c[cut..]));
        // A version before a release is only meant by who names one.
        if !pre.is_empty() && want_pre.is_empty() {
            return false;
        }
        // A release comes after all that was tried before it.
        let before = |pre: &str| (u8::from(pre.is_empty()), pre.to_owned());
        let (a, b) = ((is, before(&pre)), (want, before(&want_pre)));
        match op {
            ">=" | "=>" => a >= b,
            ">" if n < 3 => is[..n] > want[..n],
            ">" => a > b,
            "<=" | "=<" if n < 3 => is[..n] <= want[..n],
            "<=" | "=<" => a <= b,
            "<" => a < b,
            "!=" => is[..n] != want[..n] || n == 3 && a != b,
            "^" => {
                let fixed = want.iter().take(n.max(1)).position(|p| *p > 0).unwrap_or(n.max(1) - 1);
                a >= b && is[..=fixed] == want[..=fixed]
            }
            "~" => a >= b && is[..n.min(2)] == want[..n.min(2)],
            _ if n == 3 => a == b,
            _ => is[..n] == want[..n],
        }
    };
    constraint.split("||").any(|any| {
        if let Some((low, high)) = any.split_once(" - ") {
            return holds(&format!(">={}", low.trim())) && holds(&format!("<={}", high.trim()));
        }
        let mut joined = String::new();
        for word in any.split([',', ' ']).filter(|w| !w.is_empty()) {
            // `>= 1.2` is one constraint.
            let open = joined.ends_with(['>', '<', '=', '!', '^', '~']);
            if !joined.is_empty() && !open {
                joined.push(',');
            }
            joined.push_str(word);
        }
        joined.split(',').filter(|c| !c.is_empty()).all(holds)
    })
}

pub(crate) fn call(library: &Library, name: &str, args: &[Arg]) -> Called {
    let out = called(library, name, args)?;
    let size = match &out {
        Some(Value::Str(s)) => s.len(),
        Some(Value::List(l)) => l.len(),
        _ => 0,
    };
    if size > MAX { Err("the result is too long".into()) } else { Ok(out) }
}

fn called(library: &Library, name: &str, args: &[Arg]) -> Called {
    let arg = |i: usize| args.get(i).cloned().flatten();
    let at = |i: usize| text(&arg(i));
    let last = || args.last().cloned().flatten();
    let need = |n: usize| {
        if args.len() < n {
            Err(format!("wrong number of args for {name}: want {n} got {}", args.len()))
        } else {
            Ok(())
        }
    };
    let map = |i: usize| arg(i).filter(|v| v.as_map().is_some()).unwrap_or_else(Value::map);
    match name {
        "default" => {
            need(1)?;
            Ok(if args.len() < 2 || empty(&arg(1)) { arg(0) } else { arg(1) })
        }
        "coalesce" => Ok(args.iter().find(|a| !empty(a)).cloned().flatten()),
        "empty" => some(empty(&arg(0))),
        "ternary" => Ok(if arg(2).is_some_and(|v| v.is_true()) { arg(0) } else { arg(1) }),
        "all" => some(args.iter().all(|a| !empty(a))),
        "any" => some(args.iter().any(|a| !empty(a))),
        "required" => match arg(1) {
            Some(v) if !v.is_null() && v.as_str() != Some("") => Ok(Some(v)),
            _ if library.lenient => some(""),
            _ => Err(format!("{}{}{}", SAID[0], at(0), SAID[1])),
        },
        "fail" if library.lenient => some(""),
        "fail" => Err(format!("{}{}{}", SAID[0], at(0), SAID[1])),
        // texts
        "quote" | "squote" => {
            let q =
                |v: &Arg| if name == "quote" { json::go_quote(&text(v)) } else { format!("'{}'", text(v)) };
            let shown: Vec<String> = args.iter().filter(|a| a.is_some()).map(q).collect();
            some(shown.join(" "))
        }
        "upper" => some(at(0).to_uppercase()),
        "lower" => some(at(0).to_lowercase()),
        "title" => some(at(0).split(' ').map(capital).collect::<Vec<_>>().join(" ")),
        "trim" => some(at(0).trim().to_owned()),
        "trimAll" | "trimall" => some(at(1).trim_matches(|c| at(0).contains(c)).to_owned()),
        "trimPrefix" => some(at(1).strip_prefix(&at(0)).map_or_else(|| at(1), str::to_owned)),
        "trimSuffix" => some(at(1).strip_suffix(&at(0)).map_or_else(|| at(1), str::to_owned)),
        "trunc" => {
            let (n, t) = (int(&arg(0)), at(1));
            let chars: Vec<char> = t.chars().collect();
            let size = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX).min(chars.len());
            let part = if n < 0 { &chars[chars.len() - size..] } else { &chars[..size] };
            some(part.iter().collect::<String>())
        }
        "substr" => {
            let chars: Vec<char> = at(2).chars().collect();
            let from = usize::try_from(int(&arg(0))).unwrap_or(0).min(chars.len());
            let to = usize::try_from(int(&arg(1))).map_or(chars.len(), |t| t.min(chars.len()));
            some(chars[from.min(to)..to].iter().collect::<String>())
        }
        "replace" => {
            let (from, to, t) = (at(0), at(1), at(2));
            if t.len().saturating_mul(to.len().max(1)) > 64 * MAX {
                return Err("the result is too long".into());
            }
            some(t.replace(&from, &to))
        }
        "contains" => some(at(1).contains(&at(0))),
        "hasPrefix" => some(at(1).starts_with(&at(0))),
        "hasSuffix" => some(at(1).ends_with(&at(0))),
        "repeat" => {
            let n = usize::try_from(int(&arg(0))).unwrap_or(0);
            if n.saturating_mul(at(1).len()) > MAX {
                return Err("the result is too long".into());
            }
            some(at(1).repeat(n))
        }
        "untitle" => some(at(0).split(' ').map(uncapital).collect::<Vec<_>>().join(" ")),
        "initials" => some(at(0).split_whitespace().filter_map(|w| w.chars().next()).collect::<String>()),
        "plural" => some(if int(&arg(2)) == 1 { at(0) } else { at(1) }),
        "abbrev" => {
            let (most, t) = (usize::try_from(int(&arg(0))).unwrap_or(0).max(4), at(1));
            if t.chars().count() <= most {
                return some(t);
            }
            some(t.chars().take(most - 3).collect::<String>() + "...")
        }
        "regexReplaceAllLiteral" | "regexReplaceAll" | "regexFind" | "regexFindAll" | "regexSplit" => {
            Err(format!("{name} is not simulated"))
        }
        "nospace" => some(at(0).split_whitespace().collect::<String>()),
        "cat" => some(args.iter().filter(|a| a.is_some()).map(text).collect::<Vec<_>>().join(" ")),
        "indent" => some(indented(int(&arg(0)), &at(1))),
        "nindent" => some(format!("\n{}", indented(int(&arg(0)), &at(1)))),
        "camelcase" => some(words(&at(0)).iter().map(|w| capital(w)).collect::<String>()),
        "kebabcase" => some(words(&at(0)).join("-")),
        "snakecase" => some(words(&at(0)).join("_")),
        "regexMatch" => some(pattern::matches(&at(0), &at(1))),
        "semverCompare" => some(semver(&at(0), &at(1))),
        "toString" => some(at(0)),
        "b64enc" => some(base64::encode(at(0).as_bytes())),
        "b64dec" => some(match base64::decode(&at(0)) {
            Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            None => "illegal base64 data at input byte 0".to_owned(),
        }),
        "sha256sum" => some(kubectl::sha256::hex(at(0).as_bytes())),
        "randAlphaNum" | "randAlpha" | "randNumeric" => {
            let alphabet: &[u8] = match name {
                "randAlpha" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                "randNumeric" => b"0123456789",
                _ => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            };
            let n = usize::try_from(int(&arg(0))).unwrap_or(0).min(10_000);
            some(library.rng.borrow_mut().letters(alphabet, n))
        }
        "uuidv4" => {
            let hex = library.rng.borrow_mut().letters(b"0123456789abcdef", 32);
            some(format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..]))
        }
        "now" => some(library.now.rfc3339()),
        "date" => some(at(1).split('T').next().unwrap_or_default().to_owned()),
        // numbers
        "int" | "int64" | "atoi" => some(int(&arg(0))),
        "float64" => some(float(&arg(0))),
        "add" => some(args.iter().fold(0_i64, |a, b| a.wrapping_add(int(b)))),
        "add1" => some(int(&arg(0)).wrapping_add(1)),
        "sub" => some(int(&arg(0)).wrapping_sub(int(&arg(1)))),
        "mul" => some(args.iter().fold(1_i64, |a, b| a.wrapping_mul(int(b)))),
        "div" | "mod" => {
            let (a, b) = (int(&arg(0)), int(&arg(1)));
            let v = if name == "div" { a.checked_div(b) } else { a.checked_rem(b) };
            v.map_or_else(|| Err("runtime error: integer divide by zero".into()), some)
        }
        "max" => some(args.iter().map(int).max().unwrap_or(0)),
        "min" => some(args.iter().map(int).min().unwrap_or(0)),
        "ceil" => some(float(&arg(0)).ceil()),
        "floor" => some(float(&arg(0)).floor()),
        "round" => {
            let by = 10_f64.powi(i32::try_from(int(&arg(1))).unwrap_or(0).clamp(0, 12));
            some((float(&arg(0)) * by).round() / by)
        }
        "until" | "untilStep" | "seq" => {
            let (from, to, step) = match (name, args.len()) {
                ("until", _) => (0, int(&arg(0)), 1),
                ("untilStep", _) => (int(&arg(0)), int(&arg(1)), int(&arg(2))),
                (_, 1) => (1, int(&arg(0)) + 1, 1),
                _ => (int(&arg(0)), int(&last()) + 1, 1),
            };
            let mut all = Vec::new();
            let mut i = from;
            while step != 0 && (step > 0 && i < to || step < 0 && i > to) {
                if all.len() > 100_000 {
                    return Err("the result is too long".into());
                }
                all.push(Value::Int(i));
                i += step;
            }
            if name == "seq" {
                return some(all.iter().map(objects::go_text::plain).collect::<Vec<_>>().join(" "));
            }
            list(all)
        }
        // lists
        "list" | "tuple" => list(args.iter().map(|a| a.clone().unwrap_or_default()).collect()),
        "first" => Ok(items(&arg(0)).first().cloned()),
        "last" => Ok(items(&arg(0)).last().cloned()),
        "rest" => list(items(&arg(0)).into_iter().skip(1).collect()),
        "initial" => {
            let mut all = items(&arg(0));
            all.pop();
            list(all)
        }
        "append" => {
            let mut all = items(&arg(0));
            all.push(arg(1).unwrap_or_default());
            list(all)
        }
        "prepend" => {
            let mut all = vec![arg(1).unwrap_or_default()];
            all.extend(items(&arg(0)));
            list(all)
        }
        "concat" => list(args.iter().flat_map(items).collect()),
        "reverse" => list(items(&arg(0)).into_iter().rev().collect()),
        "compact" => list(items(&arg(0)).into_iter().filter(|v| !v.is_zero()).collect()),
        "uniq" => {
            let mut all: Vec<Value> = Vec::new();
            for v in items(&arg(0)) {
                if !all.contains(&v) {
                    all.push(v);
                }
            }
            list(all)
        }
        "has" => some(arg(1).is_some_and(|l| arg(0).is_some_and(|v| l.items().contains(&v)))),
        "without" => {
            let gone: Vec<Value> = args.iter().skip(1).flatten().cloned().collect();
            list(items(&arg(0)).into_iter().filter(|v| !gone.contains(v)).collect())
        }
        "sortAlpha" => {
            let mut all: Vec<String> = items(&arg(0)).into_iter().map(|v| text(&Some(v))).collect();
            all.arrange();
            list(all.into_iter().map(Value::from).collect())
        }
        "chunk" => {
            let size = usize::try_from(int(&arg(0))).unwrap_or(1).max(1);
            list(items(&arg(1)).chunks(size).map(|c| Value::List(c.to_vec().into())).collect())
        }
        "toStrings" => list(items(&arg(0)).into_iter().map(|v| Value::from(text(&Some(v)))).collect()),
        "join" => {
            let all: Vec<String> = match arg(1) {
                Some(Value::List(l)) => l.iter().map(objects::go_text::plain).collect(),
                other => vec![text(&other)],
            };
            some(all.join(&at(0)))
        }
        "splitList" => list(at(1).split(&at(0)).map(Value::from).collect()),
        "split" => {
            let (by, all) = (at(0), at(1));
            let parts = all.split(&by).enumerate();
            Ok(Some(Value::Map(parts.map(|(i, p)| (format!("_{i}"), Value::from(p))).collect())))
        }
        // maps
        "dict" => {
            let mut out = Value::map();
            for pair in args.chunks(2) {
                out.set(text(&pair[0]), pair.get(1).cloned().flatten().unwrap_or_default());
            }
            Ok(Some(out))
        }
        "get" => Ok(Some(map(0).find(&at(1)).cloned().unwrap_or_else(|| Value::from("")))),
        "set" => {
            let mut out = map(0);
            out.set(at(1), arg(2).unwrap_or_default());
            Ok(Some(out))
        }
        "unset" => {
            let mut out = map(0);
            out.remove(&at(1));
            Ok(Some(out))
        }
        "hasKey" => some(map(0).find(&at(1)).is_some()),
        "keys" => list(args.iter().flatten().flat_map(Value::entries).map(|(k, _)| k.into()).collect()),
        "values" => list(args.iter().flatten().flat_map(Value::entries).map(|(_, v)| v.clone()).collect()),
        "pick" | "omit" => {
            let names: Vec<String> = args.iter().skip(1).map(text).collect();
            let keep = |k: &str| names.iter().any(|n| n == k) == (name == "pick");
            let mut picked = map(0).as_map().cloned().unwrap_or_default();
            picked.retain(|k, _| keep(k));
            Ok(Some(Value::Map(picked)))
        }
        "pluck" => {
            let key = at(0);
            list(args.iter().skip(1).flatten().filter_map(|m| m.find(&key).cloned()).collect())
        }
        "merge" => Ok(args.iter().rev().flatten().cloned().reduce(|a, b| merged(&a, &b))),
        "mergeOverwrite" => Ok(args.iter().flatten().cloned().reduce(|a, b| merged(&a, &b))),
        "deepCopy" => Ok(arg(0)),
        "dig" => {
            need(3)?;
            let mut v = last().unwrap_or_default();
            for key in &args[..args.len() - 2] {
                match v.find(&text(key)) {
                    Some(inner) => v = inner.clone(),
                    None => return Ok(arg(args.len() - 2)),
                }
            }
            Ok(Some(v))
        }
        // encodings
        "toYaml" | "mustToYaml" => some(to_yaml(&arg(0))),
        "toJson" | "mustToJson" | "toRawJson" => some(json::to_string(&arg(0).unwrap_or_default())),
        "toPrettyJson" => some(json::to_pretty(&arg(0).unwrap_or_default(), "  ")),
        "fromYaml" | "fromYamlArray" => Ok(Some(match yaml::load(&at(0)) {
            Ok(d) => d.value,
            Err(e) => objects::value!({"Error": (format!("error unmarshaling JSON: {e}"))}),
        })),
        "fromJson" => Ok(Some(match json::parse(&at(0)) {
            Ok(v) => v,
            Err(e) => objects::value!({"Error": (e.message)}),
        })),
        "deepEqual" => some(arg(0).unwrap_or_default() == arg(1).unwrap_or_default()),
        // Neither the machine's variables nor its names are a chart's business.
        "env" | "expandenv" | "getHostByName" => some(""),
        "unixEpoch" => some((library.now.0 / 1000).to_string()),
        "kindOf" | "typeOf" => some(kind(&arg(0))),
        "kindIs" | "typeIs" => some(at(0) == kind(&arg(1)) || at(0) == "int" && kind(&arg(1)) == "int64"),
        other if library.knows(other) => Err(format!("{other} is not simulated")),
        other => Err(format!("function {other:?} not defined")),
    }
}

#[cfg(test)]
mod tests {
    use clock::Time;
    use kubectl::printers::go_template::Set;
    use objects::value;

    use super::*;

    fn library() -> Library {
        Library::new(1, Time::EPOCH)
    }

    fn run(text: &str) -> Result<String, String> {
        let library = library();
        let mut set = Set::default();
        set.add("t", "{{define \"name\"}}<{{.}}>{{end}}", &library)?;
        set.add("x", text, &library)?;
        let data = value!({
            "Values": {"a": "x", "n": 3, "list": ["c", "a"], "map": {"k": {"v": 1}}, "empty": ""},
            "Files": {"conf/a.txt": "one", "b.txt": "two"}
        });
        set.render("x", &data, &library)
    }

    #[test]
    fn functions_of_charts() {
        let table = [
            ("{{ include \"name\" .Values.a | upper | quote }}", "\"<X>\""),
            ("{{ tpl \"{{ .Values.n }}!\" . }}", "3!"),
            ("{{ .Values.nosuch | default \"d\" }}{{ default 5 .Values.n }}", "d3"),
            ("a:{{ toYaml .Values.map | nindent 2 }}", "a:\n  k:\n    v: 1"),
            ("{{ join \",\" (sortAlpha .Values.list) }}", "a,c"),
            ("{{ ternary \"y\" \"n\" (eq .Values.a \"x\") }}{{ add 1 2 .Values.n }}", "y6"),
            (
                "{{ trunc 3 \"abcdef\" }}{{ trimSuffix \"-\" \"ab-\" }}{{ \"a-b\" | replace \"-\" \"_\" }}",
                "abcaba_b",
            ),
            ("{{ $d := dict \"a\" 1 }}{{ $_ := set $d \"b\" 2 }}{{ $d.b }}{{ hasKey $d \"c\" }}", "2false"),
            ("{{ range $i := until 3 }}{{ $i }}{{ end }}", "012"),
            ("{{ b64enc \"hi\" }} {{ b64dec \"aGk=\" }} {{ kebabcase \"someName\" }}", "aGk= hi some-name"),
            ("{{ (.Files.Glob \"conf/*\").AsConfig }}{{ .Files.Get \"b.txt\" }}", "a.txt: onetwo"),
            ("{{ dig \"k\" \"v\" 0 .Values.map }}{{ semverCompare \">=1.20-0\" \"v1.36.2\" }}", "1true"),
            (
                "{{ with .Values.empty }}x{{ else }}none{{ end }}{{ if and .Values.a (not .Values.empty) }}y{{ end }}",
                "noney",
            ),
        ];
        for (text, want) in table {
            assert_eq!(run(text).as_deref(), Ok(want), "{text}");
        }
    }

    #[test]
    fn versions_are_compared_as_semver_does() {
        for (constraint, of, want) in [
            (">=1.20-0", "v1.36.2", true),
            (">= 1.20.0, < 1.30", "1.36.2", false),
            ("^1.2", "1.9.0", true),
            ("^0.2.3", "0.3.0", false),
            ("~1.2.3", "1.2.9", true),
            ("~1.2.3", "1.3.0", false),
            ("1.x", "1.36.2", true),
            ("1.2 - 1.4", "1.3.7", true),
            (">1.2", "1.2.9", false),
            ("<1.20 || >=1.30", "1.36.2", true),
            (">=1.20", "1.36.2-rc.1", false),
            (">=1.20-0", "1.36.2-rc.1", true),
            ("0.1.0", "0.1.0", true),
            ("*", "0.1.0", true),
        ] {
            assert_eq!(semver(constraint, of), want, "{constraint} {of}");
        }
    }

    #[test]
    fn what_goes_wrong_names_its_file() {
        for (text, want) in [
            (
                "{{ required \"a tag is needed\" .Values.tag }}",
                "template: x:1:3: executing \"x\" at <required \"a tag is needed\" .Values.tag>: error calling required: HELM_ERR_STARTa tag is neededHELM_ERR_END",
            ),
            (
                "{{ .Values.nosuch.deeper }}",
                "template: x:1:10: executing \"x\" at <.Values.nosuch.deeper>: nil pointer evaluating interface {}.deeper",
            ),
            ("\n{{ nosuch }}", "template: x:2: function \"nosuch\" not defined"),
            (
                "{{ div 1 0 }}",
                "template: x:1:3: executing \"x\" at <div 1 0>: error calling div: runtime error: integer divide by zero",
            ),
        ] {
            assert_eq!(run(text), Err(want.to_owned()), "{text}");
        }
        assert!(run("{{define \"l\"}}{{include \"l\" .}}{{end}}{{include \"l\" .}}").is_err());
        assert!(run("{{ repeat 99999999 \"abc\" }}").is_err());
        assert!(run("{{ $x := \"{{ tpl .Values.a . }}\" }}{{ tpl $x . }}").is_ok());
    }
}
