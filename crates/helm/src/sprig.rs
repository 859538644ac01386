//! The functions of templates beyond Go's own: sprig's usual ones, and helm's `toYaml` and its like.
//!
//! Not modelled: cryptography (certificates, passwords), regular expressions that replace, semantic versions beyond
//! a plain comparison, dates beyond `now`.

use kubectl::printers::go_template::Functions as _;
use objects::{Value, base64, json, pattern, yaml};
use ordered::Sort as _;

use crate::engine::Library;
use crate::values::merged;

type Arg = Option<Value>;
type Called = Result<Arg, String>;

/// The longest text or list a function makes.
const MAX: usize = 4 << 20;

pub(crate) const NAMES: &[&str] = &[
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
    "coalesce",
    "compact",
    "concat",
    "contains",
    "date",
    "deepCopy",
    "default",
    "dict",
    "dig",
    "div",
    "empty",
    "fail",
    "first",
    "float64",
    "floor",
    "fromJson",
    "fromYaml",
    "fromYamlArray",
    "get",
    "has",
    "hasKey",
    "hasPrefix",
    "hasSuffix",
    "indent",
    "initial",
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
    "nindent",
    "nospace",
    "now",
    "omit",
    "pick",
    "pluck",
    "prepend",
    "quote",
    "randAlpha",
    "randAlphaNum",
    "randNumeric",
    "regexMatch",
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
    "toString",
    "toStrings",
    "toYaml",
    "trim",
    "trimAll",
    "trimPrefix",
    "trimSuffix",
    "trunc",
    "tuple",
    "typeIs",
    "typeOf",
    "uniq",
    "unset",
    "until",
    "untilStep",
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

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// `>=1.20-0`, `^1.2`, `1.x`: enough for what charts ask of a cluster's version.
fn semver(constraint: &str, version: &str) -> bool {
    let numbers = |t: &str| -> [u64; 3] {
        let core = t.trim().trim_start_matches('v').split(['-', '+']).next().unwrap_or("").to_owned();
        let mut parts = core.split('.').map(|p| p.parse().unwrap_or(0));
        std::array::from_fn(|_| parts.next().unwrap_or(0))
    };
    let is = numbers(version);
    constraint.split("||").any(|any| {
        any.split([',', ' ']).filter(|c| !c.trim().is_empty()).all(|c| {
            let op = c.trim().chars().take_while(|c| !c.is_ascii_digit() && *c != 'v' && *c != 'x').count();
            let (op, rest) = c.trim().split_at(op);
            let want = numbers(rest);
            match op {
                ">=" => is >= want,
                ">" => is > want,
                "<=" => is <= want,
                "<" => is < want,
                "!=" => is != want,
                "^" => is >= want && is[0] == want[0],
                "~" => is >= want && is[..2] == want[..2],
                _ => {
                    let parts = rest.split(['-', '+']).next().unwrap_or("").split('.').count();
                    let wild = rest.contains(['x', '*']);
                    let n = if wild { parts - 1 } else { parts }.min(3);
                    is[..n] == want[..n]
                }
            }
        })
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
            None | Some(Value::Null) => Err(at(0)),
            Some(Value::Str(s)) if s.is_empty() => Err(at(0)),
            v => Ok(v),
        },
        "fail" => Err(at(0)),
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
        "trimAll" => some(at(1).trim_matches(|c| at(0).contains(c)).to_owned()),
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
        "toYaml" => some(to_yaml(&arg(0))),
        "toJson" | "mustToJson" => some(json::to_string(&arg(0).unwrap_or_default())),
        "toPrettyJson" => some(json::to_pretty(&arg(0).unwrap_or_default(), "  ")),
        "fromYaml" | "fromYamlArray" => Ok(Some(match yaml::load(&at(0)) {
            Ok(d) => d.value,
            Err(e) => objects::value!({"Error": (format!("error unmarshaling JSON: {e}"))}),
        })),
        "fromJson" => Ok(Some(match json::parse(&at(0)) {
            Ok(v) => v,
            Err(e) => objects::value!({"Error": (e.message)}),
        })),
        "kindOf" | "typeOf" => some(kind(&arg(0))),
        "kindIs" | "typeIs" => some(at(0) == kind(&arg(1)) || at(0) == "int" && kind(&arg(1)) == "int64"),
        other if library.knows(other) => Err(format!("{other} is not simulated")),
        other => Err(format!("function {other:?} not defined")),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use clock::{Rng, Time};
    use kubectl::printers::go_template::Set;
    use objects::value;

    use super::*;

    fn library() -> Library {
        Library {
            rng: RefCell::new(Rng::new(1)),
            now: Time::EPOCH,
            found: Vec::new(),
            wanted: RefCell::default(),
        }
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
    fn what_goes_wrong_names_its_file() {
        for (text, want) in [
            (
                "{{ required \"a tag is needed\" .Values.tag }}",
                "template: x: executing \"x\": error calling required: a tag is needed",
            ),
            (
                "{{ .Values.nosuch.deeper }}",
                "template: x: executing \"x\" at <.Values.nosuch.deeper>: nil pointer evaluating interface {}.deeper",
            ),
            ("\n{{ nosuch }}", "template: x:2: function \"nosuch\" not defined"),
            (
                "{{ div 1 0 }}",
                "template: x: executing \"x\": error calling div: runtime error: integer divide by zero",
            ),
        ] {
            assert_eq!(run(text), Err(want.to_owned()), "{text}");
        }
        assert!(run("{{define \"l\"}}{{include \"l\" .}}{{end}}{{include \"l\" .}}").is_err());
        assert!(run("{{ repeat 99999999 \"abc\" }}").is_err());
        assert!(run("{{ $x := \"{{ tpl .Values.a . }}\" }}{{ tpl $x . }}").is_ok());
    }
}
