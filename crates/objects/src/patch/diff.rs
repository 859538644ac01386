//! A strategic merge patch from two objects.
//!
//! Models `k8s.io/apimachinery/pkg/util/strategicpatch/patch.go`, diffing half: changes, deletions as nulls,
//! `$patch: delete` elements or parallel lists, and the order of elements.

use super::strategic::{
    DELETE_PRIMITIVES, DIRECTIVE, ELEMENT_ORDER, Merged, RETAIN_KEYS, element, field, identity, maps_in,
    sorted_by, without_repeats,
};
use super::{Error, list, same_type};
use crate::go_text::plain;
use crate::schema::Schema;
use crate::{Map, Value};

#[derive(Clone, Copy)]
pub(super) struct Options {
    /// Leave out what `modified` adds or changes.
    pub(super) ignore_changes: bool,
    /// Leave out what `modified` no longer has.
    pub(super) ignore_deletions: bool,
    pub(super) retain_keys: bool,
}

/// The patch that makes `modified` of `original`: what `kubectl edit`, `set` and `label` send.
///
/// # Errors
/// Upstream's text for a map or list that the kind does not have, or a missing merge key.
pub fn two_way(original: &Value, modified: &Value, schema: Schema<'_>) -> Result<Value, Error> {
    let options = Options { ignore_changes: false, ignore_deletions: false, retain_keys: false };
    diff_maps(original, modified, schema, options).map(Value::Map)
}

pub(super) fn diff_maps(
    original: &Value,
    modified: &Value,
    schema: Schema<'_>,
    options: Options,
) -> Merged<Map> {
    let mut patch = Map::default();
    if original.same(modified) {
        return Ok(patch);
    }
    for (key, new) in modified.entries() {
        let Some(old) = original.find(key) else {
            if !options.ignore_changes {
                patch.insert(key.clone(), new);
            }
            continue;
        };
        match (old, new) {
            _ if key == DIRECTIVE => {
                if old != new {
                    patch.insert(key.clone(), new);
                }
            }
            _ if old.same(new) => {}
            (Value::Map(_), Value::Map(_)) => diff_map(key, old, new, &mut patch, schema, options)?,
            (Value::List(a), Value::List(b)) => diff_list(key, a, b, &mut patch, schema, options)?,
            _ => {
                let same = same_type(old, new) && old == new;
                if !options.ignore_changes && !same {
                    patch.insert(key.clone(), new);
                }
            }
        }
    }
    if !options.ignore_deletions {
        for (key, _) in original.entries().iter().filter(|(key, _)| modified.find(key).is_none()) {
            patch.insert(key.clone(), Value::Null);
        }
    }
    if options.retain_keys {
        let keys: Vec<Value> =
            modified.entries().iter().filter(|(_, v)| !v.is_null()).map(|(k, _)| Value::from(k)).collect();
        let lost = original.entries().iter().any(|(k, v)| !v.is_null() && modified.find(k).is_none());
        if !keys.is_empty() && (!patch.is_empty() || lost) {
            patch.insert(RETAIN_KEYS, list(keys));
        }
    }
    Ok(patch)
}

fn diff_map(
    key: &str,
    old: &Value,
    new: &Value,
    patch: &mut Map,
    schema: Schema<'_>,
    options: Options,
) -> Merged<()> {
    let field = match field(schema, key) {
        Ok(field) => field,
        Err(_) if old == new => return Ok(()),
        Err(e) => return Err(e),
    };
    if field.patch_replaces() {
        if old != new && !options.ignore_changes {
            patch.insert(key, new.clone());
        }
        return Ok(());
    }
    let inner = diff_maps(old, new, field, Options { retain_keys: field.patch_retains_keys(), ..options })?;
    if !inner.is_empty() {
        patch.insert(key, inner);
    }
    Ok(())
}

