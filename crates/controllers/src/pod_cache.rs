//! The informer cache of pods: each with its state, and found by node and by what it has in common with others.
//!
//! Owns: what a pod's change is about ([`PodFacts`]), told from the version before: what is one with it, as most of it
//! is, is not read again. Does not own: reading the state (pod_state), who is like whom (pod_kin).

use std::sync::Arc;

use client::Change;
use objects::{Str, Value};
use ordered::BTreeSet;
use rustc_hash::FxHashMap;

use crate::caches::same_but_version;
use crate::pod_facts::PodFacts;
use crate::pod_kin::{KinId, Kins, Owner};
use crate::pod_state::PodState;
use crate::selector::Selector;

#[derive(Clone, Debug)]
struct Known {
    pod: Value,
    state: PodState,
    kin: KinId,
}

/// Invariant: `kins` and `by_node` hold the keys of `pods`.
#[derive(Clone, Debug, Default)]
pub struct PodCache {
    /// Looked up, never walked.
    pods: FxHashMap<Str, Known>,
    kins: Kins,
    by_node: ByNode,
}

/// The keys of the pods that are bound to each node. Looked up, never walked.
#[derive(Clone, Debug, Default)]
struct ByNode(FxHashMap<Str, BTreeSet<Str>>);

fn node(pod: &Value) -> &Value {
    &pod["spec"]["nodeName"]
}

fn owners(pod: &Value) -> &Value {
    pod.meta().get("ownerReferences")
}

/// What a change is about whose pod was not known as it was before.
fn unlike_before(change: &Change, owner: Arc<Owner>, is: PodState) -> PodFacts<'_> {
    let (old, new) = (&change.previous, &change.object);
    PodFacts {
        name: &change.name,
        owner,
        changes_hands: !old.is_null() && owners(old) != owners(new),
        same_metadata: false,
        moves: node(old) != node(new),
        is_gone: false,
        was: None,
        is,
    }
}

impl PodCache {
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.pods.get(key).map(|known| &known.pod)
    }

    /// The pods whose controller has this uid, in key order.
    pub fn controlled_by(&self, uid: &str) -> impl Iterator<Item = &Value> {
        self.found(self.kins.controlled_by(uid))
    }

    #[must_use]
    pub fn count_controlled_by(&self, uid: &str) -> usize {
        self.kins.count_controlled_by(uid)
    }

    /// The pods bound to a node, in key order.
    pub fn on_node(&self, node: &str) -> impl Iterator<Item = &Value> {
        self.by_node.0.get(node).into_iter().flatten().filter_map(|k| self.get(k))
    }

    /// The pods of a namespace that `selector` matches, in key order.
    #[must_use]
    pub fn matching(&self, namespace: &str, selector: &Selector) -> Vec<&Value> {
        self.found(self.kins.matching(namespace, selector)).collect()
    }

    fn found<'a>(&'a self, keys: Vec<&'a Str>) -> impl Iterator<Item = &'a Value> {
        keys.into_iter().filter_map(|k| self.get(k))
    }

    /// Takes a change in and says what it is about.
    pub(crate) fn apply<'a>(&mut self, change: &'a Change) -> PodFacts<'a> {
        if change.is_deleted() {
            return self.delete(change);
        }
        // Its previous version is the one that was heard of last, but for what is listed anew.
        if let Some(known) = self.pods.get_mut(&change.key)
            && known.pod.same(&change.previous)
        {
            return known.follow(change, &mut self.kins, &mut self.by_node);
        }
        self.forget(&change.key);
        self.add(change)
    }

    fn delete<'a>(&mut self, change: &'a Change) -> PodFacts<'a> {
        self.forget(&change.key);
        let (owner, state) = (Owner::of(&change.object), PodState::of(&change.object));
        PodFacts { is_gone: true, ..unlike_before(change, owner.into(), state) }
    }

    fn forget(&mut self, key: &Str) {
        if let Some(known) = self.pods.remove(key) {
            self.kins.remove(known.kin, key);
            self.by_node.leave(node(&known.pod), key);
        }
    }

    fn add<'a>(&mut self, change: &'a Change) -> PodFacts<'a> {
        let pod = &change.object;
        let (key, state) = (change.key.clone(), PodState::of(pod));
        let kin = self.kins.insert(key.clone(), &change.namespace, pod);
        self.by_node.enter(node(pod), &key);
        self.pods.insert(key, Known { pod: pod.clone(), state, kin });
        unlike_before(change, self.kins.owner(kin), state)
    }
}

impl Known {
    /// Goes on from `change.previous`, which it is, to `change.object`.
    fn follow<'a>(&mut self, change: &'a Change, kins: &mut Kins, by_node: &mut ByNode) -> PodFacts<'a> {
        let (key, old, new) = (&change.key, &change.previous, &change.object);
        let (same_metadata, same_spec) = what_stays(old, new);
        let was = self.state;
        self.pod = new.clone();
        self.state = if same_metadata && same_spec { was.with_status_of(new) } else { PodState::of(new) };
        if !same_metadata {
            let before = self.kin;
            self.kin = kins.insert(key.clone(), &change.namespace, new);
            if self.kin != before {
                kins.remove(before, key);
            }
        }
        let moves = !same_spec && node(old) != node(new);
        if moves {
            by_node.leave(node(old), key);
            by_node.enter(node(new), key);
        }
        PodFacts {
            name: &change.name,
            owner: kins.owner(self.kin),
            changes_hands: !same_metadata && owners(old) != owners(new),
            same_metadata,
            moves,
            is_gone: false,
            was: Some(was),
            is: self.state,
        }
    }
}

