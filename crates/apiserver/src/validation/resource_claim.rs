//! ResourceClaims, their templates, DeviceClasses and ResourceSlices.
//!
//! Models `pkg/apis/resource/validation`. Not modelled: the content of selectors' expressions and of opaque parameters,
//! attributes, capacities and counters of devices, the status of a claim.

use cel::Program;
use objects::{Value, names};

use super::Errors;

const MODES: [&str; 2] = ["All", "ExactCount"];
/// Requests, constraints, configurations and selectors of one claim.
const MOST: usize = 32;
const MOST_ALTERNATIVES: usize = 8;

pub(super) fn claim(object: &Value, errs: &mut Errors) {
    errs.at("spec.devices", |e| devices(&object["spec"]["devices"], e));
}

pub(super) fn claim_update(new: &Value, old: &Value, errs: &mut Errors) {
    errs.immutable(new, old, "spec");
}

pub(super) fn template(object: &Value, errs: &mut Errors) {
    errs.at("spec.spec.devices", |e| devices(&object["spec"]["spec"]["devices"], e));
}

pub(super) fn class(object: &Value, errs: &mut Errors) {
    errs.at("spec", |e| {
        let s = &object["spec"];
        selectors(s, e);
        at_most(s, "config", MOST, e);
        e.each(s, "config", |e, _, c| opaque(c, e));
    });
}

pub(super) fn slice(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        let ways = [
            !s["nodeName"].text().is_empty(),
            !s["nodeSelector"].is_null(),
            s["allNodes"].is_true(),
            s["perDeviceNodeSelection"].is_true(),
        ];
        match ways.iter().filter(|w| **w).count() {
            1 => {}
            0 => e.required("exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"),
            _ => e.invalid(
                &Value::Null,
                "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set",
            ),
        }
        e.at("driver", |e| driver(&s["driver"], e));
        e.at("pool", |e| {
            let pool = &s["pool"];
            e.at("name", |e| match pool["name"].text() {
                "" => e.required(""),
                name => {
                    for part in name.split('/') {
                        e.complaints(&part.into(), names::dns1123_subdomain(part));
                    }
                }
            });
            if pool["resourceSliceCount"].int() <= 0 {
                let count = pool["resourceSliceCount"].int();
                e.at("resourceSliceCount", |e| e.invalid(&count.into(), "must be greater than zero"));
            }
            if pool["generation"].int() < 0 {
                e.at("generation", |e| {
                    e.invalid(&pool["generation"], "must be greater than or equal to zero");
                });
            }
        });
        unique(s, "devices", e);
        e.each(s, "devices", |e, _, d| name(d, "name", e));
    });
}

fn driver(v: &Value, e: &mut Errors) {
    match v.text() {
        "" => e.required(""),
        text => {
            if text.len() > 63 {
                e.too_long(63);
            }
            e.complaints(v, names::dns1123_subdomain(&text.to_lowercase()));
        }
    }
}

fn name(of: &Value, key: &str, e: &mut Errors) {
    e.at(key, |e| match of[key].text() {
        "" => e.required(""),
        text => e.complaints(&of[key], names::dns1123_label(text)),
    });
}

fn at_most(of: &Value, list: &str, most: usize, e: &mut Errors) {
    let n = of[list].items().len();
    if n > most {
        e.at(list, |e| e.too_many(n, most as i64));
    }
}

/// Each name once.
fn unique(of: &Value, list: &str, e: &mut Errors) {
    let all = of[list].items();
    e.each(of, list, |e, i, item| {
        let named = &item["name"];
        if !named.text().is_empty() && all[..i].iter().any(|o| o["name"] == *named) {
            e.duplicate(named);
        }
    });
}

fn devices(d: &Value, e: &mut Errors) {
    at_most(d, "requests", MOST, e);
    unique(d, "requests", e);
    e.each(d, "requests", |e, _, r| {
        name(r, "name", e);
        let alternatives = !r["firstAvailable"].items().is_empty();
        match (alternatives, r["exactly"].is_null()) {
            (false, true) => e.required("exactly one of `exactly` or `firstAvailable` is required"),
            (true, false) => e.invalid(
                &Value::Null,
                "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set",
            ),
            (true, true) => {
                at_most(r, "firstAvailable", MOST_ALTERNATIVES, e);
                unique(r, "firstAvailable", e);
                e.each(r, "firstAvailable", |e, _, sub| {
                    name(sub, "name", e);
                    request(sub, e);
                });
            }
            (false, false) => e.at("exactly", |e| request(&r["exactly"], e)),
        }
    });
    let known = |wanted: &str| {
        let (main, sub) = wanted.split_once('/').map_or((wanted, None), |(m, s)| (m, Some(s)));
        d["requests"].items().iter().any(|r| {
            r["name"] == *main
                && sub.is_none_or(|s| r["firstAvailable"].items().iter().any(|a| a["name"] == *s))
        })
    };
    let references = |of: &Value, e: &mut Errors| {
        e.each(of, "requests", |e, i, r| {
            if of["requests"].items()[..i].contains(r) {
                e.duplicate(r);
            }
            if !known(r.text()) {
                e.invalid(r, "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'");
            }
        });
    };
    at_most(d, "constraints", MOST, e);
    e.each(d, "constraints", |e, _, c| {
        references(c, e);
        if c["matchAttribute"].is_null() && c["distinctAttribute"].is_null() {
            e.required("exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set");
        }
    });
    at_most(d, "config", MOST, e);
    e.each(d, "config", |e, _, c| {
        references(c, e);
        opaque(c, e);
    });
}

fn opaque(config: &Value, e: &mut Errors) {
    let of = &config["opaque"];
    e.at("opaque", |e| {
        if of.is_null() {
            e.required("");
            return;
        }
        e.at("driver", |e| driver(&of["driver"], e));
        if of["parameters"].is_null() {
            e.at("parameters", |e| e.required(""));
        } else if of["parameters"].as_map().is_none() {
            e.at("parameters", |e| e.invalid_text("<value omitted>", "must be a valid JSON object"));
        }
    });
}

fn request(r: &Value, e: &mut Errors) {
    e.at("deviceClassName", |e| match r["deviceClassName"].text() {
        "" => e.required(""),
        text => e.complaints(&r["deviceClassName"], names::dns1123_subdomain(text)),
    });
    selectors(r, e);
    let count = r["count"].int();
    match r["allocationMode"].text() {
        "All" if count != 0 => e.at("count", |e| {
            e.invalid(&r["count"], "must not be specified when allocationMode is 'All'");
        }),
        "ExactCount" if count <= 0 => {
            e.at("count", |e| e.invalid(&count.into(), "must be greater than zero"));
        }
        mode if !MODES.contains(&mode) => {
            e.at("allocationMode", |e| e.not_supported(&r["allocationMode"], &MODES));
        }
        _ => {}
    }
}

fn selectors(of: &Value, e: &mut Errors) {
    at_most(of, "selectors", MOST, e);
    e.each(of, "selectors", |e, _, s| {
        if s["cel"].is_null() {
            e.at("cel", |e| e.required(""));
            return;
        }
        let text = &s["cel"]["expression"];
        if let Err(why) = Program::parse(text.text()) {
            e.at("cel.expression", |e| e.invalid(text, &format!("compilation failed: {why}")));
        }
    });
}
