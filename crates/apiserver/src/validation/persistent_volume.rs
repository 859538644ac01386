//! PersistentVolumes.
//!
//! Models ValidatePersistentVolumeSpec and ValidatePersistentVolumeUpdate in `pkg/apis/core/validation`.
//! Not modelled: the fields of sources that no simulated node mounts beyond those that must be there.

use objects::quantity::Quantity;
use objects::{Value, names};

use super::unified_diff::{Field, Shape, difference};
use super::{Errors, scheduling, volume};

pub(super) const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    errs.at("spec", |e| spec(&object["spec"], e));
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

fn spec(s: &Value, e: &mut Errors) {
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
                    e.invalid_text(&q.canonical(), "must be a valid resource quantity");
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
    for (kind, source) in s.entries().iter().filter(|(k, _)| volume::PERSISTENT_SOURCES.contains(&k.as_str()))
    {
        if std::mem::replace(&mut any, true) {
            e.at(kind, |e| e.forbidden("may not specify more than 1 volume type"));
            continue;
        }
        // The one source whose errors stand under another name.
        let at = if kind == "gcePersistentDisk" { "persistentDisk" } else { kind.as_str() };
        e.at(at, |e| volume::persistent_source(kind, source, e));
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

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    validate(new, errs);
    let (s, was) = (&new["spec"], &old["spec"]);
    if volume::PERSISTENT_SOURCES.iter().any(|k| s[*k] != was[*k]) {
        let difference = difference(was, s, &SOURCE);
        errs.at("spec.persistentvolumesource", |e| {
            e.forbidden(&format!("spec.persistentvolumesource is immutable after creation\n{difference}"));
        });
    }
    errs.immutable(s, was, "volumeMode");
    if !was["nodeAffinity"].is_null() {
        errs.immutable(s, was, "nodeAffinity");
    }
    if !was["volumeAttributesClassName"].is_null() && s["volumeAttributesClassName"].is_null() {
        errs.at("spec.volumeAttributesClassName", |e| {
            e.forbidden("update from non-nil value to nil is forbidden")
        });
    }
}
