//! pods/binding: a pod gets its node.
//!
//! Models `BindingREST` of `pkg/registry/core/pod/storage`.

use client::{Body, Response};
use clock::Time;
use etcd::Expect;
use objects::{Status, Value, text, value};

use crate::server::{ApiServer, Cx};

impl ApiServer {
    pub(super) fn bind(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let Body::Object(binding) = &cx.request.body else {
            return Err(Status::bad_request("the body of the request was empty"));
        };
        let node = binding["target"]["name"].to_str();
        if node.is_empty() {
            return Err(Status::new(objects::Reason::InternalError, "target.name: Required value"));
        }
        let old = self.stored(cx)?;
        let name = &cx.request.name;
        let conflict = |why: String| Err(Status::conflict("", "pods/binding", name, &why));
        let uid = binding.uid();
        if !uid.is_empty() && uid != old.uid() {
            let why =
                format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", old.uid());
            return Err(cx.conflict(name, &why));
        }
        if old.is_terminating() {
            return conflict(format!("pod {name} is being deleted, cannot be assigned to a host"));
        }
        let bound = old["spec"]["nodeName"].text();
        if !bound.is_empty() {
            return conflict(format!("pod {name} is already assigned to node \"{bound}\""));
        }
        if !old["spec"]["schedulingGates"].items().is_empty() {
            return conflict(format!("pod {name} has non-empty .spec.schedulingGates"));
        }
        let mut pod = old;
        pod.map_mut().entry("spec").set("nodeName", node);
        for part in ["annotations", "labels"] {
            for (k, v) in binding.meta()[part].entries() {
                pod.set_at(&["metadata", part, k], v);
            }
        }
        let status = self.bound.status(pod.get("status"), pod.generation(), cx.now);
        pod.set("status", status);
        self.commit(cx, name, pod, Expect::Anything)?;
        Ok(Response { object: self.bound.answer.clone(), created: true, ..Response::default() })
    }
}

/// What pods are told that are bound now: those of one instant and one status before share it.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    /// Condition PodScheduled as it was set last, and the status before and after.
    condition: Value,
    before: Value,
    after: Value,
    /// To whoever binds.
    answer: Value,
}

impl Default for Bound {
    fn default() -> Self {
        Self {
            condition: Value::Null,
            before: Value::Null,
            after: Value::Null,
            answer: value!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201
            }),
        }
    }
}

impl Bound {
    /// What becomes of a pod's status when it is bound.
    fn status(&mut self, before: &Value, generation: i64, now: Time) -> Value {
        let at = Value::from(text::rfc3339(now));
        let last = &self.condition;
        if last["lastTransitionTime"] != at || last["observedGeneration"].int() != generation {
            self.condition = value!({
                "lastProbeTime": null, "lastTransitionTime": (at), "status": "True", "type": "PodScheduled",
                "observedGeneration": (generation),
            });
        } else if self.before.same(before) {
            return self.after.clone();
        }
        self.before = before.clone();
        self.after = scheduled(before.clone(), &self.condition);
        self.after.clone()
    }
}

/// Sets condition PodScheduled of a status.
fn scheduled(mut status: Value, condition: &Value) -> Value {
    status.map_mut().remove("nominatedNodeName");
    let conditions = status.map_mut().entry("conditions").list_mut().to_mut();
    match conditions.iter_mut().find(|c| c["type"] == "PodScheduled") {
        Some(c) => *c = condition.clone(),
        None => conditions.push(condition.clone()),
    }
    status
}
