//! Which requests a policy, a binding or a webhook is about.
//!
//! Models `plugin/policy/matching`, `plugin/webhook/predicates` and `rules`.

use objects::Value;
use objects::selector::LabelSelector;

use super::attributes::Attributes;

/// Whether the request is within `constraints`: `matchConstraints` of a policy, `matchResources` of a binding.
pub(super) fn within(constraints: &Value, a: &Attributes) -> bool {
    if constraints.is_null() {
        return true;
    }
    let policy = constraints["matchPolicy"].text();
    selected(constraints, a)
        && !any_rule(&constraints["excludeResourceRules"], policy, a)
        && (constraints["resourceRules"].items().is_empty()
            || any_rule(&constraints["resourceRules"], policy, a))
}

/// The selectors of namespaces and objects.
pub(super) fn selected(constraints: &Value, a: &Attributes) -> bool {
    matches_namespace(&constraints["namespaceSelector"], a)
        && matches_object(&constraints["objectSelector"], a)
}

fn picks(selector: &Value, labels: &Value) -> bool {
    LabelSelector::from_value(selector).is_ok_and(|s| s.matches(labels))
}

fn is_everything(selector: &Value) -> bool {
    selector.is_null()
        || selector["matchLabels"].entries().is_empty() && selector["matchExpressions"].items().is_empty()
}

fn matches_namespace(selector: &Value, a: &Attributes) -> bool {
    if is_everything(selector) {
        return true;
    }
    if a.resource == "namespaces" && a.group.is_empty() {
        let own = if a.object.is_null() { &a.old } else { &a.object };
        return picks(selector, own.labels());
    }
    // What is in no namespace is always meant.
    !a.namespaced || picks(selector, a.namespace_object.labels())
}

fn matches_object(selector: &Value, a: &Attributes) -> bool {
    is_everything(selector)
        || [&a.object, &a.old].into_iter().any(|o| !o.is_null() && picks(selector, o.labels()))
}

/// Whether one of the rules is about the request, or about the same resource under another version.
pub(super) fn any_rule(rules: &Value, policy: &str, a: &Attributes) -> bool {
    let named = |rule: &Value| {
        let names = rule["resourceNames"].items();
        names.is_empty() || names.iter().any(|n| *n == a.name.as_str())
    };
    let fits = |rule: &Value, group: &str, version: &str| {
        has(&rule["apiGroups"], group)
            && has(&rule["apiVersions"], version)
            && has(&rule["operations"], a.operation.as_str())
            && has_resource(&rule["resources"], a)
            && in_scope(rule["scope"].text(), a)
            && named(rule)
    };
    rules.items().iter().any(|r| fits(r, &a.group, &a.version))
        || policy != "Exact" && a.equivalents.iter().any(|(g, v)| rules.items().iter().any(|r| fits(r, g, v)))
}

fn has(list: &Value, wanted: &str) -> bool {
    list.items().iter().any(|x| *x == "*" || *x == wanted)
}

fn has_resource(list: &Value, a: &Attributes) -> bool {
    list.items().iter().any(|x| {
        let (resource, sub) = x.text().split_once('/').unwrap_or((x.text(), ""));
        (resource == "*" || resource == a.resource) && (sub == "*" || sub == a.subresource)
    })
}

fn in_scope(scope: &str, a: &Attributes) -> bool {
    match scope {
        "Namespaced" => a.namespaced,
        "Cluster" => !a.namespaced,
        _ => true,
    }
}
