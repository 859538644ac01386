//! MutatingAdmissionPolicy: changes to a write before it is validated.
//!
//! Models `plugin/policy/mutating` (dispatcher, patch). Not modelled: field managers of what a policy set.

use std::sync::Arc;

use objects::fieldset;
use objects::patch::json_patch;
use objects::schema::{ListType, Schema};
use objects::status::Cause;
use objects::{Reason, Status, Value};

use super::attributes::{Attributes, Operation};
use super::expressions::{conditions_hold, scope, value, with_variables};
use super::matching::within;
use super::registered::{Clause, Policy};
use super::validating_policy::params;
use crate::registry::schema_of;
use crate::server::{ApiServer, Cx};

/// One policy that was asked: its place and its parameter, and whether it wants to be asked again.
struct Asked {
    policy: Arc<Policy>,
    binding: Value,
    param: Value,
}

pub(super) fn admit(server: &ApiServer, cx: &Cx<'_>, a: &mut Attributes) -> Result<(), Status> {
    if a.operation == Operation::Delete {
        return Ok(());
    }
    let mut errors: Vec<(String, bool)> = Vec::new();
    let mut again: Vec<(Asked, Value)> = Vec::new();
    for policy in server.registered.mutating.clone() {
        if !within(&policy.spec["matchConstraints"], a) {
            continue;
        }
        for binding in policy.bindings.clone() {
            if !within(&binding["spec"]["matchResources"], a) {
                continue;
            }
            let found = params(server, &policy.spec["paramKind"], &binding["spec"]["paramRef"], a);
            let found = match found {
                Ok(found) => found,
                Err(why) => {
                    errors.push((
                        denied(&policy, &binding, &format!("failed to configure binding: {why}")),
                        false,
                    ));
                    continue;
                }
            };
            for param in found {
                let asked = Asked { policy: policy.clone(), binding: binding.clone(), param };
                run(&asked, cx, a, &mut errors);
                if policy.spec["reinvocationPolicy"] == "IfNeeded" {
                    again.push((asked, a.object.clone()));
                }
            }
        }
    }
    // Who asked for it sees what others changed after it.
    for (asked, left) in again {
        if left != a.object {
            run(&asked, cx, a, &mut errors);
        }
    }
    match errors.split_first() {
        None => Ok(()),
        Some(((first, invalid), _)) => {
            let mut status = Status::new(
                if *invalid { Reason::Invalid } else { Reason::Forbidden },
                first.clone(),
            )
            .about(a.group.clone(), a.resource.clone(), a.name.clone());
            let causes =
                errors.iter().map(|(m, _)| Cause { reason: "", field: String::new(), message: m.clone() });
            status.causes = causes.collect();
            Err(status)
        }
    }
}

fn denied(policy: &Policy, binding: &Value, why: &str) -> String {
    format!("policy '{}' with binding '{}' denied request: {why}", policy.name, binding.name())
}

/// Lets one policy change the object; what goes wrong is added to `errors`, unless the policy ignores it.
fn run(asked: &Asked, cx: &Cx<'_>, a: &mut Attributes, errors: &mut Vec<(String, bool)>) {
    let Asked { policy, binding, param } = asked;
    let mut wrong = |why: &str| {
        if !policy.ignores_errors() {
            errors.push((denied(policy, binding, why), true));
        }
    };
    match conditions_hold(&policy.conditions, &scope(cx, a, param), policy.ignores_errors()) {
        Ok(true) => {}
        Ok(false) => return,
        Err(why) => return wrong(&why),
    }
    for clause in &policy.clauses {
        match changed(policy, clause, cx, a, param) {
            Ok(object) => a.object = object,
            Err(why) => wrong(&why),
        }
    }
}

fn changed(
    policy: &Policy,
    clause: &Clause,
    cx: &Cx<'_>,
    a: &Attributes,
    param: &Value,
) -> Result<Value, String> {
    let mut scope = scope(cx, a, param);
    with_variables(&mut scope, &policy.variables);
    let result = value(&clause.main.program, &clause.main.text, &scope)?;
    let misnamed = clause.main.program.as_ref().ok().and_then(cel::Program::misnamed);
    if let Some((is, wanted)) = misnamed {
        return Err(format!(
            "type mismatch: unexpected type name \"{is}\", expected \"{wanted}\", which matches field name path from root Object type"
        ));
    }
    let result = result.to_value();
    if clause.spec["patchType"] == "JSONPatch" {
        return match json_patch::apply(&a.object, &result) {
            Ok(object) => Ok(object),
            // A test that fails leaves the object as it is.
            Err(_) if result.items().iter().any(|op| op["op"] == "test") => Ok(a.object.clone()),
            Err(why) => Err(format!("JSON Patch: {why}")),
        };
    }
    let schema = schema_of(&cx.resource);
    let mut atomics = Vec::new();
    find_atomics(&result, schema, "", &mut atomics);
    if !atomics.is_empty() {
        return Err(format!(
            "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {}",
            atomics.join(", ")
        ));
    }
    Ok(fieldset::merge(&a.object, &result, schema))
}

/// Paths of what can only be replaced as a whole.
fn find_atomics(value: &Value, schema: Schema<'_>, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Map(fields) => {
            if schema.is_atomic_map() {
                found.push(path.to_owned());
            }
            for (name, v) in fields.iter() {
                if let Some(below) = schema.field(name) {
                    find_atomics(v, below, &format!("{path}.{name}"), found);
                }
            }
        }
        Value::List(items) => {
            if schema.list_type() == ListType::Atomic {
                found.push(path.to_owned());
            }
            for (i, v) in items.iter().enumerate() {
                if let Some(below) = schema.items() {
                    find_atomics(v, below, &format!("{path}[{i}]"), found);
                }
            }
        }
        _ => {}
    }
}
