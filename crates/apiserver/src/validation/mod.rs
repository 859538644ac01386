//! Validation: what an object of a kind must fulfil, all errors at once.
//!
//! Owns: one file per kind with `fn validate(object, errs)` and `fn validate_update(new, old, errs)`; what objects have
//! in common (metadata, selectors, pod specs) in files of its own. Objects are decoded and defaulted before.
//!
//! Models `pkg/apis/*/validation`, and the order in which it reports. Of ServiceAccounts upstream, too, checks the
//! metadata only.

mod admissionregistration;
mod api_service;
mod certificate_signing_request;
mod config_map;
mod container;
mod controller_revision;
mod cron_job;
mod daemon_set;
mod deployment;
mod endpoint_slice;
mod endpoints;
mod errors;
mod event;
mod flow_control;
mod horizontal_pod_autoscaler;
mod ingress;
mod ingress_class;
mod ip;
mod job;
mod labels;
mod lease;
mod limit_range;
mod namespace;
mod network_policy;
mod node;
mod object_meta;
mod persistent_volume;
mod persistent_volume_claim;
mod pod;
mod pod_disruption_budget;
mod priority_class;
mod probe;
mod rbac;
mod replica_set;
mod replication_controller;
mod resource_claim;
mod resource_quota;
mod resources;
mod reviews;
mod runtime_class;
mod scheduling;
mod secret;
mod security;
mod service;
mod service_cidr;
mod signer_name;
mod stateful_set;
mod storage;
mod template;
mod unified_diff;
mod volume;
mod volume_mount;
mod volume_source;

pub(crate) use admissionregistration::{client_config, compilation_failed};
pub(crate) use errors::Errors;
pub(crate) use resources::aggregate;
pub(crate) use reviews::validate as validate_review;

use objects::resources::Resource;
use objects::{Status, Value};

use crate::admission::certificates;
use crate::custom::{self, definition};
use crate::registry::Part;
use crate::server::{ApiServer, Cx, Served};

/// The checks of one kind. Pod specs that were accepted before are not looked at again.
struct Checks {
    new: fn(&Value, &mut Errors),
    update: fn(&Value, &Value, &mut Errors),
}

