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

pub use crate::go_text::plain as go_value;
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

fn same_type(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn list(items: Vec<Value>) -> Value {
    Value::List(List::from(items))
}

#[cfg(test)]
mod tests;
