//! Events: lenient in v1, as clients of old write them, strict in events.k8s.io/v1.
//!
//! Models `pkg/apis/core/validation/events.go`. The object is in its stored form, v1's.

use objects::{Value, names};

use super::Errors;

/// Of an instance, an action or a reason, in bytes.
const SHORT_MAX: usize = 128;
const NOTE_MAX: usize = 1024;

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    legacy(object, "reportingComponent", errs);
}

pub(super) fn validate_update(new: &Value, _: &Value, errs: &mut Errors) {
    validate(new, errs);
}

/// What events.k8s.io/v1 asks for.
pub(super) fn validate_strictly(object: &Value, errs: &mut Errors) {
    legacy(object, "reportingController", errs);
    errs.at("metadata.name", |e| {
        e.complaints(&Value::from(object.name()), names::dns1123_subdomain(object.name()));
    });
    series(object, errs);
    if object["eventTime"].is_null() {
        errs.at("eventTime", |e| e.required(""));
    }
    let kind = object["type"].text();
    if !matches!(kind, "Normal" | "Warning") {
        errs.at("type", |e| e.invalid_text("", &format!("has invalid value: {kind}")));
    }
    for field in ["firstTimestamp", "lastTimestamp", "count", "source"] {
        if !object[field].is_zero() {
            errs.at(field, |e| e.invalid_text("", "needs to be unset"));
        }
    }
}

pub(super) fn validate_update_strictly(new: &Value, old: &Value, errs: &mut Errors) {
    legacy(new, "reportingController", errs);
    if new["series"] != old["series"] {
        series(new, errs);
    }
    for field in [
        "involvedObject",
        "reason",
        "message",
        "source",
        "firstTimestamp",
        "lastTimestamp",
        "count",
        "type",
        "eventTime",
        "action",
        "related",
    ] {
        unchanged(new, old, field, field, errs);
    }
    unchanged(new, old, "reportingComponent", "reportingController", errs);
    unchanged(new, old, "reportingInstance", "reportingInstance", errs);
}

/// Empty and absent are the same.
fn unchanged(new: &Value, old: &Value, field: &str, called: &str, errs: &mut Errors) {
    let (new, old) = (&new[field], &old[field]);
    if new != old && !(new.is_zero() && old.is_zero()) {
        errs.at(called, |e| e.invalid(new, "field is immutable"));
    }
}

fn series(object: &Value, errs: &mut Errors) {
    let series = &object["series"];
    if series.is_null() {
        return;
    }
    if series["count"].int() < 2 {
        errs.at("series.count", |e| e.invalid_text("", "should be at least 2"));
    }
    if series["lastObservedTime"].is_null() {
        errs.at("series.lastObservedTime", |e| e.required(""));
    }
}

/// What both ask for; `controller` is what the reporting controller is called.
fn legacy(object: &Value, controller: &str, errs: &mut Errors) {
    let namespace = object.namespace();
    let involved = object["involvedObject"]["namespace"].text();
    let mismatch = |errs: &mut Errors| {
        errs.at("involvedObject.namespace", |e| e.invalid_text(involved, "does not match event.namespace"));
    };
    if object["eventTime"].is_null() {
        let of_old_clients = involved.is_empty() && matches!(namespace, "" | "default");
        if involved != namespace && !of_old_clients {
            mismatch(errs);
        }
    } else {
        if involved.is_empty() && !matches!(namespace, "default" | "kube-system") {
            mismatch(errs);
        }
        let reporter = &object["reportingComponent"];
        errs.at(controller, |e| {
            if reporter.text().is_empty() {
                e.required("");
            }
            e.complaints(&Value::from(reporter.text()), names::qualified_name(reporter.text()));
        });
        for field in ["reportingInstance", "action", "reason"] {
            limited(object, field, SHORT_MAX, true, errs);
        }
        limited(object, "message", NOTE_MAX, false, errs);
    }
    errs.at("namespace", |e| e.complaints(&Value::from(namespace), names::dns1123_subdomain(namespace)));
}

fn limited(object: &Value, field: &str, most: usize, required: bool, errs: &mut Errors) {
    let length = object[field].text().len();
    if required && length == 0 {
        errs.at(field, |e| e.required(""));
    }
    if length > most {
        errs.at(field, |e| e.invalid_text("", &format!("can have at most {most} characters")));
    }
}
