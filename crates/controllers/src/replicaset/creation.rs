//! The creation of a sync's missing pods: in batches that double as long as none fails, and over several steps of the
//! event loop, so that no step takes long.
//!
//! Models slowStartBatch of `pkg/controller/replicaset`. All steps fall into the instant of the sync.

use client::Ctx;
use objects::resources::Resource;
use objects::{Status, Str, Value};

use crate::controller::{Base, is_namespace_terminating};
use crate::expectations::Expectations;
use crate::pod_control::{create_this_pod, pod_from_template};

/// How many pods one step creates.
const STEP: usize = 32;

#[derive(Clone, Debug)]
pub(super) struct Creation {
    pub(super) key: Str,
    /// The replica set as the sync found it, and what it creates, which is the same each time but for the name.
    pub(super) owner: Value,
    pod: Value,
    wanted: i64,
    done: i64,
    /// Not tried yet; those of the batch among them.
    left: i64,
    batch: i64,
    size: i64,
    error: Option<Status>,
}

impl Creation {
    pub(super) fn new(key: Str, owner: &Value, resource: &Resource, wanted: i64) -> Self {
        let pod = pod_from_template(&owner["spec"]["template"], owner, resource);
        let size = 1.min(wanted);
        Self { key, owner: owner.clone(), pod, wanted, done: 0, left: wanted, batch: size, size, error: None }
    }

    /// Creates some more.
    pub(super) fn step(&mut self, base: &mut Base, expectations: &mut Expectations, ctx: &mut Ctx<'_>) {
        for _ in 0..STEP {
            if self.is_finished() {
                return;
            }
            base.visited += 1;
            match create_this_pod(base, ctx, self.pod.clone(), &self.owner) {
                Ok(_) => self.done += 1,
                // Any create fails now: nothing is to be done, and nothing to be expected.
                Err(e) if is_namespace_terminating(&e) => {
                    expectations.creation_observed(&self.key);
                    self.done += 1;
                }
                Err(e) => self.error = self.error.take().or(Some(e)),
            }
            (self.batch, self.left) = (self.batch - 1, self.left - 1);
            if self.batch == 0 && self.error.is_none() {
                self.size = (self.size * 2).min(self.left);
                self.batch = self.size;
            }
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.batch == 0
    }

    /// What came of it. The pods that were not created are not waited for.
    pub(super) fn finish(self, expectations: &mut Expectations) -> Result<(), Status> {
        for _ in self.done..self.wanted {
            expectations.creation_observed(&self.key);
        }
        self.error.map_or(Ok(()), Err)
    }
}
