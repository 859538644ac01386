//! `kubectl describe pod`

use objects::Value;
use objects::selector::format_label_selector;
use ordered::Sort as _;

use super::page::{controller, long_time};
use super::{Page, Related, containers, events, volumes};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    let (spec, status) = (&o["spec"], &o["status"]);
    p.name(o);
    p.some(0, "Priority", &spec["priority"]);
    p.some(0, "Priority Class Name", &spec["priorityClassName"]);
    p.some(0, "Runtime Class Name", &spec["runtimeClassName"]);
    p.some(0, "Service Account", &spec["serviceAccountName"]);
    match spec["nodeName"].text() {
        "" => p.field("Node", "<none>"),
        node => p.line(0, &["Node:\t", node, "/", status["hostIP"].text()]),
    }
    if !status["startTime"].is_null() {
        p.field("Start Time", &long_time(&status["startTime"]));
    }
    p.labels_and_annotations(o);
    let ended = status["phase"] == "Failed" || status["phase"] == "Succeeded";
    if o.is_terminating() && !ended {
        let since = p.ago(&o.meta()["deletionTimestamp"]);
        p.line(0, &["Status:\tTerminating (lasts ", &since, ")"]);
        p.field("Termination Grace Period", &format!("{}s", o.meta()["deletionGracePeriodSeconds"].int()));
    } else {
        p.field("Status", status["phase"].text());
    }
    p.some(0, "Reason", &status["reason"]);
    p.some(0, "Message", &status["message"]);
    let seccomp = &spec["securityContext"]["seccompProfile"];
    if !seccomp.is_null() {
        p.field("SeccompProfile", seccomp["type"].text());
        p.some(0, "LocalhostProfile", &seccomp["localhostProfile"]);
    }
    p.field("IP", status["podIP"].text());
    if status["podIPs"].items().is_empty() {
        p.field("IPs", "<none>");
    } else {
        p.line(0, &["IPs:"]);
        for ip in status["podIPs"].items() {
            p.at(1, "IP", ip["ip"].text());
        }
    }
    let owner = controller(o);
    if !owner.is_empty() {
        p.field("Controlled By", &owner);
    }
    p.some(0, "NominatedNodeName", &status["nominatedNodeName"]);
    if !spec["resources"].is_null() {
        p.line(0, &["Resources:"]);
        containers::resources(p, &spec["resources"], 1);
    }
    for (label, list, statuses) in [
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
        ("Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses"),
    ] {
        if list == "containers" || !spec[list].items().is_empty() {
            containers::describe(p, label, &spec[list], &status[statuses], o, "");
        }
    }
    if !spec["readinessGates"].items().is_empty() {
        p.put(0, "Readiness Gates:\n  Type\tStatus\n");
        for g in spec["readinessGates"].items() {
            let kind = g["conditionType"].text();
            let c = o.condition(kind);
            p.line(1, &[kind, " \t", if c.is_null() { "<none>" } else { c["status"].text() }, " "]);
        }
    }
    if !status["conditions"].items().is_empty() {
        p.put(0, "Conditions:\n  Type\tStatus\n");
        for c in status["conditions"].items() {
            p.line(1, &[c["type"].text(), " \t", c["status"].text(), " "]);
        }
    }
    volumes::describe(p, &spec["volumes"], "");
    p.field("QoS Class", status["qosClass"].text());
    p.labels("Node-Selectors", &spec["nodeSelector"]);
    p.tolerations("Tolerations", &spec["tolerations"]);
    spread(p, &spec["topologySpreadConstraints"], "");
    events::describe(p, related);
}

pub(super) fn spread(p: &mut Page, constraints: &Value, space: &str) {
    let mut all: Vec<&Value> = constraints.items().iter().collect();
    if all.is_empty() {
        return;
    }
    all.arrange_by(|a, b| a["topologyKey"].text().cmp(b["topologyKey"].text()));
    p.put(0, space);
    p.put(0, "Topology Spread Constraints:\t");
    for (i, c) in all.into_iter().enumerate() {
        if i > 0 {
            p.put(0, space);
            p.put(0, "\t");
        }
        let skew = c["maxSkew"].int().to_string();
        let selector = match &c["labelSelector"] {
            Value::Null => String::new(),
            s => format!(" for selector {}", format_label_selector(s)),
        };
        let (key, when) = (c["topologyKey"].text(), c["whenUnsatisfiable"].text());
        p.line(0, &[key, ":", when, " when max skew ", &skew, " is exceeded", &selector]);
    }
}
