//! An informer's cache: the objects of one resource as last heard, in key order.
//!
//! Most of what is heard is of objects that are known: they are found by hash, and only one that comes or goes has its
//! place in the order looked for.
//!
//! Models `k8s.io/client-go/tools/cache` store and lister. Indexes beyond the key belong to whoever needs them:
//! a controller keeps its own from [`Change::previous`] and [`Change::object`], so that cost follows the change.

use objects::{Str, Value};
use ordered::BTreeSet;
use rustc_hash::FxHashMap;

use crate::Change;

/// Invariant: `keys` are those of `objects`.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    /// Looked up, never walked.
    objects: FxHashMap<Str, Value>,
    keys: BTreeSet<Str>,
}

impl Cache {
    /// Takes a change in. Returns what stood there before, null if nothing did.
    pub fn apply(&mut self, change: &Change) -> Value {
        let key = &change.key;
        if change.is_deleted() {
            self.keys.remove(key);
            return self.objects.remove(key).unwrap_or_default();
        }
        match self.objects.get_mut(key) {
            Some(object) => std::mem::replace(object, change.object.clone()),
            None => {
                self.objects.insert(key.clone(), change.object.clone());
                self.keys.insert(key.clone());
                Value::Null
            }
        }
    }

    /// The object under `namespace/name` (or `name`), if heard of.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.objects.get(key)
    }

    /// All objects in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Value)> {
        self.found(self.keys.iter())
    }

    /// The objects of one namespace in name order.
    pub fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &Value> {
        let prefix = format!("{namespace}/");
        let from = self.keys.range(Str::from(prefix.as_str())..);
        self.found(from.take_while(move |k| k.starts_with(&prefix))).map(|(_, v)| v)
    }

    fn found<'a>(
        &'a self,
        keys: impl Iterator<Item = &'a Str>,
    ) -> impl Iterator<Item = (&'a Str, &'a Value)> {
        keys.filter_map(|k| Some((k, self.objects.get(k)?)))
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
