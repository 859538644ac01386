//! Sources of volumes that pods and PersistentVolumes have in common, or PersistentVolumes alone.
//!
//! Models the `validate*VolumeSource` functions of `pkg/apis/core/validation`: one table of what must be there, and
//! beside it what more there is to say of each. Where a PersistentVolume's source differs from a pod's, `Holder` says
//! whose it is.

use objects::{Value, names};

use super::Errors;

const HOST_PATH_TYPES: [&str; 8] =
    ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
const IN_BYTE: &str = "must be between 0 and 255, inclusive";
const NO_BACKSTEPS: &str = "must not contain '..'";
pub(super) const INITIATOR_TOO_LONG: &str = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";

/// Whose source it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder<'a> {
    Pod,
    /// A PersistentVolume of this name.
    Volume(&'a str),
}

/// The sources that a PersistentVolume can have, in upstream's order.
pub(super) const PERSISTENT: [&str; 22] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

/// Fields that sources must have.
const REQUIRED: [(&str, &[&str]); 14] = [
    ("awsElasticBlockStore", &["volumeID"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("azureFile", &["secretName", "shareName"]),
    ("cephfs", &["monitors"]),
    ("cinder", &["volumeID"]),
    ("flexVolume", &["driver"]),
    ("gcePersistentDisk", &["pdName"]),
    ("glusterfs", &["endpoints", "path"]),
    ("nfs", &["server", "path"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("rbd", &["monitors", "image"]),
    ("scaleIO", &["gateway", "system", "volumeName"]),
    ("vsphereVolume", &["volumePath"]),
];

/// What a source is called in the paths of its errors.
pub(super) fn shown(kind: &str) -> &str {
    if kind == "gcePersistentDisk" { "persistentDisk" } else { kind }
}

pub(super) fn required(s: &Value, key: &str, e: &mut Errors) {
    if s[key].text().is_empty() && s[key].items().is_empty() {
        e.at(key, |e| e.required(""));
    }
}

/// A reference to a Secret, if there is one, must have these parts.
pub(super) fn secret_ref(s: &Value, key: &str, parts: &[&str], e: &mut Errors) {
    if !s[key].is_null() {
        e.at(key, |e| parts.iter().for_each(|part| required(&s[key], part, e)));
    }
}

pub(super) fn check(kind: &str, s: &Value, holder: Holder<'_>, e: &mut Errors) {
    for (_, keys) in REQUIRED.iter().filter(|(k, _)| *k == kind) {
        keys.iter().for_each(|key| required(s, key, e));
    }
    let of_volume = holder != Holder::Pod;
    // A PersistentVolume has no namespace to look for a Secret in.
    let parts: &[&str] = if of_volume { &["name", "namespace"] } else { &["name"] };
    match kind {
        "hostPath" => host_path(s, e),
        "local" => path_without_backsteps(s, e),
        "nfs" if !s["path"].text().starts_with('/') => {
            e.at("path", |e| e.invalid(&s["path"].text().into(), "must be an absolute path"));
        }
        "csi" => csi(s, e),
        "awsElasticBlockStore" | "gcePersistentDisk" if !(0..=255).contains(&s["partition"].int()) => {
            // Zero is allowed all the same.
            e.at("partition", |e| e.invalid(&s["partition"], "must be between 1 and 255, inclusive"));
        }
        "iscsi" => iscsi(s, holder, e),
        "fc" => fibre_channel(s, e),
        "glusterfs" if of_volume => {
            let namespace = &s["endpointsNamespace"];
            e.at("endpointsNamespace", |e| match namespace.as_str() {
                None => {}
                Some("") => {
                    e.invalid(namespace, "if the endpointnamespace is set, it must be a valid namespace name")
                }
                Some(name) => e.complaints(namespace, names::dns1123_label(name)),
            });
        }
        "quobyte" => quobyte(s, e),
        "flocker" => flocker(s, e),
        "cinder" => secret_ref(s, "secretRef", parts, e),
        "storageos" => {
            required(s, "volumeName", e);
            e.rule(s, "volumeName", names::dns1123_label);
            e.rule(s, "volumeNamespace", names::dns1123_label);
            secret_ref(s, "secretRef", parts, e);
        }
        "flexVolume" => flex(s, e),
        "azureFile" if of_volume && s["secretNamespace"].as_str() == Some("") => {
            e.at("secretNamespace", |e| e.required(""));
        }
        "azureDisk" => azure_disk(s, e),
        _ => {}
    }
}

fn path_without_backsteps(s: &Value, e: &mut Errors) {
    required(s, "path", e);
    if s["path"].text().split('/').any(|p| p == "..") {
        e.at("path", |e| e.invalid(&s["path"], NO_BACKSTEPS));
    }
}

fn host_path(s: &Value, e: &mut Errors) {
    path_without_backsteps(s, e);
    if !s["path"].text().is_empty() && !HOST_PATH_TYPES.contains(&s["type"].text()) {
        e.at("type", |e| e.not_supported(&s["type"], &HOST_PATH_TYPES));
    }
}

fn csi(s: &Value, e: &mut Errors) {
    e.at("driver", |e| driver_name(&s["driver"], e));
    required(s, "volumeHandle", e);
    const SECRETS: [&str; 4] = [
        "controllerPublishSecretRef",
        "controllerExpandSecretRef",
        "nodePublishSecretRef",
        "nodeExpandSecretRef",
    ];
    for key in SECRETS.iter().filter(|k| !s[**k].is_null()) {
        e.at(key, |e| {
            required(&s[*key], "name", e);
            e.rule(&s[*key], "name", names::dns1123_subdomain);
            required(&s[*key], "namespace", e);
            e.rule(&s[*key], "namespace", names::dns1123_label);
        });
    }
}

/// Whether a name of an iSCSI node is one: by date and domain (`iqn`), or by number (`eui`, `naa`).
fn is_iscsi_name(name: &str) -> bool {
    let alphanumeric = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_alphanumeric());
    // The byte behind the three letters may be any.
    let numbered = |n: usize| name.get(4..).is_some_and(|t| alphanumeric(t, n));
    match name.get(..3) {
        Some("eui") => numbered(16),
        Some("naa") => numbered(32),
        Some("iqn") => {
            let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
            let Some((date, rest)) = name[3..].strip_prefix('.').and_then(|t| t.split_once('.')) else {
                return false;
            };
            let dated = date.len() == 7
                && date.split_once('-').is_some_and(|(y, m)| y.len() == 4 && digits(y) && digits(m));
            let Some((domain, own)) = rest.split_once(':') else { return false };
            let named = |t: &str| {
                !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
            };
            let plain = |c: char| !matches!(c, ',' | ';' | '*' | '&' | '$' | '|') && !c.is_ascii_whitespace();
            dated && named(domain) && !own.is_empty() && own.chars().all(plain)
        }
        _ => false,
    }
}

fn iscsi(s: &Value, holder: Holder<'_>, e: &mut Errors) {
    required(s, "targetPortal", e);
    if let Holder::Volume(name) = holder
        && !s["initiatorName"].is_null()
        && name.len() + 1 + s["targetPortal"].text().len() > 64
    {
        e.at("targetportal", |e| e.invalid(&s["targetPortal"], INITIATOR_TOO_LONG));
    }
    let named = |key: &str, at: &str, e: &mut Errors| {
        let name = s[key].text();
        let known = ["iqn", "eui", "naa"].iter().any(|p| name.starts_with(p));
        if !is_iscsi_name(name) {
            let why = if known || holder != Holder::Pod {
                "must be valid format"
            } else {
                "must be valid format starting with iqn, eui, or naa"
            };
            e.at(at, |e| e.invalid(&name.into(), why));
        }
    };
    match s["iqn"].text() {
        "" => e.at("iqn", |e| e.required("")),
        _ => named("iqn", "iqn", e),
    }
    if !(0..=255).contains(&s["lun"].int()) {
        e.at("lun", |e| e.invalid(&s["lun"], IN_BYTE));
    }
    let authenticated = s["chapAuthDiscovery"].is_true() || s["chapAuthSession"].is_true();
    if authenticated && s["secretRef"].is_null() {
        e.at("secretRef", |e| e.required(""));
    }
    if holder != Holder::Pod {
        secret_ref(s, "secretRef", &["name"], e);
    }
    if !s["initiatorName"].is_null() {
        named("initiatorName", "initiatorname", e);
    }
}

fn fibre_channel(s: &Value, e: &mut Errors) {
    let (wwns, wwids) = (s["targetWWNs"].items(), s["wwids"].items());
    if wwns.is_empty() && wwids.is_empty() {
        e.at("targetWWNs", |e| e.required("must specify either targetWWNs or wwids, but not both"));
    }
    if !wwns.is_empty() && !wwids.is_empty() {
        e.at("targetWWNs", |e| {
            e.invalid(&s["targetWWNs"], "targetWWNs and wwids can not be specified simultaneously");
        });
    }
    if !wwns.is_empty() {
        e.at("lun", |e| match s["lun"].as_int() {
            None => e.required("lun is required if targetWWNs is specified"),
            Some(0..=255) => {}
            Some(_) => e.invalid(&s["lun"], IN_BYTE),
        });
    }
}

fn quobyte(s: &Value, e: &mut Errors) {
    const PAIRS: &str = "must be a host:port pair or multiple pairs separated by commas";
    let registry = s["registry"].text();
    if registry.is_empty() {
        e.at("registry", |e| e.required(PAIRS));
    } else if s["tenant"].text().len() >= 65 {
        e.at("tenant", |e| e.required("must be a UUID and may not exceed a length of 64 characters"));
    } else {
        for pair in registry.split(',') {
            let host = pair.rsplit_once(':').map(|(host, _)| host);
            if !host.is_some_and(|h| !h.contains(':') || h.starts_with('[') && h.ends_with(']')) {
                e.at("registry", |e| e.invalid(&s["registry"], PAIRS));
            }
        }
    }
    required(s, "volume", e);
}

fn flocker(s: &Value, e: &mut Errors) {
    let (name, uuid) = (s["datasetName"].text(), s["datasetUUID"].text());
    match (name.is_empty(), uuid.is_empty()) {
        (true, true) => e.required("one of datasetName and datasetUUID is required"),
        (false, false) => {
            e.invalid_text("resource", "datasetName and datasetUUID can not be specified simultaneously");
        }
        _ => {}
    }
    if name.contains('/') {
        e.at("datasetName", |e| e.invalid(&s["datasetName"], "must not contain '/'"));
    }
}

fn flex(s: &Value, e: &mut Errors) {
    for (key, _) in s["options"].entries() {
        let namespace = key.split_once('/').map_or(key.as_str(), |(n, _)| n).to_lowercase();
        let of = |domain: &str| {
            namespace.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if of("kubernetes.io") || of("k8s.io") {
            e.at("options", |e| {
                e.key(key, |e| {
                    e.invalid_text(key, "kubernetes.io and k8s.io namespaces are reserved");
                });
            });
        }
    }
}

fn azure_disk(s: &Value, e: &mut Errors) {
    e.one_of_if_set(s, "cachingMode", &["None", "ReadOnly", "ReadWrite"]);
    e.one_of_if_set(s, "kind", &["Dedicated", "Managed", "Shared"]);
    let uri = &s["diskURI"];
    let (start, form) = match s["kind"].as_str() {
        None => return,
        Some("Managed") => (
            "/subscriptions/",
            "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
        ),
        Some(_) => {
            ("https://", "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd")
        }
    };
    if !uri.text().starts_with(start) {
        e.at("diskURI", |e| e.not_supported(&uri.text().into(), &[form]));
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

#[cfg(test)]
mod tests {
    use super::is_iscsi_name;

    #[test]
    fn names_of_iscsi_nodes() {
        let table = [
            ("iqn.2001-04.com.example:storage.kube.sys1.xyz", true),
            ("iqn.2001-04.com.example:a:b", true),
            ("iqn.2001-04.com.example", false),
            ("iqn.201-04.com.example:a", false),
            ("iqn.2001-04.com.example:a,b", false),
            ("iqn.2001-04.com_example:a", false),
            ("eui.0123456789ABCDEF", true),
            ("eui.0123456789ABCDE", false),
            ("naa.0123456789ABCDEF0123456789ABCDEF", true),
            ("naa.0123456789ABCDEF", false),
            ("iqn", false),
            ("abc", false),
            ("", false),
        ];
        for (name, want) in table {
            assert_eq!(is_iscsi_name(name), want, "{name}");
        }
    }
}
