//! What becomes of a volume whose claim is gone: kept, scrubbed, or left to whoever made it.
//!
//! Owns: the reclaim policies as far as the controller manager itself carries them out. Does not own: volumes of
//! drivers (their provisioners end them). Models reclaimVolume and what it calls in
//! `pkg/controller/volume/persistentvolume`, `pkg/volume/util/recyclerclient` and the deleter of `pkg/volume/hostpath`.
//! A scrubbing pod runs on any node, as upstream's does: of a `hostPath` it may empty another node's directory.
//! Not modelled: the directory a deleted `hostPath` below /tmp had on the controller manager's own machine.

use client::{Change, Ctx};
use clock::Time;
use objects::resources::{PERSISTENTVOLUMES, PODS};
use objects::{Reason, Status, Str, Value, value};

use super::persistentvolume::{BOUND_BY_CONTROLLER, MIGRATED_TO, PROVISIONED_BY, PersistentVolumeController};
use crate::caches::{Caches, key_of};

const RECYCLER: &str = "recycler-for-";
const SCRUB: &str =
    "test -e /scrub && find /scrub -mindepth 1 -delete && test -z \"$(ls -A /scrub)\" || exit 1";

/// What deletes a volume.
#[derive(Debug, PartialEq, Eq)]
enum Deleter {
    /// Somebody outside the controller manager.
    External,
    HostPath,
    None(String),
}

fn deleter(volume: &Value) -> Deleter {
    let notes = volume.annotations();
    let by = notes[PROVISIONED_BY].text();
    if !by.is_empty() {
        return if by.starts_with("kubernetes.io/") && notes[MIGRATED_TO].is_null() {
            Deleter::None(format!("no volume plugin matched name: {by}"))
        } else {
            Deleter::External
        };
    }
    let spec = &volume["spec"];
    if !notes[MIGRATED_TO].is_null() || !spec["csi"].is_null() {
        return Deleter::External;
    }
    if !spec["hostPath"].is_null() {
        return Deleter::HostPath;
    }
    let known = ["nfs", "fc", "iscsi"].iter().any(|k| !spec[*k].is_null());
    let why = if known { "no deletable volume plugin matched" } else { "no volume plugin matched" };
    Deleter::None(format!("error getting deleter volume plugin for volume \"{}\": {why}", volume.name()))
}

/// Whether a pod of this name empties a volume.
pub(super) fn is_recycler(name: &str) -> bool {
    name.starts_with(RECYCLER)
}

impl PersistentVolumeController {
    /// A pod that scrubs has changed.
    pub(super) fn on_recycler(&mut self, change: &Change, now: Time) {
        if let Some(volume) = change.name.strip_prefix(RECYCLER) {
            self.base.queue.add(format!("v/{volume}"), change.revision, now);
        }
    }

    pub(super) fn reclaim(
        &mut self,
        volume: &Value,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        if !volume.annotations()[MIGRATED_TO].is_null() {
            return Ok(());
        }
        match volume["spec"]["persistentVolumeReclaimPolicy"].text() {
            "Delete" => match deleter(volume) {
                Deleter::External => Ok(()),
                Deleter::None(why) => self.fail(volume, "VolumeFailedDelete", &why, ctx),
                Deleter::HostPath => {
                    let path = volume["spec"]["hostPath"]["path"].text();
                    let below = path.split_once("/tmp/").is_some_and(|(_, rest)| !rest.is_empty());
                    if !below {
                        let why =
                            format!("host_path deleter only supports /tmp/.+ but received provided {path}");
                        return self.fail(volume, "VolumeFailedDelete", &why, ctx);
                    }
                    match ctx.delete(PERSISTENTVOLUMES, "", volume.name(), Some(volume.uid()), None, None) {
                        Err(e) if e.reason != Reason::NotFound => Err(e),
                        _ => Ok(()),
                    }
                }
            },
            "Recycle" => self.recycle(volume, caches, ctx),
            _ => Ok(()),
        }
    }

    /// Marks the volume failed, and says why the first time.
    fn fail(&mut self, volume: &Value, reason: &str, why: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        if volume["status"]["phase"] == "Failed" {
            return Ok(());
        }
        let mut next = volume.clone();
        next.set_at(&["status", "message"], why);
        let failed = self.set_volume_phase(&next, "Failed", ctx)?;
        self.base.warning(ctx, &failed, reason, why);
        Ok(())
    }

