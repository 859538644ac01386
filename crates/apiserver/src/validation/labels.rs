//! Labels and label selectors.
//!
//! Models `k8s.io/apimachinery/pkg/apis/meta/v1/validation`.

use objects::{Value, names};

use super::Errors;

pub(super) fn labels(labels: &Value, errs: &mut Errors) {
    for (key, value) in labels.entries() {
        errs.complaints(&key.into(), names::qualified_name(key));
        errs.complaints(value, names::label_value(value.text()));
    }
}

pub(super) fn selector(selector: &Value, errs: &mut Errors) {
    errs.at("matchLabels", |e| labels(&selector["matchLabels"], e));
    errs.each(selector, "matchExpressions", |e, _, r| {
        if !values_fit(r, e) {
            e.at("operator", |e| e.invalid_text(r["operator"].text(), "not a valid selector operator"));
        }
        key_and_values(r, e);
    });
}

/// What an operator says of its values; false: it is none of the four.
pub(super) fn values_fit(r: &Value, errs: &mut Errors) -> bool {
    let values = r["values"].items();
    match r["operator"].text() {
        "In" | "NotIn" => {
            if values.is_empty() {
                errs.at("values", |e| e.required("must be specified when `operator` is 'In' or 'NotIn'"));
            }
        }
        "Exists" | "DoesNotExist" => {
            if !values.is_empty() {
                errs.at("values", |e| {
                    e.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                });
            }
        }
        _ => return false,
    }
    true
}

pub(super) fn key_and_values(r: &Value, errs: &mut Errors) {
    errs.at("key", |e| e.complaints(&r["key"].text().into(), names::qualified_name(r["key"].text())));
    errs.each(r, "values", |e, _, v| e.complaints(v, names::label_value(v.text())));
}
