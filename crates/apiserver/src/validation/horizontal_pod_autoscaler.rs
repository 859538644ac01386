//! HorizontalPodAutoscalers.
//!
//! Models `pkg/apis/autoscaling/validation`. Not modelled: scaling to zero (a gate that is off by default).

use objects::quantity::Quantity;
use objects::resources::split_api_version;
use objects::{Value, names};

use super::{Errors, resources};

const MAX_PERIOD_SECONDS: i64 = 1800;
const MAX_WINDOW_SECONDS: i64 = 3600;
const SOURCES: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];
/// The field of each source, in the order in which they are looked at.
const FIELDS: [(&str, &str); 5] = [
    ("Object", "object"),
    ("External", "external"),
    ("Pods", "pods"),
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    // Only one kind that can be scaled has no group.
    let core = object["spec"]["scaleTargetRef"]["kind"] == "ReplicationController";
    check(object, Some(core), errs);
}

/// `core` says whether the target may be without a group; without it the target was accepted before.
fn check(object: &Value, core: Option<bool>, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        let (min, max) = (&s["minReplicas"], &s["maxReplicas"]);
        if !min.is_null() && min.int() < 1 {
            e.at("minReplicas", |e| e.invalid(min, "must be greater than or equal to 1"));
        }
        if max.int() == 0 {
            e.at("maxReplicas", |e| e.required("must be set and greater than 0"));
        } else if max.int() < 0 {
            e.at("maxReplicas", |e| e.invalid(max, "must be greater than or equal to 1"));
        }
        if !min.is_null() && max.int() < min.int() {
            let max = Value::from(max.int());
            e.at("maxReplicas", |e| e.invalid(&max, "must be greater than or equal to `minReplicas`"));
        }
        e.at("scaleTargetRef", |e| reference(&s["scaleTargetRef"], core, e));
        e.each(s, "metrics", |e, _, m| metric(m, e));
        let counted = |m: &Value| matches!(m["type"].text(), "Object" | "External");
        if min.as_int() == Some(0) && !s["metrics"].items().iter().any(counted) {
            e.at("metrics", |e| {
                e.forbidden(
                    "must specify at least one Object or External metric to support scaling to zero replicas",
                );
            });
        }
        for direction in ["scaleUp", "scaleDown"] {
            let rules = &s["behavior"][direction];
            if !rules.is_null() {
                e.at("behavior", |e| e.at(direction, |e| scaling_rules(rules, e)));
            }
        }
    });
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    let (to, was) = (&new["spec"]["scaleTargetRef"], &old["spec"]["scaleTargetRef"]);
    if to["kind"] == was["kind"] && to["apiVersion"] == was["apiVersion"] {
        check(new, None, errs);
    } else {
        validate(new, errs);
    }
}

fn path_segment(object: &Value, child: &str, missing: &str, e: &mut Errors) {
    let v = &object[child];
    e.at(child, |e| match v.text() {
        "" => e.required(missing),
        text => e.complaints(v, names::path_segment(text)),
    });
}

fn reference(r: &Value, core_allowed: Option<bool>, e: &mut Errors) {
    path_segment(r, "kind", "", e);
    path_segment(r, "name", "", e);
    let Some(core_allowed) = core_allowed else { return };
    let given = &r["apiVersion"];
    let why = if given.text().matches('/').count() > 1 {
        format!("unexpected GroupVersion string: {}", given.text())
    } else if !core_allowed && split_api_version(given.text()).0.is_empty() {
        "apiVersion must specify API group".to_owned()
    } else {
        return;
    };
    let given = Value::from(given.text());
    e.at("apiVersion", |e| e.invalid(&given, &why));
}

fn scaling_rules(rules: &Value, e: &mut Errors) {
    let window = &rules["stabilizationWindowSeconds"];
    e.at("stabilizationWindowSeconds", |e| {
        if window.int() < 0 {
            e.invalid(window, "must be greater than or equal to zero");
        } else if window.int() > MAX_WINDOW_SECONDS {
            e.invalid(window, &format!("must be less than or equal to {MAX_WINDOW_SECONDS}"));
        }
    });
    let select = &rules["selectPolicy"];
    if !select.is_null() && !["Max", "Min", "Disabled"].contains(&select.text()) {
        e.at("selectPolicy", |e| e.not_supported(select, &["Disabled", "Max", "Min"]));
    }
    if rules["policies"].items().is_empty() {
        e.at("policies", |e| e.required("must specify at least one Policy"));
    }
    e.each(rules, "policies", |e, _, p| {
        if !["Pods", "Percent"].contains(&p["type"].text()) {
            let kind = Value::from(p["type"].text());
            e.at("type", |e| e.not_supported(&kind, &["Percent", "Pods"]));
        }
        for child in ["value", "periodSeconds"] {
            let n = Value::from(p[child].int());
            if n.int() <= 0 {
                e.at(child, |e| e.invalid(&n, "must be greater than zero"));
            }
        }
        let period = &p["periodSeconds"];
        if period.int() > MAX_PERIOD_SECONDS {
            let why = format!("must be less than or equal to {MAX_PERIOD_SECONDS}");
            e.at("periodSeconds", |e| e.invalid(period, &why));
        }
    });
    let tolerance = Quantity::of(&rules["tolerance"]);
    if tolerance.is_negative() {
        e.at("tolerance", |e| e.invalid_text(&tolerance.canonical(), "must be greater than or equal to 0"));
    }
}

