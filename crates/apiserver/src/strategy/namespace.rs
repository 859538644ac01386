//! Namespaces: a phase and a finalizer that holds them until their content is gone.
//!
//! Models `pkg/registry/core/namespace`.

use objects::{Value, value};

use super::{PLAIN, Strategy};
use crate::registry::{update_is_finished, update_keep};

const FINALIZER: &str = "kubernetes";
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

pub(crate) static STRATEGY: Strategy = Strategy {
    status: true,
    returns_deleted: true,
    prepare_create,
    prepare_update: |new, old| update_keep(new, old, "spec"),
    canonicalize,
    is_finished: |new, old| new["spec"]["finalizers"].items().is_empty() && update_is_finished(new, old),
    ..PLAIN
};

fn prepare_create(object: &mut Value, _: clock::Time) {
    object.set("status", value!({"phase": "Active"}));
    let finalizers = object.at_mut(&["spec", "finalizers"]).list_mut();
    if !finalizers.iter().any(|f| *f == FINALIZER) {
        finalizers.push(FINALIZER);
    }
}

fn canonicalize(object: &mut Value) {
    if object.labels()[NAME_LABEL] != object.meta()["name"] {
        let name = object.meta()["name"].clone();
        object.set_at(&["metadata", "labels", NAME_LABEL], name);
    }
}
