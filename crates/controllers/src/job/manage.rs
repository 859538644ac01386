//! How many pods of a Job should run, and making it so.
//!
//! Models `manageJob` of `pkg/controller/job/job_controller.go` and indexed_job_utils.go.

use ordered::Sort as _;
use ordered::{BTreeMap, BTreeSet};
use std::cmp::Reverse;

use objects::resources::JOBS;
use objects::{Reason, Status, Value, value};

use super::policy::{Backoff, Verdict, finished_at, is_failed, judge, replaces_failed_only};
use super::{
    FINALIZER, INDEX, Run, annotation_count, has_limit_per_index, index_of, is_indexed, is_suspended,
    remove_finalizer,
};
use crate::controller::is_namespace_terminating;
use crate::pod_control::{create_this_pod, delete_pod, pod_from_template};
use crate::pods;

pub(super) const FAILURE_COUNT: &str = "batch.kubernetes.io/job-index-failure-count";
const IGNORED_COUNT: &str = "batch.kubernetes.io/job-index-ignored-failure-count";
/// At most this many pods are created or deleted in one sync.
const MAX_PER_SYNC: i64 = 500;
const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";

impl Run<'_, '_> {
    fn active_pods(&self) -> Vec<Value> {
        self.pods.iter().filter(|p| pods::is_active(p)).cloned().collect()
    }

    /// Deletes all active pods, leaving their finalizers to be counted. Returns how many it deleted.
    pub(super) fn delete_active(&mut self) -> (i64, Result<(), Status>) {
        let (mut deleted, mut result) = (0, Ok(()));
        for pod in self.active_pods() {
            let job = self.job.clone();
            match delete_pod(self.base, self.ctx, &pod, &job) {
                Err(e) if e.reason != Reason::NotFound => result = Err(e),
                _ => {
                    deleted += 1;
                    self.ready -= i64::from(pods::is_ready(&pod));
                }
            }
        }
        self.active -= deleted;
        self.terminating += deleted;
        (deleted, result)
    }

    /// Deletes these pods; they count for nothing.
    fn delete(&mut self, victims: &[Value]) -> Result<(), Status> {
        let keys = victims.iter().map(Value::key);
        self.expectations.expect_deletions(&self.key, keys, self.ctx.now);
        let mut result = Ok(());
        for pod in victims {
            let job = self.job.clone();
            let done =
                remove_finalizer(pod, self.ctx).and_then(|()| delete_pod(self.base, self.ctx, pod, &job));
            if let Err(e) = done {
                self.expectations.deletion_observed(&self.key, &pod.key());
                if e.reason != Reason::NotFound {
                    result = Err(e);
                    continue;
                }
            }
            self.active -= 1;
            self.terminating += 1;
            self.ready -= i64::from(pods::is_ready(pod));
        }
        result
    }

    pub(super) fn manage(&mut self) -> Result<(), Status> {
        if is_suspended(&self.job) {
            let all = self.active_pods();
            return if all.is_empty() { Ok(()) } else { self.delete(&all) };
        }
        let spec = &self.job["spec"];
        let parallelism = spec["parallelism"].int_or(1);
        let wanted = match spec["completions"].as_int() {
            // Any success means no more pods; those that run may end.
            None if self.succeeded > 0 => self.active,
            None => parallelism,
            Some(n) => (n - self.succeeded).min(parallelism).max(0),
        };
        let mut victims = self.to_remove((self.active - wanted).max(0) as usize);
        victims.truncate(MAX_PER_SYNC as usize);
        if !victims.is_empty() {
            return self.delete(&victims);
        }
        let terminating = if replaces_failed_only(&self.job) { self.terminating } else { 0 };
        let missing = wanted - terminating - self.active;
        if missing > 0 { self.create(missing) } else { Ok(()) }
    }

    /// Pods that are one too many: repeated or impossible indexes, then the least advanced ones.
    fn to_remove(&self, at_least: usize) -> Vec<Value> {
        let mut left = self.active_pods();
        let mut gone: Vec<Value> = Vec::new();
        // The one to keep of several comes last.
        let sort = |list: &mut Vec<Value>| {
            list.arrange_by_key(|p| {
                let phase = match pods::phase(p) {
                    "Running" => 2,
                    "Unknown" => 1,
                    _ => 0,
                };
                let bound = !p["spec"]["nodeName"].is_zero();
                let ready = pods::is_ready(p);
                (
                    bound,
                    phase,
                    ready,
                    Reverse(pods::ready_since(p)),
                    Reverse(pods::max_restarts(p)),
                    Reverse(p.created()),
                )
            });
        };
        if is_indexed(&self.job) {
            let n = self.job["spec"]["completions"].int();
            let mut by_index: BTreeMap<i64, Vec<Value>> = BTreeMap::new();
            for pod in std::mem::take(&mut left) {
                match index_of(&pod).filter(|i| *i < n) {
                    Some(i) => by_index.entry(i).or_default().push(pod),
                    None => gone.push(pod),
                }
            }
            for mut same in by_index.into_values() {
                sort(&mut same);
                left.extend(same.pop());
                gone.extend(same);
            }
        }
        if gone.len() < at_least {
            sort(&mut left);
            let n = at_least - gone.len();
            gone.extend(left.into_iter().take(n));
        }
        gone
    }

