//! A pod's volumes: one file per plugin, and what they share.
//!
//! Owns: what each volume leads to, what the kubelet writes into those it fills itself, the text of a mount's failure.
//! Does not own: when mounts are tried (mounting.rs), where the bytes are (depot.rs), attaching (a controller's).
//! Models `pkg/volume` and `pkg/kubelet/volumemanager`. Not modelled: mount options, SELinux labels, iSCSI and Fibre
//! Channel beyond their failure on a node without such hardware.

pub(crate) mod atomic_writer;
pub(crate) mod claim;
mod config_map;
mod csi;
mod downward_api;
mod empty_dir;
mod host_path;
mod image;
mod local;
mod mounts;
mod nfs;
mod ownership;
mod projected;
mod secret;

use std::sync::Arc;

use clock::Time;
use containers::fs::VolumeId;
use objects::{Str, Value};
use ordered::BTreeMap;

use crate::depot::Depot;
use crate::environment::Downward;

pub(crate) use atomic_writer::{Payload, write};
pub(crate) use mounts::{mounts, refused};

/// Where a volume's files are.
#[derive(Clone, Debug)]
pub(crate) struct Mounted {
    pub(crate) volume: VolumeId,
    /// The part of the tree that is the volume.
    pub(crate) sub: String,
    pub(crate) read_only: bool,
    /// What the kubelet wrote into it, to see whether it must write anew.
    pub(crate) written: Option<Payload>,
    /// The PersistentVolume behind it.
    pub(crate) pv: Option<Str>,
    /// Its name in the node's status, if it was attached to the node.
    pub(crate) attached: Option<Str>,
    /// Its files are given to the pod's `fsGroup`.
    owned: bool,
    /// Its size follows its PersistentVolume's.
    pub(crate) grows: bool,
}

impl Default for Mounted {
    fn default() -> Self {
        Self {
            volume: VolumeId(0),
            sub: String::new(),
            read_only: false,
            written: None,
            pv: None,
            attached: None,
            owned: false,
            grows: false,
        }
    }
}

/// Why a volume is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is not attached yet; nothing is told. Its name in the node's status.
    Waiting(String),
    /// The event's message.
    Failed(String),
    /// It can't be dealt with at all: what stands behind `failed to process volumes=[x]: `.
    Unprocessed(String),
}

/// Where a pod is.
pub(crate) struct Site<'a> {
    pub(crate) downward: &'a Downward,
    /// The node's object.
    pub(crate) node: &'a Value,
    /// The PersistentVolumes that other pods of the node have mounted.
    pub(crate) in_use: &'a [Str],
}

/// Reads objects for volumes: resource and name, in the pod's namespace if it has namespaces. `nfs-server` reads the
/// pod that serves under an address or name.
pub(crate) type Read<'a> = dyn FnMut(&str, &str) -> Result<Value, String> + 'a;

/// The volume every pod gets for its ServiceAccount; it is written only when something runs that could look.
pub(crate) fn is_token_volume(volume: &Value) -> bool {
    volume["projected"]["sources"].items().iter().any(|s| !s["serviceAccountToken"].is_null())
}

/// Whether the kubelet writes the volume's files and refreshes them.
pub(crate) fn is_written(volume: &Value) -> bool {
    ["configMap", "secret", "downwardAPI", "projected"].iter().any(|k| !volume[*k].is_null())
}

/// Makes one volume ready.
pub(crate) fn set_up(
    volume: &Value,
    site: &Site<'_>,
    depot: &mut Depot,
    now: Time,
    read: &mut Read<'_>,
) -> Result<Mounted, Refusal> {
    let pod = &site.downward.pod;
    let name = volume["name"].text();
    let mut mounted = if let Some((claim, read_only)) = claim::claim_name(volume, pod) {
        claim::set_up(volume, &claim, read_only, site, depot, read)?
    } else if claim::is_removed(volume) {
        return Err(Refusal::Unprocessed(format!(
            "failed to get Plugin from volumeSpec for volume \"{name}\" err=no volume plugin matched"
        )));
    } else if let Some(pv) = objects::csi_translation::inline(volume) {
        claim::attached(&pv, pv["spec"]["csi"]["readOnly"].is_true(), site, depot, read)?
    } else {
        wait_for_word(volume, site)?;
        own(volume, site, depot, now, read).map_err(|why| {
            let step = step(volume);
            Refusal::Failed(format!("MountVolume.{step} failed for volume \"{name}\" : {why}"))
        })?
    };
    if let Some(group) = ownership::of(pod).filter(|_| mounted.owned)
        && let Some(tree) = depot.tree_mut(mounted.volume)
    {
        ownership::set(tree, group, mounted.written.is_some());
    }
    mounted.owned &= ownership::of(pod).is_some();
    Ok(mounted)
}

/// The step in which a source fails.
pub(crate) fn step(spec: &Value) -> &'static str {
    if spec.find("iscsi").or(spec.find("fc")).is_some() { "WaitForAttach" } else { "SetUp" }
}

/// A volume whose plugin says that it is attachable waits until the node's status has it.
pub(crate) fn wait_for_word(spec: &Value, site: &Site<'_>) -> Result<(), Refusal> {
    let Some(unique) = objects::csi_translation::attached_by_word(spec) else { return Ok(()) };
    let attached = site.node["status"]["volumesAttached"].items();
    if attached.iter().any(|a| a["name"] == unique.as_str()) { Ok(()) } else { Err(Refusal::Waiting(unique)) }
}

