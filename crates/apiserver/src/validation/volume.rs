//! Volumes of a pod.
//!
//! Models ValidateVolumes and validateVolumeSource, and what they share with the sources of PersistentVolumes.
//! Not modelled: of storage systems from before CSI all but the fields that must be there; the details of
//! `clusterTrustBundle` and `podCertificate`.

use ordered::BTreeSet;

use objects::quantity::Quantity;
use objects::{Value, names};

use super::{Errors, container, persistent_volume_claim};

const HOST_PATH_TYPES: [&str; 8] =
    ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

const MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";

/// Checks the volumes and returns the names of the good ones.
pub(super) fn validate<'a>(spec: &'a Value, e: &mut Errors) -> BTreeSet<&'a str> {
    let mut good = BTreeSet::new();
    if spec["volumes"].items().is_empty() {
        return good;
    }
    e.at("volumes", |e| {
        for (i, v) in spec["volumes"].items().iter().enumerate() {
            let before = e.len();
            e.index(i, |e| {
                source(v, e);
                e.at("name", |e| match v["name"].text() {
                    "" => e.required(""),
                    name => e.complaints(&v["name"], names::dns1123_label(name)),
                });
                if good.contains(v["name"].text()) {
                    e.at("name", |e| e.duplicate(&v["name"]));
                }
            });
            if e.len() == before {
                good.insert(v["name"].text());
            }
        }
    });
    good
}

fn source(v: &Value, e: &mut Errors) {
    let mut first = true;
    for (key, s) in v.entries().iter().filter(|(k, _)| k != "name") {
        if !std::mem::take(&mut first) {
            e.at(key, |e| e.forbidden("may not specify more than 1 volume type"));
            continue;
        }
        e.at(key, |e| match key.as_str() {
            "emptyDir" if Quantity::of(&s["sizeLimit"]).is_negative() => {
                e.at("sizeLimit", |e| e.forbidden("SizeLimit field must be a valid resource quantity"));
            }
            "secret" => {
                required(s, "secretName", e);
                modes_and_items(s, e);
            }
            "configMap" => {
                required(s, "name", e);
                modes_and_items(s, e);
            }
            "persistentVolumeClaim" => required(s, "claimName", e),
            "csi" => {
                e.at("driver", |e| driver_name(&s["driver"], e));
                if !s["nodePublishSecretRef"].is_null() {
                    e.at("nodePublishSecretRef", |e| required(&s["nodePublishSecretRef"], "name", e));
                }
            }
            "downwardAPI" => {
                mode(s, "defaultMode", e);
                e.each(s, "items", |e, _, item| downward_file(item, e));
            }
            "ephemeral" => {
                let template = &s["volumeClaimTemplate"];
                e.at("volumeClaimTemplate", |e| match template.is_null() {
                    true => e.required(""),
                    false => e.at("spec", |e| persistent_volume_claim::spec(&template["spec"], e)),
                });
            }
            "image" => {
                required(s, "reference", e);
                e.one_of_if_set(s, "pullPolicy", &["Always", "IfNotPresent", "Never"]);
            }
            "gitRepo" => {
                required(s, "repository", e);
                e.at("directory", |e| container::descending_path(&s["directory"], e));
            }
            "projected" => projected(s, e),
            // The one source whose errors stand under another name in a volume of its own.
            other => persistent_source(other, s, e),
        });
    }
    if first {
        e.required("must specify a volume type");
    }
}

fn required(s: &Value, key: &str, e: &mut Errors) {
    if s[key].text().is_empty() {
        e.at(key, |e| e.required(""));
    }
}

fn host_path(s: &Value, e: &mut Errors) {
    if s["path"].text().is_empty() {
        e.at("path", |e| e.required(""));
        return;
    }
    if s["path"].text().split('/').any(|p| p == "..") {
        e.at("path", |e| e.invalid(&s["path"], "must not contain '..'"));
    }
    if !HOST_PATH_TYPES.contains(&s["type"].text()) {
        e.at("type", |e| e.not_supported(&s["type"], &HOST_PATH_TYPES));
    }
}

fn mode(s: &Value, key: &str, e: &mut Errors) {
    if let Some(m) = s[key].as_int()
        && !(0..=0o777).contains(&m)
    {
        e.at(key, |e| e.invalid(&m.into(), MODE));
    }
}

fn modes_and_items(s: &Value, e: &mut Errors) {
    mode(s, "defaultMode", e);
    items(s, e);
}

fn items(s: &Value, e: &mut Errors) {
    e.each(s, "items", |e, _, item| {
        required(item, "key", e);
        required(item, "path", e);
        e.at("path", |e| container::descending_path(&item["path"], e));
        mode(item, "mode", e);
    });
}

/// What a file of the pod's own fields is made from.
fn downward_file(item: &Value, e: &mut Errors) {
    required(item, "path", e);
    e.at("path", |e| container::descending_path(&item["path"], e));
    if item["path"].text().starts_with("..") && !item["path"].text().starts_with("../") {
        e.at("path", |e| e.invalid(&item["path"], "must not start with '..'"));
    }
    let (field, resource) = (&item["fieldRef"], &item["resourceFieldRef"]);
    match (field.is_null(), resource.is_null()) {
        (false, both) => {
            e.at("fieldRef", |e| container::field_ref(field, &DOWNWARD_FIELDS, e));
            if !both {
                e.invalid_text(
                    "resource",
                    "fieldRef and resourceFieldRef can not be specified simultaneously",
                );
            }
        }
        (true, false) => e.at("resourceFieldRef", |e| {
            required(resource, "containerName", e);
            required(resource, "resource", e);
        }),
        (true, true) => e.required("one of fieldRef and resourceFieldRef is required"),
    }
    mode(item, "mode", e);
}

