//! JSON patch (RFC 6902).
//!
//! Models `gopkg.in/evanphx/json-patch.v4` patch.go, with its error texts and leniencies: negative indices, and a
//! replace that adds a missing key.

use super::Error;
use crate::Value;
use crate::go_text::type_name;
use crate::json::go_quote;

/// How many operations one patch may have.
pub const MAX_OPERATIONS: usize = 10_000;

type Applied<T> = Result<T, Error>;

/// Applies all operations, or none.
///
/// # Errors
/// Upstream's text, such as `error in remove for path: '/spec/nosuch': Unable to remove nonexistent key: nosuch:
/// missing value`.
pub fn apply(document: &Value, patch: &Value) -> Applied<Value> {
    let Value::List(operations) = patch else {
        return Error::new(format!(
            "json: cannot unmarshal {} into Go value of type jsonpatch.Patch",
            match patch {
                Value::Map(_) => "object",
                Value::Str(_) => "string",
                Value::Bool(_) => "bool",
                _ => "number",
            }
        ));
    };
    if operations.len() > MAX_OPERATIONS {
        let n = operations.len();
        return Error::new(format!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {n}"
        ));
    }
    let mut document = document.clone();
    for operation in operations.iter() {
        one(&mut document, operation)?;
    }
    Ok(document)
}

fn one(document: &mut Value, operation: &Value) -> Applied<()> {
    let kind = match operation.find("op") {
        Some(Value::Str(op)) => op.as_str(),
        _ => "unknown",
    };
    let value = || operation.get("value").clone();
    match kind {
        "add" => {
            let path = path(operation, kind, "path", "")?;
            let Some((place, key)) = parent(document, path) else {
                return missing(&format!(
                    "add operation does not apply: doc is missing path: {}",
                    go_quote(path)
                ));
            };
            add(place, &key, value()).map_err(|e| Error(format!("error in add for path: '{path}': {e}")))
        }
        "remove" => {
            let path = path(operation, kind, "path", "")?;
            let Some((place, key)) = parent(document, path) else {
                return missing(&format!(
                    "remove operation does not apply: doc is missing path: {}",
                    go_quote(path)
                ));
            };
            remove(place, &key).map_err(|e| Error(format!("error in remove for path: '{path}': {e}")))
        }
        "replace" => {
            let path = path(operation, kind, "path", "operation missing path field: ")?;
            replace(document, path, value())
        }
        "move" | "copy" => transfer(document, operation, kind),
        "test" => {
            let path = path(operation, kind, "path", "operation missing path field: ")?;
            let found = if path.is_empty() {
                document.clone()
            } else {
                let Some((place, key)) = parent(document, path) else {
                    return missing(&format!("test operation does not apply: is missing path: {path}"));
                };
                get(place, &key).map_err(|e| Error(format!("error in test for path: '{path}': {e}")))?
            };
            if value() == found {
                Ok(())
            } else {
                Error::new(format!("testing value {path} failed: test failed"))
            }
        }
        other => Error::new(format!("Unexpected kind: {other}")),
    }
}

fn missing<T>(what: &str) -> Applied<T> {
    Error::new(format!("{what}: missing value"))
}

/// The operation's `path` or `from`; `why` is what upstream adds for this kind when there is none.
fn path<'a>(operation: &'a Value, kind: &str, key: &str, why: &str) -> Applied<&'a str> {
    match operation.find(key) {
        Some(Value::Str(path)) => Ok(path),
        _ => Error::new(format!("{kind} operation failed to decode {key}: {why}missing value")),
    }
}

fn replace(document: &mut Value, path: &str, value: Value) -> Applied<()> {
    if path.is_empty() {
        if !matches!(value, Value::Map(_) | Value::List(_)) {
            return Error::new("replace operation value must be object or array: %!w(<nil>)");
        }
        *document = value;
        return Ok(());
    }
    let Some((place, key)) = parent(document, path) else {
        return missing(&format!("replace operation does not apply: doc is missing path: {path}"));
    };
    // A key that a map does not have is no error here, as in upstream.
    if get(place, &key).is_err() {
        return missing(&format!("replace operation does not apply: doc is missing key: {path}"));
    }
    set(place, &key, value).map_err(|e| Error(format!("error in remove for path: '{path}': {e}")))
}

