//! The Job controller: pods until enough have succeeded, or too many have failed.
//!
//! Owns: creating and deleting a Job's pods (manage), counting each exactly once by its finalizer (track), ending the
//! Job. A sync looks at the pods that run or are not counted yet, never at those that are done.
//! Models `pkg/controller/job`. Not modelled: workload scheduling (pod groups).

mod indexes;
mod manage;
mod policy;
mod track;

use ordered::{BTreeMap, BTreeSet};

use client::{Change, ChangeKind, Ctx, PatchType};
use clock::Time;
use objects::resources::{JOBS, PODS, Resource};
use objects::{Reason, Status, Str, Value, value};
use rustc_hash::FxHashMap;

use self::indexes::Indexes;
use self::policy::{Backoff, Verdict, finished_at, is_failed, judge, met_success_policy};
use crate::caches::{Caches, key_of};
use crate::controller::{Base, Controller, has_base, set_count};
use crate::delays::{JOB_API_BACKOFF_MS, JOB_API_MAX_BACKOFF_MS, JOB_BATCH_MS};
use crate::expectations::Expectations;
use crate::pod_facts::PodFacts;
use crate::pod_owners::PodOwners;
use crate::pods;
use crate::sync_queue::SyncQueue;

pub(crate) const FINALIZER: &str = "batch.kubernetes.io/job-tracking";
const INDEX: &str = "batch.kubernetes.io/job-completion-index";

#[derive(Clone, Debug)]
pub struct JobController {
    pub base: Base,
    owners: PodOwners,
    expectations: Expectations,
    /// Pods of each Job (by its uid) that run or are not counted yet.
    tracked: FxHashMap<Str, BTreeSet<Str>>,
    /// Pods whose finalizer was taken off, until the echo comes.
    released: BTreeSet<Str>,
    backoff: BTreeMap<Str, Backoff>,
}

/// One Job in a sync.
struct Run<'a, 'b> {
    base: &'a mut Base,
    expectations: &'a mut Expectations,
    released: &'a mut BTreeSet<Str>,
    ctx: &'a mut Ctx<'b>,
    key: Str,
    /// Its status is changed as the sync goes.
    job: Value,
    pods: Vec<Value>,
    active: i64,
    ready: i64,
    terminating: i64,
    succeeded: i64,
    /// Why the Job ends: the condition, before the pods are gone.
    finished: Option<Value>,
    before_succeeded: Indexes,
    succeeded_indexes: Indexes,
    failed_indexes: Option<Indexes>,
    /// Failed pods that stay until their successor has their failure count, by index.
    delayed: BTreeMap<i64, Value>,
    backoff: Backoff,
}

impl Default for JobController {
    fn default() -> Self {
        Self::new()
    }
}

pub(crate) fn has_finalizer(pod: &Value) -> bool {
    pod.meta()["finalizers"].items().iter().any(|f| *f == FINALIZER)
}

/// The condition `Complete` or `Failed` of a Job that has ended.
#[must_use]
pub fn finished_condition(job: &Value) -> Option<&Value> {
    let ends = |c: &&Value| (c["type"] == "Complete" || c["type"] == "Failed") && c["status"] == "True";
    job["status"]["conditions"].items().iter().find(ends)
}

fn is_indexed(job: &Value) -> bool {
    job["spec"]["completionMode"] == "Indexed"
}

fn has_limit_per_index(job: &Value) -> bool {
    !job["spec"]["backoffLimitPerIndex"].is_null()
}

fn is_suspended(job: &Value) -> bool {
    job["spec"]["suspend"].is_true()
}

fn index_of(pod: &Value) -> Option<i64> {
    pod.annotations()[INDEX].text().parse().ok().filter(|i| *i >= 0)
}

fn annotation_count(pod: &Value, key: &str) -> i64 {
    pod.annotations()[key].text().parse::<i32>().map_or(0, |n| i64::from(n.max(0)))
}

fn condition(kind: &str, reason: &str, message: &str, now: Time) -> Value {
    let at = now.rfc3339();
    value!({"type": (kind), "status": "True", "reason": (reason), "message": (message),
        "lastProbeTime": (at.as_str()), "lastTransitionTime": (at.as_str())})
}

