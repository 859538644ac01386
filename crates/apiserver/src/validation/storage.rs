//! The kinds of `storage.k8s.io`: StorageClass, CSIDriver, CSINode, VolumeAttachment, VolumeAttributesClass,
//! CSIStorageCapacity.
//!
//! Models `pkg/apis/storage/validation`.

use objects::quantity::Quantity;
use objects::{Value, names};
use ordered::BTreeSet;

use super::{Errors, labels, volume_source};

const PARAMETERS_MAX: usize = 512;
const PARAMETER_BYTES_MAX: usize = 256 << 10;

fn driver(object: &Value, key: &str, e: &mut Errors) {
    e.at(key, |e| match object[key].text() {
        "" => e.required(""),
        name => e.complaints(&object[key], names::qualified_name(&name.to_lowercase())),
    });
}

fn parameters(object: &Value, allow_empty: bool, e: &mut Errors) {
    let all = object["parameters"].entries();
    e.at("parameters", |e| {
        if all.len() > PARAMETERS_MAX {
            return e.too_long(PARAMETERS_MAX);
        }
        for (key, _) in all.iter().filter(|(k, _)| k.is_empty()) {
            e.invalid_text(key, "field can not be empty.");
        }
        if all.iter().map(|(k, v)| k.len() + v.text().len()).sum::<usize>() > PARAMETER_BYTES_MAX {
            e.too_long(PARAMETER_BYTES_MAX);
        }
        if !allow_empty && all.is_empty() {
            e.required("must contain at least one key/value pair");
        }
    });
}

pub(super) fn class(object: &Value, errs: &mut Errors) {
    driver(object, "provisioner", errs);
    parameters(object, true, errs);
    if !object["reclaimPolicy"].text().is_empty() {
        errs.one_of(object, "reclaimPolicy", &["Delete", "Retain"]);
    }
    errs.one_of(object, "volumeBindingMode", &["Immediate", "WaitForFirstConsumer"]);
    let mut seen: Vec<&Value> = Vec::new();
    for (i, term) in object["allowedTopologies"].items().iter().enumerate() {
        errs.at("allowedTopologies", |e| {
            e.index(i, |e| {
                let mut keys = BTreeSet::new();
                e.each(term, "matchLabelExpressions", |e, _, r| {
                    if r["values"].items().is_empty() {
                        e.at("values", |e| e.required(""));
                    }
                    let mut values = BTreeSet::new();
                    e.each(r, "values", |e, _, v| {
                        if !values.insert(v.text().to_owned()) {
                            e.duplicate(v);
                        }
                    });
                    e.at("key", |e| {
                        e.complaints(&r["key"].text().into(), names::qualified_name(r["key"].text()))
                    });
                    if !keys.insert(r["key"].text().to_owned()) {
                        e.at("key", |e| e.duplicate(&r["key"]));
                    }
                });
                if seen.contains(&&term["matchLabelExpressions"]) {
                    e.at("matchLabelExpressions", |e| e.duplicate(&"".into()));
                }
            });
        });
        seen.push(&term["matchLabelExpressions"]);
    }
}

pub(super) fn class_update(new: &Value, old: &Value, errs: &mut Errors) {
    for key in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
        errs.immutable(new, old, key);
    }
}

pub(super) fn csi_driver(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        for (key, shown) in [
            ("attachRequired", "attachedRequired"),
            ("podInfoOnMount", "podInfoOnMount"),
            ("storageCapacity", "storageCapacity"),
        ] {
            if s[key].is_null() {
                e.at(shown, |e| e.required(""));
            }
        }
        e.one_of_if_set(s, "fsGroupPolicy", &["File", "None", "ReadWriteOnceWithFSType"]);
        let mut audiences = BTreeSet::new();
        e.each(s, "tokenRequests", |e, _, r| {
            if !audiences.insert(r["audience"].text().to_owned()) {
                return e.at("audience", |e| e.duplicate(&r["audience"].text().into()));
            }
            if let Some(seconds) = r["expirationSeconds"].as_int() {
                let why = match seconds {
                    ..600 => "may not specify a duration less than 10 minutes",
                    0x1_0000_0001.. => "may not specify a duration larger than 2^32 seconds",
                    _ => return,
                };
                e.at("expirationSeconds", |e| e.invalid(&seconds.into(), why));
            }
        });
        const LIFECYCLES: [&str; 2] = ["Persistent", "Ephemeral"];
        for mode in s["volumeLifecycleModes"].items().iter().filter(|m| !LIFECYCLES.contains(&m.text())) {
            e.at("volumeLifecycleModes", |e| e.not_supported(mode, &LIFECYCLES));
        }
        if s["seLinuxMount"].is_null() {
            e.at("seLinuxMount", |e| e.required(""));
        }
        if let Some(period) = s["nodeAllocatableUpdatePeriodSeconds"].as_int().filter(|p| *p < 10) {
            e.at("nodeAllocatableUpdatePeriodSeconds", |e| {
                e.invalid(&period.into(), "must be greater than or equal to 10 seconds");
            });
        }
        if !s["serviceAccountTokenInSecrets"].is_null() && s["tokenRequests"].items().is_empty() {
            e.at("serviceAccountTokenInSecrets", |e| {
                e.invalid(
                    &s["serviceAccountTokenInSecrets"],
                    "serviceAccountTokenInSecrets is set but no tokenRequests are specified",
                );
            });
        }
    });
}

