//! Models `pkg/apis/admissionregistration/v1/defaults.go`.

use objects::Value;

use super::{each, fill, part};

pub(super) fn webhooks(object: &mut Value) {
    let mutating = object.kind() == "MutatingWebhookConfiguration";
    for hook in each(object, "webhooks") {
        fill(hook, "failurePolicy", "Fail");
        fill(hook, "matchPolicy", "Equivalent");
        fill(hook, "namespaceSelector", Value::map());
        fill(hook, "objectSelector", Value::map());
        fill(hook, "timeoutSeconds", 10);
        if mutating {
            fill(hook, "reinvocationPolicy", "Never");
        }
        if let Some(service) = hook.find_mut(&["clientConfig", "service"]).filter(|s| !s.is_null()) {
            fill(service, "port", 443);
        }
        for rule in each(hook, "rules") {
            fill(rule, "scope", "*");
        }
    }
}

pub(super) fn policy(object: &mut Value) {
    let mutating = object.kind() == "MutatingAdmissionPolicy";
    let spec = object.map_mut().entry("spec");
    fill(spec, "failurePolicy", "Fail");
    if mutating {
        fill(spec, "reinvocationPolicy", "Never");
    }
    matching(spec, "matchConstraints");
}

pub(super) fn binding(object: &mut Value) {
    matching(object.map_mut().entry("spec"), "matchResources");
}

fn matching(spec: &mut Value, field: &str) {
    let Some(matching) = part(spec, field) else { return };
    fill(matching, "matchPolicy", "Equivalent");
    fill(matching, "namespaceSelector", Value::map());
    fill(matching, "objectSelector", Value::map());
    for rules in ["resourceRules", "excludeResourceRules"] {
        for rule in each(matching, rules) {
            fill(rule, "scope", "*");
        }
    }
}
