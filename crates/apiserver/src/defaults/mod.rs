//! Defaults: what a kind's fields are when nobody said.
//!
//! Owns: one file per kind with `fn defaults(object: &mut Value)`; objects are decoded before, so what is empty is absent.
//! Does not own: what depends on other objects (admission) or is given out by the server (strategy).
//!
//! Models `pkg/apis/*/v1/defaults.go` and zz_generated.defaults.go.

mod admissionregistration;
mod cron_job;
mod custom_resource_definition;
mod daemon_set;
mod deployment;
mod endpoint_slice;
mod flow_control;
mod horizontal_pod_autoscaler;
mod ingress;
mod job;
mod limit_range;
mod network_policy;
mod persistent_volume;
pub(crate) mod pod;
mod rbac;
mod replica_set;
mod replication_controller;
mod resource_claim;
mod secret;
mod service;
mod stateful_set;
mod storage_class;

use objects::Value;
use objects::resources::Resource;

/// The defaults of a resource's kind.
pub(crate) fn of(resource: &Resource) -> fn(&mut Value) {
    match resource.id.as_str() {
        "pods" => pod::defaults,
        "podtemplates" => |o| pod::template(o.map_mut().entry("template")),
        "services" => service::defaults,
        "endpoints" => endpoint_slice::endpoints,
        "endpointslices.discovery.k8s.io" => endpoint_slice::defaults,
        "secrets" => secret::defaults,
        "namespaces" => |o| {
            if !o.name().is_empty() {
                let name = o.meta()["name"].clone();
                o.set_at(&["metadata", "labels", "kubernetes.io/metadata.name"], name);
            }
        },
        "limitranges" => limit_range::defaults,
        "persistentvolumes" => persistent_volume::defaults,
        "persistentvolumeclaims" => persistent_volume::claim,
        "replicationcontrollers" => replication_controller::defaults,
        "deployments.apps" => deployment::defaults,
        "replicasets.apps" => replica_set::defaults,
        "statefulsets.apps" => stateful_set::defaults,
        "daemonsets.apps" => daemon_set::defaults,
        "jobs.batch" => job::defaults,
        "cronjobs.batch" => cron_job::defaults,
        "horizontalpodautoscalers.autoscaling" => horizontal_pod_autoscaler::defaults,
        "ingressclasses.networking.k8s.io" => ingress::class,
        "networkpolicies.networking.k8s.io" => network_policy::defaults,
        "priorityclasses.scheduling.k8s.io" => |o| fill(o, "preemptionPolicy", "PreemptLowerPriority"),
        "storageclasses.storage.k8s.io" => storage_class::defaults,
        "csidrivers.storage.k8s.io" => storage_class::csi_driver,
        "rolebindings.rbac.authorization.k8s.io" | "clusterrolebindings.rbac.authorization.k8s.io" => {
            rbac::binding
        }
        "validatingwebhookconfigurations.admissionregistration.k8s.io"
        | "mutatingwebhookconfigurations.admissionregistration.k8s.io" => admissionregistration::webhooks,
        "validatingadmissionpolicies.admissionregistration.k8s.io"
        | "mutatingadmissionpolicies.admissionregistration.k8s.io" => admissionregistration::policy,
        "validatingadmissionpolicybindings.admissionregistration.k8s.io"
        | "mutatingadmissionpolicybindings.admissionregistration.k8s.io" => admissionregistration::binding,
        "flowschemas.flowcontrol.apiserver.k8s.io" => flow_control::schema,
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io" => flow_control::level,
        "resourceclaims.resource.k8s.io" => resource_claim::claim,
        "resourceclaimtemplates.resource.k8s.io" => resource_claim::template,
        "customresourcedefinitions.apiextensions.k8s.io" => custom_resource_definition::defaults,
        _ => |_| {},
    }
}

/// Sets a field that is absent.
fn fill(object: &mut Value, key: &'static str, value: impl Into<Value>) {
    if object[key].is_null() {
        object.set(objects::Str::new_static(key), value);
    }
}

/// The elements of a list to fill in; none when it is absent.
fn each<'a>(object: &'a mut Value, key: &str) -> std::slice::IterMut<'a, Value> {
    match object.find_mut(&[key]) {
        Some(Value::List(l)) if !l.is_empty() => l.to_mut().iter_mut(),
        _ => [].iter_mut(),
    }
}

/// The part to fill in, if it is there.
fn part<'a>(object: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    object.find_mut(&[key]).filter(|v| !v.is_null())
}
