//! `kubectl describe horizontalpodautoscaler` (autoscaling/v2)

use objects::Value;

use super::page::{amount, long_time, plain, text_or};
use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    let (spec, status) = (&o["spec"], &o["status"]);
    let target = &spec["scaleTargetRef"];
    p.name(o);
    p.labels_and_annotations(o);
    p.field("CreationTimestamp", &long_time(&o.meta()["creationTimestamp"]));
    p.field("Reference", &format!("{}/{}", target["kind"].text(), target["name"].text()));
    p.field("Metrics", "( current / target )");
    for (i, m) in spec["metrics"].items().iter().enumerate() {
        metric(p, m, &status["currentMetrics"][i]);
    }
    p.field(
        "Min replicas",
        &if spec["minReplicas"].is_null() { "<unset>".into() } else { plain(&spec["minReplicas"]) },
    );
    p.field("Max replicas", &spec["maxReplicas"].int().to_string());
    if !spec["behavior"].is_null() {
        p.line(0, &["Behavior:"]);
        direction(p, "Scale Up", &spec["behavior"]["scaleUp"]);
        direction(p, "Scale Down", &spec["behavior"]["scaleDown"]);
    }
    let (now, wanted) = (status["currentReplicas"].int(), status["desiredReplicas"].int());
    p.line(0, &[target["kind"].text(), " pods:\t", &format!("{now} current / {wanted} desired")]);
    if !status["conditions"].items().is_empty() {
        p.put(0, "Conditions:\n  Type\tStatus\tReason\tMessage\n  ----\t------\t------\t-------\n");
        for c in status["conditions"].items() {
            let (kind, is) = (c["type"].text(), c["status"].text());
            p.line(1, &[kind, "\t", is, "\t", c["reason"].text(), "\t", c["message"].text()]);
        }
    }
    events::describe(p, related);
}

fn metric(p: &mut Page, m: &Value, current: &Value) {
    let kind = m["type"].text();
    let (field, title) = match kind {
        "Resource" => ("resource", format!("resource {} on pods", m["resource"]["name"].text())),
        "ContainerResource" => {
            let c = &m["containerResource"];
            let title =
                format!("resource {} of container \"{}\" on pods", c["name"].text(), c["container"].text());
            ("containerResource", title)
        }
        "Pods" => ("pods", format!("\"{}\" on pods", m["pods"]["metric"]["name"].text())),
        "Object" => {
            let of = &m["object"]["describedObject"];
            let name = m["object"]["metric"]["name"].text();
            ("object", format!("\"{name}\" on {}/{} ", of["kind"].text(), of["name"].text()))
        }
        "External" => ("external", format!("\"{}\" ", m["external"]["metric"]["name"].text())),
        other => {
            p.line(1, &["<unknown metric type \"", other, "\">"]);
            return;
        }
    };
    let (target, now) = (&m[field]["target"], &current[field]["current"]);
    let of = |v: &Value| if v.is_null() { "<unknown>".to_owned() } else { amount(v) };
    let average = !target["averageValue"].is_null();
    let (note, is, wanted) = match kind {
        "Resource" | "ContainerResource" if !average => {
            let is = match now["averageUtilization"].as_int() {
                Some(n) => format!("{n}% ({})", amount(&now["averageValue"])),
                None => "<unknown>".into(),
            };
            let wanted = target["averageUtilization"].as_int().map_or("<auto>".into(), |n| format!("{n}%"));
            ("  (as a percentage of request)", is, wanted)
        }
        "Resource" | "ContainerResource" | "Pods" => {
            ("", of(&now["averageValue"]), amount(&target["averageValue"]))
        }
        _ if average => ("(target average value)", of(&now["averageValue"]), amount(&target["averageValue"])),
        _ => ("(target value)", of(&now["value"]), amount(&target["value"])),
    };
    p.line(1, &[&title, note, ":\t", &is, " / ", &wanted]);
}

fn direction(p: &mut Page, title: &str, rules: &Value) {
    if rules.is_null() {
        return;
    }
    p.line(1, &[title, ":"]);
    if let Some(n) = rules["stabilizationWindowSeconds"].as_int() {
        p.line(2, &["Stabilization Window: ", &n.to_string(), " seconds"]);
    }
    if !rules["policies"].items().is_empty() {
        p.line(2, &["Select Policy: ", text_or(&rules["selectPolicy"], "Max")]);
        p.line(2, &["Policies:"]);
        for x in rules["policies"].items() {
            let (value, period) = (plain(&x["value"]), plain(&x["periodSeconds"]));
            p.line(
                3,
                &["- Type: ", x["type"].text(), "\tValue: ", &value, "\tPeriod: ", &period, " seconds"],
            );
        }
    }
}
