//! The ephemeral volume controller: makes the claims of pods that bring a template for one.
//!
//! Owns: claims named `pod-volume`, owned by their pod and collected with it.
//! Models `pkg/controller/volume/ephemeral`.

use ordered::{BTreeMap, BTreeSet};

use client::{Change, Ctx, Recorder};
use clock::Time;
use objects::resources::{PERSISTENTVOLUMECLAIMS, PODS, Resource};
use objects::{Status, Str, Value, value};

use crate::caches::{Caches, key_of};
use crate::controller::{Base, Controller, controller_ref, has_base, internal};
use crate::pod_facts::PodFacts;

#[derive(Clone, Debug)]
pub struct EphemeralController {
    pub base: Base,
    /// The pods that have such a claim, by its key.
    pods: BTreeMap<Str, BTreeSet<Str>>,
}

impl Default for EphemeralController {
    fn default() -> Self {
        Self::new()
    }
}

/// The volumes of `pod` that bring a template, with the names of their claims.
fn claims(pod: &Value) -> impl Iterator<Item = (&Value, String)> {
    let volumes = pod["spec"]["volumes"].items().iter().filter(|v| !v["ephemeral"].is_null());
    volumes.map(|v| (v, format!("{}-{}", pod.name(), v["name"].text())))
}

impl EphemeralController {
    #[must_use]
    pub fn new() -> Self {
        let mut base = Base::new("ephemeral-volume-controller");
        base.recorder = Recorder::new("ephemeral_volume", "");
        Self { base, pods: BTreeMap::new() }
    }

    fn create(
        pod: &Value,
        volume: &Value,
        name: &str,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), String> {
        let namespace = pod.namespace();
        if let Some(claim) = caches.of_resource(PERSISTENTVOLUMECLAIMS).get(&key_of(namespace, name)) {
            if claim.controller_ref()["uid"] == pod.uid() {
                return Ok(());
            }
            let (claim, pod) = (claim.key(), pod.key());
            return Err(format!("PVC {claim} was not created for pod {pod} (pod is not owner)"));
        }
        let template = &volume["ephemeral"]["volumeClaimTemplate"];
        let mut claim = value!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": (name), "namespace": (namespace), "ownerReferences": [(controller_ref(pod, PODS))]},
            "spec": (&template["spec"]),
        });
        for field in ["annotations", "labels"] {
            let of_template = &template["metadata"][field];
            if !of_template.is_zero() {
                claim.set_at(&["metadata", field], of_template);
            }
        }
        let made = ctx.create(PERSISTENTVOLUMECLAIMS, claim);
        made.map(|_| ()).map_err(|e| format!("create PVC {name}: {}", e.message))
    }
}

impl Controller for EphemeralController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![PODS, PERSISTENTVOLUMECLAIMS]
    }

    fn concerns(&self, pod: &PodFacts<'_>) -> bool {
        pod.is.has_disks
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource == PERSISTENTVOLUMECLAIMS.id {
            if change.is_deleted() {
                for pod in self.pods.get(&change.key()).into_iter().flatten() {
                    self.base.queue.add(pod.clone(), change.revision, now);
                }
            }
            return;
        }
        // The volumes of a pod never change.
        if !change.previous.is_null() && !change.is_deleted() {
            return;
        }
        let (pod, key) = (&change.object, change.key());
        for (_, name) in claims(pod) {
            let claim = key_of(pod.namespace(), &name);
            let set = self.pods.entry(claim.clone()).or_default();
            if change.is_deleted() {
                set.remove(&key);
            } else {
                set.insert(key.clone());
                self.base.queue.add(key.clone(), change.revision, now);
            }
            if set.is_empty() {
                self.pods.remove(&claim);
            }
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(pod) = caches.pods().get(key).filter(|p| !p.is_terminating()) else { return Ok(()) };
        for (volume, name) in claims(pod) {
            if let Err(why) = Self::create(pod, volume, &name, caches, ctx) {
                let why = format!("ephemeral volume {}: {why}", volume["name"].text());
                self.base.warning(ctx, pod, "FailedBinding", &why);
                return Err(internal(format!("pod {key}, {why}")));
            }
        }
        Ok(())
    }
}
