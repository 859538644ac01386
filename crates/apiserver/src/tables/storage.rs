//! Volumes, claims, classes and what CSI adds.
//!
//! Models printPersistentVolume, printPersistentVolumeClaim, printStorageClass, printCSIDriver, printVolumeAttachment.

use objects::Value;

use super::{AGE, Column, NAME, Printer, age, flag, joined, name, text, text_or, wide};

pub(super) static VOLUMES: Printer = Printer {
    columns: &[
        NAME,
        text("Capacity"),
        text("Access Modes"),
        text("Reclaim Policy"),
        text("Status"),
        text("Claim"),
        text("StorageClass"),
        text("VolumeAttributesClass"),
        text("Reason"),
        AGE,
        wide("VolumeMode"),
    ],
    cells: |o, now| {
        let spec = &o["spec"];
        let claim = &spec["claimRef"];
        let claim = if claim.is_null() {
            String::new()
        } else {
            format!("{}/{}", claim["namespace"].text(), claim["name"].text())
        };
        vec![
            name(o),
            quantity(&spec["capacity"]["storage"]),
            access_modes(&spec["accessModes"]),
            spec["persistentVolumeReclaimPolicy"].to_str().into(),
            phase(o),
            claim.into(),
            class(o),
            text_or(&spec["volumeAttributesClassName"], "<unset>"),
            o["status"]["reason"].to_str().into(),
            age(o, now),
            text_or(&spec["volumeMode"], "<unset>"),
        ]
    },
};

pub(super) static CLAIMS: Printer = Printer {
    columns: &[
        NAME,
        text("Status"),
        text("Volume"),
        text("Capacity"),
        text("Access Modes"),
        text("StorageClass"),
        text("VolumeAttributesClass"),
        AGE,
        wide("VolumeMode"),
    ],
    cells: |o, now| {
        let (spec, status) = (&o["spec"], &o["status"]);
        let bound = !spec["volumeName"].text().is_empty();
        let none = || Value::from("");
        vec![
            name(o),
            phase(o),
            spec["volumeName"].to_str().into(),
            if bound { quantity(&status["capacity"]["storage"]) } else { none() },
            if bound { access_modes(&status["accessModes"]) } else { none() },
            class(o),
            text_or(&spec["volumeAttributesClassName"], "<unset>"),
            age(o, now),
            text_or(&spec["volumeMode"], "<unset>"),
        ]
    },
};

fn phase(o: &Value) -> Value {
    if o.is_terminating() { "Terminating".into() } else { o["status"]["phase"].to_str().into() }
}

fn class(o: &Value) -> Value {
    match &o.annotations()["volume.beta.kubernetes.io/storage-class"] {
        Value::Null => o["spec"]["storageClassName"].to_str().into(),
        beta => beta.clone(),
    }
}

/// A quantity as text; an absent one is zero.
fn quantity(v: &Value) -> Value {
    match v {
        Value::Null => "0".into(),
        Value::Int(i) => i.to_string().into(),
        other => other.clone(),
    }
}

/// `RWO,ROX,RWX,RWOP`, each once, in this order.
fn access_modes(modes: &Value) -> Value {
    let known = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let found: Vec<&str> =
        known.iter().filter(|(m, _)| modes.items().iter().any(|x| *x == *m)).map(|(_, s)| *s).collect();
    found.join(",").into()
}

pub(super) static CLASSES: Printer = Printer {
    columns: &[
        NAME,
        text("Provisioner"),
        text("ReclaimPolicy"),
        text("VolumeBindingMode"),
        text("AllowVolumeExpansion"),
        AGE,
    ],
    cells: |o, now| {
        let marks = [
            "storageclass.kubernetes.io/is-default-class",
            "storageclass.beta.kubernetes.io/is-default-class",
        ];
        let default = marks.iter().any(|m| o.annotations()[*m] == "true");
        vec![
            if default { format!("{} (default)", o.name()).into() } else { name(o) },
            o["provisioner"].clone(),
            text_or(&o["reclaimPolicy"], "Delete"),
            text_or(&o["volumeBindingMode"], "Immediate"),
            o["allowVolumeExpansion"].is_true().into(),
            age(o, now),
        ]
    },
};

pub(super) static CSI_DRIVERS: Printer = Printer {
    columns: &[
        NAME,
        flag("AttachRequired"),
        flag("PodInfoOnMount"),
        flag("StorageCapacity"),
        text("TokenRequests"),
        flag("RequiresRepublish"),
        text("Modes"),
        AGE,
    ],
    cells: |o, now| {
        let spec = &o["spec"];
        let tokens = if spec["tokenRequests"].is_null() {
            "<unset>".to_owned()
        } else {
            spec["tokenRequests"].items().iter().map(|t| t["audience"].text()).collect::<Vec<_>>().join(",")
        };
        let modes = joined(&spec["volumeLifecycleModes"], ",");
        vec![
            name(o),
            (spec["attachRequired"] != Value::Bool(false)).into(),
            spec["podInfoOnMount"].is_true().into(),
            spec["storageCapacity"].is_true().into(),
            tokens.into(),
            spec["requiresRepublish"].is_true().into(),
            if modes.is_empty() { "<none>".into() } else { modes.into() },
            age(o, now),
        ]
    },
};

pub(super) static ATTACHMENTS: Printer = Printer {
    columns: &[
        NAME,
        Column("Attacher", "string", "name", 0),
        text("PV"),
        text("Node"),
        flag("Attached"),
        AGE,
    ],
    cells: |o, now| {
        vec![
            name(o),
            o["spec"]["attacher"].clone(),
            o["spec"]["source"]["persistentVolumeName"].to_str().into(),
            o["spec"]["nodeName"].clone(),
            o["status"]["attached"].is_true().into(),
            age(o, now),
        ]
    },
};
