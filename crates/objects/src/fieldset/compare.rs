//! Walks that make sets: all fields of an object, and what two objects differ in.

use super::{Form, Set, element_step, field_step, form, names_field};
use crate::schema::{Kind, Schema};
use crate::{Str, Value};

/// What the right object has more, less and otherwise than the left one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    pub removed: Set,
    pub modified: Set,
    pub added: Set,
}

impl Comparison {
    /// The fields that a writer of the right object has written.
    #[must_use]
    pub fn written(&self) -> Set {
        self.modified.union(&self.added)
    }

    /// Each of the three sets.
    pub fn each(&mut self, mut f: impl FnMut(&mut Set)) {
        f(&mut self.removed);
        f(&mut self.modified);
        f(&mut self.added);
    }
}

/// Compares two objects of one schema. Subtrees they share cost nothing.
#[must_use]
pub fn compare(left: &Value, right: &Value, schema: Schema<'_>) -> Comparison {
    let mut walk = Walk::default();
    walk.place(Some(left), Some(right), schema);
    walk.found
}

#[derive(Default)]
struct Walk {
    path: Vec<Str>,
    found: Comparison,
}

fn is_hollow(v: Option<&Value>) -> bool {
    v.is_none_or(|v| v.is_null() || v.entries().is_empty() && v.items().is_empty())
}

impl Walk {
    fn place(&mut self, left: Option<&Value>, right: Option<&Value>, schema: Schema<'_>) {
        if let (Some(l), Some(r)) = (left, right)
            && l.same(r)
        {
            return;
        }
        let Some(sample) = right.filter(|r| !r.is_null()).or(left).or(right) else { return };
        let form = form(schema, sample);
        if form == Form::Leaf || is_hollow(left) && is_hollow(right) {
            match (left, right) {
                (None, _) => self.found.added.insert(&self.path),
                (_, None) => self.found.removed.insert(&self.path),
                (Some(l), Some(r)) if l != r => self.found.modified.insert(&self.path),
                _ => {}
            }
            return;
        }
        if form == Form::Map {
            self.fields(left.unwrap_or(&Value::Null), right.unwrap_or(&Value::Null), schema);
        } else {
            self.elements(left.unwrap_or(&Value::Null), right.unwrap_or(&Value::Null), schema);
        }
        match (left, right) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            _ => {}
        }
    }

    fn step(&mut self, step: Str, left: Option<&Value>, right: Option<&Value>, schema: Schema<'_>) {
        self.path.push(step);
        self.place(left, right, schema);
        self.path.pop();
    }

    fn fields(&mut self, left: &Value, right: &Value, schema: Schema<'_>) {
        for (k, l) in left.entries() {
            let s = schema.field(k).unwrap_or(Schema::Unknown);
            self.step(field_step(k), Some(l), right.find(k), s);
        }
        for (k, r) in right.entries() {
            if left.find(k).is_none() {
                let s = schema.field(k).unwrap_or(Schema::Unknown);
                self.step(field_step(k), None, Some(r), s);
            }
        }
    }

    fn elements(&mut self, left: &Value, right: &Value, schema: Schema<'_>) {
        let items = schema.items().unwrap_or(Schema::Unknown);
        let (left, right) = (named(left, schema), named(right, schema));
        for (step, l) in &left {
            let r = right.iter().find(|(s, _)| s == step).map(|(_, r)| *r);
            self.step(step.clone(), Some(l), r, items);
        }
        for (step, r) in &right {
            if !left.iter().any(|(s, _)| s == step) {
                self.step(step.clone(), None, Some(r), items);
            }
        }
    }
}

/// The elements of an associative list under their steps, each once; those without a name are left out.
pub(super) fn named<'v>(list: &'v Value, schema: Schema<'_>) -> Vec<(Str, &'v Value)> {
    let mut out: Vec<(Str, &Value)> = Vec::with_capacity(list.items().len());
    for e in list.items() {
        if let Ok(step) = element_step(schema, e)
            && !out.iter().any(|(s, _)| *s == step)
        {
            out.push((step, e));
        }
    }
    out
}

/// All fields of a configuration.
#[must_use]
pub fn of_object(object: &Value, schema: Schema<'_>) -> Set {
    let mut set = Set::default();
    collect(object, schema, &mut Vec::new(), &mut set);
    set
}

fn collect(value: &Value, schema: Schema<'_>, path: &mut Vec<Str>, set: &mut Set) {
    match form(schema, value) {
        Form::Leaf => set.insert(path),
        Form::Map => {
            for (k, v) in value.entries() {
                path.push(field_step(k));
                collect(v, schema.field(k).unwrap_or(Schema::Unknown), path, set);
                let hollow = v.is_null() || v.as_map().is_some_and(|m| m.is_empty());
                if hollow || schema.kind() != Kind::Struct || names_field(schema, k).is_none() {
                    set.insert(path);
                }
                path.pop();
            }
        }
        Form::Associative => {
            let items = schema.items().unwrap_or(Schema::Unknown);
            for (step, e) in named(value, schema) {
                path.push(step);
                collect(e, items, path, set);
                set.insert(path);
                path.pop();
            }
        }
    }
}
