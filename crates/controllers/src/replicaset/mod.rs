//! The ReplicaSet controller, and by the same code the ReplicationController's: keeps the number of pods.
//!
//! Owns: creating and deleting pods, adopting and releasing them, the status of ReplicaSets.
//! Does not own: counting (tally), choosing victims (rank), creating many at once (creation).
//! Models `pkg/controller/replicaset` and `pkg/controller/replication`.
//! Not modelled: the consistency store (echoes arrive within a sync's span here).

mod creation;
mod rank;
mod tally;

use client::{Change, ChangeKind, Ctx};
use clock::Time;
use objects::resources::{PODS, REPLICASETS, REPLICATIONCONTROLLERS, Resource};
use objects::{Reason, Status, Str, Value, value};
use rustc_hash::FxHashMap;

use self::creation::Creation;
use self::tally::Tally;
use crate::caches::Caches;
use crate::controller::{
    Base, Controller, has_base, is_namespace_terminating, set_count, set_number, set_or_remove,
};
use crate::expectations::Expectations;
use crate::pod_control::{adopt, delete_pod, release};
use crate::pod_facts::PodFacts;
use crate::pod_kin::Owner;
use crate::pod_state::PodState;
use crate::pods;
use crate::selector::{self, Selector, SelectorIndex};

/// At most this many pods are created or deleted in one sync.
const BURST_REPLICAS: i64 = 500;

#[derive(Clone, Debug)]
pub struct ReplicaSetController {
    pub base: Base,
    resource: &'static Resource,
    expectations: Expectations,
    /// What each replica set owns, by its uid.
    tallies: FxHashMap<Str, Tally>,
    selectors: SelectorIndex,
    /// The sync that is not done yet.
    creation: Option<Creation>,
}

impl ReplicaSetController {
    #[must_use]
    pub fn replica_sets() -> Self {
        Self::new("replicaset-controller", REPLICASETS)
    }

    #[must_use]
    pub fn replication_controllers() -> Self {
        Self::new("replication-controller", REPLICATIONCONTROLLERS)
    }

    fn new(name: &'static str, resource: &'static Resource) -> Self {
        Self {
            base: Base::new(name),
            resource,
            expectations: Expectations::default(),
            tallies: FxHashMap::default(),
            selectors: SelectorIndex::default(),
            creation: None,
        }
    }

    /// `None`: the selector is malformed, which validation does not let through.
    fn selector_of(&self, rs: &Value) -> Option<Selector> {
        let selector = &rs["spec"]["selector"];
        if self.is_rc() { Some(selector::of_labels(selector)) } else { selector::of(selector) }
    }

    fn is_rc(&self) -> bool {
        self.resource.group.is_empty()
    }

    fn on_owner(&mut self, change: &Change, caches: &Caches, now: Time) {
        let key = change.key();
        let rs = &change.object;
        if change.is_deleted() || (!change.previous.is_null() && change.previous.uid() != rs.uid()) {
            let gone = if change.previous.is_null() { rs } else { &change.previous };
            self.tallies.remove(gone.uid());
            self.expectations.forget(&key);
            self.selectors.remove(&key);
        }
        if !change.is_deleted() {
            let stale = self.tallies.get(rs.uid()).is_none_or(|t| !t.is_counted_for(rs));
            if stale && let Some(selector) = self.selector_of(rs) {
                self.selectors.set(&key, rs.namespace(), selector.clone());
                let mut tally = Tally::new(rs, selector.clone());
                for pod in caches.pods().controlled_by(rs.uid()) {
                    self.base.visited += 1;
                    tally.put(&pod.key(), pod.labels(), &PodState::of(pod));
                }
                for pod in caches.pods_matching(rs.namespace(), &selector) {
                    self.base.visited += 1;
                    if pod.controller_ref().is_null() {
                        tally.orphans.insert(pod.key());
                    }
                }
                self.tallies.insert(rs.meta()["uid"].to_str(), tally);
            }
        }
        self.base.queue.add(key, change.revision, now);
    }

    /// The tally of the replica set that controls a pod of `namespace`, if it is one of ours and known.
    fn tally_of(&mut self, namespace: &Str, owner: &Owner) -> Option<&mut Tally> {
        if owner.kind != self.resource.kind {
            return None;
        }
        self.tallies.get_mut(&owner.uid).filter(|t| t.is_meant(namespace, owner))
    }

