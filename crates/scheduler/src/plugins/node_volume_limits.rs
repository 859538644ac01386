//! NodeVolumeLimits: a driver attaches only so many volumes to a node, as the node's CSINode says.
//!
//! Models `plugins/nodevolumelimits/csi.go`. In-tree names count for the
//! drivers that took over from them.

use objects::{Str, Value, csi_translation};
use ordered::BTreeMap;

use crate::census::namespace_of;
use crate::framework::{Filter, Look, Refusal};
use crate::node_info::NodeInfo;
use crate::storage::{Storage, claim_of};

pub(super) struct NodeVolumeLimits;

/// The driver and handle of the volume behind a claim; the claim's own name stands in while there is none.
fn volume_of(claim: &Value, storage: &Storage) -> Option<(Str, String)> {
    let bound = claim["spec"]["volumeName"].text();
    if let Some(pv) = storage.volumes.get(bound) {
        return disk_of(&pv["spec"]);
    }
    let named = storage.class_of(claim)?["provisioner"].to_str();
    let driver = csi_translation::driver_of_provisioner(&named).map_or(named, Str::new_static);
    Some((driver, format!("\0{}", claim.key())))
}

/// The driver and handle behind a source.
fn disk_of(spec: &Value) -> Option<(Str, String)> {
    csi_translation::disk(spec).map(|d| (d.driver.into(), d.handle))
}

/// Volumes as driver and handle, with the driver once more to count by.
type Volumes = BTreeMap<(Str, String), ()>;

fn collect(spec: &Value, key: &str, storage: &Storage, into: &mut Volumes) -> Result<(), Refusal> {
    let (namespace, name) = (namespace_of(key), key.rsplit('/').next().unwrap_or(key));
    for volume in spec["volumes"].items() {
        // What a driver makes for one pod is not attached.
        if let Some(disk) = csi_translation::inline(volume).and_then(|pv| disk_of(&pv["spec"])) {
            into.insert(disk, ());
            continue;
        }
        let Some((claim_name, _)) = claim_of(name, volume) else { continue };
        let Some(claim) = storage.claim(namespace, &claim_name) else {
            return Err(Refusal::unresolvable(format!(
                "looking up PVC {namespace}/{claim_name}: persistentvolumeclaim \"{claim_name}\" not found"
            )));
        };
        if let Some((driver, handle)) =
            volume_of(claim, storage).filter(|(d, h)| !d.is_empty() && !h.is_empty())
        {
            into.insert((driver, handle), ());
        }
    }
    Ok(())
}

