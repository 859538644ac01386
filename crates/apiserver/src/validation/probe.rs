//! Probes and lifecycle hooks.
//!
//! Models validateLivenessProbe, validateReadinessProbe, validateStartupProbe, validateLifecycle and validateHandler.

use objects::{Value, names};

use super::Errors;

/// The probes and hooks of one container; `grace` is its pod's termination grace period.
pub(super) fn of_container(c: &Value, grace: i64, e: &mut Errors) {
    for hook in ["postStart", "preStop"] {
        let h = &c["lifecycle"][hook];
        if !h.is_null() {
            e.at("lifecycle", |e| e.at(hook, |e| handler(h, grace, e)));
        }
    }
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let p = &c[key];
        if p.is_null() {
            continue;
        }
        e.at(key, |e| {
            handler(p, grace, e);
            for field in [
                "initialDelaySeconds",
                "timeoutSeconds",
                "periodSeconds",
                "successThreshold",
                "failureThreshold",
            ] {
                e.nonnegative(p, field);
            }
            let own_grace = &p["terminationGracePeriodSeconds"];
            if !own_grace.is_null() && own_grace.int() <= 0 {
                e.at("terminationGracePeriodSeconds", |e| e.invalid(own_grace, "must be greater than 0"));
            }
            if key == "readinessProbe" {
                if !own_grace.is_null() {
                    e.at("terminationGracePeriodSeconds", |e| {
                        e.invalid(own_grace, "must not be set for readinessProbes");
                    });
                }
            } else if p["successThreshold"].int() != 1 {
                e.at("successThreshold", |e| e.invalid(&p["successThreshold"], "must be 1"));
            }
        });
    }
}

fn handler(h: &Value, grace: i64, e: &mut Errors) {
    let mut handlers = 0;
    for key in ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] {
        let v = &h[key];
        if v.is_null() {
            continue;
        }
        handlers += 1;
        if handlers > 1 {
            e.at(key, |e| e.forbidden("may not specify more than 1 handler type"));
            continue;
        }
        e.at(key, |e| match key {
            "exec" if v["command"].items().is_empty() => e.at("command", |e| e.required("")),
            "httpGet" => {
                if v["path"].text().is_empty() {
                    e.at("path", |e| e.required(""));
                }
                e.at("port", |e| port(&v["port"], e));
                e.one_of(v, "scheme", &["HTTP", "HTTPS"]);
                for header in v["httpHeaders"].items() {
                    let name = &header["name"];
                    e.at("httpHeaders", |e| e.complaints(name, names::http_header_name(name.text())));
                }
            }
            "tcpSocket" | "grpc" => e.at("port", |e| port(&v["port"], e)),
            "sleep" if !(0..=grace).contains(&v["seconds"].int()) => {
                let why =
                    format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
                e.invalid(&v["seconds"].int().into(), &why);
            }
            _ => {}
        });
    }
    if handlers == 0 {
        e.required("must specify a handler type");
    }
}

/// A port by number or name.
pub(super) fn port(port: &Value, e: &mut Errors) {
    match port {
        Value::Str(name) => e.complaints(port, names::port_name(name)),
        other => e.complaints(&other.int().into(), names::port_number(other.int())),
    }
}