impl JobController {
    #[must_use]
    pub fn new() -> Self {
        let mut base = Base::new("job-controller");
        base.queue = SyncQueue::with_backoff(JOB_API_BACKOFF_MS, JOB_API_MAX_BACKOFF_MS);
        Self {
            base,
            owners: PodOwners::new(JOBS),
            expectations: Expectations::default(),
            tracked: FxHashMap::default(),
            released: BTreeSet::new(),
            backoff: BTreeMap::new(),
        }
    }

    fn batched(&mut self, key: Str, change: &Change, now: Time) {
        self.base.queue.add_after(key, change.revision, now, JOB_BATCH_MS);
    }

    fn on_job(&mut self, change: &Change, caches: &Caches, now: Time) {
        let (job, key) = (&change.object, change.key());
        self.owners.on_owner(change, caches);
        if change.is_deleted() {
            for pod in self.tracked.remove(job.uid()).unwrap_or_default() {
                self.orphan(&pod, change, now);
            }
            self.expectations.forget(&key);
            self.backoff.remove(&key);
            return;
        }
        if change.previous.is_null() {
            for pod in caches.pods().controlled_by(job.uid()) {
                self.base.visited += 1;
                self.track(pod);
            }
        }
        if finished_condition(job).is_some() {
            // What still holds the finalizer then is nobody's to count.
            let left = self.tracked.get(job.uid()).cloned().unwrap_or_default();
            for pod in left {
                self.orphan(&pod, change, now);
            }
            self.backoff.remove(&key);
        } else if change.previous.is_null() || change.previous.generation() != job.generation() {
            self.base.queue.add(key, change.revision, now);
        } else {
            self.batched(key, change, now);
        }
    }

    fn orphan(&mut self, pod_key: &str, change: &Change, now: Time) {
        self.base.queue.add(smol_str::format_smolstr!("!{pod_key}"), change.revision, now);
    }

    fn track(&mut self, pod: &Value) {
        let uid = pod.controller_ref()["uid"].to_str();
        let key = pod.key();
        if has_finalizer(pod) || !pods::is_terminal(pod) {
            self.tracked.entry(uid).or_default().insert(key);
        } else if let Some(set) = self.tracked.get_mut(&uid) {
            set.remove(&key);
        }
    }

    fn on_pod(&mut self, change: &Change, caches: &Caches, now: Time) {
        let (pod, old, key) = (&change.object, &change.previous, change.key());
        let is_ours = |p: &Value| p.controller_ref()["kind"] == "Job";
        if !is_ours(pod) && !is_ours(old) {
            if pod.controller_ref().is_null() {
                if !change.is_deleted() && has_finalizer(pod) {
                    self.orphan(&key, change, now);
                }
                for job in self.owners.on_pod(change, caches) {
                    self.batched(job, change, now);
                }
            }
            return;
        }
        self.base.visited += 1;
        let gone = change.is_deleted();
        if gone || !has_finalizer(pod) {
            self.released.remove(pod.uid());
        }
        if old.controller_ref()["uid"] != pod.controller_ref()["uid"]
            && let Some(set) = self.tracked.get_mut(old.controller_ref()["uid"].text())
        {
            set.remove(&key);
        }
        if gone {
            if let Some(set) = self.tracked.get_mut(pod.controller_ref()["uid"].text()) {
                set.remove(&key);
            }
        } else if is_ours(pod) {
            self.track(pod);
        }
        match self.owners.owner(pod, caches) {
            Some(job) if finished_condition(job).is_none() => {
                if gone || pod.is_terminating() {
                    self.expectations.deletion_observed(&job.key(), &key);
                } else if change.kind == ChangeKind::Added {
                    self.expectations.creation_observed(&job.key());
                }
            }
            _ if !gone && has_finalizer(pod) && (pod.is_terminating() || pods::is_terminal(pod)) => {
                self.orphan(&key, change, now);
            }
            _ => {}
        }
        for job in self.owners.on_pod(change, caches) {
            self.batched(job, change, now);
        }
    }