fn diff_list(
    key: &str,
    old: &[Value],
    new: &[Value],
    patch: &mut Map,
    schema: Schema<'_>,
    options: Options,
) -> Merged<()> {
    let field = match field(schema, key) {
        Ok(field) => field,
        Err(_) if old == new => return Ok(()),
        Err(e) => return Err(e),
    };
    if !field.patch_merges() {
        if !options.ignore_changes && old != new {
            patch.insert(key, list(new.to_vec()));
        }
        return Ok(());
    }
    let options = Options { retain_keys: field.patch_retains_keys(), ..options };
    let found = diff_lists(old, new, element(field), field.patch_merge_key(), options)?;
    for (name, items) in [
        (key.to_owned(), found.changed),
        (format!("{DELETE_PRIMITIVES}/{key}"), found.deleted),
        (format!("{ELEMENT_ORDER}/{key}"), found.order),
    ] {
        if !items.is_empty() {
            patch.insert(name, list(items));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Lists {
    changed: Vec<Value>,
    /// Of plain values only: maps are deleted by an element of `changed`.
    deleted: Vec<Value>,
    order: Vec<Value>,
}

fn diff_lists(
    old: &[Value],
    new: &[Value],
    schema: Schema<'_>,
    key: &str,
    options: Options,
) -> Merged<Lists> {
    if old.is_empty() {
        let changed = if options.ignore_changes { Vec::new() } else { new.to_vec() };
        return Ok(Lists { changed, ..Lists::default() });
    }
    if maps_in(&[old, new])? {
        return diff_lists_of_maps(old, new, schema, key, options);
    }
    let (old, sorted) = (by_text(old, ""), by_text(new, ""));
    let (mut changed, mut deleted) = (Vec::new(), Vec::new());
    walk(&old, &sorted, "", |pair| {
        match pair {
            (Some(_), Some(_)) => {}
            (Some(gone), None) => {
                if !options.ignore_deletions {
                    deleted.push(gone.clone());
                }
            }
            (None, added) => {
                if !options.ignore_changes {
                    changed.extend(added.cloned());
                }
            }
        }
        Ok(())
    })?;
    let deleted = without_repeats(deleted);
    let changed = sorted_by(changed, new, "")?;
    // Upstream compares with the old list already sorted in place.
    let moved = !options.ignore_changes && old != new;
    let order =
        if (!options.ignore_deletions && !deleted.is_empty()) || moved { new.to_vec() } else { Vec::new() };
    Ok(Lists { changed, deleted, order })
}

fn diff_lists_of_maps(
    old: &[Value],
    new: &[Value],
    schema: Schema<'_>,
    key: &str,
    options: Options,
) -> Merged<Lists> {
    for item in old.iter().chain(new) {
        identity(item, key)?;
    }
    let (mut changed, mut gone) = (Vec::new(), Vec::new());
    walk(&by_text(old, key), &by_text(new, key), key, |pair| {
        match pair {
            (Some(a), Some(b)) => {
                let mut inner = diff_maps(a, b, schema, options)?;
                if !inner.is_empty() {
                    inner.insert(key, b.get(key));
                    changed.push(Value::Map(inner));
                }
            }
            (None, added) => {
                if !options.ignore_changes {
                    changed.extend(added.cloned());
                }
            }
            (Some(a), None) => {
                if !options.ignore_deletions {
                    let mut directive = Map::default();
                    directive.insert(key, a.get(key));
                    directive.insert(DIRECTIVE, "delete");
                    gone.push(Value::Map(directive));
                }
            }
        }
        Ok(())
    })?;
    let mut changed = sorted_by(changed, new, key)?;
    changed.extend(gone);
    let same_order = old.len() == new.len() && old.iter().zip(new).all(|(a, b)| a.get(key) == b.get(key));
    let moved = !options.ignore_changes && (!changed.is_empty() || !same_order);
    let mut order = Vec::new();
    if moved || (!options.ignore_deletions && !changed.is_empty()) {
        for item in new {
            let mut id = Map::default();
            id.insert(key, item.get(key));
            order.push(Value::Map(id));
        }
    }
    Ok(Lists { changed, deleted: Vec::new(), order })
}

/// The text an element is compared by.
fn text(item: &Value, key: &str) -> String {
    plain(if key.is_empty() { item } else { item.get(key) })
}

fn by_text(items: &[Value], key: &str) -> Vec<Value> {
    let mut sorted = items.to_vec();
    sorted.sort_by_cached_key(|v| text(v, key));
    sorted
}

/// Goes through two sorted lists at once: pairs, elements only of the first, elements only of the second.
fn walk<'a>(
    a: &'a [Value],
    b: &'a [Value],
    key: &str,
    mut visit: impl FnMut((Option<&'a Value>, Option<&'a Value>)) -> Merged<()>,
) -> Merged<()> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let order = match (a.peek(), b.peek()) {
            (None, None) => return Ok(()),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(x), Some(y)) => text(x, key).cmp(&text(y, key)),
        };
        visit(match order {
            std::cmp::Ordering::Less => (a.next(), None),
            std::cmp::Ordering::Greater => (None, b.next()),
            std::cmp::Ordering::Equal => (a.next(), b.next()),
        })?;
    }
}