    fn on_pod(&mut self, change: &Change, facts: &PodFacts<'_>, caches: &Caches, now: Time) {
        let (pod, old, key) = (&change.object, &change.previous, &change.key);
        let former = Some(old).filter(|_| facts.changes_hands).map(Owner::of);
        let former = former.filter(|former| former.uid != facts.owner.uid);
        if let Some(t) = former.as_ref().and_then(|former| self.tally_of(&change.namespace, former)) {
            t.remove(key);
            let rs_key = t.key.clone();
            self.base.queue.add(rs_key, change.revision, now);
        }
        if !facts.owner.uid.is_empty() {
            let Some(t) = self.tally_of(&change.namespace, &facts.owner) else { return };
            let rs_key = t.key.clone();
            if change.is_deleted() {
                t.remove(key);
                self.expectations.deletion_observed(&rs_key, key);
            } else {
                if !facts.counts_as_before() {
                    t.put(key, pod.labels(), &facts.is);
                }
                if facts.is.deletion_asked {
                    self.expectations.deletion_observed(&rs_key, key);
                } else if change.kind == ChangeKind::Added {
                    self.expectations.creation_observed(&rs_key);
                }
            }
            self.base.visited += 1;
            self.base.queue.add(rs_key, change.revision, now);
            return;
        }
        if change.is_deleted() || facts.is.deletion_asked {
            return;
        }
        if old.is_null() || former.is_some() || old.labels() != pod.labels() {
            for rs_key in self.selectors.matching(pod.namespace(), pod.labels()) {
                self.base.visited += 1;
                if let Some(rs) = caches.of_resource(self.resource).get(&rs_key)
                    && let Some(t) = self.tallies.get_mut(rs.uid())
                {
                    t.orphans.insert(key.clone());
                }
                self.base.queue.add(rs_key, change.revision, now);
            }
        }
    }

    /// Adopts matching orphans and releases owned pods that no longer match.
    fn claim_pods(&mut self, rs: &Value, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(tally) = self.tallies.get_mut(rs.uid()) else { return Ok(()) };
        if rs.is_terminating() || (tally.orphans.is_empty() && tally.strangers.is_empty()) {
            return Ok(());
        }
        let mut error = None;
        for key in tally.strangers.iter().cloned().collect::<Vec<_>>() {
            self.base.visited += 1;
            let Some(pod) = caches.pods().get(&key).filter(|p| pods::is_active(p)) else { continue };
            match release(ctx, rs, pod, PODS) {
                Ok(_) => tally.remove(&key),
                Err(e) => error = Some(e),
            }
        }
        for key in std::mem::take(&mut tally.orphans) {
            self.base.visited += 1;
            let Some(pod) = caches.pods().get(&key) else { continue };
            if !pod.controller_ref().is_null()
                || !pods::is_active(pod)
                || !tally.selector.matches(pod.labels())
            {
                continue;
            }
            match adopt(ctx, rs, self.resource, pod, PODS) {
                Ok(Some(pod)) => tally.adopt(key, &pod),
                Ok(None) => {}
                Err(e) => {
                    tally.orphans.insert(key);
                    error = Some(e);
                }
            }
        }
        error.map_or(Ok(()), Err)
    }

    /// Creates what is missing or deletes what is too much.
    fn manage_replicas(&mut self, rs: &Value, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(tally) = self.tallies.get(rs.uid()) else { return Ok(()) };
        let diff = tally.active - rs["spec"]["replicas"].int();
        let key = rs.key();
        if diff < 0 {
            let n = (-diff).min(BURST_REPLICAS);
            self.expectations.expect_creations(&key, n, ctx.now);
            self.go_on(Creation::new(key, rs, self.resource, n), ctx)
        } else if diff > 0 {
            let n = diff.min(BURST_REPLICAS) as usize;
            let own = tally.active_keys(caches.pods().controlled_by(rs.uid()).map(Value::key));
            let mut victims: Vec<&Value> = own.iter().filter_map(|k| caches.pods().get(k)).collect();
            self.base.visited += victims.len() as u64;
            if n < victims.len() {
                let nodes = self.pods_by_node_of_relatives(rs, caches);
                rank::sort(&mut victims, &nodes, ctx.now);
            }
            victims.truncate(n);
            self.delete(rs, &key, &victims, ctx)
        } else {
            Ok(())
        }
    }

    /// Creates some more of what a sync is to create; the rest is put aside for the next step.
    fn go_on(&mut self, mut creation: Creation, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        creation.step(&mut self.base, &mut self.expectations, ctx);
        if creation.is_finished() {
            return creation.finish(&mut self.expectations);
        }
        self.base.queue.go_on(creation.key.clone(), ctx.caller.cause, ctx.now);
        self.creation = Some(creation);
        Ok(())
    }

    fn delete(&mut self, rs: &Value, key: &Str, pods: &[&Value], ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.expectations.expect_deletions(key, pods.iter().map(|p| p.key()), ctx.now);
        let mut error = None;
        for pod in pods {
            if let Err(e) = delete_pod(&mut self.base, ctx, pod, rs) {
                self.expectations.deletion_observed(key, &pod.key());
                if e.reason != Reason::NotFound {
                    error = error.or(Some(e));
                }
            }
        }
        error.map_or(Ok(()), Err)
    }

