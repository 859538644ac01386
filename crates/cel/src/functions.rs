//! Operators and functions.

use std::cmp::Ordering;

use objects::quantity::Quantity;
use objects::{Str, duration};

use crate::eval::compared;
use crate::val::Val;

type Evaluated = Result<Val, String>;

fn overload<T>() -> Result<T, String> {
    Err("no such overload".into())
}

/// What a type's name means when it stands by itself.
pub fn type_named(name: &str) -> Option<&'static str> {
    ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type"]
        .into_iter()
        .find(|t| *t == name)
}

/// Functions behind a name that is no variable.
pub fn qualified(space: &str, name: &str, args: &[Val]) -> Option<Evaluated> {
    Some(match (space, name, args) {
        ("optional", "none", []) => Ok(Val::Optional(None)),
        ("optional", "of", [v]) => Ok(Val::Optional(Some(Box::new(v.clone())))),
        ("optional", "ofNonZeroValue", [v]) => {
            let zero = v.to_value().is_zero();
            Ok(Val::Optional((!zero).then(|| Box::new(v.clone()))))
        }
        ("sets", "contains", [a, b]) => sets(a, b, |a, b| b.iter().all(|x| a.contains(x))),
        ("sets", "equivalent", [a, b]) => {
            sets(a, b, |a, b| b.iter().all(|x| a.contains(x)) && a.iter().all(|x| b.contains(x)))
        }
        ("sets", "intersects", [a, b]) => sets(a, b, |a, b| a.iter().any(|x| b.contains(x))),
        ("math", "greatest", _) => extreme(args, Ordering::Greater),
        ("math", "least", _) => extreme(args, Ordering::Less),
        ("jsonpatch", "escapeKey", [Val::Text(key)]) => {
            Ok(Val::Text(key.replace('~', "~0").replace('/', "~1").into()))
        }
        _ => return None,
    })
}

fn sets(a: &Val, b: &Val, f: fn(&[Val], &[Val]) -> bool) -> Evaluated {
    match (a.elements(), b.elements()) {
        (Some(a), Some(b)) => Ok(Val::Bool(f(&a, &b))),
        _ => overload(),
    }
}

fn extreme(args: &[Val], wanted: Ordering) -> Evaluated {
    let list = match args {
        [one] => one.elements().unwrap_or_else(|| vec![one.clone()]),
        many => many.to_vec(),
    };
    let mut best: Option<Val> = None;
    for v in list {
        let better = match &best {
            None => true,
            Some(b) => v.order(b).ok_or("no such overload")? == wanted,
        };
        if better {
            best = Some(v);
        }
    }
    best.ok_or_else(|| "list is empty".to_owned())
}

pub fn call(target: Option<&Val>, name: &str, args: &[Val]) -> Evaluated {
    match (target, args) {
        (None, [l, r]) => operator(name, l, r),
        (None, [v]) => unary(name, v),
        (None, _) => Err(format!("undeclared reference to '{name}' (in container '')")),
        (Some(t), args) => method(t, name, args),
    }
}

