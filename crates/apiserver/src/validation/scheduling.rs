//! Where a pod may run: affinity, spread, tolerations.
//!
//! Models validateAffinity, validateTopologySpreadConstraints and ValidateTolerations.

use ordered::BTreeSet;

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
            e.each(required, "nodeSelectorTerms", |e, _, t| node_term(t, true, e));
        });
    }
    e.each(a, "preferredDuringSchedulingIgnoredDuringExecution", |e, _, t| {
        weight(t, e);
        e.at("preference", |e| node_term(&t["preference"], false, e));
    });
}

/// What nodes a volume can be reached from.
pub(super) fn node_selector(s: &Value, e: &mut Errors) {
    if s["nodeSelectorTerms"].items().is_empty() {
        e.at("nodeSelectorTerms", |e| e.required("must have at least one node selector term"));
    }
    e.each(s, "nodeSelectorTerms", |e, _, t| node_term(t, true, e));
}

/// A term; the values of one that is only preferred may be anything.
fn node_term(t: &Value, strict: bool, e: &mut Errors) {
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
        if strict {
            e.each(r, "values", |e, _, v| e.complaints(v, names::label_value(v.text())));
        }
    });
    e.each(t, "matchFields", |e, _, r| {
        let (operator, key) = (r["operator"].text(), r["key"].text());
        if !matches!(operator, "In" | "NotIn") {
            e.at("operator", |e| e.invalid_text(operator, "not a valid selector operator"));
        } else if r["values"].items().len() != 1 {
            e.at("values", |e| {
                e.required(
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
                );
            });
        }
        if key == "metadata.name" {
            e.each(r, "values", |e, _, v| e.complaints(v, names::dns1123_subdomain(v.text())));
        } else {
            e.at("key", |e| e.invalid_text(key, "not a valid field selector key"));
        }
    });
}

/// Keys of the pod's own labels that join a selector.
fn label_keys(t: &Value, e: &mut Errors) {
    let selector = &t["labelSelector"];
    for list in ["matchLabelKeys", "mismatchLabelKeys"] {
        if t[list].items().is_empty() {
            continue;
        }
        if selector.is_null() {
            e.at(list, |e| e.forbidden("must not be specified when labelSelector is not set"));
        } else {
            e.each(t, list, |e, _, key| e.complaints(key, names::qualified_name(key.text())));
        }
    }
    let keys = t["matchLabelKeys"].items();
    let mut seen: BTreeSet<&str> =
        selector["matchLabels"].entries().iter().map(|(k, _)| k.as_str()).collect();
    for r in selector["matchExpressions"].items() {
        let key = r["key"].text();
        if let Some(i) = keys.iter().rposition(|k| *k == *key)
            && seen.contains(key)
        {
            e.index(i, |e| e.invalid_text(key, "exists in both matchLabelKeys and labelSelector"));
        }
        seen.insert(key);
    }
    e.each(t, "matchLabelKeys", |e, _, key| {
        if t["mismatchLabelKeys"].items().contains(key) {
            e.invalid(key, "exists in both matchLabelKeys and mismatchLabelKeys");
        }
    });
}

fn pod_term(t: &Value, e: &mut Errors) {
    e.at("labelSelector", |e| labels::selector(&t["labelSelector"], e));
    e.at("namespaceSelector", |e| labels::selector(&t["namespaceSelector"], e));
    for ns in t["namespaces"].items() {
        e.at("namespace", |e| e.complaints(ns, names::dns1123_label(ns.text())));
    }
    label_keys(t, e);
    let key = t["topologyKey"].text();
    e.at("topologyKey", |e| {
        if key.is_empty() {
            e.required("can not be empty");
        }
        e.complaints(&key.into(), names::qualified_name(key));
    });
}

pub(super) fn spread(spec: &Value, e: &mut Errors) {
    let all = spec["topologySpreadConstraints"].items();
    e.each(spec, "topologySpreadConstraints", |e, i, c| {
        if c["maxSkew"].int() <= 0 {
            e.at("maxSkew", |e| e.invalid(&c["maxSkew"].int().into(), "must be greater than zero"));
        }
        let (key, when) = (c["topologyKey"].text(), c["whenUnsatisfiable"].text());
        if key.is_empty() {
            e.at("topologyKey", |e| e.required("can not be empty"));
        }
        if !matches!(when, "DoNotSchedule" | "ScheduleAnyway") {
            e.at("whenUnsatisfiable", |e| {
                e.not_supported(&when.into(), &["DoNotSchedule", "ScheduleAnyway"])
            });
        }
        if all[i + 1..].iter().any(|o| o["topologyKey"] == *key && o["whenUnsatisfiable"] == *when) {
            e.at("{topologyKey, whenUnsatisfiable}", |e| e.duplicate(&format!("{{{key}, {when}}}").into()));
        }
        if let Some(n) = c["minDomains"].as_int() {
            e.at("minDomains", |e| {
                if n <= 0 {
                    e.invalid(&n.into(), "must be greater than zero");
                }
                if when != "DoNotSchedule" {
                    let why =
                        format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {when}");
                    e.invalid(&n.into(), &why);
                }
            });
        }
        for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            if c[policy].as_str().is_some_and(|p| !matches!(p, "Honor" | "Ignore")) {
                e.at(policy, |e| e.not_supported(&c[policy], &["Honor", "Ignore"]));
            }
        }
        label_keys(c, e);
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
