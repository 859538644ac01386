//! `kubectl describe endpointslice`

use objects::Value;

use super::page::{joined, plain, text_or};
use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    p.name(o);
    p.labels_and_annotations(o);
    p.field("AddressType", o["addressType"].text());
    if o["ports"].items().is_empty() {
        p.line(0, &["Ports: <unset>"]);
    } else {
        p.put(0, "Ports:\n  Name\tPort\tProtocol\n  ----\t----\t--------\n");
        for port in o["ports"].items() {
            let number = if port["port"].is_null() { "<unset>".into() } else { plain(&port["port"]) };
            p.line(1, &[text_or(&port["name"], "<unset>"), "\t", &number, "\t", port["protocol"].text()]);
        }
    }
    if o["endpoints"].items().is_empty() {
        p.line(0, &["Endpoints: <none>"]);
    } else {
        p.line(0, &["Endpoints:"]);
    }
    for e in o["endpoints"].items() {
        let addresses = joined(&e["addresses"], ", ");
        p.at(1, "- Addresses", if addresses.is_empty() { "<none>" } else { &addresses });
        p.line(2, &["Conditions:"]);
        let ready = &e["conditions"]["ready"];
        p.at(3, "Ready", &if ready.is_null() { "<unset>".into() } else { plain(ready) });
        p.at(2, "Hostname", text_or(&e["hostname"], "<unset>"));
        let target = &e["targetRef"];
        if !target.is_null() {
            p.at(2, "TargetRef", &format!("{}/{}", target["kind"].text(), target["name"].text()));
        }
        p.at(2, "NodeName", text_or(&e["nodeName"], "<unset>"));
        p.at(2, "Zone", text_or(&e["zone"], "<unset>"));
    }
    events::describe(p, related);
}
