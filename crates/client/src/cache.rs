//! An informer's cache: the objects of one resource as last heard, in key order.
//!
//! Models `k8s.io/client-go/tools/cache` store and lister. Indexes beyond the key belong to whoever needs them:
//! a controller keeps its own from [`Change::previous`] and [`Change::object`], so that cost follows the change.

use std::collections::BTreeMap;

use objects::{Str, Value};

use crate::Change;

#[derive(Clone, Debug, Default)]
pub struct Cache {
    objects: BTreeMap<Str, Value>,
}

impl Cache {
    /// Takes a change in. Returns what stood there before, null if nothing did.
    pub fn apply(&mut self, change: &Change) -> Value {
        let old = if change.is_deleted() {
            self.objects.remove(&change.key())
        } else {
            self.objects.insert(change.key(), change.object.clone())
        };
        old.unwrap_or_default()
    }

    /// The object under `namespace/name` (or `name`), if heard of.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.objects.get(key)
    }

    /// All objects in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Value)> {
        self.objects.iter()
    }

    /// The objects of one namespace in name order.
    pub fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &Value> {
        let prefix = format!("{namespace}/");
        self.objects
            .range(Str::from(prefix.as_str())..)
            .take_while(move |(k, _)| k.starts_with(&prefix))
            .map(|(_, v)| v)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}
