//! JSON patch (RFC 6902).
//!
//! Models `gopkg.in/evanphx/json-patch.v4` patch.go, with its error texts and leniencies (negative indices).

use super::{Error, go_type};
use crate::Value;
use crate::json::go_quote;

/// How many operations one patch may have.
pub const MAX_OPERATIONS: usize = 10_000;

type Applied<T> = Result<T, Error>;

/// Applies all operations, or none.
///
/// # Errors
/// Upstream's text, such as `remove operation does not apply: doc is missing key: /spec/nosuch: missing value`.
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
    let path = |key: &str| match operation.find(key) {
        Some(Value::Str(p)) => Ok(p.clone()),
        Some(Value::Null) | None => Err("unknown".to_owned()),
        Some(_) => Err("unknown".to_owned()),
    };
    let value = operation.find("value");
    let kind = operation["op"].text();
    let at = |what: &str| {
        path("path").or_else(|_| Error::new(format!("{what} operation failed to decode path: missing value")))
    };
    match kind {
        "add" => {
            let path = at("add")?;
            let (parent, key) = parent(document, &path).map_err(|()| {
                Error(format!(
                    "add operation does not apply: doc is missing path: {}: missing value",
                    go_quote(&path)
                ))
            })?;
            let value = value.cloned().unwrap_or_default();
            add(parent, &key, value).map_err(|e| Error(format!("error in add for path: '{path}': {e}")))
        }
        "remove" => {
            let path = at("remove")?;
            let (parent, key) = parent(document, &path).map_err(|()| {
                Error(format!(
                    "remove operation does not apply: doc is missing path: {}: missing value",
                    go_quote(&path)
                ))
            })?;
            remove(parent, &key).map_err(|e| Error(format!("error in remove for path: '{path}': {e}")))
        }
        "replace" => {
            let path = at("replace")?;
            if path.is_empty() {
                *document = value.cloned().unwrap_or_default();
                return Ok(());
            }
            let (parent, key) = parent(document, &path).map_err(|()| {
                Error(format!("replace operation does not apply: doc is missing path: {path}: missing value"))
            })?;
            get(parent, &key).map_err(|_| {
                Error(format!("replace operation does not apply: doc is missing key: {path}: missing value"))
            })?;
            set(parent, &key, value.cloned().unwrap_or_default())
                .map_err(|e| Error(format!("error in remove for path: '{path}': {e}")))
        }
        "move" => {
            let from = path("from")
                .or_else(|_| Error::new("move operation failed to decode from: missing value"))?;
            let (source, key) = parent(document, &from).map_err(|()| {
                Error(format!(
                    "move operation does not apply: doc is missing from path: {from}: missing value"
                ))
            })?;
            let value =
                get(source, &key).map_err(|e| Error(format!("error in move for path: '{key}': {e}")))?;
            remove(source, &key).map_err(|e| Error(format!("error in move for path: '{key}': {e}")))?;
            let path = at("move")?;
            let (target, key) = parent(document, &path).map_err(|()| {
                Error(format!(
                    "move operation does not apply: doc is missing destination path: {path}: missing value"
                ))
            })?;
            add(target, &key, value).map_err(|e| Error(format!("error in move for path: '{path}': {e}")))
        }
        "copy" => {
            let from = path("from")
                .or_else(|_| Error::new("copy operation failed to decode from: missing value"))?;
            let (source, key) = parent(document, &from).map_err(|()| {
                Error(format!(
                    "copy operation does not apply: doc is missing from path: {from}: missing value"
                ))
            })?;
            let value =
                get(source, &key).map_err(|e| Error(format!("error in copy for from: '{from}': {e}")))?;
            let path = at("copy")?;
            let (target, key) = parent(document, &path).map_err(|()| {
                Error(format!(
                    "copy operation does not apply: doc is missing destination path: {path}: missing value"
                ))
            })?;
            add(target, &key, value).map_err(|e| Error(format!("error while adding value during copy: {e}")))
        }
        "test" => {
            let path = at("test")?;
            let found = if path.is_empty() {
                document.clone()
            } else {
                let (parent, key) = parent(document, &path).map_err(|()| {
                    Error(format!("test operation does not apply: is missing path: {path}: missing value"))
                })?;
                match get(parent, &key) {
                    Ok(found) => found,
                    Err(e) if e.0.ends_with("missing value") => Value::Null,
                    Err(e) => return Error::new(format!("error in test for path: '{path}': {e}")),
                }
            };
            if value.unwrap_or(&Value::Null) == &found {
                Ok(())
            } else {
                Error::new(format!("testing value {path} failed: test failed"))
            }
        }
        other => Error::new(format!(
            "Unexpected kind: {}",
            if operation.find("op").is_some() { other } else { "unknown" }
        )),
    }
}

/// The container that the path's last part is in, and that part.
fn parent<'a>(document: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), ()> {
    let mut parts = path.split('/');
    if parts.next() != Some("") {
        return Err(());
    }
    let parts: Vec<String> = parts.map(|p| p.replace("~1", "/").replace("~0", "~")).collect();
    let Some((last, way)) = parts.split_last() else { return Err(()) };
    let mut place = document;
    for part in way {
        place = match place {
            Value::Map(m) => m.get_mut(part).ok_or(())?,
            Value::List(l) => {
                let at = index(part, l.len()).map_err(|_| ())?;
                l.to_mut().get_mut(at).ok_or(())?
            }
            _ => return Err(()),
        };
    }
    if matches!(place, Value::Map(_) | Value::List(_)) { Ok((place, last.clone())) } else { Err(()) }
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
        Value::Map(m) => match m.get(key) {
            Some(v) => Ok(v.clone()),
            None => Error::new(format!("unable to get nonexistent key: {key}: missing value")),
        },
        Value::List(l) => {
            let at = index(key, l.len())?;
            l.get(at).cloned().map_or_else(
                || Error::new(format!("Unable to access invalid index: {at}: invalid index referenced")),
                Ok,
            )
        }
        other => Error::new(format!("cannot index {}", go_type(other))),
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
