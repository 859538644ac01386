//! Old names of storage: which CSI driver took over from an in-tree plugin, and what its volumes are called there.
//!
//! Owns: sources (of PersistentVolumes and of pods) and provisioners of plugins that were moved out of the tree; which
//! sources no plugin serves any more. Models `staging/src/k8s.io/csi-translation-lib`.
//! Not modelled: secrets of the translated source, zones in labels; a file share is named by the share alone.

use crate::{Value, value};

/// A volume as its driver knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    pub driver: String,
    pub handle: String,
}

/// In-tree source, its driver, the field that names the volume, what stands before the name in a handle, the
/// provisioner.
const TRANSLATED: [[&str; 5]; 7] = [
    ["awsElasticBlockStore", "ebs.csi.aws.com", "volumeID", "", "kubernetes.io/aws-ebs"],
    [
        "gcePersistentDisk",
        "pd.csi.storage.gke.io",
        "pdName",
        "projects/UNSPECIFIED/zones/UNSPECIFIED/disks/",
        "kubernetes.io/gce-pd",
    ],
    ["azureDisk", "disk.csi.azure.com", "diskURI", "", "kubernetes.io/azure-disk"],
    ["azureFile", "file.csi.azure.com", "shareName", "", "kubernetes.io/azure-file"],
    ["cinder", "cinder.csi.openstack.org", "volumeID", "", "kubernetes.io/cinder"],
    ["vsphereVolume", "csi.vsphere.vmware.com", "volumePath", "", "kubernetes.io/vsphere-volume"],
    ["portworxVolume", "pxd.portworx.com", "volumeID", "", "kubernetes.io/portworx-volume"],
];

/// Sources the API server still takes and no kubelet can mount.
pub const REMOVED: [&str; 9] = [
    "cephfs",
    "flexVolume",
    "flocker",
    "glusterfs",
    "photonPersistentDisk",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
];

/// The disk that the `spec` of a PersistentVolume, or a pod's volume, names; `None`: it is of no CSI driver.
#[must_use]
pub fn disk(spec: &Value) -> Option<Disk> {
    if let Some(csi) = spec.find("csi") {
        return Some(Disk { driver: csi["driver"].text().into(), handle: csi["volumeHandle"].text().into() });
    }
    TRANSLATED.iter().find_map(|[source, driver, field, before, _]| {
        let id = spec.find(source)?[*field].text();
        // `aws://zone/vol-1` and `aws:///vol-1` are ways to write `vol-1`.
        let id = id.strip_prefix("aws://").and_then(|rest| rest.split_once('/')).map_or(id, |(_, id)| id);
        let handle = if id.contains('/') { id.to_owned() } else { format!("{before}{id}") };
        Some(Disk { driver: (*driver).into(), handle })
    })
}

/// The PersistentVolume that a driver is asked for in place of a pod's volume with an in-tree source: a name that is the
/// disk's, and a spec; `None`: the source is of no such plugin.
#[must_use]
pub fn inline(volume: &Value) -> Option<Value> {
    let [kind, driver, field, _, _] = TRANSLATED.iter().find(|t| volume.find(t[0]).is_some())?;
    let Disk { handle, .. } = disk(volume)?;
    let source = &volume[*kind];
    let partition = source["partition"].int();
    let read_only = source["readOnly"].is_true();
    let many = ["gcePersistentDisk", "portworxVolume"].contains(kind) && read_only;
    let (name, attributes, mode) = match *kind {
        "gcePersistentDisk" => {
            let partition = if partition == 0 { String::new() } else { partition.to_string() };
            (format!("{driver}-{}", source[*field].text()), value!({"partition": (partition)}), "Filesystem")
        }
        "awsElasticBlockStore" => {
            (format!("{driver}-{handle}"), value!({"partition": (partition.to_string())}), "")
        }
        "azureDisk" => (handle.clone(), value!({"kind": "managed"}), ""),
        "azureFile" => (handle.clone(), value!({"shareName": (handle.as_str())}), ""),
        _ => (format!("{driver}-{handle}"), Value::Null, ""),
    };
    let mut csi = value!({"driver": (*driver), "volumeHandle": (handle)});
    if read_only {
        csi.set("readOnly", true);
    }
    for (key, given) in [("fsType", &source["fsType"]), ("volumeAttributes", &attributes)] {
        if !given.is_zero() {
            csi.set(key, given);
        }
    }
    let access = if *kind == "azureFile" {
        "ReadWriteMany"
    } else if many {
        "ReadOnlyMany"
    } else {
        "ReadWriteOnce"
    };
    let mut spec = value!({"accessModes": [(access)], "csi": (csi)});
    if !mode.is_empty() {
        spec.set("volumeMode", mode);
    }
    Some(value!({"metadata": {"name": (name)}, "spec": (spec)}))
}

/// The driver that serves an in-tree provisioner's name.
#[must_use]
pub fn driver_of_provisioner(provisioner: &str) -> Option<&'static str> {
    TRANSLATED.iter().find(|t| t[4] == provisioner).map(|t| t[1])
}

