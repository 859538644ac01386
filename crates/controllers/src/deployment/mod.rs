//! The Deployment controller: one ReplicaSet per template, scaled so that the rollout keeps its promises.
//!
//! Owns: creating, scaling, adopting, releasing and cleaning up ReplicaSets; revisions; the status of Deployments.
//! Does not own: pods (the ReplicaSet controller), going back to a revision (`kubectl rollout undo` writes a template).
//! Models `pkg/controller/deployment`.
//! Not modelled: the rollback annotation of extensions/v1beta1.

mod arithmetic;
mod conditions;
mod progress;
mod recreate;
mod replica_sets;
mod rolling;
mod scale;

pub(crate) use arithmetic::scaled;

use client::{Change, Ctx};
use clock::Time;
use objects::resources::{DEPLOYMENTS, PODS, REPLICASETS, Resource};
use objects::{Status, Str, Value};

use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base, internal, owner_of_kind};
use crate::pod_control::{adopt, release};
use crate::pod_facts::PodFacts;
use crate::selector::{self, Selector, SelectorIndex};

/// After this many failures in a row a key is left alone until something changes.
const MAX_RETRIES: u32 = 15;

#[derive(Clone, Debug)]
pub struct DeploymentController {
    pub base: Base,
    selectors: SelectorIndex,
}

/// One Deployment in a sync: what is in hand, changed as it is written.
struct Rollout<'a, 'b, 'c> {
    base: &'a mut Base,
    ctx: &'a mut Ctx<'b>,
    caches: &'c Caches,
    key: Str,
    /// What the Deployment selects by, where it is known already.
    selector: Option<&'a Selector>,
    d: Value,
    /// The ReplicaSets it controls, oldest first.
    all: Vec<Value>,
}

impl Default for DeploymentController {
    fn default() -> Self {
        Self::new()
    }
}

impl DeploymentController {
    #[must_use]
    pub fn new() -> Self {
        Self { base: Base::new("deployment-controller"), selectors: SelectorIndex::default() }
    }

    fn on_replica_set(&mut self, change: &Change, caches: &Caches, now: Time) {
        let (rs, old) = (&change.object, &change.previous);
        let resolve = |rs: &Value| {
            let (name, uid) = owner_of_kind(rs, "Deployment")?;
            caches.of_resource(DEPLOYMENTS).resolve(rs.namespace(), name, uid).map(Value::key)
        };
        let ref_changed = !old.is_null() && old.controller_ref() != rs.controller_ref();
        if ref_changed && let Some(key) = resolve(old) {
            self.base.queue.add(key, change.revision, now);
        }
        if !rs.controller_ref().is_null() {
            if let Some(key) = resolve(rs) {
                self.base.queue.add(key, change.revision, now);
            }
        } else if !change.is_deleted() && (old.is_null() || ref_changed || old.labels() != rs.labels()) {
            for key in self.selectors.matching(rs.namespace(), rs.labels()) {
                self.base.queue.add(key, change.revision, now);
            }
        }
    }

    /// A Recreate Deployment goes on once the last of its pods is gone.
    fn on_pod_deleted(&mut self, change: &Change, caches: &Caches, now: Time) {
        let pod = &change.object;
        let deployment = || {
            let (name, uid) = owner_of_kind(pod, "ReplicaSet")?;
            let rs = caches.of_resource(REPLICASETS).resolve(pod.namespace(), name, uid)?;
            let (name, uid) = owner_of_kind(rs, "Deployment")?;
            caches.of_resource(DEPLOYMENTS).resolve(rs.namespace(), name, uid)
        };
        let Some(d) = deployment() else { return };
        if d["spec"]["strategy"]["type"] != "Recreate" {
            return;
        }
        let mut sets = caches.of_resource(REPLICASETS).controlled_by(d.uid());
        if sets.all(|rs| caches.pods().count_controlled_by(rs.uid()) == 0) {
            self.base.queue.add(d.key(), change.revision, now);
        }
    }
}

