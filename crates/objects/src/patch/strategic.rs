//! Strategic merge patch: a merge patch that knows which lists are merged, and by which key.
//!
//! Owns: applying a patch, with `$patch`, `$retainKeys`, `$deleteFromPrimitiveList` and `$setElementOrder`, in
//! upstream's order of elements (added ones come first unless an order is given).
//! Models `k8s.io/apimachinery/pkg/util/strategicpatch/patch.go`, merging half.

use super::{Error, list, same_type};
use crate::go_text::{plain, type_name};
use crate::json::go_quote;
use crate::schema::Schema;
use crate::{List, Map, Str, Value};

pub(super) const DIRECTIVE: &str = "$patch";
pub(super) const RETAIN_KEYS: &str = "$retainKeys";
pub(super) const DELETE_PRIMITIVES: &str = "$deleteFromPrimitiveList";
pub(super) const ELEMENT_ORDER: &str = "$setElementOrder";

const BAD_ORDER: &str = "invalid patch format of setElementOrder list";
const BAD_RETAIN: &str = "invalid patch format of retainKeys";
const BAD_DELETE: &str = "invalid patch format of primitive list";

pub(super) type Merged<T> = Result<T, Error>;

/// How patches are merged.
#[derive(Clone, Copy)]
pub(super) struct Options {
    /// True on the server, which acts on directives; false when two patches become one, which keeps them.
    pub(super) act: bool,
}

/// The object with the patch applied. `schema` is that of the object's kind.
///
/// # Errors
/// Upstream's text for a field the kind does not have, a missing merge key, a directive that is none.
pub fn apply(object: &Value, patch: &Value, schema: Schema<'_>) -> Result<Value, Error> {
    let Value::Map(changes) = patch else { return Error::new("invalid JSON document") };
    merge_map(object, changes, schema, Options { act: true })
}

/// The schema of a field that holds a map or a list.
pub(super) fn field<'a>(schema: Schema<'a>, key: &str) -> Merged<Schema<'a>> {
    schema.field(key).ok_or_else(|| {
        let name = match schema {
            Schema::Static(shape, _) => shape.struct_type().map_or("", |t| t.name()),
            _ => "",
        };
        Error(format!("unable to find api field in struct {name} for the json field {}", go_quote(key)))
    })
}

pub(super) fn element<'a>(schema: Schema<'a>) -> Schema<'a> {
    schema.items().unwrap_or(Schema::Unknown)
}

pub(super) fn merge_map(
    original: &Value,
    patch: &Map,
    schema: Schema<'_>,
    options: Options,
) -> Merged<Value> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        return match directive.text() {
            "replace" => {
                let mut replaced = patch.clone();
                replaced.remove(DIRECTIVE);
                Ok(Value::Map(replaced))
            }
            "delete" => Ok(Value::map()),
            _ => bad_directive(directive, &Value::Map(patch.clone())),
        };
    }
    let mut merged = if original.as_map().is_some() { original.clone() } else { Value::map() };
    let mut done: Vec<&str> = Vec::new();
    if let Some(keep) = patch.get(RETAIN_KEYS) {
        done.push(RETAIN_KEYS);
        retain_keys(&mut merged, patch, keep, options)?;
    }
    for (key, order) in patch.iter() {
        if let Some(rest) = key.strip_prefix(ELEMENT_ORDER) {
            let Some(name) = rest.strip_prefix('/') else { return Error::new(BAD_ORDER) };
            done.push(key);
            if ordered_list(&mut merged, patch, name, order, schema, options)? {
                done.push(name);
            }
        }
    }
    for (key, change) in patch.iter().filter(|(key, _)| !done.contains(&key.as_str())) {
        if key.starts_with(DELETE_PRIMITIVES) {
            if !options.act {
                merged.set(key.clone(), change);
                continue;
            }
            let name = key.strip_prefix(DELETE_PRIMITIVES).and_then(|k| k.strip_prefix('/'));
            let Some(name) = name else { return Error::new(BAD_DELETE) };
            merge_field(&mut merged, name, change, schema, true, options)?;
        } else {
            merge_field(&mut merged, key, change, schema, false, options)?;
        }
    }
    Ok(merged)
}

