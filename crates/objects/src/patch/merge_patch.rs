//! JSON merge patch (RFC 7386), and the three-way patch that `kubectl apply` sends for custom kinds.
//!
//! Models `github.com/evanphx/json-patch` merge.go and `k8s.io/apimachinery/pkg/util/jsonmergepatch`.

use super::same_type;
use crate::{Map, Value};

/// `target` with the patch's fields put in, and those removed that are null in it.
#[must_use]
pub fn apply(target: &Value, patch: &Value) -> Value {
    let Value::Map(changes) = patch else { return patch.clone() };
    let mut merged = if target.as_map().is_some() { target.clone() } else { Value::map() };
    for (key, change) in changes.iter() {
        match change {
            Value::Null => {
                if merged.find(key).is_some() {
                    merged.remove(key);
                }
            }
            Value::Map(_) => {
                let old = merged.get(key);
                let new = apply(old, change);
                if !new.same(old) {
                    merged.set(key.clone(), new);
                }
            }
            other => {
                if merged.find(key) != Some(other) {
                    merged.set(key.clone(), other);
                }
            }
        }
    }
    merged
}

/// The smallest patch that makes `modified` of `original`.
#[must_use]
pub fn create(original: &Value, modified: &Value) -> Value {
    let (Value::Map(a), Value::Map(b)) = (original, modified) else { return modified.clone() };
    let mut patch = Map::default();
    for (key, new) in b.iter() {
        match a.get(key) {
            Some(old) if old == new && same_type(old, new) => {}
            Some(old @ Value::Map(_)) if new.as_map().is_some() => {
                let inner = create(old, new);
                if !inner.is_zero() {
                    patch.insert(key.clone(), inner);
                }
            }
            _ => {
                patch.insert(key.clone(), new);
            }
        }
    }
    for (key, _) in a.iter().filter(|(key, _)| !b.contains(key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Value::Map(patch)
}

/// What leads from `current` to `modified`, and removes what stood in `original` (last applied) but no longer does.
#[must_use]
pub fn three_way(original: &Value, modified: &Value, current: &Value) -> Value {
    let changes = nulls(&create(current, modified), false);
    let deletions = nulls(&create(original, modified), true);
    combine(&deletions, &changes)
}

/// Merges two patches: nulls stay.
fn combine(first: &Value, second: &Value) -> Value {
    let (Value::Map(_), Value::Map(b)) = (first, second) else { return second.clone() };
    let mut merged = first.clone();
    for (key, value) in b.iter() {
        let value = combine(merged.get(key), value);
        merged.set(key.clone(), value);
    }
    merged
}

/// Only the nulls of a patch, or everything but them.
fn nulls(patch: &Value, keep: bool) -> Value {
    let mut out = Map::default();
    for (key, value) in patch.entries() {
        match value {
            Value::Null if keep => {
                out.insert(key.clone(), Value::Null);
            }
            Value::Null => {}
            Value::Map(m) if !m.is_empty() => {
                let inner = nulls(value, keep);
                if !inner.is_zero() {
                    out.insert(key.clone(), inner);
                }
            }
            other if !keep => {
                out.insert(key.clone(), other);
            }
            _ => {}
        }
    }
    Value::Map(out)
}
