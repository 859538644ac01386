//! APIServices.
//!
//! Models `kube-aggregator/pkg/apis/apiregistration/validation`.

use objects::{Value, base64, names};

use super::Errors;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    let (group, version) = (s["group"].text(), s["version"].text());
    let wanted = format!("{version}.{group}");
    if object.name() != wanted {
        let why = format!("must be `spec.version+\".\"+spec.group`: \"{wanted}\"");
        errs.at("metadata.name", |e| e.invalid_text(object.name(), &why));
    }
    errs.at("spec", |e| {
        if group.is_empty() && version != "v1" {
            e.at("group", |e| e.required("only v1 may have an empty group and it better be legacy kube"));
        }
        e.rule(s, "group", names::dns1123_subdomain);
        e.at("version", |e| e.complaints(&version.into(), names::dns1035_label(version)));
        for (key, most) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1000)] {
            let n = s[key].int();
            if !(1..=most).contains(&n) {
                e.at(key, |e| e.invalid(&n.into(), &format!("must be positive and less than {most}")));
            }
        }
        let (service, bundle) = (&s["service"], s["caBundle"].text());
        let blind = s["insecureSkipTLSVerify"].is_true();
        if service.is_null() {
            if !bundle.is_empty() {
                let bytes = base64::decode(bundle).map_or(0, |b| b.len());
                e.at("caBundle", |e| {
                    e.invalid_text(&format!("{bytes} bytes"), "local APIServices may not have a caBundle");
                });
            }
            if blind {
                e.at("insecureSkipTLSVerify", |e| {
                    e.invalid(&true.into(), "local APIServices may not have insecureSkipTLSVerify");
                });
            }
            return;
        }
        e.at("service", |e| {
            for key in ["namespace", "name"] {
                if service[key].text().is_empty() {
                    e.at(key, |e| e.required(""));
                }
            }
            let port = service["port"].int_or(443);
            for why in names::port_number(port) {
                e.at("port", |e| e.invalid(&port.into(), &format!("port is not valid: {why}")));
            }
        });
        if blind && !bundle.is_empty() {
            e.at("insecureSkipTLSVerify", |e| {
                e.invalid(&true.into(), "may not be true if caBundle is present");
            });
        }
    });
}
