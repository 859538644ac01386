//! `Pod Template:` of a workload.

use objects::Value;

use super::{Page, containers, volumes};

pub fn describe(p: &mut Page, t: &Value) {
    p.line(0, &["Pod Template:"]);
    let spec = &t["spec"];
    p.labels("  Labels", t.labels());
    if !t.annotations().entries().is_empty() {
        p.annotations("  Annotations", t.annotations());
    }
    p.some(1, "Service Account", &spec["serviceAccountName"]);
    if !spec["initContainers"].items().is_empty() {
        containers::describe(p, "Init Containers", &spec["initContainers"], &Value::Null, &Value::Null, "  ");
    }
    containers::describe(p, "Containers", &spec["containers"], &Value::Null, &Value::Null, "  ");
    volumes::describe(p, &spec["volumes"], "  ");
    super::pod::spread(p, &spec["topologySpreadConstraints"], "  ");
    p.some(1, "Priority Class Name", &spec["priorityClassName"]);
    p.labels("  Node-Selectors", &spec["nodeSelector"]);
    p.tolerations("  Tolerations", &spec["tolerations"]);
}
