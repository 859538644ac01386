//! The TTL controller: deletes finished Jobs when their `ttlSecondsAfterFinished` is over.
//!
//! Models `pkg/controller/ttlafterfinished`.

use client::{Change, Ctx, Propagation};
use clock::Time;
use objects::resources::{JOBS, Resource};
use objects::{Reason, Status, Value};

use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};
use crate::job::finished_condition;

#[derive(Clone, Debug)]
pub struct TtlAfterFinishedController {
    pub base: Base,
}

impl Default for TtlAfterFinishedController {
    fn default() -> Self {
        Self::new()
    }
}

/// When the Job is to go; `None` when it is not finished or has no TTL.
fn expires_at(job: &Value) -> Option<Time> {
    let ttl = job["spec"]["ttlSecondsAfterFinished"].as_int()?;
    let end = finished_condition(job)?["lastTransitionTime"].time()?;
    (!job.is_terminating()).then(|| end + ttl * 1000)
}

impl TtlAfterFinishedController {
    #[must_use]
    pub fn new() -> Self {
        Self { base: Base::with_account("ttl-after-finished-controller", "ttl-after-finished-controller") }
    }
}

impl Controller for TtlAfterFinishedController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![JOBS]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if !change.is_deleted() && expires_at(&change.object).is_some() {
            self.base.queue.add(change.key(), change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(job) = caches.of_resource(JOBS).get(key) else { return Ok(()) };
        let Some(at) = expires_at(job) else { return Ok(()) };
        if at > ctx.now {
            self.base.queue.add_after(key, 0, ctx.now, at.since(ctx.now));
            return Ok(());
        }
        // The cache may be behind: only the latest TTL counts.
        let fresh = match ctx.get(JOBS, job.namespace(), job.name()) {
            Err(e) if e.reason == Reason::NotFound => return Ok(()),
            fresh => fresh?,
        };
        if expires_at(&fresh).is_none_or(|at| at > ctx.now) {
            return Ok(());
        }
        let foreground = Some(Propagation::Foreground);
        ctx.delete(JOBS, fresh.namespace(), fresh.name(), Some(fresh.uid()), None, foreground).map(|_| ())
    }
}
