//! The variables of a policy's expressions, and what its conditions say.
//!
//! Models `plugin/cel` (activation, composition) and `plugin/webhook/matchconditions`.

use cel::{Program, Val};
use objects::Str;
use objects::Value;

use super::attributes::Attributes;
use super::registered::Named;
use crate::server::Cx;

/// What expressions may read, under upstream's names.
pub(super) type Scope = Vec<(&'static str, Val)>;

fn tree(value: &Value) -> Val {
    cel::tree(value)
}

/// The variables of one request and one parameter (null: none).
pub(super) fn scope(cx: &Cx<'_>, a: &Attributes, params: &Value) -> Scope {
    vec![
        ("object", tree(&a.object)),
        ("oldObject", tree(&a.old)),
        ("request", tree(&a.request(cx))),
        ("params", tree(params)),
        ("namespaceObject", tree(&a.namespace_object)),
        ("authorizer", a.authorizer.clone()),
    ]
}

/// Adds `variables`, each worked out from those before it.
pub(super) fn with_variables(scope: &mut Scope, variables: &[Named]) {
    let mut worked_out: Vec<(Val, Val)> = Vec::new();
    for v in variables {
        scope.push(("variables", Val::Map(worked_out.clone())));
        let value = match &v.program {
            Ok(p) => p.eval(scope).unwrap_or_else(|why| {
                Val::Failed(format!("composited variable \"{}\" fails to evaluate: {why}", v.name).into())
            }),
            Err(why) => {
                Val::Failed(format!("composited variable \"{}\" fails to compile: {why}", v.name).into())
            }
        };
        scope.pop();
        worked_out.push((Val::Text(v.name.clone()), value));
    }
    scope.push(("variables", Val::Map(worked_out)));
}

/// The value of an expression, or why it has none in upstream's words.
pub(super) fn value(program: &Result<Program, String>, text: &str, scope: &Scope) -> Result<Val, String> {
    match program {
        Ok(p) => p.eval(scope).map_err(|why| format!("expression '{text}' resulted in error: {why}")),
        Err(why) => Err(format!("compilation error: compilation failed: {why}")),
    }
}

/// Whether all conditions hold. One that is false decides; otherwise errors do, unless they are to be ignored.
pub(super) fn conditions_hold(conditions: &[Named], scope: &Scope, ignore: bool) -> Result<bool, String> {
    let mut errors: Vec<Str> = Vec::new();
    for c in conditions {
        match value(&c.program, &c.text, scope) {
            Ok(Val::Bool(true)) => {}
            Ok(Val::Bool(false)) => return Ok(false),
            Ok(other) => errors.push(format!("expected bool, got {}", other.type_name()).into()),
            Err(why) => errors.push(why.into()),
        }
    }
    match errors.as_slice() {
        [] => Ok(true),
        _ if ignore => Ok(false),
        [one] => Err(one.to_string()),
        many => Err(format!("[{}]", many.join(", "))),
    }
}