const DOWNWARD_FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// The sources that a PersistentVolume can have.
pub(super) const PERSISTENT_SOURCES: [&str; 22] = [
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "local",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];

/// Fields that sources must have.
const REQUIRED: [(&str, &[&str]); 15] = [
    ("awsElasticBlockStore", &["volumeID"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("azureFile", &["secretName", "shareName"]),
    ("cephfs", &["monitors"]),
    ("cinder", &["volumeID"]),
    ("flexVolume", &["driver"]),
    ("gcePersistentDisk", &["pdName"]),
    ("glusterfs", &["endpoints", "path"]),
    ("iscsi", &["targetPortal", "iqn"]),
    ("nfs", &["server", "path"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("rbd", &["monitors", "image"]),
    ("scaleIO", &["gateway", "system", "volumeName"]),
    ("vsphereVolume", &["volumePath"]),
];

/// A source that pods and PersistentVolumes have in common, or a PersistentVolume alone.
pub(super) fn persistent_source(kind: &str, s: &Value, e: &mut Errors) {
    for (_, keys) in REQUIRED.iter().filter(|(k, _)| *k == kind) {
        for key in *keys {
            if s[*key].text().is_empty() && s[*key].items().is_empty() {
                e.at(key, |e| e.required(""));
            }
        }
    }
    match kind {
        "hostPath" => host_path(s, e),
        "local" => {
            required(s, "path", e);
            if s["path"].text().split('/').any(|p| p == "..") {
                e.at("path", |e| e.invalid(&s["path"], "must not contain '..'"));
            }
        }
        "nfs" if !s["path"].text().is_empty() && !s["path"].text().starts_with('/') => {
            e.at("path", |e| e.invalid(&s["path"], "must be an absolute path"));
        }
        "csi" => {
            e.at("driver", |e| driver_name(&s["driver"], e));
            required(s, "volumeHandle", e);
        }
        "awsElasticBlockStore" | "gcePersistentDisk" if !(0..=255).contains(&s["partition"].int()) => {
            e.at("partition", |e| {
                e.invalid(&s["partition"], "must be between 0 and 255, inclusive");
            });
        }
        "iscsi" if !(0..=255).contains(&s["lun"].int()) => {
            e.at("lun", |e| e.invalid(&s["lun"], "must be between 0 and 255, inclusive"));
        }
        "fc" => {
            let (wwns, wwids) = (s["targetWWNs"].items(), s["wwids"].items());
            if wwns.is_empty() && wwids.is_empty() {
                e.at("targetWWNs", |e| e.required("must specify either targetWWNs or wwids, but not both"));
            }
            if !wwns.is_empty() && !wwids.is_empty() {
                e.at("targetWWNs", |e| {
                    e.invalid(&s["targetWWNs"], "targetWWNs and wwids can not be specified simultaneously");
                });
            }
            if !wwns.is_empty() && s["lun"].is_null() {
                e.at("lun", |e| e.required("lun is required if targetWWNs is specified"));
            }
        }
        _ => {}
    }
}

/// The name of a CSI driver.
pub(super) fn driver_name(name: &Value, e: &mut Errors) {
    match name.text() {
        "" => e.required(""),
        text => {
            if text.len() > 63 {
                e.too_long(63);
            }
            e.complaints(name, names::dns1123_subdomain(&text.to_lowercase()));
        }
    }
}

fn projected(s: &Value, e: &mut Errors) {
    mode(s, "defaultMode", e);
    let mut paths = BTreeSet::new();
    for (i, source) in s["sources"].items().iter().enumerate() {
        let mut named: Vec<(String, String)> = Vec::new();
        e.at("sources", |e| {
            e.index(i, |e| {
                for (key, p) in source.entries() {
                    e.at(key, |e| match key.as_str() {
                        "secret" | "configMap" => {
                            required(p, "name", e);
                            items(p, e);
                            let all = p["items"].items().iter().map(|k| k["path"].text().to_owned());
                            named.extend(all.map(|path| (path, p["name"].text().to_owned())));
                        }
                        "downwardAPI" => {
                            for item in p["items"].items() {
                                downward_file(item, e);
                                let path = item["path"].text().to_owned();
                                named.push((path.clone(), path));
                            }
                        }
                        "serviceAccountToken" => {
                            let seconds = &p["expirationSeconds"];
                            let why = match seconds.int() {
                                ..600 => "may not specify a duration less than 10 minutes",
                                0x1_0000_0001.. => "may not specify a duration larger than 2^32 seconds",
                                _ => "",
                            };
                            if !why.is_empty() {
                                e.at("expirationSeconds", |e| e.invalid(seconds, why));
                            }
                        }
                        _ => {}
                    });
                }
                if source.entries().len() > 1 {
                    e.forbidden("may not specify more than 1 volume type per source");
                }
            });
        });
        if source.find("serviceAccountToken").is_some_and(|t| t["path"].text().is_empty()) {
            e.at("path", |e| e.required(""));
        }
        for (path, name) in named {
            if !path.is_empty() && !paths.insert(path) {
                e.invalid_text(&name, "conflicting duplicate paths");
            }
        }
    }
}
