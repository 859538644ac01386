//! The expand controller: says who a claim that asks for more is waiting for.
//!
//! Owns: the event, and the claim's note of which driver's resizer is meant. Does not own: the growing (the driver's
//! resizer) or the file system (kubelet). Models `pkg/controller/volume/expand`; no plugin in the tree can expand.

use client::{Change, Ctx, EventType, Recorder};
use clock::Time;
use objects::csi_translation::{disk, in_tree_plugin};
use objects::quantity::Quantity;
use objects::resources::{PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, Resource};
use objects::{Status, Value};

use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};

const RESIZER: &str = "volume.kubernetes.io/storage-resizer";

#[derive(Clone, Debug)]
pub struct ExpandController {
    pub base: Base,
}

impl Default for ExpandController {
    fn default() -> Self {
        Self::new()
    }
}

fn asked(claim: &Value) -> Quantity {
    Quantity::of(&claim["spec"]["resources"]["requests"]["storage"])
}

impl ExpandController {
    #[must_use]
    pub fn new() -> Self {
        let mut base = Base::with_account("expand-controller", "expand-controller");
        base.recorder = Recorder::new("volume_expand", "");
        Self { base }
    }
}

impl Controller for ExpandController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource != PERSISTENTVOLUMECLAIMS.id || change.is_deleted() {
            return;
        }
        let (new, old) = (&change.object, &change.previous);
        if new["status"]["phase"] == "Bound" && !old.is_null() && asked(new) > asked(old) {
            self.base.queue.add(change.key(), change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(claim) = caches.of_resource(PERSISTENTVOLUMECLAIMS).get(key) else { return Ok(()) };
        let Some(volume) = caches.of_resource(PERSISTENTVOLUMES).get(claim["spec"]["volumeName"].text())
        else {
            return Ok(());
        };
        if asked(claim) <= Quantity::of(&claim["status"]["capacity"]["storage"]) {
            return Ok(());
        }
        let (kind, text) = match in_tree_plugin(&volume["spec"]) {
            Some(plugin) => (
                EventType::Normal,
                format!("CSI migration enabled for {plugin}; waiting for external resizer to expand the pvc"),
            ),
            None if disk(&volume["spec"]).is_some() => {
                (EventType::Normal, "waiting for an external controller to expand this PVC".to_owned())
            }
            None => (EventType::Warning, "waiting for an external controller to expand this PVC".to_owned()),
        };
        self.base.recorder.event(ctx, claim, kind, "ExternalExpanding", &text);
        if in_tree_plugin(&volume["spec"]).is_some()
            && let Some(disk) = disk(&volume["spec"])
            && claim.annotations()[RESIZER] != disk.driver.as_str()
        {
            let mut next = claim.clone();
            next.set_at(&["metadata", "annotations", RESIZER], disk.driver);
            ctx.update(PERSISTENTVOLUMECLAIMS, next)?;
        }
        Ok(())
    }
}
