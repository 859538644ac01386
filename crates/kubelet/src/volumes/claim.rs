//! From a pod's claim to the volume behind it.
//!
//! Models `pkg/kubelet/volumemanager/populator` (what makes a volume impossible to process) and the checks before a
//! mount: the volume's node affinity, a volume for one pod only.

use objects::csi_translation::{REMOVED, disk};
use objects::{Str, Value, node_selector};

use super::{Mounted, Read, Refusal, Site};
use super::{csi, host_path, local, nfs};
use crate::depot::Depot;

/// The name of the claim that a volume of a pod is.
pub(crate) fn claim_name(volume: &Value, pod: &Value) -> Option<(String, bool)> {
    if volume.find("ephemeral").is_some() {
        return Some((format!("{}-{}", pod.name(), volume["name"].text()), false));
    }
    volume.find("persistentVolumeClaim").map(|c| (c["claimName"].text().to_owned(), c["readOnly"].is_true()))
}

fn no_plugin(name: &str) -> Refusal {
    Refusal::Unprocessed(format!(
        "failed to get Plugin from volumeSpec for volume \"{name}\" err=no volume plugin matched"
    ))
}

/// A volume whose source no plugin serves.
pub(super) fn is_removed(spec: &Value) -> bool {
    REMOVED.iter().any(|r| spec.find(r).is_some())
}

pub(super) fn set_up(
    volume: &Value,
    claim: &str,
    read_only: bool,
    site: &Site<'_>,
    depot: &mut Depot,
    read: &mut Read<'_>,
) -> Result<Mounted, Refusal> {
    let pod = &site.downward.pod;
    let unprocessed =
        |why: &str| Refusal::Unprocessed(format!("error processing PVC {}/{claim}: {why}", pod.namespace()));
    let pvc = read("persistentvolumeclaims", claim)
        .map_err(|e| unprocessed(&format!("failed to fetch PVC from API server: {e}")))?;
    let guarded = pvc.meta()["finalizers"].items().iter().any(|f| *f == "kubernetes.io/pvc-protection");
    if pvc.is_terminating() && !guarded {
        return Err(unprocessed("PVC is being deleted"));
    }
    if volume.find("ephemeral").is_some() && pvc.controller_ref()["uid"] != pod.uid() {
        return Err(unprocessed(&format!(
            "PVC {} was not created for pod {} (pod is not owner)",
            pvc.key(),
            pod.key()
        )));
    }
    if pvc["status"]["phase"] != "Bound" {
        return Err(unprocessed("PVC is not bound"));
    }
    let name = pvc["spec"]["volumeName"].text();
    if name.is_empty() {
        return Err(unprocessed("PVC has empty pvc.Spec.VolumeName"));
    }
    let pv = read("persistentvolumes", name)
        .map_err(|e| unprocessed(&format!("failed to fetch PV {name} from API server: {e}")))?;
    let r = &pv["spec"]["claimRef"];
    if r.is_null() {
        return Err(unprocessed(&format!(
            "found PV object {name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim"
        )));
    }
    if r["uid"] != pvc.uid() {
        return Err(unprocessed(&format!(
            "found PV object {name} but its pv.Spec.ClaimRef.UID {} does not point to claim.UID {}",
            r["uid"].text(),
            pvc.uid()
        )));
    }
    let mode = pvc["spec"]["volumeMode"].as_str().unwrap_or("Filesystem");
    let containers = ["initContainers", "containers"].iter().flat_map(|l| pod["spec"][*l].items());
    for c in containers {
        let names = |list: &str| c[list].items().iter().any(|m| m["name"] == volume["name"]);
        let place = if mode == "Block" && names("volumeMounts") {
            "volumeMounts"
        } else if mode != "Block" && names("volumeDevices") {
            "volumeDevices"
        } else {
            continue;
        };
        return Err(Refusal::Unprocessed(format!(
            "volume {} has volumeMode {mode}, but is specified in {place}",
            volume["name"].text()
        )));
    }
    if is_removed(&pv["spec"]) {
        return Err(no_plugin(name));
    }
    let failed = |step: &str, why: String| {
        Err(Refusal::Failed(format!("MountVolume.{step} failed for volume \"{name}\" : {why}")))
    };
    if !is_reachable(&pv, site.node) {
        return failed("NodeAffinity check", "no matching NodeSelectorTerms".into());
    }
    let modes = pv["spec"]["accessModes"].items();
    if modes.iter().any(|m| *m == "ReadWriteOncePod") && site.in_use.iter().any(|used| used == name) {
        return failed(
            "SetUp",
            "volume uses the ReadWriteOncePod access mode and is already in use by another pod".into(),
        );
    }
    let node = pod["spec"]["nodeName"].text();
    if disk(&pv["spec"]).is_some() {
        let mounted = attached(&pv, read_only, site, depot, read)?;
        return Ok(Mounted { pv: Some(Str::from(name)), grows: true, ..mounted });
    }
    super::wait_for_word(&pv["spec"], site)?;
    let mut mounted = Mounted { read_only, pv: Some(Str::from(name)), ..Mounted::default() };
    let place = if let Some(host) = pv["spec"].find("hostPath") {
        host_path::set_up(host, node, depot)
    } else if let Some(source) = pv["spec"].find("local") {
        mounted.owned = true;
        match local::set_up(source, node, depot) {
            Err(why) => return failed("NewMounter initialization", why),
            ok => ok,
        }
    } else if let Some(source) = pv["spec"].find("nfs") {
        mounted.read_only |= source["readOnly"].is_true();
        nfs::set_up(source, name, pod.uid(), depot, read, &mut |p, v, depot, read| {
            super::serve(p, v, site, depot, read)
        })
    } else {
        Err(super::unmountable(&pv["spec"]))
    };
    match place {
        Ok((id, sub)) => {
            (mounted.volume, mounted.sub) = (id, sub);
            Ok(mounted)
        }
        Err(why) => failed(super::step(&pv["spec"]), why),
    }
}

/// Makes a driver's disk ready that a PersistentVolume stands for.
pub(super) fn attached(
    pv: &Value,
    read_only: bool,
    site: &Site<'_>,
    depot: &mut Depot,
    read: &mut Read<'_>,
) -> Result<Mounted, Refusal> {
    let Some(disk) = disk(&pv["spec"]) else { return Err(no_plugin(pv.name())) };
    let ready = csi::set_up(pv, &disk, site.node, depot, read)?;
    Ok(Mounted {
        read_only,
        volume: ready.volume,
        attached: ready.attached.map(Str::from),
        owned: pv["spec"]["csi"]["fsType"].as_str().is_some_and(|f| !f.is_empty()),
        ..Mounted::default()
    })
}

/// Whether the volume's node affinity allows the node.
fn is_reachable(pv: &Value, node: &Value) -> bool {
    let Some(required) = pv["spec"]["nodeAffinity"].find("required") else { return true };
    node_selector::matches(required, node)
}
