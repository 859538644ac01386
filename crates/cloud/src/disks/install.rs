//! What drivers bring into a cluster: StorageClasses, CSIDriver and CSINode objects, the definitions of snapshots.
//!
//! Models the manifests drivers are installed from, and `pkg/volume/csi/nodeinfomanager` for CSINode.
//! Not modelled: labels of a driver's own for zones; `topology.kubernetes.io/zone` serves all.

use client::{Ctx, PatchType};
use objects::resources::{CSIDRIVERS, CSINODES, CUSTOMRESOURCEDEFINITIONS, STORAGECLASSES};
use objects::{Status, Str, Value, value};

use super::{Disks, Driver, Kind, SNAPSHOT_GROUP, drivers};

const ZONE: &str = "topology.kubernetes.io/zone";

impl Disks {
    pub(super) fn boot(&mut self, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.booted = true;
        for class in self.config.classes.clone() {
            let mode = if class.immediate { "Immediate" } else { "WaitForFirstConsumer" };
            let expands = drivers::of(&class.provisioner).is_some_and(|d| d.expands);
            let mut object = value!({
                "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
                "metadata": {"name": (&class.name)},
                "provisioner": (&class.provisioner), "reclaimPolicy": "Delete", "volumeBindingMode": (mode),
            });
            if class.default {
                object.set_at(
                    &["metadata", "annotations", "storageclass.kubernetes.io/is-default-class"],
                    "true",
                );
            }
            if expands {
                object.set("allowVolumeExpansion", true);
            }
            // Refused only when it is there already.
            let _ = ctx.create(STORAGECLASSES, object);
        }
        for name in self.config.drivers.clone() {
            if let Some(driver) = drivers::of(&name) {
                self.install(driver, ctx);
            }
        }
        if self.config.snapshots {
            for definition in definitions() {
                let _ = ctx.create(CUSTOMRESOURCEDEFINITIONS, definition);
            }
        }
        Ok(())
    }

    pub(super) fn install(&mut self, driver: &'static Driver, ctx: &mut Ctx<'_>) {
        if !self.installed.insert(Str::new_static(driver.name)) || !driver.is_csi() {
            return;
        }
        let block = driver.kind == Kind::Block;
        let policy = if block { "ReadWriteOnceWithFSType" } else { "File" };
        let modes = [(driver.persistent, "Persistent"), (driver.ephemeral, "Ephemeral")];
        let modes: Value = modes.iter().filter(|m| m.0).map(|m| Value::from(m.1)).collect();
        // Refused when a person has installed it by writing this object.
        let _ = ctx.create(
            CSIDRIVERS,
            value!({
                "apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": (driver.name)},
                "spec": {
                    "attachRequired": (block), "podInfoOnMount": (driver.ephemeral), "fsGroupPolicy": (policy),
                    "volumeLifecycleModes": (modes),
                },
            }),
        );
        let _ = self.tell_nodes(ctx);
    }

    /// Registers every installed driver on every node.
    pub(super) fn tell_nodes(&mut self, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let names: Vec<&'static Driver> =
            self.installed.iter().filter_map(|n| drivers::of(n)).filter(|d| d.is_csi()).collect();
        if names.is_empty() {
            return Ok(());
        }
        for (name, node) in self.nodes.iter() {
            let keys: Value = if node.labels().find(ZONE).is_some() { value!([(ZONE)]) } else { Value::Null };
            let list: Value = names
                .iter()
                .map(|d| {
                    let mut entry =
                        value!({"name": (d.name), "nodeID": (name), "topologyKeys": (keys.clone())});
                    if d.limit > 0 {
                        entry.set_at(&["allocatable", "count"], d.limit);
                    }
                    entry
                })
                .collect();
            let patch = value!({"spec": {"drivers": (list.clone())}});
            if ctx.patch(CSINODES, "", name, "", PatchType::Merge, patch).is_err() {
                let object = value!({
                    "apiVersion": "storage.k8s.io/v1", "kind": "CSINode",
                    "metadata": {
                        "name": (name),
                        "ownerReferences": [
                            {"apiVersion": "v1", "kind": "Node", "name": (name), "uid": (node.uid())}
                        ],
                    },
                    "spec": {"drivers": (list)},
                });
                let _ = ctx.create(CSINODES, object);
            }
        }
        Ok(())
    }
}

