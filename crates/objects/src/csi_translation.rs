//! Old names of storage: which CSI driver took over from an in-tree plugin, and what its volumes are called there.
//!
//! Owns: PersistentVolume sources and provisioners of plugins that were moved out of the tree; which sources no plugin
//! serves any more. Models `staging/src/k8s.io/csi-translation-lib`.
//! Not modelled: attributes and secrets of the translated source, zones in labels.

use crate::Value;

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
        let handle = if id.contains('/') { id.to_owned() } else { format!("{before}{id}") };
        Some(Disk { driver: (*driver).into(), handle })
    })
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
                Some("kubernetes.io/csi/ebs.csi.aws.com^aws://zone/vol-1"),
            ),
            (value!({"hostPath": {"path": "/x"}}), None),
            (value!({"cephfs": {"monitors": ["a"]}}), None),
        ];
        for (spec, want) in table {
            assert_eq!(disk(&spec).map(|d| unique_name(&d)).as_deref(), want, "{spec:?}");
        }
    }
}
