//! The status of a Deployment, and whether its rollout gets on.
//!
//! Models `pkg/controller/deployment/progress.go` and `calculateStatus` of sync.go.

use objects::text::joined;
use objects::{Status, Value};

use super::arithmetic::{available, max_unavailable, replicas, sum};
use super::replica_sets::has_deadline;
use super::{Rollout, conditions};
use crate::controller::{set_count, set_number};

/// True when all wanted replicas are new and available and no old one is left.
pub(super) fn is_complete(d: &Value, status: &Value) -> bool {
    let n = replicas(d);
    ["updatedReplicas", "replicas", "availableReplicas"].iter().all(|f| status[*f].int() == n)
        && status["observedGeneration"].int() >= d.generation()
}

/// True when `new` is nearer to the goal than `old` was.
fn is_progressing(old: &Value, new: &Value) -> bool {
    let outdated = |s: &Value| s["replicas"].int() - s["updatedReplicas"].int();
    let more = |f: &str| new[f].int() > old[f].int();
    more("updatedReplicas")
        || outdated(new) < outdated(old)
        || more("readyReplicas")
        || more("availableReplicas")
}

impl Rollout<'_, '_, '_> {
    fn calculate_status(&self, new: &Value, old: &[Value]) -> Value {
        let all = || old.iter().chain((!new.is_null()).then_some(new));
        let field = |name: &'static str| move |rs: &Value| rs["status"][name].int();
        let ready_for_use = sum(all(), available);
        let mut status = self.d.get("status").clone();
        set_count(&mut status, "observedGeneration", self.d.generation());
        set_count(&mut status, "replicas", sum(all(), field("replicas")));
        set_count(&mut status, "updatedReplicas", new["status"]["replicas"].int());
        set_count(&mut status, "readyReplicas", sum(all(), field("readyReplicas")));
        set_count(&mut status, "availableReplicas", ready_for_use);
        set_count(&mut status, "unavailableReplicas", (sum(all(), replicas) - ready_for_use).max(0));
        // A set that was synced but does not tell makes the sum unknown.
        let untold = |rs: &Value| {
            rs["status"]["terminatingReplicas"].is_null() && rs["status"]["observedGeneration"].int() != 0
        };
        if all().any(untold) {
            status.remove("terminatingReplicas");
        } else {
            set_number(&mut status, "terminatingReplicas", sum(all(), field("terminatingReplicas")));
        }
        let (state, reason, message) = if ready_for_use >= replicas(&self.d) - max_unavailable(&self.d) {
            ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        };
        if !conditions::holds(&status, "Available", state, reason) {
            let condition = conditions::new("Available", state, reason, message, self.ctx.now);
            conditions::set(&mut status, condition);
        }
        status
    }

    /// Writes the status without judging progress.
    pub(super) fn sync_status(&mut self, new: &Value, old: &[Value]) -> Result<(), Status> {
        let status = self.calculate_status(new, old);
        if *self.d.get("status") == status {
            return Ok(());
        }
        self.d.set("status", status);
        self.write_status()
    }

    /// Writes the status with what it says of the rollout's progress; plans a look at the deadline.
    pub(super) fn sync_rollout_status(&mut self, new: &Value, old: &[Value]) -> Result<(), Status> {
        let mut status = self.calculate_status(new, old);
        if !has_deadline(&self.d) {
            conditions::remove(&mut status, "Progressing");
        }
        let current = conditions::get(self.d.get("status"), "Progressing").cloned();
        let settled = status["replicas"].int() == status["updatedReplicas"].int()
            && current.as_ref().is_some_and(|c| c["reason"] == "NewReplicaSetAvailable");
        if has_deadline(&self.d) && !settled {
            self.judge_progress(&mut status, new, current.as_ref());
        }
        match replica_failure(new, old) {
            Some(condition) => conditions::set(&mut status, condition),
            None => conditions::remove(&mut status, "ReplicaFailure"),
        }
        if *self.d.get("status") == status {
            self.plan_progress_check(&status);
            return Ok(());
        }
        self.d.set("status", status);
        self.write_status()
    }

    fn judge_progress(&self, status: &mut Value, new: &Value, current: Option<&Value>) {
        let (kind, name) =
            if new.is_null() { ("Deployment", self.d.name()) } else { ("ReplicaSet", new.name()) };
        let condition = |state: &str, reason: &str, text: &str| {
            let message = joined(&[kind, " \"", name, "\" ", text]);
            conditions::new("Progressing", state, reason, &message, self.ctx.now)
        };
        if is_complete(&self.d, status) {
            let c = condition("True", "NewReplicaSetAvailable", "has successfully progressed.");
            conditions::set(status, c);
        } else if is_progressing(self.d.get("status"), status) {
            // The one condition whose update time moves although status and reason stay: it shows progress.
            let mut c = condition("True", "ReplicaSetUpdated", "is progressing.");
            if let Some(current) = current.filter(|c| c["status"] == "True") {
                c.set("lastTransitionTime", &current["lastTransitionTime"]);
            }
            conditions::put_last(status, c);
        } else if self.timed_out(status) {
            let c = condition("False", "ProgressDeadlineExceeded", "has timed out progressing.");
            conditions::set(status, c);
        }
    }

    fn timed_out(&self, status: &Value) -> bool {
        let Some(c) = conditions::get(status, "Progressing") else { return false };
        match c["reason"].text() {
            "NewReplicaSetAvailable" => false,
            "ProgressDeadlineExceeded" => true,
            _ => {
                let deadline = self.d["spec"]["progressDeadlineSeconds"].int() * 1000;
                c["lastUpdateTime"].time().is_some_and(|t| t + deadline < self.ctx.now)
            }
        }
    }

    fn plan_progress_check(&mut self, status: &Value) {
        let Some(c) = conditions::get(self.d.get("status"), "Progressing") else { return };
        // A rollout that was finished can't time out any more, whatever its pods do later.
        let over = matches!(c["reason"].text(), "ProgressDeadlineExceeded" | "NewReplicaSetAvailable");
        if !has_deadline(&self.d) || is_complete(&self.d, status) || over {
            return;
        }
        let Some(updated) = c["lastUpdateTime"].time() else { return };
        let due = updated + self.d["spec"]["progressDeadlineSeconds"].int() * 1000;
        let after = due.since(self.ctx.now);
        if after < 1000 {
            self.base.queue.add_rate_limited(self.key.clone(), 0, self.ctx.now);
        } else {
            self.base.queue.add_after(self.key.clone(), 0, self.ctx.now, after + 1000);
        }
    }
}

/// The failure a ReplicaSet reports, as a condition of the Deployment; the new set's before the others'.
fn replica_failure(new: &Value, old: &[Value]) -> Option<Value> {
    let failing = std::iter::once(new).chain(old).find(|rs| !rs.condition("ReplicaFailure").is_null())?;
    let mut condition = failing.condition("ReplicaFailure").clone();
    let at = condition["lastTransitionTime"].clone();
    condition.set("lastUpdateTime", at);
    Some(condition)
}