/// Makes a volume ready that is not a claim.
fn own(
    volume: &Value,
    site: &Site<'_>,
    depot: &mut Depot,
    now: Time,
    read: &mut Read<'_>,
) -> Result<Mounted, String> {
    let pod = &site.downward.pod;
    let (name, uid, node) = (volume["name"].text(), pod.uid(), pod["spec"]["nodeName"].text());
    let at = |(volume, sub)| Mounted { volume, sub, ..Mounted::default() };
    if is_written(volume) {
        let payload = payload(volume, site.downward, read)?;
        let id = depot.volume(&empty_dir::name(uid, name));
        if let Some(tree) = depot.tree_mut(id) {
            write(tree, &payload, now);
        }
        return Ok(Mounted {
            read_only: true,
            written: Some(payload),
            owned: true,
            ..at((id, String::new()))
        });
    }
    if let Some(host) = volume.find("hostPath") {
        return host_path::set_up(host, node, depot).map(at);
    }
    if let Some(source) = volume.find("nfs") {
        let place = nfs::set_up(source, name, uid, depot, read, &mut |p, v, depot, read| {
            serve(p, v, site, depot, read)
        })?;
        return Ok(Mounted { read_only: source["readOnly"].is_true(), ..at(place) });
    }
    if let Some(source) = volume.find("image") {
        let id = image::set_up(source, depot)?;
        return Ok(Mounted { read_only: true, ..at((id, String::new())) });
    }
    if let Some(source) = volume.find("csi") {
        let id = csi::inline(source, name, pod, site.node, depot, read)?;
        return Ok(Mounted {
            read_only: source["readOnly"].is_true(),
            owned: true,
            ..at((id, String::new()))
        });
    }
    if volume.find("emptyDir").is_none() {
        return Err(unmountable(volume));
    }
    let id = empty_dir::set_up(volume, pod, site.node, depot);
    Ok(Mounted { owned: true, ..at((id, String::new())) })
}

/// What mounting a source ends in that needs what no simulated node has.
fn unmountable(spec: &Value) -> String {
    if spec.find("gitRepo").is_some() {
        "git-repo volume plugin has been disabled; if necessary, it may be re-enabled by enabling the feature-gate `GitRepoVolumeDriver`".into()
    } else if spec.find("iscsi").is_some() {
        "executable file not found in $PATH".into()
    } else if spec.find("fc").is_some() {
        "no fc disk found".into()
    } else {
        "no volume plugin matched".into()
    }
}

/// Where a volume of an NFS server's pod is. Servers of servers are not followed.
fn serve(
    pod: &Value,
    volume: &Value,
    site: &Site<'_>,
    depot: &mut Depot,
    read: &mut Read<'_>,
) -> Option<(VolumeId, String)> {
    if !volume["emptyDir"].is_null() {
        return Some((depot.volume(&empty_dir::name(pod.uid(), volume["name"].text())), String::new()));
    }
    let node = pod["spec"]["nodeName"].text();
    if let Some(host) = volume.find("hostPath") {
        return host_path::set_up(host, node, depot).ok();
    }
    let (claim, _) = claim::claim_name(volume, pod)?;
    let _ = site;
    let pvc = read("persistentvolumeclaims", &format!("{}/{claim}", pod.namespace())).ok()?;
    let pv = read("persistentvolumes", pvc["spec"]["volumeName"].text()).ok()?;
    if let Some(disk) = objects::csi_translation::disk(&pv["spec"]) {
        return Some((depot.volume(&format!("disk/{}/{}", disk.driver, disk.handle)), String::new()));
    }
    let host = pv["spec"].find("hostPath").or(pv["spec"].find("local"))?;
    host_path::set_up(&objects::value!({"path": (&host["path"])}), node, depot).ok()
}

/// The files of a volume the kubelet writes.
pub(crate) fn payload(volume: &Value, downward: &Downward, read: &mut Read<'_>) -> Result<Payload, String> {
    let mut files = BTreeMap::new();
    let mode = |v: &Value| v["defaultMode"].int_or(0o644);
    if let Some(v) = volume.find("configMap") {
        config_map::files(v, mode(v), read, &mut files)?;
    } else if let Some(v) = volume.find("secret") {
        secret::files(v, v["secretName"].text(), mode(v), read, &mut files)?;
    } else if let Some(v) = volume.find("downwardAPI") {
        downward_api::files(v, mode(v), downward, &mut files)?;
    } else {
        let v = &volume["projected"];
        projected::files(v, mode(v), downward, read, &mut files)?;
    }
    Ok(Arc::new(files.into_iter().map(|(path, (bytes, mode))| (path, bytes, mode)).collect()))
}

/// Writes the files of a volume anew.
pub(crate) fn rewrite(mounted: &mut Mounted, payload: Payload, pod: &Value, depot: &mut Depot, now: Time) {
    if let Some(tree) = depot.tree_mut(mounted.volume) {
        write(tree, &payload, now);
        if let Some(group) = ownership::of(pod).filter(|_| mounted.owned) {
            ownership::set(tree, group, true);
        }
    }
    mounted.written = Some(payload);
}

#[cfg(test)]
mod tests;
