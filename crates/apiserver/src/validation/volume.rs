//! Volumes of a pod.
//!
//! Models ValidateVolumes and validateVolumeSource, in the order in which upstream looks at sources. Does not own: the
//! sources that PersistentVolumes have too (volume_source.rs), mounts (volume_mount.rs).

use ordered::{BTreeMap, BTreeSet};

use objects::quantity::Quantity;
use objects::{Value, names};

use super::volume_source::{self, Holder, driver_name, required, secret_ref};
use super::{Errors, container, labels, object_meta, persistent_volume_claim, signer_name};

const MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";
const DUPLICATE_PATHS: &str = "conflicting duplicate paths";

/// In upstream's order: what comes second is one too many.
const SOURCES: [&str; 30] = [
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

/// Checks the volumes of a pod, whose name is `""` in a template, and returns the good ones by name.
pub(super) fn validate<'a>(spec: &'a Value, pod: &str, e: &mut Errors) -> BTreeMap<&'a str, &'a Value> {
    let mut good = BTreeMap::new();
    let all = spec["volumes"].items();
    if all.is_empty() {
        return good;
    }
    let made = |claim: &str| {
        let mut own = all.iter().filter(|v| !v["ephemeral"].is_null());
        !pod.is_empty() && own.any(|v| claim == format!("{pod}-{}", v["name"].text()))
    };
    e.at("volumes", |e| {
        for (i, v) in all.iter().enumerate() {
            let before = e.len();
            e.index(i, |e| {
                source(v, pod, e);
                e.at("name", |e| match v["name"].text() {
                    "" => e.required(""),
                    name => e.complaints(&v["name"], names::dns1123_label(name)),
                });
                if good.contains_key(v["name"].text()) {
                    e.at("name", |e| e.duplicate(&v["name"]));
                }
            });
            if e.len() == before {
                good.insert(v["name"].text(), v);
            }
            let claim = &v["persistentVolumeClaim"]["claimName"];
            if !claim.is_null() && made(claim.text()) {
                e.index(i, |e| {
                    e.at("persistentVolumeClaim.claimName", |e| {
                        e.invalid(
                            claim,
                            "must not reference a PVC that gets created for an ephemeral volume",
                        );
                    });
                });
            }
        }
    });
    good
}

fn source(v: &Value, pod: &str, e: &mut Errors) {
    let mut found = false;
    for kind in SOURCES {
        let Some(s) = v.find(kind).filter(|s| !s.is_null()) else { continue };
        if std::mem::replace(&mut found, true) {
            // Two of them are spelt otherwise here.
            let at = match kind {
                "cephfs" => "cephFS",
                "downwardAPI" => "downwarAPI",
                other => other,
            };
            e.at(at, |e| e.forbidden("may not specify more than 1 volume type"));
        } else {
            e.at(volume_source::shown(kind), |e| of_kind(kind, s, e));
            if kind == "ephemeral" && !pod.is_empty() && !v["name"].text().is_empty() {
                let claim = format!("{pod}-{}", v["name"].text());
                let complaints = names::dns1123_subdomain(&claim).into_iter();
                let complaints = complaints.map(|c| format!("PVC name \"{claim}\": {c}")).collect();
                e.at("name", |e| e.complaints(&v["name"], complaints));
            }
        }
        if kind == "iscsi" && !s["initiatorName"].is_null() {
            let name = &v["name"];
            if name.text().len() + 1 + s["targetPortal"].text().len() > 64 {
                e.at("name", |e| e.invalid(name, volume_source::INITIATOR_TOO_LONG));
            }
        }
    }
    if !found {
        e.required("must specify a volume type");
    }
}

