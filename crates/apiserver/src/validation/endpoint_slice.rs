//! EndpointSlices.
//!
//! Models ValidateEndpointSlice in `pkg/apis/discovery/validation`.

use ordered::BTreeSet;
use std::net::IpAddr;

use objects::{Value, names};

use super::Errors;

const MAX_ENDPOINTS: usize = 1000;
const MAX_ADDRESSES: usize = 100;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    errs.one_of(object, "addressType", &["FQDN", "IPv4", "IPv6"]);
    let endpoints = object["endpoints"].items();
    if endpoints.len() > MAX_ENDPOINTS {
        errs.at("endpoints", |e| {
            e.invalid(&endpoints.len().into(), &format!("must have at most {MAX_ENDPOINTS} items"));
        });
        return;
    }
    let kind = object["addressType"].text();
    errs.each(object, "endpoints", |e, _, endpoint| {
        match endpoint["addresses"].items().len() {
            0 => e.at("addresses", |e| e.required("must contain at least 1 address")),
            n if n > MAX_ADDRESSES => {
                e.at("addresses", |e| {
                    e.invalid(&n.into(), &format!("must have at most {MAX_ADDRESSES} items"))
                });
            }
            _ => {}
        }
        e.each(endpoint, "addresses", |e, _, a| {
            let ip = a.text().parse::<IpAddr>();
            match (kind, ip) {
                ("IPv4", Ok(IpAddr::V4(_))) | ("IPv6", Ok(IpAddr::V6(_))) => {}
                ("IPv4", Ok(_)) => e.invalid(a, "must be a valid IPv4 address"),
                ("IPv6", Ok(_)) => e.invalid(a, "must be a valid IPv6 address"),
                ("IPv4" | "IPv6", Err(_)) => {
                    e.invalid(a, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
                }
                _ => e.complaints(a, names::dns1123_subdomain(a.text())),
            }
        });
        e.rule(endpoint, "nodeName", names::dns1123_subdomain);
        e.rule(endpoint, "hostname", names::dns1123_label);
    });
    let mut seen = BTreeSet::new();
    errs.each(object, "ports", |e, _, p| {
        if !p["name"].text().is_empty() {
            e.rule(p, "name", names::dns1123_label);
        }
        if !seen.insert(p["name"].text().to_owned()) {
            e.at("name", |e| e.duplicate(&p["name"]));
        }
        e.one_of(p, "protocol", &["SCTP", "TCP", "UDP"]);
    });
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
    errs.immutable(new, old, "addressType");
}