fn of(resource: &Resource) -> Option<&'static Checks> {
    Some(match resource.id.as_str() {
        "pods" => &Checks { new: pod::validate_new, update: pod::validate_update },
        "deployments.apps" => &Checks { new: deployment::validate, update: deployment::validate_update },
        "replicasets.apps" => &Checks { new: replica_set::validate, update: replica_set::validate_update },
        "replicationcontrollers" => {
            &Checks { new: replication_controller::validate, update: replication_controller::validate_update }
        }
        "statefulsets.apps" => &Checks { new: stateful_set::validate, update: stateful_set::validate_update },
        "daemonsets.apps" => &Checks { new: daemon_set::validate, update: daemon_set::validate_update },
        "jobs.batch" => &Checks { new: job::validate, update: job::validate_update },
        "cronjobs.batch" => &Checks { new: cron_job::validate, update: cron_job::validate_update },
        "services" => &Checks { new: service::validate, update: service::validate_update },
        "namespaces" => &Checks { new: namespace::validate, update: namespace::validate_update },
        "nodes" => &Checks { new: node::validate, update: node::validate_update },
        "configmaps" => &Checks { new: config_map::validate, update: config_map::validate_update },
        "secrets" => &Checks { new: secret::validate, update: secret::validate_update },
        "roles.rbac.authorization.k8s.io" => &Checks { new: rbac::role, update: rbac::role_update },
        "clusterroles.rbac.authorization.k8s.io" => {
            &Checks { new: rbac::cluster_role, update: rbac::cluster_role_update }
        }
        "rolebindings.rbac.authorization.k8s.io" => {
            &Checks { new: rbac::binding, update: rbac::binding_update }
        }
        "clusterrolebindings.rbac.authorization.k8s.io" => {
            &Checks { new: rbac::cluster_binding, update: rbac::cluster_binding_update }
        }
        "priorityclasses.scheduling.k8s.io" => {
            &Checks { new: priority_class::validate, update: priority_class::validate_update }
        }
        "leases.coordination.k8s.io" => &Checks { new: lease::validate, update: lease::validate_update },
        "runtimeclasses.node.k8s.io" => {
            &Checks { new: runtime_class::validate, update: runtime_class::validate_update }
        }
        "persistentvolumes" => {
            &Checks { new: persistent_volume::validate, update: persistent_volume::validate_update }
        }
        "storageclasses.storage.k8s.io" => &Checks { new: storage::class, update: storage::class_update },
        "csidrivers.storage.k8s.io" => {
            &Checks { new: storage::csi_driver, update: storage::csi_driver_update }
        }
        "csinodes.storage.k8s.io" => &Checks { new: storage::csi_node, update: storage::csi_node_update },
        "volumeattachments.storage.k8s.io" => {
            &Checks { new: storage::attachment, update: storage::attachment_update }
        }
        "volumeattributesclasses.storage.k8s.io" => {
            &Checks { new: storage::attributes_class, update: storage::attributes_class_update }
        }
        "csistoragecapacities.storage.k8s.io" => {
            &Checks { new: storage::capacity, update: storage::capacity_update }
        }
        "persistentvolumeclaims" => &Checks {
            new: persistent_volume_claim::validate,
            update: persistent_volume_claim::validate_update,
        },
        "events" => &Checks { new: event::validate, update: event::validate_update },
        "events.events.k8s.io" => {
            &Checks { new: event::validate_strictly, update: event::validate_update_strictly }
        }
        "endpoints" => &Checks { new: endpoints::validate, update: |new, _, e| endpoints::validate(new, e) },
        "certificatesigningrequests.certificates.k8s.io" => &Checks {
            new: certificate_signing_request::validate,
            // Each subresource has rules of its own: `validate_change`.
            update: |_, _, _| {},
        },
        "podtemplates" => &Checks {
            new: |o, e| e.at("template", |e| template::validate(&o["template"], e)),
            update: |o, _, e| e.at("template", |e| template::validate(&o["template"], e)),
        },
        "endpointslices.discovery.k8s.io" => {
            &Checks { new: endpoint_slice::validate, update: endpoint_slice::validate_update }
        }
        "horizontalpodautoscalers.autoscaling" => &Checks {
            new: horizontal_pod_autoscaler::validate,
            update: horizontal_pod_autoscaler::validate_update,
        },
        "poddisruptionbudgets.policy" => {
            &Checks { new: pod_disruption_budget::validate, update: pod_disruption_budget::validate_update }
        }
        "resourcequotas" => {
            &Checks { new: resource_quota::validate, update: resource_quota::validate_update }
        }
        "limitranges" => &Checks { new: limit_range::validate, update: limit_range::validate_update },
        "networkpolicies.networking.k8s.io" => {
            &Checks { new: network_policy::validate, update: network_policy::validate_update }
        }
        "ingresses.networking.k8s.io" => &Checks { new: ingress::validate, update: ingress::validate_update },
        "ingressclasses.networking.k8s.io" => {
            &Checks { new: ingress_class::validate, update: ingress_class::validate_update }
        }
        "validatingadmissionpolicies.admissionregistration.k8s.io" => &Checks {
            new: admissionregistration::validating_policy,
            update: |new, _, e| admissionregistration::validating_policy(new, e),
        },
        "validatingadmissionpolicybindings.admissionregistration.k8s.io" => &Checks {
            new: admissionregistration::validating_binding,
            update: |new, _, e| admissionregistration::validating_binding(new, e),
        },
        "mutatingadmissionpolicies.admissionregistration.k8s.io" => &Checks {
            new: admissionregistration::mutating_policy,
            update: |new, _, e| admissionregistration::mutating_policy(new, e),
        },
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io" => &Checks {
            new: admissionregistration::mutating_binding,
            update: |new, _, e| admissionregistration::mutating_binding(new, e),
        },
        "validatingwebhookconfigurations.admissionregistration.k8s.io"
        | "mutatingwebhookconfigurations.admissionregistration.k8s.io" => &Checks {
            new: admissionregistration::webhooks,
            update: |new, _, e| admissionregistration::webhooks(new, e),
        },
        "flowschemas.flowcontrol.apiserver.k8s.io" => {
            &Checks { new: flow_control::schema, update: |new, _, e| flow_control::schema(new, e) }
        }
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io" => {
            &Checks { new: flow_control::level, update: |new, _, e| flow_control::level(new, e) }
        }
        "apiservices.apiregistration.k8s.io" => {
            &Checks { new: api_service::validate, update: |new, _, e| api_service::validate(new, e) }
        }
        "controllerrevisions.apps" => {
            &Checks { new: controller_revision::validate, update: controller_revision::validate_update }
        }
        "servicecidrs.networking.k8s.io" => {
            &Checks { new: service_cidr::validate, update: service_cidr::validate_update }
        }
        "ipaddresses.networking.k8s.io" => {
            &Checks { new: service_cidr::address, update: service_cidr::address_update }
        }
        "resourceclaims.resource.k8s.io" => {
            &Checks { new: resource_claim::claim, update: resource_claim::claim_update }
        }
        "resourceclaimtemplates.resource.k8s.io" => {
            &Checks { new: resource_claim::template, update: resource_claim::claim_update }
        }
        "deviceclasses.resource.k8s.io" => {
            &Checks { new: resource_claim::class, update: |new, _, e| resource_claim::class(new, e) }
        }
        "resourceslices.resource.k8s.io" => {
            &Checks { new: resource_claim::slice, update: |new, _, e| resource_claim::slice(new, e) }
        }
        "customresourcedefinitions.apiextensions.k8s.io" => {
            &Checks { new: definition::validate, update: definition::validate_update }
        }
        _ => return None,
    })
}

