//! The StatefulSet controller: pods with names and claims that stay, made and unmade in order.
//!
//! Owns: pods `name-0`, `name-1` ..., their claims (claims), revisions, the status of StatefulSets.
//! Models `pkg/controller/statefulset`. A sync costs as many looks as the set has pods.
//! `rollingUpdate.maxUnavailable` is honoured when the server keeps it (upstream's gate is off by default).

use ordered::Sort as _;
mod claims;
mod identity;

use client::{Change, Ctx};
use clock::Time;
use objects::resources::{CONTROLLERREVISIONS, PERSISTENTVOLUMECLAIMS, PODS, Resource, STATEFULSETS};
use objects::{Reason, Status, Str, Value};

use self::identity::{is_member, ordinal, start_ordinal};
use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base, internal, set_count};
use crate::deployment::scaled;
use crate::pod_facts::PodFacts;
use crate::pod_owners::PodOwners;
use crate::{history, pods, selector};

/// The label a StatefulSet's revision carries its hash under.
const HASH_LABEL: &str = "controller.kubernetes.io/hash";
pub(crate) const REVISION_LABEL: &str = "controller-revision-hash";

#[derive(Clone, Debug)]
pub struct StatefulSetController {
    pub base: Base,
    owners: PodOwners,
}

/// One StatefulSet in a sync.
struct Update<'a, 'b, 'c> {
    base: &'a mut Base,
    ctx: &'a mut Ctx<'b>,
    caches: &'c Caches,
    set: &'c Value,
    /// The templates of the current and the update revision, with their names.
    current: (Value, Str),
    update: (Value, Str),
    /// By ordinal; a pod without phase is not created yet.
    replicas: Vec<Value>,
    /// Beyond the range, highest ordinal first.
    condemned: Vec<Value>,
    first_unavailable: Str,
    monotonic: bool,
    /// How many were deleted for an update in this sync.
    retired: i64,
}

/// Whether a step lets the next ones go on.
#[derive(PartialEq)]
enum Step {
    Go,
    Wait,
}

impl Default for StatefulSetController {
    fn default() -> Self {
        Self::new()
    }
}

fn is_created(pod: &Value) -> bool {
    !pods::phase(pod).is_empty()
}

fn revision_of(pod: &Value) -> &str {
    pod.labels()[REVISION_LABEL].text()
}

impl StatefulSetController {
    #[must_use]
    pub fn new() -> Self {
        Self { base: Base::new("statefulset-controller"), owners: PodOwners::new(STATEFULSETS) }
    }

    /// The current and the update revision; makes or renumbers the latter when the template changed.
    fn revisions(
        &mut self,
        set: &Value,
        all: &mut Vec<Value>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(Value, Value, i64), Status> {
        let mut collisions = set["status"]["collisionCount"].int();
        let data = history::data_of(set);
        let next = all.last().map_or(0, |r| r["revision"].int()) + 1;
        let equal = all.iter().rposition(|r| r["data"] == data);
        let update = match equal {
            Some(i) if i + 1 == all.len() => all[i].clone(),
            Some(i) => {
                let revision = history::renumber(ctx, &all[i], next)?;
                all.remove(i);
                all.push(revision.clone());
                revision
            }
            None => {
                let revision = loop {
                    let hash = history::hash_of(&data, collisions);
                    let new = history::new_revision(set, STATEFULSETS, next, &hash, HASH_LABEL, &data);
                    let name = new.name().to_owned();
                    match ctx.create(CONTROLLERREVISIONS, new) {
                        Err(e) if e.reason == Reason::AlreadyExists => {
                            let there = ctx.get(CONTROLLERREVISIONS, set.namespace(), &name)?;
                            if there["data"] == data {
                                break there;
                            }
                            collisions += 1;
                        }
                        created => break created?,
                    }
                };
                all.push(revision.clone());
                revision
            }
        };
        let named = set["status"]["currentRevision"].text();
        let current = all.iter().find(|r| r.name() == named).unwrap_or(&update).clone();
        Ok((current, update, collisions))
    }

    fn truncate_history(set: &Value, all: &[Value], live: &[&str], ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(limit) = set["spec"]["revisionHistoryLimit"].as_int().filter(|n| *n >= 0) else {
            return Ok(());
        };
        let dead: Vec<&Value> = all.iter().filter(|r| !live.contains(&r.name())).collect();
        let surplus = dead.len().saturating_sub(limit as usize);
        for revision in dead.into_iter().take(surplus) {
            history::delete(ctx, revision)?;
        }
        Ok(())
    }
}

impl Update<'_, '_, '_> {
    fn min_ready(&self) -> i64 {
        self.set["spec"]["minReadySeconds"].int()
    }

