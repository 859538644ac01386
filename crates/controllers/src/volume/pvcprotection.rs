//! PVC protection: a claim that a pod uses is not gone before the pod is.
//!
//! Owns: the finalizer `kubernetes.io/pvc-protection`; which pods use which claim, kept from each pod's change.
//! Models `pkg/controller/volume/pvcprotection`.

use ordered::{BTreeMap, BTreeSet};

use client::{Change, Ctx};
use clock::Time;
use objects::resources::{PERSISTENTVOLUMECLAIMS, PODS, Resource};
use objects::{Status, Str, Value};

use crate::caches::{Caches, key_of};
use crate::controller::{Base, Controller, has_base};
use crate::pod_facts::PodFacts;
use crate::pods;
use crate::volume::persistentvolume::{has_finalizer, set_finalizer};

const FINALIZER: &str = "kubernetes.io/pvc-protection";

#[derive(Clone, Debug)]
pub struct PvcProtectionController {
    pub base: Base,
    users: Users,
}

/// Pods by the claims they name. A claim that no pod names has no entry.
pub(super) type Users = BTreeMap<Str, BTreeSet<Str>>;

/// Notes whether `pod` is among the users of `claim`; true when that is news.
pub(super) fn tally(users: &mut Users, claim: &Str, pod: &Str, uses: bool) -> bool {
    if uses {
        return users.entry(claim.clone()).or_default().insert(pod.clone());
    }
    let Some(set) = users.get_mut(claim) else { return false };
    let news = set.remove(pod);
    if set.is_empty() {
        users.remove(claim);
    }
    news
}

impl Default for PvcProtectionController {
    fn default() -> Self {
        Self::new()
    }
}

/// The claims a pod names, its generic ephemeral ones included.
pub(crate) fn claims_of(pod: &Value) -> Vec<Str> {
    let named = |v: &Value| {
        if !v["persistentVolumeClaim"].is_null() {
            Some(v["persistentVolumeClaim"]["claimName"].to_str())
        } else if !v["ephemeral"].is_null() {
            Some(smol_str::format_smolstr!("{}-{}", pod.name(), v["name"].text()))
        } else {
            None
        }
    };
    let volumes = pod["spec"]["volumes"].items();
    volumes.iter().filter_map(named).map(|n| key_of(pod.namespace(), &n)).collect()
}

impl PvcProtectionController {
    #[must_use]
    pub fn new() -> Self {
        let base =
            Base::with_account("persistentvolumeclaim-protection-controller", "pvc-protection-controller");
        Self { base, users: Users::new() }
    }
}

impl Controller for PvcProtectionController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![PERSISTENTVOLUMECLAIMS, PODS]
    }

    fn concerns(&self, pod: &PodFacts<'_>) -> bool {
        pod.is.has_disks
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        let key = change.key();
        if change.resource == PERSISTENTVOLUMECLAIMS.id {
            let claim = &change.object;
            let asks = claim.is_terminating() == has_finalizer(claim, FINALIZER);
            if !change.is_deleted() && asks {
                self.base.queue.add(key, change.revision, now);
            }
            return;
        }
        let pod = &change.object;
        if pod["spec"]["volumes"].is_zero() {
            return;
        }
        let gone = change.is_deleted() || pods::is_terminal(pod);
        let uses = !gone && !pod["spec"]["nodeName"].is_zero();
        for claim in claims_of(pod) {
            tally(&mut self.users, &claim, &key, uses);
            if !uses {
                self.base.queue.add(claim, change.revision, now);
            }
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(claim) = caches.of_resource(PERSISTENTVOLUMECLAIMS).get(key) else { return Ok(()) };
        match (claim.is_terminating(), has_finalizer(claim, FINALIZER)) {
            (true, true) if !self.users.contains_key(key) => {
                set_finalizer(PERSISTENTVOLUMECLAIMS, claim, FINALIZER, false, ctx)
            }
            (false, false) => set_finalizer(PERSISTENTVOLUMECLAIMS, claim, FINALIZER, true, ctx),
            _ => Ok(()),
        }
    }
}