fn operator(op: &str, l: &Val, r: &Val) -> Evaluated {
    let overflow = |v: Option<i64>| v.map(Val::Int).ok_or_else(|| "integer overflow".to_owned());
    match (op, l, r) {
        ("==", ..) => Ok(Val::Bool(l.equals(r))),
        ("!=", ..) => Ok(Val::Bool(!l.equals(r))),
        ("<" | "<=" | ">" | ">=", ..) => compared(op, l, r),
        ("in", ..) => match (r.elements(), r.entry(l)) {
            (Some(list), _) => Ok(Val::Bool(list.contains(l))),
            (_, Some(found)) => Ok(Val::Bool(found.is_some())),
            _ => overload(),
        },
        ("+", Val::Int(a), Val::Int(b)) => overflow(a.checked_add(*b)),
        ("-", Val::Int(a), Val::Int(b)) => overflow(a.checked_sub(*b)),
        ("*", Val::Int(a), Val::Int(b)) => overflow(a.checked_mul(*b)),
        ("/", Val::Int(_), Val::Int(0)) => Err("division by zero".into()),
        ("/", Val::Int(a), Val::Int(b)) => overflow(a.checked_div(*b)),
        ("%", Val::Int(_), Val::Int(0)) => Err("modulus by zero".into()),
        ("%", Val::Int(a), Val::Int(b)) => overflow(a.checked_rem(*b)),
        (_, Val::Uint(a), Val::Uint(b)) => {
            let v = match op {
                "+" => a.checked_add(*b),
                "-" => a.checked_sub(*b),
                "*" => a.checked_mul(*b),
                "/" if *b == 0 => return Err("division by zero".into()),
                "/" => a.checked_div(*b),
                "%" if *b == 0 => return Err("modulus by zero".into()),
                "%" => a.checked_rem(*b),
                _ => return overload(),
            };
            v.map(Val::Uint).ok_or_else(|| "unsigned integer overflow".to_owned())
        }
        (_, Val::Double(a), Val::Double(b)) => Ok(Val::Double(match op {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => a / b,
            _ => return overload(),
        })),
        ("+", Val::Text(a), Val::Text(b)) => Ok(Val::Text(format!("{a}{b}").into())),
        ("+", Val::Bytes(a), Val::Bytes(b)) => Ok(Val::Bytes([a.as_slice(), b].concat())),
        ("+", Val::Timestamp(t), Val::Duration(d)) | ("+", Val::Duration(d), Val::Timestamp(t)) => {
            Ok(Val::Timestamp(t.saturating_add(d / 1_000_000)))
        }
        ("-", Val::Timestamp(a), Val::Timestamp(b)) => {
            Ok(Val::Duration(a.saturating_sub(*b).saturating_mul(1_000_000)))
        }
        ("-", Val::Timestamp(t), Val::Duration(d)) => Ok(Val::Timestamp(t.saturating_sub(d / 1_000_000))),
        ("+", Val::Duration(a), Val::Duration(b)) => Ok(Val::Duration(a.saturating_add(*b))),
        ("-", Val::Duration(a), Val::Duration(b)) => Ok(Val::Duration(a.saturating_sub(*b))),
        ("+", ..) => match (l.elements(), r.elements()) {
            (Some(mut a), Some(b)) => {
                a.extend(b);
                Ok(Val::List(a))
            }
            _ => overload(),
        },
        ("format", ..) => overload(),
        _ => overload(),
    }
}

