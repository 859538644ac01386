//! Nodes.
//!
//! Models printNode.

use objects::Value;
use ordered::Sort as _;

use super::{AGE, NAME, Printer, age, name, text, text_or, wide};

const ROLE_PREFIX: &str = "node-role.kubernetes.io/";

pub(super) static NODES: Printer = Printer {
    columns: &[
        NAME,
        text("Status"),
        text("Roles"),
        AGE,
        text("Version"),
        wide("Internal-IP"),
        wide("External-IP"),
        wide("OS-Image"),
        wide("Kernel-Version"),
        wide("Container-Runtime"),
    ],
    cells: |o, now| {
        let ready = o.condition("Ready");
        let mut status = match (ready.is_null(), ready["status"] == "True") {
            (true, _) => "Unknown",
            (_, true) => "Ready",
            _ => "NotReady",
        }
        .to_owned();
        if o["spec"]["unschedulable"].is_true() {
            status.push_str(",SchedulingDisabled");
        }
        let mut roles: Vec<&str> = o
            .labels()
            .entries()
            .iter()
            .filter_map(|(k, v)| match k.strip_prefix(ROLE_PREFIX) {
                Some(role) => Some(role),
                None => (k == "kubernetes.io/role").then(|| v.text()),
            })
            .filter(|r| !r.is_empty())
            .collect();
        roles.arrange();
        roles.dedup();
        let info = &o["status"]["nodeInfo"];
        let mut kernel = text_or(&info["kernelVersion"], "<unknown>").text().to_owned();
        if !info["architecture"].text().is_empty() {
            kernel = format!("{kernel} ({})", info["architecture"].text());
        }
        vec![
            name(o),
            status.into(),
            if roles.is_empty() { "<none>".into() } else { roles.join(",").into() },
            age(o, now),
            info["kubeletVersion"].to_str().into(),
            address(o, "InternalIP"),
            address(o, "ExternalIP"),
            text_or(&info["osImage"], "<unknown>"),
            kernel.into(),
            text_or(&info["containerRuntimeVersion"], "<unknown>"),
        ]
    },
};

fn address(node: &Value, kind: &str) -> Value {
    let found = node["status"]["addresses"].items().iter().find(|a| a["type"] == *kind);
    found.map_or("<none>".into(), |a| a["address"].clone())
}
