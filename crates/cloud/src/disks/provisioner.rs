//! The external provisioner: a volume for a claim that asks its class for one, and its end when the claim is gone.
//!
//! Models `kubernetes-csi/external-provisioner` and `sig-storage-lib-external-provisioner`, and for directories on a
//! node `rancher/local-path-provisioner`. Not modelled: its helper pods, leader election.

use client::{Ctx, EventType};
use objects::quantity::Quantity;
use objects::resources::PERSISTENTVOLUMES;
use objects::{Reason, Status, Str, Value, value};

use super::{Disks, Driver, Kind, Order, Progress, class_of, disk_name, drivers, in_tree, let_go};

const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
const BETA_PROVISIONER: &str = "volume.beta.kubernetes.io/storage-provisioner";
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
const MIGRATED_TO: &str = "pv.kubernetes.io/migrated-to";
const FINALIZER: &str = "external-provisioner.volume.kubernetes.io/finalizer";
const ZONE: &str = "topology.kubernetes.io/zone";

/// Where the files of a new volume come from.
struct Source {
    disk: String,
    bytes: i64,
}

impl Disks {
    #[inline(never)]
    pub(super) fn provision(&mut self, key: &str, claim_key: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(claim) = self.claims.get(claim_key).cloned() else {
            self.under_way.remove(key);
            return Ok(());
        };
        if !claim["spec"]["volumeName"].is_zero() || claim.is_terminating() {
            self.under_way.remove(key);
            return Ok(());
        }
        let notes = claim.annotations();
        let wanted = notes.find(PROVISIONER).or(notes.find(BETA_PROVISIONER)).map_or("", Value::text);
        let Some(driver) = self.serving(wanted, ctx).filter(|d| d.persistent) else { return Ok(()) };
        let Some(class) = self.classes.get(class_of(&claim)).cloned() else { return Ok(()) };
        let node = notes[SELECTED_NODE].text().to_owned();
        let name = format!("pvc-{}", claim.uid());
        if (class["volumeBindingMode"] == "WaitForFirstConsumer" && node.is_empty())
            || self.volumes.get(&name).is_some()
        {
            return Ok(());
        }
        let component = component(driver);
        let span = if driver.kind == Kind::Local { drivers::CREATE_LOCAL_MS } else { drivers::CREATE_MS };
        match self.is_done(key, span, ctx.now) {
            Progress::Begun => {
                let text = format!("External provisioner is provisioning volume for claim \"{claim_key}\"");
                self.tell(&component, ctx, &claim, EventType::Normal, "Provisioning", &text);
                return Ok(());
            }
            Progress::Waiting => return Ok(()),
            Progress::Done => {}
        }
        let made = self.source(&claim).and_then(|source| {
            self.volume(driver, &claim, &class, &name, &node, source.as_ref()).map(|v| (v, source))
        });
        match made {
            Err(why) => {
                let class = class.name();
                let text = format!("failed to provision volume with StorageClass \"{class}\": {why}");
                self.tell(&component, ctx, &claim, EventType::Warning, "ProvisioningFailed", &text);
                self.again(key, ctx.now);
            }
            Ok((volume, source)) => {
                let to = stored(&volume);
                match ctx.create(PERSISTENTVOLUMES, volume) {
                    Ok(_) => {
                        if let Some(source) = source {
                            self.orders.push(Order::Copy { from: source.disk, to });
                        }
                    }
                    Err(e) if e.reason == Reason::AlreadyExists => {}
                    Err(e) => return Err(e),
                }
                self.failures.remove(key);
                let text = format!("Successfully provisioned volume {name}");
                self.tell(&component, ctx, &claim, EventType::Normal, "ProvisioningSucceeded", &text);
            }
        }
        Ok(())
    }

    /// What the claim wants its volume to begin with.
    fn source(&self, claim: &Value) -> Result<Option<Source>, String> {
        let spec = &claim["spec"];
        let data = spec.find("dataSource").or(spec.find("dataSourceRef")).unwrap_or(&Value::Null);
        let (kind, name) = (data["kind"].text(), data["name"].text());
        let key = format!("{}/{name}", claim.namespace());
        let failed = |why: String| {
            Err(format!("error getting handle for DataSource Type {kind} by Name {name}: {why}"))
        };
        match kind {
            "VolumeSnapshot" => {
                let Some(snapshot) = self.snapshots.get(&key) else {
                    return failed(format!(
                        "error getting snapshot {name} from api server: volumesnapshots.snapshot.storage.k8s.io \"{name}\" not found"
                    ));
                };
                let content = snapshot["status"]["boundVolumeSnapshotContentName"].text();
                if !snapshot["status"]["readyToUse"].is_true() {
                    return failed(format!("snapshot {name} is not Ready"));
                }
                let Some(content) = self.contents.get(content) else {
                    return failed(format!("snapshot {name} not bound"));
                };
                let disk = format!("snapshot/{}", content["status"]["snapshotHandle"].text());
                Ok(Some(Source { disk, bytes: content["status"]["restoreSize"].int() }))
            }
            "PersistentVolumeClaim" => {
                let Some(other) = self.claims.get(&key) else {
                    return failed(format!(
                        "error getting PVC {name} (namespace \"{}\") from api server: persistentvolumeclaim \"{name}\" not found",
                        claim.namespace()
                    ));
                };
                let Some(volume) = self.volumes.get(other["spec"]["volumeName"].text()) else {
                    return failed(format!("the PVC {name} is not bound to a PV"));
                };
                let disk = stored(volume);
                let bytes = Quantity::of(&volume["spec"]["capacity"]["storage"]).value();
                Ok(Some(Source { disk, bytes }))
            }
            _ => Ok(None),
        }
    }