fn transfer(document: &mut Value, operation: &Value, kind: &str) -> Applied<()> {
    let moves = kind == "move";
    let from = path(operation, kind, "from", "operation, missing from field: ")?;
    let Some((source, key)) = parent(document, from) else {
        return missing(&format!("{kind} operation does not apply: doc is missing from path: {from}"));
    };
    let in_move = |e: Error| Error(format!("error in move for path: '{key}': {e}"));
    let value = if moves {
        let value = get(source, &key).map_err(in_move)?;
        remove(source, &key).map_err(in_move)?;
        value
    } else {
        get(source, &key).map_err(|e| Error(format!("error in copy for from: '{from}': {e}")))?
    };
    let path = path(operation, kind, "path", if moves { "operation missing path field: " } else { "" })?;
    let Some((target, key)) = parent(document, path) else {
        return missing(&format!("{kind} operation does not apply: doc is missing destination path: {path}"));
    };
    add(target, &key, value).map_err(|e| {
        Error(if moves {
            format!("error in move for path: '{path}': {e}")
        } else {
            format!("error while adding value during copy: {e}")
        })
    })
}

/// The container that the path's last part is in, and that part.
fn parent<'a>(document: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let parts: Vec<String> =
        path.split('/').skip(1).map(|p| p.replace("~1", "/").replace("~0", "~")).collect();
    let (last, way) = parts.split_last()?;
    let mut place = document;
    for part in way {
        place = match place {
            Value::Map(m) => m.get_mut(part)?,
            Value::List(l) => {
                let at = index(part, l.len()).ok()?;
                l.to_mut().get_mut(at)?
            }
            _ => return None,
        };
    }
    matches!(place, Value::Map(_) | Value::List(_)).then(|| (place, last.clone()))
}

/// The place an index names in a list of `length`; negative ones count from the end.
fn index(key: &str, length: usize) -> Applied<usize> {
    let Ok(i) = key.parse::<i64>() else {
        return Error::new(format!("strconv.Atoi: parsing {}: invalid syntax", go_quote(key)));
    };
    let at = if i < 0 { i + length as i64 } else { i };
    match usize::try_from(at) {
        Ok(at) => Ok(at),
        Err(_) => Error::new(format!("Unable to access invalid index: {i}: invalid index referenced")),
    }
}

fn get(parent: &Value, key: &str) -> Applied<Value> {
    match parent {
        Value::Map(m) => Ok(m.get(key).cloned().unwrap_or_default()),
        Value::List(l) => {
            let at = index(key, l.len())?;
            l.get(at).cloned().map_or_else(
                || Error::new(format!("Unable to access invalid index: {at}: invalid index referenced")),
                Ok,
            )
        }
        other => Error::new(format!("cannot index {}", type_name(other))),
    }
}

fn set(parent: &mut Value, key: &str, value: Value) -> Applied<()> {
    match parent {
        Value::List(l) => {
            let at = index(key, l.len())?;
            match l.to_mut().get_mut(at) {
                Some(place) => *place = value,
                None => {
                    return Error::new(format!(
                        "Unable to access invalid index: {at}: invalid index referenced"
                    ));
                }
            }
        }
        map => map.set(key, value),
    }
    Ok(())
}

fn add(parent: &mut Value, key: &str, value: Value) -> Applied<()> {
    let Value::List(l) = parent else {
        parent.set(key, value);
        return Ok(());
    };
    if key == "-" {
        l.push(value);
        return Ok(());
    }
    // The new element counts: -1 is the end.
    let Ok(i) = key.parse::<i64>() else {
        return Error::new(format!(
            "value was not a proper array index: '{key}': strconv.Atoi: parsing {}: invalid syntax",
            go_quote(key)
        ));
    };
    let length = l.len() as i64 + 1;
    if i >= length || i < -length {
        return Error::new(format!("Unable to access invalid index: {i}: invalid index referenced"));
    }
    let at = if i < 0 { i + length } else { i };
    l.to_mut().insert(at as usize, value);
    Ok(())
}

fn remove(parent: &mut Value, key: &str) -> Applied<()> {
    match parent {
        Value::List(l) => {
            let i: i64 = key.parse().or_else(|_| {
                Error::new(format!("strconv.Atoi: parsing {}: invalid syntax", go_quote(key)))
            })?;
            let length = l.len() as i64;
            if i >= length || i < -length {
                return Error::new(format!("Unable to access invalid index: {i}: invalid index referenced"));
            }
            let at = if i < 0 { i + length } else { i };
            l.to_mut().remove(at as usize);
            if l.is_empty() {
                *l = crate::List::default();
            }
            Ok(())
        }
        map => match map.remove(key) {
            Some(_) => Ok(()),
            None => Error::new(format!("Unable to remove nonexistent key: {key}: missing value")),
        },
    }
}