    /// Takes the finalizer off a pod whose Job is gone or has ended.
    fn release_orphan(&mut self, pod_key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(pod) = caches.pods().get(pod_key).filter(|p| has_finalizer(p)) else { return Ok(()) };
        let r = pod.controller_ref();
        if !r.is_null() && r["kind"] != "Job" {
            return Ok(());
        }
        if self.owners.owner(pod, caches).is_some_and(|job| finished_condition(job).is_none()) {
            return Ok(());
        }
        remove_finalizer(pod, ctx)
    }
}

/// Takes the tracking finalizer off; a pod that is gone already counts as done.
fn remove_finalizer(pod: &Value, ctx: &mut Ctx<'_>) -> Result<(), Status> {
    if !has_finalizer(pod) {
        return Ok(());
    }
    let patch = value!({"metadata": {"$deleteFromPrimitiveList/finalizers": [FINALIZER]}});
    match ctx.patch(PODS, pod.namespace(), pod.name(), "", PatchType::Strategic, patch) {
        Err(e) if e.reason != Reason::NotFound => Err(e),
        _ => Ok(()),
    }
}

impl Run<'_, '_> {
    /// Whether a pod is still to be counted.
    fn is_uncounted(&self, pod: &Value) -> bool {
        has_finalizer(pod) && !self.released.contains(pod.uid())
    }

    fn uncounted(&self, what: &str) -> Vec<Str> {
        let list = &self.job["status"]["uncountedTerminatedPods"][what];
        list.items().iter().map(Value::to_str).collect()
    }

    /// Counts pods and decides whether the Job ends. Returns its failure condition's message source as a condition.
    fn evaluate(&mut self, kept: Backoff) {
        let now = self.ctx.now;
        let (uncounted_ok, uncounted_bad) = (self.uncounted("succeeded"), self.uncounted("failed"));
        let completions = self.job["spec"]["completions"].as_int();
        let counts = |p: &&Value| {
            self.is_uncounted(p)
                && (!is_indexed(&self.job) || index_of(p).is_some_and(|i| completions.is_some_and(|n| i < n)))
        };
        let new = |known: &[Str], ended: &dyn Fn(&Value) -> bool| -> Vec<&Value> {
            self.pods
                .iter()
                .filter(counts)
                .filter(|p| !known.iter().any(|u| u == p.uid()) && ended(p))
                .collect()
        };
        let new_ok = new(&uncounted_ok, &|p| pods::phase(p) == "Succeeded");
        let new_bad = new(&uncounted_bad, &|p| is_failed(&self.job, p));
        let counted_bad = new_bad.iter().filter(|p| judge(&self.job, p) != Verdict::Ignore).count();
        let status = &self.job["status"];
        self.succeeded = status["succeeded"].int() + (new_ok.len() + uncounted_ok.len()) as i64;
        let failed = status["failed"].int() + (counted_bad + uncounted_bad.len()) as i64;
        let times = |list: &[&Value]| -> Vec<Time> { list.iter().map(|p| finished_at(p)).collect() };
        self.backoff = kept.after(&times(&new_ok), &times(&new_bad));

        self.finished = self.existing_end().or_else(|| self.failure(failed, now));
        if is_indexed(&self.job) {
            self.evaluate_indexes(completions.unwrap_or(0), now);
        }
    }

    /// The end an earlier sync decided on.
    fn existing_end(&self) -> Option<Value> {
        let now = self.ctx.now;
        let met = self.job.condition("SuccessCriteriaMet");
        if met["status"] == "True" {
            return Some(met.clone());
        }
        let target = self.job.condition("FailureTarget");
        if target["status"] == "True" {
            return Some(condition("Failed", target["reason"].text(), target["message"].text(), now));
        }
        let failing = self.pods.iter().filter(|p| is_failed(&self.job, p));
        for pod in failing {
            if let Verdict::FailJob(message) = judge(&self.job, pod) {
                return Some(condition("FailureTarget", "PodFailurePolicy", &message, now));
            }
        }
        None
    }

