//! `kubectl describe endpoints`

use objects::Value;

use super::page::{plain, text_or};
use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    p.name(o);
    p.labels_and_annotations(o);
    p.line(0, &["Subsets:"]);
    for s in o["subsets"].items() {
        for (label, field) in [("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")] {
            let ips: Vec<&str> = s[field].items().iter().map(|a| a["ip"].text()).collect();
            p.at(1, label, &if ips.is_empty() { "<none>".into() } else { ips.join(",") });
        }
        if !s["ports"].items().is_empty() {
            p.put(1, "Ports:\n    Name\tPort\tProtocol\n    ----\t----\t--------\n");
            for port in s["ports"].items() {
                let name = text_or(&port["name"], "<unset>");
                p.line(2, &[name, "\t", &plain(&port["port"]), "\t", port["protocol"].text()]);
            }
        }
        p.line(0, &[]);
    }
    events::describe(p, related);
}
