//! DefaultStorageClass and DefaultIngressClass: what names no class gets the one marked as default.
//!
//! Models `plugin/pkg/admission/storage/storageclass/setdefault` and `plugin/pkg/admission/network/defaultingressclass`.
//! Of several storage classes so marked the newest counts; several ingress classes are an error.

use objects::{Reason, Status, Value};

use crate::server::ApiServer;

const STORAGE_MARKS: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
const STORAGE_BETA: &str = "volume.beta.kubernetes.io/storage-class";
const INGRESS_MARK: &str = "ingressclass.kubernetes.io/is-default-class";
const INGRESS_LEGACY: &str = "kubernetes.io/ingress.class";

#[inline(never)]
pub(super) fn storage(server: &ApiServer, claim: &mut Value) {
    // An empty name is a choice: no class.
    if !claim["spec"]["storageClassName"].is_null() || !claim.annotations()[STORAGE_BETA].is_null() {
        return;
    }
    let newest = server
        .objects("storageclasses.storage.k8s.io", "")
        .filter(|c| STORAGE_MARKS.iter().any(|m| c.annotations()[*m] == "true"))
        .min_by(|a, b| b.created().cmp(&a.created()).then_with(|| a.name().cmp(b.name())));
    if let Some(class) = newest {
        let name = class.meta()["name"].clone();
        claim.set_at(&["spec", "storageClassName"], name);
    }
}

#[inline(never)]
pub(super) fn ingress(server: &ApiServer, ingress: &mut Value) -> Result<(), Status> {
    if !ingress["spec"]["ingressClassName"].is_null() || !ingress.annotations()[INGRESS_LEGACY].is_null() {
        return Ok(());
    }
    let marked: Vec<&Value> = server
        .objects("ingressclasses.networking.k8s.io", "")
        .filter(|c| c.annotations()[INGRESS_MARK] == "true")
        .collect();
    match marked.as_slice() {
        [] => Ok(()),
        [one] => {
            let name = one.meta()["name"].clone();
            ingress.set_at(&["spec", "ingressClassName"], name);
            Ok(())
        }
        many => {
            let why = format!("{} default IngressClasses were found, only 1 allowed", many.len());
            Err(Status::new(Reason::InternalError, format!("Internal error occurred: {why}")))
        }
    }
}
