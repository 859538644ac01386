//! Server-side tables: what `kubectl get` shows of each kind.
//!
//! Owns: the table's form and one printer per kind (kinds whose cells are plain fields share `plain`).
//! Models `pkg/printers/internalversion` and `k8s.io/apimachinery/pkg/api/meta/table`. Not modelled: column
//! descriptions.

mod admissionregistration;
mod autoscaling;
mod csr;
mod endpoints;
mod events;
mod flowcontrol;
mod ingresses;
mod jobs;
mod nodes;
mod plain;
mod pods;
mod policy;
mod rbac;
mod services;
mod storage;
mod workloads;

use client::TableOf;
use clock::{Time, duration_short};
use objects::{Str, Value, value};

use crate::custom;
use crate::server::Served;

/// One column: name, type, format, priority (above 0: only with `-o wide`).
pub(crate) struct Column(&'static str, &'static str, &'static str, i64);

const NAME: Column = Column("Name", "string", "name", 0);
const AGE: Column = text("Age");

const fn text(name: &'static str) -> Column {
    Column(name, "string", "", 0)
}

const fn number(name: &'static str) -> Column {
    Column(name, "integer", "", 0)
}

const fn flag(name: &'static str) -> Column {
    Column(name, "boolean", "", 0)
}

const fn wide(name: &'static str) -> Column {
    Column(name, "string", "", 1)
}

/// How one kind is shown: its columns, and the cells of an object in their order.
pub(crate) struct Printer {
    columns: &'static [Column],
    cells: fn(&Value, Time) -> Vec<Value>,
}

fn printer(resource: &Served) -> &'static Printer {
    match resource.id.as_str() {
        "pods" => &pods::PODS,
        "podtemplates" => &pods::TEMPLATES,
        "deployments.apps" => &workloads::DEPLOYMENTS,
        "replicasets.apps" => &workloads::REPLICA_SETS,
        "replicationcontrollers" => &workloads::REPLICATION_CONTROLLERS,
        "statefulsets.apps" => &workloads::STATEFUL_SETS,
        "daemonsets.apps" => &workloads::DAEMON_SETS,
        "controllerrevisions.apps" => &workloads::CONTROLLER_REVISIONS,
        "jobs.batch" => &jobs::JOBS,
        "cronjobs.batch" => &jobs::CRON_JOBS,
        "services" => &services::SERVICES,
        "endpoints" => &endpoints::ENDPOINTS,
        "endpointslices.discovery.k8s.io" => &endpoints::SLICES,
        "ingresses.networking.k8s.io" => &ingresses::INGRESSES,
        "ingressclasses.networking.k8s.io" => &ingresses::CLASSES,
        "nodes" => &nodes::NODES,
        "events" | "events.events.k8s.io" => &events::EVENTS,
        "persistentvolumes" => &storage::VOLUMES,
        "persistentvolumeclaims" => &storage::CLAIMS,
        "storageclasses.storage.k8s.io" => &storage::CLASSES,
        "csidrivers.storage.k8s.io" => &storage::CSI_DRIVERS,
        "volumeattachments.storage.k8s.io" => &storage::ATTACHMENTS,
        "horizontalpodautoscalers.autoscaling" => &autoscaling::AUTOSCALERS,
        "resourcequotas" => &policy::QUOTAS,
        "poddisruptionbudgets.policy" => &policy::BUDGETS,
        "rolebindings.rbac.authorization.k8s.io" | "clusterrolebindings.rbac.authorization.k8s.io" => {
            &rbac::BINDINGS
        }
        "certificatesigningrequests.certificates.k8s.io" => &csr::REQUESTS,
        "validatingadmissionpolicies.admissionregistration.k8s.io" => {
            &admissionregistration::VALIDATING_POLICIES
        }
        "mutatingadmissionpolicies.admissionregistration.k8s.io" => &admissionregistration::MUTATING_POLICIES,
        "validatingadmissionpolicybindings.admissionregistration.k8s.io"
        | "mutatingadmissionpolicybindings.admissionregistration.k8s.io" => {
            &admissionregistration::POLICY_BINDINGS
        }
        "validatingwebhookconfigurations.admissionregistration.k8s.io"
        | "mutatingwebhookconfigurations.admissionregistration.k8s.io" => &admissionregistration::WEBHOOKS,
        "flowschemas.flowcontrol.apiserver.k8s.io" => &flowcontrol::SCHEMAS,
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io" => &flowcontrol::LEVELS,
        id => plain::of(id),
    }
}

