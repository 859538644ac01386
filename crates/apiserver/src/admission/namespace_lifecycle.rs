//! NamespaceLifecycle: nothing is made in a namespace that is absent or on its way out.
//!
//! Models `k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle`.

use objects::status::Cause;
use objects::{Status, Value};

use crate::server::{ApiServer, Cx};

/// These namespaces stay.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

pub(super) fn admit_create(server: &ApiServer, cx: &Cx<'_>) -> Result<(), Status> {
    let namespace = cx.namespace();
    if namespace.is_empty() || cx.resource.storage.is_empty() {
        return Ok(());
    }
    let Some(found) = server.get("namespaces", "", namespace) else {
        return Err(Status::not_found("", "namespaces", namespace));
    };
    if found["status"]["phase"] != "Terminating" {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let name = match &cx.request.body {
        client::Body::Object(o) => o.name(),
        _ => "",
    };
    let mut status = Status::forbidden(&cx.resource.group, &cx.resource.plural, name, &why);
    status.causes.push(Cause {
        reason: "NamespaceTerminating",
        field: "metadata.namespace".into(),
        message: format!("namespace {namespace} is being terminated"),
    });
    Err(status)
}

pub(super) fn admit_delete(cx: &Cx<'_>, old: &Value) -> Result<(), Status> {
    if cx.resource.id == "namespaces" && IMMORTAL.contains(&old.name()) {
        return Err(Status::forbidden("", "namespaces", old.name(), "this namespace may not be deleted"));
    }
    Ok(())
}
