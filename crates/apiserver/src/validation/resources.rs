//! Requests and limits.
//!
//! Models ValidateContainerResourceRequirements and ValidateResourceQuantityValue.

use objects::quantity::Quantity;
use objects::{Value, names};

use super::Errors;

const STANDARD: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

pub(super) fn requirements(r: &Value, e: &mut Errors) {
    for list in ["limits", "requests"] {
        for (name, quantity) in r[list].entries() {
            e.at(list, |e| {
                e.key(name, |e| {
                    resource_name(name, e);
                    amount(name, quantity, e);
                });
            });
            let limit = &r["limits"][name.as_str()];
            if list == "limits" || limit.is_null() {
                if list == "requests" && !overcommits(name) {
                    e.at("limits", |e| e.required("Limit must be set for non overcommitable resources"));
                }
                continue;
            }
            let (asked, most) = (Quantity::of(quantity), Quantity::of(limit));
            let why = if asked != most && !overcommits(name) {
                "must be equal to"
            } else if asked > most {
                "must be less than or equal to"
            } else {
                continue;
            };
            let why = format!("{why} {name} limit of {}", most.canonical());
            e.at("requests", |e| e.invalid_text(&asked.canonical(), &why));
        }
    }
}

/// cpu, memory and their like may be promised more than once; extended resources and huge pages may not.
pub(super) fn overcommits(name: &str) -> bool {
    let native = !name.contains('/') || name.contains("kubernetes.io/");
    native && !name.starts_with("hugepages-")
}

pub(super) fn resource_name(name: &str, e: &mut Errors) {
    let complaints = names::qualified_name(name);
    if !complaints.is_empty() {
        e.complaints(&name.into(), complaints);
    } else if !name.contains('/') && !STANDARD.contains(&name) && !name.starts_with("hugepages-") {
        if !matches!(name, "storage" | "pods" | "services") {
            e.invalid_text(name, "must be a standard resource type or fully qualified");
        }
        e.invalid_text(name, "must be a standard resource for containers");
    }
}

/// A quantity that may be given for this resource.
pub(super) fn amount(name: &str, quantity: &Value, e: &mut Errors) {
    let q = Quantity::of(quantity);
    if q.is_negative() {
        e.invalid_text(&q.canonical(), "must be greater than or equal to 0");
    }
    if (!overcommits(name) || name == "pods") && q.milli_value() % 1000 != 0 {
        e.invalid(quantity, "must be an integer");
    }
}
