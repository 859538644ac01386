//! Sets of fields: what `metadata.managedFields` holds of an object, and what differs between two objects.
//!
//! Owns: [`Set`] and its `FieldsV1` form, the walks that make sets of objects (`compare`), merge a configuration into an
//! object and take fields out of it (`merge`), and the check of a configuration against its schema (`check`).
//! Does not own: who manages which set (apiserver).
//!
//! Models `sigs.k8s.io/structured-merge-diff` v6. Not modelled: lists of type map or set that hold the same element
//! twice (the first stands for all).

mod check;
mod compare;
mod merge;
#[cfg(test)]
mod tests;

pub use check::check;
pub use compare::{Comparison, compare, of_object};
pub use merge::{merge, remove};

use crate::schema::{Kind, ListType, Schema};
use crate::{Map, Str, Value, json};

/// A set of paths, as a trie. A step is written as `FieldsV1` writes it: `f:name`, `k:{"name":"web"}`, `v:"x"`.
///
/// Invariant: steps are sorted; none is without members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Set(Vec<(Str, Node)>);

#[derive(Clone, Debug, Default, PartialEq)]
struct Node {
    member: bool,
    below: Set,
}

impl Node {
    fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }
}

impl Set {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, step: &str) -> Option<&Node> {
        self.0.binary_search_by(|(s, _)| s.as_str().cmp(step)).ok().map(|i| &self.0[i].1)
    }

    fn node(&mut self, step: &Str) -> &mut Node {
        let i = match self.0.binary_search_by(|(s, _)| s.cmp(step)) {
            Ok(i) => i,
            Err(i) => {
                self.0.insert(i, (step.clone(), Node::default()));
                i
            }
        };
        &mut self.0[i].1
    }

    pub fn insert(&mut self, path: &[Str]) {
        match path {
            [] => {}
            [last] => self.node(last).member = true,
            [first, rest @ ..] => self.node(first).below.insert(rest),
        }
    }

    /// True when this very step is a member.
    #[must_use]
    pub fn has(&self, step: &str) -> bool {
        self.find(step).is_some_and(|n| n.member)
    }

    /// True when the path of these steps is a member.
    #[must_use]
    pub fn has_path(&self, path: &[&str]) -> bool {
        match path {
            [] => false,
            [last] => self.has(last),
            [first, rest @ ..] => self.find(first).is_some_and(|n| n.below.has_path(rest)),
        }
    }

    /// The members below a step.
    #[must_use]
    pub fn under(&self, step: &str) -> Option<&Set> {
        self.find(step).map(|n| &n.below).filter(|s| !s.is_empty())
    }

    /// Takes a step away with all below it.
    pub fn cut(&mut self, path: &[&str]) {
        let [first, rest @ ..] = path else { return };
        let Ok(i) = self.0.binary_search_by(|(s, _)| s.as_str().cmp(first)) else { return };
        if !rest.is_empty() {
            self.0[i].1.below.cut(rest);
            if !self.0[i].1.is_empty() {
                return;
            }
        }
        self.0.remove(i);
    }

    /// Takes this very path away, not what is below it.
    pub fn take(&mut self, path: &[&str]) {
        let [first, rest @ ..] = path else { return };
        let Ok(i) = self.0.binary_search_by(|(s, _)| s.as_str().cmp(first)) else { return };
        let node = &mut self.0[i].1;
        if rest.is_empty() {
            node.member = false;
        } else {
            node.below.take(rest);
        }
        if node.is_empty() {
            self.0.remove(i);
        }
    }

    /// Keeps the top-level steps for which `keep` is true.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|(s, _)| keep(s));
    }

    /// What `how` makes of membership here and there, at every path of either set.
    fn combine(&self, other: &Set, how: fn(bool, bool) -> bool) -> Set {
        let mut out = Vec::with_capacity(self.0.len().max(other.0.len()));
        let (mut a, mut b) = (self.0.as_slice(), other.0.as_slice());
        let none = Node::default();
        loop {
            let (step, l, r) = match (a.first(), b.first()) {
                (None, None) => return Set(out),
                (Some((s, l)), Some((t, r))) if s == t => {
                    (a, b) = (&a[1..], &b[1..]);
                    (s, l, r)
                }
                (Some((s, l)), Some((t, _))) if s < t => {
                    a = &a[1..];
                    (s, l, &none)
                }
                (Some((s, l)), None) => {
                    a = &a[1..];
                    (s, l, &none)
                }
                (_, Some((t, r))) => {
                    b = &b[1..];
                    (t, &none, r)
                }
            };
            let node = Node { member: how(l.member, r.member), below: l.below.combine(&r.below, how) };
            if !node.is_empty() {
                out.push((step.clone(), node));
            }
        }
    }

    #[must_use]
    pub fn union(&self, other: &Set) -> Set {
        self.combine(other, |a, b| a || b)
    }

    #[must_use]
    pub fn intersection(&self, other: &Set) -> Set {
        self.combine(other, |a, b| a && b)
    }

    #[must_use]
    pub fn difference(&self, other: &Set) -> Set {
        self.combine(other, |a, b| a && !b)
    }

    /// The set with every struct field on the way to a member as a member too.
    #[must_use]
    pub fn with_named_fields(&self, schema: Schema<'_>) -> Set {
        let nodes = self.0.iter().map(|(step, n)| {
            let named = !n.below.is_empty()
                && step.strip_prefix("f:").is_some_and(|f| names_field(schema, f).is_some());
            let below = match below(schema, step) {
                Some(s) => n.below.with_named_fields(s),
                None => n.below.clone(),
            };
            (step.clone(), Node { member: n.member || named, below })
        });
        Set(nodes.collect())
    }

    /// Every member's path as messages show it, in upstream's order: members of a level before what is below it.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let mut out = Vec::new();
        self.collect("", &mut out);
        out
    }

    fn collect(&self, prefix: &str, out: &mut Vec<String>) {
        out.extend(self.0.iter().filter(|(_, n)| n.member).map(|(s, _)| format!("{prefix}{}", shown(s))));
        for (s, n) in &self.0 {
            if !n.below.is_empty() {
                n.below.collect(&format!("{prefix}{}", shown(s)), out);
            }
        }
    }

    /// As `fieldsV1` holds it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let entries = self.0.iter().map(|(step, n)| {
            let mut below = n.below.to_value();
            if n.member && !n.below.is_empty() {
                below.set(".", Value::map());
            }
            (step.clone(), below)
        });
        Value::Map(entries.collect::<Map>())
    }

    /// Reads `fieldsV1`; `None` when it holds what is no step.
    #[must_use]
    pub fn from_value(fields: &Value) -> Option<Set> {
        let mut out = Vec::new();
        for (step, below) in fields.as_map()?.iter() {
            if step == "." {
                continue;
            }
            let known = match step.split_once(':')? {
                ("f", _) => true,
                ("i", n) => n.parse::<i64>().is_ok(),
                ("k", key) => json::parse(key).is_ok_and(|v| v.as_map().is_some()),
                ("v", value) => json::parse(value).is_ok(),
                _ => false,
            };
            if !known {
                return None;
            }
            let member = below.entries().is_empty() || below.find(".").is_some();
            let node = Node { member, below: Set::from_value(below)? };
            if !node.is_empty() {
                out.push((step.clone(), node));
            }
        }
        Some(Set(out))
    }
}

