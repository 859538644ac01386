//! ServiceCIDRs and IPAddresses.
//!
//! Models ValidateServiceCIDR and ValidateIPAddress in `pkg/apis/networking/validation`.

use objects::{Value, names};

use super::{Errors, ip};

const IMMUTABLE: &str = "field is immutable";

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    let cidrs = s["cidrs"].items();
    errs.at("spec.cidrs", |e| match cidrs {
        [] => e.required("at least one CIDR required"),
        [_, _, _, ..] => e.invalid(s, "may only hold up to 2 values"),
        _ => {
            for (i, cidr) in cidrs.iter().enumerate() {
                e.index(i, |e| ip::legacy_range(cidr, e));
            }
            let family = |c: &Value| c.text().contains(':');
            if let [a, b] = cidrs
                && family(a) == family(b)
            {
                let why = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
                e.invalid(&s["cidrs"], why);
            }
        }
    });
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    let (is, was) = (new["spec"]["cidrs"].items(), old["spec"]["cidrs"].items());
    if was.len() == 1 && is.len() == 2 && is[0] == was[0] {
        validate(new, errs);
        return;
    }
    errs.at("spec.cidrs", |e| {
        if is.len() != was.len() {
            e.invalid(&new["spec"]["cidrs"], IMMUTABLE);
            return;
        }
        for (i, cidr) in is.iter().enumerate().filter(|(i, cidr)| was[*i] != **cidr) {
            e.index(i, |e| e.invalid(cidr, IMMUTABLE));
        }
    });
}

pub(super) fn address(object: &Value, errs: &mut Errors) {
    let parent = &object["spec"]["parentRef"];
    errs.at("metadata.name", |e| {
        ip::canonical(&object.meta()["name"], e);
    });
    errs.at("spec.parentRef", |e| {
        if parent.is_null() {
            e.required("");
            return;
        }
        e.rule(parent, "group", names::dns1123_subdomain);
        for key in ["resource", "name"] {
            if parent[key].text().is_empty() {
                e.at(key, |e| e.required(""));
            }
        }
        for key in ["resource", "name", "namespace"] {
            e.rule(parent, key, names::path_segment);
        }
    });
}

pub(super) fn address_update(new: &Value, old: &Value, errs: &mut Errors) {
    errs.at("spec", |e| e.immutable(&new["spec"], &old["spec"], "parentRef"));
}
