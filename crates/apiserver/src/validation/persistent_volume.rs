//! PersistentVolumes.
//!
//! Models ValidatePersistentVolumeSpec and ValidatePersistentVolumeUpdate in `pkg/apis/core/validation`.
//! Not modelled: labels of old in a node affinity that may be replaced by those of now.

use objects::quantity::Quantity;
use objects::{Value, names, value};

use super::unified_diff::{Field, Shape, difference};
use super::volume_source::{self, Holder};
use super::{Errors, scheduling};

pub(super) const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    errs.at("spec", |e| spec(&object["spec"], object.name(), e));
}

/// Access modes as volumes and claims have them.
pub(super) fn access_modes(s: &Value, absence: &str, e: &mut Errors) {
    let modes = s["accessModes"].items();
    e.at("accessModes", |e| {
        if modes.is_empty() {
            e.required(absence);
        }
        for mode in modes.iter().filter(|m| !MODES.contains(&m.text())) {
            e.not_supported(mode, &MODES);
        }
        let known = modes.iter().filter(|m| MODES.contains(&m.text()));
        if modes.iter().any(|m| *m == "ReadWriteOncePod") && known.clone().any(|m| *m != "ReadWriteOncePod") {
            e.forbidden("may not use ReadWriteOncePod with other access modes");
        }
    });
}

fn spec(s: &Value, name: &str, e: &mut Errors) {
    access_modes(s, "", e);
    let capacity = s["capacity"].entries();
    e.at("capacity", |e| {
        if capacity.is_empty() {
            e.required("");
        }
        if s["capacity"]["storage"].is_null() || capacity.len() > 1 {
            let shown = if s["capacity"].is_null() { Value::Null } else { s["capacity"].clone() };
            e.not_supported(&shown, &["storage"]);
        }
        for (name, q) in capacity {
            let q = Quantity::of(q);
            e.key(name, |e| {
                if q.is_negative() {
                    e.invalid(&q.value().into(), "must be a valid resource quantity");
                }
                if q <= Quantity::zero() {
                    e.invalid_text(&q.canonical(), "must be greater than zero");
                }
            });
        }
    });
    if !s["persistentVolumeReclaimPolicy"].text().is_empty() {
        e.one_of(s, "persistentVolumeReclaimPolicy", &["Delete", "Recycle", "Retain"]);
    }
    let affinity = &s["nodeAffinity"];
    if !affinity.is_null() {
        e.at("nodeAffinity", |e| {
            if affinity["required"].is_null() {
                e.at("required", |e| e.required("must specify required node constraints"));
            } else {
                e.at("required", |e| scheduling::node_selector(&affinity["required"], e));
            }
        });
    }
    let mut any = false;
    for kind in volume_source::PERSISTENT {
        let Some(source) = s.find(kind) else { continue };
        // One of a plugin's own may stand beside another: so it is upstream.
        if std::mem::replace(&mut any, true) && kind != "flexVolume" {
            let at = if kind == "cephfs" { "cephFS" } else { kind };
            e.at(at, |e| e.forbidden("may not specify more than 1 volume type"));
            continue;
        }
        e.at(volume_source::shown(kind), |e| {
            volume_source::check(kind, source, Holder::Volume(name), e);
        });
        if kind == "local" && affinity.is_null() {
            e.at("nodeAffinity", |e| e.required("Local volume requires node affinity"));
        }
    }
    if !any {
        e.required("must specify a volume type");
    }
    let path = s["hostPath"]["path"].text();
    let is_root = !path.is_empty() && path.split('/').all(|p| matches!(p, "" | "."));
    if is_root && s["persistentVolumeReclaimPolicy"] == "Recycle" {
        e.at("persistentVolumeReclaimPolicy", |e| {
            e.forbidden("may not be 'recycle' for a hostPath mount of '/'")
        });
    }
    e.rule(s, "storageClassName", names::dns1123_subdomain);
    e.one_of_if_set(s, "volumeMode", &["Block", "Filesystem"]);
    if !s["volumeAttributesClassName"].is_null() {
        if s["volumeAttributesClassName"].text().is_empty() {
            e.at("volumeAttributesClassName", |e| e.required("an empty string is disallowed"));
        }
        e.rule(s, "volumeAttributesClassName", names::dns1123_subdomain);
        if s["csi"].is_null() {
            e.at("csi", |e| e.required("has to be specified when using volumeAttributesClassName"));
        }
    }
}

