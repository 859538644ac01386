//! The snapshot controller and the external snapshotter: a copy of a disk at one instant, under a name.
//!
//! Models `kubernetes-csi/external-snapshotter`. Not modelled: snapshots of groups, contents made by hand for snapshots
//! that exist with the provider already.

use client::{Ctx, EventType, Verb};
use objects::quantity::{Format, Quantity};
use objects::{Reason, Status, Value, value};

use super::{Disks, Order, Progress, custom, disk_name, drivers};

const DEFAULT: &str = "snapshot.storage.kubernetes.io/is-default-class";
const SOURCE_PROTECTION: &str = "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection";
const BOUND_PROTECTION: &str = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection";
const CONTENT_PROTECTION: &str = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection";

impl Disks {
    #[inline(never)]
    pub(super) fn snapshot(&mut self, key: &str, name: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(snapshot) = self.snapshots.get(name).cloned() else {
            self.under_way.remove(key);
            return Ok(());
        };
        if snapshot.is_terminating() {
            return self.end_snapshot(&snapshot, ctx);
        }
        if snapshot["status"]["readyToUse"].is_true() {
            return Ok(());
        }
        let controller = "snapshot-controller";
        let found = self.source_of(&snapshot);
        let (claim, volume, class) = match found {
            Ok(found) => found,
            Err((reason, why)) => {
                self.tell(controller, ctx, &snapshot, EventType::Warning, reason, &why);
                let error = value!({"message": (why), "time": (ctx.now.rfc3339())});
                let mut next = snapshot.clone();
                if next["status"]["error"]["message"] != error["message"] {
                    next.set("status", value!({"readyToUse": false, "error": (error)}));
                    ctx.call(custom(Verb::Update, "volumesnapshots", next, "status"))?;
                }
                self.again(key, ctx.now);
                return Ok(());
            }
        };
        let content = format!("snapcontent-{}", snapshot.uid());
        match self.is_done(key, drivers::SNAPSHOT_MS, ctx.now) {
            Progress::Begun => {
                let text = format!("Waiting for a snapshot {name} to be created by the CSI driver.");
                self.tell(controller, ctx, &snapshot, EventType::Normal, "CreatingSnapshot", &text);
                let mut next = snapshot.clone();
                let guards = value!([(SOURCE_PROTECTION), (BOUND_PROTECTION)]);
                next.set_at(&["metadata", "finalizers"], guards);
                if next["spec"]["volumeSnapshotClassName"].is_zero() {
                    next.set_at(&["spec", "volumeSnapshotClassName"], class.name());
                }
                let mut next = ctx.call(custom(Verb::Update, "volumesnapshots", next, ""))?.object;
                next.set(
                    "status",
                    value!({"readyToUse": false, "boundVolumeSnapshotContentName": (content)}),
                );
                ctx.call(custom(Verb::Update, "volumesnapshots", next, "status"))?;
                return Ok(());
            }
            Progress::Waiting => return Ok(()),
            Progress::Done => {}
        }
        self.failures.remove(key);
        let csi = &volume["spec"]["csi"];
        let handle = format!("snapshot-{}", snapshot.uid());
        let bytes = Quantity::of(&volume["spec"]["capacity"]["storage"]).value();
        let object = value!({
            "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshotContent",
            "metadata": {"name": (content.as_str()), "finalizers": [(CONTENT_PROTECTION)]},
            "spec": {
                "deletionPolicy": (&class["deletionPolicy"]), "driver": (&csi["driver"]),
                "source": {"volumeHandle": (&csi["volumeHandle"])},
                "sourceVolumeMode": (volume["spec"]["volumeMode"].as_str().unwrap_or("Filesystem")),
                "volumeSnapshotClassName": (class.name()),
                "volumeSnapshotRef": {
                    "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot",
                    "name": (snapshot.name()), "namespace": (snapshot.namespace()), "uid": (snapshot.uid()),
                    "resourceVersion": (snapshot.meta().get("resourceVersion")),
                },
            },
        });
        let nanos = ctx.now.0.saturating_mul(1_000_000);
        let status = value!({
            "readyToUse": true, "restoreSize": (bytes), "snapshotHandle": (handle.as_str()), "creationTime": (nanos),
        });
        match ctx.call(custom(Verb::Create, "volumesnapshotcontents", object, "")) {
            Ok(answer) => {
                let mut made = answer.object;
                made.set("status", status);
                ctx.call(custom(Verb::Update, "volumesnapshotcontents", made, "status"))?;
                let from = disk_name(csi["driver"].text(), csi["volumeHandle"].text());
                self.orders.push(Order::Copy { from, to: format!("snapshot/{handle}") });
            }
            Err(e) if e.reason == Reason::AlreadyExists => {}
            Err(e) => return Err(e),
        }
        let mut next = snapshot.clone();
        next.set(
            "status",
            value!({
                "boundVolumeSnapshotContentName": (content), "creationTime": (ctx.now.rfc3339()),
                "readyToUse": true,
                "restoreSize": (Quantity::from_units(bytes, Format::Binary).canonical()),
            }),
        );
        ctx.call(custom(Verb::Update, "volumesnapshots", next, "status"))?;
        let _ = claim;
        let text = format!("Snapshot {name} was successfully created by the CSI driver.");
        self.tell(controller, ctx, &snapshot, EventType::Normal, "SnapshotCreated", &text);
        let text = format!("Snapshot {name} is ready to use.");
        self.tell(controller, ctx, &snapshot, EventType::Normal, "SnapshotReady", &text);
        Ok(())
    }

