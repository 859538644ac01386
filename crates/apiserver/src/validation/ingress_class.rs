//! IngressClasses.
//!
//! Models ValidateIngressClass and its update in `pkg/apis/networking/validation`.

use objects::{Value, names};

use super::Errors;

const CONTROLLER_MAX_BYTES: usize = 250;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        let controller = s["controller"].text();
        e.at("controller", |e| {
            if controller.len() > CONTROLLER_MAX_BYTES {
                e.too_long(CONTROLLER_MAX_BYTES);
            }
            domain_prefixed_path(controller, e);
        });
        let p = &s["parameters"];
        if p.is_null() {
            return;
        }
        e.at("parameters", |e| {
            e.rule(p, "apiGroup", names::dns1123_subdomain);
            for field in ["kind", "name"] {
                let v = &p[field];
                e.at(field, |e| {
                    if v.text().is_empty() {
                        e.required("");
                    } else {
                        e.complaints(v, names::path_segment(v.text()));
                    }
                });
            }
            let namespace = &p["namespace"];
            match p["scope"].as_str() {
                None => e.at("scope", |e| e.required("")),
                Some("Cluster") if !namespace.is_null() => e.at("namespace", |e| {
                    e.forbidden("`parameters.scope` is set to 'Cluster'");
                }),
                Some("Namespace") if namespace.is_null() => {
                    e.at("namespace", |e| e.required("`parameters.scope` is set to 'Namespace'"));
                }
                Some("Cluster") => {}
                Some("Namespace") => e.at("namespace", |e| {
                    e.complaints(namespace, names::dns1123_label(namespace.text()));
                }),
                Some(_) => e.at("scope", |e| e.not_supported(&p["scope"], &["Cluster", "Namespace"])),
            }
        });
    });
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    errs.at("spec", |e| e.immutable(&new["spec"], &old["spec"], "controller"));
    validate(new, errs);
}

/// `acme.io/foo`
pub(super) fn domain_prefixed_path(text: &str, e: &mut Errors) {
    if text.is_empty() {
        e.required("");
        return;
    }
    let Some((host, path)) = text.split_once('/').filter(|(h, p)| !h.is_empty() && !p.is_empty()) else {
        e.invalid_text(text, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        return;
    };
    for why in names::dns1123_subdomain(host) {
        e.invalid_text(host, &why);
    }
    let good = |b: u8| b.is_ascii_alphanumeric() || b"/!$&'()*+,;=:@%-._~".contains(&b);
    if !path.bytes().all(good) {
        let why = names::regex_error("Invalid path", r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+", &[]);
        e.invalid_text(path, &why);
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn upstreams_words() {
        let table = [
            (value!({}), "spec.controller: Required value"),
            (
                value!({"controller": "nginx"}),
                "spec.controller: Invalid value: \"nginx\": must be a domain-prefixed path (such as \"acme.io/foo\")",
            ),
            (
                value!({"controller": "a.b/c", "parameters": {"kind": "K", "name": "n", "scope": "Cluster", "namespace": "x"}}),
                "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'",
            ),
        ];
        for (spec, want) in table {
            let mut errs = Errors::new(false);
            validate(&value!({"spec": (spec)}), &mut errs);
            let got: Vec<String> =
                errs.into_causes().into_iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
            assert_eq!(got, [want]);
        }
        let mut errs = Errors::new(false);
        let of = |c: &str| value!({"spec": {"controller": (c)}});
        validate_update(&of("a.b/d"), &of("a.b/c"), &mut errs);
        let got: Vec<String> = errs.into_causes().into_iter().map(|c| c.message).collect();
        assert_eq!(got, ["Invalid value: \"a.b/d\": field is immutable"]);
    }
}
