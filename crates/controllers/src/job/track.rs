//! Counting ended pods exactly once, and ending the Job.
//!
//! A pod keeps a finalizer until it is in the status: first its uid is written among the uncounted, then the finalizer
//! is taken off, then it is counted. A crash between any two of these loses or repeats nothing.
//! Models `trackJobStatusAndRemoveFinalizers` of `pkg/controller/job/job_controller.go`.

use ordered::BTreeSet;
use ordered::Sort as _;

use objects::resources::JOBS;
use objects::{Status, Str, Value};

use super::policy::{Verdict, is_failed, judge};
use super::{Run, condition, has_limit_per_index, index_of, is_indexed, remove_finalizer};
use crate::controller::{internal, set_count, set_or_remove};
use crate::pods;

/// So many pods are counted in one sync.
const MAX_UNCOUNTED: usize = 500;

impl Run<'_, '_> {
    pub(super) fn track_and_finish(&mut self, mut flush: bool) -> Result<(), Status> {
        let mut held: BTreeSet<Str> =
            self.pods.iter().filter(|p| self.is_uncounted(p)).map(|p| p.uid().into()).collect();
        flush |= self.count_released(&held);
        let (to_release, full) = self.collect(&mut flush);
        if is_indexed(&self.job) {
            flush |= self.write_indexes();
        }
        flush |= self.announce_end();
        if flush {
            self.write("adding uncounted pods to status")?;
            flush = false;
        }
        let mut error = None;
        for pod in &to_release {
            self.released.insert(pod.uid().into());
            match remove_finalizer(pod, self.ctx) {
                Ok(()) => {
                    held.remove(pod.uid());
                }
                Err(e) => {
                    self.released.remove(pod.uid());
                    error = Some(e);
                }
            }
        }
        flush |= self.count_released(&held);
        if let Some(e) = error {
            if flush {
                self.write("removing uncounted pods from status")?;
            }
            return Err(e);
        }
        let ended = !full && self.enact_end();
        if flush || ended {
            self.write("removing uncounted pods from status")?;
        }
        if ended {
            self.tell_end();
        }
        Ok(())
    }

    /// The pods to count now; their uids go among the uncounted.
    fn collect(&mut self, flush: &mut bool) -> (Vec<Value>, bool) {
        let completions = self.job["spec"]["completions"].int();
        let (mut ok, mut bad) = (self.uncounted("succeeded"), self.uncounted("failed"));
        let mut done: BTreeSet<i64> = BTreeSet::new();
        let mut to_release = Vec::new();
        let mut full = false;
        let failed_end = self.finished.as_ref().is_some_and(|c| c["type"] != "SuccessCriteriaMet");
        let mut order: Vec<&Value> = self.pods.iter().filter(|p| self.is_uncounted(p)).collect();
        if is_indexed(&self.job) {
            order.arrange_by_key(|p| index_of(p));
        }
        for pod in order {
            let failed = is_failed(&self.job, pod);
            let succeeded = pods::phase(pod) == "Succeeded";
            let over = self.job.is_terminating() || self.finished.is_some();
            if !(over || succeeded || (failed && !self.is_delayed(pod))) {
                continue;
            }
            to_release.push(pod.clone());
            let uid: Str = pod.uid().into();
            let index = index_of(pod).filter(|i| *i < completions);
            if succeeded && !bad.contains(&uid) {
                if !is_indexed(&self.job) {
                    if !ok.contains(&uid) {
                        ok.push(uid);
                        *flush = true;
                    }
                } else if let Some(i) = index.filter(|i| !self.before_succeeded.has(*i)) {
                    done.insert(i);
                    *flush = true;
                }
            } else if (failed || failed_end)
                && !bad.contains(&uid)
                && (!is_indexed(&self.job) || index.is_some())
                && judge(&self.job, pod) != Verdict::Ignore
            {
                bad.push(uid);
                *flush = true;
            }
            if done.len() + ok.len() + bad.len() >= MAX_UNCOUNTED {
                full = true;
                break;
            }
        }
        self.succeeded_indexes = self.before_succeeded.with(&done).merged(&self.succeeded_indexes);
        self.set_uncounted(&ok, &bad);
        (to_release, full)
    }

