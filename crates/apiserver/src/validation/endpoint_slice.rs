//! EndpointSlices.
//!
//! Models ValidateEndpointSlice in `pkg/apis/discovery/validation`.

use ordered::BTreeSet;

use objects::{Value, names};

use super::{Errors, ip};

const MAX_ENDPOINTS: usize = 1000;
const MAX_ADDRESSES: usize = 100;
const MAX_HINTS: usize = 8;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    errs.one_of(object, "addressType", &["FQDN", "IPv4", "IPv6"]);
    let endpoints = object["endpoints"].items();
    if endpoints.len() > MAX_ENDPOINTS {
        errs.at("endpoints", |e| {
            e.too_many(endpoints.len(), MAX_ENDPOINTS as i64);
        });
        return;
    }
    let kind = object["addressType"].text();
    errs.each(object, "endpoints", |e, _, endpoint| {
        match endpoint["addresses"].items().len() {
            0 => e.at("addresses", |e| e.required("must contain at least 1 address")),
            n if n > MAX_ADDRESSES => {
                e.at("addresses", |e| e.too_many(n, MAX_ADDRESSES as i64));
            }
            _ => {}
        }
        e.each(endpoint, "addresses", |e, _, a| match kind {
            "IPv4" => {
                if let Some(ip) = ip::legacy_address(a, e) {
                    if !ip.is_ipv4() {
                        e.beside(|e| e.invalid(a, "must be an IPv4 address"));
                    }
                    ip::reachable(a, ip, e);
                }
            }
            "IPv6" => {
                if let Some(ip) = ip::canonical(a, e) {
                    if !ip.is_ipv6() {
                        e.beside(|e| e.invalid(a, "must be an IPv6 address"));
                    }
                    ip::reachable(a, ip, e);
                }
            }
            "FQDN" => full_name(a, e),
            _ => {}
        });
        e.rule(endpoint, "nodeName", names::dns1123_subdomain);
        if let Some(host) = endpoint["hostname"].as_str() {
            e.at("hostname", |e| e.complaints(&endpoint["hostname"], names::dns1123_label(host)));
        }
        e.at("hints", |e| {
            hints(&endpoint["hints"], "forZones", names::label_value, e);
            hints(&endpoint["hints"], "forNodes", names::dns1123_subdomain, e);
        });
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
        if let Some(protocol) = p["appProtocol"].as_str() {
            e.at("appProtocol", |e| e.complaints(&p["appProtocol"], names::qualified_name(protocol)));
        }
    });
}

/// Whom an endpoint is meant for: each once, and not too many.
fn hints(h: &Value, list: &str, rule: fn(&str) -> Vec<String>, e: &mut Errors) {
    let count = h[list].items().len();
    if count > MAX_HINTS {
        e.at(list, |e| e.too_many(count, MAX_HINTS as i64));
        return;
    }
    let mut seen = BTreeSet::new();
    e.each(h, list, |e, _, hint| {
        let name = hint["name"].text();
        e.at("name", |e| {
            if !seen.insert(name.to_owned()) {
                e.duplicate(&name.into());
            }
            e.complaints(&name.into(), rule(name));
        });
    });
}

/// A name with a domain: `IsFullyQualifiedDomainName`.
fn full_name(v: &Value, e: &mut Errors) {
    let name = v.text().strip_suffix('.').unwrap_or(v.text());
    if name.is_empty() {
        e.required("");
        return;
    }
    let complaints = names::dns1123_subdomain(name);
    if !complaints.is_empty() {
        e.invalid_text(name, &complaints.join(","));
    } else if !name.contains('.') {
        e.invalid_text(name, "should be a domain with at least two segments separated by dots");
    } else {
        for part in name.split('.').filter(|p| p.len() > 63) {
            e.invalid_text(part, "must be no more than 63 characters");
        }
    }
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
    errs.immutable(new, old, "addressType");
}
