//! Nodes.
//!
//! Models ValidateNode, ValidateNodeUpdate and validateNodeTaints in `pkg/apis/core/validation`.

use ordered::BTreeSet;

use objects::{Value, names};

use super::unified_diff::{Field, compact};
use super::{Errors, ip, resources, scheduling};

const TAINT: [Field; 4] = [
    Field::text("Key", "key"),
    Field::text("Value", "value"),
    Field::text("Effect", "effect"),
    Field::plain("TimeAdded", "timeAdded"),
];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    errs.at("metadata", |e| taints(&object["spec"], e));
    errs.at("status", |e| {
        for list in ["capacity", "allocatable"] {
            for (name, quantity) in object["status"][list].entries() {
                e.at(list, |e| e.at(name, |e| resources::amount(name, quantity, e)));
            }
        }
    });
    errs.at("spec", |e| e.each(&object["spec"], "podCIDRs", |e, _, range| ip::legacy_range(range, e)));
}

/// Upstream reports taints below `metadata`.
fn taints(spec: &Value, e: &mut Errors) {
    let mut seen = BTreeSet::new();
    e.each(spec, "taints", |e, _, t| {
        e.at("key", |e| e.complaints(&t["key"].text().into(), names::qualified_name(t["key"].text())));
        let complaints = names::label_value(t["value"].text());
        if !complaints.is_empty() {
            e.at("value", |e| e.invalid(&t["value"], &complaints.join(";")));
        }
        e.at("effect", |e| {
            if t["effect"].text().is_empty() {
                e.required("");
            } else {
                scheduling::effect(&t["effect"], e);
            }
        });
        if !seen.insert((t["key"].text().to_owned(), t["effect"].text().to_owned())) {
            let shown = compact(t, &TAINT);
            e.duplicate_shown(&format!("{shown}: taints must be unique by key and effect pair"));
        }
    });
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    errs.at("metadata", |e| taints(&new["spec"], e));
    errs.at("spec", |e| {
        for key in ["podCIDR", "providerID"] {
            let (is, was) = (&new["spec"][key], &old["spec"][key]);
            if !was.text().is_empty() && is != was {
                let shown = if key == "podCIDR" { "podCIDRs" } else { key };
                let why = "node updates may not change ".to_owned() + shown + " except from \"\" to valid";
                e.at(shown, |e| e.forbidden(&why));
            }
        }
    });
}