    fn is_available(&self, pod: &Value) -> bool {
        pods::is_available(pod, self.min_ready(), self.ctx.now)
    }

    fn is_unavailable(&self, pod: &Value) -> bool {
        pod.is_terminating() || !self.is_available(pod)
    }

    /// Sorts pods into replicas and condemned, and plans the missing ones.
    fn partition(&mut self, all: Vec<Value>) {
        let start = start_ordinal(self.set);
        let n = self.set["spec"]["replicas"].int();
        let mut slots: Vec<Option<Value>> = vec![None; n.max(0) as usize];
        for pod in all {
            self.base.visited += 1;
            match ordinal(pod.name()) {
                Some(i) if i >= start && i < start + n => slots[(i - start) as usize] = Some(pod),
                Some(_) => self.condemned.push(pod),
                None => {}
            }
        }
        self.condemned.arrange_by_key(|p| std::cmp::Reverse(ordinal(p.name())));
        self.replicas = slots
            .into_iter()
            .enumerate()
            .map(|(i, pod)| pod.unwrap_or_else(|| self.new_pod(start + i as i64)))
            .collect();
        let unavailable = |p: &&Value| self.is_unavailable(p);
        let first = self.replicas.iter().chain(self.condemned.iter().rev()).find(unavailable);
        self.first_unavailable = first.map(|p| p.name().into()).unwrap_or_default();
    }

    /// The pod of an ordinal, of the current revision below the partition, else of the update revision.
    fn new_pod(&self, ordinal: i64) -> Value {
        let strategy = &self.set["spec"]["updateStrategy"];
        let rolling = &strategy["rollingUpdate"];
        let kept = if rolling.is_null() {
            self.set["status"]["currentReplicas"].int()
        } else {
            rolling["partition"].int()
        };
        let old = (strategy["type"] == "RollingUpdate" || !rolling.is_null())
            && ordinal < start_ordinal(self.set) + kept;
        let (template, name) = if old { &self.current } else { &self.update };
        identity::new_pod(self.set, template, name, ordinal)
    }

    fn event(&mut self, verb: &str, pod: &str, result: &Result<(), Status>) {
        let (set, name) = (self.set, self.set.name());
        match result {
            Ok(()) => {
                let text = format!("{verb} Pod {pod} in StatefulSet {name} successful");
                self.base.normal(self.ctx, set, &format!("Successful{verb}"), &text);
            }
            Err(e) => {
                let text = format!("{verb} Pod {pod} in StatefulSet {name} failed error: {e}");
                self.base.warning(self.ctx, set, &format!("Failed{verb}"), &text);
            }
        }
    }

    fn delete(&mut self, pod: &Value) -> Result<(), Status> {
        let result = match self.ctx.delete(PODS, pod.namespace(), pod.name(), None, None, None) {
            Err(e) if e.reason != Reason::NotFound => Err(e),
            _ => Ok(()),
        };
        self.event("Delete", pod.name(), &result);
        result
    }

    fn create(&mut self, pod: &Value) -> Result<(), Status> {
        if let Err(e) = self.create_claims(pod) {
            let failed = Err(e);
            self.event("Create", pod.name(), &failed);
            return failed;
        }
        let result = match self.ctx.create(PODS, pod.clone()) {
            Err(e) if e.reason == Reason::AlreadyExists => return Err(e),
            done => done.map(|_| ()),
        };
        if let Err(e) = self.keep_claim_owners(pod) {
            let failed = Err(e);
            self.event("Update", pod.name(), &failed);
            return failed;
        }
        self.event("Create", pod.name(), &result);
        result
    }

