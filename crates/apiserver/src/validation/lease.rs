//! Leases.
//!
//! Models ValidateLeaseSpec in `pkg/apis/coordination/validation`. Not modelled: strategies of coordinated election.

use objects::Value;

use super::Errors;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        if s["leaseDurationSeconds"].as_int().is_some_and(|n| n <= 0) {
            e.at("leaseDurationSeconds", |e| e.invalid(&s["leaseDurationSeconds"], "must be greater than 0"));
        }
        e.nonnegative(s, "leaseTransitions");
        if !s["preferredHolder"].text().is_empty() && s["strategy"].text().is_empty() {
            e.at("preferredHolder", |e| e.forbidden("may only be specified if `strategy` is defined"));
        }
    });
}

pub(super) fn validate_update(new: &Value, _: &Value, errs: &mut Errors) {
    validate(new, errs);
}
