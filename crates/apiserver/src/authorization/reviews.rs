//! Questions about who one is and what one may do: objects that are answered, not stored.
//!
//! Models `pkg/registry/authorization` and `pkg/registry/authentication`.

use client::{Body, Response};
use objects::{Status, Str, Value, value};
use smol_str::format_smolstr;

use super::{Attributes, User, user};
use crate::server::{ApiServer, Cx};
use crate::validation::validate_review;

impl ApiServer {
    /// Answers a review. `None` when the resource is none.
    #[inline(never)]
    pub(crate) fn review(&mut self, cx: &mut Cx<'_>) -> Option<Result<Response, Status>> {
        let Body::Object(body) = &cx.request.body else { return None };
        let asking = user(cx.caller, cx.request);
        let body = match self.decoded(cx, body.clone(), &Value::Null) {
            Ok(b) => b,
            Err(s) => return Some(Err(s)),
        };
        if let Err(wrong) = validate_review(&cx.resource.kind, &body, &cx.request.namespace) {
            return Some(Err(wrong));
        }
        let spec = &body["spec"];
        let status = match cx.resource.kind.as_str() {
            "SelfSubjectAccessReview" => self.access(&asking, spec),
            "SubjectAccessReview" | "LocalSubjectAccessReview" => {
                let groups = spec["groups"].items().iter().map(Value::to_str).collect();
                self.access(&User { name: spec["user"].to_str(), groups, known: None }, spec)
            }
            "SelfSubjectRulesReview" => self.rules(&asking, spec["namespace"].text()),
            "SelfSubjectReview" => value!({"userInfo": (asking.info())}),
            "TokenReview" => self.token_status(spec, cx.now),
            _ => return None,
        };
        let mut object = body;
        object.set_at(&["metadata", "creationTimestamp"], Value::Null);
        object.set("status", status);
        Some(Ok(Response { object, created: true, ..Response::default() }))
    }

    fn access(&self, user: &User, spec: &Value) -> Value {
        let r = &spec["resourceAttributes"];
        let wanted = if r.is_null() {
            let n = &spec["nonResourceAttributes"];
            Attributes { verb: n["verb"].to_str(), path: n["path"].to_str(), ..Attributes::default() }
        } else {
            let resource = match r["subresource"].text() {
                "" => r["resource"].to_str(),
                sub => format_smolstr!("{}/{sub}", r["resource"].text()),
            };
            Attributes {
                verb: r["verb"].to_str(),
                group: r["group"].to_str(),
                resource,
                namespace: r["namespace"].to_str(),
                name: r["name"].to_str(),
                path: Str::default(),
            }
        };
        match self.may(user, &wanted) {
            Some(reason) if reason.is_empty() => value!({"allowed": true}),
            Some(reason) => value!({"allowed": true, "reason": (reason)}),
            None => value!({"allowed": false}),
        }
    }

    fn rules(&self, user: &User, namespace: &str) -> Value {
        let mut rules = self.rules_of(user, namespace);
        if user.groups.iter().any(|g| g == super::MASTERS) {
            rules.push(value!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}));
            rules.push(value!({"nonResourceURLs": ["*"], "verbs": ["*"]}));
        }
        let (paths, resources): (Vec<Value>, Vec<Value>) =
            rules.into_iter().partition(|r| !r["nonResourceURLs"].is_null());
        value!({
            "resourceRules": (Value::from(resources)), "nonResourceRules": (Value::from(paths)), "incomplete": false
        })
    }
}
