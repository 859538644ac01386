//! The informer caches all controllers of the manager share, with the indexes several of them need.
//!
//! Owns: one cache per watched resource; objects by their controller, orphans by namespace.
//! Does not own: pods (pod_cache); what only one controller counts (its own file).
//! Models upstream's SharedInformerFactory and its indexers.

use ordered::{BTreeMap, BTreeSet};

use client::{Cache, Change};
use objects::resources::{
    CONTROLLERREVISIONS, ENDPOINTSLICES, JOBS, PERSISTENTVOLUMECLAIMS, PODS, REPLICASETS, Resource,
};
use objects::{Str, Value};
use rustc_hash::FxHashMap;

use crate::pod_cache::PodCache;
use crate::pod_facts::PodFacts;
use crate::selector::Selector;

type Keys = BTreeSet<Str>;

/// One resource's objects with their owners.
#[derive(Clone, Debug, Default)]
pub struct Store {
    cache: Cache,
    /// Whether owners are indexed.
    owned: bool,
    by_controller: BTreeMap<Str, Keys>,
    orphans: BTreeMap<Str, Keys>,
}

impl Store {
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.cache.get(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Value)> {
        self.cache.iter()
    }

    pub fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &Value> {
        self.cache.in_namespace(namespace)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cache.is_empty()
    }

    /// The objects whose controller has this uid, in key order.
    pub fn controlled_by(&self, uid: &str) -> impl Iterator<Item = &Value> {
        self.by_controller.get(uid).into_iter().flatten().filter_map(|k| self.cache.get(k))
    }

    #[must_use]
    pub fn count_controlled_by(&self, uid: &str) -> usize {
        self.by_controller.get(uid).map_or(0, BTreeSet::len)
    }

    /// The objects of a namespace without a controller, in key order.
    pub fn orphans(&self, namespace: &str) -> impl Iterator<Item = &Value> {
        self.orphans.get(namespace).into_iter().flatten().filter_map(|k| self.cache.get(k))
    }

    /// The object `name` in `namespace` if it is the one with `uid`: what a controller reference resolves to.
    #[must_use]
    pub fn resolve(&self, namespace: &str, name: &str, uid: &str) -> Option<&Value> {
        self.cache.get(&key_of(namespace, name)).filter(|o| o.uid() == uid)
    }

    fn apply(&mut self, change: &Change) {
        let old = self.cache.apply(change);
        let new = if change.is_deleted() { &Value::Null } else { &change.object };
        let owners = |o: &Value| o.meta()["ownerReferences"].clone();
        let (was, is) = (!old.is_null(), !new.is_null());
        if !self.owned || (was == is && owners(&old).same(&owners(new))) {
            return;
        }
        let (before, after) = (old.controller_ref()["uid"].to_str(), new.controller_ref()["uid"].to_str());
        if before != after || was != is {
            if was {
                take(&mut self.by_controller, &mut self.orphans, &before, &change.namespace, &change.key);
            }
            if is {
                let set = match after.is_empty() {
                    true => self.orphans.entry(change.namespace.clone()).or_default(),
                    false => self.by_controller.entry(after).or_default(),
                };
                set.insert(change.key());
            }
        }
    }
}

fn take(
    by_controller: &mut BTreeMap<Str, Keys>,
    orphans: &mut BTreeMap<Str, Keys>,
    uid: &Str,
    ns: &Str,
    key: &Str,
) {
    let (map, name) = if uid.is_empty() { (orphans, ns) } else { (by_controller, uid) };
    remove_from(map, name, key);
}

fn remove_from<K: Ord>(map: &mut BTreeMap<K, Keys>, at: &K, key: &Str) {
    if let Some(set) = map.get_mut(at) {
        set.remove(key);
        if set.is_empty() {
            map.remove(at);
        }
    }
}

/// `namespace/name`, or `name` without a namespace.
#[must_use]
pub fn key_of(namespace: &str, name: &str) -> Str {
    if namespace.is_empty() { name.into() } else { [namespace, "/", name].concat().into() }
}

/// True when nothing but the version of these metadata differs: what is shared is not looked into.
#[must_use]
pub(crate) fn same_but_version(old: &Value, new: &Value) -> bool {
    let (Value::Map(old), Value::Map(new)) = (old, new) else { return false };
    old.has_keys_of(new)
        && old.iter().zip(new).all(|((key, was), (_, is))| was == is || key == "resourceVersion")
}

#[derive(Clone, Debug, Default)]
pub struct Caches {
    stores: FxHashMap<Str, Store>,
    pods: PodCache,
    nothing: Store,
}

impl Caches {
    /// Caches for these resources; changes of others are not kept.
    #[must_use]
    pub fn of(resources: &[&'static Resource]) -> Self {
        let owned = [REPLICASETS, CONTROLLERREVISIONS, JOBS, PERSISTENTVOLUMECLAIMS, ENDPOINTSLICES];
        let mut caches = Self::default();
        for r in resources.iter().filter(|r| **r != PODS) {
            let store = Store { owned: owned.contains(r), ..Store::default() };
            caches.stores.insert(r.id.clone(), store);
        }
        caches
    }

    /// Takes a change of anything but a pod into its cache. Nothing happens for a resource that is not cached.
    pub fn apply(&mut self, change: &Change) {
        if let Some(store) = self.stores.get_mut(&change.resource) {
            store.apply(change);
        }
    }

    /// Takes a pod's change in and says what it is about.
    pub fn apply_pod<'a>(&mut self, change: &'a Change) -> PodFacts<'a> {
        self.pods.apply(change)
    }

    /// The objects of `resource`, which is not that of pods; an empty store for one no controller watches.
    #[must_use]
    pub fn of_resource(&self, resource: &Resource) -> &Store {
        self.stores.get(&resource.id).unwrap_or(&self.nothing)
    }

    #[must_use]
    pub fn pods(&self) -> &PodCache {
        &self.pods
    }

    /// The pods bound to a node, in key order.
    pub fn pods_on(&self, node: &str) -> impl Iterator<Item = &Value> {
        self.pods.on_node(node)
    }

    /// The pods of a namespace that `selector` matches, in key order. Looks only at pods that carry one of its
    /// labels, if it asks for one.
    #[must_use]
    pub fn pods_matching(&self, namespace: &str, selector: &Selector) -> Vec<&Value> {
        self.pods.matching(namespace, selector)
    }
}
