//! Ingresses and IngressClasses.
//!
//! Models printIngress and printIngressClass.

use objects::Value;

use super::{AGE, NAME, Printer, age, name, services, text, text_or};

const HOSTS_SHOWN: usize = 3;

pub(super) static INGRESSES: Printer = Printer {
    columns: &[NAME, text("Class"), text("Hosts"), text("Address"), text("Ports"), AGE],
    cells: |o, now| {
        let spec = &o["spec"];
        vec![
            name(o),
            text_or(&spec["ingressClassName"], "<none>"),
            hosts(&spec["rules"]).into(),
            services::addresses(&o["status"]["loadBalancer"]).into(),
            if spec["tls"].items().is_empty() { "80" } else { "80, 443" }.into(),
            age(o, now),
        ]
    },
};

fn hosts(rules: &Value) -> String {
    let rules = rules.items();
    let mut shown: Vec<&str> = Vec::new();
    let mut more = false;
    for rule in rules {
        more |= shown.len() == HOSTS_SHOWN;
        if !more && !rule["host"].text().is_empty() {
            shown.push(rule["host"].text());
        }
    }
    match (shown.is_empty(), more) {
        (true, _) => "*".into(),
        (_, true) => format!("{} + {} more...", shown.join(","), rules.len() - HOSTS_SHOWN),
        _ => shown.join(","),
    }
}

pub(super) static CLASSES: Printer = Printer {
    columns: &[NAME, text("Controller"), text("Parameters"), AGE],
    cells: |o, now| {
        let default = o.annotations()["ingressclass.kubernetes.io/is-default-class"] == "true";
        let p = &o["spec"]["parameters"];
        let parameters = if p.is_null() {
            "<none>".into()
        } else {
            let dot = if p["apiGroup"].is_null() { "" } else { "." };
            format!("{}{dot}{}/{}", p["kind"].text(), p["apiGroup"].text(), p["name"].text())
        };
        vec![
            if default { format!("{} (default)", o.name()).into() } else { name(o) },
            o["spec"]["controller"].to_str().into(),
            parameters.into(),
            age(o, now),
        ]
    },
};