/// A list as a table.
pub(crate) fn of_list(resource: &Served, items: &[Value], of: TableOf, now: Time, meta: Value) -> Value {
    // The scale of anything is shown as such.
    let scales = items.first().is_some_and(|o| o.kind() == "Scale");
    let printer = if scales { &autoscaling::SCALES } else { printer(resource) };
    let custom = match resource {
        Served::Custom(c) if !scales => Some(c),
        _ => None,
    };
    let columns: Value = match custom {
        Some(c) => custom::printer::columns(c),
        None => printer
        .columns
        .iter()
        .map(
            |c| value!({"name": (c.0), "type": (c.1), "format": (c.2), "description": "", "priority": (c.3)}),
        )
        .collect(),
    };
    let rows: Value = items
        .iter()
        .map(|o| {
            let cells: Value = match custom {
                Some(c) => custom::printer::cells(c, o, now),
                None => (printer.cells)(o, now),
            }
            .into();
            let object = match of {
                TableOf::Nothing | TableOf::No => Value::Null,
                TableOf::Object => o.clone(),
                TableOf::Metadata => value!({
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": (o.meta().clone())
                }),
            };
            value!({"cells": (cells), "object": (object)})
        })
        .collect();
    value!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": (meta),
        "columnDefinitions": (columns), "rows": (rows)
    })
}

/// One object as a table of one row.
pub(crate) fn of_one(resource: &Served, object: &Value, of: TableOf, now: Time) -> Value {
    let meta = value!({"resourceVersion": (object.meta()["resourceVersion"].clone())});
    of_list(resource, std::slice::from_ref(object), of, now, meta)
}

fn name(object: &Value) -> Value {
    object.meta()["name"].clone()
}

/// How long ago the object was created.
pub(crate) fn age(object: &Value, now: Time) -> Value {
    since(&object.meta()["creationTimestamp"], now)
}

/// How long ago an instant was, `<unknown>` when there is none.
pub(crate) fn since(instant: &Value, now: Time) -> Value {
    match instant.time() {
        Some(t) => duration_short(now.since(t)).into(),
        None => Str::new_static("<unknown>").into(),
    }
}

/// The text, or `other` when there is none.
fn text_or(v: &Value, other: &'static str) -> Value {
    if v.text().is_empty() { Str::new_static(other).into() } else { v.clone() }
}

/// The integer; 0 when absent.
fn count(v: &Value) -> Value {
    v.int().into()
}

/// The texts of a list, joined.
fn joined(list: &Value, by: &str) -> String {
    list.items().iter().map(Value::text).collect::<Vec<_>>().join(by)
}

/// The names and the images of containers, each joined by commas.
fn containers(spec: &Value) -> [Value; 2] {
    ["name", "image"].map(|key| {
        spec["containers"].items().iter().map(|c| c[key].text()).collect::<Vec<_>>().join(",").into()
    })
}

/// `a=b,c=d`, or `<none>`.
fn labels_text(labels: &Value) -> Value {
    let terms: Vec<String> = labels.entries().iter().map(|(k, v)| format!("{k}={}", v.text())).collect();
    if terms.is_empty() { "<none>".into() } else { terms.join(",").into() }
}

/// A port, count or percentage as text.
fn int_or_string(v: &Value) -> String {
    match v {
        Value::Int(i) => i.to_string(),
        other => other.text().to_owned(),
    }
}

#[cfg(test)]
mod tests;