pub(super) fn csi_driver_update(new: &Value, old: &Value, errs: &mut Errors) {
    csi_driver(new, errs);
    let (s, was) = (&new["spec"], &old["spec"]);
    errs.at("spec", |e| {
        if s["attachRequired"] != was["attachRequired"] {
            e.at("attachedRequired", |e| e.invalid(&s["attachRequired"], "field is immutable"));
        }
        e.immutable(s, was, "volumeLifecycleModes");
    });
}

pub(super) fn csi_node(object: &Value, errs: &mut Errors) {
    let mut seen = BTreeSet::new();
    errs.at("spec", |e| {
        e.each(&object["spec"], "drivers", |e, _, d| {
            e.at("name", |e| volume_source::driver_name(&d["name"], e));
            e.at("nodeID", |e| match d["nodeID"].text().len() {
                0 => e.required(""),
                257.. => e.invalid(&d["nodeID"], "must be 256 characters or less"),
                _ => {}
            });
            e.at("allocatable", |e| e.nonnegative(&d["allocatable"], "count"));
            if !seen.insert(d["name"].text().to_owned()) {
                e.at("name", |e| e.duplicate(&d["name"]));
            }
            let mut keys = BTreeSet::new();
            for key in d["topologyKeys"].items() {
                if key.text().is_empty() {
                    e.required("");
                }
                if !keys.insert(key.text().to_owned()) {
                    e.duplicate(key);
                }
                e.complaints(key, names::qualified_name(key.text()));
            }
        });
    });
}

pub(super) fn csi_node_update(new: &Value, old: &Value, errs: &mut Errors) {
    csi_node(new, errs);
    for d in old["spec"]["drivers"].items() {
        let now = new["spec"]["drivers"].items().iter().find(|n| n["name"] == d["name"]);
        let same = |n: &Value| n["nodeID"] == d["nodeID"] && n["topologyKeys"] == d["topologyKeys"];
        if let Some(n) = now.filter(|n| !same(n)) {
            errs.at("spec.drivers", |e| e.invalid(n, "field is immutable"));
        }
    }
}

pub(super) fn attachment(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        e.at("attacher", |e| volume_source::driver_name(&s["attacher"], e));
        let (inline, name) = (&s["source"]["inlineVolumeSpec"], &s["source"]["persistentVolumeName"]);
        let one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
        e.at("source", |e| match (inline.is_null(), name.is_null()) {
            (true, true) => e.required(one),
            (false, false) => e.forbidden(one),
            (true, false) if name.text().is_empty() => {
                e.at("persistentVolumeName", |e| e.required("must specify non empty persistentVolumeName"));
            }
            _ => {}
        });
        e.at("nodeName", |e| {
            e.complaints(&s["nodeName"].text().into(), names::dns1123_subdomain(s["nodeName"].text()));
        });
        e.at("source", |e| e.rule(&s["source"], "persistentVolumeName", names::dns1123_subdomain));
    });
}

pub(super) fn attachment_update(new: &Value, old: &Value, errs: &mut Errors) {
    attachment(new, errs);
    errs.immutable(new, old, "spec");
}

pub(super) fn attributes_class(object: &Value, errs: &mut Errors) {
    driver(object, "driverName", errs);
    parameters(object, false, errs);
}

pub(super) fn attributes_class_update(new: &Value, old: &Value, errs: &mut Errors) {
    for key in ["driverName", "parameters"] {
        if new[key] != old[key] {
            errs.at(key, |e| e.forbidden(&format!("updates to {key} are forbidden.")));
        }
    }
    attributes_class(new, errs);
}

pub(super) fn capacity(object: &Value, errs: &mut Errors) {
    errs.at("nodeTopology", |e| labels::selector(&object["nodeTopology"], e));
    errs.at("storageClassName", |e| {
        let name = object["storageClassName"].text();
        e.complaints(&name.into(), names::dns1123_subdomain(name));
    });
    let q = &object["capacity"];
    if Quantity::of(q).is_negative() {
        errs.at("capacity", |e| e.invalid(q, "must be greater than or equal to 0"));
    }
}

pub(super) fn capacity_update(new: &Value, old: &Value, errs: &mut Errors) {
    errs.immutable(new, old, "nodeTopology");
    errs.immutable(new, old, "storageClassName");
}
