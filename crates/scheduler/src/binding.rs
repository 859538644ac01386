//! Pods that are placed but not bound yet, because their claims are not.
//!
//! Models PreBind of `plugins/volumebinding` (BindPodVolumes, checkBindings): once a second it is looked whether all
//! claims are bound; after ten minutes, or when a claim is given back, the pod is tried anew.

use client::{Ctx, PatchType};
use clock::{Millis, Time, Timers};
use objects::resources::{PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES};
use objects::{Str, value};

use crate::Scheduler;
use crate::plugins::Cycle;
use crate::plugins::volume_binding::{SELECTED_NODE, find, reachable};
use crate::queue::Entry;
use crate::storage::is_fully_bound;

const POLL_MS: Millis = 1_000;
/// `bindTimeoutSeconds`
const TIMEOUT_MS: Millis = 600_000;

/// A pod whose claims are being bound.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    entry: Entry,
    node: Str,
    /// Volumes with the claims that take them.
    take: Vec<(Str, Str)>,
    /// Claims whose volumes are being made.
    provision: Vec<Str>,
    until: Time,
}

/// When which pod is looked at again.
pub(crate) type Polls = Timers<Str>;

impl Scheduler {
    /// Hands a pod's claims to the chosen node and volumes; the pod waits for them.
    pub(crate) fn bind_volumes(&mut self, entry: Entry, cycle: &Cycle, node: Str, ctx: &mut Ctx<'_>) {
        let at = self.nodes.get(&node).map(|n| n.node.clone()).unwrap_or_default();
        let found = cycle.claims.as_ref().and_then(|c| find(c, &at, &self.storage).ok());
        let bindings = found.unwrap_or_default();
        self.patch_status(&entry.pod, value!({"nominatedNodeName": (&node)}), ctx);
        let mut failed = None;
        for (volume, claim) in &bindings.take {
            let patch = value!({
                "metadata": {"annotations": {"pv.kubernetes.io/bound-by-controller": "yes"}},
                "spec": {"claimRef": {
                    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": (claim.name()),
                    "namespace": (claim.namespace()), "uid": (claim.uid()),
                    "resourceVersion": (claim.meta()["resourceVersion"].clone()),
                }},
            });
            match ctx.patch(PERSISTENTVOLUMES, "", volume.name(), "", PatchType::Merge, patch) {
                // Assumed, so that the next pod does not take it too.
                Ok(new) => drop(self.storage.volumes.insert(new.key(), new)),
                Err(e) => failed = Some(e),
            }
        }
        for claim in &bindings.provision {
            if claim.annotations()[SELECTED_NODE] == node.as_str() {
                continue;
            }
            let patch = value!({"metadata": {"annotations": {(SELECTED_NODE): (&node)}}});
            let (namespace, name) = (claim.namespace(), claim.name());
            match ctx.patch(PERSISTENTVOLUMECLAIMS, namespace, name, "", PatchType::Merge, patch) {
                Ok(new) => drop(self.storage.claims.insert(new.key(), new)),
                Err(e) => failed = Some(e),
            }
        }
        if let Some(e) = failed {
            return self.binding_failed(
                entry,
                &format!("running PreBind plugin \"VolumeBinding\": {e}"),
                ctx,
            );
        }
        let key = entry.key.clone();
        let waiting = Waiting {
            entry,
            node,
            take: bindings.take.iter().map(|(v, c)| (v.key(), c.key())).collect(),
            provision: bindings.provision.iter().map(objects::Value::key).collect(),
            until: ctx.now + TIMEOUT_MS,
        };
        self.binding.insert(key.clone(), waiting);
        self.polls.set(ctx.now + POLL_MS, key);
    }

    /// Looks at the next pod whose second has passed. False when there is none.
    pub(crate) fn poll_binding(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let Some(key) = self.polls.pop_due(ctx.now) else { return false };
        let Some(waiting) = self.binding.get(&key) else { return true };
        ctx.caller = Self::caller(waiting.entry.cause);
        match self.are_bound(waiting, ctx.now) {
            Ok(false) => drop(self.polls.set(ctx.now + POLL_MS, key)),
            Ok(true) => {
                if let Some(w) = self.binding.remove(&key) {
                    self.bind(w.entry, w.node, ctx);
                }
            }
            Err(why) => {
                let message = format!("running PreBind plugin \"VolumeBinding\": binding volumes: {why}");
                if let Some(w) = self.binding.remove(&key) {
                    self.binding_failed(w.entry, &message, ctx);
                }
            }
        }
        true
    }

    /// A pod that waits for its claims has to give way to another.
    pub(crate) fn cancel_binding(&mut self, key: &str, ctx: &mut Ctx<'_>) {
        if let Some(w) = self.binding.remove(key) {
            let message =
                "running PreBind plugin \"VolumeBinding\": binding volumes: preempted by DefaultPreemption";
            self.binding_failed(w.entry, message, ctx);
        }
    }

    fn are_bound(&self, w: &Waiting, now: Time) -> Result<bool, String> {
        let Some(node) = self.nodes.get(&w.node) else {
            return Err(format!("failed to get node \"{0}\": node \"{0}\" not found", w.node));
        };
        let mismatch = |volume: &str| {
            format!(
                "pv \"{volume}\" node affinity doesn't match node \"{}\": no matching NodeSelectorTerms",
                w.node
            )
        };
        let mut all = true;
        for (volume, claim) in &w.take {
            let Some(pv) = self.storage.volumes.get(volume) else {
                return Err(format!("failed to check binding: persistentvolume \"{volume}\" not found"));
            };
            if !reachable(pv, &node.node) {
                return Err(mismatch(volume));
            }
            if pv["spec"]["claimRef"]["uid"].text().is_empty() {
                return Err(format!("ClaimRef got reset for pv \"{volume}\""));
            }
            all &= self.storage.claims.get(claim).is_some_and(is_fully_bound);
        }
        for key in &w.provision {
            let name = key.rsplit('/').next().unwrap_or(key);
            let Some(claim) = self.storage.claims.get(key) else {
                return Err(format!(
                    "failed to check provisioning pvc: persistentvolumeclaim \"{name}\" not found"
                ));
            };
            if claim.annotations()[SELECTED_NODE] != w.node.as_str() {
                return Err(format!("provisioning failed for PVC \"{name}\""));
            }
            let volume = claim["spec"]["volumeName"].text();
            if let Some(pv) = self.storage.volumes.get(volume)
                && !reachable(pv, &node.node)
            {
                return Err(mismatch(volume));
            }
            all &= is_fully_bound(claim);
        }
        if !all && now >= w.until {
            return Err("context deadline exceeded".into());
        }
        Ok(all)
    }
}