    fn create(&mut self, missing: i64) -> Result<(), Status> {
        let now = self.ctx.now;
        if !has_limit_per_index(&self.job) {
            let wait = self.backoff.remaining(now);
            if wait > 0 {
                self.base.queue.add_after(self.key.clone(), 0, now, wait);
                self.active = 0;
                return Ok(());
            }
        }
        let mut n = missing.min(MAX_PER_SYNC);
        let mut indexes = Vec::new();
        if is_indexed(&self.job) {
            indexes = self.pending_indexes(n as usize);
            if has_limit_per_index(&self.job) {
                let wait = |i: &i64| self.delayed.get(i).map_or(0, |p| index_backoff(p).remaining(now));
                let soonest = indexes.iter().map(wait).filter(|w| *w > 0).min();
                let ready: Vec<i64> = indexes.iter().copied().filter(|i| wait(i) == 0).collect();
                if let (true, Some(soonest)) = (ready.is_empty(), soonest) {
                    self.base.queue.add_after(self.key.clone(), 0, now, soonest);
                    self.active = 0;
                    return Ok(());
                }
                indexes = ready;
            }
            n = indexes.len() as i64;
        }
        self.expectations.expect_creations(&self.key, n, now);
        let (mut at, mut batch) = (0, 1.min(n));
        let mut result = Ok(());
        while batch > 0 && result.is_ok() {
            for i in at..at + batch {
                let pod = self.new_pod(indexes.get(i as usize).copied());
                let job = self.job.clone();
                match create_this_pod(self.base, self.ctx, pod, &job) {
                    Ok(_) => self.active += 1,
                    Err(e) => {
                        self.expectations.creation_observed(&self.key);
                        if !is_namespace_terminating(&e) {
                            result = Err(e);
                        }
                    }
                }
            }
            at += batch;
            batch = (batch * 2).min(n - at);
        }
        for _ in at..n {
            self.expectations.creation_observed(&self.key);
        }
        result
    }

    /// The first `n` indexes that are neither done nor failed nor at work.
    fn pending_indexes(&self, n: usize) -> Vec<i64> {
        let busy =
            |p: &&Value| pods::is_active(p) || (replaces_failed_only(&self.job) && pods::is_terminating(p));
        let at_work: BTreeSet<i64> = self.pods.iter().filter(busy).filter_map(index_of).collect();
        let mut taken = self.succeeded_indexes.with(&at_work);
        if let Some(failed) = &self.failed_indexes {
            taken = taken.merged(failed);
        }
        taken.missing(n, self.job["spec"]["completions"].int())
    }

    fn new_pod(&self, index: Option<i64>) -> Value {
        let template = &self.job["spec"]["template"];
        let mut pod = pod_from_template(template, &self.job, JOBS);
        let mut finalizers: Vec<Value> = pod.meta()["finalizers"].items().to_vec();
        if !finalizers.iter().any(|f| *f == FINALIZER) {
            finalizers.push(FINALIZER.into());
        }
        pod.set_at(&["metadata", "finalizers"], finalizers);
        let Some(index) = index else { return pod };
        let name = self.job.name();
        pod.set_at(&["metadata", "annotations", INDEX], index.to_string());
        pod.set_at(&["metadata", "labels", INDEX], index.to_string());
        let suffix = format!("-{index}-");
        let room = 58usize.saturating_sub(suffix.len());
        pod.set_at(&["metadata", "generateName"], format!("{}{suffix}", name.get(..room).unwrap_or(name)));
        pod.set_at(&["spec", "hostname"], format!("{name}-{index}"));
        for list in ["initContainers", "containers"] {
            if let Some(Value::List(containers)) = pod.find_mut(&["spec", list]) {
                for c in containers.to_mut() {
                    add_index_variable(c);
                }
            }
        }
        if has_limit_per_index(&self.job) {
            let (mut failed, mut ignored) = (0, 0);
            if let Some(before) = self.delayed.get(&index) {
                (failed, ignored) =
                    (annotation_count(before, FAILURE_COUNT), annotation_count(before, IGNORED_COUNT));
                if judge(&self.job, before) == Verdict::Ignore { ignored += 1 } else { failed += 1 }
            }
            pod.set_at(&["metadata", "annotations", FAILURE_COUNT], failed.to_string());
            if ignored > 0 {
                pod.set_at(&["metadata", "annotations", IGNORED_COUNT], ignored.to_string());
            }
        }
        pod
    }

    /// The last failed pod of each index that has no successor yet.
    pub(super) fn find_delayed(&mut self) {
        let at_work: BTreeSet<i64> = self.active_pods().iter().filter_map(index_of).collect();
        let n = self.job["spec"]["completions"].int();
        for pod in &self.pods {
            let Some(i) = index_of(pod).filter(|i| *i < n) else { continue };
            let over = self.succeeded_indexes.has(i)
                || self.failed_indexes.as_ref().is_some_and(|f| f.has(i))
                || at_work.contains(&i);
            if over || !self.is_uncounted(pod) || !is_failed(&self.job, pod) {
                continue;
            }
            let rank = |p: &Value| (failures_so_far(p), finished_at(p));
            if self.delayed.get(&i).is_none_or(|known| rank(known) <= rank(pod)) {
                self.delayed.insert(i, pod.clone());
            }
        }
    }
}

fn failures_so_far(pod: &Value) -> i64 {
    annotation_count(pod, FAILURE_COUNT) + annotation_count(pod, IGNORED_COUNT)
}

fn index_backoff(last_failed: &Value) -> Backoff {
    Backoff { failures: failures_so_far(last_failed) as u32 + 1, last: Some(finished_at(last_failed)) }
}

fn add_index_variable(container: &mut Value) {
    let mut all: Vec<Value> = container["env"].items().to_vec();
    if all.iter().any(|v| v["name"] == INDEX_VARIABLE) {
        return;
    }
    let path = format!("metadata.labels['{INDEX}']");
    all.push(value!({"name": (INDEX_VARIABLE), "valueFrom": {"fieldRef": {"fieldPath": (path)}}}));
    container.set("env", all);
}