    /// How many active pods of this replica set's siblings (same owner, itself included) stand on each node.
    fn pods_by_node_of_relatives(&mut self, rs: &Value, caches: &Caches) -> FxHashMap<Str, i64> {
        let mut nodes: FxHashMap<Str, i64> = FxHashMap::default();
        let owner = rs.controller_ref()["uid"].text();
        if owner.is_empty() {
            return nodes;
        }
        for sibling in caches.of_resource(self.resource).controlled_by(owner) {
            for pod in caches.pods().controlled_by(sibling.uid()) {
                self.base.visited += 1;
                if pods::is_active(pod) {
                    *nodes.entry(pod["spec"]["nodeName"].to_str()).or_default() += 1;
                }
            }
        }
        nodes
    }

    /// The status as it should be, from the tally alone.
    fn calculate_status(&mut self, rs: &Value, failure: Option<&Status>, now: Time) -> Value {
        let mut status = rs.get("status").clone();
        let is_rc = self.is_rc();
        let Some(tally) = self.tallies.get_mut(rs.uid()) else { return status };
        let diff = tally.active - rs["spec"]["replicas"].int();
        let failing = !rs.condition("ReplicaFailure").is_null();
        if let (Some(e), false) = (failure, failing) {
            let mut condition = value!({
                "type": "ReplicaFailure", "status": "True", "lastTransitionTime": (now.rfc3339()),
                "message": (e.message.as_str()),
            });
            match diff {
                d if d < 0 => condition.set("reason", "FailedCreate"),
                d if d > 0 => condition.set("reason", "FailedDelete"),
                _ => {}
            }
            status.at_mut(&["conditions"]).list_mut().push(condition);
        } else if failure.is_none() && failing {
            let others = status["conditions"].items().iter().filter(|c| c["type"] != "ReplicaFailure");
            let others: Value = others.cloned().collect();
            set_or_remove(&mut status, "conditions", others);
        }
        set_number(&mut status, "replicas", tally.active);
        set_count(&mut status, "fullyLabeledReplicas", tally.labelled);
        set_count(&mut status, "readyReplicas", tally.ready);
        set_count(&mut status, "availableReplicas", tally.available(now));
        if !is_rc {
            set_number(&mut status, "terminatingReplicas", tally.terminating);
        }
        status
    }

    /// Writes the status if it differs; once more on a fresh copy if that fails. Returns the latest object.
    fn update_status(&mut self, rs: &Value, mut status: Value, ctx: &mut Ctx<'_>) -> Result<Value, Status> {
        let observed = rs["status"]["observedGeneration"].int();
        if *rs.get("status") == status && observed == rs.generation() {
            return Ok(rs.clone());
        }
        set_count(&mut status, "observedGeneration", rs.generation());
        let mut next = rs.clone();
        next.set("status", status.clone());
        match ctx.update_status_as_stored(self.resource, next) {
            Ok(v) => Ok(v),
            Err(_) => {
                let mut fresh = ctx.get(self.resource, rs.namespace(), rs.name())?;
                fresh.set("status", status);
                ctx.update_status(self.resource, fresh)
            }
        }
    }

    /// Writes the status after what was managed, once all of it was.
    fn finish_sync(
        &mut self,
        key: &str,
        rs: &Value,
        managed: Result<(), Status>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        if self.creation.is_some() {
            return Ok(());
        }
        let failure = managed.as_ref().err().filter(|e| !is_namespace_terminating(e));
        let status = self.calculate_status(rs, failure, ctx.now);
        let updated = self.update_status(rs, status, ctx)?;
        managed?;
        let (ready, available) =
            (updated["status"]["readyReplicas"].int(), updated["status"]["availableReplicas"].int());
        let min_ready = updated["spec"]["minReadySeconds"].int();
        if min_ready > 0 && ready != available {
            let next = self.tallies.get(rs.uid()).and_then(Tally::next_available);
            let delay = next.map_or(min_ready * 1000, |t| t.since(ctx.now).max(0));
            self.base.queue.add_after(key, 0, ctx.now, delay);
        }
        Ok(())
    }
}

impl Controller for ReplicaSetController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![self.resource, PODS]
    }

    fn concerns(&self, pod: &PodFacts<'_>) -> bool {
        pod.may_be_of(&self.resource.kind)
    }

    fn on_change(&mut self, change: &Change, caches: &Caches, now: Time) {
        self.on_owner(change, caches, now);
    }

    fn on_pod_change(&mut self, change: &Change, facts: &PodFacts<'_>, caches: &Caches, now: Time) {
        self.on_pod(change, facts, caches, now);
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        if let Some(creation) = self.creation.take() {
            let rs = creation.owner.clone();
            let managed = self.go_on(creation, ctx);
            return self.finish_sync(key, &rs, managed, ctx);
        }
        self.base.visited += 1;
        let Some(rs) = caches.of_resource(self.resource).get(key) else {
            self.expectations.forget(key);
            return Ok(());
        };
        if !self.tallies.contains_key(rs.uid()) {
            return Ok(());
        }
        let needs_sync = self.expectations.satisfied(key, ctx.now);
        self.claim_pods(rs, caches, ctx)?;
        let managed =
            if needs_sync && !rs.is_terminating() { self.manage_replicas(rs, caches, ctx) } else { Ok(()) };
        self.finish_sync(key, rs, managed, ctx)
    }
}
