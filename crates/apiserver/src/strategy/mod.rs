//! What differs from kind to kind, as one row of facts and functions per kind.
//!
//! Models the `strategy.go` of each kind under `k8s.io/kubernetes/pkg/registry`.

pub(crate) mod deployment;
pub(crate) mod job;
pub(crate) mod namespace;
pub(crate) mod persistent_volume;
pub(crate) mod pod;
mod selectable;
pub(crate) mod service;
pub(crate) mod template;
pub(crate) mod workloads;

pub(crate) use selectable::{field_text, selectable};

use clock::Time;
use objects::Value;
use objects::resources::Resource;

use crate::registry::update_is_finished;

/// What becomes of an object's dependents when its deletion does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dependents {
    Delete,
    Orphan,
    /// The kind takes part in no garbage collection of dependents.
    Unsupported,
}

/// One kind's row.
pub(crate) struct Strategy {
    /// Begins with generation 1 and counts changes of what is desired.
    pub(crate) generation: bool,
    /// Has a `status` that only its subresource writes.
    pub(crate) status: bool,
    /// PUT of an absent name creates it.
    pub(crate) create_on_update: bool,
    /// PUT without a resource version is taken.
    pub(crate) unconditional_update: bool,
    /// Deletion answers with the object instead of a Status.
    pub(crate) returns_deleted: bool,
    pub(crate) dependents: Dependents,
    /// Sets what the kind's new object starts with, after `status` was cleared.
    pub(crate) prepare_create: fn(&mut Value, Time),
    /// Restores in the new state what a main write may not touch.
    pub(crate) prepare_update: fn(&mut Value, &Value),
    pub(crate) prepare_status: fn(&mut Value, &Value),
    /// Whether the new state asks for something else than the old one.
    pub(crate) is_new_generation: fn(&Value, &Value) -> bool,
    /// Runs last, after validation.
    pub(crate) canonicalize: fn(&mut Value),
    /// The grace period of a deletion (in seconds, with what was asked for); `None`: no graceful deletion.
    pub(crate) grace: fn(&Value, Option<i64>) -> Option<i64>,
    /// Whether an update took away the last thing a deletion waited for.
    pub(crate) is_finished: fn(&Value, &Value) -> bool,
}

const fn nothing(_: &mut Value) {}
const fn nothing_new(_: &mut Value, _: Time) {}
const fn keeps_nothing(_: &mut Value, _: &Value) {}
const fn no_grace(_: &Value, _: Option<i64>) -> Option<i64> {
    None
}

fn new_spec(new: &Value, old: &Value) -> bool {
    new["spec"] != old["spec"]
}

/// All but metadata and status.
fn new_content(new: &Value, old: &Value) -> bool {
    new.entries().len() != old.entries().len()
        || new
            .entries()
            .iter()
            .zip(old.entries())
            .any(|((k, v), (l, w))| k != l || !matches!(k.as_str(), "metadata" | "status") && v != w)
}

/// Most kinds, and every custom one without more facts.
pub(crate) const PLAIN: Strategy = Strategy {
    generation: false,
    status: false,
    create_on_update: false,
    unconditional_update: true,
    returns_deleted: false,
    dependents: Dependents::Delete,
    prepare_create: nothing_new,
    prepare_update: keeps_nothing,
    prepare_status: keeps_nothing,
    is_new_generation: new_spec,
    canonicalize: nothing,
    grace: no_grace,
    is_finished: update_is_finished,
};

static OTHERS: Strategy = PLAIN;
static WITH_STATUS: Strategy = Strategy { status: true, ..PLAIN };
static SPEC_AND_STATUS: Strategy = Strategy { generation: true, status: true, ..PLAIN };
static SPEC_ONLY: Strategy = Strategy { generation: true, ..PLAIN };
static CONTENT: Strategy = Strategy { generation: true, is_new_generation: new_content, ..PLAIN };
static CONTENT_CONDITIONAL: Strategy =
    Strategy { generation: true, is_new_generation: new_content, unconditional_update: false, ..PLAIN };
