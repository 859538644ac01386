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
        match r["operator"].text() {
            "In" | "NotIn" if r["values"].items().is_empty() => {
                e.at("values", |e| e.required("must be specified when `operator` is 'In' or 'NotIn'"));
            }
            "Exists" | "DoesNotExist" if !r["values"].items().is_empty() => {
                e.at("values", |e| {
                    e.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
                });
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => e.at("operator", |e| e.invalid_text(other, "not a valid selector operator")),
        }
        e.at("key", |e| e.complaints(&r["key"].text().into(), names::qualified_name(r["key"].text())));
        e.each(r, "values", |e, _, v| e.complaints(v, names::label_value(v.text())));
    });
}