fn merge_field(
    merged: &mut Value,
    key: &str,
    change: &Value,
    schema: Schema<'_>,
    deletes: bool,
    options: Options,
) -> Merged<()> {
    if change.is_null() {
        if merged.find(key).is_some() {
            merged.remove(key);
        }
        if !options.act {
            merged.set(key, Value::Null);
        }
        return Ok(());
    }
    let old = merged.find(key).filter(|old| same_type(old, change));
    let new = match (old, change) {
        (None, _) => {
            if deletes {
                return Ok(());
            }
            without_directives(change, options.act)
        }
        (Some(old), Value::Map(inner)) => match field(schema, key)? {
            whole if whole.patch_replaces() => Some(change.clone()),
            field => Some(merge_map(old, inner, field, options)?),
        },
        (Some(Value::List(old)), Value::List(new)) => {
            let field = field(schema, key)?;
            Some(list(merge_list_field(old, new, field, deletes, options)?))
        }
        (Some(old), _) if old == change => return Ok(()),
        _ => Some(change.clone()),
    };
    match new {
        Some(new) if merged.get(key).same(&new) => {}
        Some(new) => merged.set(key, new),
        None => {
            merged.remove(key);
        }
    }
    Ok(())
}

fn merge_list_field(
    old: &List,
    new: &List,
    field: Schema<'_>,
    deletes: bool,
    options: Options,
) -> Merged<Vec<Value>> {
    if field.patch_merges() || deletes {
        merge_list(old, new, element(field), field.patch_merge_key(), deletes, options)
    } else {
        Ok(new.to_vec())
    }
}

fn retain_keys(merged: &mut Value, patch: &Map, keep: &Value, options: Options) -> Merged<()> {
    if !options.act {
        // The original is a patch itself.
        match merged.find(RETAIN_KEYS) {
            Some(there) if there != keep => {
                let (a, b) = (plain(there), plain(keep));
                return Error::new(format!(
                    "{a} and {b} are not deep equal: this may happen when calculating the 3-way diff patch"
                ));
            }
            Some(_) => {}
            None => merged.set(RETAIN_KEYS, keep),
        }
        return Ok(());
    }
    let Value::List(keep) = keep else { return Error::new(BAD_RETAIN) };
    let kept = |key: &str| keep.iter().any(|k| *k == key);
    for (key, value) in patch.iter() {
        let directive =
            key == RETAIN_KEYS || key.starts_with(DELETE_PRIMITIVES) || key.starts_with(ELEMENT_ORDER);
        if !value.is_null() && !directive && !kept(key) {
            return Error::new(BAD_RETAIN);
        }
    }
    merged.map_mut().retain(|key, _| kept(key));
    Ok(())
}

/// Merges a list that the patch gives an order for. Says whether that settled the patch's own entry for it.
fn ordered_list(
    merged: &mut Value,
    patch: &Map,
    name: &str,
    order: &Value,
    schema: Schema<'_>,
    options: Options,
) -> Merged<bool> {
    let directive = format!("{ELEMENT_ORDER}/{name}");
    if !options.act {
        match merged.find(&directive) {
            Some(there) if there != order => return Error::new(BAD_ORDER),
            Some(_) => {}
            None => merged.set(directive.as_str(), order),
        }
    }
    let Value::List(order) = order else { return bad_type("[]interface {}", order) };
    let as_list = |v: Option<&Value>| match v {
        None => Ok(None),
        Some(Value::List(l)) => Ok(Some(l.clone())),
        Some(other) => bad_type("[]interface {}", other),
    };
    let old = as_list(merged.find(name))?;
    let new = as_list(patch.get(name))?;
    let field = field(schema, name)?;
    let key = field.patch_merge_key();
    check_order(new.as_deref().unwrap_or_default(), order, key)?;
    let found_new = new.is_some();
    let all = match (&old, &new) {
        (None, None) => return Ok(false),
        (Some(old), None) => old.to_vec(),
        (None, Some(new)) => new.iter().filter_map(|v| without_directives(v, false)).collect(),
        (Some(old), Some(new)) => merge_list_field(old, new, field, false, options)?,
    };
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let maps = maps_in(&[&old, &new])?;
    let (wanted, others) = partition(all, order, key)?;
    let server_order = if maps { order_after_merge(&old, &new, key) } else { old.to_vec() };
    let all = in_order(wanted, others, order, &server_order, key, maps)?;
    merged.set(name, list(all));
    Ok(found_new)
}

/// The server's order as upstream finds it after merging: its merge deletes and appends in the list it came from, so
/// that an element added where another was deleted has a place in it.
fn order_after_merge(old: &[Value], new: &[Value], key: &str) -> Vec<Value> {
    let mut slots = old.to_vec();
    let mut length = slots.len();
    let at = |slots: &[Value], length: usize, item: &Value| {
        slots[..length].iter().position(|v| same_element(v, item, key))
    };
    for item in new.iter().filter(|v| v.get(DIRECTIVE) == "delete") {
        while let Some(gone) = at(&slots, length, item) {
            for i in gone + 1..length {
                slots[i - 1] = slots[i].clone();
            }
            length -= 1;
        }
    }
    for item in new.iter().filter(|v| v.find(DIRECTIVE).is_none()) {
        if at(&slots, length, item).is_none() && length < slots.len() {
            slots[length] = item.clone();
            length += 1;
        }
    }
    slots
}