impl Filter for NodeVolumeLimits {
    fn name(&self) -> &'static str {
        "NodeVolumeLimits"
    }

    fn skip(&self, look: &Look<'_>) -> bool {
        !look.pod.needs.has_volumes || look.storage.csi_nodes.is_empty()
    }

    fn filter(&self, look: &Look<'_>, node: &NodeInfo) -> Result<(), Refusal> {
        let storage = look.storage;
        let mut new = Volumes::new();
        collect(&look.pod.pod["spec"], &look.pod.pod.key(), storage, &mut new)?;
        let drivers = storage.csi_nodes.get(node.name()).map_or(&[][..], |n| n["spec"]["drivers"].items());
        let limit = |driver: &str| {
            let found = drivers.iter().find(|d| d["name"] == driver);
            found.and_then(|d| d["allocatable"]["count"].as_int())
        };
        new.retain(|(driver, _), ()| limit(driver).is_some());
        if new.is_empty() {
            return Ok(());
        }
        let mut attached = Volumes::new();
        for (key, pod) in node.pods.iter().filter(|(_, p)| p.needs.has_volumes) {
            // A claim that is gone counts nothing.
            let _ = collect(&pod.spec, key, storage, &mut attached);
        }
        new.retain(|volume, ()| !attached.contains_key(volume));
        // A volume that is attached still while no pod there uses it counts beside its new use, as upstream.
        for a in storage.attachments.values().filter(|a| a["spec"]["nodeName"] == node.name()) {
            let source = &a["spec"]["source"];
            let pv = storage.volumes.get(source["persistentVolumeName"].text()).map(|pv| &pv["spec"]);
            if let Some(disk) = pv.or(source.find("inlineVolumeSpec")).and_then(disk_of) {
                attached.insert(disk, ());
            }
        }
        for (driver, _) in new.keys() {
            let of = |volumes: &Volumes| volumes.keys().filter(|(d, _)| d == driver).count() as i64;
            if limit(driver).is_some_and(|most| of(&attached) + of(&new) > most) {
                return Err(Refusal::unschedulable("node(s) exceed max volume count"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;
    use crate::testing::{Cluster, cluster, named, put, verdict};

    fn pod(name: &str, claims: &[&str]) -> Value {
        let volumes: Vec<Value> =
            claims.iter().map(|c| value!({"persistentVolumeClaim": {"claimName": (*c)}})).collect();
        value!({"metadata": {"name": (name), "namespace": "ns"}, "spec": {"volumes": (volumes)}})
    }

    fn with_claims() -> Cluster {
        let mut c = cluster(vec![named("a"), named("b")]);
        let csi = value!({"spec": {"drivers": [{"name": "disk.csi", "allocatable": {"count": 2}}]}});
        c.storage.csi_nodes.insert("a".into(), csi);
        for n in ["1", "2", "3", "4"] {
            let (claim, pv) = (format!("c{n}"), format!("v{n}"));
            let source = value!({"driver": "disk.csi", "volumeHandle": (n)});
            c.storage.volumes.insert(pv.as_str().into(), value!({"spec": {"csi": (source)}}));
            c.storage.claims.insert(
                format!("ns/{claim}").into(),
                value!({
                    "metadata": {"name": (claim), "namespace": "ns",
                                 "annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
                    "spec": {"volumeName": (pv)},
                }),
            );
        }
        c
    }

    #[test]
    fn a_node_takes_as_many_volumes_as_its_driver_says() {
        let mut c = with_claims();
        let no = Err("node(s) exceed max volume count".to_owned());
        assert_eq!(verdict(&NodeVolumeLimits, &c, &pod("p", &["c1", "c2"]), "a"), Ok(()));
        assert_eq!(verdict(&NodeVolumeLimits, &c, &pod("p", &["c1", "c2", "c3"]), "a"), no);
        assert_eq!(
            verdict(&NodeVolumeLimits, &c, &pod("p", &["c1", "c2", "c3"]), "b"),
            Ok(()),
            "no limit known"
        );
        put(&mut c, "a", "ns/x", &pod("x", &["c1"]));
        assert_eq!(
            verdict(&NodeVolumeLimits, &c, &pod("p", &["c1", "c2"]), "a"),
            Ok(()),
            "c1 is there already"
        );
        assert_eq!(verdict(&NodeVolumeLimits, &c, &pod("p", &["c2", "c3"]), "a"), no);
        // What is still attached counts although no pod uses it.
        let left = value!({"spec": {"nodeName": "a", "attacher": "disk.csi", "source": {"persistentVolumeName": "v4"}}});
        c.storage.attachments.insert("left".into(), left);
        assert_eq!(verdict(&NodeVolumeLimits, &c, &pod("p", &["c2"]), "a"), no);
        assert_eq!(verdict(&NodeVolumeLimits, &c, &pod("p", &["c4"]), "a"), no, "upstream counts it twice");
    }

    #[test]
    fn a_claim_without_volume_counts_by_its_class() {
        let mut c = with_claims();
        c.storage.classes.insert(
            "late".into(),
            value!({"provisioner": "disk.csi", "volumeBindingMode": "WaitForFirstConsumer"}),
        );
        for n in ["x", "y", "z"] {
            c.storage.claims.insert(
                format!("ns/{n}").into(),
                value!({"metadata": {"name": (n), "namespace": "ns"}, "spec": {"storageClassName": "late"}}),
            );
        }
        assert_eq!(verdict(&NodeVolumeLimits, &c, &pod("p", &["x", "y"]), "a"), Ok(()));
        assert_eq!(
            verdict(&NodeVolumeLimits, &c, &pod("p", &["x", "y", "z"]), "a"),
            Err("node(s) exceed max volume count".into())
        );
    }
}