const HOST_PATH: [Field; 2] = [Field::text("Path", "path"), Field::plain("Type", "type")];
const NFS: [Field; 3] = [
    Field::text("Server", "server"),
    Field::text("Path", "path"),
    Field("ReadOnly", "readOnly", Shape::Flag),
];
const LOCAL: [Field; 2] = [Field::text("Path", "path"), Field::plain("FSType", "fsType")];
const CSI: [Field; 10] = [
    Field::text("Driver", "driver"),
    Field::text("VolumeHandle", "volumeHandle"),
    Field("ReadOnly", "readOnly", Shape::Flag),
    Field::text("FSType", "fsType"),
    Field::plain("VolumeAttributes", "volumeAttributes"),
    Field::plain("ControllerPublishSecretRef", "controllerPublishSecretRef"),
    Field::plain("NodeStageSecretRef", "nodeStageSecretRef"),
    Field::plain("NodePublishSecretRef", "nodePublishSecretRef"),
    Field::plain("ControllerExpandSecretRef", "controllerExpandSecretRef"),
    Field::plain("NodeExpandSecretRef", "nodeExpandSecretRef"),
];
const SOURCE: [Field; 22] = [
    Field::plain("GCEPersistentDisk", "gcePersistentDisk"),
    Field::plain("AWSElasticBlockStore", "awsElasticBlockStore"),
    Field("HostPath", "hostPath", Shape::Struct(&HOST_PATH)),
    Field::plain("Glusterfs", "glusterfs"),
    Field("NFS", "nfs", Shape::Struct(&NFS)),
    Field::plain("RBD", "rbd"),
    Field::plain("Quobyte", "quobyte"),
    Field::plain("ISCSI", "iscsi"),
    Field::plain("FlexVolume", "flexVolume"),
    Field::plain("Cinder", "cinder"),
    Field::plain("CephFS", "cephfs"),
    Field::plain("FC", "fc"),
    Field::plain("Flocker", "flocker"),
    Field::plain("AzureFile", "azureFile"),
    Field::plain("VsphereVolume", "vsphereVolume"),
    Field::plain("AzureDisk", "azureDisk"),
    Field::plain("PhotonPersistentDisk", "photonPersistentDisk"),
    Field::plain("PortworxVolume", "portworxVolume"),
    Field::plain("ScaleIO", "scaleIO"),
    Field("Local", "local", Shape::Struct(&LOCAL)),
    Field::plain("StorageOS", "storageos"),
    Field("CSI", "csi", Shape::Struct(&CSI)),
];

/// A node affinity as Go prints the type that has no names in JSON.
fn in_go(affinity: &Value) -> Value {
    let Some(required) = affinity.find("required") else { return affinity.clone() };
    let expressions = |term: &Value, key: &str| -> Value {
        let Some(list) = term.find(key) else { return Value::Null };
        let one =
            |r: &Value| value!({"Key": (&r["key"]), "Operator": (&r["operator"]), "Values": (&r["values"])});
        list.items().iter().map(one).collect()
    };
    let term = |t: &Value| {
        value!({
            "MatchExpressions": (expressions(t, "matchExpressions")),
            "MatchFields": (expressions(t, "matchFields")),
        })
    };
    let terms: Value = required["nodeSelectorTerms"].items().iter().map(term).collect();
    value!({"Required": {"NodeSelectorTerms": (terms)}})
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
    let (s, was) = (&new["spec"], &old["spec"]);
    // A Secret for growing may be named later.
    let mut now = s.clone();
    if was.find("csi").is_some_and(|c| c["controllerExpandSecretRef"].is_null()) {
        now.remove_at(&["csi", "controllerExpandSecretRef"]);
    }
    if volume_source::PERSISTENT.iter().any(|k| now[*k] != was[*k]) {
        let difference = difference(was, &now, &SOURCE);
        errs.at("spec.persistentvolumesource", |e| {
            e.forbidden(&format!("spec.persistentvolumesource is immutable after creation\n{difference}"));
        });
    }
    errs.immutable(s, was, "volumeMode");
    if !was["nodeAffinity"].is_null() && s["nodeAffinity"] != was["nodeAffinity"] {
        errs.at("nodeAffinity", |e| {
            e.invalid(
                &in_go(&s["nodeAffinity"]),
                "field is immutable, except for updating from beta label to GA",
            );
        });
    }
    if !was["volumeAttributesClassName"].is_null() && s["volumeAttributesClassName"].is_null() {
        errs.at("spec.volumeAttributesClassName", |e| {
            e.forbidden("update from non-nil value to nil is forbidden")
        });
    }
}
