//! Creating, deleting, adopting and releasing what a controller owns, with the events that go with it.
//!
//! Models `pkg/controller/controller_utils.go` RealPodControl and `pkg/controller/controller_ref_manager.go`.

use client::{Ctx, PatchType};
use objects::resources::{PODS, Resource};
use objects::text::joined;
use objects::{Reason, Status, Value, value};

use crate::controller::{Base, controller_ref, internal, is_namespace_terminating};

/// `name-`, or the name alone when that would be too long.
#[must_use]
pub fn generate_name(owner: &str) -> String {
    if owner.len() < 253 { format!("{owner}-") } else { owner.to_owned() }
}

/// The pod a template asks for, still without a name. The spec is the template's own subtree, shared.
#[must_use]
pub fn pod_from_template(template: &Value, owner: &Value, resource: &Resource) -> Value {
    let from = template.meta();
    let mut meta = value!({
        "generateName": (generate_name(owner.name())),
        "namespace": (owner.meta().get("namespace")),
        "ownerReferences": [(controller_ref(owner, resource))],
    });
    for field in ["labels", "annotations", "finalizers"] {
        if !from.get(field).is_zero() {
            meta.set(field, from.get(field));
        }
    }
    value!({"apiVersion": "v1", "kind": "Pod", "metadata": (meta), "spec": (template.get("spec"))})
}

/// Creates a pod of `template` for `owner` and says so on the owner.
///
/// # Errors
/// The server's refusal, said on the owner too unless the namespace is being terminated.
pub fn create_pod(
    base: &mut Base,
    ctx: &mut Ctx<'_>,
    template: &Value,
    owner: &Value,
    resource: &Resource,
) -> Result<Value, Status> {
    create_this_pod(base, ctx, pod_from_template(template, owner, resource), owner)
}

/// Creates `pod` for `owner` and says so on the owner.
///
/// # Errors
/// As [`create_pod`].
pub fn create_this_pod(
    base: &mut Base,
    ctx: &mut Ctx<'_>,
    pod: Value,
    owner: &Value,
) -> Result<Value, Status> {
    if pod.labels().is_zero() {
        return Err(internal("unable to create pods, no labels"));
    }
    match ctx.create(PODS, pod) {
        Ok(pod) => {
            base.normal(ctx, owner, "SuccessfulCreate", &joined(&["Created pod: ", pod.name()]));
            Ok(pod)
        }
        Err(e) => {
            if !is_namespace_terminating(&e) {
                base.warning(ctx, owner, "FailedCreate", &format!("Error creating: {e}"));
            }
            Err(e)
        }
    }
}

/// Deletes a pod and says so on the owner.
///
/// # Errors
/// Not found as it is; any other refusal in upstream's wrapping.
pub fn delete_pod(base: &mut Base, ctx: &mut Ctx<'_>, pod: &Value, owner: &Value) -> Result<(), Status> {
    let name = pod.name();
    match ctx.delete(PODS, pod.namespace(), name, None, None, None) {
        Ok(_) => {
            base.normal(ctx, owner, "SuccessfulDelete", &format!("Deleted pod: {name}"));
            Ok(())
        }
        Err(e) if e.reason == Reason::NotFound => Err(e),
        Err(e) => {
            base.warning(ctx, owner, "FailedDelete", &format!("Error deleting: {e}"));
            Err(internal(format!("unable to delete pods: {e}")))
        }
    }
}

/// Makes `owner` the controller of `object`, after a live look that the owner is not being deleted.
/// `None` when the object is gone.
///
/// # Errors
/// The owner is gone, another one now, or being deleted; or the server's refusal.
pub fn adopt(
    ctx: &mut Ctx<'_>,
    owner: &Value,
    owner_resource: &Resource,
    object: &Value,
    resource: &Resource,
) -> Result<Option<Value>, Status> {
    let fresh = ctx.get(owner_resource, owner.namespace(), owner.name())?;
    if fresh.uid() != owner.uid() {
        return Err(internal(format!(
            "original {} {}/{} is gone: got uid {}, wanted {}",
            owner_resource.kind,
            owner.namespace(),
            owner.name(),
            fresh.uid(),
            owner.uid()
        )));
    }
    if fresh.is_terminating() {
        return Err(internal(format!(
            "can't adopt {} {}/{}: {}/{} has just been deleted",
            resource.kind,
            object.namespace(),
            object.name(),
            owner.namespace(),
            owner.name()
        )));
    }
    let patch = value!({"metadata": {
        "ownerReferences": [(controller_ref(owner, owner_resource))], "uid": (object.uid()),
    }});
    patched(ctx.patch(resource, object.namespace(), object.name(), "", PatchType::Strategic, patch))
}

/// Takes `owner` off `object`. `None` when the object is gone or was another one by now.
///
/// # Errors
/// The server's refusal.
pub fn release(
    ctx: &mut Ctx<'_>,
    owner: &Value,
    object: &Value,
    resource: &Resource,
) -> Result<Option<Value>, Status> {
    let patch = value!({"metadata": {
        "ownerReferences": [{"$patch": "delete", "uid": (owner.uid())}], "uid": (object.uid()),
    }});
    let done = ctx.patch(resource, object.namespace(), object.name(), "", PatchType::Strategic, patch);
    match done {
        // The object no longer has this owner, or this uid is gone: nothing to release.
        Err(e) if e.reason == Reason::Invalid => Ok(None),
        done => patched(done),
    }
}

fn patched(result: Result<Value, Status>) -> Result<Option<Value>, Status> {
    match result {
        Ok(v) => Ok(Some(v)),
        Err(e) if e.reason == Reason::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}