    fn process_replica(&mut self, i: usize) -> Result<Step, Status> {
        let pod = self.replicas[i].clone();
        if pods::is_terminal(&pod) {
            if !pod.is_terminating() {
                self.delete(&pod)?;
            }
            // Its successor is made when it is gone.
            return Ok(Step::Wait);
        }
        if !is_created(&pod) {
            if self.has_stale_claim(&pod) {
                return Ok(Step::Wait);
            }
            self.create(&pod)?;
            if self.monotonic {
                return Ok(Step::Wait);
            }
        }
        if pods::phase(&pod) == "Pending" {
            self.create_claims(&pod)?;
            self.keep_claim_owners(&pod)?;
        }
        if self.monotonic {
            let ready = pods::phase(&pod) == "Running" && pods::is_ready(&pod);
            if pod.is_terminating() || !ready || !self.is_available(&pod) {
                return Ok(Step::Wait);
            }
        }
        if !is_created(&pod) {
            return Ok(Step::Go);
        }
        self.keep_claim_owners(&pod)?;
        if !identity::matches(self.set, &pod) {
            let fixed = identity::fixed(self.set, &pod);
            let result = self.ctx.update(PODS, fixed).map(|_| ());
            self.event("Update", pod.name(), &result);
            result?;
        }
        Ok(Step::Go)
    }

    fn process_condemned(&mut self, i: usize) -> Result<Step, Status> {
        let pod = self.condemned[i].clone();
        if pod.is_terminating() {
            return Ok(if self.monotonic { Step::Wait } else { Step::Go });
        }
        let ready = pods::phase(&pod) == "Running" && pods::is_ready(&pod) && self.is_available(&pod);
        if !ready && self.monotonic && pod.name() != self.first_unavailable {
            return Ok(Step::Wait);
        }
        self.delete(&pod)?;
        Ok(if self.monotonic { Step::Wait } else { Step::Go })
    }

    fn run(&mut self) -> Result<(), Status> {
        if self.set.is_terminating() {
            return Ok(());
        }
        // Without order one failure does not hold up the others.
        let mut error = None;
        for i in 0..self.replicas.len() {
            match self.process_replica(i) {
                Ok(Step::Wait) if self.monotonic => return Ok(()),
                Err(e) if self.monotonic => return Err(e),
                Err(e) => error = error.or(Some(e)),
                Ok(_) => {}
            }
        }
        if let Some(e) = error {
            return Err(e);
        }
        for pod in self.condemned.clone() {
            self.keep_claim_owners(&pod)?;
        }
        for i in 0..self.condemned.len() {
            if self.process_condemned(i)? == Step::Wait && self.monotonic {
                return Ok(());
            }
        }
        if self.set["spec"]["updateStrategy"]["type"] == "OnDelete" {
            return Ok(());
        }
        self.roll()
    }

    /// Deletes outdated pods from the highest ordinal down, waiting for each to be back.
    fn roll(&mut self) -> Result<(), Status> {
        let rolling = &self.set["spec"]["updateStrategy"]["rollingUpdate"];
        let lowest = rolling["partition"].int().max(0) as usize;
        let limit = &rolling["maxUnavailable"];
        let outdated = |u: &Self, i: usize| {
            revision_of(&u.replicas[i]) != u.update.1.as_str() && !u.replicas[i].is_terminating()
        };
        if !limit.is_null() {
            let most = scaled(limit, self.replicas.len() as i64, false).max(1);
            let down = self.replicas.iter().filter(|p| self.is_unavailable(p)).count() as i64;
            let mut room = most - down;
            for i in (lowest..self.replicas.len()).rev() {
                if room > 0 && outdated(self, i) {
                    self.delete(&self.replicas[i].clone())?;
                    self.retired += 1;
                    room -= 1;
                }
            }
            return Ok(());
        }
        for i in (lowest..self.replicas.len()).rev() {
            if outdated(self, i) {
                self.delete(&self.replicas[i].clone())?;
                self.retired += 1;
                return Ok(());
            }
            if self.is_unavailable(&self.replicas[i]) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn status(&self, collisions: i64) -> Value {
        let (mut replicas, mut ready, mut available, mut current, mut updated) = (0, 0, 0, 0, 0);
        for pod in self.replicas.iter().chain(&self.condemned).filter(|p| is_created(p)) {
            replicas += 1;
            if pods::phase(pod) == "Running" && pods::is_ready(pod) {
                ready += 1;
                available += i64::from(self.is_available(pod));
            }
            if !pod.is_terminating() {
                current += i64::from(revision_of(pod) == self.current.1.as_str());
                updated += i64::from(revision_of(pod) == self.update.1.as_str());
            }
        }
        current -= self.retired;
        let mut current_name = &self.current.1;
        let n = self.set["spec"]["replicas"].int();
        let rolling = self.set["spec"]["updateStrategy"]["type"] == "RollingUpdate";
        if rolling && updated == n && ready == n && replicas == n {
            (current, current_name) = (updated, &self.update.1);
        }
        let mut status = Value::map();
        set_count(&mut status, "observedGeneration", self.set.generation());
        status.set("replicas", replicas);
        set_count(&mut status, "readyReplicas", ready);
        set_count(&mut status, "currentReplicas", current);
        set_count(&mut status, "updatedReplicas", updated);
        status.set("availableReplicas", available);
        status.set("currentRevision", current_name);
        status.set("updateRevision", &self.update.1);
        status.set("collisionCount", collisions);
        if let Some(c) = self.set["status"].find("conditions") {
            status.set("conditions", c);
        }
        status
    }
}

impl Controller for StatefulSetController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![STATEFULSETS, PODS, CONTROLLERREVISIONS, PERSISTENTVOLUMECLAIMS]
    }

