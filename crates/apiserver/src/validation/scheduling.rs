//! Where a pod may run: affinity, spread, tolerations.
//!
//! Models validateAffinity, validateTopologySpreadConstraints and ValidateTolerations.

use objects::{Value, names};

use super::{Errors, labels};

pub(super) fn affinity(spec: &Value, e: &mut Errors) {
    let a = &spec["affinity"];
    if a.is_null() {
        return;
    }
    e.at("affinity", |e| {
        e.at("nodeAffinity", |e| node_affinity(&a["nodeAffinity"], e));
        for key in ["podAffinity", "podAntiAffinity"] {
            e.at(key, |e| {
                e.each(&a[key], "requiredDuringSchedulingIgnoredDuringExecution", |e, _, t| pod_term(t, e));
                e.each(&a[key], "preferredDuringSchedulingIgnoredDuringExecution", |e, _, t| {
                    weight(t, e);
                    e.at("podAffinityTerm", |e| pod_term(&t["podAffinityTerm"], e));
                });
            });
        }
    });
}

fn weight(t: &Value, e: &mut Errors) {
    if !(1..=100).contains(&t["weight"].int()) {
        e.at("weight", |e| e.invalid(&t["weight"].int().into(), "must be in the range 1-100"));
    }
}

fn node_affinity(a: &Value, e: &mut Errors) {
    let required = &a["requiredDuringSchedulingIgnoredDuringExecution"];
    if !required.is_null() {
        e.at("requiredDuringSchedulingIgnoredDuringExecution", |e| {
            if required["nodeSelectorTerms"].items().is_empty() {
                e.at("nodeSelectorTerms", |e| e.required("must have at least one node selector term"));
            }
            e.each(required, "nodeSelectorTerms", |e, _, t| node_term(t, e));
        });
    }
    e.each(a, "preferredDuringSchedulingIgnoredDuringExecution", |e, _, t| {
        weight(t, e);
        e.at("preference", |e| node_term(&t["preference"], e));
    });
}

/// What nodes a volume can be reached from.
pub(super) fn node_selector(s: &Value, e: &mut Errors) {
    if s["nodeSelectorTerms"].items().is_empty() {
        e.at("nodeSelectorTerms", |e| e.required("must have at least one node selector term"));
    }
    e.each(s, "nodeSelectorTerms", |e, _, t| node_term(t, e));
}

fn node_term(t: &Value, e: &mut Errors) {
    e.each(t, "matchExpressions", |e, _, r| {
        let values = r["values"].items().len();
        match r["operator"].text() {
            "In" | "NotIn" if values == 0 => {
                e.at("values", |e| e.required("must be specified when `operator` is 'In' or 'NotIn'"));
            }
            "Exists" | "DoesNotExist" if values > 0 => e.at("values", |e| {
                e.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
            }),
            "Gt" | "Lt" if values != 1 => e.at("values", |e| {
                e.required("must be specified single value when `operator` is 'Lt' or 'Gt'");
            }),
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
            other => e.at("operator", |e| e.invalid_text(other, "not a valid selector operator")),
        }
        e.at("key", |e| e.complaints(&r["key"].text().into(), names::qualified_name(r["key"].text())));
        e.each(r, "values", |e, _, v| e.complaints(v, names::label_value(v.text())));
    });
}

fn pod_term(t: &Value, e: &mut Errors) {
    e.at("labelSelector", |e| labels::selector(&t["labelSelector"], e));
    e.at("namespaceSelector", |e| labels::selector(&t["namespaceSelector"], e));
    for ns in t["namespaces"].items() {
        e.at("namespaces", |e| e.complaints(ns, names::dns1123_label(ns.text())));
    }
    e.at("topologyKey", |e| match t["topologyKey"].text() {
        "" => e.required("can not be empty"),
        key => e.complaints(&t["topologyKey"], names::qualified_name(key)),
    });
}

pub(super) fn spread(spec: &Value, e: &mut Errors) {
    e.each(spec, "topologySpreadConstraints", |e, _, c| {
        if c["maxSkew"].int() <= 0 {
            e.at("maxSkew", |e| e.invalid(&c["maxSkew"].int().into(), "must be greater than zero"));
        }
        e.at("topologyKey", |e| match c["topologyKey"].text() {
            "" => e.required("can not be empty"),
            key => e.complaints(&c["topologyKey"], names::qualified_name(key)),
        });
        let when = &c["whenUnsatisfiable"];
        if !matches!(when.text(), "DoNotSchedule" | "ScheduleAnyway") {
            e.at("whenUnsatisfiable", |e| {
                e.not_supported(&when.text().into(), &["DoNotSchedule", "ScheduleAnyway"])
            });
        }
        e.at("labelSelector", |e| labels::selector(&c["labelSelector"], e));
    });
}

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// The effect of a taint or toleration.
pub(super) fn effect(effect: &Value, e: &mut Errors) {
    if !EFFECTS.contains(&effect.text()) {
        e.not_supported(effect, &EFFECTS);
    }
}

pub(super) fn tolerations(spec: &Value, e: &mut Errors) {
    e.each(spec, "tolerations", |e, _, t| {
        let (key, operator, value) = (t["key"].text(), t["operator"].text(), t["value"].text());
        e.rule(t, "key", names::qualified_name);
        if key.is_empty() && operator != "Exists" {
            e.at("operator", |e| {
                e.invalid_text(
                    operator,
                    "operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
                );
            });
        }
        if !t["tolerationSeconds"].is_null() && t["effect"] != "NoExecute" {
            e.at("effect", |e| {
                e.invalid_text(t["effect"].text(), "effect must be 'NoExecute' when `tolerationSeconds` is set");
            });
        }
        e.at("operator", |e| match operator {
            "Equal" | "" => {
                let complaints = names::label_value(value);
                if !complaints.is_empty() {
                    e.invalid_text(value, &complaints.join(";"));
                }
            }
            "Exists" if !value.is_empty() => {
                e.invalid_text(value, "value must be empty when `operator` is 'Exists'");
            }
            "Exists" => {}
            "Lt" | "Gt" => e.not_supported(&t["operator"], &["Equal", "Exists", "Lt", "Gt"]),
            _ => e.not_supported(&t["operator"], &["Equal", "Exists"]),
        });
        if !t["effect"].text().is_empty() {
            e.at("effect", |e| effect(&t["effect"], e));
        }
    });
}
