//! pods/eviction: a deletion that PodDisruptionBudgets may refuse.
//!
//! Models `pkg/registry/core/pod/storage/eviction.go`.
//! Not modelled: unhealthyPodEvictionPolicy.

use client::{Body, Request, Response, Verb};
use objects::{Reason, Status, Value, value};

use crate::server::{ApiServer, Cx};

impl ApiServer {
    pub(super) fn evict(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let pod = self.stored(cx)?;
        let phase = pod["status"]["phase"].text();
        let free = matches!(phase, "Succeeded" | "Failed" | "Pending") || pod.is_terminating();
        if !free {
            self.spend_budget(cx, &pod)?;
        }
        let mut request = cx.request.clone();
        request.verb = Verb::Delete;
        request.subresource = "".into();
        if let Body::Object(eviction) = &cx.request.body {
            request.options.grace_period_seconds = eviction["deleteOptions"]["gracePeriodSeconds"].as_int();
        }
        let mut delete = Cx::new(cx.caller, &request, cx.resource.clone(), cx.now);
        delete.evicting = true;
        delete.hooks = cx.hooks.as_deref_mut().map(|h| h as _);
        self.delete_object(&mut delete, pod)?;
        let object =
            value!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
        Ok(Response { object, created: true, ..Response::default() })
    }

    fn spend_budget(&mut self, cx: &Cx<'_>, pod: &Value) -> Result<(), Status> {
        let selects = |pdb: &Value| {
            let wanted = pdb["spec"]["selector"]["matchLabels"].entries();
            !pdb["spec"]["selector"].is_null() && wanted.iter().all(|(k, v)| &pod.labels()[k.as_str()] == v)
        };
        let budgets: Vec<Value> = self
            .objects("poddisruptionbudgets.policy", &cx.request.namespace)
            .filter(|b| selects(b))
            .cloned()
            .collect();
        let budget = match budgets.as_slice() {
            [] => return Ok(()),
            [one] => one,
            _ => {
                return Err(Status::new(
                    Reason::InternalError,
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
                ));
            }
        };
        let status = &budget["status"];
        if status["disruptionsAllowed"].int() > 0 {
            let mut next = budget.clone();
            next.set_at(&["status", "disruptionsAllowed"], status["disruptionsAllowed"].int() - 1);
            next.set_at(&["status", "disruptedPods", pod.name()], cx.now.rfc3339());
            let request =
                Request::new(Verb::Update, &"policy".into(), &"v1".into(), &"poddisruptionbudgets".into())
                    .in_namespace(cx.request.namespace.clone())
                    .named(budget.name())
                    .subresource("status")
                    .object(next);
            return self.handle(cx.caller, request, cx.now).map(|_| ());
        }
        let name = budget.name();
        let mut refusal = Status::new(
            Reason::TooManyRequests,
            "Cannot evict pod as it would violate the pod's disruption budget.",
        );
        refusal.retry_after_seconds = Some(10);
        refusal.causes.push(objects::status::Cause {
            reason: "DisruptionBudget",
            field: String::new(),
            message: format!(
                "The disruption budget {name} needs {} healthy pods and has {} currently",
                status["desiredHealthy"].int(),
                status["currentHealthy"].int()
            ),
        });
        Err(refusal)
    }
}
