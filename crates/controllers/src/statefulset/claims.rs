//! The claims of a StatefulSet's pods: made before the pod, owned as the retention policy says.
//!
//! Models `pkg/controller/statefulset/stateful_pod_control.go` and the claim functions of stateful_set_utils.go.

use objects::resources::{PERSISTENTVOLUMECLAIMS, PODS, Resource, STATEFULSETS};
use objects::{Reason, Status, Value};

use super::Update;
use super::identity::{claim_name, in_range, ordinal};
use crate::caches::key_of;
use crate::controller::{controller_ref, internal};

fn deletes(set: &Value, when: &str) -> bool {
    set["spec"]["persistentVolumeClaimRetentionPolicy"][when] == "Delete"
}

fn refers(reference: &Value, owner: &Value, resource: &Resource) -> bool {
    reference["kind"] == resource.kind.as_str()
        && reference["apiVersion"] == resource.api_version().as_str()
        && reference["name"] == owner.name()
}

impl Update<'_, '_, '_> {
    /// Creates the claims of `pod` that are missing.
    pub(super) fn create_claims(&mut self, pod: &Value) -> Result<(), Status> {
        let set = self.set;
        let Some(ordinal) = ordinal(pod.name()) else { return Ok(()) };
        let mut errors: Vec<String> = Vec::new();
        for template in set["spec"]["volumeClaimTemplates"].items() {
            self.base.visited += 1;
            let name = claim_name(set, template, ordinal);
            match self.caches.of_resource(PERSISTENTVOLUMECLAIMS).get(&key_of(set.namespace(), &name)) {
                Some(claim) if claim.is_terminating() => errors.push(format!("pvc {name} is being deleted")),
                Some(_) => {}
                None => {
                    let mut claim = template.clone();
                    claim.set("apiVersion", "v1");
                    claim.set("kind", "PersistentVolumeClaim");
                    claim.remove("status");
                    claim.set_at(&["metadata", "name"], &name);
                    claim.set_at(&["metadata", "namespace"], set.namespace());
                    for (k, v) in set["spec"]["selector"]["matchLabels"].entries() {
                        claim.set_at(&["metadata", "labels", k], v);
                    }
                    let (who, of) = (pod.name(), set.name());
                    match self.ctx.create(PERSISTENTVOLUMECLAIMS, claim) {
                        Ok(_) => {
                            let text = format!("Create Claim {name} Pod {who} in StatefulSet {of} success");
                            self.base.normal(self.ctx, set, "SuccessfulCreate", &text);
                        }
                        // Made by an earlier sync whose echo is still to come.
                        Err(e) if e.reason == Reason::AlreadyExists => {}
                        Err(e) => {
                            let text = format!(
                                "Create Claim {name} for Pod {who} in StatefulSet {of} failed error: {e}"
                            );
                            self.base.warning(self.ctx, set, "FailedCreate", &text);
                            errors.push(format!("failed to create PVC {name}: {e}"));
                        }
                    }
                }
            }
        }
        match errors.as_slice() {
            [] => Ok(()),
            [one] => Err(internal(one.clone())),
            many => Err(internal(format!("[{}]", many.join(", ")))),
        }
    }

    /// True when a claim of `pod` still belongs to an earlier pod of that name and is about to go.
    pub(super) fn has_stale_claim(&self, pod: &Value) -> bool {
        if !deletes(self.set, "whenScaled") {
            return false;
        }
        let Some(ordinal) = ordinal(pod.name()) else { return false };
        self.set["spec"]["volumeClaimTemplates"].items().iter().any(|t| {
            let key = key_of(self.set.namespace(), &claim_name(self.set, t, ordinal));
            let claim = self.caches.of_resource(PERSISTENTVOLUMECLAIMS).get(&key);
            claim.is_some_and(|c| {
                let owners = c.meta()["ownerReferences"].items();
                owners.iter().any(|r| refers(r, pod, PODS) && r["uid"] != pod.uid())
            })
        })
    }

    /// Brings the owners of `pod`'s claims in line with the retention policy.
    pub(super) fn keep_claim_owners(&mut self, pod: &Value) -> Result<(), Status> {
        let set = self.set;
        let Some(ordinal) = ordinal(pod.name()) else { return Ok(()) };
        let (scaled, deleted) = (deletes(set, "whenScaled"), deletes(set, "whenDeleted"));
        for template in set["spec"]["volumeClaimTemplates"].items() {
            let name = claim_name(set, template, ordinal);
            let key = key_of(set.namespace(), &name);
            let Some(claim) = self.caches.of_resource(PERSISTENTVOLUMECLAIMS).get(&key) else { continue };
            let owners = claim.meta()["ownerReferences"].items();
            let ours = |r: &Value| refers(r, set, STATEFULSETS) || refers(r, pod, PODS);
            let stale = owners.iter().any(|r| {
                (refers(r, set, STATEFULSETS) && r["uid"] != set.uid())
                    || (refers(r, pod, PODS) && r["uid"] != pod.uid())
            });
            if stale {
                continue;
            }
            let mut wanted: Vec<Value> = owners.iter().filter(|r| !ours(r)).cloned().collect();
            if (scaled || deleted) && wanted.iter().any(|r| r["controller"].is_true()) {
                let text = format!(
                    "PersistentVolumeClaim {name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim"
                );
                self.base.warning(self.ctx, set, "ConflictingController", &text);
            } else if scaled && !in_range(set, pod) {
                if !pod.uid().is_empty() {
                    wanted.push(controller_ref(pod, PODS));
                }
            } else if deleted {
                wanted.push(controller_ref(set, STATEFULSETS));
            }
            if wanted != owners {
                let mut next = claim.clone();
                if wanted.is_empty() {
                    next.remove_at(&["metadata", "ownerReferences"]);
                } else {
                    next.set_at(&["metadata", "ownerReferences"], wanted);
                }
                self.ctx.update(PERSISTENTVOLUMECLAIMS, next).map_err(|e| {
                    internal(format!("could not update claim {name} for delete policy ownerRefs: {e}"))
                })?;
            }
        }
        Ok(())
    }
}
