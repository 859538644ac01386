//! PV protection: a volume that is bound is not gone before its claim is.
//!
//! Models `pkg/controller/volume/pvprotection`.

use client::{Change, Ctx};
use clock::Time;
use objects::Status;
use objects::resources::{PERSISTENTVOLUMES, Resource};

use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};
use crate::volume::persistentvolume::{has_finalizer, set_finalizer};

const FINALIZER: &str = "kubernetes.io/pv-protection";

#[derive(Clone, Debug)]
pub struct PvProtectionController {
    pub base: Base,
}

impl Default for PvProtectionController {
    fn default() -> Self {
        Self::new()
    }
}

impl PvProtectionController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::with_account("persistentvolume-protection-controller", "pv-protection-controller"),
        }
    }
}

impl Controller for PvProtectionController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![PERSISTENTVOLUMES]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        let pv = &change.object;
        if !change.is_deleted() && pv.is_terminating() == has_finalizer(pv, FINALIZER) {
            self.base.queue.add(change.key(), change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(pv) = caches.of_resource(PERSISTENTVOLUMES).get(key) else { return Ok(()) };
        match (pv.is_terminating(), has_finalizer(pv, FINALIZER)) {
            (true, true) if pv["status"]["phase"] != "Bound" => {
                set_finalizer(PERSISTENTVOLUMES, pv, FINALIZER, false, ctx)
            }
            (false, false) => set_finalizer(PERSISTENTVOLUMES, pv, FINALIZER, true, ctx),
            _ => Ok(()),
        }
    }
}
