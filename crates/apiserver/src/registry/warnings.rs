//! Warnings of what is accepted and does not work, or soon won't: storage of old in volumes.
//!
//! Models GetWarningsForPod (its volumes), GetWarningsForPersistentVolume and GetWarningsForPersistentVolumeClaim in
//! `pkg/api`. Not modelled: the other warnings of pods.

use objects::Value;
use objects::resources::Resource;

/// Source, since when it is deprecated and since when it does nothing.
const VOLUMES: [(&str, &str, &str); 8] = [
    ("photonPersistentDisk", "v1.11", "non-functional in v1.16+"),
    ("gitRepo", "v1.11", "and disabled by default in v1.33+"),
    ("scaleIO", "v1.16", "non-functional in v1.22+"),
    ("flocker", "v1.22", "non-functional in v1.25+"),
    ("quobyte", "v1.22", "non-functional in v1.25+"),
    ("glusterfs", "v1.25", "non-functional in v1.26+"),
    ("cephfs", "v1.28", "non-functional in v1.31+"),
    ("rbd", "v1.28", "non-functional in v1.31+"),
];
const STORAGEOS: &str = "deprecated in v1.22, non-functional in v1.25+";
const NOTES: [(&str, &str); 2] = [
    (
        "volume.beta.kubernetes.io/storage-class",
        "deprecated since v1.8; use \"storageClassName\" attribute instead",
    ),
    (
        "volume.beta.kubernetes.io/mount-options",
        "deprecated since v1.31; use \"mountOptions\" attribute instead",
    ),
];

fn source(spec: &Value, at: &str, out: &mut Vec<String>) {
    for (name, since, rest) in VOLUMES {
        if !spec[name].is_null() {
            out.push(format!("{at}.{name}: deprecated in {since}, {rest}"));
        }
    }
    if !spec["storageos"].is_null() {
        out.push(format!("{at}.storageOS: {STORAGEOS}"));
    }
}

/// What the maker of `object` should know.
pub(crate) fn of(resource: &Resource, object: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let at = match resource.id.as_str() {
        "persistentvolumes" | "persistentvolumeclaims" => {
            let most = if resource.kind == "PersistentVolume" { 2 } else { 1 };
            for (key, text) in &NOTES[..most] {
                if !object.annotations()[*key].is_null() {
                    out.push(format!("metadata.annotations[{key}]: {text}"));
                }
            }
            if object["spec"]["persistentVolumeReclaimPolicy"] == "Recycle" {
                out.push("spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.".into());
            }
            source(&object["spec"], "spec", &mut out);
            return out;
        }
        "pods" => "spec",
        "cronjobs.batch" => "spec.jobTemplate.spec.template.spec",
        "podtemplates" => "template.spec",
        "deployments.apps"
        | "replicasets.apps"
        | "statefulsets.apps"
        | "daemonsets.apps"
        | "jobs.batch"
        | "replicationcontrollers" => "spec.template.spec",
        _ => return out,
    };
    let path: Vec<&str> = at.split('.').collect();
    for (i, volume) in object.at(&path)["volumes"].items().iter().enumerate() {
        source(volume, &format!("{at}.volumes[{i}]"), &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use objects::resources::{DEPLOYMENTS, PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS};
    use objects::value;

    use super::*;

    #[test]
    fn storage_of_old() {
        let pod = value!({"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "cephfs": {}}]});
        let table = [
            (
                PODS,
                value!({"spec": (pod.clone())}),
                "spec.volumes[1].cephfs: deprecated in v1.28, non-functional in v1.31+",
            ),
            (
                DEPLOYMENTS,
                value!({"spec": {"template": {"spec": (pod)}}}),
                "spec.template.spec.volumes[1].cephfs: deprecated in v1.28, non-functional in v1.31+",
            ),
            (
                PERSISTENTVOLUMES,
                value!({"spec": {"storageos": {}}}),
                "spec.storageOS: deprecated in v1.22, non-functional in v1.25+",
            ),
            (
                PERSISTENTVOLUMECLAIMS,
                value!({"metadata": {"annotations": {"volume.beta.kubernetes.io/storage-class": "x"}}}),
                "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use \"storageClassName\" attribute instead",
            ),
            (PERSISTENTVOLUMECLAIMS, value!({"spec": {}}), ""),
        ];
        for (resource, object, want) in table {
            assert_eq!(of(resource, &object).join("\n"), want);
        }
    }
}