/// Whether the metadata of a pod (but for the version) and its spec are those of before.
fn what_stays(old: &Value, new: &Value) -> (bool, bool) {
    let (mut same_metadata, mut same_spec) = (false, false);
    if let (Value::Map(old), Value::Map(new)) = (old, new)
        && old.has_keys_of(new)
    {
        for ((field, was), (_, is)) in old.iter().zip(new) {
            match field.as_str() {
                "metadata" => same_metadata = same_but_version(was, is),
                "spec" => same_spec = was.same(is),
                _ => {}
            }
        }
    }
    (same_metadata, same_spec)
}

impl ByNode {
    fn enter(&mut self, node: &Value, key: &Str) {
        if !node.is_null() {
            self.0.entry(node.to_str()).or_default().insert(key.clone());
        }
    }

    fn leave(&mut self, node: &Value, key: &Str) {
        if let Some(keys) = self.0.get_mut(node.text()) {
            keys.remove(key);
            if keys.is_empty() {
                self.0.remove(node.text());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use client::ChangeKind;
    use objects::value;

    use super::*;
    use crate::selector;

    fn change(previous: &Value, object: &Value) -> Change {
        let kind = if previous.is_null() { ChangeKind::Added } else { ChangeKind::Modified };
        Change { kind, previous: previous.clone(), ..Change::added("pods", object.clone()) }
    }

    fn owned(kind: &str) -> Value {
        let mut pod = value!({
            "metadata": {"name": "p", "namespace": "n", "labels": {"app": "web"}, "resourceVersion": "1"},
            "spec": {"containers": []}, "status": {"phase": "Pending"},
        });
        if !kind.is_empty() {
            let owners = value!([{"kind": (kind), "name": "o", "uid": (kind), "controller": true}]);
            pod.set_at(&["metadata", "ownerReferences"], owners);
        }
        pod
    }

    #[test]
    fn a_pod_concerns_its_owner_its_former_owner_and_orphans_concern_all() {
        let table = [
            (None, "Job", [false, true]),
            (Some("Job"), "Job", [false, true]),
            (Some(""), "", [true, true]),
            (Some("ReplicaSet"), "Job", [true, true]),
            (Some("ReplicaSet"), "", [true, true]),
        ];
        for (previous, kind, concerned) in table {
            let (previous, object) = (previous.map_or(Value::Null, owned), owned(kind));
            for heard in [true, false] {
                let mut cache = PodCache::default();
                if heard && !previous.is_null() {
                    cache.apply(&change(&Value::Null, &previous));
                }
                let change = change(&previous, &object);
                let facts = cache.apply(&change);
                assert_eq!(["ReplicaSet", "Job"].map(|kind| facts.may_be_of(kind)), concerned, "{change:?}");
                assert_eq!(facts.was.is_some(), heard && !previous.is_null(), "{change:?}");
            }
        }
    }

    /// Each step of a pod's life, as it was told and as a cache that hears of it for the first time tells it.
    #[test]
    fn a_life_is_told_as_it_is() {
        let mut cache = PodCache::default();
        let mut last = Value::Null;
        let mut step = |path: &[&str], value: Value| {
            let mut next = if last.is_null() { owned("ReplicaSet") } else { last.clone() };
            if !path.is_empty() {
                next.set_at(path, value);
                next.set_at(&["metadata", "resourceVersion"], format!("{}", next.revision() + 1));
            }
            let change = change(&last, &next);
            let facts = cache.apply(&change);
            assert_eq!(*facts.owner, Owner::of(&next));
            assert_eq!(facts.is, PodState::of(&next));
            assert_eq!(cache.get("n/p"), Some(&next));
            last = next.clone();
            let told = (facts.same_metadata, facts.moves, facts.changes_hands, facts.counts_as_before());
            let app = selector::of(&value!({"matchLabels": {"app": "web"}})).expect("well formed");
            let found = cache.matching("n", &app).len();
            (told, cache.controlled_by("ReplicaSet").count(), cache.on_node("w").count(), found)
        };
        let ready =
            value!([{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]);
        assert_eq!(step(&[], Value::Null), ((false, false, false, false), 1, 0, 1));
        assert_eq!(step(&["spec", "nodeName"], "w".into()), ((true, true, false, true), 1, 1, 1));
        assert_eq!(step(&["status", "phase"], "Running".into()), ((true, false, false, true), 1, 1, 1));
        assert_eq!(step(&["status", "conditions"], ready), ((true, false, false, false), 1, 1, 1));
        assert_eq!(step(&["status", "phase"], "Failed".into()), ((true, false, false, false), 1, 1, 1));
        let labels = ["metadata", "labels", "app"];
        assert_eq!(step(&labels, "other".into()), ((false, false, false, false), 1, 1, 0));
        let owners = ["metadata", "ownerReferences"];
        assert_eq!(step(&owners, value!([])), ((false, false, true, false), 0, 1, 0));
        let gone = Change { kind: ChangeKind::Deleted, ..change(&last, &last) };
        assert!(cache.apply(&gone).is_gone);
        assert!(cache.pods.is_empty() && cache.by_node.0.is_empty());
    }
}
