//! Patches that kubectl computes itself.
//!
//! Owns: JSON merge patches between two objects, and the three-way one that `apply` sends for custom resources.
//! Does not own: strategic merge (objects). Models `k8s.io/apimachinery/pkg/util/jsonmergepatch`.

use objects::{Map, Value};

/// The merge patch that makes `new` of `old`: changed values, null for what is gone. Lists are taken whole.
#[must_use]
pub fn merge_patch(old: &Value, new: &Value) -> Value {
    let mut patch = Map::default();
    for (k, v) in new.entries() {
        match old.find(k) {
            None => {
                patch.insert(k.clone(), v.clone());
            }
            Some(was) if was == v => {}
            Some(was) if was.as_map().is_some() && v.as_map().is_some() => {
                patch.insert(k.clone(), merge_patch(was, v));
            }
            Some(_) => {
                patch.insert(k.clone(), v.clone());
            }
        }
    }
    for (k, _) in old.entries() {
        if new.find(k).is_none() {
            patch.insert(k.clone(), Value::Null);
        }
    }
    Value::Map(patch)
}

/// What to send so that `current` gets the changes of `modified`, and loses what `original` had and `modified` has not.
#[must_use]
pub fn three_way(original: &Value, modified: &Value, current: &Value) -> Value {
    let mut patch = keep(&merge_patch(current, modified), false).unwrap_or_else(Value::map);
    if let Some(gone) = keep(&merge_patch(original, modified), true) {
        overlay(&mut patch, &gone);
    }
    patch
}

/// Only the deletions of a merge patch, or all but them; `None` when nothing stays.
fn keep(patch: &Value, deletions: bool) -> Option<Value> {
    let mut out = Map::default();
    for (k, v) in patch.entries() {
        match v {
            Value::Null if deletions => {
                out.insert(k.clone(), Value::Null);
            }
            Value::Null => {}
            Value::Map(m) if !m.is_empty() => {
                if let Some(inner) = keep(v, deletions) {
                    out.insert(k.clone(), inner);
                }
            }
            other if !deletions => {
                out.insert(k.clone(), other.clone());
            }
            _ => {}
        }
    }
    (!out.is_empty()).then_some(Value::Map(out))
}

fn overlay(base: &mut Value, top: &Value) {
    for (k, v) in top.entries() {
        if v.as_map().is_some() && base[k.as_str()].as_map().is_some() {
            overlay(base.at_mut(&[k]), v);
        } else {
            base.set(k.clone(), v.clone());
        }
    }
}

/// The object after a merge patch.
#[must_use]
pub fn merged(object: &Value, patch: &Value) -> Value {
    if patch.as_map().is_none() {
        return patch.clone();
    }
    let mut out = if object.as_map().is_some() { object.clone() } else { Value::map() };
    for (k, v) in patch.entries() {
        if v.is_null() {
            out.remove(k);
        } else {
            let inner = merged(&out[k.as_str()], v);
            out.set(k.clone(), inner);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use objects::value;

    #[test]
    fn a_patch_and_its_object_agree() {
        let old = value!({"a": 1, "b": {"c": 1, "d": 2}, "l": [1]});
        let new = value!({"a": 1, "b": {"c": 2}, "l": [1, 2], "n": {"x": {}}});
        let p = merge_patch(&old, &new);
        assert_eq!(p, value!({"b": {"c": 2, "d": null}, "l": [1, 2], "n": {"x": {}}}));
        assert_eq!(merged(&old, &p), new);
    }

    #[test]
    fn three_way_keeps_what_others_wrote() {
        let original = value!({"spec": {"a": 1, "b": 2}});
        let modified = value!({"spec": {"a": 5}});
        let current = value!({"spec": {"a": 1, "b": 2, "server": true}});
        assert_eq!(three_way(&original, &modified, &current), value!({"spec": {"a": 5, "b": null}}));
        assert_eq!(three_way(&modified, &modified, &value!({"spec": {"a": 5, "server": true}})), value!({}));
    }
}