    fn failure(&mut self, failed: i64, now: Time) -> Option<Value> {
        let spec = &self.job["spec"];
        let limit = spec["backoffLimit"].int_or(i64::MAX);
        let restarts: i64 = self
            .pods
            .iter()
            .filter(|p| matches!(pods::phase(p), "Running" | "Pending"))
            .flat_map(|p| {
                let s = &p["status"];
                s["initContainerStatuses"].items().iter().chain(s["containerStatuses"].items())
            })
            .map(|c| c["restartCount"].int())
            .sum();
        let restarted = spec["template"]["spec"]["restartPolicy"] == "OnFailure"
            && if limit == 0 { restarts > 0 } else { restarts >= limit };
        if failed > limit || restarted {
            let text = "Job has reached the specified backoff limit";
            return Some(condition("FailureTarget", "BackoffLimitExceeded", text, now));
        }
        let deadline = spec["activeDeadlineSeconds"].as_int().filter(|_| !is_suspended(&self.job));
        if let (Some(seconds), Some(start)) = (deadline, self.job["status"]["startTime"].time()) {
            let left = seconds * 1000 - now.since(start);
            if left <= 0 {
                let text = "Job was active longer than specified deadline";
                return Some(condition("FailureTarget", "DeadlineExceeded", text, now));
            }
            self.base.queue.add_after(self.key.clone(), 0, now, left);
        }
        None
    }

    fn evaluate_indexes(&mut self, completions: i64, now: Time) {
        let status = &self.job["status"];
        self.before_succeeded = Indexes::parse(status["completedIndexes"].text(), completions);
        let valid = |p: &Value| index_of(p).filter(|i| *i < completions && has_finalizer(p));
        let done: BTreeSet<i64> =
            self.pods.iter().filter(|p| pods::phase(p) == "Succeeded").filter_map(valid).collect();
        self.succeeded_indexes = self.before_succeeded.with(&done);
        self.succeeded = self.succeeded_indexes.total();
        if has_limit_per_index(&self.job) {
            let before = Indexes::parse(status["failedIndexes"].text(), completions);
            let limit = self.job["spec"]["backoffLimitPerIndex"].int();
            let failed = |p: &&Value| {
                is_failed(&self.job, p)
                    && match judge(&self.job, p) {
                        Verdict::FailIndex => true,
                        Verdict::Ignore => false,
                        _ => annotation_count(p, manage::FAILURE_COUNT) >= limit,
                    }
            };
            let lost: BTreeSet<i64> = self.pods.iter().filter(failed).filter_map(valid).collect();
            let lost = before.with(&lost);
            if self.finished.is_none() {
                let most = self.job["spec"]["maxFailedIndexes"].as_int();
                let message = if most.is_some_and(|m| lost.total() > m) {
                    Some((
                        "MaxFailedIndexesExceeded",
                        "Job has exceeded the specified maximal number of failed indexes",
                    ))
                } else if lost.total() > 0 && lost.total() + self.succeeded >= completions {
                    Some(("FailedIndexes", "Job has failed indexes"))
                } else {
                    None
                };
                self.finished = message.map(|(reason, text)| condition("FailureTarget", reason, text, now));
            }
            self.failed_indexes = Some(lost);
            self.find_delayed();
        }
        if self.finished.is_none()
            && let Some(text) = met_success_policy(&self.job, &self.succeeded_indexes)
        {
            self.finished = Some(condition("SuccessCriteriaMet", "SuccessPolicy", &text, now));
        }
    }

    fn run(&mut self) -> Result<(), Status> {
        let now = self.ctx.now;
        let satisfied = self.expectations.satisfied(&self.key, now);
        let before = self.job["status"].clone();
        let mut result = Ok(());
        let mut flush = false;
        if self.finished.is_some() {
            let active = self.active;
            let (deleted, error) = self.delete_active();
            result = error;
            if deleted != active || !satisfied {
                self.finished = None;
            }
        } else {
            let managed = satisfied && !self.job.is_terminating();
            if managed {
                result = self.manage();
            }
            let complete = match self.job["spec"]["completions"].as_int() {
                None => self.succeeded > 0 && self.active == 0,
                Some(n) => self.succeeded >= n && self.active == 0,
            };
            if complete {
                let text = "Reached expected number of succeeded pods";
                self.finished = Some(condition("SuccessCriteriaMet", "CompletionsReached", text, now));
            } else if managed {
                flush = self.tell_suspension();
            }
        }
        self.job.set_at(&["status", "ready"], self.ready);
        self.job.set_at(&["status", "terminating"], self.terminating);
        let mut status = self.job["status"].clone();
        set_count(&mut status, "active", self.active);
        self.job.set("status", status);
        let same = |f: &str| before[f] == self.job["status"][f];
        flush |= !same("active") || !same("ready") || !same("terminating");
        self.track_and_finish(flush)?;
        result
    }

