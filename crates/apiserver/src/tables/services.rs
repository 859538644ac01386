//! Services.
//!
//! Models printService.

use objects::Value;
use ordered::Sort as _;

use super::{AGE, NAME, Printer, age, joined, labels_text, name, text, text_or, wide};

pub(super) static SERVICES: Printer = Printer {
    columns: &[
        NAME,
        text("Type"),
        text("Cluster-IP"),
        text("External-IP"),
        text("Port(s)"),
        AGE,
        wide("Selector"),
    ],
    cells: |o, now| {
        let spec = &o["spec"];
        vec![
            name(o),
            spec["type"].clone(),
            text_or(&spec["clusterIPs"][0], "<none>"),
            external(o).into(),
            ports(&spec["ports"]).into(),
            age(o, now),
            labels_text(&spec["selector"]),
        ]
    },
};

fn external(service: &Value) -> String {
    let given = joined(&service["spec"]["externalIPs"], ",");
    match service["spec"]["type"].text() {
        "ClusterIP" | "NodePort" if given.is_empty() => "<none>".into(),
        "ClusterIP" | "NodePort" => given,
        "LoadBalancer" => {
            let balancers = addresses(&service["status"]["loadBalancer"]);
            let all: Vec<&str> =
                [balancers.as_str(), given.as_str()].into_iter().filter(|s| !s.is_empty()).collect();
            if all.is_empty() { "<pending>".into() } else { all.join(",") }
        }
        "ExternalName" => service["spec"]["externalName"].text().to_owned(),
        _ => "<unknown>".into(),
    }
}

/// The addresses of a load balancer, sorted, each once.
pub(super) fn addresses(balancer: &Value) -> String {
    let mut found: Vec<&str> = balancer["ingress"]
        .items()
        .iter()
        .map(|i| if i["ip"].text().is_empty() { i["hostname"].text() } else { i["ip"].text() })
        .filter(|a| !a.is_empty())
        .collect();
    found.arrange();
    found.dedup();
    found.join(",")
}

fn ports(ports: &Value) -> String {
    let all: Vec<String> = ports
        .items()
        .iter()
        .map(|p| match p["nodePort"].int() {
            0 => format!("{}/{}", p["port"].int(), p["protocol"].text()),
            node => format!("{}:{node}/{}", p["port"].int(), p["protocol"].text()),
        })
        .collect();
    if all.is_empty() { "<none>".into() } else { all.join(",") }
}