    fn concerns(&self, pod: &PodFacts<'_>) -> bool {
        pod.may_be_of(&STATEFULSETS.kind)
    }

    fn on_change(&mut self, change: &Change, caches: &Caches, now: Time) {
        if change.resource == PODS.id {
            for key in self.owners.on_pod(change, caches) {
                self.base.queue.add(key, change.revision, now);
            }
        } else if change.resource == STATEFULSETS.id {
            self.owners.on_owner(change, caches);
            self.base.queue.add(change.key(), change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(set) = caches.of_resource(STATEFULSETS).get(key) else { return Ok(()) };
        let Some(selector) = selector::of(&set["spec"]["selector"]) else { return Ok(()) };
        let mut revisions = history::claim(set, STATEFULSETS, &selector, caches, ctx)?;
        let pods = self.owners.claim(set, caches, ctx, |p| is_member(set, p))?;
        let (current, update, collisions) = self.revisions(set, &mut revisions, ctx)?;
        let monotonic = set["spec"]["podManagementPolicy"] != "Parallel";
        let with_name = |r: &Value| (history::template_of(r), Str::from(r.name()));
        let mut live: Vec<String> = vec![current.name().into(), update.name().into()];
        live.extend(pods.iter().map(|p| revision_of(p).to_owned()));
        let mut u = Update {
            base: &mut self.base,
            ctx,
            caches,
            set,
            current: with_name(&current),
            update: with_name(&update),
            replicas: Vec::new(),
            condemned: Vec::new(),
            first_unavailable: Str::default(),
            monotonic,
            retired: 0,
        };
        u.partition(pods);
        let result = u.run();
        let status = u.status(collisions);
        let (ready, available) = (status["readyReplicas"].int(), status["availableReplicas"].int());
        let next_check = u
            .replicas
            .iter()
            .filter_map(|p| pods::available_at(p, set["spec"]["minReadySeconds"].int()))
            .filter(|t| *t > u.ctx.now)
            .min();
        if *set.get("status") != status {
            let mut next = set.clone();
            next.set("status", status.clone());
            if let Err(e) = ctx.update_status(STATEFULSETS, next) {
                if e.reason != Reason::Conflict {
                    return Err(result.err().unwrap_or(e));
                }
                let mut fresh = ctx.get(STATEFULSETS, set.namespace(), set.name())?;
                fresh.set("status", status);
                ctx.update_status(STATEFULSETS, fresh)?;
            }
        }
        let live: Vec<&str> = live.iter().map(String::as_str).collect();
        Self::truncate_history(set, &revisions, &live, ctx)?;
        result.map_err(|e| if e.reason == Reason::NotFound { internal(e.message) } else { e })?;
        let min_ready = set["spec"]["minReadySeconds"].int();
        if min_ready > 0 && ready != available {
            let delay = next_check.map_or(min_ready * 1000, |t| t.since(ctx.now));
            self.base.queue.add_after(key, 0, ctx.now, delay);
        }
        Ok(())
    }
}