    fn recycle(&mut self, volume: &Value, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let r = &volume["spec"]["claimRef"];
        let claim = key_of(r["namespace"].text(), r["name"].text());
        let users: Vec<Str> = self.users_of(&claim, caches);
        let another = caches.of_resource(objects::resources::PERSISTENTVOLUMECLAIMS).get(&claim).is_some();
        if !users.is_empty() && !another {
            let text = format!("Volume is used by pods: {}", users.join(","));
            self.base.normal(ctx, volume, "VolumeFailedRecycle", &text);
            return Ok(());
        }
        let source = ["hostPath", "nfs"].iter().find_map(|k| volume["spec"].find(k).map(|s| (*k, s)));
        let Some((kind, source)) = source else {
            return self.fail(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!", ctx);
        };
        let name = format!("{RECYCLER}{}", volume.name());
        let pod = caches.pods().get(&key_of("default", &name)).cloned().unwrap_or_default();
        let done = match pod["status"]["phase"].text() {
            _ if pod.is_terminating() => return Ok(()),
            "Succeeded" => Ok(()),
            "Failed" => Err(match pod["status"]["message"].text() {
                "" => "pod failed, pod.Status.Message unknown".to_owned(),
                why => why.to_owned(),
            }),
            _ if !pod.is_null() => return Ok(()),
            _ => {
                let mut at = Value::map();
                at.set("name", "vol");
                at.set(kind, source);
                let pod = value!({
                    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": (name), "namespace": "default"},
                    "spec": {
                        "activeDeadlineSeconds": 60, "restartPolicy": "Never", "volumes": [(at)],
                        "containers": [{
                            "name": "pv-recycler",
                            "image": "registry.k8s.io/build-image/debian-base:bookworm-v1.0.6",
                            "command": ["/bin/sh"], "args": ["-c", (SCRUB)],
                            "volumeMounts": [{"name": "vol", "mountPath": "/scrub"}],
                        }],
                    },
                });
                return match ctx.create(PODS, pod) {
                    Err(e) if e.reason != Reason::AlreadyExists => Err(e),
                    _ => Ok(()),
                };
            }
        };
        let _ = ctx.delete(PODS, "default", &name, Some(pod.uid()), Some(0), None);
        match done {
            Err(why) => {
                let text = format!("Recycle failed: failed to recycle volume: {why}");
                self.fail(volume, "VolumeFailedRecycle", &text, ctx)
            }
            Ok(()) => {
                self.base.normal(ctx, volume, "VolumeRecycled", "Volume recycled");
                self.unbind(volume, ctx)
            }
        }
    }

    /// Takes the claim off a volume: all of it, or what the controller added to a claim its maker named.
    pub(super) fn unbind(&mut self, volume: &Value, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let mut next = volume.clone();
        if volume.annotations().find(BOUND_BY_CONTROLLER).is_some() {
            next.remove_at(&["spec", "claimRef"]);
            next.remove_at(&["metadata", "annotations", BOUND_BY_CONTROLLER]);
        } else {
            next.remove_at(&["spec", "claimRef", "uid"]);
        }
        let next = ctx.update(PERSISTENTVOLUMES, next)?;
        self.set_volume_phase(&next, "Available", ctx).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_deletes_what() {
        let table = [
            (value!({"spec": {"csi": {"driver": "d"}}}), Deleter::External),
            (
                value!({
                    "metadata": {"annotations": {"pv.kubernetes.io/provisioned-by": "rancher.io/local-path"}},
                    "spec": {"hostPath": {"path": "/x"}}
                }),
                Deleter::External,
            ),
            (value!({"spec": {"hostPath": {"path": "/x"}}}), Deleter::HostPath),
            (
                value!({"metadata": {"name": "v"}, "spec": {"nfs": {"server": "s"}}}),
                Deleter::None(
                    "error getting deleter volume plugin for volume \"v\": no deletable volume plugin matched".into(),
                ),
            ),
            (
                value!({"metadata": {"name": "v"}, "spec": {"local": {"path": "/x"}}}),
                Deleter::None(
                    "error getting deleter volume plugin for volume \"v\": no volume plugin matched".into(),
                ),
            ),
        ];
        for (volume, want) in table {
            assert_eq!(deleter(&volume), want, "{volume:?}");
        }
    }
}
