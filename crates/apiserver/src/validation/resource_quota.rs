//! ResourceQuotas: names of what is counted, amounts, scopes.
//!
//! Models ValidateResourceQuotaSpec and ValidateResourceQuotaUpdate in `pkg/apis/core/validation`, and the tables of
//! `pkg/apis/core/helper`.

use objects::Value;
use ordered::BTreeSet;

use super::{Errors, resources};

const COMPUTE: [&str; 6] =
    ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
const COUNTED: [&str; 10] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
    "requests.storage",
];
const EPHEMERAL: [&str; 3] = ["ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage"];
/// Scopes that a plain list may name and that take no values.
const PLAIN: [&str; 5] =
    ["Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "CrossNamespacePodAffinity"];

fn is_standard(name: &str) -> bool {
    COMPUTE.contains(&name)
        || COUNTED.contains(&name)
        || EPHEMERAL.contains(&name)
        || name.strip_prefix("requests.").unwrap_or(name).starts_with("hugepages-")
}

fn is_known_scope(scope: &str) -> bool {
    PLAIN.contains(&scope) || matches!(scope, "PriorityClass" | "VolumeAttributesClass")
}

/// Whether a scope says anything about what is counted under `name`.
fn fits(scope: &str, name: &str) -> bool {
    match scope {
        "BestEffort" => name == "pods",
        "VolumeAttributesClass" => matches!(name, "persistentvolumeclaims" | "requests.storage"),
        s if is_known_scope(s) => name == "pods" || COMPUTE.contains(&name),
        _ => true,
    }
}

fn conflicts(scopes: &BTreeSet<String>) -> usize {
    let both = |a: &str, b: &str| scopes.contains(a) && scopes.contains(b);
    usize::from(both("BestEffort", "NotBestEffort")) + usize::from(both("Terminating", "NotTerminating"))
}

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        for (name, amount) in s["hard"].entries() {
            e.at("hard", |e| e.key(name, |e| hard(name, amount, e)));
        }
        scopes(s, e);
        scope_selector(s, e);
    });
}

fn hard(name: &str, amount: &Value, e: &mut Errors) {
    resources::resource_name(name, e);
    if !name.contains('/') && !is_standard(name) {
        e.invalid_text(name, "must be a standard resource for quota");
    }
    resources::amount(name, amount, e);
}

fn scopes(s: &Value, e: &mut Errors) {
    let given = &s["scopes"];
    let mut seen = BTreeSet::new();
    for scope in given.items().iter().map(Value::text) {
        if !is_known_scope(scope) {
            e.at("scopes", |e| e.invalid(given, "unsupported scope"));
        }
        for (name, _) in s["hard"].entries() {
            if is_standard(name) && !fits(scope, name) {
                e.at("scopes", |e| e.invalid(given, "unsupported scope applied to resource"));
            }
        }
        seen.insert(scope.to_owned());
    }
    for _ in 0..conflicts(&seen) {
        e.at("scopes", |e| e.invalid(given, "conflicting scopes"));
    }
}

fn scope_selector(s: &Value, e: &mut Errors) {
    let selector = &s["scopeSelector"];
    let mut seen = BTreeSet::new();
    e.at("scopeSelector.matchExpressions", |e| {
        for r in selector["matchExpressions"].items() {
            let scope = r["scopeName"].text();
            if !is_known_scope(scope) {
                e.at("scopeName", |e| e.invalid_text(scope, "unsupported scope"));
            }
            for (name, _) in s["hard"].entries() {
                if is_standard(name) && !fits(scope, name) {
                    e.invalid(selector, "unsupported scope applied to resource");
                }
            }
            let operator = r["operator"].text();
            if PLAIN.contains(&scope) && operator != "Exists" {
                e.at("operator", |e| {
                    e.invalid_text(
                        operator,
                        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
                         ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, \
                         ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
                    );
                });
            }
            let values = &r["values"];
            match operator {
                "In" | "NotIn" if values.items().is_empty() => e.at("values", |e| {
                    e.required(
                        "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
                    );
                }),
                "Exists" | "DoesNotExist" if !values.items().is_empty() => e.at("values", |e| {
                    e.invalid(
                        values,
                        "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
                    );
                }),
                "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
                _ => e.at("operator", |e| e.invalid_text(operator, "not a valid selector operator")),
            }
            seen.insert(scope.to_owned());
        }
        for _ in 0..conflicts(&seen) {
            e.invalid(&s["scopes"], "conflicting scopes");
        }
    });
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
    let set = |o: &Value| {
        let all = o["spec"]["scopes"].items().iter().map(|s| s.text().to_owned());
        all.collect::<BTreeSet<String>>()
    };
    if set(new) != set(old) {
        errs.at("spec.scopes", |e| e.invalid(&new["spec"]["scopes"], "field is immutable"));
    }
}
