//! VolumeZone: a volume that carries zone or region labels is used only on nodes of that zone or region.
//!
//! Models `plugins/volumezone`.

use objects::{Str, Value};

use crate::framework::{Filter, Look, Refusal};
use crate::node_info::NodeInfo;
use crate::storage::{Storage, class_name};

const LABELS: [(&str, &str); 4] = [
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("topology.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("topology.kubernetes.io/region", "topology.kubernetes.io/region"),
];

/// A label that a node must have, with one of these values.
#[derive(Clone, Debug)]
pub struct ZoneRule {
    key: &'static str,
    ga: &'static str,
    values: Vec<Str>,
}

/// Whether two states of a volume say the same about zones and regions.
pub(crate) fn same_zones(old: &Value, new: &Value) -> bool {
    LABELS.iter().all(|(key, _)| old.labels().find(key) == new.labels().find(key))
}

/// What the volumes of a pod's bound claims ask of a node.
///
/// # Errors
/// A claim that no node can help.
pub(super) fn pre_filter(pod: &Value, storage: &Storage) -> Result<Vec<ZoneRule>, Refusal> {
    let mut rules = Vec::new();
    for volume in pod["spec"]["volumes"].items() {
        let Some(source) = volume.find("persistentVolumeClaim") else { continue };
        let name = source["claimName"].text();
        if name.is_empty() {
            return Err(Refusal::unresolvable("PersistentVolumeClaim had no name"));
        }
        let Some(claim) = storage.claim(pod.namespace(), name) else {
            return Err(Refusal::unresolvable(format!("persistentvolumeclaim \"{name}\" not found")));
        };
        let bound = claim["spec"]["volumeName"].text();
        if bound.is_empty() {
            unbound(claim, storage)?;
            continue;
        }
        let Some(pv) = storage.volumes.get(bound) else {
            return Err(Refusal::unresolvable(format!("persistentvolume \"{bound}\" not found")));
        };
        for (key, ga) in LABELS {
            if let Some(v) = pv.labels().find(key) {
                let values: Vec<Str> = v.text().split("__").map(|z| z.trim().into()).collect();
                if values.iter().all(|z| !z.is_empty()) {
                    rules.push(ZoneRule { key, ga, values });
                }
            }
        }
    }
    Ok(rules)
}

fn unbound(claim: &Value, storage: &Storage) -> Result<(), Refusal> {
    let class = class_name(claim);
    if class.is_empty() {
        let why = "PersistentVolumeClaim had no pv name and storageClass name";
        return Err(Refusal::unresolvable(why));
    }
    let Some(found) = storage.classes.get(class) else {
        let why = format!("storageclass.storage.k8s.io \"{class}\" not found");
        return Err(Refusal::unresolvable(why));
    };
    match found["volumeBindingMode"].as_str() {
        Some("WaitForFirstConsumer") => Ok(()),
        Some(_) => Err(Refusal::unresolvable("PersistentVolume had no name")),
        None => Err(Refusal::unresolvable(format!("VolumeBindingMode not set for StorageClass \"{class}\""))),
    }
}

pub(super) struct VolumeZone;

impl Filter for VolumeZone {
    fn name(&self) -> &'static str {
        "VolumeZone"
    }

    fn skip(&self, look: &Look<'_>) -> bool {
        look.cycle.zones.is_empty()
    }

    fn filter(&self, look: &Look<'_>, node: &NodeInfo) -> Result<(), Refusal> {
        let labels = node.node.labels();
        // A cluster of one zone need not label its nodes.
        if LABELS.iter().all(|(key, _)| labels.find(key).is_none()) {
            return Ok(());
        }
        let fits = |rule: &ZoneRule| {
            let here = labels.find(rule.key).or_else(|| labels.find(rule.ga));
            here.is_some_and(|h| rule.values.iter().any(|v| v == h.text()))
        };
        if look.cycle.zones.iter().all(fits) {
            return Ok(());
        }
        Err(Refusal::unresolvable("node(s) had no available volume zone"))
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;
    use crate::testing::{cluster, verdict};

    #[test]
    fn claims_without_a_volume() {
        let none = "PersistentVolumeClaim had no pv name and storageClass name";
        let table = [
            ("late", "WaitForFirstConsumer", ""),
            ("now", "Immediate", "PersistentVolume had no name"),
            ("odd", "", "VolumeBindingMode not set for StorageClass \"odd\""),
            ("", "", none),
            ("gone", "", "storageclass.storage.k8s.io \"gone\" not found"),
        ];
        for (class, mode, want) in table {
            let mut c = cluster(vec![]);
            let claim =
                value!({"metadata": {"name": "k", "namespace": "ns"}, "spec": {"storageClassName": (class)}});
            c.storage.claims.insert("ns/k".into(), claim);
            if class != "gone" {
                let mode = if mode.is_empty() { Value::Null } else { mode.into() };
                c.storage.classes.insert(class.into(), value!({"volumeBindingMode": (mode)}));
            }
            let pod = value!({
                "metadata": {"name": "p", "namespace": "ns"},
                "spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "k"}}]},
            });
            let got = pre_filter(&pod, &c.storage).err().map_or(String::new(), |r| r.reasons.join(", "));
            assert_eq!(got, want, "{class}");
        }
    }

    #[test]
    fn zones_of_volumes_and_nodes_agree() {
        let zone = "topology.kubernetes.io/zone";
        let node = |name: &str, labels: Value| value!({"metadata": {"name": (name), "labels": (labels)}});
        let nodes = vec![
            node("a", value!({zone: "x"})),
            node("b", value!({zone: "y"})),
            node("c", value!({})),
            node("d", value!({"topology.kubernetes.io/region": "r"})),
        ];
        let no = "node(s) had no available volume zone";
        let table = [
            (value!({zone: "x"}), [Ok(()), Err(no), Ok(()), Err(no)]),
            (value!({zone: "x__y"}), [Ok(()), Ok(()), Ok(()), Err(no)]),
            (value!({"failure-domain.beta.kubernetes.io/zone": "y"}), [Err(no), Ok(()), Ok(()), Err(no)]),
            (value!({}), [Ok(()), Ok(()), Ok(()), Ok(())]),
        ];
        for (labels, want) in table {
            let mut c = cluster(nodes.clone());
            c.storage.volumes.insert("v".into(), node("v", labels.clone()));
            let claim = value!({
                "metadata": {"name": "k", "namespace": "ns", "annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
                "spec": {"volumeName": "v"},
            });
            c.storage.claims.insert("ns/k".into(), claim);
            let pod = value!({
                "metadata": {"name": "p", "namespace": "ns"},
                "spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "k"}}]},
            });
            let got = ["a", "b", "c", "d"].map(|n| verdict(&VolumeZone, &c, &pod, n));
            assert_eq!(got, want.map(|w| w.map_err(str::to_owned)), "{labels:?}");
        }
    }
}
