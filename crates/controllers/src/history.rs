//! ControllerRevisions: the past templates of StatefulSets and DaemonSets.
//!
//! Models `pkg/controller/history`.

use client::Ctx;
use objects::resources::{CONTROLLERREVISIONS, Resource};
use objects::{Reason, Status, Value, json, value};
use ordered::Sort as _;

use crate::caches::Caches;
use crate::controller::controller_ref;
use crate::pod_control::adopt;
use crate::selector::Selector;

/// What a revision keeps of its owner: a patch that puts the template back.
#[must_use]
pub fn data_of(owner: &Value) -> Value {
    let mut template = owner["spec"]["template"].clone();
    template.set("$patch", "replace");
    value!({"spec": {"template": (template)}})
}

/// The template a revision restores.
#[must_use]
pub fn template_of(revision: &Value) -> Value {
    let mut template = revision["data"]["spec"]["template"].clone();
    template.remove("$patch");
    template
}

/// The hash of a StatefulSet's revision: of its data's bytes.
#[must_use]
pub fn hash_of(data: &Value, collisions: i64) -> String {
    objects::template_hash::controller_revision_hash(&json::to_string(data), Some(collisions))
}

/// The name of a revision; a very long owner's name is cut.
#[must_use]
pub fn name_of(owner: &str, hash: &str) -> String {
    format!("{}-{hash}", owner.get(..223).unwrap_or(owner))
}

/// A revision object, not yet stored. `label` is the key under which its labels carry the hash.
#[must_use]
pub fn new_revision(
    owner: &Value,
    resource: &Resource,
    number: i64,
    hash: &str,
    label: &str,
    data: &Value,
) -> Value {
    let mut labels = owner["spec"]["template"].labels().clone();
    labels.set(label, hash);
    let mut revision = value!({
        "apiVersion": "apps/v1", "kind": "ControllerRevision",
        "metadata": {
            "name": (name_of(owner.name(), hash)), "namespace": (owner.namespace()), "labels": (labels),
            "ownerReferences": [(controller_ref(owner, resource))],
        },
        "data": (data), "revision": (number),
    });
    if !owner.annotations().is_zero() {
        revision.set_at(&["metadata", "annotations"], owner.annotations());
    }
    revision
}

/// The revisions of `owner`, oldest first; matching orphans are adopted.
///
/// # Errors
/// The refusal of an adoption.
pub fn claim(
    owner: &Value,
    resource: &Resource,
    selector: &Selector,
    caches: &Caches,
    ctx: &mut Ctx<'_>,
) -> Result<Vec<Value>, Status> {
    let store = caches.of_resource(CONTROLLERREVISIONS);
    let mut all: Vec<Value> = store.controlled_by(owner.uid()).cloned().collect();
    if !owner.is_terminating() {
        for orphan in store.orphans(owner.namespace()) {
            if selector.matches(orphan.labels()) && !orphan.is_terminating() {
                all.extend(adopt(ctx, owner, resource, orphan, CONTROLLERREVISIONS)?);
            }
        }
    }
    all.arrange_by(|a, b| {
        let of = |r: &Value| (r["revision"].int(), r.created(), r.name().to_owned());
        of(a).cmp(&of(b))
    });
    Ok(all)
}

/// Gives a revision another number.
///
/// # Errors
/// The server's refusal.
pub fn renumber(ctx: &mut Ctx<'_>, revision: &Value, number: i64) -> Result<Value, Status> {
    if revision["revision"].int() == number {
        return Ok(revision.clone());
    }
    let mut next = revision.clone();
    next.set("revision", number);
    ctx.update(CONTROLLERREVISIONS, next)
}

/// Deletes a revision; what is gone already counts as done.
///
/// # Errors
/// The server's refusal.
pub fn delete(ctx: &mut Ctx<'_>, revision: &Value) -> Result<(), Status> {
    match ctx.delete(CONTROLLERREVISIONS, revision.namespace(), revision.name(), None, None, None) {
        Err(e) if e.reason != Reason::NotFound => Err(e),
        _ => Ok(()),
    }
}
