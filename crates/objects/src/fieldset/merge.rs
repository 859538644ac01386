//! Walks that make objects: a configuration merged into an object, and fields taken out of one.

use super::compare::named;
use super::{Form, Set, element_step, field_step, form};
use crate::schema::Schema;
use crate::{Map, Str, Value};

/// `base` with every field of `over` set.
#[must_use]
pub fn merge(base: &Value, over: &Value, schema: Schema<'_>) -> Value {
    if base.same(over) || base.is_null() {
        return over.clone();
    }
    let sample = if over.is_null() { base } else { over };
    let hollow = |v: &Value| v.entries().is_empty() && v.items().is_empty();
    match form(schema, sample) {
        Form::Leaf => over.clone(),
        _ if hollow(base) && hollow(over) => over.clone(),
        Form::Map => {
            let Some(fields) = over.as_map() else { return base.clone() };
            let mut out = base.clone();
            for (k, v) in fields.iter() {
                let s = schema.field(k).unwrap_or(Schema::Unknown);
                let merged = merge(&base[k.as_str()], v, s);
                if !merged.same(&base[k.as_str()]) || base.find(k).is_none() {
                    out.set(k.clone(), merged);
                }
            }
            out
        }
        Form::Associative => elements(base, over, schema),
    }
}

/// Two lists of named elements in one: the order of `over` among what it names, the rest where it stood.
fn elements(base: &Value, over: &Value, schema: Schema<'_>) -> Value {
    let items = schema.items().unwrap_or(Schema::Unknown);
    let (left, right) = (named(base, schema), named(over, schema));
    let of = |list: &[(Str, &Value)], step: &Str| list.iter().position(|(s, _)| s == step);
    let merged = |step: &Str, r: &Value| match of(&left, step) {
        Some(i) => merge(left[i].1, r, items),
        None => r.clone(),
    };
    let mut shared = right.iter().map(|(s, _)| s).filter(|s| of(&left, s).is_some());
    let mut next = shared.next();
    let mut done: Vec<&Str> = Vec::new();
    let mut out: Vec<Value> = Vec::with_capacity(left.len() + right.len());
    let (mut l, mut r) = (0, 0);
    while l < left.len() || r < right.len() {
        if l < left.len() && r < right.len() {
            let step = &left[l].0;
            if *step == right[r].0 {
                done.push(step);
                out.push(merged(step, right[r].1));
                (l, r) = (l + 1, r + 1);
                next = shared.next();
                continue;
            }
            if of(&right, step).is_some() && next.is_some_and(|n| n != step) {
                l += 1;
                continue;
            }
        }
        if l < left.len() {
            let step = &left[l].0;
            if of(&right, step).is_none() {
                out.push(left[l].1.clone());
                l += 1;
                continue;
            }
            if done.contains(&step) {
                l += 1;
            }
        }
        if r < right.len() {
            let (step, value) = &right[r];
            done.push(step);
            out.push(merged(step, value));
            r += 1;
            if next == Some(step) {
                next = shared.next();
            }
        }
    }
    Value::List(out.into())
}

/// `value` without the members of `gone`. What is atomic goes as a whole or stays.
#[must_use]
pub fn remove(value: &Value, gone: &Set, schema: Schema<'_>) -> Value {
    if gone.is_empty() {
        return value.clone();
    }
    match form(schema, value) {
        Form::Leaf => value.clone(),
        Form::Map => {
            let mut out: Vec<(Str, Value)> = Vec::with_capacity(value.entries().len());
            for (k, v) in value.entries() {
                let step = field_step(k);
                if gone.has(&step) {
                    continue;
                }
                let left = match gone.under(&step) {
                    Some(below) => remove(v, below, schema.field(k).unwrap_or(Schema::Unknown)),
                    None => v.clone(),
                };
                out.push((k.clone(), left));
            }
            Value::Map(Map::from_entries(out))
        }
        Form::Associative => {
            let items = schema.items().unwrap_or(Schema::Unknown);
            let mut out = Vec::with_capacity(value.items().len());
            for e in value.items() {
                let Ok(step) = element_step(schema, e) else {
                    out.push(e.clone());
                    continue;
                };
                if gone.has(&step) {
                    continue;
                }
                out.push(match gone.under(&step) {
                    Some(below) => remove(e, below, items),
                    None => e.clone(),
                });
            }
            Value::List(out.into())
        }
    }
}
