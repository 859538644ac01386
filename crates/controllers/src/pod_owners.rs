//! Whose pod is it: finding the owner of a changed pod, adopting matching orphans, releasing strangers.
//!
//! Shared by the StatefulSet, DaemonSet and Job controllers; the ReplicaSet controller counts instead (its tally).
//! Models `pkg/controller/controller_ref_manager.go` and the pod handlers of those controllers.

use ordered::{BTreeMap, BTreeSet};

use client::{Change, Ctx};
use objects::resources::{PODS, Resource};
use objects::{Status, Str, Value};

use crate::caches::Caches;
use crate::controller::owner_of_kind;
use crate::pod_control::{adopt, release};
use crate::selector::{self, Selector, SelectorIndex};

#[derive(Clone, Debug)]
pub struct PodOwners {
    resource: &'static Resource,
    selectors: SelectorIndex,
    /// Orphans that matched an owner when last heard of, by the owner's key.
    orphans: BTreeMap<Str, BTreeSet<Str>>,
}

impl PodOwners {
    #[must_use]
    pub fn new(resource: &'static Resource) -> Self {
        Self { resource, selectors: SelectorIndex::default(), orphans: BTreeMap::new() }
    }

    /// Follows an owner's selector.
    pub fn on_owner(&mut self, change: &Change, caches: &Caches) {
        let key = change.key();
        if change.is_deleted() {
            self.selectors.remove(&key);
            self.orphans.remove(&key);
            return;
        }
        let selector = &change.object["spec"]["selector"];
        if self.selectors.get(&key).is_some() && change.previous["spec"]["selector"] == *selector {
            return;
        }
        let Some(selector) = selector::of(selector) else { return };
        let found = caches.pods_matching(&change.namespace, &selector);
        let orphans = found.iter().filter(|p| p.controller_ref().is_null()).map(|p| p.key()).collect();
        self.selectors.set(&key, &change.namespace, selector);
        self.orphans.insert(key, orphans);
    }

    /// The owner that controls `pod`.
    #[must_use]
    pub fn owner<'a>(&self, pod: &Value, caches: &'a Caches) -> Option<&'a Value> {
        let (name, uid) = owner_of_kind(pod, &self.resource.kind)?;
        caches.of_resource(self.resource).resolve(pod.namespace(), name, uid)
    }

    /// The keys of the owners that a change of a pod concerns.
    pub fn on_pod(&mut self, change: &Change, caches: &Caches) -> Vec<Str> {
        let (pod, old) = (&change.object, &change.previous);
        let mut keys = Vec::new();
        let same_owners = pod.meta()["ownerReferences"].same(&old.meta()["ownerReferences"]);
        let controller = pod.controller_ref();
        if (same_owners || old.is_null())
            && !controller.is_null()
            && controller["kind"] != self.resource.kind.as_str()
        {
            return keys;
        }
        let ref_changed = !same_owners && !old.is_null() && old.controller_ref()["uid"] != controller["uid"];
        if ref_changed {
            keys.extend(self.owner(old, caches).map(Value::key));
        }
        if !controller.is_null() {
            keys.extend(self.owner(pod, caches).map(Value::key));
        } else if !change.is_deleted()
            && !pod.is_terminating()
            && (old.is_null() || ref_changed || old.labels() != pod.labels())
        {
            for key in self.selectors.matching(pod.namespace(), pod.labels()) {
                self.orphans.entry(key.clone()).or_default().insert(change.key());
                keys.push(key);
            }
        }
        keys
    }

    /// The pods `owner` controls, in name order, after adopting and releasing. `member` must hold for adoption and
    /// for staying.
    ///
    /// # Errors
    /// The first refusal of an adoption or release.
    pub fn claim(
        &mut self,
        owner: &Value,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
        member: impl Fn(&Value) -> bool,
    ) -> Result<Vec<Value>, Status> {
        let key = owner.key();
        let everything = Selector::everything();
        let selector = self.selectors.get(&key).unwrap_or(&everything);
        let mut mine = Vec::new();
        let mut error = None;
        for pod in caches.pods().controlled_by(owner.uid()) {
            if selector.matches(pod.labels()) && member(pod) {
                mine.push(pod.clone());
            } else if !owner.is_terminating()
                && let Err(e) = release(ctx, owner, pod, PODS)
            {
                error = Some(e);
            }
        }
        match self.adopt_orphans(owner, caches, ctx, member) {
            Ok(adopted) => mine.extend(adopted),
            Err(e) => error = Some(e),
        }
        error.map_or(Ok(mine), Err)
    }

    /// Adopts the matching orphans for which `member` holds.
    ///
    /// # Errors
    /// The last refusal.
    pub fn adopt_orphans(
        &mut self,
        owner: &Value,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
        member: impl Fn(&Value) -> bool,
    ) -> Result<Vec<Value>, Status> {
        let key = owner.key();
        let (Some(orphans), Some(selector)) = (self.orphans.get_mut(&key), self.selectors.get(&key)) else {
            return Ok(Vec::new());
        };
        let mut adopted = Vec::new();
        let mut error = None;
        if owner.is_terminating() {
            return Ok(adopted);
        }
        for pod_key in std::mem::take(orphans) {
            let Some(pod) = caches.pods().get(&pod_key) else { continue };
            let fits = pod.controller_ref().is_null()
                && !pod.is_terminating()
                && selector.matches(pod.labels())
                && member(pod);
            if !fits {
                continue;
            }
            match adopt(ctx, owner, self.resource, pod, PODS) {
                Ok(pod) => adopted.extend(pod),
                Err(e) => {
                    orphans.insert(pod_key);
                    error = Some(e);
                }
            }
        }
        error.map_or(Ok(adopted), Err)
    }
}
