//! Recreate: all old pods go before the first new one comes.
//!
//! Models `pkg/controller/deployment/recreate.go`.

use objects::{Status, Value};

use super::Rollout;
use super::arithmetic::{replicas, sum};
use super::progress::is_complete;
use super::replica_sets::active;
use crate::pods;

impl Rollout<'_, '_, '_> {
    pub(super) fn roll_out_recreate(&mut self) -> Result<(), Status> {
        let (mut new, mut old) = self.sync_revision(false)?;
        let mut scaled = false;
        for rs in active(&old) {
            scaled |= self.scale_replica_set(&rs, 0, false)?.0;
        }
        if scaled || self.old_pods_run(&new, &old) {
            return self.sync_rollout_status(&new, &old);
        }
        if new.is_null() {
            (new, old) = self.sync_revision(true)?;
        }
        let desired = replicas(&self.d);
        self.scale_replica_set(&new, desired, false)?;
        if is_complete(&self.d, self.d.get("status")) {
            self.clean_up(&old)?;
        }
        self.sync_rollout_status(&new, &old)
    }

    fn old_pods_run(&mut self, new: &Value, old: &[Value]) -> bool {
        if sum(old, |rs| rs["status"]["replicas"].int()) > 0 {
            return true;
        }
        self.all
            .iter()
            .filter(|rs| rs.uid() != new.uid())
            .any(|rs| self.caches.pods().controlled_by(rs.uid()).any(|pod| !pods::is_terminal(pod)))
    }
}
