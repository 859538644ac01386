//! `kubectl describe service`

use objects::Value;

use super::page::{joined, labels_line, plain, text_or};
use super::{Page, Related, events};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    let spec = &o["spec"];
    p.name(o);
    p.labels_and_annotations(o);
    p.field("Selector", &labels_line(&spec["selector"]));
    p.field("Type", spec["type"].text());
    p.some(0, "IP Family Policy", &spec["ipFamilyPolicy"]);
    let list = |v: &Value| if v.items().is_empty() { "<none>".to_owned() } else { joined(v, ",") };
    p.field("IP Families", &list(&spec["ipFamilies"]));
    p.field("IP", spec["clusterIP"].text());
    p.field("IPs", &list(&spec["clusterIPs"]));
    if !spec["externalIPs"].items().is_empty() {
        p.field("External IPs", &list(&spec["externalIPs"]));
    }
    p.some(0, "Desired LoadBalancer IP", &spec["loadBalancerIP"]);
    p.some(0, "External Name", &spec["externalName"]);
    let ingress = o["status"]["loadBalancer"]["ingress"].items();
    if !ingress.is_empty() {
        let parts: Vec<String> = ingress
            .iter()
            .map(|i| match (i["ip"].text(), i["ipMode"].text()) {
                ("", _) => i["hostname"].text().to_owned(),
                (ip, "") => ip.to_owned(),
                (ip, mode) => format!("{ip} ({mode})"),
            })
            .collect();
        p.field("LoadBalancer Ingress", &parts.join(", "));
    }
    for port in spec["ports"].items() {
        let (name, protocol) = (text_or(&port["name"], "<unset>"), text_or(&port["protocol"], "TCP"));
        p.line(0, &["Port:\t", name, "\t", &plain(&port["port"]), "/", protocol]);
        p.line(0, &["TargetPort:\t", &plain(&port["targetPort"]), "/", protocol]);
        p.some(0, "AppProtocol", &port["appProtocol"]);
        if port["nodePort"].int() != 0 {
            p.line(0, &["NodePort:\t", name, "\t", &plain(&port["nodePort"]), "/", protocol]);
        }
        p.field("Endpoints", &endpoints(&related.slices, port["name"].text()));
    }
    p.field("Session Affinity", spec["sessionAffinity"].text());
    p.some(0, "External Traffic Policy", &spec["externalTrafficPolicy"]);
    p.some(0, "Internal Traffic Policy", &spec["internalTrafficPolicy"]);
    if spec["healthCheckNodePort"].int() != 0 {
        p.field("HealthCheck NodePort", &plain(&spec["healthCheckNodePort"]));
    }
    if !spec["loadBalancerSourceRanges"].items().is_empty() {
        p.field("LoadBalancer Source Ranges", &list(&spec["loadBalancerSourceRanges"]));
    }
    p.some(0, "Traffic Distribution", &spec["trafficDistribution"]);
    events::describe(p, related);
}

/// Up to three ready addresses behind a port of a service.
pub(super) fn endpoints(slices: &[Value], port: &str) -> String {
    if slices.is_empty() {
        return "<none>".into();
    }
    let mut all: Vec<String> = Vec::new();
    for s in slices {
        let ready = || {
            s["endpoints"]
                .items()
                .iter()
                .filter(|e| e["conditions"]["ready"].as_bool() != Some(false))
                .map(|e| e["addresses"][0].text())
        };
        if s["ports"].items().is_empty() {
            all.extend(ready().map(str::to_owned));
        }
        for sp in s["ports"].items().iter().filter(|sp| sp["name"].text() == port) {
            let n = sp["port"].int();
            all.extend(
                ready().map(|a| if a.contains(':') { format!("[{a}]:{n}") } else { format!("{a}:{n}") }),
            );
        }
    }
    if all.len() > 3 {
        return format!("{} + {} more...", all[..3].join(","), all.len() - 3);
    }
    all.join(",")
}
