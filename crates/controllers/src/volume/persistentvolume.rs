//! The volume binder: claims find volumes, volumes lose claims.
//!
//! Owns: binding, the phases of claims and volumes, the events of a claim that waits.
//! Does not own: making volumes (an external provisioner), choosing a node first (scheduler).
//! Does not own either: what becomes of a volume without its claim (reclaim.rs).
//! Models `pkg/controller/volume/persistentvolume`. What is not bound is looked at again every 15 s.

use client::{Change, Ctx};
use clock::Time;
use objects::quantity::Quantity;
use objects::resources::{PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS, Resource, STORAGECLASSES};
use objects::{Reason, Status, Str, Value, value};

use super::pvcprotection::{Users, claims_of, tally};
use super::reclaim::is_recycler;
use crate::caches::{Caches, key_of};
use crate::controller::{Base, Controller, has_base, internal};
use crate::delays::VOLUME_BINDER_RESYNC_MS;
use crate::pod_facts::PodFacts;
use crate::selector;

const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
pub(super) const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
pub(super) const MIGRATED_TO: &str = "pv.kubernetes.io/migrated-to";
pub(super) const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
const BETA_PROVISIONER: &str = "volume.beta.kubernetes.io/storage-provisioner";
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

#[derive(Clone, Debug)]
pub struct PersistentVolumeController {
    pub base: Base,
    /// Pods that wait for a node, by the claims they name.
    waiting: Users,
    /// All pods, by the claims they name.
    users: Users,
}

impl Default for PersistentVolumeController {
    fn default() -> Self {
        Self::new()
    }
}

pub(crate) fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    object.meta()["finalizers"].items().iter().any(|f| *f == finalizer)
}

/// Adds or takes off a finalizer.
pub(crate) fn set_finalizer(
    resource: &Resource,
    object: &Value,
    finalizer: &str,
    on: bool,
    ctx: &mut Ctx<'_>,
) -> Result<(), Status> {
    let mut all: Vec<Value> = object.meta()["finalizers"].items().to_vec();
    all.retain(|f| *f != finalizer);
    if on {
        all.push(finalizer.into());
    }
    let mut next = object.clone();
    if all.is_empty() {
        next.remove_at(&["metadata", "finalizers"]);
    } else {
        next.set_at(&["metadata", "finalizers"], all);
    }
    match ctx.update(resource, next) {
        Err(e) if e.reason != Reason::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn class_of(object: &Value) -> &str {
    let beta = &object.annotations()["volume.beta.kubernetes.io/storage-class"];
    beta.as_str().unwrap_or_else(|| object["spec"]["storageClassName"].text())
}

fn annotated(object: &Value, key: &str) -> bool {
    object.annotations().find(key).is_some()
}

fn mode(object: &Value) -> &str {
    object["spec"]["volumeMode"].as_str().unwrap_or("Filesystem")
}

fn size(q: &Value) -> i64 {
    Quantity::of(q).value()
}

/// Why a volume cannot serve a claim.
fn mismatch(volume: &Value, claim: &Value) -> Option<String> {
    let (v, c) = (&volume["spec"], &claim["spec"]);
    if volume.is_terminating() {
        return Some(format!("the volume is marked for deletion \"{}\"", volume.name()));
    }
    if size(&v["capacity"]["storage"]) < size(&c["resources"]["requests"]["storage"]) {
        return Some("requested PV is too small".into());
    }
    if class_of(volume) != class_of(claim) {
        return Some("storageClassName does not match".into());
    }
    if v["volumeAttributesClassName"].text() != c["volumeAttributesClassName"].text() {
        return Some("volumeAttributesClassName does not match".into());
    }
    if mode(volume) != mode(claim) {
        return Some("incompatible volumeMode".into());
    }
    let offered = v["accessModes"].items();
    if !c["accessModes"].items().iter().all(|m| offered.contains(m)) {
        return Some("incompatible accessMode".into());
    }
    None
}

fn is_bound_to(volume: &Value, claim: &Value) -> bool {
    let r = &volume["spec"]["claimRef"];
    r["name"] == claim.name()
        && r["namespace"] == claim.namespace()
        && (r["uid"].is_zero() || r["uid"] == claim.uid())
}

/// The volume a claim gets: one reserved for it, else the smallest that fits. With `delayed` only a reserved one.
fn best_match<'a>(
    claim: &Value,
    volumes: impl Iterator<Item = &'a Value>,
    delayed: bool,
) -> Option<&'a Value> {
    let wanted = selector::of(&claim["spec"]["selector"]);
    let mut best: Option<&Value> = None;
    for volume in volumes {
        if mismatch(volume, claim).is_some() {
            continue;
        }
        if is_bound_to(volume, claim) {
            return Some(volume);
        }
        let picked = claim["spec"]["selector"].is_null()
            || wanted.as_ref().is_some_and(|s| s.matches(volume.labels()));
        let free = volume["spec"]["claimRef"].is_null() && volume["status"]["phase"] == "Available";
        if delayed || !picked || !free {
            continue;
        }
        let bytes = |v: &Value| size(&v["spec"]["capacity"]["storage"]);
        if best.is_none_or(|b| bytes(volume) < bytes(b)) {
            best = Some(volume);
        }
    }
    best
}

