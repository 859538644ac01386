//! What a ValidatingAdmissionPolicy's status says of its expressions: fields that the matched kinds do not have.
//!
//! Models `plugin/policy/validating/typechecking.go` and `pkg/controller/validatingadmissionpolicystatus`, which writes
//! the status a moment later on a real cluster. Not modelled: operators that do not fit their operands' types, custom
//! kinds.

use cel::Program;
use objects::resources::{self, split_api_version};
use objects::schema::{Schema, type_for};
use objects::{Str, Value, value};
use ordered::BTreeSet;

use crate::validation::compilation_failed;

/// Kinds of one rule that are looked at.
const MOST: usize = 10;

/// Group, version and kind.
type Gvk = (Str, Str, Str);

fn texts(list: &Value) -> Vec<&str> {
    let mut all: Vec<&str> = list.items().iter().map(Value::text).collect();
    ordered::Sort::arrange(&mut all[..]);
    all
}

fn kinds(policy: &Value) -> BTreeSet<Gvk> {
    let mut found = BTreeSet::new();
    for rule in policy["spec"]["matchConstraints"]["resourceRules"].items() {
        let [groups, versions, plurals] = ["apiGroups", "apiVersions", "resources"].map(|k| texts(&rule[k]));
        if groups.iter().chain(&versions).any(|t| t.contains('*')) {
            continue;
        }
        let matched = resources::all().iter().filter(|r| {
            groups.contains(&r.group.as_str())
                && versions.contains(&r.version.as_str())
                && plurals.contains(&r.plural.as_str())
        });
        found.extend(matched.take(MOST).map(|r| (r.group.clone(), r.version.clone(), r.kind.clone())));
    }
    found
}

fn schema(group: &str, version: &str, kind: &str) -> Option<Schema<'static>> {
    type_for(group, version, kind).map(Schema::of_type)
}

/// What is wrong with an expression for each kind, in upstream's words.
fn warning(text: &str, policy: &Value, kinds: &BTreeSet<Gvk>) -> String {
    let Ok(program) = Program::parse(text) else { return String::new() };
    let param = &policy["spec"]["paramKind"];
    let (group, version) = split_api_version(param["apiVersion"].text());
    let params = schema(group, version, param["kind"].text());
    let found = kinds.iter().filter_map(|(group, version, kind)| {
        let object = schema(group, version, kind);
        let namespace = schema("", "v1", "Namespace");
        let names =
            [("object", object), ("oldObject", object), ("params", params), ("namespaceObject", namespace)];
        let (path, field) = program.undefined_field(&names)?;
        let at = text.find(&format!("{path}.{field}")).map_or(0, |at| at + path.len());
        let api_version = resources::api_version(group, version);
        let why = compilation_failed(text, at, &format!("undefined field '{field}'"));
        Some(format!("{api_version}, Kind={kind}: {why}\n"))
    });
    found.collect::<Vec<_>>().join("\n")
}

/// Writes the status for what the policy says now.
#[inline(never)]
pub(crate) fn write_status(policy: &mut Value) {
    let kinds = kinds(policy);
    let mut warnings = Vec::new();
    for (i, v) in policy["spec"]["validations"].items().iter().enumerate() {
        for field in ["expression", "messageExpression"] {
            let warning = warning(v[field].text(), policy, &kinds);
            if !warning.is_empty() {
                let at = format!("spec.validations[{i}].{field}");
                warnings.push(value!({"fieldRef": (at), "warning": (warning)}));
            }
        }
    }
    let mut checked = Value::map();
    if !warnings.is_empty() {
        checked.set("expressionWarnings", warnings);
    }
    let status = value!({"observedGeneration": (policy.generation()), "typeChecking": (checked)});
    policy.set("status", status);
}
