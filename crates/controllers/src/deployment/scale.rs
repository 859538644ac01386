//! Scaling outside of a rollout's own steps: by hand, while paused, and in proportion while several sets run.
//!
//! Models `pkg/controller/deployment/sync.go`.

use ordered::Sort as _;
use std::cmp::Reverse;

use objects::resources::REPLICASETS;
use objects::{Status, Value};

use super::Rollout;
use super::arithmetic::{self, DESIRED_REPLICAS, annotation_count, max_surge, proportion, replicas};
use super::conditions;
use super::replica_sets::{active, has_deadline, revision, set_replicas_annotations, sort_by_creation};

impl Rollout<'_, '_, '_> {
    /// Pausing and resuming show in the Progressing condition, so that a pause does not count as no progress.
    pub(super) fn check_paused(&mut self) -> Result<(), Status> {
        if !has_deadline(&self.d) {
            return Ok(());
        }
        let reason = conditions::get(self.d.get("status"), "Progressing").map(|c| c["reason"].to_str());
        let reason = reason.unwrap_or_default();
        let (paused, said) = (self.d["spec"]["paused"].is_true(), reason == "DeploymentPaused");
        if reason == "ProgressDeadlineExceeded" || paused == said {
            return Ok(());
        }
        let (reason, message) = if paused {
            ("DeploymentPaused", "Deployment is paused")
        } else {
            ("DeploymentResumed", "Deployment is resumed")
        };
        self.set_condition("Progressing", "Unknown", reason, message);
        self.write_status()
    }

    /// True when an active ReplicaSet was last scaled for another number of replicas.
    pub(super) fn is_scaling_event(&mut self) -> Result<bool, Status> {
        let (new, mut all) = self.sync_revision(false)?;
        all.push(new);
        let desired = replicas(&self.d);
        Ok(active(&all).iter().any(|rs| annotation_count(rs, DESIRED_REPLICAS).is_some_and(|n| n != desired)))
    }

    pub(super) fn sync_scale(&mut self) -> Result<(), Status> {
        let (new, old) = self.sync_revision(false)?;
        self.scale(&new, &old)?;
        if self.d["spec"]["paused"].is_true() {
            self.clean_up(&old)?;
        }
        self.sync_status(&new, &old)
    }

    fn scale(&mut self, new: &Value, old: &[Value]) -> Result<(), Status> {
        let desired = replicas(&self.d);
        if let Some(rs) = active_or_latest(new, old) {
            if replicas(&rs) != desired {
                self.scale_replica_set(&rs, desired, false)?;
            }
            return Ok(());
        }
        if !new.is_null() && arithmetic::is_saturated(&self.d, new) {
            for rs in active(old) {
                self.scale_replica_set(&rs, 0, false)?;
            }
            return Ok(());
        }
        if !arithmetic::is_rolling(&self.d) {
            return Ok(());
        }
        let mut all = old.to_vec();
        all.push(new.clone());
        let mut all = active(&all);
        let allowed = if desired > 0 { desired + max_surge(&self.d) } else { 0 };
        let to_add = allowed - arithmetic::sum(&all, replicas);
        // The largest first; of one size the newer when there is more to give, else the older.
        sort_by_creation(&mut all);
        if to_add > 0 {
            all.reverse();
        }
        all.arrange_by_key(|rs| Reverse(replicas(rs)));
        let mut added = 0;
        let mut sizes: Vec<i64> = Vec::with_capacity(all.len());
        for rs in &all {
            let share = proportion(rs, &self.d, to_add, added);
            sizes.push(replicas(rs) + share);
            added += share;
        }
        if to_add != 0 {
            sizes[0] = (sizes[0] + to_add - added).max(0);
        }
        for (rs, n) in all.iter().zip(sizes) {
            self.scale_replica_set(rs, n, true)?;
        }
        Ok(())
    }

    /// Sets the size of `rs` and the annotations that go with it. With `force` also when only those differ.
    /// Returns whether the size changed, and the ReplicaSet as stored.
    pub(super) fn scale_replica_set(
        &mut self,
        rs: &Value,
        n: i64,
        force: bool,
    ) -> Result<(bool, Value), Status> {
        let before = replicas(rs);
        if !force && before == n {
            return Ok((false, rs.clone()));
        }
        let mut next = rs.clone();
        let annotated = set_replicas_annotations(&mut next, &self.d);
        if before == n && !annotated {
            return Ok((false, rs.clone()));
        }
        next.set_at(&["spec", "replicas"], n);
        let stored = self.ctx.update(REPLICASETS, next)?;
        if let Some(mine) = self.all.iter_mut().find(|x| x.uid() == stored.uid()) {
            *mine = stored.clone();
        }
        if before != n {
            let way = if before < n { "up" } else { "down" };
            let message = format!("Scaled {way} replica set {} from {before} to {n}", stored.name());
            let d = self.d.clone();
            self.base.normal(self.ctx, &d, "ScalingReplicaSet", &message);
        }
        Ok((before != n, stored))
    }

    /// Deletes the oldest empty ReplicaSets beyond the history limit.
    pub(super) fn clean_up(&mut self, old: &[Value]) -> Result<(), Status> {
        let Some(limit) = self.d["spec"]["revisionHistoryLimit"].as_int() else { return Ok(()) };
        if limit == i64::from(i32::MAX) {
            return Ok(());
        }
        let mut cleanable: Vec<Value> = old.iter().filter(|rs| !rs.is_terminating()).cloned().collect();
        let surplus = cleanable.len() as i64 - limit;
        if surplus <= 0 {
            return Ok(());
        }
        sort_by_creation(&mut cleanable);
        cleanable.arrange_by_key(|rs| revision(rs).unwrap_or(0));
        for rs in cleanable.iter().take(surplus as usize) {
            let status = &rs["status"];
            if status["replicas"].int() != 0
                || replicas(rs) != 0
                || rs.generation() > status["observedGeneration"].int()
            {
                continue;
            }
            match self.ctx.delete(REPLICASETS, rs.namespace(), rs.name(), None, None, None) {
                Err(e) if e.reason != objects::Reason::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The only active ReplicaSet, or the newest when none is; `None` when several are.
fn active_or_latest(new: &Value, old: &[Value]) -> Option<Value> {
    let mut all = old.to_vec();
    sort_by_creation(&mut all);
    let newest = all.last().cloned();
    if !new.is_null() {
        all.push(new.clone());
    }
    let running = active(&all);
    match running.len() {
        0 if !new.is_null() => Some(new.clone()),
        0 => newest,
        1 => running.into_iter().next(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn the_one_to_scale() {
        let rs = |name: &str, n: i64, at: &str| value!({"metadata": {"name": (name), "creationTimestamp": (at)}, "spec": {"replicas": (n)}});
        let (a, b) = (rs("a", 0, "2026-01-01T00:00:00Z"), rs("b", 0, "2026-01-02T00:00:00Z"));
        let busy = rs("c", 3, "2026-01-01T00:00:01Z");
        let one = |new: &Value, old: &[Value]| {
            active_or_latest(new, old).map(|x| x.name().to_owned()).unwrap_or_default()
        };
        assert_eq!(one(&Value::Null, &[]), "");
        assert_eq!(one(&Value::Null, &[b.clone(), a.clone()]), "b");
        assert_eq!(one(&a, std::slice::from_ref(&b)), "a");
        assert_eq!(one(&a, &[b.clone(), busy.clone()]), "c");
        assert_eq!(one(&rs("n", 1, "2026-01-03T00:00:00Z"), &[busy, a, b]), "");
    }
}
