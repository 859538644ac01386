//! Ingresses.
//!
//! Models ValidateIngressCreate, ValidateIngressUpdate and ValidateIngressSpec in `pkg/apis/networking/validation`.

use objects::{Value, names};

use super::Errors;

const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
const BAD_SEQUENCES: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
const BAD_ENDINGS: [&str; 2] = ["/..", "/."];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    spec(&object["spec"], errs);
    let (annotation, class) = (&object.annotations()[CLASS_ANNOTATION], &object["spec"]["ingressClassName"]);
    if !annotation.is_null() && !class.is_null() && annotation != class {
        errs.at("annotations", |e| {
            e.at(CLASS_ANNOTATION, |e| {
                e.invalid(annotation, "must match `ingressClassName` when both are specified");
            });
        });
    }
}

pub(super) fn validate_update(new: &Value, _: &Value, errs: &mut Errors) {
    spec(&new["spec"], errs);
}

fn spec(s: &Value, errs: &mut Errors) {
    errs.at("spec", |e| {
        if s["rules"].items().is_empty() && s["defaultBackend"].is_null() {
            e.invalid(&s["rules"], "either `defaultBackend` or `rules` must be specified");
        }
        if !s["defaultBackend"].is_null() {
            e.at("defaultBackend", |e| backend(&s["defaultBackend"], e));
        }
        e.each(s, "rules", |e, _, rule| {
            let host = &rule["host"];
            if !host.text().is_empty() {
                e.at("host", |e| {
                    if host.text().parse::<core::net::IpAddr>().is_ok() {
                        e.invalid(host, "must be a DNS name, not an IP address");
                    }
                    let wild = host.text().contains('*');
                    let rule =
                        if wild { names::wildcard_dns1123_subdomain } else { names::dns1123_subdomain };
                    e.complaints(host, rule(host.text()));
                });
            }
            if !rule["http"].is_null() {
                e.at("http", |e| {
                    if rule["http"]["paths"].items().is_empty() {
                        e.at("paths", |e| e.required(""));
                    }
                    e.each(&rule["http"], "paths", |e, _, p| path(p, e));
                });
            }
        });
        e.each(s, "tls", |e, _, tls| {
            e.each(tls, "hosts", |e, _, host| {
                let wild = host.text().contains('*');
                let rule = if wild { names::wildcard_dns1123_subdomain } else { names::dns1123_subdomain };
                e.complaints(host, rule(host.text()));
            });
            e.rule(tls, "secretName", names::dns1123_subdomain);
        });
        if !s["ingressClassName"].is_null() {
            e.at("ingressClassName", |e| {
                e.complaints(&s["ingressClassName"], names::dns1123_subdomain(s["ingressClassName"].text()));
            });
        }
    });
}

fn path(p: &Value, e: &mut Errors) {
    let (kind, text) = (&p["pathType"], p["path"].text());
    let shown = Value::from(text);
    match kind.as_str() {
        None => {
            e.at("pathType", |e| e.required("pathType must be specified"));
            return;
        }
        Some("Exact" | "Prefix") => e.at("path", |e| {
            if !text.starts_with('/') {
                e.invalid(&shown, "must be an absolute path");
            }
            for bad in BAD_SEQUENCES.iter().filter(|b| text.contains(**b)) {
                e.invalid(&shown, &format!("must not contain '{bad}'"));
            }
            for bad in BAD_ENDINGS.iter().filter(|b| text.ends_with(**b)) {
                e.invalid(&shown, &format!("cannot end with '{bad}'"));
            }
        }),
        Some("ImplementationSpecific") => {
            if !text.is_empty() && !text.starts_with('/') {
                e.at("path", |e| e.invalid(&shown, "must be an absolute path"));
            }
        }
        Some(_) => {
            e.at("pathType", |e| e.not_supported(kind, &["Exact", "ImplementationSpecific", "Prefix"]));
        }
    }
    e.at("backend", |e| backend(&p["backend"], e));
}

