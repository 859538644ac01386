//! RuntimeClass: a pod's class adds its overhead and where it may run.
//!
//! Models `plugin/pkg/admission/runtimeclass`. Not modelled: what a handler does to the container.

use objects::{Status, Value};

use crate::server::ApiServer;

const CLASSES: &str = "runtimeclasses.node.k8s.io";

#[inline(never)]
pub(super) fn admit(server: &ApiServer, pod: &mut Value) -> Result<(), Status> {
    let name = pod["spec"]["runtimeClassName"].to_str();
    let refuse = |pod: &Value, why: &str| Err(Status::forbidden("", "pods", pod.name(), why));
    if name.is_empty() {
        if !pod["spec"]["overhead"].is_zero() {
            return refuse(
                pod,
                "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
            );
        }
        return Ok(());
    }
    let Some(class) = server.get(CLASSES, "", &name) else {
        return refuse(pod, &format!("pod rejected: RuntimeClass \"{name}\" not found"));
    };
    let fixed = &class["overhead"]["podFixed"];
    let given = &pod["spec"]["overhead"];
    if !given.is_zero() && given != fixed {
        return refuse(pod, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    let (fixed, scheduling) = (fixed.clone(), class["scheduling"].clone());
    let spec = pod.map_mut().entry("spec");
    if !fixed.is_zero() {
        spec.set("overhead", fixed);
    }
    for (key, value) in scheduling["nodeSelector"].entries() {
        let own = &spec["nodeSelector"][key.as_str()];
        if !own.is_null() && own != value {
            let why = format!(
                "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {}; pod.spec.nodeSelector[{key}] = {}",
                value.text(),
                own.text()
            );
            return refuse(pod, &why);
        }
        let value = value.clone();
        spec.map_mut().entry("nodeSelector").set(key.clone(), value);
    }
    for toleration in scheduling["tolerations"].items() {
        if !spec["tolerations"].items().contains(toleration) {
            spec.map_mut().entry("tolerations").list_mut().push(toleration.clone());
        }
    }
    Ok(())
}
