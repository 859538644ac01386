//! PersistentVolumeClaimResize: only a claim whose class allows it may grow.
//!
//! Models `plugin/pkg/admission/storage/persistentvolume/resize`.

use objects::quantity::Quantity;
use objects::{Status, Value};

use crate::server::{ApiServer, Cx};

const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

fn class(claim: &Value) -> &str {
    claim.annotations()[BETA_CLASS].as_str().unwrap_or_else(|| claim["spec"]["storageClassName"].text())
}

#[inline(never)]
pub(super) fn admit(server: &ApiServer, cx: &Cx<'_>, new: &Value, old: &Value) -> Result<(), Status> {
    let size = |c: &Value| Quantity::of(&c["spec"]["resources"]["requests"]["storage"]);
    if size(new) <= size(old) {
        return Ok(());
    }
    let forbidden = |why: &str| Err(Status::forbidden("", &cx.resource.plural, old.name(), why));
    if old["status"]["phase"] != "Bound" {
        return forbidden("Only bound persistent volume claims can be expanded");
    }
    let allowed = server
        .get("storageclasses.storage.k8s.io", "", class(new))
        .is_some_and(|c| c["allowVolumeExpansion"].is_true());
    if class(new).is_empty() || class(new) != class(old) || !allowed {
        return forbidden(
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
        );
    }
    Ok(())
}
