//! What is registered: policies with their bindings and webhooks, read once when their objects change.

use std::sync::Arc;

use cel::Program;
use objects::resources::Resource;
use objects::{Str, Value};

use super::EXEMPT;
use super::webhook::Hook;
use crate::server::{ApiServer, Cx};

/// An expression with a name.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: Str,
    pub(super) text: Str,
    pub(super) program: Result<Program, String>,
}

impl Named {
    fn of(name: &Value, text: &Value) -> Self {
        Self { name: name.to_str(), text: text.to_str(), program: Program::parse(text.text()) }
    }

    fn all(list: &Value) -> Vec<Self> {
        list.items().iter().map(|c| Self::of(&c["name"], &c["expression"])).collect()
    }
}

/// One of a policy's `validations` or `mutations`.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) spec: Value,
    pub(super) main: Named,
    /// `messageExpression`, where there is one.
    pub(super) message: Option<Program>,
}

/// A policy of either kind, ready to run.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) name: Str,
    pub(super) spec: Value,
    pub(super) conditions: Vec<Named>,
    pub(super) variables: Vec<Named>,
    pub(super) clauses: Vec<Clause>,
    pub(super) bindings: Vec<Value>,
}

impl Policy {
    pub(super) fn ignores_errors(&self) -> bool {
        self.spec["failurePolicy"] == "Ignore"
    }

    fn of(object: &Value, bindings: &[Value]) -> Self {
        let spec = &object["spec"];
        let none = Value::Null;
        let validations = spec["validations"].items().iter().map(|v| Clause {
            spec: v.clone(),
            main: Named::of(&none, &v["expression"]),
            message: v["messageExpression"].as_str().and_then(|t| Program::parse(t).ok()),
        });
        let mutations = spec["mutations"].items().iter().map(|m| {
            let text = match m["patchType"].text() {
                "JSONPatch" => &m["jsonPatch"]["expression"],
                _ => &m["applyConfiguration"]["expression"],
            };
            Clause { spec: m.clone(), main: Named::of(&none, text), message: None }
        });
        Self {
            name: object.meta()["name"].to_str(),
            conditions: Named::all(&spec["matchConditions"]),
            variables: Named::all(&spec["variables"]),
            clauses: validations.chain(mutations).collect(),
            bindings: bindings.iter().filter(|b| b["spec"]["policyName"] == object.name()).cloned().collect(),
            spec: spec.clone(),
        }
    }
}

/// All of it, in the order it is asked. Plain data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registered {
    pub(super) validating: Vec<Arc<Policy>>,
    pub(super) mutating: Vec<Arc<Policy>>,
    pub(super) validating_hooks: Vec<Arc<Hook>>,
    pub(super) mutating_hooks: Vec<Arc<Hook>>,
    /// Some expression reads `authorizer`.
    pub(super) asks_for_rights: bool,
}

impl Registered {
    pub(crate) fn is_empty(&self) -> bool {
        !self.validates() && !self.mutates()
    }

    pub(super) fn mutates(&self) -> bool {
        !self.mutating.is_empty() || !self.mutating_hooks.is_empty()
    }

    pub(super) fn validates(&self) -> bool {
        !self.validating.is_empty() || !self.validating_hooks.is_empty()
    }

    pub(super) fn has_hooks(&self) -> bool {
        !self.mutating_hooks.is_empty() || !self.validating_hooks.is_empty()
    }

    /// Group and version of what shows the same objects under another name.
    pub(super) fn equivalents(&self, server: &ApiServer, resource: &Resource) -> Vec<(Str, Str)> {
        let builtin = objects::resources::all().iter();
        builtin
            .chain(server.customs.iter())
            .filter(|r| r.storage == resource.storage && r.plural == resource.plural)
            .filter(|r| r.group != resource.group || r.version != resource.version)
            .map(|r| (r.group.clone(), r.version.clone()))
            .collect()
    }
}

impl ApiServer {
    /// An object was written or removed: what it registers is read anew.
    pub(crate) fn registration_changed(&mut self, cx: &Cx<'_>) {
        if !cx.resource.storage.ends_with(EXEMPT) {
            return;
        }
        let all = |plural: &str| -> Vec<Value> {
            self.objects(&format!("{plural}{EXEMPT}"), "").filter(|o| !o.is_terminating()).cloned().collect()
        };
        let policies = |kind: &str, bindings: &str| -> Vec<Arc<Policy>> {
            let bindings = all(bindings);
            let policies = all(kind);
            let read = policies.iter().map(|p| Arc::new(Policy::of(p, &bindings)));
            // One that nothing binds decides nothing.
            read.filter(|p| !p.bindings.is_empty()).collect()
        };
        let hooks = |kind: &str| -> Vec<Arc<Hook>> {
            all(kind).iter().flat_map(|c| c["webhooks"].items()).map(Hook::of).collect()
        };
        let asks = |o: &Value| {
            objects::json::to_string(&o["spec"]).contains("authorizer")
                || objects::json::to_string(&o["webhooks"]).contains("authorizer")
        };
        let kinds = [
            "validatingwebhookconfigurations",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "mutatingadmissionpolicies",
        ];
        self.registered = Registered {
            asks_for_rights: kinds.iter().any(|kind| all(kind).iter().any(asks)),
            validating_hooks: hooks("validatingwebhookconfigurations"),
            mutating_hooks: hooks("mutatingwebhookconfigurations"),
            validating: policies("validatingadmissionpolicies", "validatingadmissionpolicybindings"),
            mutating: policies("mutatingadmissionpolicies", "mutatingadmissionpolicybindings"),
        };
    }
}
