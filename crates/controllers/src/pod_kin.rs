//! Pods by what they have in common: those of one namespace with the same labels and the same controller are kin, as the
//! pods of a template are. Whose they are and which selector matches them is asked of all at once.
//!
//! Does not own: the pods themselves (pod_cache).

use std::sync::Arc;

use objects::running_hash::RunningHash;
use objects::{Str, Value};
use ordered::{BTreeMap, BTreeSet, Sort as _};
use rustc_hash::FxHashMap;

use crate::selector::{self, Selector};

/// What a controller reference names; all empty for an orphan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Owner {
    pub kind: Str,
    pub name: Str,
    pub uid: Str,
}

impl Owner {
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let r = object.controller_ref();
        Self { kind: r["kind"].to_str(), name: r["name"].to_str(), uid: r["uid"].to_str() }
    }
}

#[derive(Clone, Debug)]
struct Kin {
    namespace: Str,
    labels: Value,
    owner: Arc<Owner>,
    /// The references of the pod that came last: pods that are made together share them.
    references: Value,
    keys: BTreeSet<Str>,
}

/// Where a kin stands.
pub type KinId = u32;

type Ids = BTreeSet<KinId>;

/// Invariant: no kin without pods; the indexes are those of `kins`.
#[derive(Clone, Debug, Default)]
pub struct Kins {
    /// The places, `None` for those in `free`.
    kins: Vec<Option<Kin>>,
    free: Vec<KinId>,
    /// To which the last pod came: the next is mostly of the same.
    last: KinId,
    /// By the hash of labels and owner. Looked up, never walked.
    by_content: FxHashMap<u64, Ids>,
    /// By the uid of the controller. Looked up, never walked.
    by_owner: FxHashMap<Str, Ids>,
    /// By namespace, and a label and its value.
    by_label: BTreeMap<(Str, Str, Str), Ids>,
}

fn content(labels: &Value, owner: &Owner) -> u64 {
    let mut hash = RunningHash::default();
    hash.tree(labels);
    hash.text(&owner.uid);
    hash.value()
}

impl Kins {
    /// Puts a pod to its kin.
    pub fn insert(&mut self, key: Str, namespace: &Str, pod: &Value) -> KinId {
        let (labels, references) = (pod.labels(), pod.meta().get("ownerReferences"));
        let is_of_last = self.at(self.last).is_some_and(|kin| {
            kin.labels.same(labels) && kin.references.same(references) && kin.namespace == *namespace
        });
        if !is_of_last {
            self.last = self.find(namespace, labels, Owner::of(pod));
        }
        if let Some(kin) = self.kins.get_mut(self.last as usize).and_then(Option::as_mut) {
            kin.references = references.clone();
            kin.keys.insert(key);
        }
        self.last
    }

    /// The kin of these labels and this owner, begun if there is none.
    fn find(&mut self, namespace: &Str, labels: &Value, owner: Owner) -> KinId {
        let content = content(labels, &owner);
        let alike = self.by_content.get(&content).into_iter().flatten().copied().find(|id| {
            self.at(*id).is_some_and(|kin| {
                kin.namespace == *namespace && *kin.owner == owner && kin.labels == *labels
            })
        });
        alike.unwrap_or_else(|| self.begin(content, namespace, labels, owner))
    }

    fn at(&self, id: KinId) -> Option<&Kin> {
        self.kins.get(id as usize)?.as_ref()
    }

    fn begin(&mut self, content: u64, namespace: &Str, labels: &Value, owner: Owner) -> KinId {
        let id = self.free.pop().unwrap_or(self.kins.len() as KinId);
        self.by_content.entry(content).or_default().insert(id);
        self.by_owner.entry(owner.uid.clone()).or_default().insert(id);
        for (k, v) in labels.entries() {
            self.by_label.entry((namespace.clone(), k.clone(), v.to_str())).or_default().insert(id);
        }
        let (namespace, labels, owner) = (namespace.clone(), labels.clone(), Arc::new(owner));
        let kin = Some(Kin { namespace, labels, owner, references: Value::Null, keys: BTreeSet::new() });
        match self.kins.get_mut(id as usize) {
            Some(place) => *place = kin,
            None => self.kins.push(kin),
        }
        id
    }

    pub fn remove(&mut self, id: KinId, key: &str) {
        let Some(place) = self.kins.get_mut(id as usize) else { return };
        if let Some(kin) = place {
            kin.keys.remove(key);
        }
        if let Some(kin) = place.take_if(|kin| kin.keys.is_empty()) {
            self.end(id, &kin);
        }
    }

    fn end(&mut self, id: KinId, kin: &Kin) {
        self.free.push(id);
        let content = content(&kin.labels, &kin.owner);
        if self.by_content.get_mut(&content).is_some_and(|ids| is_last(ids, id)) {
            self.by_content.remove(&content);
        }
        if self.by_owner.get_mut(&kin.owner.uid).is_some_and(|ids| is_last(ids, id)) {
            self.by_owner.remove(&kin.owner.uid);
        }
        for (k, v) in kin.labels.entries() {
            let at = (kin.namespace.clone(), k.clone(), v.to_str());
            if self.by_label.get_mut(&at).is_some_and(|ids| is_last(ids, id)) {
                self.by_label.remove(&at);
            }
        }
    }