    /// The Suspended condition with its events; true when it changed.
    fn tell_suspension(&mut self) -> bool {
        let now = self.ctx.now;
        let current = self.job.condition("Suspended").clone();
        let suspended = is_suspended(&self.job);
        let (status, reason, text) = if suspended {
            ("True", "JobSuspended", "Job suspended")
        } else {
            ("False", "JobResumed", "Job resumed")
        };
        if current["status"] == status || (current.is_null() && !suspended) {
            return false;
        }
        let mut new = condition("Suspended", reason, text, now);
        new.set("status", status);
        let mut all: Vec<Value> = self.job["status"]["conditions"].items().to_vec();
        match all.iter_mut().find(|c| c["type"] == "Suspended") {
            Some(c) => *c = new,
            None => all.push(new),
        }
        self.job.set_at(&["status", "conditions"], all);
        let job = self.job.clone();
        self.base.normal(self.ctx, &job, if suspended { "Suspended" } else { "Resumed" }, text);
        if !suspended {
            self.job.set_at(&["status", "startTime"], now.rfc3339());
        }
        true
    }
}

impl Controller for JobController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![JOBS, PODS]
    }

    fn concerns(&self, pod: &PodFacts<'_>) -> bool {
        pod.may_be_of(&JOBS.kind)
    }

    fn on_change(&mut self, change: &Change, caches: &Caches, now: Time) {
        if change.resource == PODS.id {
            self.on_pod(change, caches, now);
        } else {
            self.on_job(change, caches, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        if let Some(pod_key) = key.strip_prefix('!') {
            return self.release_orphan(pod_key, caches, ctx);
        }
        let Some(job) = caches.of_resource(JOBS).get(key) else { return Ok(()) };
        let managed_by = job["spec"]["managedBy"].as_str();
        if finished_condition(job).is_some()
            || managed_by.is_some_and(|m| m != "kubernetes.io/job-controller")
        {
            return Ok(());
        }
        for adopted in self.owners.adopt_orphans(job, caches, ctx, |_| true)? {
            let mut pod = adopted.clone();
            if !has_finalizer(&pod) {
                let mut all: Vec<Value> = pod.meta()["finalizers"].items().to_vec();
                all.push(FINALIZER.into());
                pod.set_at(&["metadata", "finalizers"], all);
                pod = ctx.update(PODS, pod)?;
            }
            self.track(&pod);
        }
        let mine = self.tracked.get(job.uid()).cloned().unwrap_or_default();
        let pods: Vec<Value> = mine.iter().filter_map(|k| caches.pods().get(k)).cloned().collect();
        self.base.visited += pods.len() as u64;
        let count = |f: &dyn Fn(&Value) -> bool| pods.iter().filter(|p| f(p)).count() as i64;
        let (active, terminating) = (count(&pods::is_active), count(&pods::is_terminating));
        let ready = count(&|p| pods::is_active(p) && pods::is_ready(p));
        let mut job = job.clone();
        if job["status"]["uncountedTerminatedPods"].is_null() {
            job.set_at(&["status", "uncountedTerminatedPods"], Value::map());
        }
        if job["status"]["startTime"].is_null() && !is_suspended(&job) {
            job.set_at(&["status", "startTime"], ctx.now.rfc3339());
        }
        let kept = self.backoff.get(key).copied().unwrap_or_default();
        let mut run = Run {
            base: &mut self.base,
            expectations: &mut self.expectations,
            released: &mut self.released,
            ctx,
            key: key.into(),
            job,
            pods,
            active,
            ready,
            terminating,
            succeeded: 0,
            finished: None,
            before_succeeded: Indexes::default(),
            succeeded_indexes: Indexes::default(),
            failed_indexes: None,
            delayed: BTreeMap::new(),
            backoff: kept,
        };
        run.evaluate(kept);
        let result = run.run();
        let backoff = run.backoff;
        if result.is_ok() {
            self.backoff.insert(key_of("", key), backoff);
        }
        result
    }
}
