//! Disks of CSI drivers, and of the in-tree plugins that drivers took over from.
//!
//! Models `pkg/volume/csi` and `pkg/volume/csimigration`: a disk that needs attaching is mounted when the node's status
//! says that it is; a driver must be registered on the node. Not modelled: staging, secrets, mount options.

use containers::fs::VolumeId;
use objects::Value;
use objects::csi_translation::{Disk, unique_name};
use objects::quantity::Quantity;

use super::{Read, Refusal};
use crate::depot::Depot;

/// A disk that is ready.
pub(super) struct Ready {
    pub(super) volume: VolumeId,
    /// What it is called in the node's status, if it was attached.
    pub(super) attached: Option<String>,
}

/// Makes a PersistentVolume's disk ready on `node`.
pub(super) fn set_up(
    pv: &Value,
    disk: &Disk,
    node: &Value,
    depot: &mut Depot,
    read: &mut Read<'_>,
) -> Result<Ready, Refusal> {
    let driver = read("csidrivers", &disk.driver).unwrap_or_default();
    let attach = driver["spec"]["attachRequired"].as_bool() != Some(false);
    let unique = unique_name(disk);
    if attach && !node["status"]["volumesAttached"].items().iter().any(|a| a["name"] == unique.as_str()) {
        return Err(Refusal::Waiting(unique));
    }
    if !is_registered(&disk.driver, node, read) {
        let step = if attach { "MountDevice" } else { "SetUp" };
        let who = if attach {
            "attacher.MountDevice failed to create newCsiDriverClient"
        } else {
            "mounter.SetUpAt failed to get CSI client"
        };
        return Err(Refusal::Failed(format!(
            "MountVolume.{step} failed for volume \"{}\" : kubernetes.io/csi: {who}: driver name {} not found in the list of registered CSI drivers",
            pv.name(),
            disk.driver
        )));
    }
    let volume = depot.volume(&format!("disk/{}/{}", disk.driver, disk.handle));
    if let Some(tree) = depot.tree_mut(volume) {
        let bytes = u64::try_from(Quantity::of(&pv["spec"]["capacity"]["storage"]).value()).ok();
        tree.limit = bytes.filter(|b| *b > 0);
    }
    Ok(Ready { volume, attached: attach.then_some(unique) })
}

fn is_registered(driver: &str, node: &Value, read: &mut Read<'_>) -> bool {
    read("csinodes", node.name())
        .is_ok_and(|n| n["spec"]["drivers"].items().iter().any(|d| d["name"] == driver))
}

/// A volume that a driver makes for one pod.
pub(super) fn inline(
    source: &Value,
    volume: &str,
    pod: &Value,
    node: &Value,
    depot: &mut Depot,
    read: &mut Read<'_>,
) -> Result<VolumeId, String> {
    let (driver, namespace) = (source["driver"].text(), pod.namespace());
    if !is_registered(driver, node, read) {
        return Err(format!(
            "kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name {driver} not found in the list of registered CSI drivers"
        ));
    }
    let refused = |what: String| {
        Err(format!(
            "kubernetes.io/csi: mounter.SetupAt failed to check volume lifecycle mode: volume mode \"Ephemeral\" not supported by driver {driver} ({what})"
        ))
    };
    let Ok(object) = read("csidrivers", driver) else { return refused("no CSIDriver object".into()) };
    let modes = object["spec"]["volumeLifecycleModes"].items();
    if !modes.iter().any(|m| *m == "Ephemeral") {
        let listed: Vec<String> = modes.iter().map(|m| format!("\"{}\"", m.text())).collect();
        return refused(format!("only supports [{}]", listed.join(" ")));
    }
    let secret = source["nodePublishSecretRef"]["name"].text();
    if !secret.is_empty()
        && let Err(why) = read("secrets", secret)
    {
        return Err(format!("fetching NodePublishSecretRef {namespace}/{secret} failed: {why}"));
    }
    Ok(depot.volume(&super::empty_dir::name(pod.uid(), volume)))
}