    fn is_delayed(&self, pod: &Value) -> bool {
        has_limit_per_index(&self.job)
            && index_of(pod).and_then(|i| self.delayed.get(&i)).is_some_and(|p| p.uid() == pod.uid())
    }

    fn set_uncounted(&mut self, ok: &[Str], bad: &[Str]) {
        let mut both = Value::map();
        for (name, list) in [("succeeded", ok), ("failed", bad)] {
            set_or_remove(&mut both, name, list.to_vec().into());
        }
        self.job.set_at(&["status", "uncountedTerminatedPods"], both);
    }

    /// Counts the uncounted whose finalizer is off; true when there were some.
    fn count_released(&mut self, held: &BTreeSet<Str>) -> bool {
        let mut changed = false;
        let mut left: Vec<Vec<Str>> = Vec::new();
        for name in ["succeeded", "failed"] {
            let all = self.uncounted(name);
            let (keep, counted): (Vec<Str>, Vec<Str>) = all.into_iter().partition(|uid| held.contains(uid));
            if !counted.is_empty() {
                let n = self.job["status"][name].int() + counted.len() as i64;
                let mut status = self.job["status"].clone();
                set_count(&mut status, name, n);
                self.job.set("status", status);
                changed = true;
            }
            left.push(keep);
        }
        if changed {
            self.set_uncounted(&left[0], &left[1]);
        }
        changed
    }

    fn write_indexes(&mut self) -> bool {
        let mut status = self.job["status"].clone();
        set_count(&mut status, "succeeded", self.succeeded_indexes.total());
        let text = self.succeeded_indexes.to_string();
        let mut changed = status["completedIndexes"].text() != text;
        set_or_remove(&mut status, "completedIndexes", text.into());
        if let Some(failed) = &self.failed_indexes {
            let text = failed.to_string();
            changed |= status["failedIndexes"].as_str() != Some(text.as_str());
            status.set("failedIndexes", text);
        }
        self.job.set("status", status);
        changed
    }

    /// Writes down why the Job ends before its pods are let go; from then on it is the final condition that waits.
    fn announce_end(&mut self) -> bool {
        let now = self.ctx.now;
        let Some(end) = self.finished.clone() else { return false };
        let (reason, message) = (end["reason"].text(), end["message"].text());
        let (last, announced) = match end["type"].text() {
            "FailureTarget" => ("Failed", false),
            "SuccessCriteriaMet" => ("Complete", self.job.condition_true("SuccessCriteriaMet")),
            _ => return false,
        };
        self.finished = Some(condition(last, reason, message, now));
        if !announced {
            self.add_condition(end);
        }
        !announced
    }

    fn add_condition(&mut self, new: Value) {
        let mut all: Vec<Value> = self.job["status"]["conditions"].items().to_vec();
        all.retain(|c| c["type"] != new["type"]);
        all.push(new);
        self.job.set_at(&["status", "conditions"], all);
    }

    /// Adds the final condition once all pods are counted and gone.
    fn enact_end(&mut self) -> bool {
        let Some(end) = self.finished.clone() else { return false };
        if !self.job["status"]["uncountedTerminatedPods"].is_zero() || self.terminating > 0 {
            return false;
        }
        if end["type"] == "Complete" {
            self.job.set_at(&["status", "completionTime"], &end["lastTransitionTime"]);
        }
        self.add_condition(end);
        true
    }

    fn tell_end(&mut self) {
        let Some(end) = self.finished.clone() else { return };
        let job = self.job.clone();
        if end["type"] == "Complete" {
            if job["spec"]["completions"].as_int().is_some_and(|n| job["status"]["succeeded"].int() > n) {
                let text = "Too many succeeded pods running after completion count reached";
                self.base.warning(self.ctx, &job, "TooManySucceededPods", text);
            }
            self.base.normal(self.ctx, &job, "Completed", "Job completed");
        } else {
            self.base.warning(self.ctx, &job, end["reason"].text(), end["message"].text());
        }
    }

    fn write(&mut self, what: &str) -> Result<(), Status> {
        let stored = self
            .ctx
            .update_status(JOBS, self.job.clone())
            .map_err(|e| internal(format!("tracking status: {what}: {e}")))?;
        let version = stored.meta()["resourceVersion"].clone();
        self.job.set_at(&["metadata", "resourceVersion"], version);
        Ok(())
    }
}