fn metric(m: &Value, e: &mut Errors) {
    let kind = Value::from(m["type"].text());
    if kind.text().is_empty() {
        e.at("type", |e| e.required("must specify a metric source type"));
    }
    let known = SOURCES.contains(&kind.text());
    if !known {
        e.at("type", |e| e.not_supported(&kind, &SOURCES));
    }
    let present: Vec<&str> = FIELDS.iter().map(|(_, f)| *f).filter(|f| !m[*f].is_null()).collect();
    if let Some(first) = present.first() {
        e.at(first, |e| source(first, &m[*first], e));
    }
    let wanted = FIELDS.iter().find(|(k, _)| *k == kind.text()).map_or("", |(_, f)| *f);
    if known && m[wanted].is_null() {
        e.at(wanted, |e| e.required("must populate information for the given metric source"));
    }
    if present.len() != 1 {
        for other in present.iter().filter(|f| **f != wanted) {
            e.at(other, |e| e.forbidden("must populate the given metric source only"));
        }
    }
}

fn source(field: &str, s: &Value, e: &mut Errors) {
    let t = &s["target"];
    let has = |child: &str| !t[child].is_null();
    match field {
        "object" => {
            e.at("describedObject", |e| reference(&s["describedObject"], Some(true), e));
            identifier(&s["metric"], e);
        }
        "external" | "pods" => identifier(&s["metric"], e),
        _ => {
            if s["name"].text().is_empty() {
                e.at("name", |e| e.required("must specify a resource name"));
            }
            if field == "containerResource" {
                if !s["name"].text().is_empty() {
                    e.at("name", |e| resources::container_name(s["name"].text(), e));
                }
                let container = &s["container"];
                e.at("container", |e| match container.text() {
                    "" => e.required("must specify a container"),
                    text => e.complaints(container, names::dns1123_label(text)),
                });
            }
        }
    }
    e.at("target", |e| {
        target(t, e);
        let neither = |a: &str, b: &str| !has(a) && !has(b);
        match field {
            "object" if neither("value", "averageValue") => {
                e.at("averageValue", |e| e.required("must set either a target value or averageValue"));
            }
            "external" if neither("value", "averageValue") => e.at("averageValue", |e| {
                e.required("must set either a target value for metric or a per-pod target");
            }),
            "external" if has("value") && has("averageValue") => e.at("value", |e| {
                e.forbidden("may not set both a target value for metric and a per-pod target");
            }),
            "pods" if !has("averageValue") => {
                e.at("averageValue", |e| e.required("must specify a positive target averageValue"));
            }
            "resource" | "containerResource" if neither("averageUtilization", "averageValue") => {
                e.at("averageUtilization", |e| {
                    e.required("must set either a target raw value or a target utilization");
                });
            }
            "resource" | "containerResource" if has("averageUtilization") && has("averageValue") => {
                e.at("averageValue", |e| {
                    e.forbidden("may not set both a target raw value and a target utilization");
                });
            }
            _ => {}
        }
    });
}

fn identifier(metric: &Value, e: &mut Errors) {
    e.at("metric", |e| path_segment(metric, "name", "must specify a metric name", e));
}

fn target(t: &Value, e: &mut Errors) {
    let kind = Value::from(t["type"].text());
    if kind.text().is_empty() {
        e.at("type", |e| e.required("must specify a metric target type"));
    }
    if !["Utilization", "Value", "AverageValue"].contains(&kind.text()) {
        e.at("type", |e| e.invalid(&kind, "must be either Utilization, Value, or AverageValue"));
    }
    for child in ["value", "averageValue"] {
        let q = Quantity::of(&t[child]);
        if !t[child].is_null() && (q.is_negative() || q.is_zero()) {
            e.at(child, |e| e.invalid_text(&q.canonical(), "must be positive"));
        }
    }
    let percent = &t["averageUtilization"];
    if !percent.is_null() && percent.int() < 1 {
        e.at("averageUtilization", |e| e.invalid(percent, "must be greater than 0"));
    }
}
