//! The pods of a node, by key, each shared with the snapshots it is in until it changes.
//!
//! A kubelet looks a pod up at each of its steps, and the keys of a template's pods begin alike: a look-up goes by a
//! number made of the key, so that it compares one text and not a text for each halving.

use std::ops::Index;
use std::sync::Arc;

use objects::Str;
use objects::running_hash::RunningHash;

use crate::pod_worker::PodWorker;

/// Used as a map of the workers themselves; what is taken to be changed is copied first where a snapshot has it too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workers {
    /// In the order of their keys.
    all: Vec<(Str, Arc<PodWorker>)>,
    /// The hash of each key and its place in `all`, in the order of the hashes.
    places: Vec<(u32, u32)>,
    /// The place of the pod that was last taken to be changed: most look-ups of a step are of one pod.
    last: usize,
}

fn hash(key: &str) -> u32 {
    let mut hash = RunningHash::default();
    hash.text(key);
    hash.value() as u32
}

impl Workers {
    /// Where the key's place is told, and its place.
    fn find(&self, key: &str) -> Option<(usize, usize)> {
        let hash = hash(key);
        let first = self.places.partition_point(|(h, _)| *h < hash);
        let alike = self.places[first..].iter().take_while(|(h, _)| *h == hash);
        alike.map(|(_, at)| *at as usize).enumerate().find_map(|(i, at)| {
            let found = self.all[at].0 == key;
            found.then_some((first + i, at))
        })
    }

    fn place(&self, key: &str) -> Option<usize> {
        match self.all.get(self.last) {
            Some((last, _)) if last == key => Some(self.last),
            _ => self.find(key).map(|(_, at)| at),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&PodWorker> {
        self.get_key_value(key).map(|(_, w)| w)
    }

    pub(crate) fn get_key_value(&self, key: &str) -> Option<(&Str, &PodWorker)> {
        let (key, worker) = &self.all[self.place(key)?];
        Some((key, worker))
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut PodWorker> {
        self.last = self.place(key)?;
        Some(Arc::make_mut(&mut self.all[self.last].1))
    }

    pub(crate) fn insert(&mut self, key: Str, worker: PodWorker) {
        let worker = Arc::new(worker);
        if let Some(at) = self.place(&key) {
            self.all[at].1 = worker;
            return;
        }
        let at = self.all.partition_point(|(k, _)| *k < key);
        for (_, place) in &mut self.places {
            *place += u32::from(*place >= at as u32);
        }
        let entry = (hash(&key), at as u32);
        self.places.insert(self.places.partition_point(|e| *e < entry), entry);
        self.all.insert(at, (key, worker));
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<PodWorker> {
        let (entry, at) = self.find(key)?;
        self.places.remove(entry);
        for (_, place) in &mut self.places {
            *place -= u32::from(*place > at as u32);
        }
        Some(Arc::unwrap_or_clone(self.all.remove(at).1))
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Str, &PodWorker)> {
        self.all.iter().map(|(k, w)| (k, &**w))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &PodWorker> {
        self.iter().map(|(_, w)| w)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&Str, &mut PodWorker)> {
        self.all.iter_mut().map(|(k, w)| (&*k, Arc::make_mut(w)))
    }
}

impl Index<&Str> for Workers {
    type Output = PodWorker;
    fn index(&self, key: &Str) -> &PodWorker {
        &self.all[self.place(key).unwrap_or(usize::MAX)].1
    }
}

#[cfg(test)]
mod tests {
    use clock::Rng;
    use objects::{Value, value};
    use ordered::BTreeMap;

    use super::*;

    /// Whatever comes and goes, each pod is found under its key, and all stand in the order of their keys.
    #[test]
    fn pods_are_found_as_in_an_ordered_map() {
        let named = |n: u64| PodWorker::new(&value!({"metadata": {"generation": (n)}}), n);
        let (mut rng, mut workers) = (Rng::new(7), Workers::default());
        let mut model: BTreeMap<Str, u64> = BTreeMap::new();
        for n in 0..2_000 {
            let key = Str::from(format!("default/web-{}", rng.below(60)));
            if rng.below(3) == 0 {
                let gone = workers.remove(&key).map(|w| w.cause);
                assert_eq!(gone, model.remove(&key));
            } else {
                workers.insert(key.clone(), named(n));
                model.insert(key, n);
            }
            let all: Vec<(&Str, u64)> = workers.iter().map(|(k, w)| (k, w.cause)).collect();
            assert_eq!(all, model.iter().map(|(k, n)| (k, *n)).collect::<Vec<_>>());
            for i in 0..60 {
                let key = Str::from(format!("default/web-{i}"));
                assert_eq!(workers.get(&key).map(|w| w.cause), model.get(&key).copied());
                assert_eq!(workers.get_mut(&key).map(|w| w.cause), model.get(&key).copied());
            }
        }
        assert!(workers.values().all(|w| w.pod["spec"] == Value::Null));
    }

    #[test]
    fn keys_of_one_hash_are_told_apart() {
        let mut workers = Workers::default();
        for (n, key) in ["a", "b", "c"].into_iter().enumerate() {
            workers.insert(key.into(), PodWorker::new(&Value::Null, n as u64));
        }
        let alike = hash("b");
        workers.places = vec![(alike, 0), (alike, 1), (alike, 2)];
        assert_eq!(workers.get("b").map(|w| w.cause), Some(1));
        assert!(workers.remove("b").is_some());
        assert_eq!(workers.places, [(alike, 0), (alike, 1)]);
        assert!(workers.get("b").is_none());
    }
}
