//! HorizontalPodAutoscalers: each metric as current/target. Scales: wanted and there.
//!
//! Models printHorizontalPodAutoscaler, formatHPAMetrics and printScale.

use objects::Value;

use super::{AGE, NAME, Printer, age, count, name, number, text};

const SHOWN: usize = 2;

pub(super) static AUTOSCALERS: Printer = Printer {
    columns: &[
        NAME,
        text("Reference"),
        text("Targets"),
        text("MinPods"),
        text("MaxPods"),
        text("Replicas"),
        AGE,
    ],
    cells: |o, now| {
        let spec = &o["spec"];
        let target = &spec["scaleTargetRef"];
        vec![
            name(o),
            format!("{}/{}", target["kind"].text(), target["name"].text()).into(),
            metrics(spec["metrics"].items(), o["status"]["currentMetrics"].items()).into(),
            spec["minReplicas"].as_int().map_or("<unset>".into(), |n| n.to_string()).into(),
            count(&spec["maxReplicas"]),
            count(&o["status"]["currentReplicas"]),
            age(o, now),
        ]
    },
};

pub(super) static SCALES: Printer = Printer {
    columns: &[NAME, number("Desired"), number("Available"), AGE],
    cells: |o, now| {
        vec![name(o), count(&o["spec"]["replicas"]), count(&o["status"]["replicas"]), age(o, now)]
    },
};

fn metrics(specs: &[Value], statuses: &[Value]) -> String {
    if specs.is_empty() {
        return "<none>".into();
    }
    let all: Vec<String> =
        specs.iter().enumerate().map(|(i, s)| metric(s, statuses.get(i).unwrap_or(&Value::Null))).collect();
    let shown = all[..all.len().min(SHOWN)].join(", ");
    if all.len() > SHOWN { format!("{shown} + {} more...", all.len() - SHOWN) } else { shown }
}

fn metric(spec: &Value, status: &Value) -> String {
    let quantity = |v: &Value| match v {
        Value::Null => "<unknown>".to_owned(),
        Value::Int(i) => i.to_string(),
        other => other.text().to_owned(),
    };
    let (key, own) = match spec["type"].text() {
        "External" => ("external", false),
        "Pods" => ("pods", false),
        "Object" => ("object", false),
        "Resource" => ("resource", true),
        "ContainerResource" => ("containerResource", true),
        _ => return "<unknown type>".into(),
    };
    let (source, current) = (&spec[key], &status[key]["current"]);
    let target = &source["target"];
    let average = !target["averageValue"].is_null();
    if own {
        let label = source["name"].text();
        if average {
            return format!(
                "{label}: {}/{}",
                quantity(&current["averageValue"]),
                quantity(&target["averageValue"])
            );
        }
        let now = current["averageUtilization"].as_int().map_or("<unknown>".into(), |n| format!("{n}%"));
        let wanted = target["averageUtilization"].as_int().map_or("<auto>".into(), |n| format!("{n}%"));
        return format!("{label}: {now}/{wanted}");
    }
    if key == "pods" {
        return format!("{}/{}", quantity(&current["averageValue"]), quantity(&target["averageValue"]));
    }
    if average {
        format!("{}/{} (avg)", quantity(&current["averageValue"]), quantity(&target["averageValue"]))
    } else {
        format!("{}/{}", quantity(&current["value"]), quantity(&target["value"]))
    }
}