    /// The claim, its volume and the class of a snapshot to be, or why there is none: reason and text.
    fn source_of(&mut self, snapshot: &Value) -> Result<(Value, Value, Value), (&'static str, String)> {
        let spec = &snapshot["spec"];
        let named = spec["source"]["persistentVolumeClaimName"].text();
        let failed = |why: String| {
            ("SnapshotContentCreationFailed", format!("Failed to create snapshot content with error {why}"))
        };
        let Some(claim) = self.claims.get(&format!("{}/{named}", snapshot.namespace())) else {
            return Err(failed(format!(
                "snapshot controller failed to update {} on API server: cannot get claim from snapshot",
                snapshot.name()
            )));
        };
        let unbound = || {
            failed(format!("the PVC {named} is not yet bound to a PV, will not attempt to take a snapshot"))
        };
        let volume = self.volumes.get(claim["spec"]["volumeName"].text()).ok_or_else(unbound)?;
        let driver = volume["spec"]["csi"]["driver"].text();
        if driver.is_empty() {
            return Err(failed(format!(
                "find CSI PersistentVolumeSource in PV {}, but source is not of CSI type",
                volume.name()
            )));
        }
        let class = match spec["volumeSnapshotClassName"].as_str() {
            Some(name) => match self.snapshot_classes.get(name) {
                Some(class) if class["driver"] == driver => class.clone(),
                Some(_) => {
                    return Err(failed(format!("volume snapshot class \"{name}\" is of another driver")));
                }
                None => {
                    return Err((
                        "GetSnapshotClassFailed",
                        format!(
                            "Failed to get snapshot class with error volumesnapshotclass.snapshot.storage.k8s.io \"{name}\" not found"
                        ),
                    ));
                }
            },
            None => {
                let mut all = self.snapshot_classes.iter().map(|(_, c)| c);
                let Some(class) = all.find(|c| c["driver"] == driver && c.annotations()[DEFAULT] == "true")
                else {
                    return Err((
                        "SetDefaultSnapshotClassFailed",
                        "Failed to set default snapshot class with error cannot find default snapshot class"
                            .into(),
                    ));
                };
                class.clone()
            }
        };
        if !drivers::of(driver).is_some_and(|d| d.snapshots) {
            return Err(failed(format!("CSI driver {driver} does not support snapshots")));
        }
        Ok((claim.clone(), volume.clone(), class))
    }

    /// The content goes first, then the snapshot may.
    fn end_snapshot(&mut self, snapshot: &Value, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let name = snapshot["status"]["boundVolumeSnapshotContentName"].text();
        if let Some(content) = self.contents.get(name).cloned()
            && content["spec"]["deletionPolicy"] == "Delete"
            && !content.is_terminating()
        {
            ctx.call(custom(Verb::Delete, "volumesnapshotcontents", content, ""))?;
        }
        if snapshot.meta()["finalizers"].items().is_empty() {
            return Ok(());
        }
        let mut next = snapshot.clone();
        next.remove_at(&["metadata", "finalizers"]);
        match ctx.call(custom(Verb::Update, "volumesnapshots", next, "")) {
            Err(e) if e.reason != Reason::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// A content on its way out takes the copy with it.
    #[inline(never)]
    pub(super) fn content(&mut self, _key: &str, name: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(content) = self.contents.get(name).cloned() else { return Ok(()) };
        if !content.is_terminating() || content.meta()["finalizers"].items().is_empty() {
            return Ok(());
        }
        if content["spec"]["deletionPolicy"] == "Delete" {
            let name = format!("snapshot/{}", content["status"]["snapshotHandle"].text());
            self.orders.push(Order::Forget { name });
        }
        let mut next = content;
        next.remove_at(&["metadata", "finalizers"]);
        match ctx.call(custom(Verb::Update, "volumesnapshotcontents", next, "")) {
            Err(e) if e.reason != Reason::NotFound => Err(e),
            _ => Ok(()),
        }
    }
}
