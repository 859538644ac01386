//! The fields by which objects of a kind can be selected.
//!
//! Models the field label conversions of `pkg/apis/*/v1/conversion.go` and each strategy's selectable fields.

use objects::resources::Resource;
use objects::{Status, Str, Value};
use smol_str::ToSmolStr;

/// Every kind's.
const META: [&str; 2] = ["metadata.name", "metadata.namespace"];

const POD: [&str; 9] = [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
];

const EVENT: [&str; 11] = [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];

const EVENT_V1: [&str; 10] = [
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
    "reportingController",
    "reason",
    "type",
];

/// The fields of a kind beyond its metadata; `None` for the many kinds that have none of their own.
fn own_fields(resource: &Resource) -> Option<&'static [&'static str]> {
    Some(match resource.id.as_str() {
        "pods" => &POD,
        "nodes" => &["spec.unschedulable"],
        "replicationcontrollers" => &["status.replicas"],
        "events" => &EVENT,
        "events.events.k8s.io" => &EVENT_V1,
        "namespaces" => &["status.phase"],
        "secrets" => &["type"],
        "services" => &["spec.clusterIP", "spec.type"],
        "jobs.batch" => &["status.successful"],
        "certificatesigningrequests.certificates.k8s.io" => &["spec.signerName"],
        _ => return None,
    })
}

/// Checks that the kind can be selected by a field.
pub(crate) fn selectable(resource: &Resource, field: &str) -> Result<(), Status> {
    let own = own_fields(resource);
    if META.contains(&field)
        || own.is_some_and(|f| f.contains(&field))
        || (resource.id == "pods" && field == "spec.host")
    {
        return Ok(());
    }
    Err(Status::bad_request(match own {
        Some(_) if resource.kind == "Job" => format!("field label \"{field}\" not supported for Job"),
        Some(_) => format!("field label not supported: {field}"),
        None => format!(
            "\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        ),
    }))
}

/// The text of a selectable field, `""` when it is not set.
pub(crate) fn field_text(object: &Value, field: &str) -> Str {
    let mapped = match field {
        "spec.host" => "spec.nodeName",
        "status.successful" => "status.succeeded",
        "reportingController" => "reportingComponent",
        "source" => "source.component",
        other => other,
    };
    let mapped =
        mapped.strip_prefix("regarding.").map_or_else(|| mapped.into(), |f| format!("involvedObject.{f}"));
    let v = mapped.split('.').fold(object, |v, key| v.get(key));
    match v {
        Value::Str(s) => s.clone(),
        Value::Int(i) => i.to_smolstr(),
        Value::Bool(b) => b.to_smolstr(),
        _ if matches!(field, "spec.hostNetwork" | "spec.unschedulable") => Str::new_static("false"),
        _ if matches!(field, "status.replicas" | "status.successful") => Str::new_static("0"),
        _ => Str::default(),
    }
}