/// The in-tree plugin whose source a PersistentVolume's spec has, if it was moved to a driver.
#[must_use]
pub fn in_tree_plugin(spec: &Value) -> Option<&'static str> {
    TRANSLATED.iter().find(|t| spec.find(t[0]).is_some()).map(|t| t[4])
}

/// Whether several nodes may have a volume at once, by the access modes of its PersistentVolume.
#[must_use]
pub fn may_multi_attach(volume: &Value) -> bool {
    let modes = volume["spec"]["accessModes"].items();
    modes.is_empty() || modes.iter().any(|m| matches!(m.text(), "ReadWriteMany" | "ReadOnlyMany"))
}

/// What an attached volume is called in a node's status.
#[must_use]
pub fn unique_name(disk: &Disk) -> String {
    format!("kubernetes.io/csi/{}^{}", disk.driver, disk.handle)
}

/// What a volume is called in a node's status whose plugin has nothing to do to attach it (iSCSI, Fibre Channel).
#[must_use]
pub fn attached_by_word(spec: &Value) -> Option<String> {
    if let Some(s) = spec.find("iscsi") {
        let (portal, iqn) = (s["targetPortal"].text(), s["iqn"].text());
        return Some(format!("kubernetes.io/iscsi/{portal}:{iqn}:{}", s["lun"].int()));
    }
    let source = spec.find("fc")?;
    let all = |list: &str| {
        let names: Vec<&str> = source[list].items().iter().map(Value::text).collect();
        format!("[{}]", names.join(" "))
    };
    Some(match source["lun"].as_int() {
        Some(lun) if !source["targetWWNs"].items().is_empty() => {
            format!("kubernetes.io/fc/{}:{lun}", all("targetWWNs"))
        }
        _ => format!("kubernetes.io/fc/{}", all("wwids")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn sources_old_and_new() {
        let table = [
            (value!({"csi": {"driver": "d", "volumeHandle": "h"}}), Some("kubernetes.io/csi/d^h")),
            (
                value!({"gcePersistentDisk": {"pdName": "my-disk"}}),
                Some(
                    "kubernetes.io/csi/pd.csi.storage.gke.io^projects/UNSPECIFIED/zones/UNSPECIFIED/disks/my-disk",
                ),
            ),
            (
                value!({"awsElasticBlockStore": {"volumeID": "aws://zone/vol-1"}}),
                Some("kubernetes.io/csi/ebs.csi.aws.com^vol-1"),
            ),
            (
                value!({"awsElasticBlockStore": {"volumeID": "vol-1"}}),
                Some("kubernetes.io/csi/ebs.csi.aws.com^vol-1"),
            ),
            (value!({"hostPath": {"path": "/x"}}), None),
            (value!({"cephfs": {"monitors": ["a"]}}), None),
        ];
        for (spec, want) in table {
            assert_eq!(disk(&spec).map(|d| unique_name(&d)).as_deref(), want, "{spec:?}");
        }
    }

    #[test]
    fn volumes_attached_by_word() {
        let table = [
            (
                value!({"iscsi": {"targetPortal": "10.0.2.15", "iqn": "iqn.2001-04.com.example:a", "lun": 2}}),
                Some("kubernetes.io/iscsi/10.0.2.15:iqn.2001-04.com.example:a:2"),
            ),
            (value!({"fc": {"targetWWNs": ["a", "b"], "lun": 0}}), Some("kubernetes.io/fc/[a b]:0")),
            (value!({"fc": {"wwids": ["w"]}}), Some("kubernetes.io/fc/[w]")),
            (value!({"nfs": {"server": "s", "path": "/"}}), None),
        ];
        for (spec, want) in table {
            assert_eq!(attached_by_word(&spec).as_deref(), want, "{spec:?}");
        }
    }

    #[test]
    fn disks_that_pods_name_themselves() {
        let table = [
            (
                value!({"gcePersistentDisk": {"pdName": "d", "fsType": "ext4"}}),
                "pd.csi.storage.gke.io-d",
                "ReadWriteOnce",
            ),
            (
                value!({"gcePersistentDisk": {"pdName": "d", "readOnly": true}}),
                "pd.csi.storage.gke.io-d",
                "ReadOnlyMany",
            ),
            (
                value!({"awsElasticBlockStore": {"volumeID": "aws:///vol-1"}}),
                "ebs.csi.aws.com-vol-1",
                "ReadWriteOnce",
            ),
            (value!({"azureFile": {"secretName": "s", "shareName": "h"}}), "h", "ReadWriteMany"),
        ];
        for (volume, name, mode) in table {
            let pv = inline(&volume).unwrap_or_default();
            assert_eq!((pv.name(), pv["spec"]["accessModes"][0].text()), (name, mode), "{volume:?}");
            assert_eq!(disk(&pv["spec"]), disk(&volume));
        }
        assert_eq!(inline(&value!({"emptyDir": {}})), None);
        assert_eq!(inline(&value!({"csi": {"driver": "d"}})), None);
    }
}
