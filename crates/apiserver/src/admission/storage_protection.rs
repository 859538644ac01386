//! StorageObjectInUseProtection: volumes and claims stay while someone uses them.
//!
//! Models `plugin/pkg/admission/storage/storageobjectinuseprotection`.

use objects::Value;

use crate::server::Cx;

pub(super) fn admit(cx: &Cx<'_>, object: &mut Value) {
    let finalizer = match cx.resource.kind.as_str() {
        "PersistentVolume" => "kubernetes.io/pv-protection",
        _ => "kubernetes.io/pvc-protection",
    };
    let finalizers = object.at_mut(&["metadata", "finalizers"]).list_mut();
    if !finalizers.iter().any(|f| *f == finalizer) {
        finalizers.push(finalizer);
    }
}
