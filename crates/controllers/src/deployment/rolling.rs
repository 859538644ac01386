//! A rolling update: the new set grows as far as surge allows, the old ones shrink as far as availability does.
//!
//! Models `pkg/controller/deployment/rolling.go`.

use objects::{Status, Value};

use super::Rollout;
use super::arithmetic::{available, max_unavailable, new_rs_replicas, replicas, sum};
use super::progress::is_complete;
use super::replica_sets::{active, sort_by_creation};

impl Rollout<'_, '_, '_> {
    pub(super) fn roll_out_rolling(&mut self) -> Result<(), Status> {
        let (new, old) = self.sync_revision(true)?;
        if self.reconcile_new(&new, &old)? {
            return self.sync_rollout_status(&new, &old);
        }
        if self.reconcile_old(&new, &old) {
            return self.sync_rollout_status(&new, &old);
        }
        if is_complete(&self.d, self.d.get("status")) {
            self.clean_up(&old)?;
        }
        self.sync_rollout_status(&new, &old)
    }

    fn reconcile_new(&mut self, new: &Value, old: &[Value]) -> Result<bool, Status> {
        let (desired, current) = (replicas(&self.d), replicas(new));
        let n = match current.cmp(&desired) {
            std::cmp::Ordering::Equal => return Ok(false),
            std::cmp::Ordering::Greater => desired,
            std::cmp::Ordering::Less => new_rs_replicas(&self.d, sum(old, replicas) + current, current),
        };
        Ok(self.scale_replica_set(new, n, false)?.0)
    }

    /// True when an old ReplicaSet was scaled down. A failed write is left to the next sync.
    fn reconcile_old(&mut self, new: &Value, old: &[Value]) -> bool {
        let mut old = active(old);
        if old.is_empty() {
            return false;
        }
        let min_available = replicas(&self.d) - max_unavailable(&self.d);
        let new_unavailable = replicas(new) - available(new);
        let total = sum(&old, replicas) + replicas(new);
        let most = total - min_available - new_unavailable;
        if most <= 0 {
            return false;
        }
        sort_by_creation(&mut old);
        let Ok(cleaned) = self.clean_up_unhealthy(&mut old, most) else { return false };
        let Ok(scaled) = self.scale_down_old(&old, new, min_available) else { return false };
        cleaned + scaled > 0
    }

    /// Takes replicas that are not available from the old sets first: that costs no availability.
    fn clean_up_unhealthy(&mut self, old: &mut [Value], most: i64) -> Result<i64, Status> {
        let mut done = 0;
        for rs in old {
            let (size, healthy) = (replicas(rs), available(rs));
            if done >= most {
                break;
            }
            if size == 0 || size == healthy {
                continue;
            }
            let n = (most - done).min(size - healthy);
            if n < 0 {
                // More are available than wanted: the last scaling down is still under way.
                return Err(crate::controller::internal("invalid request to scale down"));
            }
            *rs = self.scale_replica_set(rs, size - n, false)?.1;
            done += n;
        }
        Ok(done)
    }

    fn scale_down_old(&mut self, old: &[Value], new: &Value, min_available: i64) -> Result<i64, Status> {
        let spare = sum(old, available) + available(new) - min_available;
        let mut done = 0;
        for rs in old {
            if done >= spare {
                break;
            }
            let n = replicas(rs).min(spare - done);
            if n > 0 {
                self.scale_replica_set(rs, replicas(rs) - n, false)?;
                done += n;
            }
        }
        Ok(done)
    }
}
