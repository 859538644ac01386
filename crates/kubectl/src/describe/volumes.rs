//! Volumes of a pod or template, and sources of persistent volumes.
//!
//! Not modelled: fields of sources that no simulated cluster has (cloud disks and network storage beyond NFS show
//! their type and their fields by name).

use objects::Value;

use super::Page;
use super::page::{amount, plain, storage_class, text_or};

pub(super) fn describe(p: &mut Page, volumes: &Value, space: &str) {
    if volumes.items().is_empty() {
        p.line(0, &[space, "Volumes:\t<none>"]);
        return;
    }
    p.line(0, &[space, "Volumes:"]);
    for v in volumes.items() {
        p.line(1, &[if space.is_empty() { "" } else { " " }, v["name"].text(), ":"]);
        source(p, v);
    }
}

/// The one source that is set.
pub(super) fn source(p: &mut Page, v: &Value) {
    let optional = |s: &Value| s["optional"].is_true().to_string();
    let Some((key, s)) = v.entries().iter().find(|(k, x)| *k != "name" && x.as_map().is_some()) else {
        p.line(1, &["<unknown>"]);
        return;
    };
    let kind = |p: &mut Page, text: &str| p.at(2, "Type", text);
    match key.as_str() {
        "hostPath" => {
            kind(p, "HostPath (bare host directory volume)");
            p.at(2, "Path", s["path"].text());
            p.at(2, "HostPathType", s["type"].as_str().unwrap_or("<none>"));
        }
        "emptyDir" => {
            kind(p, "EmptyDir (a temporary directory that shares a pod's lifetime)");
            p.at(2, "Medium", s["medium"].text());
            let limit = if s["sizeLimit"].is_null() { "<unset>".into() } else { amount(&s["sizeLimit"]) };
            p.at(2, "SizeLimit", &limit);
        }
        "secret" => {
            kind(p, "Secret (a volume populated by a Secret)");
            p.at(2, "SecretName", s["secretName"].text());
            p.at(2, "Optional", &optional(s));
        }
        "configMap" => {
            kind(p, "ConfigMap (a volume populated by a ConfigMap)");
            p.at(2, "Name", s["name"].text());
            p.at(2, "Optional", &optional(s));
        }
        "projected" => {
            kind(p, "Projected (a volume that contains injected data from multiple sources)");
            for part in s["sources"].items() {
                if !part["secret"].is_null() {
                    p.at(2, "SecretName", part["secret"]["name"].text());
                    p.at(2, "Optional", &optional(&part["secret"]));
                } else if !part["downwardAPI"].is_null() {
                    p.at(2, "DownwardAPI", "true");
                } else if !part["configMap"].is_null() {
                    p.at(2, "ConfigMapName", part["configMap"]["name"].text());
                    p.at(2, "Optional", &optional(&part["configMap"]));
                } else if !part["serviceAccountToken"].is_null() {
                    let seconds = part["serviceAccountToken"]["expirationSeconds"].int().to_string();
                    p.at(2, "TokenExpirationSeconds", &seconds);
                }
            }
        }
        "downwardAPI" => {
            kind(p, "DownwardAPI (a volume populated by information about the pod)");
            p.line(2, &["Items:"]);
            for i in s["items"].items() {
                let from = match i["fieldRef"]["fieldPath"].text() {
                    "" => i["resourceFieldRef"]["resource"].text(),
                    f => f,
                };
                p.line(3, &[from, " -> ", i["path"].text()]);
            }
        }
        "persistentVolumeClaim" => {
            kind(p, "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)");
            p.at(2, "ClaimName", s["claimName"].text());
            p.at(2, "ReadOnly", &s["readOnly"].is_true().to_string());
        }
        "ephemeral" => {
            kind(
                p,
                "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)",
            );
            let t = &s["volumeClaimTemplate"];
            p.at(2, "StorageClass", &storage_class(t));
            p.at(2, "Volume", t["spec"]["volumeName"].text());
            p.labels_with("Labels", "    ", t.labels());
            p.put(2, "");
            p.annotations("Annotations", t.annotations());
            p.at(2, "Capacity", "");
            p.at(2, "Access Modes", "");
            p.some(2, "VolumeMode", &t["spec"]["volumeMode"]);
        }
        "nfs" => {
            kind(p, "NFS (an NFS mount that lasts the lifetime of a pod)");
            p.at(2, "Server", s["server"].text());
            p.at(2, "Path", s["path"].text());
            p.at(2, "ReadOnly", &s["readOnly"].is_true().to_string());
        }
        "local" => {
            kind(p, "LocalVolume (a persistent volume backed by local storage on a node)");
            p.at(2, "Path", s["path"].text());
        }
        "csi" => {
            kind(p, "CSI (a Container Storage Interface (CSI) volume source)");
            p.at(2, "Driver", s["driver"].text());
            p.at(2, "FSType", s["fsType"].text());
            if !s["volumeHandle"].is_null() {
                p.at(2, "VolumeHandle", s["volumeHandle"].text());
            }
            p.at(2, "ReadOnly", &s["readOnly"].is_true().to_string());
            let attributes = s["volumeAttributes"].entries();
            p.put(2, "VolumeAttributes:\t");
            if attributes.is_empty() {
                p.put(0, "<none>\n");
            }
            for (i, (k, v)) in attributes.iter().enumerate() {
                p.line(0, &[if i > 0 { "    \t" } else { "    " }, k, "=", v.text()]);
            }
        }
        "image" => {
            kind(p, "Image (a container image or OCI artifact)");
            p.at(2, "Reference", s["reference"].text());
            p.at(2, "PullPolicy", s["pullPolicy"].text());
        }
        other => {
            kind(p, other);
            for (k, v) in s.entries() {
                p.at(2, k, text_or(v, &plain(v)));
            }
        }
    }
}