static POLICY: Strategy = Strategy {
    status: true,
    canonicalize: crate::admission::type_checking::write_status,
    ..CONTENT_CONDITIONAL
};
static RETURNED: Strategy = Strategy { returns_deleted: true, ..PLAIN };
static RETURNED_WITH_STATUS: Strategy = Strategy { returns_deleted: true, status: true, ..PLAIN };
static UPSERT: Strategy = Strategy { create_on_update: true, ..PLAIN };
static EVENT: Strategy = Strategy { create_on_update: true, dependents: Dependents::Unsupported, ..PLAIN };
static LEASE: Strategy = Strategy { create_on_update: true, unconditional_update: false, ..PLAIN };
static BUDGET: Strategy = Strategy { generation: true, status: true, unconditional_update: false, ..PLAIN };
static ATTACHMENT: Strategy =
    Strategy { status: true, unconditional_update: false, returns_deleted: true, ..PLAIN };
static CONDITIONAL_RETURNED: Strategy =
    Strategy { unconditional_update: false, returns_deleted: true, ..PLAIN };
static ORPHANING: Strategy =
    Strategy { generation: true, status: true, dependents: Dependents::Orphan, ..PLAIN };

/// The row of a resource.
pub(crate) fn of(resource: &Resource) -> &'static Strategy {
    match resource.storage.as_str() {
        "pods" => &pod::STRATEGY,
        "services" => &service::STRATEGY,
        "namespaces" => &namespace::STRATEGY,
        "deployments.apps" => &deployment::STRATEGY,
        "replicasets.apps" | "statefulsets.apps" => &SPEC_AND_STATUS,
        "daemonsets.apps" => &workloads::DAEMON_SET,
        "jobs.batch" => &job::STRATEGY,
        "replicationcontrollers" => &ORPHANING,
        "cronjobs.batch" | "ingresses.networking.k8s.io" => &SPEC_AND_STATUS,
        "customresourcedefinitions.apiextensions.k8s.io" => &crate::custom::definition::STRATEGY,
        "flowschemas.flowcontrol.apiserver.k8s.io"
        | "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io" => &SPEC_AND_STATUS,
        "networkpolicies.networking.k8s.io" | "ingressclasses.networking.k8s.io" => &SPEC_ONLY,
        "poddisruptionbudgets.policy" => &BUDGET,
        "endpointslices.discovery.k8s.io" | "priorityclasses.scheduling.k8s.io" | "podtemplates" => &CONTENT,
        "validatingwebhookconfigurations.admissionregistration.k8s.io"
        | "mutatingwebhookconfigurations.admissionregistration.k8s.io"
        | "validatingadmissionpolicybindings.admissionregistration.k8s.io"
        | "mutatingadmissionpolicies.admissionregistration.k8s.io"
        | "mutatingadmissionpolicybindings.admissionregistration.k8s.io" => &CONTENT_CONDITIONAL,
        "validatingadmissionpolicies.admissionregistration.k8s.io" => &POLICY,
        "nodes"
        | "horizontalpodautoscalers.autoscaling"
        | "certificatesigningrequests.certificates.k8s.io" => &WITH_STATUS,
        "persistentvolumes" => &persistent_volume::STRATEGY,
        "persistentvolumeclaims" => &persistent_volume::CLAIM,
        "resourcequotas" => &RETURNED_WITH_STATUS,
        "serviceaccounts" | "storageclasses.storage.k8s.io" | "volumeattributesclasses.storage.k8s.io" => {
            &RETURNED
        }
        "volumeattachments.storage.k8s.io" => &ATTACHMENT,
        "csidrivers.storage.k8s.io" | "csinodes.storage.k8s.io" => &CONDITIONAL_RETURNED,
        "events" => &EVENT,
        "leases.coordination.k8s.io" | "runtimeclasses.node.k8s.io" => &LEASE,
        "endpoints"
        | "limitranges"
        | "roles.rbac.authorization.k8s.io"
        | "rolebindings.rbac.authorization.k8s.io"
        | "clusterroles.rbac.authorization.k8s.io"
        | "clusterrolebindings.rbac.authorization.k8s.io" => &UPSERT,
        _ if resource.subresource("status").is_some() => &SPEC_AND_STATUS,
        _ if objects::resources::by_id(&resource.id).is_none() => &CONTENT,
        _ => &OTHERS,
    }
}
