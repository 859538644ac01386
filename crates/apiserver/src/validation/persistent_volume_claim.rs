//! PersistentVolumeClaims.
//!
//! Models ValidatePersistentVolumeClaimSpec and ValidatePersistentVolumeClaimUpdate in `pkg/apis/core/validation`.

use objects::quantity::Quantity;
use objects::{Value, names};

use super::unified_diff::{Field, Shape, difference};
use super::{Errors, labels, persistent_volume};

const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    errs.at("spec", |e| spec(&object["spec"], e));
}

/// The spec of a claim, or of a template for claims.
pub(super) fn spec(s: &Value, e: &mut Errors) {
    if s["accessModes"].items().is_empty() {
        e.at("accessModes", |e| e.required("at least 1 access mode is required"));
    }
    e.at("selector", |e| labels::selector(&s["selector"], e));
    if !s["accessModes"].items().is_empty() {
        persistent_volume::access_modes(s, "", e);
    }
    let storage = &s["resources"]["requests"]["storage"];
    e.at("resources", |e| {
        e.key("storage", |e| {
            if storage.is_null() {
                e.required("");
            } else if Quantity::of(storage) <= Quantity::zero() {
                e.invalid_text(&Quantity::of(storage).canonical(), "must be greater than zero");
            }
        });
    });
    e.rule(s, "storageClassName", names::dns1123_subdomain);
    e.one_of_if_set(s, "volumeMode", &["Block", "Filesystem"]);
    data_source(s, "dataSource", e);
    data_source(s, "dataSourceRef", e);
    let (source, reference) = (&s["dataSource"], &s["dataSourceRef"]);
    if !source.is_null() && !reference.is_null() {
        // What is printed as the bad value is a path, which has nothing to print.
        if !reference["namespace"].text().is_empty() {
            e.invalid(&Value::map(), "may not be specified when dataSourceRef.namespace is specified");
        } else if ["apiGroup", "kind", "name"].iter().any(|k| source[*k] != reference[*k]) {
            e.invalid(&Value::map(), "must match dataSourceRef");
        }
    }
    e.rule(s, "volumeAttributesClassName", names::dns1123_subdomain);
}

fn data_source(s: &Value, key: &str, e: &mut Errors) {
    let source = &s[key];
    if source.is_null() {
        return;
    }
    e.at(key, |e| {
        for part in ["name", "kind"] {
            if source[part].text().is_empty() {
                e.at(part, |e| e.required(""));
            }
        }
        if source["apiGroup"].text().is_empty() && source["kind"] != "PersistentVolumeClaim" {
            e.invalid(
                &source["kind"].text().into(),
                "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
            );
        }
        e.rule(source, "apiGroup", names::dns1123_subdomain);
        e.rule(source, "namespace", names::dns1123_label);
    });
}

const RESOURCES: [Field; 2] = [Field::plain("Limits", "limits"), Field::plain("Requests", "requests")];
/// What a claim's volume begins with; only a `dataSourceRef` may name a namespace.
const REFERENCE: [Field; 4] = [
    Field::plain("APIGroup", "apiGroup"),
    Field::text("Kind", "kind"),
    Field::text("Name", "name"),
    Field::plain("Namespace", "namespace"),
];
const SPEC: [Field; 9] = [
    Field::plain("AccessModes", "accessModes"),
    Field::plain("Selector", "selector"),
    Field("Resources", "resources", Shape::Embedded(&RESOURCES)),
    Field::text("VolumeName", "volumeName"),
    Field::plain("StorageClassName", "storageClassName"),
    Field::plain("VolumeMode", "volumeMode"),
    Field("DataSource", "dataSource", Shape::Struct(REFERENCE.split_at(3).0)),
    Field("DataSourceRef", "dataSourceRef", Shape::Struct(&REFERENCE)),
    Field::plain("VolumeAttributesClassName", "volumeAttributesClassName"),
];

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
    // What may change is made equal; the rest must be.
    let (mut s, mut was) = (new["spec"].clone(), old["spec"].clone());
    if was["volumeName"].text().is_empty() && !s["volumeName"].is_null() {
        was.set("volumeName", &s["volumeName"]);
    }
    let beta = old.annotations()[BETA_CLASS].clone();
    let moved = !beta.is_null() && new.annotations()[BETA_CLASS].is_null() && s["storageClassName"] == beta;
    let filled_in = beta.is_null() && was["storageClassName"].is_null();
    if (moved || filled_in) && !s["storageClassName"].is_null() {
        was.set("storageClassName", &s["storageClassName"]);
    } else if new.annotations()[BETA_CLASS] != beta {
        errs.at("metadata.annotations", |e| {
            e.key(BETA_CLASS, |e| e.invalid(&new.annotations()[BETA_CLASS], "field is immutable"));
        });
    }
    let path = ["resources", "requests", "storage"];
    let size = |spec: &Value| Quantity::of(spec.at(&path));
    if new["status"]["phase"] == "Bound" {
        if !s["resources"]["requests"].is_null() {
            s.set_at(&path, was.at(&path));
        }
        match was.find("volumeAttributesClassName") {
            Some(name) => s.set("volumeAttributesClassName", name),
            None => drop(s.remove("volumeAttributesClassName")),
        }
    }
    let sized = |spec: &Value| {
        let mut plain = spec.clone();
        if !plain.at(&path).is_null() {
            plain.set_at(&path, Quantity::of(spec.at(&path)).canonical());
        }
        plain
    };
    let (s, was) = (sized(&s), sized(&was));
    if s != was {
        let difference = difference(&was, &s, &SPEC);
        errs.at("spec", |e| {
            e.forbidden(&format!(
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n{difference}"
            ));
        });
    }
    let (asked, before) = (size(&new["spec"]), size(&old["spec"]));
    if asked < before && asked <= Quantity::of(&old["status"]["capacity"]["storage"]) {
        errs.at("spec.resources.requests.storage", |e| {
            e.forbidden("field can not be less than status.capacity");
        });
    }
    errs.immutable(&new["spec"], &old["spec"], "volumeMode");
    if !old["status"]["currentVolumeAttributesClassName"].is_null() {
        let name = &new["spec"]["volumeAttributesClassName"];
        let what = if name.is_null() { "nil" } else { "empty string" };
        if name.text().is_empty() {
            errs.at("spec.volumeAttributesClassName", |e| {
                e.forbidden(&format!(
                    "update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil"
                ));
            });
        }
    }
}