/// The patch's elements must come in the order it asks for.
fn check_order(patch: &[Value], order: &[Value], key: &str) -> Merged<()> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut left = patch.iter().filter(|v| v.find(DIRECTIVE).is_none()).peekable();
    for wanted in order {
        let Some(next) = left.peek() else { break };
        if identity(next, key)? == identity(wanted, key)? {
            left.next();
        }
    }
    if left.peek().is_some() {
        let (patch, order) = (plain(&list(patch.to_vec())), plain(&list(order.to_vec())));
        return Error::new(format!(
            "The order in patch list:\n{patch}\n doesn't match {ELEMENT_ORDER} list:\n{order}\n"
        ));
    }
    Ok(())
}

pub(super) fn merge_list(
    old: &[Value],
    new: &[Value],
    schema: Schema<'_>,
    key: &str,
    deletes: bool,
    options: Options,
) -> Merged<Vec<Value>> {
    if old.is_empty() && new.is_empty() {
        return Ok(Vec::new());
    }
    let maps = maps_in(&[old, new])?;
    if !maps {
        if deletes && options.act {
            return Ok(old.iter().filter(|v| !new.contains(v)).cloned().collect());
        }
        let all = without_repeats([old, new].concat());
        let (wanted, others) = partition(all, new, key)?;
        return in_order(wanted, others, new, old, key, maps);
    }
    if key.is_empty() {
        return Error::new("cannot merge lists without merge key");
    }
    let (old, new) = special_elements(old, new, key)?;
    let mut all = old.clone();
    for item in &new {
        let id = identity(item, key)?;
        match position(&all, key, id)? {
            Some(at) => {
                let Value::Map(changes) = item else { return bad_type("map[string]interface {}", item) };
                all[at] = merge_map(&all[at], changes, schema, options)?;
            }
            None => all.push(item.clone()),
        }
    }
    // What was merged in place has its new content in the old order.
    let server_order = all[..old.len()].to_vec();
    let (wanted, others) = partition(all, &new, key)?;
    in_order(wanted, others, &new, &server_order, key, maps)
}

/// Acts on elements that are directives; gives the old list and the patch without them.
fn special_elements(old: &[Value], new: &[Value], key: &str) -> Merged<(Vec<Value>, Vec<Value>)> {
    let mut old = old.to_vec();
    let mut rest = Vec::new();
    let mut replace = false;
    for item in new {
        let Some(directive) = item.find(DIRECTIVE) else {
            rest.push(item.clone());
            continue;
        };
        match directive.text() {
            "delete" => {
                let id = identity(item, key)?;
                while let Some(at) = position(&old, key, id)? {
                    old.remove(at);
                }
            }
            "replace" => replace = true,
            "merge" => return Error::new("merging lists cannot yet be specified in the patch"),
            _ => return bad_directive(directive, item),
        }
    }
    Ok(if replace { (rest, Vec::new()) } else { (old, rest) })
}

fn position(items: &[Value], key: &str, id: &Value) -> Merged<Option<usize>> {
    for (i, item) in items.iter().enumerate() {
        if item.as_map().is_none() {
            return Error::new(format!("value for key {i} is not a map"));
        }
        if item.find(key) == Some(id) {
            return Ok(Some(i));
        }
    }
    Ok(None)
}

/// What an element is known by: its merge key's value, or itself in a list of plain values.
pub(super) fn identity<'a>(item: &'a Value, key: &str) -> Merged<&'a Value> {
    if key.is_empty() {
        return Ok(item);
    }
    if item.as_map().is_none() {
        return bad_type("map[string]interface {}", item);
    }
    match item.find(key) {
        Some(id) => Ok(id),
        None => Error::new(format!("map: {} does not contain declared merge key: {key}", plain(item))),
    }
}

/// Whether the elements are maps; all must be of one type, and none a list.
pub(super) fn maps_in(lists: &[&[Value]]) -> Merged<bool> {
    let mut all = lists.iter().flat_map(|l| l.iter());
    let Some(first) = all.next() else { return Error::new("no elements in any of the given slices") };
    if first.as_list().is_some() {
        return Error::new("lists of lists are not supported");
    }
    if !all.all(|v| same_type(first, v)) {
        let shown: Vec<String> = lists.iter().map(|l| plain(&list(l.to_vec()))).collect();
        return Error::new(format!("list element types are not identical: [{}]", shown.join(" ")));
    }
    Ok(first.as_map().is_some())
}