/// A step as messages show it: `.name`, `[name="web"]`, `[="x"]`.
fn shown(step: &str) -> String {
    let text = |v: &Value| match v {
        Value::Str(s) => json::go_quote(s),
        other => json::to_string(other),
    };
    let parsed = |t: &str| json::parse(t).unwrap_or_default();
    match step.split_once(':') {
        Some(("k", key)) => {
            let fields: Vec<String> =
                parsed(key).entries().iter().map(|(k, v)| format!("{k}={}", text(v))).collect();
            format!("[{}]", fields.join(","))
        }
        Some(("v", value)) => format!("[={}]", text(&parsed(value))),
        Some(("i", index)) => format!("[{index}]"),
        Some((_, name)) => format!(".{name}"),
        None => format!(".{step}"),
    }
}

fn field_step(name: &str) -> Str {
    smol_str::format_smolstr!("f:{name}")
}

/// How a place is walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One value: a scalar, or what is atomic.
    Leaf,
    Map,
    /// A list whose elements have names of their own.
    Associative,
}

fn form(schema: Schema<'_>, value: &Value) -> Form {
    match schema.kind() {
        Kind::Struct | Kind::Map if schema.is_atomic_map() => Form::Leaf,
        Kind::Struct | Kind::Map => Form::Map,
        Kind::List if schema.list_type() == ListType::Atomic => Form::Leaf,
        Kind::List => Form::Associative,
        Kind::Any if is_untyped(schema) && value.as_map().is_some() => Form::Map,
        Kind::Any | Kind::Scalar => Form::Leaf,
    }
}

/// True where a custom kind says nothing: its maps are walked all the same.
fn is_untyped(schema: Schema<'_>) -> bool {
    matches!(schema, Schema::Unknown | Schema::Dynamic(_))
}

/// The schema of a struct's field, when it declares one of this name.
fn names_field<'a>(schema: Schema<'a>, name: &str) -> Option<Schema<'a>> {
    match schema {
        Schema::Object(v) if !matches!(name, "metadata" | "apiVersion" | "kind") => {
            v["properties"].find(name).and_then(|_| schema.field(name))
        }
        Schema::Dynamic(v) => v["properties"].find(name).and_then(|_| schema.field(name)),
        _ if schema.kind() == Kind::Struct => schema.field(name),
        _ => None,
    }
}

/// The schema below a step.
fn below<'a>(schema: Schema<'a>, step: &str) -> Option<Schema<'a>> {
    match step.strip_prefix("f:") {
        Some(name) => schema.field(name),
        None => schema.items(),
    }
}

/// The step that names an element of a list of type set or map.
fn element_step(schema: Schema<'_>, element: &Value) -> Result<Str, String> {
    if schema.list_type() == ListType::Set {
        return match element {
            Value::Map(_) => Err("associative list without keys has an element that's a map type".into()),
            Value::List(_) => Err("not supported: associative list with lists as elements".into()),
            Value::Null => Err("associative list without keys has an element that's an explicit null".into()),
            scalar => Ok(format!("v:{}", json::to_string(scalar)).into()),
        };
    }
    match element {
        Value::Null => return Err("associative list with keys may not have a null element".into()),
        Value::Map(_) => {}
        _ => return Err("associative list with keys may not have non-map elements".into()),
    }
    let keys = schema.list_map_keys();
    let items = schema.items();
    let default = |key: &str| items.and_then(|i| i.field(key)).and_then(Schema::default);
    let named: Map = keys
        .iter()
        .filter_map(|k| element.find(k).cloned().or_else(|| default(k)).map(|v| (*k, v)))
        .collect();
    if named.is_empty() {
        let keys: Vec<String> = keys.iter().map(|k| json::go_quote(k)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
            keys.join(" ")
        ));
    }
    Ok(format!("k:{}", json::to_string(&Value::Map(named))).into())
}
