//! ValidatingAdmissionPolicy: rules that a write must fulfil.
//!
//! Models `plugin/policy/validating` (dispatcher, validator) and `generic.CollectParams`.

use std::sync::Arc;

use cel::Val;
use objects::resources::split_api_version;
use objects::selector::LabelSelector;
use objects::status::Cause;
use objects::{Reason, Status, Value};

use super::attributes::Attributes;
use super::expressions::{Scope, conditions_hold, scope, value, with_variables};
use super::matching::within;
use super::registered::{Clause, Policy};
use crate::server::{ApiServer, Cx};

/// Messages that are longer are not shown.
const MESSAGE_MAX: usize = 5 * 1024;

/// One rule that a write breaks.
struct Denial {
    message: String,
    reason: Reason,
}

pub(super) fn admit(server: &ApiServer, cx: &mut Cx<'_>, a: &Attributes) -> Result<(), Status> {
    let policies: Vec<Arc<Policy>> = server.registered.validating.clone();
    let mut first: Option<(String, Reason)> = None;
    for policy in policies.iter().filter(|p| within(&p.spec["matchConstraints"], a)) {
        for binding in policy.bindings.iter().filter(|b| within(&b["spec"]["matchResources"], a)) {
            let by = format!("ValidatingAdmissionPolicy '{}' with binding '{}'", policy.name, binding.name());
            let mut deny = |d: Denial| {
                first.get_or_insert_with(|| (format!("{by} denied request: {}", d.message), d.reason));
            };
            let params = match params(server, &policy.spec["paramKind"], &binding["spec"]["paramRef"], a) {
                Ok(params) => params,
                Err(_) if policy.ignores_errors() => continue,
                Err(why) => {
                    let message = format!("failed to configure binding: {why}");
                    deny(Denial { message, reason: Reason::Invalid });
                    continue;
                }
            };
            for param in &params {
                for denial in denials(policy, cx, a, param) {
                    for action in binding["spec"]["validationActions"].items() {
                        match action.text() {
                            "Deny" => deny(Denial { message: denial.message.clone(), reason: denial.reason }),
                            "Warn" => {
                                cx.warnings.push(format!("Validation failed for {by}: {}", denial.message));
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
    }
    match first {
        None => Ok(()),
        Some((message, reason)) => Err(refused(a, message, reason)),
    }
}

/// `deployments.apps "web" is forbidden: ...`, with the reason that the policy names.
fn refused(a: &Attributes, message: String, reason: Reason) -> Status {
    let name = if a.name.is_empty() { "Unknown" } else { a.name.as_str() };
    let mut status = Status::forbidden(&a.group, &a.resource, name, &message);
    status.reason = reason;
    status.causes.push(Cause { reason: "", field: String::new(), message });
    status
}

fn denials(policy: &Policy, cx: &Cx<'_>, a: &Attributes, param: &Value) -> Vec<Denial> {
    let failed = |message: String| {
        let denial = Denial { message, reason: Reason::Invalid };
        if policy.ignores_errors() { Vec::new() } else { vec![denial] }
    };
    let mut scope = scope(cx, a, param);
    match conditions_hold(&policy.conditions, &scope, policy.ignores_errors()) {
        Ok(true) => {}
        Ok(false) => return Vec::new(),
        Err(why) => return failed(why),
    }
    with_variables(&mut scope, &policy.variables);
    let mut out = Vec::new();
    for clause in &policy.clauses {
        match value(&clause.main.program, &clause.main.text, &scope) {
            Ok(Val::Bool(true)) => {}
            Ok(_) => out.push(Denial { message: message(clause, &scope), reason: reason(&clause.spec) }),
            Err(why) => out.extend(failed(why)),
        }
    }
    out
}

fn reason(validation: &Value) -> Reason {
    match validation["reason"].text() {
        "Forbidden" => Reason::Forbidden,
        "Unauthorized" => Reason::Unauthorized,
        "RequestEntityTooLarge" => Reason::RequestEntityTooLarge,
        _ => Reason::Invalid,
    }
}

fn message(clause: &Clause, scope: &Scope) -> String {
    if let Some(Ok(Val::Text(text))) = clause.message.as_ref().map(|p| p.eval(scope)) {
        let text = text.trim();
        if !text.is_empty() && text.len() <= MESSAGE_MAX && !text.contains('\n') {
            return text.to_owned();
        }
    }
    match clause.spec["message"].text().trim() {
        "" => format!("failed expression: {}", clause.main.text.trim()),
        own => own.to_owned(),
    }
}

/// The objects a binding hands to its policy; null stands for none.
pub(super) fn params(
    server: &ApiServer,
    kind: &Value,
    wanted: &Value,
    a: &Attributes,
) -> Result<Vec<Value>, String> {
    if kind.is_null() || wanted.is_null() {
        return Ok(vec![Value::Null]);
    }
    let (group, version) = split_api_version(kind["apiVersion"].text());
    let name = kind["kind"].text();
    let custom =
        || server.customs.iter().find(|r| r.group == group && r.version == version && r.kind == name);
    let found = objects::resources::by_kind(group, version, name).or_else(custom);
    let Some(resource) = found else {
        return Err(format!(
            "paramKind kind `&ParamKind{{APIVersion:{},Kind:{name},}}` not known",
            kind["apiVersion"].text()
        ));
    };
    let namespace = match (resource.namespaced, wanted["namespace"].text()) {
        (true, "") if !a.namespaced => {
            return Err(
                "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
                    .into(),
            );
        }
        (true, "") => a.namespace.as_str(),
        (true, named) => named,
        (false, "") => "",
        (false, _) => {
            return Err("paramRef.namespace must not be provided for a cluster-scoped `paramKind`".into());
        }
    };
    let params: Vec<Value> = match wanted["name"].text() {
        "" => {
            let selector = LabelSelector::from_value(&wanted["selector"])?;
            let all = server.objects(&resource.storage, namespace);
            all.filter(|o| selector.matches(o.labels())).cloned().collect()
        }
        name => server.get(&resource.storage, namespace, name).into_iter().cloned().collect(),
    };
    if params.is_empty() && wanted["parameterNotFoundAction"] == "Deny" {
        return Err("no params found for policy binding with `Deny` parameterNotFoundAction".into());
    }
    Ok(params)
}
