//! Endpoints and EndpointSlices: the first three, and how many more.
//!
//! Models printEndpoints, printEndpointSlice, formatEndpoints, formatDiscoveryPorts and formatDiscoveryEndpoints.

use objects::Value;

use super::{AGE, NAME, Printer, age, name, text};

const SHOWN: usize = 3;

pub(super) static ENDPOINTS: Printer = Printer {
    columns: &[NAME, text("Endpoints"), AGE],
    cells: |o, now| vec![name(o), endpoints(o).into(), age(o, now)],
};

pub(super) static SLICES: Printer = Printer {
    columns: &[NAME, text("AddressType"), text("Ports"), text("Endpoints"), AGE],
    cells: |o, now| {
        let ports = o["ports"].items().iter().map(|p| match (p["port"].as_int(), &p["name"]) {
            (Some(n), _) => n.to_string(),
            (None, Value::Str(s)) => s.to_string(),
            _ => "*".into(),
        });
        let addresses = o["endpoints"]
            .items()
            .iter()
            .flat_map(|e| e["addresses"].items().iter().map(|a| a.text().to_owned()));
        vec![
            name(o),
            o["addressType"].clone(),
            first_ones(ports.collect(), "<unset>").into(),
            first_ones(addresses.collect(), "<unset>").into(),
            age(o, now),
        ]
    },
};

fn first_ones(all: Vec<String>, none: &str) -> String {
    let shown = all[..all.len().min(SHOWN)].join(",");
    if all.len() > SHOWN {
        format!("{shown} + {} more...", all.len() - SHOWN)
    } else if shown.is_empty() {
        none.into()
    } else {
        shown
    }
}

fn endpoints(o: &Value) -> String {
    if o["subsets"].items().is_empty() {
        return "<none>".into();
    }
    let mut all = Vec::new();
    for subset in o["subsets"].items() {
        let addresses = subset["addresses"].items().iter().map(|a| a["ip"].text());
        if subset["ports"].items().is_empty() {
            all.extend(addresses.clone().map(str::to_owned));
        }
        for port in subset["ports"].items() {
            all.extend(addresses.clone().map(|ip| {
                let ip = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
                format!("{ip}:{}", port["port"].int())
            }));
        }
    }
    first_ones(all, "")
}