fn partition(all: Vec<Value>, by: &[Value], key: &str) -> Merged<(Vec<Value>, Vec<Value>)> {
    let (mut wanted, mut others) = (Vec::new(), Vec::new());
    for item in all {
        let id = identity(&item, key)?;
        let named = by.iter().any(|v| if key.is_empty() { v == id } else { v.find(key) == Some(id) });
        if named { wanted.push(item) } else { others.push(item) }
    }
    Ok((wanted, others))
}

/// Sorts both parts by their orders and merges them, keeping the order within each.
fn in_order(
    wanted: Vec<Value>,
    others: Vec<Value>,
    wanted_order: &[Value],
    server_order: &[Value],
    key: &str,
    maps: bool,
) -> Merged<Vec<Value>> {
    let key = if maps { key } else { "" };
    let mut wanted = sorted_by(wanted, wanted_order, key)?.into_iter().peekable();
    let mut others = sorted_by(others, server_order, key)?.into_iter().peekable();
    let place = |v: &Value| server_order.iter().position(|o| same_element(o, v, key));
    let mut all = Vec::new();
    while let (Some(other), Some(want)) = (others.peek(), wanted.peek()) {
        let first = matches!((place(other), place(want)), (Some(a), Some(b)) if a < b);
        all.extend(if first { others.next() } else { wanted.next() });
    }
    all.extend(others);
    all.extend(wanted);
    Ok(all)
}

fn same_element(a: &Value, b: &Value, key: &str) -> bool {
    if key.is_empty() { a == b } else { a.get(key) == b.get(key) }
}

/// Elements in a given order; those to be deleted come last.
pub(super) fn sorted_by(items: Vec<Value>, order: &[Value], key: &str) -> Merged<Vec<Value>> {
    if !key.is_empty() {
        for item in items.iter().chain(order) {
            identity(item, key)?;
        }
    }
    let deletes = |v: &Value| !key.is_empty() && v.get(DIRECTIVE) == "delete";
    let (gone, mut kept): (Vec<Value>, Vec<Value>) = items.into_iter().partition(deletes);
    kept.sort_by_cached_key(|v| order.iter().position(|o| same_element(o, v, key)).unwrap_or(usize::MAX));
    kept.extend(gone);
    Ok(kept)
}

/// Drops repeated elements the way upstream does: the last one fills the gap.
pub(super) fn without_repeats(mut items: Vec<Value>) -> Vec<Value> {
    let mut i = 0;
    while i < items.len() {
        let mut j = i + 1;
        while j < items.len() {
            if items[i] == items[j] {
                items.swap_remove(j);
            } else {
                j += 1;
            }
        }
        i += 1;
    }
    items
}

/// A patch's value as it enters the object: no directives and, on the server, no nulls. None when it is itself a
/// directive.
fn without_directives(value: &Value, drop_nulls: bool) -> Option<Value> {
    fn clean(value: &Value, drop_nulls: bool) -> bool {
        match value {
            Value::Map(m) => {
                !m.contains(DIRECTIVE)
                    && m.iter().all(|(_, v)| !(drop_nulls && v.is_null()) && clean(v, drop_nulls))
            }
            Value::List(l) => l.iter().all(|v| clean(v, drop_nulls)),
            _ => true,
        }
    }
    if clean(value, drop_nulls) {
        return Some(value.clone());
    }
    match value {
        Value::Map(m) if m.contains(DIRECTIVE) => None,
        Value::Map(m) => {
            let entries = m.iter().filter(|(_, v)| !(drop_nulls && v.is_null()));
            let kept = entries.filter_map(|(k, v)| Some((k.clone(), without_directives(v, drop_nulls)?)));
            Some(Value::Map(kept.collect::<Vec<(Str, Value)>>().into_iter().collect()))
        }
        Value::List(l) => Some(list(l.iter().filter_map(|v| without_directives(v, drop_nulls)).collect())),
        other => Some(other.clone()),
    }
}

fn bad_directive<T>(directive: &Value, map: &Value) -> Merged<T> {
    Error::new(format!("unknown patch type: {} in map: {}", plain(directive), plain(map)))
}

fn bad_type<T>(expected: &str, got: &Value) -> Merged<T> {
    Error::new(format!("expected a {expected}, but received a {}", type_name(got)))
}