fn unary(name: &str, v: &Val) -> Evaluated {
    Ok(match (name, v) {
        ("!", Val::Bool(b)) => Val::Bool(!b),
        ("-_", Val::Int(i)) => Val::Int(i.checked_neg().ok_or("integer overflow")?),
        ("-_", Val::Double(f)) => Val::Double(-f),
        ("-_", Val::Duration(d)) => Val::Duration(d.saturating_neg()),
        ("size", _) => return size(v),
        ("type", _) => Val::Type(v.type_name()),
        ("dyn", _) => v.clone(),
        ("string", Val::List(_) | Val::Map(_) | Val::Tree(_) | Val::Null) => return overload(),
        ("string", _) => Val::Text(v.shown().into()),
        ("bool", Val::Bool(_)) => v.clone(),
        ("bool", Val::Text(s)) => match s.as_str() {
            "true" | "True" | "TRUE" | "t" | "1" => Val::Bool(true),
            "false" | "False" | "FALSE" | "f" | "0" => Val::Bool(false),
            _ => return Err("type conversion error".into()),
        },
        ("int", Val::Int(_)) => v.clone(),
        ("int", Val::Uint(u)) => Val::Int(i64::try_from(*u).map_err(|_| "integer overflow")?),
        ("int", Val::Double(f)) if f.abs() < 9.2e18 => Val::Int(*f as i64),
        ("int", Val::Double(_)) => return Err("integer overflow".into()),
        ("int", Val::Text(s)) => Val::Int(s.parse().map_err(|_| {
            format!("strconv.ParseInt: parsing {}: invalid syntax", objects::json::go_quote(s))
        })?),
        ("int", Val::Timestamp(ms)) => Val::Int(ms.div_euclid(1000)),
        ("int", Val::Duration(d)) => Val::Int(*d),
        ("uint", Val::Uint(_)) => v.clone(),
        ("uint", Val::Int(i)) => Val::Uint(u64::try_from(*i).map_err(|_| "unsigned integer overflow")?),
        ("uint", Val::Double(f)) if *f >= 0.0 && *f < 1.8e19 => Val::Uint(*f as u64),
        ("uint", Val::Text(s)) => Val::Uint(s.parse().map_err(|_| "type conversion error")?),
        ("double", Val::Double(_)) => v.clone(),
        ("double", Val::Int(i)) => Val::Double(*i as f64),
        ("double", Val::Uint(u)) => Val::Double(*u as f64),
        ("double", Val::Text(s)) => Val::Double(s.parse().map_err(|_| "type conversion error")?),
        ("bytes", Val::Text(s)) => Val::Bytes(s.as_bytes().to_vec()),
        ("bytes", Val::Bytes(_)) => v.clone(),
        ("duration", Val::Duration(_)) => v.clone(),
        ("duration", Val::Text(s)) => Val::Duration(duration::parse(s)?),
        ("timestamp", Val::Timestamp(_)) => v.clone(),
        ("timestamp", Val::Int(s)) => Val::Timestamp(s.saturating_mul(1000)),
        ("timestamp", Val::Text(s)) => {
            Val::Timestamp(clock::Time::parse_rfc3339(s).ok_or("invalid timestamp")?.0)
        }
        ("quantity", Val::Text(s)) => Val::Quantity(Quantity::parse(s).map_err(
            |_| "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        )?),
        ("isQuantity", Val::Text(s)) => Val::Bool(Quantity::parse(s).is_ok()),
        (other, _) if is_known(other) => return overload(),
        (other, _) => return Err(format!("undeclared reference to '{other}' (in container '')")),
    })
}

fn is_known(name: &str) -> bool {
    matches!(
        name,
        "!" | "-_"
            | "size"
            | "type"
            | "dyn"
            | "string"
            | "bool"
            | "int"
            | "uint"
            | "double"
            | "bytes"
            | "duration"
            | "timestamp"
            | "quantity"
            | "isQuantity"
    )
}

fn size(v: &Val) -> Evaluated {
    let n = match v {
        Val::Text(s) => s.chars().count(),
        Val::Bytes(b) => b.len(),
        other => match (other.elements(), other.keys()) {
            (Some(l), _) => l.len(),
            (_, Some(k)) => k.len(),
            _ => return overload(),
        },
    };
    Ok(Val::Int(n as i64))
}

fn method(t: &Val, name: &str, args: &[Val]) -> Evaluated {
    if name == "size" && args.is_empty() {
        return size(t);
    }
    match t {
        Val::Text(s) => text_method(s, name, args),
        Val::Optional(o) => optional_method(o.as_deref(), name, args),
        Val::Quantity(q) => quantity_method(q, name, args),
        Val::Authorizer(a) => a.call(name, args),
        Val::Timestamp(ms) => time_method(*ms, name),
        Val::Duration(nanos) => Ok(Val::Int(match name {
            "getHours" => nanos / 3_600_000_000_000,
            "getMinutes" => nanos / 60_000_000_000,
            "getSeconds" => nanos / 1_000_000_000,
            "getMilliseconds" => nanos / 1_000_000 % 1000,
            _ => return overload(),
        })),
        other => match other.elements() {
            Some(list) => list_method(&list, name, args),
            None => overload(),
        },
    }
}

fn optional_method(inner: Option<&Val>, name: &str, args: &[Val]) -> Evaluated {
    match (name, args) {
        ("hasValue", []) => Ok(Val::Bool(inner.is_some())),
        ("value", []) => inner.cloned().ok_or_else(|| "optional.none() dereference".to_owned()),
        ("orValue", [other]) => Ok(inner.unwrap_or(other).clone()),
        ("or", [other]) => Ok(match inner {
            Some(v) => Val::Optional(Some(Box::new(v.clone()))),
            None => other.clone(),
        }),
        _ => overload(),
    }
}

fn quantity_method(q: &Quantity, name: &str, args: &[Val]) -> Evaluated {
    match (name, args) {
        ("isGreaterThan", [Val::Quantity(o)]) => Ok(Val::Bool(q > o)),
        ("isLessThan", [Val::Quantity(o)]) => Ok(Val::Bool(q < o)),
        ("compareTo", [Val::Quantity(o)]) => Ok(Val::Int(match q.cmp(o) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        })),
        ("asInteger", []) => Ok(Val::Int(q.value())),
        ("asApproximateFloat", []) => Ok(Val::Double(q.milli_value() as f64 / 1000.0)),
        ("sign", []) => Ok(Val::Int(q.milli_value().signum())),
        ("isInteger", []) => Ok(Val::Bool(q.milli_value() % 1000 == 0)),
        _ => overload(),
    }
}

fn time_method(ms: i64, name: &str) -> Evaluated {
    let text = clock::Time(ms).rfc3339();
    let part = |from: usize, to: usize| text.get(from..to).and_then(|p| p.parse::<i64>().ok()).unwrap_or(0);
    Ok(Val::Int(match name {
        "getFullYear" => part(0, 4),
        "getMonth" => part(5, 7) - 1,
        "getDate" => part(8, 10),
        "getDayOfMonth" => part(8, 10) - 1,
        "getDayOfWeek" => (ms.div_euclid(86_400_000) + 4).rem_euclid(7),
        "getHours" => part(11, 13),
        "getMinutes" => part(14, 16),
        "getSeconds" => part(17, 19),
        "getMilliseconds" => ms.rem_euclid(1000),
        _ => return overload(),
    }))
}

fn text_method(s: &Str, name: &str, args: &[Val]) -> Evaluated {
    let chars = || s.chars().collect::<Vec<char>>();
    let part = |from: usize, to: usize| {
        chars().get(from..to).map(|c| Val::Text(c.iter().collect::<String>().into()))
    };
    let at = |i: i64| usize::try_from(i).ok();
    let found = |place: Option<usize>| Val::Int(place.map_or(-1, |p| s[..p].chars().count() as i64));
    Ok(match (name, args) {
        ("startsWith", [Val::Text(p)]) => Val::Bool(s.starts_with(p.as_str())),
        ("endsWith", [Val::Text(p)]) => Val::Bool(s.ends_with(p.as_str())),
        ("contains", [Val::Text(p)]) => Val::Bool(s.contains(p.as_str())),
        ("matches", [Val::Text(p)]) => Val::Bool(objects::pattern::matches(p, s)),
        ("lowerAscii", []) => Val::Text(s.to_ascii_lowercase().into()),
        ("upperAscii", []) => Val::Text(s.to_ascii_uppercase().into()),
        ("trim", []) => Val::Text(s.trim().into()),
        ("reverse", []) => Val::Text(s.chars().rev().collect::<String>().into()),
        ("replace", [Val::Text(a), Val::Text(b)]) => Val::Text(s.replace(a.as_str(), b).into()),
        ("replace", [Val::Text(a), Val::Text(b), Val::Int(n)]) => {
            let n = usize::try_from(*n).unwrap_or(usize::MAX);
            Val::Text(s.replacen(a.as_str(), b, n).into())
        }
        ("split", [Val::Text(by)]) => Val::List(if by.is_empty() {
            s.chars().map(|c| Val::Text(c.to_string().into())).collect()
        } else {
            s.split(by.as_str()).map(|p| Val::Text(p.into())).collect()
        }),
        ("split", [Val::Text(by), Val::Int(n)]) => match usize::try_from(*n) {
            Err(_) => return text_method(s, "split", &args[..1]),
            Ok(n) => Val::List(s.splitn(n, by.as_str()).map(|p| Val::Text(p.into())).collect()),
        },
        ("charAt", [Val::Int(i)]) => match at(*i).filter(|i| *i <= chars().len()) {
            Some(i) => Val::Text(chars().get(i).map(char::to_string).unwrap_or_default().into()),
            None => return Err(format!("index out of range: {i}")),
        },
        ("substring", [Val::Int(from)]) => at(*from)
            .and_then(|f| part(f, chars().len()))
            .ok_or_else(|| format!("index out of range: {from}"))?,
        ("substring", [Val::Int(from), Val::Int(to)]) => {
            let (Some(f), Some(t)) = (at(*from), at(*to)) else {
                return Err(format!("index out of range: {from}"));
            };
            if f > t {
                return Err(format!("invalid substring range. start: {f}, end: {t}"));
            }
            part(f, t).ok_or_else(|| format!("index out of range: {t}"))?
        }
        ("indexOf", [Val::Text(p)]) => found(s.find(p.as_str())),
        ("lastIndexOf", [Val::Text(p)]) => found(s.rfind(p.as_str())),
        ("format", [list]) => Val::Text(formatted(s, &list.elements().ok_or("no such overload")?)?.into()),
        _ => return overload(),
    })
}

/// `"%s has %d".format([a, n])`
fn formatted(pattern: &str, args: &[Val]) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = pattern.chars();
    let mut next = args.iter();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut precision = String::new();
        let verb = loop {
            match rest.next() {
                Some(c) if c == '.' || c.is_ascii_digit() => precision.push(c),
                Some(c) => break c,
                None => {
                    return Err("could not parse formatting clause: unexpected end of format string".into());
                }
            }
        };
        if verb == '%' {
            out.push('%');
            continue;
        }
        let arg = next.next().ok_or("index out of range")?;
        let places = precision.trim_start_matches('.').parse().unwrap_or(6).min(100);
        match (verb, arg) {
            ('s' | 'd', v) => out.push_str(&v.shown()),
            ('f', Val::Double(f)) => out.push_str(&format!("{f:.places$}")),
            ('f', Val::Int(i)) => out.push_str(&format!("{:.places$}", *i as f64)),
            ('x', Val::Int(i)) => out.push_str(&format!("{i:x}")),
            ('X', Val::Int(i)) => out.push_str(&format!("{i:X}")),
            ('b', Val::Int(i)) => out.push_str(&format!("{i:b}")),
            ('o', Val::Int(i)) => out.push_str(&format!("{i:o}")),
            _ => return Err(format!("error during formatting: unrecognized formatting clause \"{verb}\"")),
        }
    }
    Ok(out)
}