impl ApiServer {
    pub(crate) fn validate_new(&mut self, cx: &Cx<'_>, object: &Value) -> Result<(), Status> {
        let mut errs = Errors::new(cx.pod_spec.known);
        object_meta::validate(&cx.resource, object, &mut errs);
        match &cx.resource {
            Served::Custom(c) => custom::validate_all(object, &Value::Null, &c.schema, &mut errs),
            Served::BuiltIn(r) => {
                if let Some(checks) = of(r) {
                    (checks.new)(object, &mut errs);
                }
            }
        }
        finish(cx, object, errs)
    }

    pub(crate) fn validate_change(
        &mut self,
        cx: &Cx<'_>,
        new: &Value,
        old: &Value,
        part: Part,
    ) -> Result<(), Status> {
        let mut errs = Errors::new(cx.pod_spec.known);
        if !new.meta().same(old.meta()) {
            object_meta::validate_update(&cx.resource, new, old, &mut errs);
        }
        // A part that is the very same subtree was valid before.
        let changed = new
            .entries()
            .iter()
            .any(|(k, v)| !matches!(k.as_str(), "metadata" | "status") && !v.same(&old[k.as_str()]));
        match &cx.resource {
            Served::Custom(c) => custom::validate_all(new, old, &c.schema, &mut errs),
            Served::BuiltIn(r) if r.id == certificates::REQUESTS => {
                certificate_signing_request::validate_update(new, old, &cx.request.subresource, &mut errs);
            }
            Served::BuiltIn(r) if part == Part::Main && changed => {
                if let Some(checks) = of(r) {
                    (checks.update)(new, old, &mut errs);
                }
            }
            Served::BuiltIn(r) if r.id == "pods" && cx.request.subresource == "resize" && changed => {
                pod::validate_resize(new, old, &mut errs);
            }
            Served::BuiltIn(_) => {}
        }
        finish(cx, new, errs)
    }
}

fn finish(cx: &Cx<'_>, object: &Value, errs: Errors) -> Result<(), Status> {
    let causes = errs.into_causes();
    if causes.is_empty() { Ok(()) } else { Err(cx.invalid(object.name(), causes)) }
}

#[cfg(test)]
mod tests {
    use objects::resources;

    use super::*;

    /// Kinds that are stored, and of which upstream itself checks the metadata only.
    const METADATA_ONLY: [&str; 1] = ["serviceaccounts"];

    #[test]
    fn every_kind_that_is_stored_has_rules() {
        let stored = resources::all().iter().filter(|r| !r.storage.is_empty() && r.allows("create"));
        let without: Vec<&str> = stored.filter(|r| of(r).is_none()).map(|r| r.id.as_str()).collect();
        assert_eq!(without, METADATA_ONLY);
    }
}