fn of_kind(kind: &str, s: &Value, e: &mut Errors) {
    match kind {
        "emptyDir" => {
            if Quantity::of(&s["sizeLimit"]).is_negative() {
                e.at("sizeLimit", |e| e.forbidden("SizeLimit field must be a valid resource quantity"));
            }
        }
        "secret" | "configMap" => {
            required(s, if kind == "secret" { "secretName" } else { "name" }, e);
            mode(s, "defaultMode", e);
            items(s, e);
        }
        "persistentVolumeClaim" => required(s, "claimName", e),
        "csi" => {
            e.at("driver", |e| driver_name(&s["driver"], e));
            let secret = &s["nodePublishSecretRef"];
            if !secret.is_null() {
                secret_ref(s, "nodePublishSecretRef", &["name"], e);
                e.rule(secret, "name", names::dns1123_subdomain);
            }
        }
        "downwardAPI" => {
            mode(s, "defaultMode", e);
            s["items"].items().iter().for_each(|item| downward_file(item, e));
        }
        "ephemeral" => {
            let template = &s["volumeClaimTemplate"];
            e.at("volumeClaimTemplate", |e| match template.is_null() {
                true => e.required(""),
                false => {
                    e.at("metadata", |e| template_meta(template.meta(), e));
                    e.at("spec", |e| persistent_volume_claim::spec(&template["spec"], e));
                }
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
        _ => volume_source::check(kind, s, Holder::Pod, e),
    }
}

/// The metadata of a template for claims: labels and annotations, and nothing else.
fn template_meta(meta: &Value, e: &mut Errors) {
    e.at("annotations", |e| object_meta::annotations(&meta["annotations"], e));
    e.at("labels", |e| labels::labels(&meta["labels"], e));
    for (key, value) in meta.entries() {
        if !matches!(key.as_str(), "annotations" | "labels") && !value.is_zero() {
            e.at(key, |e| e.forbidden("cannot be set"));
        }
    }
}

fn mode(s: &Value, key: &str, e: &mut Errors) {
    if let Some(m) = s[key].as_int()
        && !(0..=0o777).contains(&m)
    {
        e.at(key, |e| e.invalid(&m.into(), MODE));
    }
}

/// A path below the volume that the kubelet does not need for itself.
fn file_path(path: &Value, e: &mut Errors) {
    container::descending_path(path, e);
    if path.text().starts_with("..") && !path.text().starts_with("../") {
        e.invalid(path, "must not start with '..'");
    }
}

fn items(s: &Value, e: &mut Errors) {
    e.each(s, "items", |e, _, item| {
        required(item, "key", e);
        required(item, "path", e);
        e.at("path", |e| file_path(&item["path"], e));
        mode(item, "mode", e);
    });
}

/// What a file of the pod's own fields is made from. Errors stand at the volume, not at the item.
fn downward_file(item: &Value, e: &mut Errors) {
    required(item, "path", e);
    e.at("path", |e| file_path(&item["path"], e));
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
        (true, false) => e.at("resourceFieldRef", |e| container::resource_ref(resource, true, e)),
        (true, true) => e.required("one of fieldRef and resourceFieldRef is required"),
    }
    mode(item, "mode", e);
}

const DOWNWARD_FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

const KEY_TYPES: [&str; 6] = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];

fn projected(s: &Value, e: &mut Errors) {
    mode(s, "defaultMode", e);
    let mut paths: BTreeSet<String> = BTreeSet::new();
    // A path that another source has too; `shown` is what the error names.
    let mut taken = |path: &str, shown: &str, e: &mut Errors| {
        if !paths.insert(path.to_owned()) {
            e.invalid_text(shown, DUPLICATE_PATHS);
        }
    };
    for (i, source) in s["sources"].items().iter().enumerate() {
        let at = |kind: &str| format!("sources[{i}].{kind}");
        for kind in ["secret", "configMap"] {
            let Some(p) = source.find(kind) else { continue };
            e.at(&at(kind), |e| required(p, "name", e));
            for (j, item) in p["items"].items().iter().enumerate() {
                e.at(&format!("{}.items[{j}]", at(kind)), |e| {
                    required(item, "key", e);
                    required(item, "path", e);
                    e.at("path", |e| file_path(&item["path"], e));
                    mode(item, "mode", e);
                });
                if !item["path"].text().is_empty() {
                    taken(item["path"].text(), p["name"].text(), e);
                }
            }
        }
        for item in source["downwardAPI"]["items"].items() {
            e.at(&at("downwardAPI"), |e| downward_file(item, e));
            let path = item["path"].text();
            if !path.is_empty() {
                taken(path, path, e);
            }
        }
        if let Some(token) = source.find("serviceAccountToken") {
            let seconds = &token["expirationSeconds"];
            let why = match seconds.int() {
                ..600 => "may not specify a duration less than 10 minutes",
                0x1_0000_0001.. => "may not specify a duration larger than 2^32 seconds",
                _ => "",
            };
            if !why.is_empty() {
                e.at(&format!("{}.expirationSeconds", at("serviceAccountToken")), |e| {
                    e.invalid(seconds, why)
                });
            }
            e.at("path", |e| match token["path"].text() {
                "" => e.required(""),
                _ => file_path(&token["path"], e),
            });
        }
        if let Some(bundle) = source.find("clusterTrustBundle") {
            e.at(&at("clusterTrustBundle"), |e| trust_bundle(bundle, e));
            taken(bundle["path"].text(), bundle["path"].text(), e);
        }
        if let Some(certificate) = source.find("podCertificate") {
            e.at(&at("podCertificate"), |e| pod_certificate(certificate, e));
            for key in ["credentialBundlePath", "keyPath", "certificateChainPath"] {
                let path = certificate[key].text();
                if !path.is_empty() {
                    taken(path, path, e);
                }
            }
        }
        if source.entries().len() > 1 {
            e.at(&format!("sources[{i}]"), |e| {
                e.forbidden("may not specify more than 1 volume type per source");
            });
        }
    }
}

fn trust_bundle(s: &Value, e: &mut Errors) {
    match (s.find("name"), s.find("signerName")) {
        (Some(_), Some(_)) => e.invalid(s, "only one of name and signerName may be used"),
        (Some(name), None) => {
            if name.text().is_empty() {
                e.at("name", |e| e.required("must be a valid object name"));
            }
            let wrong = signer_name::bundle(name.text()).into_iter();
            let wrong = wrong.map(|why| format!("not a valid clustertrustbundlename: {why}")).collect();
            e.at("name", |e| e.complaints(name, wrong));
            if !s["labelSelector"].is_null() {
                e.at("labelSelector", |e| {
                    e.invalid(&s["labelSelector"], "labelSelector must be unset if name is specified");
                });
            }
        }
        (None, Some(signer)) => {
            if signer.text().is_empty() {
                e.at("signerName", |e| e.required("must be a valid signer name"));
            }
            e.at("signerName", |e| signer_name::validate(signer, e));
            e.at("labelSelector", |e| labels::selector(&s["labelSelector"], e));
        }
        (None, None) => e.required("either name or signerName must be specified"),
    }
    required(s, "path", e);
    e.at("path", |e| file_path(&s["path"], e));
}

fn pod_certificate(s: &Value, e: &mut Errors) {
    e.at("signerName", |e| signer_name::validate(&s["signerName"], e));
    e.at("userAnnotations", |e| {
        for (key, _) in s["userAnnotations"].entries() {
            let key = Value::from(key.to_lowercase());
            let wrong = names::qualified_name(key.text());
            if wrong.is_empty() && !key.text().contains('/') {
                e.invalid(&key, "must be a domain-prefixed key (such as \"acme.io/foo\")");
            }
            e.complaints(&key, wrong);
        }
    });
    let kind = &s["keyType"];
    if !KEY_TYPES.contains(&kind.text()) {
        e.at("keyType", |e| e.not_supported(&kind.text().into(), &KEY_TYPES));
    }
    let host = s["signerName"].text().split('/').next().unwrap_or_default();
    let most = if host == "kubernetes.io" || host.ends_with(".kubernetes.io") { 86_400 } else { 91 * 86_400 };
    if let Some(seconds) = s["maxExpirationSeconds"].as_int() {
        e.at("maxExpirationSeconds", |e| {
            if seconds < 3600 {
                e.invalid(&seconds.into(), "if provided, maxExpirationSeconds must be >= 3600");
            }
            if seconds > most {
                e.invalid(&seconds.into(), &format!("if provided, maxExpirationSeconds must be <= {most}"));
            }
        });
    }
    let mut any = false;
    for key in ["credentialBundlePath", "keyPath", "certificateChainPath"] {
        if !s[key].text().is_empty() {
            any = true;
            e.at(key, |e| file_path(&s[key], e));
        }
    }
    if !any {
        e.required("specify at least one of credentialBundlePath, keyPath, and certificateChainPath");
    }
}