    fn volume(
        &self,
        driver: &Driver,
        claim: &Value,
        class: &Value,
        name: &str,
        node: &str,
        source: Option<&Source>,
    ) -> Result<Value, String> {
        let spec = &claim["spec"];
        let modes = spec["accessModes"].items();
        let many = |m: &Value| matches!(m.text(), "ReadWriteMany" | "ReadOnlyMany");
        let raw = spec["volumeMode"] == "Block";
        match driver.kind {
            Kind::Local if driver.name == "rancher.io/local-path" => {
                if node.is_empty() {
                    return Err("configuration error, no node was specified".into());
                }
                if modes.iter().any(many) {
                    return Err(
                        "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes"
                            .into(),
                    );
                }
            }
            Kind::Block if modes.iter().any(|m| *m == "ReadWriteMany") && !raw => {
                return Err(
                    "rpc error: code = InvalidArgument desc = Volume capabilities MULTI_NODE_MULTI_WRITER not supported. Only AccessModes[ReadWriteOnce] supported.".into(),
                );
            }
            Kind::Shared if raw => {
                return Err("rpc error: code = InvalidArgument desc = block volume is not supported".into());
            }
            _ => {}
        }
        let asked = Quantity::of(&spec["resources"]["requests"]["storage"]);
        if let Some(source) = source
            && asked.value() < source.bytes
        {
            return Err(format!(
                "error getting handle for DataSource: requested volume size {} is less than the size {} for the source snapshot",
                asked.value(),
                source.bytes
            ));
        }
        let capacity = driver.capacity(&asked);
        let zone = self.zone(driver, claim, class, node);
        let mut volume = value!({
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {
                "name": (name), "finalizers": [(FINALIZER)],
                "annotations": {"pv.kubernetes.io/provisioned-by": (driver.name)},
            },
            "spec": {
                "capacity": {"storage": (capacity)}, "accessModes": (spec["accessModes"].clone()),
                "claimRef": {
                    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": (claim.name()),
                    "namespace": (claim.namespace()), "uid": (claim.uid()),
                    "resourceVersion": (claim.meta().get("resourceVersion")),
                },
                "persistentVolumeReclaimPolicy": (class["reclaimPolicy"].as_str().unwrap_or("Delete")),
                "storageClassName": (class.name()),
                "volumeMode": (spec["volumeMode"].as_str().unwrap_or("Filesystem")),
            },
        });
        if !class["mountOptions"].is_zero() {
            volume.set_at(&["spec", "mountOptions"], &class["mountOptions"]);
        }
        let place = |key: &str, at: &str| {
            value!({"required": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": (key), "operator": "In", "values": [(at)]}]}
            ]}})
        };
        if driver.kind == Kind::Local {
            let folder = format!("{name}_{}_{}", claim.namespace(), claim.name());
            let (path, kind) = match driver.name {
                "rancher.io/local-path" => {
                    (format!("/var/local-path-provisioner/{folder}"), "DirectoryOrCreate")
                }
                "docker.io/hostpath" => (format!("/var/lib/k8s-pvs/{}/{name}", claim.name()), ""),
                _ => (format!("/tmp/hostpath-provisioner/{}/{}", claim.namespace(), claim.name()), ""),
            };
            volume.set_at(&["spec", "hostPath"], value!({"path": (path), "type": (kind)}));
            if driver.name == "rancher.io/local-path" {
                volume.set_at(&["metadata", "annotations", "local.path.provisioner/selected-node"], node);
                volume.set_at(&["spec", "nodeAffinity"], place("kubernetes.io/hostname", node));
            }
            return Ok(volume);
        }
        let identity = format!("1767225600000-8081-{}", driver.name);
        let mut csi = value!({
            "driver": (driver.name), "volumeHandle": (driver.handle(claim.uid(), &zone)),
            "volumeAttributes": {"storage.kubernetes.io/csiProvisionerIdentity": (identity)},
        });
        if driver.kind == Kind::Block && !raw {
            let wanted = class["parameters"]["csi.storage.k8s.io/fstype"].as_str();
            csi.set("fsType", wanted.unwrap_or("ext4"));
        }
        volume.set_at(&["spec", "csi"], csi);
        let notes = volume.at_mut(&["metadata", "annotations"]);
        notes.set("volume.kubernetes.io/provisioner-deletion-secret-name", "");
        notes.set("volume.kubernetes.io/provisioner-deletion-secret-namespace", "");
        if !zone.is_empty() {
            volume.set_at(&["spec", "nodeAffinity"], place(ZONE, &zone));
        }
        let plugin = class["provisioner"].text();
        if plugin != driver.name {
            in_tree::translate(&mut volume, plugin, &zone);
        }
        Ok(volume)
    }

    /// The zone a new disk is made in: its node's, else one of those the class allows, spread by the claim's name.
    fn zone(&self, driver: &Driver, claim: &Value, class: &Value, node: &str) -> Str {
        if driver.kind != Kind::Block {
            return Str::default();
        }
        if let Some(node) = self.nodes.get(node) {
            return node.labels()[ZONE].to_str();
        }
        let allowed: Vec<&str> = class["allowedTopologies"]
            .items()
            .iter()
            .flat_map(|t| t["matchLabelExpressions"].items())
            .filter(|e| e["key"].text().ends_with("/zone"))
            .flat_map(|e| e["values"].items())
            .map(Value::text)
            .collect();
        let mut zones: Vec<&str> = self
            .nodes
            .iter()
            .map(|(_, n)| n.labels()[ZONE].text())
            .filter(|z| !z.is_empty() && (allowed.is_empty() || allowed.contains(z)))
            .collect();
        zones.sort_unstable();
        zones.dedup();
        if zones.is_empty() {
            return Str::default();
        }
        let sum = claim.name().bytes().fold(0usize, |n, b| n.wrapping_mul(31).wrapping_add(b.into()));
        zones[sum % zones.len()].into()
    }

    /// Ends a volume that was made here when its claim is gone and nobody holds its disk any more.
    #[inline(never)]
    pub(super) fn delete(&mut self, key: &str, name: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(volume) = self.volumes.get(name).cloned() else {
            self.under_way.remove(key);
            return Ok(());
        };
        let spec = &volume["spec"];
        if let Some(disk) = objects::csi_translation::disk(spec) {
            // A volume made by hand brings its driver as well.
            self.serving(&disk.driver, ctx);
        }
        let by = volume.annotations()[PROVISIONED_BY].text().to_owned();
        let released = matches!(volume["status"]["phase"].text(), "Released" | "Failed");
        let ours = volume.meta()["finalizers"].items().iter().any(|f| *f == FINALIZER);
        if spec["persistentVolumeReclaimPolicy"] != "Delete" || !released {
            // Kept on purpose: nothing holds the object up.
            if volume.is_terminating() && released && ours {
                return let_go(PERSISTENTVOLUMES, &volume, FINALIZER, ctx);
            }
            self.under_way.remove(key);
            return Ok(());
        }
        // A plugin's volume is its driver's once the volume binder has said so.
        let served = |d: &&Driver| {
            self.installed.contains(d.name)
                && (d.name == by || volume.annotations()[MIGRATED_TO].as_str() == Some(d.name))
        };
        let Some(driver) = drivers::of(&by).filter(served) else { return Ok(()) };
        let component = component(driver);
        if let Some(attachment) = self.attached.get(name).and_then(ordered::BTreeSet::first) {
            let node =
                self.attachments.get(attachment).map_or("", |a| a["spec"]["nodeName"].text()).to_owned();
            let text = format!("persistentvolume {name} is still attached to node {node}");
            self.under_way.remove(key);
            self.tell(&component, ctx, &volume, EventType::Warning, "VolumeFailedDelete", &text);
            self.again(key, ctx.now);
            return Ok(());
        }
        if self.is_done(key, drivers::DELETE_MS, ctx.now) != Progress::Done {
            return Ok(());
        }
        // A claim may have come back for it meanwhile.
        let live = match ctx.get(PERSISTENTVOLUMES, "", name) {
            Ok(live) => live,
            Err(e) if e.reason == Reason::NotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        if !matches!(live["status"]["phase"].text(), "Released" | "Failed") {
            return Ok(());
        }
        self.failures.remove(key);
        let disk = if driver.kind == Kind::Local {
            let at = match driver.name {
                "rancher.io/local-path" => {
                    volume.annotations()["local.path.provisioner/selected-node"].text()
                }
                _ => "",
            };
            format!("node/{at}\0{}", spec["hostPath"]["path"].text())
        } else {
            stored(&volume)
        };
        self.orders.push(Order::Forget { name: disk });
        if !live.is_terminating() {
            ctx.delete(PERSISTENTVOLUMES, "", name, Some(volume.uid()), None, None)?;
        }
        match ctx.get(PERSISTENTVOLUMES, "", name) {
            Ok(live) => let_go(PERSISTENTVOLUMES, &live, FINALIZER, ctx),
            Err(_) => Ok(()),
        }
    }
}

/// Where the bytes of a volume are.
fn stored(volume: &Value) -> String {
    objects::csi_translation::disk(&volume["spec"])
        .map_or_else(String::new, |d| disk_name(&d.driver, &d.handle))
}

/// Who a provisioner's events come from.
fn component(driver: &Driver) -> String {
    match driver.name {
        "rancher.io/local-path" => "rancher.io/local-path_local-path-provisioner-0".to_owned(),
        name => format!("{name}_csi-provisioner-0"),
    }
}
