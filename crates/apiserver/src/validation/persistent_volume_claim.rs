//! PersistentVolumeClaims.
//!
//! Models ValidatePersistentVolumeClaimSpec and ValidatePersistentVolumeClaimUpdate in `pkg/apis/core/validation`.
//! Not modelled: data sources, volume attributes classes.

use objects::quantity::Quantity;
use objects::{Value, names};

use super::{Errors, labels};

const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    errs.at("spec", |e| spec(&object["spec"], e));
}

fn spec(s: &Value, e: &mut Errors) {
    let modes = s["accessModes"].items();
    if modes.is_empty() {
        e.at("accessModes", |e| e.required("at least 1 access mode is required"));
    }
    e.at("selector", |e| labels::selector(&s["selector"], e));
    for mode in modes.iter().filter(|m| !MODES.contains(&m.text())) {
        e.at("accessModes", |e| e.not_supported(mode, &MODES));
    }
    if modes.len() > 1 && modes.iter().any(|m| *m == "ReadWriteOncePod") {
        e.at("accessModes", |e| e.forbidden("may not use ReadWriteOncePod with other access modes"));
    }
    let storage = &s["resources"]["requests"]["storage"];
    e.at("resources", |e| {
        if storage.is_null() {
            e.key("storage", |e| e.required(""));
        } else if Quantity::of(storage) <= Quantity::zero() {
            e.at("requests", |e| {
                e.key("storage", |e| {
                    e.invalid_text(&Quantity::of(storage).canonical(), "must be greater than zero");
                });
            });
        }
    });
    e.rule(s, "storageClassName", names::dns1123_subdomain);
    e.one_of_if_set(s, "volumeMode", &["Block", "Filesystem"]);
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
    let (s, was) = (&new["spec"], &old["spec"]);
    errs.at("spec", |e| {
        let storage = |v: &Value| Quantity::of(&v["resources"]["requests"]["storage"]);
        let bound = old["status"]["phase"] == "Bound";
        let keys = s.entries().iter().chain(was.entries()).map(|(k, _)| k.as_str());
        let changed = keys.clone().any(|k| {
            let filled_in = was[k].is_null() && matches!(k, "volumeName" | "storageClassName");
            !matches!(k, "resources" | "volumeAttributesClassName") && s[k] != was[k] && !filled_in
        });
        if changed || (storage(s) != storage(was) && !bound) {
            e.forbidden(
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound \
                 claims",
            );
        } else if storage(s) < storage(was) {
            e.at("resources.requests.storage", |e| {
                e.forbidden("field can not be less than status.capacity");
            });
        }
    });
}