/// Name, kind, short names, scope, columns (name, type, path).
type Definition = (&'static str, &'static str, &'static [&'static str], bool, &'static [[&'static str; 3]]);

const DEFINITIONS: [Definition; 3] = [
    (
        "volumesnapshotclasses",
        "VolumeSnapshotClass",
        &["vsclass", "vsclasses"],
        false,
        &[
            ["Driver", "string", ".driver"],
            ["DeletionPolicy", "string", ".deletionPolicy"],
            ["Age", "date", ".metadata.creationTimestamp"],
        ],
    ),
    (
        "volumesnapshotcontents",
        "VolumeSnapshotContent",
        &["vsc", "vscs"],
        false,
        &[
            ["ReadyToUse", "boolean", ".status.readyToUse"],
            ["RestoreSize", "integer", ".status.restoreSize"],
            ["DeletionPolicy", "string", ".spec.deletionPolicy"],
            ["Driver", "string", ".spec.driver"],
            ["VolumeSnapshotClass", "string", ".spec.volumeSnapshotClassName"],
            ["VolumeSnapshot", "string", ".spec.volumeSnapshotRef.name"],
            ["VolumeSnapshotNamespace", "string", ".spec.volumeSnapshotRef.namespace"],
            ["Age", "date", ".metadata.creationTimestamp"],
        ],
    ),
    (
        "volumesnapshots",
        "VolumeSnapshot",
        &["vs"],
        true,
        &[
            ["ReadyToUse", "boolean", ".status.readyToUse"],
            ["SourcePVC", "string", ".spec.source.persistentVolumeClaimName"],
            ["SourceSnapshotContent", "string", ".spec.source.volumeSnapshotContentName"],
            ["RestoreSize", "string", ".status.restoreSize"],
            ["SnapshotClass", "string", ".spec.volumeSnapshotClassName"],
            ["SnapshotContent", "string", ".status.boundVolumeSnapshotContentName"],
            ["CreationTime", "date", ".status.creationTime"],
            ["Age", "date", ".metadata.creationTimestamp"],
        ],
    ),
];

/// The definitions of the three kinds of snapshots.
fn definitions() -> Vec<Value> {
    let one = |(plural, kind, short, namespaced, columns): &Definition| {
        let short: Value = short.iter().map(|s| Value::from(*s)).collect();
        let columns: Value = columns
            .iter()
            .map(|[name, kind, path]| value!({"name": (*name), "type": (*kind), "jsonPath": (*path)}))
            .collect();
        let mut schema = value!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        match *plural {
            "volumesnapshots" => {
                schema.set("required", value!(["spec"]));
                schema.set(
                    "properties",
                    value!({
                        "spec": {
                            "type": "object", "required": ["source"],
                            "x-kubernetes-preserve-unknown-fields": true,
                            "properties": {
                                "source": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                                "volumeSnapshotClassName": {"type": "string"},
                            },
                        },
                    }),
                );
            }
            "volumesnapshotclasses" => {
                schema.set("required", value!(["deletionPolicy", "driver"]));
                schema.set(
                    "properties",
                    value!({
                        "deletionPolicy": {"type": "string", "enum": ["Delete", "Retain"]},
                        "driver": {"type": "string"},
                    }),
                );
            }
            _ => {}
        }
        let mut version = value!({
            "name": "v1", "served": true, "storage": true,
            "schema": {"openAPIV3Schema": (schema)}, "additionalPrinterColumns": (columns),
        });
        if *plural != "volumesnapshotclasses" {
            version.set("subresources", value!({"status": {}}));
        }
        let singular = plural.strip_suffix("es").filter(|_| plural.ends_with("classes"));
        value!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {
                "name": (format!("{plural}.{SNAPSHOT_GROUP}")),
                "annotations": {
                    "api-approved.kubernetes.io": "https://github.com/kubernetes-csi/external-snapshotter/pull/1337"
                },
            },
            "spec": {
                "group": (SNAPSHOT_GROUP), "scope": (if *namespaced { "Namespaced" } else { "Cluster" }),
                "names": {
                    "plural": (*plural), "kind": (*kind), "listKind": (format!("{kind}List")),
                    "singular": (singular.unwrap_or(plural.trim_end_matches('s'))), "shortNames": (short),
                },
                "versions": [(version)],
            },
        })
    };
    DEFINITIONS.iter().map(one).collect()
}
