//! Exports of an NFS server: many nodes write, and the files outlive every pod that mounts them.
//!
//! Models `pkg/volume/nfs` and `mount.nfs`. A server is one of: the host [`BUILT_IN`] beside the cluster, which exports
//! whatever path is asked for; a Service or pod, by address or by name, in front of a pod whose image is an NFS server.
//! Such a pod exports the first volume it mounts, so the files live as long as that volume does.
//! Not modelled: mount options, exports that refuse, a server that stops answering after the mount.

use containers::fs::{VolumeId, split};
use objects::Value;

use super::Read;
use crate::depot::Depot;

/// The NFS server that every cluster can reach.
pub(crate) const BUILT_IN: [&str; 2] = ["nfs", "nfs.example.com"];

/// Makes a volume of a server's pod ready: pod, volume.
type Serve<'a> = dyn FnMut(&Value, &Value, &mut Depot, &mut Read<'_>) -> Option<(VolumeId, String)> + 'a;

/// Where the export is. `serve` makes a volume of the server's pod ready: pod, volume.
///
/// # Errors
/// What stands behind `MountVolume.SetUp failed for volume "x" : `.
pub(super) fn set_up(
    source: &Value,
    name: &str,
    uid: &str,
    depot: &mut Depot,
    read: &mut Read<'_>,
    serve: &mut Serve<'_>,
) -> Result<(VolumeId, String), String> {
    let (server, path) = (source["server"].text(), source["path"].text());
    if BUILT_IN.contains(&server) {
        let id = depot.volume("nfs");
        depot.make_dir(id, path, 0o777);
        return Ok((id, path.to_owned()));
    }
    let failed = |why: &str| {
        Err(format!(
            "mount failed: exit status 32\nMounting command: mount\nMounting arguments: -t nfs {server}:{path} /var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~nfs/{name}\nOutput: mount.nfs: {why}\n"
        ))
    };
    let is_address = server.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let Ok(pod) = read("nfs-server", server) else {
        return failed(&if is_address {
            "Connection timed out".to_owned()
        } else {
            format!("Failed to resolve server {server}: Name or service not known")
        });
    };
    let containers = pod["spec"]["containers"].items();
    let Some(container) = containers.iter().find(|c| c["image"].text().contains("nfs")) else {
        return failed("Connection refused");
    };
    let mount =
        container["volumeMounts"].items().iter().find(|m| !m["name"].text().starts_with("kube-api-access"));
    let at = mount.map_or("/exports", |m| m["mountPath"].text());
    // Version 4 names paths below the root of the exports, version 3 by their place on the server.
    let below = path.strip_prefix(at).or(path.strip_prefix("/exports")).unwrap_or(path).to_owned();
    let volumes = pod["spec"]["volumes"].items();
    let volume = mount.and_then(|m| volumes.iter().find(|v| v["name"] == m["name"]));
    let (id, sub) = match volume {
        Some(v) => match serve(&pod, v, depot, read) {
            Some(place) => place,
            None => return failed("Connection timed out"),
        },
        None => (depot.volume(&super::empty_dir::name(pod.uid(), "exports")), String::new()),
    };
    let sub = format!("{}/{}", sub.trim_end_matches('/'), below.trim_start_matches('/'));
    if depot.tree(id).and_then(|t| t.node(&split(&sub))).is_none() {
        return failed(&format!(
            "mounting {server}:{path} failed, reason given by server: No such file or directory"
        ));
    }
    Ok((id, sub))
}
