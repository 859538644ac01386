//! Leases.
//!
//! Models ValidateLeaseSpec in `pkg/apis/coordination/validation`. Not modelled: strategies of coordinated election.

use objects::{Value, names};

use super::Errors;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        if s["leaseDurationSeconds"].as_int().is_some_and(|n| n <= 0) {
            e.at("leaseDurationSeconds", |e| e.invalid(&s["leaseDurationSeconds"], "must be greater than 0"));
        }
        e.nonnegative(s, "leaseTransitions");
        if let Some(strategy) = s["strategy"].as_str() {
            // Upstream names the field twice.
            e.at("strategy.strategy", |e| match strategy.contains('/') {
                true => e.complaints(&s["strategy"], names::qualified_name(strategy)),
                false if strategy == "OldestEmulationVersion" => {}
                false => e.not_supported(&s["strategy"], &["OldestEmulationVersion"]),
            });
        }
        if !s["preferredHolder"].text().is_empty() && s["strategy"].text().is_empty() {
            e.at("preferredHolder", |e| e.forbidden("may only be specified if `strategy` is defined"));
        }
    });
}

pub(super) fn validate_update(new: &Value, _: &Value, errs: &mut Errors) {
    validate(new, errs);
}