impl PersistentVolumeController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::with_account("persistentvolume-controller", "persistent-volume-binder"),
            waiting: Users::new(),
            users: Users::new(),
        }
    }

    fn again(&mut self, key: Str, now: Time) {
        let wait = VOLUME_BINDER_RESYNC_MS - now.0.rem_euclid(VOLUME_BINDER_RESYNC_MS);
        self.base.queue.add_after(key, 0, now, wait);
    }

    fn sync_claim(&mut self, claim: &Value, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        if annotated(claim, BIND_COMPLETED) {
            return self.sync_bound(claim, caches, ctx);
        }
        let named = claim["spec"]["volumeName"].text();
        if named.is_empty() {
            return self.sync_unbound(claim, caches, ctx);
        }
        let Some(volume) = caches.of_resource(PERSISTENTVOLUMES).get(named) else {
            return self.pend(claim, ctx);
        };
        if volume["spec"]["claimRef"].is_null() {
            if let Some(why) = mismatch(volume, claim) {
                let text = format!("Cannot bind to requested volume \"{named}\": {why}");
                self.base.warning(ctx, claim, "VolumeMismatch", &text);
                return self.pend(claim, ctx);
            }
            return self.bind(volume, claim, ctx);
        }
        if is_bound_to(volume, claim) {
            return self.bind(volume, claim, ctx);
        }
        let text = format!("volume \"{named}\" already bound to a different claim.");
        self.base.warning(ctx, claim, "FailedBinding", &text);
        self.pend(claim, ctx)
    }

    fn sync_unbound(&mut self, claim: &Value, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let class = class_of(claim).to_owned();
        let found = caches.of_resource(STORAGECLASSES).get(&class);
        let late = found.is_some_and(|c| c["volumeBindingMode"] == "WaitForFirstConsumer");
        let volumes = caches.of_resource(PERSISTENTVOLUMES).iter().map(|(_, v)| v);
        self.base.visited += caches.of_resource(PERSISTENTVOLUMES).len() as u64;
        if let Some(volume) = best_match(claim, volumes, late) {
            return self.bind(volume, claim, ctx);
        }
        if claim["spec"]["storageClassName"].is_null() && class.is_empty() {
            let classes = caches.of_resource(STORAGECLASSES).iter().map(|(_, c)| c);
            let default = classes.filter(|c| c.annotations()[DEFAULT_CLASS] == "true");
            if let Some(default) =
                default.max_by_key(|c| (c.created(), std::cmp::Reverse(c.name().to_owned())))
            {
                let mut next = claim.clone();
                next.set_at(&["spec", "storageClassName"], default.name());
                return ctx.update(PERSISTENTVOLUMECLAIMS, next).map(|_| ());
            }
        }
        if late && !annotated(claim, SELECTED_NODE) {
            let pods = self.waiting.get(&claim.key());
            let names: Vec<&str> =
                pods.into_iter().flatten().map(|k| objects::meta::split_key(k).1).collect();
            let (reason, text) = match names.as_slice() {
                [] => (
                    "WaitForFirstConsumer",
                    "waiting for first consumer to be created before binding".to_owned(),
                ),
                [one] => ("WaitForPodScheduled", format!("waiting for pod {one} to be scheduled")),
                many => {
                    ("WaitForPodScheduled", format!("waiting for pods {} to be scheduled", many.join(",")))
                }
            };
            self.base.normal(ctx, claim, reason, &text);
        } else if !class.is_empty() {
            let Some(found) = found else {
                let text = format!("storageclass.storage.k8s.io \"{class}\" not found");
                self.base.warning(ctx, claim, "ProvisioningFailed", &text);
                return self.pend(claim, ctx);
            };
            return self.ask_provisioner(claim, found, ctx);
        } else {
            let text = "no persistent volumes available for this claim and no storage class is set";
            self.base.normal(ctx, claim, "FailedBinding", text);
        }
        self.pend(claim, ctx)
    }

    /// Marks the claim for whoever provisions its class.
    fn ask_provisioner(&mut self, claim: &Value, class: &Value, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let named = class["provisioner"].text();
        // A provisioner of old is asked for under its driver's name.
        let provisioner = Str::from(objects::csi_translation::driver_of_provisioner(named).unwrap_or(named));
        let mut claim = claim.clone();
        if provisioner.starts_with("kubernetes.io/") {
            let text = format!("no volume plugin matched name: {provisioner}");
            self.base.warning(ctx, &claim, "ProvisioningFailed", &text);
            return self.pend(&claim, ctx);
        }
        if claim.annotations()[PROVISIONER] != provisioner.as_str() {
            claim.set_at(&["metadata", "annotations", PROVISIONER], &provisioner);
            claim.set_at(&["metadata", "annotations", BETA_PROVISIONER], &provisioner);
            claim = ctx.update(PERSISTENTVOLUMECLAIMS, claim)?;
        }
        let text = format!(
            "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
        );
        self.base.normal(ctx, &claim, "ExternalProvisioning", &text);
        self.pend(&claim, ctx)
    }

    /// Leaves the claim pending, to be looked at again.
    fn pend(&mut self, claim: &Value, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.again(smol_str::format_smolstr!("c/{}", claim.key()), ctx.now);
        self.set_claim_status(claim, "Pending", None, ctx).map(|_| ())
    }

    fn set_claim_status(
        &mut self,
        claim: &Value,
        phase: &str,
        volume: Option<&Value>,
        ctx: &mut Ctx<'_>,
    ) -> Result<Value, Status> {
        let mut status = claim.get("status").clone();
        status.set("phase", phase);
        match volume {
            Some(v) => {
                status.set("accessModes", &v["spec"]["accessModes"]);
                // Of a claim that is bound the size is its resizer's and its node's.
                if claim["status"]["phase"] != "Bound" || status["capacity"].is_null() {
                    status.set("capacity", &v["spec"]["capacity"]);
                }
            }
            None => {
                status.remove("accessModes");
                status.remove("capacity");
            }
        }
        if *claim.get("status") == status {
            return Ok(claim.clone());
        }
        let mut next = claim.clone();
        next.set("status", status);
        ctx.update_status(PERSISTENTVOLUMECLAIMS, next)
    }

    pub(super) fn set_volume_phase(
        &mut self,
        volume: &Value,
        phase: &str,
        ctx: &mut Ctx<'_>,
    ) -> Result<Value, Status> {
        if volume["status"]["phase"] == phase {
            return Ok(volume.clone());
        }
        let mut next = volume.clone();
        next.set_at(&["status", "phase"], phase);
        next.set_at(&["status", "lastPhaseTransitionTime"], ctx.now.rfc3339());
        ctx.update_status(PERSISTENTVOLUMES, next)
    }

    /// Writes the volume first, then the claim: of what fails half-way the next sync finishes the rest.
    fn bind(&mut self, volume: &Value, claim: &Value, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let mut v = volume.clone();
        let r = &v["spec"]["claimRef"];
        if r["uid"] != claim.uid() {
            let free = r.is_null();
            let claim_ref = value!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": (claim.name()),
                "namespace": (claim.namespace()), "uid": (claim.uid()),
                "resourceVersion": (claim.meta().get("resourceVersion")),
            });
            v.set_at(&["spec", "claimRef"], claim_ref);
            if free {
                v.set_at(&["metadata", "annotations", BOUND_BY_CONTROLLER], "yes");
            }
            v = ctx.update(PERSISTENTVOLUMES, v)?;
        }
        let v = self.set_volume_phase(&v, "Bound", ctx)?;
        let mut c = claim.clone();
        if c["spec"]["volumeName"].is_zero() {
            c.set_at(&["spec", "volumeName"], v.name());
            c.set_at(&["metadata", "annotations", BOUND_BY_CONTROLLER], "yes");
        }
        if !annotated(&c, BIND_COMPLETED) {
            c.set_at(&["metadata", "annotations", BIND_COMPLETED], "yes");
        }
        if c != *claim {
            c = ctx.update(PERSISTENTVOLUMECLAIMS, c)?;
        }
        self.set_claim_status(&c, "Bound", Some(&v), ctx).map(|_| ())
    }

    fn sync_bound(&mut self, claim: &Value, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let lost = |this: &mut Self, reason: &str, text: &str, ctx: &mut Ctx<'_>| {
            let before = claim["status"]["phase"] != "Lost";
            this.set_claim_status(claim, "Lost", None, ctx)?;
            if before {
                this.base.warning(ctx, claim, reason, text);
            }
            Ok(())
        };
        let named = claim["spec"]["volumeName"].text();
        if named.is_empty() {
            let text = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
            return lost(self, "ClaimLost", text, ctx);
        }
        let Some(volume) = caches.of_resource(PERSISTENTVOLUMES).get(named) else {
            let text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
            return lost(self, "ClaimLost", text, ctx);
        };
        let r = &volume["spec"]["claimRef"];
        if r.is_null() || r["uid"] == claim.uid() {
            return self.bind(volume, claim, ctx);
        }
        let text = "Two claims are bound to the same volume, this one is bound incorrectly";
        lost(self, "ClaimMisbound", text, ctx)
    }

    fn sync_volume(&mut self, volume: &Value, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let by = volume.annotations()[PROVISIONED_BY].text();
        let driver = objects::csi_translation::driver_of_provisioner(by);
        if volume.annotations()[MIGRATED_TO].as_str() != driver && !by.is_empty() {
            // The write comes back as a change, and the rest with it.
            let mut next = volume.clone();
            match driver {
                Some(driver) => next.set_at(&["metadata", "annotations", MIGRATED_TO], driver),
                None => drop(next.remove_at(&["metadata", "annotations", MIGRATED_TO])),
            }
            return ctx.update(PERSISTENTVOLUMES, next).map(|_| ());
        }
        let r = &volume["spec"]["claimRef"];
        if r.is_null() || r["uid"].is_zero() {
            self.set_volume_phase(volume, "Available", ctx)?;
            return Ok(());
        }
        let key = key_of(r["namespace"].text(), r["name"].text());
        let claim = caches.of_resource(PERSISTENTVOLUMECLAIMS).get(&key).filter(|c| r["uid"] == c.uid());
        let Some(claim) = claim else {
            // The cache may be behind a claim that was just made.
            match ctx.get(PERSISTENTVOLUMECLAIMS, r["namespace"].text(), r["name"].text()) {
                Ok(live) if r["uid"] == live.uid() => return Ok(()),
                Err(e) if e.reason != Reason::NotFound => return Err(e),
                _ => {}
            }
            return self.release(volume, caches, ctx);
        };
        let bound_to = claim["spec"]["volumeName"].text();
        if bound_to.is_empty() {
            if mode(volume) != mode(claim) {
                let text = format!(
                    "Cannot bind PersistentVolume to requested PersistentVolumeClaim \"{}\" due to incompatible volumeMode.",
                    claim.name()
                );
                self.base.warning(ctx, volume, "VolumeMismatch", &text);
                let text = format!(
                    "Cannot bind PersistentVolume \"{}\" to requested PersistentVolumeClaim \"{}\" due to incompatible volumeMode",
                    volume.name(),
                    claim.name()
                );
                self.base.warning(ctx, claim, "VolumeMismatch", &text);
                return Ok(());
            }
            let cause = ctx.caller.cause;
            self.base.queue.add(smol_str::format_smolstr!("c/{}", claim.key()), cause, ctx.now);
            return Ok(());
        }
        if bound_to == volume.name() {
            self.set_volume_phase(volume, "Bound", ctx)?;
            return Ok(());
        }
        // The claim chose another volume.
        if annotated(volume, PROVISIONED_BY) && volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete" {
            return self.release(volume, caches, ctx);
        }
        self.unbind(volume, ctx)
    }

    /// Its claim is gone, or chose another volume.
    fn release(&mut self, volume: &Value, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let released = match volume["status"]["phase"].text() {
            "Released" | "Failed" => volume.clone(),
            _ => self.set_volume_phase(volume, "Released", ctx)?,
        };
        self.reclaim(&released, caches, ctx)
    }

    /// The pods that use a claim and have not ended, in key order.
    pub(super) fn users_of(&self, claim: &str, caches: &Caches) -> Vec<Str> {
        let pods = self.users.get(claim).into_iter().flatten();
        pods.filter(|k| {
            let phase = caches.pods().get(k).map_or("Succeeded", |p| p["status"]["phase"].text());
            !matches!(phase, "Succeeded" | "Failed")
        })
        .cloned()
        .collect()
    }

    fn on_pod(&mut self, change: &Change, now: Time) {
        let pod = &change.object;
        if pod["spec"]["volumes"].is_zero() {
            return;
        }
        let waits = !change.is_deleted() && pod["spec"]["nodeName"].is_zero();
        for claim in claims_of(pod) {
            tally(&mut self.users, &claim, &change.key(), !change.is_deleted());
            if tally(&mut self.waiting, &claim, &change.key(), waits) && waits {
                self.base.queue.add(smol_str::format_smolstr!("c/{claim}"), change.revision, now);
            }
        }
    }
}

