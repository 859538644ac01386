//! The three kinds of patch, and how clients make them.
//!
//! Owns: applying JSON patches ([`json_patch`]), JSON merge patches ([`merge_patch`]) and strategic merge patches
//! ([`strategic`]); making patches from two objects ([`diff`]) or three ([`three_way`], what `kubectl apply` sends).
//! All work on trees and keep untouched subtrees shared.
//! Does not own: server-side apply, decoding the result into its kind.

pub mod diff;
pub mod json_patch;
pub mod merge_patch;
pub mod strategic;
pub mod three_way;

use crate::number::g_float;
use crate::{List, Value};

/// Why a patch does not apply, in upstream's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

impl Error {
    fn new<T>(message: impl Into<String>) -> Result<T, Self> {
        Err(Self(message.into()))
    }
}

/// A value as Go's `%v` prints it: `map[a:1 b:[x y]]`.
#[must_use]
pub fn go_value(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Float(f) => g_float(*f),
        Value::Str(s) => s.to_string(),
        Value::List(l) => format!("[{}]", l.iter().map(go_value).collect::<Vec<_>>().join(" ")),
        Value::Map(m) => {
            let entries: Vec<String> = m.iter().map(|(k, v)| format!("{k}:{}", go_value(v))).collect();
            format!("map[{}]", entries.join(" "))
        }
    }
}

/// The name of a decoded value's Go type.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int64",
        Value::Float(_) => "float64",
        Value::Str(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    }
}

fn same_type(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn list(items: Vec<Value>) -> Value {
    Value::List(List::from(items))
}

#[cfg(test)]
mod tests;
