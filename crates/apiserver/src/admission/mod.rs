//! Admission: plugins that complete or refuse a write after defaulting and before validation.
//!
//! Models the default plugins of `k8s.io/kubernetes/plugin/pkg/admission` in their recommended order.

pub(crate) mod certificates;
pub(crate) mod completed;
mod default_class;
mod default_toleration_seconds;
mod dynamic;
mod limit_ranger;
mod namespace_lifecycle;
mod pod_resize;
mod pod_resources;
mod pod_security;
mod priority;
mod resource_quota;
mod runtime_class;
mod service_account;
mod storage_protection;
mod vertical_pod_autoscaler;
mod volume_resize;

pub(crate) use dynamic::{Registered, type_checking, webhook_call};
pub use dynamic::{WebhookCall, Webhooks};
pub(crate) use service_account::token_volume;

use objects::{Status, Value};

use crate::server::{ApiServer, Cx};

impl ApiServer {
    pub(crate) fn admit_create(&mut self, cx: &mut Cx<'_>, object: &mut Value) -> Result<(), Status> {
        namespace_lifecycle::admit_create(self, cx)?;
        match cx.resource.storage.as_str() {
            "pods" => self.complete_pod(cx, object)?,
            "persistentvolumeclaims" => {
                default_class::storage(self, object);
                storage_protection::admit(cx, object);
            }
            "persistentvolumes" => storage_protection::admit(cx, object),
            "ingresses.networking.k8s.io" => default_class::ingress(self, object)?,
            certificates::REQUESTS => certificates::admit_create(cx, object),
            _ => {}
        }
        self.admit_mutating(cx, object, &Value::Null)
    }

    /// What the plugins fill in of a pod. Of replicas they are asked only until all has been said.
    fn complete_pod(&mut self, cx: &Cx<'_>, object: &mut Value) -> Result<(), Status> {
        let common = cx.pod_spec.known && !service_account::is_mirror(object);
        let (given, meta) = (object["spec"].clone(), object.meta().clone());
        let namespace = cx.request.namespace.as_str();
        if common && let Some(spec) = self.completed.again(&given, namespace, &mut self.rng) {
            object.set("spec", spec);
            return Ok(());
        }
        limit_ranger::default_pod(self, cx, object);
        let named = service_account::admit(self, cx, object)?;
        default_toleration_seconds::admit(object);
        runtime_class::admit(self, object)?;
        priority::admit(self, cx, object)?;
        let scaled = vertical_pod_autoscaler::admit(self, cx, object);
        if common && !scaled && object.meta().same(&meta) {
            self.shared.pod(object, &Value::Null);
            self.completed.remember(given, namespace, named, object["spec"].clone());
        }
        Ok(())
    }

    /// What is decided when an object is complete and valid.
    pub(crate) fn admit_valid(&mut self, cx: &mut Cx<'_>, object: &Value) -> Result<(), Status> {
        self.check_security(cx, object, &Value::Null)?;
        if matches!(cx.resource.storage.as_str(), "pods" | "persistentvolumeclaims") {
            limit_ranger::check(self, cx, object)?;
        }
        if cx.resource.storage == certificates::REQUESTS {
            certificates::check_create(cx, object)?;
        }
        self.admit_validating(cx, object, &Value::Null)?;
        if cx.resource.storage == "events" {
            return Ok(());
        }
        resource_quota::admit(self, cx, object)
    }

    /// What a namespace's security level and its writer's own rights allow.
    pub(crate) fn check_security(&self, cx: &mut Cx<'_>, new: &Value, old: &Value) -> Result<(), Status> {
        if cx.resource.id == "namespaces" {
            return pod_security::namespace(self, cx, new, old);
        }
        self.check_escalation(cx, new, old)?;
        if cx.resource.storage == certificates::REQUESTS && !old.is_null() {
            certificates::check_update(self, cx, new, old)?;
        }
        let path = crate::registry::accept::pod_spec_path(&cx.resource);
        if path.is_empty() || !old.is_null() && new.at(path) == old.at(path) {
            return Ok(());
        }
        pod_security::pod(self, cx, new)
    }

    pub(crate) fn admit_update(
        &mut self,
        cx: &mut Cx<'_>,
        new: &mut Value,
        old: &Value,
    ) -> Result<(), Status> {
        if cx.resource.storage == "persistentvolumeclaims" && !new["spec"].same(&old["spec"]) {
            volume_resize::admit(self, cx, new, old)?;
        }
        if cx.resource.id == "pods" && cx.request.subresource == "resize" {
            limit_ranger::check(self, cx, new)?;
            pod_resize::admit(self, cx, new, old)?;
        }
        if cx.resource.storage == certificates::REQUESTS {
            certificates::admit_update(cx, new, old);
        }
        self.admit_mutating(cx, new, old)
    }

    pub(crate) fn admit_delete(&mut self, cx: &mut Cx<'_>, old: &Value) -> Result<(), Status> {
        namespace_lifecycle::admit_delete(cx, old)?;
        self.admit_mutating_delete(cx, old)?;
        self.admit_validating(cx, &Value::Null, old)
    }
}