fn backend(b: &Value, e: &mut Errors) {
    let nothing = Value::from("");
    match (b["resource"].is_null(), b["service"].is_null()) {
        (false, false) => e.invalid(&nothing, "cannot set both resource and service backends"),
        (true, true) => e.invalid(&nothing, "resource or service backend is required"),
        (false, true) => e.at("resource", |e| {
            if !b["resource"]["apiGroup"].is_null() {
                let group = b["resource"]["apiGroup"].text();
                e.at("apiGroup", |e| e.complaints(&group.into(), names::dns1123_subdomain(group)));
            }
            for field in ["kind", "name"] {
                let v = &b["resource"][field];
                e.at(field, |e| {
                    if v.text().is_empty() {
                        e.required("");
                    } else {
                        e.complaints(v, names::path_segment(v.text()));
                    }
                });
            }
        }),
        (true, false) => {
            let (name, port) = (&b["service"]["name"], &b["service"]["port"]);
            e.at("service", |e| {
                e.at("name", |e| {
                    if name.text().is_empty() {
                        e.required("");
                    } else {
                        e.complaints(name, names::dns1123_label(name.text()));
                    }
                });
            });
            let (port_name, number) = (port["name"].text(), port["number"].int());
            match (port_name.is_empty(), number == 0) {
                (false, false) => e.invalid(&nothing, "cannot set both port name & port number"),
                (true, true) => e.required("port name or number is required"),
                (false, true) => e.at("service.port.name", |e| {
                    e.complaints(&port["name"], names::port_name(port_name));
                }),
                (true, false) => e.at("service.port.number", |e| {
                    e.complaints(&port["number"], names::port_number(number));
                }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    fn errors(object: Value) -> Vec<String> {
        let mut errs = Errors::new(false);
        validate(&object, &mut errs);
        errs.into_causes().into_iter().map(|c| format!("{}: {}", c.field, c.message)).collect()
    }

    fn with_path(path: Value) -> Value {
        value!({"spec": {"rules": [{"host": "shop.example.com", "http": {"paths": [(path)]}}]}})
    }

    #[test]
    fn upstreams_words() {
        let good = value!({"service": {"name": "web", "port": {"number": 80}}});
        let at = "spec.rules[0].http.paths[0]";
        let table = [
            (
                value!({"spec": {}}),
                "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified".to_owned(),
            ),
            (
                with_path(value!({"path": "/", "backend": (good.clone())})),
                format!("{at}.pathType: Required value: pathType must be specified"),
            ),
            (
                with_path(value!({"path": "x", "pathType": "Prefix", "backend": (good.clone())})),
                format!("{at}.path: Invalid value: \"x\": must be an absolute path"),
            ),
            (
                with_path(value!({"path": "/a//b", "pathType": "Exact", "backend": (good.clone())})),
                format!("{at}.path: Invalid value: \"/a//b\": must not contain '//'"),
            ),
            (
                with_path(value!({"path": "/", "pathType": "Regex", "backend": (good.clone())})),
                format!(
                    "{at}.pathType: Unsupported value: \"Regex\": supported values: \"Exact\", \"ImplementationSpecific\", \"Prefix\""
                ),
            ),
            (
                with_path(value!({"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {}}}})),
                format!("{at}.backend: Required value: port name or number is required"),
            ),
            (
                with_path(value!({"path": "/", "pathType": "Prefix", "backend": {}})),
                format!("{at}.backend: Invalid value: \"\": resource or service backend is required"),
            ),
            (
                value!({"spec": {"rules": [{"host": "10.0.0.1"}]}}),
                "spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address".to_owned(),
            ),
            (
                value!({
                    "metadata": {"annotations": {"kubernetes.io/ingress.class": "a"}},
                    "spec": {"ingressClassName": "b", "defaultBackend": (good.clone())},
                }),
                "annotations.kubernetes.io/ingress.class: Invalid value: \"a\": must match `ingressClassName` when both are specified".to_owned(),
            ),
        ];
        for (object, want) in table {
            assert_eq!(errors(object), [want]);
        }
        let fine = with_path(value!({"path": "/", "pathType": "Prefix", "backend": (good)}));
        assert_eq!(errors(fine), Vec::<String>::new());
    }
}
