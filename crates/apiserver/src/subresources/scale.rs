//! scale: the replica count of a workload as an `autoscaling/v1` Scale.
//!
//! Models the ScaleREST of `pkg/registry/apps/*/storage` and `core/replicationcontroller/storage`.

use client::{Body, Response, TableOf, Verb};
use objects::{Status, Value, value};

use crate::registry::{Part, patched};
use crate::server::{ApiServer, Cx};

impl ApiServer {
    pub(super) fn scale(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let old = self.stored(cx)?;
        let old = self.in_request_version(cx, old)?;
        let scale = scale_of(&old);
        let wanted = match (&cx.request.verb, &cx.request.body) {
            (Verb::Get, _) => {
                let object = match cx.request.options.table {
                    TableOf::No => scale,
                    of => crate::tables::of_one(&cx.resource, &scale, of, cx.now),
                };
                return Ok(Response { object, ..Response::default() });
            }
            (Verb::Patch, _) => patched(cx, &scale, ["autoscaling", "v1", "Scale"])?,
            (_, Body::Object(body)) => body.clone(),
            _ => return Err(Status::bad_request("the body of the request was empty")),
        };
        let given = wanted.meta()["resourceVersion"].text();
        if !given.is_empty() && given != "0" && given != old.meta()["resourceVersion"].text() {
            return Err(cx.conflict(old.name(), crate::registry::meta::MODIFIED));
        }
        let replicas = wanted["spec"]["replicas"].int();
        if replicas < 0 {
            let cause = objects::status::Cause {
                reason: "FieldValueInvalid",
                field: "spec.replicas".into(),
                message: format!("Invalid value: {replicas}: must be greater than or equal to 0"),
            };
            return Err(Status::invalid("autoscaling", "Scale", old.name(), vec![cause]));
        }
        let mut new = old.clone();
        new.map_mut().entry("spec").set("replicas", replicas);
        let new = self.update_object(cx, new, old, Part::Main)?;
        Ok(Response { object: scale_of(&new), ..Response::default() })
    }
}

/// The Scale of a workload.
pub(crate) fn scale_of(object: &Value) -> Value {
    let meta: Value = Value::Map(
        ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"]
            .into_iter()
            .map(|k| (k, object.meta()[k].clone()))
            .collect(),
    );
    let mut status = value!({"replicas": (object["status"]["replicas"].int())});
    let selector = &object["spec"]["selector"];
    let text =
        selector_text(if selector["matchLabels"].is_null() && selector["matchExpressions"].is_null() {
            selector
        } else {
            &selector["matchLabels"]
        });
    if !text.is_empty() {
        status.set("selector", text);
    }
    let mut spec = Value::map();
    if object["spec"]["replicas"].int() != 0 {
        spec.set("replicas", &object["spec"]["replicas"]);
    }
    value!({
        "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": (meta), "spec": (spec), "status": (status)
    })
}

fn selector_text(labels: &Value) -> String {
    let terms: Vec<String> = labels.entries().iter().map(|(k, v)| format!("{k}={}", v.text())).collect();
    terms.join(",")
}
