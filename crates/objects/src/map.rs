//! A shared map of the tree: values under keys in ascending order.
//!
//! Owns: reading and changing maps. Does not own: lists of keys, which maps have in common (`keys`).

use std::fmt;
use std::iter::Zip;
use std::slice;
use std::sync::Arc;

use crate::key_index::Look;
use crate::keys::Keys;
use crate::{Str, Value};

/// A shared map. `None` is the empty one, so that empty maps cost nothing.
#[derive(Clone, Default)]
pub struct Map(Option<Arc<Node>>);

/// Invariant: as many values as keys.
#[derive(Clone, Default)]
struct Node {
    keys: Keys,
    values: Vec<Value>,
}

/// The entries of a map to read, in key order.
#[derive(Clone, Copy, Default)]
pub struct Entries<'a> {
    keys: &'a [Str],
    values: &'a [Value],
}

/// Walks over [`Entries`].
pub type Iter<'a> = Zip<slice::Iter<'a, Str>, slice::Iter<'a, Value>>;

impl<'a> Entries<'a> {
    pub fn iter(&self) -> Iter<'a> {
        self.keys.iter().zip(self.values)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The entry of this number.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<(&'a Str, &'a Value)> {
        Some((self.keys.get(at)?, self.values.get(at)?))
    }

    /// The first `n` entries, to build another map from.
    #[must_use]
    pub fn first(&self, n: usize) -> Vec<(Str, Value)> {
        let mut out = Vec::with_capacity(self.len());
        out.extend(self.iter().take(n).map(|(k, v)| (k.clone(), v.clone())));
        out
    }
}

impl<'a> IntoIterator for Entries<'a> {
    type Item = (&'a Str, &'a Value);
    type IntoIter = Iter<'a>;
    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a Str, &'a Value);
    type IntoIter = Iter<'a>;
    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl Node {
    fn of(entries: Vec<(Str, Value)>) -> Self {
        let keys = Keys::of(entries.iter().map(|(key, _)| key));
        // Not collected in place: that would keep the room of the keys.
        let mut values = Vec::with_capacity(entries.len());
        values.extend(entries.into_iter().map(|(_, value)| value));
        Self { keys, values }
    }

    #[cold]
    #[inline(never)]
    fn search(&self, key: &str) -> Option<&Value> {
        self.values.get(self.keys.position(key)?)
    }
}

impl Map {
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.look(key)
    }

    /// [`Self::get`], in the place where it is asked.
    #[inline(always)]
    pub(crate) fn look(&self, key: &str) -> Option<&Value> {
        let Some(node) = &self.0 else { return None };
        match node.keys.look(key) {
            Look::At(at) => node.values.get(at),
            Look::Absent => None,
            Look::Unclear(_) => node.search(key),
        }
    }

    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    #[must_use]
    pub fn entries(&self) -> Entries<'_> {
        self.0.as_ref().map_or(Entries::default(), |n| Entries { keys: n.keys.as_slice(), values: &n.values })
    }

    pub fn iter(&self) -> Iter<'_> {
        self.entries().iter()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let i = self.position(key)?;
        let node = self.0.as_mut()?;
        Some(&mut Arc::make_mut(node).values[i])
    }

    /// The place under `key`, null if it was absent.
    pub fn entry(&mut self, key: &str) -> &mut Value {
        match self.position(key) {
            Some(i) => &mut Arc::make_mut(self.0.get_or_insert_default()).values[i],
            None => self.insert_new(key.into(), Value::Null),
        }
    }

    /// Sets `key` and returns what stood there.
    pub fn insert(&mut self, key: impl Into<Str>, value: impl Into<Value>) -> Option<Value> {
        self.insert_entry(key.into(), value.into())
    }

    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let i = self.position(key)?;
        let node = self.0.as_mut()?;
        if node.values.len() == 1 {
            return self.0.take().map(|node| node.values[0].clone());
        }
        let node = Arc::make_mut(node);
        node.keys.remove(i);
        Some(node.values.remove(i))
    }

    /// Keeps the entries for which `keep` is true.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Value) -> bool) {
        let Some(node) = &mut self.0 else { return };
        let node = Arc::make_mut(node);
        let mut kept = Vec::with_capacity(node.values.len());
        let keys = node.keys.clone();
        let mut keys = keys.as_slice().iter();
        node.values.retain_mut(|value| {
            let Some(key) = keys.next() else { return false };
            let keeps = keep(key, value);
            if keeps {
                kept.push(key.clone());
            }
            keeps
        });
        if kept.is_empty() {
            self.0 = None;
        } else if kept.len() < node.keys.as_slice().len() {
            node.keys = Keys::of(kept.iter());
        }
    }

    /// The values to change in place, in key order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Value)> {
        self.0.iter_mut().flat_map(|node| {
            let Node { keys, values } = Arc::make_mut(node);
            keys.as_slice().iter().map(Str::as_str).zip(values)
        })
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries().keys.iter().map(Str::as_str)
    }

    /// True when both are known to have the same keys: then their values stand in the same places.
    #[must_use]
    pub fn has_keys_of(&self, other: &Self) -> bool {
        matches!((&self.0, &other.0), (Some(a), Some(b)) if a.keys.same(&b.keys))
    }

    /// Where it stands in memory, while it is not empty.
    pub(crate) fn address(&self) -> Option<usize> {
        self.0.as_ref().map(|node| Arc::as_ptr(node) as usize)
    }

    /// The map that a literal writes: these values under these keys, in any order.
    ///
    /// Never inlined and not generic: every literal object of the engine is built by this one function.
    #[inline(never)]
    #[must_use]
    pub fn literal(keys: &[&'static str], mut values: Vec<Value>) -> Self {
        if values.is_empty() {
            return Self(None);
        }
        match Keys::of_literal(keys, &mut values) {
            Some(keys) => Self(Some(Arc::new(Node { keys, values }))),
            None => Self::from_entries(keys.iter().map(|key| Str::new_static(key)).zip(values).collect()),
        }
    }

    /// A map of these entries in any order; of a key that comes twice the last value stays.
    #[inline(never)]
    #[must_use]
    pub fn from_entries(entries: Vec<(Str, Value)>) -> Self {
        if entries.is_sorted_by(|a, b| a.0 < b.0) {
            return Self((!entries.is_empty()).then(|| Arc::new(Node::of(entries))));
        }
        let mut entries = entries;
        let mut sorted = 1;
        while sorted < entries.len() {
            let (before, rest) = entries.split_at(sorted);
            let key = &rest[0].0;
            match before.binary_search_by(|(k, _)| k.cmp(key)) {
                Ok(i) => {
                    let later = entries.remove(sorted);
                    entries[i] = later;
                }
                Err(i) => {
                    entries[i..=sorted].rotate_right(1);
                    sorted += 1;
                }
            }
        }
        Self(Some(Arc::new(Node::of(entries))))
    }

    #[inline(never)]
    fn insert_entry(&mut self, key: Str, value: Value) -> Option<Value> {
        match self.position(&key) {
            Some(i) => {
                let node = Arc::make_mut(self.0.get_or_insert_default());
                Some(std::mem::replace(&mut node.values[i], value))
            }
            None => {
                self.insert_new(key, value);
                None
            }
        }
    }

    #[inline(never)]
    fn position(&self, key: &str) -> Option<usize> {
        self.0.as_ref()?.keys.position(key)
    }

    /// Puts an entry in its place, whose key is not there yet. Room is made for little more than it: a hundred thousand
    /// objects are mostly maps that do not grow any more.
    #[inline(never)]
    fn insert_new(&mut self, key: Str, value: Value) -> &mut Value {
        let shared = self.0.get_or_insert_default();
        if Arc::get_mut(shared).is_none() {
            let mut values = Vec::with_capacity(shared.values.len() + 1);
            values.extend_from_slice(&shared.values);
            *shared = Arc::new(Node { keys: shared.keys.clone(), values });
        }
        let Node { keys, values } = Arc::make_mut(shared);
        if values.len() == values.capacity() {
            values.reserve_exact(2 + values.len() / 8);
        }
        let i = keys.insert(key);
        values.insert(i, value);
        &mut values[i]
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a.keys == b.keys && a.values == b.values,
            _ => false,
        }
    }
}

