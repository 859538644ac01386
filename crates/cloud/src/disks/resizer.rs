//! The external resizer: a claim that asks for more gets a larger disk; its file system grows on the node.
//!
//! Models `kubernetes-csi/external-resizer`. A share has no file system of its own: it is done at once.
//! Not modelled: the way back from a size that could not be had.

use client::{Ctx, EventType};
use objects::quantity::Quantity;
use objects::resources::{PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES};
use objects::{Status, Value, value};

use super::{Disks, Kind, Progress, drivers};

impl Disks {
    #[inline(never)]
    pub(super) fn resize(&mut self, key: &str, claim_key: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(claim) = self.claims.get(claim_key).cloned() else { return Ok(()) };
        let size = |v: &Value| Quantity::of(&v["storage"]);
        let wanted = size(&claim["spec"]["resources"]["requests"]);
        if claim["status"]["phase"] != "Bound"
            || claim.is_terminating()
            || wanted <= size(&claim["status"]["capacity"])
        {
            self.under_way.remove(key);
            return Ok(());
        }
        let Some(volume) = self.volumes.get(claim["spec"]["volumeName"].text()).cloned() else {
            return Ok(());
        };
        let Some(disk) = objects::csi_translation::disk(&volume["spec"]) else { return Ok(()) };
        let Some(driver) = self.serving(&disk.driver, ctx).filter(|d| d.expands) else { return Ok(()) };
        if size(&volume["spec"]["capacity"]) >= wanted {
            return Ok(());
        }
        let component = format!("external-resizer {}", driver.name);
        match self.is_done(key, drivers::RESIZE_MS, ctx.now) {
            Progress::Begun => {
                let text = format!("External resizer is resizing volume {}", volume.name());
                self.tell(&component, ctx, &claim, EventType::Normal, "Resizing", &text);
                return self.write_status(&claim, "Resizing", "", "ControllerResizeInProgress", &wanted, ctx);
            }
            Progress::Waiting => return Ok(()),
            Progress::Done => {}
        }
        let mut larger = volume.clone();
        larger.set_at(&["spec", "capacity", "storage"], driver.capacity(&wanted));
        let larger = ctx.update(PERSISTENTVOLUMES, larger)?;
        let live = ctx.get(PERSISTENTVOLUMECLAIMS, claim.namespace(), claim.name())?;
        if driver.kind == Kind::Shared || volume["spec"]["volumeMode"] == "Block" {
            let mut next = live.clone();
            next.set_at(&["status", "capacity"], &larger["spec"]["capacity"]);
            for gone in ["conditions", "allocatedResources", "allocatedResourceStatuses"] {
                next.remove_at(&["status", gone]);
            }
            ctx.update_status(PERSISTENTVOLUMECLAIMS, next)?;
            self.tell(
                &component,
                ctx,
                &live,
                EventType::Normal,
                "VolumeResizeSuccessful",
                "Resize volume succeeded",
            );
            return Ok(());
        }
        let text = "Waiting for user to (re-)start a pod to finish file system resize of volume on node.";
        self.write_status(&live, "FileSystemResizePending", text, "NodeResizePending", &wanted, ctx)?;
        let text = "Require file system resize of volume on node";
        self.tell(&component, ctx, &live, EventType::Normal, "FileSystemResizeRequired", text);
        Ok(())
    }

    fn write_status(
        &mut self,
        claim: &Value,
        condition: &str,
        message: &str,
        progress: &str,
        wanted: &Quantity,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let mut next = claim.clone();
        let mut entry = value!({
            "type": (condition), "status": "True", "lastProbeTime": null,
            "lastTransitionTime": (ctx.now.rfc3339()),
        });
        if !message.is_empty() {
            entry.set("message", message);
        }
        next.set_at(&["status", "conditions"], value!([(entry)]));
        next.set_at(&["status", "allocatedResources", "storage"], wanted.canonical());
        next.set_at(&["status", "allocatedResourceStatuses", "storage"], progress);
        ctx.update_status(PERSISTENTVOLUMECLAIMS, next).map(|_| ())
    }
}
