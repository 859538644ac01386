//! From client-side to server-side apply: the fields that `kubectl apply` managed become those of the applier.
//!
//! Models `k8s.io/client-go/util/csaupgrade` and the migration of `k8s.io/kubectl/pkg/cmd/apply`.

use client::{Body, PatchType, Verb};
use objects::fieldset::Set;
use objects::{Value, value};

use super::create::LAST_APPLIED;
use crate::error::Result;
use crate::finder::Info;
use crate::session::{Kubectl, request};

/// Who keeps the annotation when the applier no longer writes it.
const ANNOTATION_KEEPER: &str = "kubectl-last-applied";
/// How often the migration is tried again when the object changes meanwhile.
const TRIES: usize = 5;

/// The names of the entries of an operation that own the annotation.
fn owners<'a>(object: &'a Value, operation: &str) -> Vec<&'a str> {
    let step = format!("f:{LAST_APPLIED}");
    let path = ["f:metadata", "f:annotations", step.as_str()];
    let entries = object.meta()["managedFields"].items().iter();
    entries
        .filter(|e| e["operation"] == operation)
        .filter(|e| Set::from_value(&e["fieldsV1"]).is_some_and(|s| s.has_path(&path)))
        .map(|e| e["manager"].text())
        .collect()
}

/// Gives the last-applied annotation an owner of its own, so that it outlives the change of hands.
///
/// # Errors
/// The server's refusal.
pub async fn keep_annotation(k: &Kubectl, i: &Info, object: Value, manager: &str) -> Result<Value> {
    let text = &object.annotations()[LAST_APPLIED];
    if manager != "kubectl" || text.is_null() || !owners(&object, "Apply").is_empty() {
        return Ok(object);
    }
    let mut meta = value!({"name": (object.name()), "annotations": {}});
    meta.set_at(&["annotations", LAST_APPLIED], text.clone());
    if !object.namespace().is_empty() {
        meta.set("namespace", object.namespace());
    }
    let body = value!({"apiVersion": (object.api_version()), "kind": (object.kind()), "metadata": (meta)});
    let mut r = request(Verb::Patch, &i.resource, &i.namespace)
        .named(i.name.clone())
        .patch(PatchType::Apply, Body::Object(body));
    r.options.field_manager = ANNOTATION_KEEPER.into();
    Ok(k.call(r).await?.object)
}

/// Moves what client-side apply managed to the applier. True when there was something to move.
///
/// # Errors
/// The server's refusal.
pub async fn migrate(k: &Kubectl, i: &Info, mut object: Value, manager: &str) -> Result<bool> {
    for attempt in 1.. {
        let Some(entries) = upgraded(&object, manager) else { return Ok(false) };
        let patch = value!([
            {"op": "replace", "path": "/metadata/managedFields", "value": (entries)},
            {"op": "replace", "path": "/metadata/resourceVersion",
             "value": (object.meta()["resourceVersion"].clone())}
        ]);
        let mut r = request(Verb::Patch, &i.resource, &i.namespace)
            .named(i.name.clone())
            .patch(PatchType::Json, Body::Object(patch));
        r.options.field_manager = manager.into();
        match k.call(r).await {
            Ok(_) => return Ok(true),
            Err(e) if e.is(objects::Reason::Conflict) && attempt < TRIES => {
                object = k.get(&i.resource, &i.namespace, &i.name).await?;
            }
            Err(e) => return Err(e),
        }
    }
    Ok(false)
}

/// The entries with client-side apply's merged into the applier's; `None` when there are none.
fn upgraded(object: &Value, manager: &str) -> Option<Value> {
    let from = owners(object, "Update");
    if from.is_empty() {
        return None;
    }
    let mut entries: Vec<Value> = object.meta()["managedFields"].items().to_vec();
    let is_own = |e: &Value| {
        e["manager"] == manager && e["operation"] == "Apply" && e["subresource"].text().is_empty()
    };
    for name in from {
        let is_old = |e: &Value| {
            e["manager"] == name && e["operation"] == "Update" && e["subresource"].text().is_empty()
        };
        let target = entries.iter().position(is_own).or_else(|| entries.iter().position(is_old))?;
        let version = entries[target]["apiVersion"].clone();
        let old = entries.iter().find(|e| is_old(e) && e["apiVersion"] == version);
        let old_set = old.and_then(|e| Set::from_value(&e["fieldsV1"])).unwrap_or_default();
        let set = Set::from_value(&entries[target]["fieldsV1"]).unwrap_or_default().union(&old_set);
        let e = &mut entries[target];
        e.set("operation", "Apply");
        e.set("manager", manager);
        e.set("fieldsV1", set.to_value());
        entries.retain(|e| !is_old(e));
    }
    Some(entries.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_managers_fields_become_the_appliers() {
        let fields = |name: &str| {
            let mut own = value!({"f:metadata": {"f:annotations": {}}, "f:spec": {}});
            own.set_at(&["f:metadata", "f:annotations", &format!("f:{LAST_APPLIED}")], Value::map());
            own.set_at(&["f:spec", &format!("f:{name}")], Value::map());
            own
        };
        let entry = |manager: &str, operation: &str, fields: Value| value!({"manager": (manager), "operation": (operation), "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": (fields)});
        let object = value!({"metadata": {"managedFields": [
            (entry("kubectl", "Apply", value!({"f:spec": {"f:replicas": {}}}))),
            (entry("kubectl-client-side-apply", "Update", fields("paused"))),
            (entry("other", "Update", value!({"f:spec": {"f:x": {}}})))
        ]}});
        let after = upgraded(&object, "kubectl").unwrap_or_default();
        assert_eq!(after.items().len(), 2);
        let spec = &after[0]["fieldsV1"]["f:spec"];
        assert!(spec.find("f:replicas").is_some() && spec.find("f:paused").is_some(), "{spec:?}");
        assert_eq!(upgraded(&value!({"metadata": {}}), "kubectl"), None);
    }
}