fn list_method(list: &[Val], name: &str, args: &[Val]) -> Evaluated {
    Ok(match (name, args) {
        ("join", []) => Val::Text(list.iter().map(Val::shown).collect::<String>().into()),
        ("join", [Val::Text(by)]) => {
            let texts: Vec<String> = list.iter().map(Val::shown).collect();
            Val::Text(texts.join(by).into())
        }
        ("isSorted", []) => {
            let sorted = list.windows(2).all(|w| w[0].order(&w[1]).is_some_and(|o| o != Ordering::Greater));
            Val::Bool(sorted)
        }
        ("sum", []) => {
            let mut sum = list.first().map_or(Val::Int(0), |v| match v {
                Val::Double(_) => Val::Double(0.0),
                Val::Uint(_) => Val::Uint(0),
                Val::Duration(_) => Val::Duration(0),
                _ => Val::Int(0),
            });
            for v in list {
                sum = operator("+", &sum, v)?;
            }
            sum
        }
        ("min", []) if list.is_empty() => return Err("min called on empty list".into()),
        ("max", []) if list.is_empty() => return Err("max called on empty list".into()),
        ("min", []) => extreme(list, Ordering::Less)?,
        ("max", []) => extreme(list, Ordering::Greater)?,
        ("indexOf", [v]) => Val::Int(list.iter().position(|x| x.equals(v)).map_or(-1, |i| i as i64)),
        ("lastIndexOf", [v]) => Val::Int(list.iter().rposition(|x| x.equals(v)).map_or(-1, |i| i as i64)),
        ("first", []) => Val::Optional(list.first().map(|v| Box::new(v.clone()))),
        ("last", []) => Val::Optional(list.last().map(|v| Box::new(v.clone()))),
        ("flatten", []) => {
            Val::List(list.iter().flat_map(|v| v.elements().unwrap_or_else(|| vec![v.clone()])).collect())
        }
        ("distinct", []) => {
            let mut out: Vec<Val> = Vec::new();
            for v in list {
                if !out.contains(v) {
                    out.push(v.clone());
                }
            }
            Val::List(out)
        }
        _ => return overload(),
    })
}
