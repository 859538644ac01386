//! `kubectl describe ingress`

use objects::Value;
use ordered::Sort as _;

use super::page::{joined, plain, text_or};
use super::{Page, Related, events, service};

pub(super) fn describe(p: &mut Page, o: &Value, related: &Related) {
    let spec = &o["spec"];
    p.field("Name", o.name());
    p.labels("Labels", o.labels());
    p.field("Namespace", o.namespace());
    let mut addresses: Vec<&str> = o["status"]["loadBalancer"]["ingress"]
        .items()
        .iter()
        .map(|i| if i["ip"].text().is_empty() { i["hostname"].text() } else { i["ip"].text() })
        .collect();
    addresses.arrange();
    p.field("Address", &addresses.join(","));
    p.field("Ingress Class", text_or(&spec["ingressClassName"], "<none>"));
    let default = if spec["defaultBackend"].is_null() {
        "<default>".to_owned()
    } else {
        backend(&spec["defaultBackend"], related)
    };
    p.field("Default backend", &default);
    if !spec["tls"].items().is_empty() {
        p.line(0, &["TLS:"]);
        for t in spec["tls"].items() {
            let hosts = joined(&t["hosts"], ",");
            match t["secretName"].text() {
                "" => p.line(1, &["SNI routes ", &hosts]),
                secret => p.line(1, &[secret, " terminates ", &hosts]),
            }
        }
    }
    p.put(0, "Rules:\n  Host\tPath\tBackends\n  ----\t----\t--------\n");
    let mut any = false;
    for r in spec["rules"].items().iter().filter(|r| !r["http"].is_null()) {
        any = true;
        p.line(1, &[text_or(&r["host"], "*"), "\t"]);
        for path in r["http"]["paths"].items() {
            p.line(2, &["\t", path["path"].text(), " \t", &backend(&path["backend"], related)]);
        }
    }
    if !any {
        p.line(1, &["*\t*\t", &default]);
    }
    p.annotations("Annotations", o.annotations());
    events::describe(p, related);
}

fn backend(b: &Value, related: &Related) -> String {
    let s = &b["service"];
    if s.is_null() {
        let r = &b["resource"];
        let group = text_or(&r["apiGroup"], "<none>");
        return format!("APIGroup: {group}, Kind: {}, Name: {}", r["kind"].text(), r["name"].text());
    }
    let (name, port) = (s["name"].text(), &s["port"]);
    let shown =
        if port["number"].int() != 0 { plain(&port["number"]) } else { port["name"].text().to_owned() };
    let Some(svc) = related.services.iter().find(|x| x.name() == name) else {
        return format!("{name}:{shown} (<error: services \"{name}\" not found>)");
    };
    let hit = svc["spec"]["ports"].items().iter().find(|sp| {
        (port["number"].int() != 0 && sp["port"] == port["number"])
            || (!port["name"].text().is_empty() && sp["name"] == port["name"].text())
    });
    let slices: Vec<Value> =
        related.slices.iter().filter(|x| x.labels()["kubernetes.io/service-name"] == name).cloned().collect();
    let port_name = hit.map_or("", |sp| sp["name"].text());
    format!("{name}:{shown} ({})", service::endpoints(&slices, port_name))
}
