//! The external attacher: answers VolumeAttachments.
//!
//! Models `kubernetes-csi/external-attacher` with the provider's own refusals: a disk that another node holds, and a
//! node that is full.

use client::Ctx;
use objects::csi_translation::{disk, may_multi_attach};
use objects::resources::VOLUMEATTACHMENTS;
use objects::{Status, Value, value};

use super::{Disks, Progress, drivers, let_go};

impl Disks {
    #[inline(never)]
    pub(super) fn attach(&mut self, key: &str, name: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(attachment) = self.attachments.get(name).cloned() else {
            self.under_way.remove(key);
            self.failures.remove(key);
            self.granted.remove(name);
            return Ok(());
        };
        let Some(driver) = self.serving(attachment["spec"]["attacher"].text(), ctx).filter(|d| d.is_csi())
        else {
            return Ok(());
        };
        let finalizer = format!("external-attacher/{}", driver.dashed());
        let ours = attachment.meta()["finalizers"].items().iter().any(|f| f.text() == finalizer);
        if attachment.is_terminating() {
            if !ours {
                return Ok(());
            }
            // The end of an attachment counts apart from its beginning.
            let end = format!("{key}#");
            match self.under_way.get(end.as_str()).copied() {
                None => {
                    self.under_way.insert(end.into(), ctx.now + drivers::DETACH_MS);
                    self.queue.add_after(key, 0, ctx.now, drivers::DETACH_MS);
                    return Ok(());
                }
                Some(at) if at > ctx.now => return Ok(()),
                Some(_) => drop(self.under_way.remove(end.as_str())),
            }
            return let_go(VOLUMEATTACHMENTS, &attachment, &finalizer, ctx);
        }
        if attachment["status"]["attached"].is_true()
            || self.is_done(key, drivers::ATTACH_MS, ctx.now) != Progress::Done
        {
            return Ok(());
        }
        let mut next = attachment.clone();
        if !ours {
            let mut finalizers = next.meta()["finalizers"].items().to_vec();
            finalizers.push(Value::from(finalizer));
            next.set_at(&["metadata", "finalizers"], finalizers);
            let node = next["spec"]["nodeName"].to_str();
            next.set_at(&["metadata", "annotations", "csi.alpha.kubernetes.io/node-id"], &node);
            next = ctx.update(VOLUMEATTACHMENTS, next)?;
        }
        match self.refusal(&attachment, driver.limit) {
            None => {
                next.set("status", value!({"attached": true}));
                self.granted.insert(name.into());
                self.failures.remove(key);
            }
            Some(why) => {
                let error = value!({"time": (ctx.now.rfc3339()), "message": (why)});
                next.set("status", value!({"attached": false, "attachError": (error)}));
                self.again(key, ctx.now);
            }
        }
        ctx.update_status(VOLUMEATTACHMENTS, next).map(|_| ())
    }

    /// The spec of what an attachment is of.
    fn spec_of<'a>(&'a self, attachment: &'a Value) -> Option<&'a Value> {
        let source = &attachment["spec"]["source"];
        source
            .find("inlineVolumeSpec")
            .or_else(|| self.volumes.get(source["persistentVolumeName"].text()).map(|v| &v["spec"]))
    }

    /// Why the provider would not attach.
    fn refusal(&mut self, wanted: &Value, limit: i64) -> Option<String> {
        let node = wanted["spec"]["nodeName"].text();
        let named = |a: &Value| a["spec"]["source"]["persistentVolumeName"].to_str();
        let Some(spec) = self.spec_of(wanted) else {
            return Some(format!("persistentvolume \"{}\" not found", named(wanted)));
        };
        let own = disk(spec)?;
        let many = may_multi_attach(&value!({"spec": (spec)}));
        let mut on_node = 0;
        for (_, a) in self.attachments.iter() {
            if !self.granted.contains(a.name()) || a["spec"]["attacher"] != wanted["spec"]["attacher"] {
                continue;
            }
            if a["spec"]["nodeName"] == node {
                on_node += 1;
            } else if !many && self.spec_of(a).and_then(disk).is_some_and(|other| other == own) {
                let holder = a["spec"]["nodeName"].text();
                return Some(format!(
                    "rpc error: code = FailedPrecondition desc = volume {} is already attached to node {holder}",
                    own.handle
                ));
            }
        }
        (limit > 0 && on_node >= limit).then(|| {
            format!(
                "rpc error: code = ResourceExhausted desc = maximum number of volumes ({limit}) is already attached to node {node}"
            )
        })
    }
}