impl Rollout<'_, '_, '_> {
    /// Adopts matching orphans, releases what no longer matches, and lists what is left, oldest first.
    fn claim_replica_sets(&mut self) -> Result<(), Status> {
        let parsed;
        let selector = match self.selector {
            Some(known) => known,
            None => {
                parsed = selector::of(&self.d["spec"]["selector"]).ok_or_else(|| {
                    internal(format!(
                        "deployment {}/{} has invalid label selector",
                        self.d.namespace(),
                        self.d.name()
                    ))
                })?;
                &parsed
            }
        };
        let store = self.caches.of_resource(REPLICASETS);
        let terminating = self.d.is_terminating();
        let mut error = None;
        for rs in store.controlled_by(self.d.uid()) {
            self.base.visited += 1;
            if selector.matches(rs.labels()) {
                self.all.push(rs.clone());
            } else if !terminating && let Err(e) = release(self.ctx, &self.d, rs, REPLICASETS) {
                error = Some(e);
            }
        }
        if !terminating {
            for rs in store.orphans(self.d.namespace()) {
                self.base.visited += 1;
                if rs.is_terminating() || !selector.matches(rs.labels()) {
                    continue;
                }
                match adopt(self.ctx, &self.d, DEPLOYMENTS, rs, REPLICASETS) {
                    Ok(rs) => self.all.extend(rs),
                    Err(e) => error = Some(e),
                }
            }
        }
        replica_sets::sort_by_creation(&mut self.all);
        error.map_or(Ok(()), Err)
    }

    fn sync(&mut self) -> Result<(), Status> {
        if self.d["spec"]["selector"] == Value::map() {
            let message = "This deployment is selecting all pods. A non-empty selector is required.";
            let d = self.d.clone();
            self.base.warning(self.ctx, &d, "SelectingAll", message);
            if d["status"]["observedGeneration"].int() < d.generation() {
                self.d.set_at(&["status", "observedGeneration"], d.generation());
                self.write_status().ok();
            }
            return Ok(());
        }
        self.claim_replica_sets()?;
        if self.d.is_terminating() {
            let (new, old) = self.sync_revision(false)?;
            return self.sync_status(&new, &old);
        }
        self.check_paused()?;
        if self.d["spec"]["paused"].is_true() || self.is_scaling_event()? {
            return self.sync_scale();
        }
        match self.d["spec"]["strategy"]["type"].text() {
            "Recreate" => self.roll_out_recreate(),
            "RollingUpdate" => self.roll_out_rolling(),
            other => Err(internal(format!("unexpected deployment strategy type: {other}"))),
        }
    }

    /// Writes `status` (and the revision annotation that goes with it) and takes the stored version over.
    fn write_status(&mut self) -> Result<(), Status> {
        let stored = self.ctx.update_status_as_stored(DEPLOYMENTS, self.d.clone())?;
        let version = stored.meta()["resourceVersion"].clone();
        self.d.set_at(&["metadata", "resourceVersion"], version);
        Ok(())
    }
}

impl Controller for DeploymentController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![DEPLOYMENTS, REPLICASETS, PODS]
    }

    fn concerns(&self, pod: &PodFacts<'_>) -> bool {
        pod.is_gone
    }

    fn on_change(&mut self, change: &Change, caches: &Caches, now: Time) {
        if change.resource == PODS.id {
            if change.is_deleted() {
                self.on_pod_deleted(change, caches, now);
            }
        } else if change.resource == REPLICASETS.id {
            self.on_replica_set(change, caches, now);
        } else {
            let key = change.key();
            // A status tells nothing of whom it selects.
            if change.is_deleted() || !change.object["spec"].same(&change.previous["spec"]) {
                match selector::of(&change.object["spec"]["selector"]) {
                    Some(s) if !change.is_deleted() && !s.is_everything() && !s.is_nothing() => {
                        self.selectors.set(&key, &change.namespace, s);
                    }
                    _ => self.selectors.remove(&key),
                }
            }
            self.base.queue.add(key, change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(d) = caches.of_resource(DEPLOYMENTS).get(key) else { return Ok(()) };
        let (base, selector) = (&mut self.base, self.selectors.get(key));
        let mut rollout =
            Rollout { base, ctx, caches, key: key.into(), selector, d: d.clone(), all: Vec::new() };
        let result = rollout.sync();
        if result.is_err() && self.base.queue.failures(key) >= MAX_RETRIES {
            return Ok(());
        }
        result
    }
}
