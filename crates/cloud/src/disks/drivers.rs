//! The storage drivers the simulator knows: what each can do, and how long its work takes.
//!
//! Owns: one row per driver, and which old in-tree name each stands in for. The facts are those of the drivers' own
//! documentation; spans of time are estimates. Models `staging/src/k8s.io/csi-translation-lib` for the names.

use clock::Millis;
use objects::Str;
use objects::quantity::{Format, Quantity};

/// What a driver's volumes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A disk that is attached to one node at a time.
    Block,
    /// A file share that any number of nodes write.
    Shared,
    /// A directory of the node that was chosen.
    Local,
}

/// One driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Driver {
    pub name: &'static str,
    /// The provisioner's name from before CSI, or `""`.
    pub in_tree: &'static str,
    pub kind: Kind,
    /// Volumes one node can have attached.
    pub limit: i64,
    pub snapshots: bool,
    pub expands: bool,
    /// Makes volumes for one pod too.
    pub ephemeral: bool,
    /// Makes volumes that outlive pods.
    pub persistent: bool,
    /// Sizes are rounded up to this many bytes.
    pub unit_bytes: i64,
}

const GI: i64 = 1 << 30;

const fn shared(name: &'static str, in_tree: &'static str) -> Driver {
    Driver {
        name,
        in_tree,
        kind: Kind::Shared,
        limit: 0,
        snapshots: false,
        expands: true,
        ephemeral: false,
        persistent: true,
        unit_bytes: 1,
    }
}

const fn block(name: &'static str, in_tree: &'static str, limit: i64) -> Driver {
    Driver { kind: Kind::Block, limit, snapshots: true, unit_bytes: GI, ..shared(name, in_tree) }
}

const fn local(name: &'static str) -> Driver {
    Driver { kind: Kind::Local, expands: false, ..shared(name, "") }
}

/// A share that a pod can also have for itself alone.
const fn both(driver: Driver) -> Driver {
    Driver { ephemeral: true, ..driver }
}

const ALL: [Driver; 21] = [
    block("ebs.csi.aws.com", "kubernetes.io/aws-ebs", 25),
    block("pd.csi.storage.gke.io", "kubernetes.io/gce-pd", 15),
    block("disk.csi.azure.com", "kubernetes.io/azure-disk", 16),
    block("cinder.csi.openstack.org", "kubernetes.io/cinder", 256),
    block("csi.vsphere.vmware.com", "kubernetes.io/vsphere-volume", 59),
    block("dobs.csi.digitalocean.com", "", 7),
    block("csi.hetzner.cloud", "", 16),
    block("linodebs.csi.linode.com", "", 7),
    block("driver.longhorn.io", "", 256),
    block("rook-ceph.rbd.csi.ceph.com", "", 256),
    both(Driver { unit_bytes: 1, ..block("hostpath.csi.k8s.io", "", 256) }),
    // The one that the documentation's example of a volume for one pod names.
    both(Driver { persistent: false, ..shared("inline.storage.kubernetes.io", "") }),
    both(shared("file.csi.azure.com", "kubernetes.io/azure-file")),
    shared("efs.csi.aws.com", ""),
    shared("filestore.csi.storage.gke.io", ""),
    both(shared("nfs.csi.k8s.io", "")),
    both(shared("smb.csi.k8s.io", "")),
    shared("rook-ceph.cephfs.csi.ceph.com", ""),
    local("rancher.io/local-path"),
    local("k8s.io/minikube-hostpath"),
    local("docker.io/hostpath"),
];

/// From the wish to the disk.
pub(super) const CREATE_MS: Millis = 2_500;
/// A directory on a node takes a helper pod, or next to nothing.
pub(super) const CREATE_LOCAL_MS: Millis = 1_500;
pub(super) const DELETE_MS: Millis = 1_000;
pub(super) const ATTACH_MS: Millis = 2_000;
pub(super) const DETACH_MS: Millis = 2_000;
pub(super) const RESIZE_MS: Millis = 1_500;
pub(super) const SNAPSHOT_MS: Millis = 3_000;
/// The back-off of what failed doubles from the first to the second.
pub(super) const RETRY_MS: Millis = 1_000;
pub(super) const RETRY_MAX_MS: Millis = 300_000;

/// The driver of this name, or the one that took over from the in-tree plugin of this name.
#[must_use]
pub fn of(name: &str) -> Option<&'static Driver> {
    static TABLE: [Driver; 21] = ALL;
    TABLE.iter().find(|d| d.name == name || (!name.is_empty() && d.in_tree == name))
}

impl Driver {
    /// Whether it is a CSI driver, with objects of its own in the cluster.
    #[must_use]
    pub fn is_csi(&self) -> bool {
        self.kind != Kind::Local
    }

    /// The name as finalizers and annotations spell it.
    pub(super) fn dashed(&self) -> String {
        self.name.replace(['.', '/'], "-")
    }

    /// The capacity of a volume that was asked for with this size.
    pub(super) fn capacity(&self, asked: &Quantity) -> Str {
        if self.unit_bytes <= 1 {
            return asked.canonical().into();
        }
        let bytes = asked.value().saturating_add(self.unit_bytes - 1) / self.unit_bytes * self.unit_bytes;
        Quantity::from_units(bytes, Format::Binary).canonical().into()
    }

    /// What a volume handle looks like. Equal uids give equal handles.
    pub(super) fn handle(&self, uid: &str, zone: &str) -> String {
        let zone = if zone.is_empty() { "zone-a" } else { zone };
        match self.name {
            "ebs.csi.aws.com" => {
                let hex: String = uid.chars().filter(char::is_ascii_hexdigit).take(16).collect();
                format!("vol-0{hex}")
            }
            "pd.csi.storage.gke.io" => format!("projects/playground/zones/{zone}/disks/pvc-{uid}"),
            "disk.csi.azure.com" => {
                format!(
                    "/subscriptions/playground/resourceGroups/playground/providers/Microsoft.Compute/disks/pvc-{uid}"
                )
            }
            _ => format!("pvc-{uid}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_old_and_new() {
        let table = [
            ("ebs.csi.aws.com", Some("ebs.csi.aws.com")),
            ("kubernetes.io/aws-ebs", Some("ebs.csi.aws.com")),
            ("kubernetes.io/gce-pd", Some("pd.csi.storage.gke.io")),
            ("kubernetes.io/glusterfs", None),
            ("kubernetes.io/no-provisioner", None),
            ("", None),
        ];
        for (name, want) in table {
            assert_eq!(of(name).map(|d| d.name), want, "{name}");
        }
    }

    #[test]
    fn equal_uids_give_equal_handles() {
        for driver in ALL {
            let a = driver.handle("8f14e45f-ceea-467a-9d3b-1234567890ab", "z");
            assert_eq!(a, driver.handle("8f14e45f-ceea-467a-9d3b-1234567890ab", "z"));
            assert_ne!(a, driver.handle("9f14e45f-ceea-467a-9d3b-1234567890ab", "z"), "{}", driver.name);
        }
    }
}
