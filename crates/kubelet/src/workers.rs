//! The pods of a node, by key, each shared with the snapshots it is in until it changes.

use std::ops::Index;
use std::sync::Arc;

use objects::Str;
use ordered::BTreeMap;

use crate::pod_worker::PodWorker;

/// Used as a map of the workers themselves; what is taken to be changed is copied first where a snapshot has it too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workers(BTreeMap<Str, Arc<PodWorker>>);

impl Workers {
    pub(crate) fn get(&self, key: &str) -> Option<&PodWorker> {
        self.0.get(key).map(|w| &**w)
    }

    pub(crate) fn get_key_value(&self, key: &str) -> Option<(&Str, &PodWorker)> {
        self.0.get_key_value(key).map(|(k, w)| (k, &**w))
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut PodWorker> {
        self.0.get_mut(key).map(Arc::make_mut)
    }

    pub(crate) fn insert(&mut self, key: Str, worker: PodWorker) {
        self.0.insert(key, Arc::new(worker));
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<PodWorker> {
        self.0.remove(key).map(Arc::unwrap_or_clone)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Str, &PodWorker)> {
        self.0.iter().map(|(k, w)| (k, &**w))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &PodWorker> {
        self.0.values().map(|w| &**w)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&Str, &mut PodWorker)> {
        self.0.iter_mut().map(|(k, w)| (k, Arc::make_mut(w)))
    }
}

impl Index<&Str> for Workers {
    type Output = PodWorker;
    fn index(&self, key: &Str) -> &PodWorker {
        &self.0[key]
    }
}