    /// Whose these pods are.
    #[must_use]
    pub fn owner(&self, id: KinId) -> Arc<Owner> {
        self.at(id).map(|kin| kin.owner.clone()).unwrap_or_default()
    }

    /// The keys of the pods of this controller, in order.
    #[must_use]
    pub fn controlled_by(&self, uid: &str) -> Vec<&Str> {
        in_order(self.of_owner(uid))
    }

    #[must_use]
    pub fn count_controlled_by(&self, uid: &str) -> usize {
        self.of_owner(uid).map(|kin| kin.keys.len()).sum()
    }

    fn of_owner(&self, uid: &str) -> impl Iterator<Item = &Kin> {
        self.by_owner.get(uid).into_iter().flatten().filter_map(|id| self.at(*id))
    }

    /// The keys of the pods of a namespace that `selector` matches, in order. Looks only at those that have one of its
    /// labels, if it asks for one.
    #[must_use]
    pub fn matching(&self, namespace: &str, selector: &Selector) -> Vec<&Str> {
        match selector::pair(selector) {
            Some((k, v)) => {
                let ids = self.by_label.get(&(namespace.into(), k.clone(), v.clone()));
                let kins = ids.into_iter().flatten().filter_map(|id| self.at(*id));
                in_order(kins.filter(|kin| selector.matches(&kin.labels)))
            }
            None => in_order(
                self.kins
                    .iter()
                    .flatten()
                    .filter(|kin| kin.namespace == namespace && selector.matches(&kin.labels)),
            ),
        }
    }
}

fn in_order<'a>(kins: impl Iterator<Item = &'a Kin>) -> Vec<&'a Str> {
    let (mut keys, mut found) = (Vec::new(), 0);
    for kin in kins {
        found += 1;
        keys.extend(&kin.keys);
    }
    if found > 1 {
        keys.arrange();
    }
    keys
}

/// Takes `id` out. True when nothing is left.
fn is_last(ids: &mut Ids, id: KinId) -> bool {
    ids.remove(&id);
    ids.is_empty()
}

#[cfg(test)]
mod tests {
    use clock::Rng;
    use objects::value;

    use super::*;

    fn pod(rng: &mut Rng) -> Value {
        let mut pod = Value::map();
        for label in ["app", "tier"] {
            if rng.below(3) > 0 {
                pod.set_at(&["metadata", "labels", label], ["x", "y"][rng.below(2) as usize]);
            }
        }
        if rng.below(3) > 0 {
            let uid = ["1", "2"][rng.below(2) as usize];
            let owners = value!([{"kind": "ReplicaSet", "name": "r", "uid": (uid), "controller": true}]);
            pod.set_at(&["metadata", "ownerReferences"], owners);
        }
        pod
    }

    /// Whatever comes and goes, what is found is what a look at all pods finds.
    #[test]
    fn what_is_found_is_what_a_walk_finds() {
        let selectors = [
            value!({"matchLabels": {"app": "x"}}),
            value!({"matchLabels": {"app": "y", "tier": "x"}}),
            value!({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}),
        ]
        .map(|s| selector::of(&s).expect("well formed"));
        for seed in 0..100 {
            let mut rng = Rng::new(seed);
            let (mut kins, mut all) = (Kins::default(), BTreeMap::<Str, (KinId, Value)>::new());
            let mut last = pod(&mut rng);
            for _ in 0..60 {
                // Every other pod shares what it has with the one before, as those of a template do.
                let mut pod = if rng.below(2) == 0 { last.clone() } else { pod(&mut rng) };
                pod.set_at(&["metadata", "name"], format!("p{}", rng.below(12)));
                pod.set_at(&["metadata", "namespace"], ["a", "b"][rng.below(2) as usize]);
                last = pod.clone();
                let key = pod.key();
                if let Some((id, _)) = all.remove(&key) {
                    kins.remove(id, &key);
                }
                if rng.below(3) > 0 {
                    let id = kins.insert(key.clone(), &pod.namespace().into(), &pod);
                    assert_eq!(*kins.owner(id), Owner::of(&pod));
                    all.insert(key, (id, pod));
                }
                let walk = |f: &dyn Fn(&Value) -> bool| -> Vec<&Str> {
                    all.iter().filter(|(_, (_, p))| f(p)).map(|(k, _)| k).collect()
                };
                for uid in ["", "1", "2"] {
                    let mine = walk(&|p| p.controller_ref()["uid"].text() == uid);
                    assert_eq!(kins.controlled_by(uid), mine, "seed {seed}");
                    assert_eq!(kins.count_controlled_by(uid), mine.len(), "seed {seed}");
                }
                for (namespace, selector) in
                    ["a", "b"].iter().flat_map(|n| selectors.iter().map(move |s| (n, s)))
                {
                    let found = walk(&|p| p.namespace() == *namespace && selector.matches(p.labels()));
                    assert_eq!(kins.matching(namespace, selector), found, "seed {seed}");
                }
            }
            for (key, (id, _)) in all {
                kins.remove(id, &key);
            }
            assert!(kins.kins.iter().all(Option::is_none) && kins.free.len() == kins.kins.len());
            assert!(kins.by_content.is_empty() && kins.by_owner.is_empty() && kins.by_label.is_empty());
        }
    }
}
