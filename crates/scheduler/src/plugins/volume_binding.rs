//! VolumeBinding: a pod waits until its claims are bound, and goes where its volumes can be reached.
//!
//! Models `plugins/volumebinding`. A claim whose class waits for its first consumer is handed to the chosen node; the
//! pod is bound when the claim is. Not modelled: storage capacity, assumed volumes, the ten minutes' time-out.

use objects::quantity::Quantity;
use objects::{Str, Value};
use ordered::BTreeMap;

use super::node_affinity::term_matches;
use crate::framework::{Filter, Refusal};
use crate::node_info::{NodeInfo, PodInfo};

const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// Claims, volumes and classes as the scheduler has heard of them.
#[derive(Clone, Debug, Default)]
pub struct Storage {
    pub claims: BTreeMap<Str, Value>,
    pub volumes: BTreeMap<Str, Value>,
    pub classes: BTreeMap<Str, Value>,
}

/// What a pod's claims ask of a node.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    /// Volumes that are bound already.
    pub bound: Vec<Value>,
    /// Claims that take one of these volumes once a node is chosen.
    pub to_bind: Vec<(Value, Vec<Value>)>,
    /// Claims whose volume is made once a node is chosen.
    pub to_provision: Vec<Value>,
}

/// The names of the claims a pod uses.
fn claim_names(pod: &Value) -> impl Iterator<Item = String> + '_ {
    pod["spec"]["volumes"].items().iter().filter_map(|v| {
        if v["ephemeral"].is_null() {
            v.find("persistentVolumeClaim").map(|c| c["claimName"].text().to_owned())
        } else {
            Some(format!("{}-{}", pod.name(), v["name"].text()))
        }
    })
}

/// Looks at a pod's claims before any node.
///
/// # Errors
/// Why no node can help.
pub fn pre_filter(pod: &Value, storage: &Storage) -> Result<Option<Claims>, Refusal> {
    let mut found: Option<Claims> = None;
    for name in claim_names(pod) {
        let missing = || Refusal::unresolvable(format!("persistentvolumeclaim \"{name}\" not found"));
        let claim = storage.claims.get(format!("{}/{name}", pod.namespace()).as_str()).ok_or_else(missing)?;
        if claim.is_terminating() {
            return Err(Refusal::unresolvable(format!("persistentvolumeclaim \"{name}\" is being deleted")));
        }
        let all = found.get_or_insert_default();
        let volume = claim["spec"]["volumeName"].text();
        if !volume.is_empty() && claim["status"]["phase"] == "Bound" {
            all.bound.extend(storage.volumes.get(volume).cloned());
            continue;
        }
        let class = storage.classes.get(claim["spec"]["storageClassName"].text());
        match class.filter(|c| c["volumeBindingMode"] == "WaitForFirstConsumer" && volume.is_empty()) {
            Some(c) if c["provisioner"] == NO_PROVISIONER => {
                let fitting = storage.volumes.values().filter(|v| fits(claim, v)).cloned().collect();
                all.to_bind.push((claim.clone(), fitting));
            }
            Some(_) => all.to_provision.push(claim.clone()),
            None => {
                return Err(Refusal::unresolvable("pod has unbound immediate PersistentVolumeClaims"));
            }
        }
    }
    Ok(found)
}

/// Whether a free volume satisfies a claim.
fn fits(claim: &Value, volume: &Value) -> bool {
    let (want, has) = (&claim["spec"], &volume["spec"]);
    volume["status"]["phase"] == "Available"
        && has["claimRef"].is_null()
        && want["storageClassName"] == has["storageClassName"]
        && want["accessModes"].items().iter().all(|m| has["accessModes"].items().contains(m))
        && Quantity::of(&has["capacity"]["storage"]).value()
            >= Quantity::of(&want["resources"]["requests"]["storage"]).value()
}

/// Whether a volume can be reached from a node.
pub(crate) fn reachable(volume: &Value, node: &Value) -> bool {
    let terms = &volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"];
    terms.is_null() || terms.items().iter().any(|t| term_matches(t, node))
}

pub(super) struct VolumeBinding;

impl Filter for VolumeBinding {
    fn name(&self) -> &'static str {
        "VolumeBinding"
    }

    fn filter(&self, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        let Some(claims) = pod.cycle.as_ref().and_then(|c| c.claims.as_ref()) else { return Ok(()) };
        if !claims.bound.iter().all(|v| reachable(v, &node.node)) {
            return Err(Refusal::unresolvable("node(s) didn't match PersistentVolume's node affinity"));
        }
        if !claims.to_bind.iter().all(|(_, some)| some.iter().any(|v| reachable(v, &node.node))) {
            return Err(Refusal::unresolvable("node(s) didn't find available persistent volumes to bind"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn what_a_claim_makes_of_its_pod() {
        let mut storage = Storage::default();
        let claim = |class: &str, volume: &str, phase: &str| {
            value!({
                "metadata": {"namespace": "ns"}, "status": {"phase": (phase)},
                "spec": {"storageClassName": (class), "volumeName": (volume)},
            })
        };
        for (name, c) in [
            ("bound", claim("", "pv", "Bound")),
            ("immediate", claim("", "", "Pending")),
            ("late", claim("late", "", "Pending")),
        ] {
            storage.claims.insert(format!("ns/{name}").into(), c);
        }
        storage.classes.insert(
            "late".into(),
            value!({"provisioner": "disk.csi", "volumeBindingMode": "WaitForFirstConsumer"}),
        );
        storage.volumes.insert("pv".into(), value!({"metadata": {"name": "pv"}}));
        let table = [
            ("bound", Ok((1, 0))),
            ("late", Ok((0, 1))),
            ("immediate", Err("pod has unbound immediate PersistentVolumeClaims")),
            ("no", Err("persistentvolumeclaim \"no\" not found")),
        ];
        for (name, want) in table {
            let pod = value!({
                "metadata": {"name": "p", "namespace": "ns"},
                "spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": (name)}}]},
            });
            let got = pre_filter(&pod, &storage).map(|c| {
                let c = c.unwrap_or_default();
                (c.bound.len(), c.to_provision.len())
            });
            assert_eq!(got.map_err(|r| r.reasons[0].clone()), want.map_err(str::to_owned), "{name}");
        }
    }

    #[test]
    fn local_volumes_decide_the_node() {
        let volume = value!({"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["a"]}]}
        ]}}}});
        let node =
            |name: &str| value!({"metadata": {"name": (name), "labels": {"kubernetes.io/hostname": (name)}}});
        assert!(reachable(&volume, &node("a")) && !reachable(&volume, &node("b")));
    }
}