impl Controller for PersistentVolumeController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, STORAGECLASSES, PODS]
    }

    fn concerns(&self, pod: &PodFacts<'_>) -> bool {
        pod.is.has_disks || is_recycler(pod.name)
    }

    fn on_change(&mut self, change: &Change, caches: &Caches, now: Time) {
        if change.resource == PODS.id {
            // Only claims whose class waits for a consumer care.
            if caches.of_resource(PERSISTENTVOLUMECLAIMS).is_empty()
                && change.object["spec"]["volumes"].is_zero()
            {
                return;
            }
            self.on_pod(change, now);
            self.on_recycler(change, now);
        } else if change.resource == PERSISTENTVOLUMECLAIMS.id {
            let claim = &change.object;
            self.base.queue.add(smol_str::format_smolstr!("c/{}", change.key()), change.revision, now);
            let volume = claim["spec"]["volumeName"].text();
            if change.is_deleted() && !volume.is_empty() {
                self.base.queue.add(smol_str::format_smolstr!("v/{volume}"), change.revision, now);
            }
        } else if change.resource == PERSISTENTVOLUMES.id {
            self.base.queue.add(smol_str::format_smolstr!("v/{}", change.name), change.revision, now);
            let r = &change.object["spec"]["claimRef"];
            if change.is_deleted() && !r.is_null() {
                let key = key_of(r["namespace"].text(), r["name"].text());
                self.base.queue.add(smol_str::format_smolstr!("c/{key}"), change.revision, now);
            }
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        match key.split_once('/') {
            Some(("c", key)) => match caches.of_resource(PERSISTENTVOLUMECLAIMS).get(key) {
                Some(claim) => self.sync_claim(claim, caches, ctx),
                None => Ok(()),
            },
            Some(("v", name)) => match caches.of_resource(PERSISTENTVOLUMES).get(name) {
                Some(volume) => self.sync_volume(volume, caches, ctx),
                None => Ok(()),
            },
            _ => Err(internal(format!("no such key: {key}"))),
        }
    }
}