impl<K: Into<Str>, V: Into<Value>> FromIterator<(K, V)> for Map {
    /// Of a key that comes twice the last value stays.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        Self::from_entries(iter.into_iter().map(|(k, x)| (k.into(), x.into())).collect())
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Op {
        Insert(String, i64),
        Entry(String, i64),
        Remove(String),
        Retain(usize),
    }

    /// Few letters and long runs of one: keys that are hard to tell apart, about the lengths that are told apart
    /// differently.
    fn key() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ab]{0,4}",
            "a{6,9}b?a{0,1}",
            "a{14,18}[ab]?",
            "(aaaaaaaa)[ab]{1,9}(aaaaaaaa)",
            "[a-z]{1,20}"
        ]
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            6 => (key(), any::<i64>()).prop_map(|(key, value)| Op::Insert(key, value)),
            2 => (key(), any::<i64>()).prop_map(|(key, value)| Op::Entry(key, value)),
            3 => key().prop_map(Op::Remove),
            1 => (3usize..9).prop_map(Op::Retain),
        ]
    }

    proptest! {
        #[test]
        fn behaves_as_the_standard_map(ops in prop::collection::vec(op(), 0..120), asked in prop::collection::vec(key(), 20)) {
            let (mut ours, mut std) = (Map::default(), BTreeMap::new());
            for op in ops {
                match op {
                    Op::Insert(key, value) => {
                        let was = ours.insert(key.as_str(), value).map(|value| value.int());
                        prop_assert_eq!(was, std.insert(key, value));
                    }
                    Op::Entry(key, value) => {
                        *ours.entry(&key) = value.into();
                        std.insert(key, value);
                    }
                    Op::Remove(key) => {
                        prop_assert_eq!(ours.remove(&key).map(|value| value.int()), std.remove(&key));
                    }
                    Op::Retain(n) => {
                        ours.retain(|key, _| !key.len().is_multiple_of(n));
                        std.retain(|key, _| !key.len().is_multiple_of(n));
                    }
                }
                prop_assert_eq!(ours.len(), std.len());
            }
            prop_assert!(ours.iter().map(|(key, value)| (key.as_str(), value.int()))
                .eq(std.iter().map(|(key, value)| (key.as_str(), *value))));
            for key in std.keys().chain(&asked) {
                let value = std.get(key).copied();
                prop_assert_eq!(ours.get(key).map(Value::int), value);
                prop_assert_eq!(ours.get_mut(key).map(|value| value.int()), value);
                prop_assert_eq!(Value::Map(ours.clone())[key.as_str()].as_int(), value);
            }
            let same: Map = std.iter().map(|(key, value)| (key.as_str(), *value)).collect();
            prop_assert_eq!(&same, &ours);
        }
    }
}
