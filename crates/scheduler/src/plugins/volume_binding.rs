//! VolumeBinding: a pod waits until its claims are bound, and goes where its volumes can be reached or made.
//!
//! Models `plugins/volumebinding` and `volume.FindMatchingVolume`. Claims whose class waits for its first consumer are
//! matched with free volumes or handed to the chosen node (`volume.kubernetes.io/selected-node`); see `binding.rs` for
//! what follows. Not modelled: CSIStorageCapacity, scores by capacity.

use objects::node_selector::term_matches;
use objects::quantity::Quantity;
use objects::selector::LabelSelector;
use objects::{Str, Value};
use ordered::Sort as _;

use crate::framework::{Filter, Look, Refusal};
use crate::node_info::NodeInfo;
use crate::storage::{Storage, claim_of, class_name, is_fully_bound};

pub(crate) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// A pod's claims.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    pub bound: Vec<Value>,
    /// Claims that wait for a node, the smallest first.
    pub waiting: Vec<Value>,
}

/// What has to happen to claims before a pod can be bound to a node.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    /// A free volume and the claim that takes it.
    pub take: Vec<(Value, Value)>,
    /// Claims whose volume is made for the node.
    pub provision: Vec<Value>,
}

fn size_of(claim: &Value) -> i64 {
    Quantity::of(&claim["spec"]["resources"]["requests"]["storage"]).value()
}

/// Looks at a pod's claims before any node.
///
/// # Errors
/// Why no node can help.
pub fn pre_filter(pod: &Value, storage: &Storage) -> Result<Option<Claims>, Refusal> {
    let volumes = pod["spec"]["volumes"].items();
    let mut named = Vec::new();
    for (name, ephemeral) in volumes.iter().filter_map(|v| claim_of(pod.name(), v)) {
        let Some(claim) = storage.claim(pod.namespace(), &name) else {
            return Err(Refusal::unresolvable(if ephemeral {
                format!(
                    "waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\""
                )
            } else {
                format!("persistentvolumeclaim \"{name}\" not found")
            }));
        };
        if claim["status"]["phase"] == "Lost" {
            let volume = claim["spec"]["volumeName"].text();
            return Err(Refusal::unresolvable(format!(
                "persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{volume}\""
            )));
        }
        if claim.is_terminating() {
            return Err(Refusal::unresolvable(format!("persistentvolumeclaim \"{name}\" is being deleted")));
        }
        if ephemeral && claim.controller_ref()["uid"] != pod.uid() {
            return Err(Refusal::unresolvable(format!(
                "PVC {}/{name} was not created for pod {}/{} (pod is not owner)",
                pod.namespace(),
                pod.namespace(),
                pod.name()
            )));
        }
        named.push(claim.clone());
    }
    if named.is_empty() {
        return Ok(None);
    }
    let mut all = Claims::default();
    for claim in named {
        if is_fully_bound(&claim) {
            all.bound.push(claim);
            continue;
        }
        let waits =
            storage.class_of(&claim).is_some_and(|c| c["volumeBindingMode"] == "WaitForFirstConsumer");
        if !waits || !claim["spec"]["volumeName"].text().is_empty() {
            return Err(Refusal::unresolvable("pod has unbound immediate PersistentVolumeClaims"));
        }
        all.waiting.push(claim);
    }
    all.waiting.arrange_by(|a, b| size_of(a).cmp(&size_of(b)));
    Ok(Some(all))
}

/// Whether a volume can be reached from a node.
pub(crate) fn reachable(volume: &Value, node: &Value) -> bool {
    let terms = &volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"];
    terms.is_null() || terms.items().iter().any(|t| term_matches(t, node))
}

/// Whether a volume was reserved for this claim beforehand.
fn is_reserved_for(volume: &Value, claim: &Value) -> bool {
    let r = &volume["spec"]["claimRef"];
    r["name"] == claim.name()
        && r["namespace"] == claim.namespace()
        && (r["uid"].text().is_empty() || r["uid"] == claim.uid())
}

/// The volume a claim would take on a node: the one reserved for it, or the smallest that is free and fits.
fn match_volume<'a>(
    claim: &Value,
    node: &Value,
    taken: &[(Value, Value)],
    storage: &'a Storage,
) -> Option<&'a Value> {
    let want = &claim["spec"];
    let selector = &want["selector"];
    let selector = (!selector.is_null())
        .then(|| LabelSelector::from_value(selector).unwrap_or_else(|_| LabelSelector::nothing()));
    let (class, size) = (class_name(claim), size_of(claim));
    let capacity = |v: &Value| Quantity::of(&v["spec"]["capacity"]["storage"]).value();
    let mut best: Option<&Value> = None;
    for volume in storage.volumes.values() {
        let has = &volume["spec"];
        let mode = |s: &Value| s["volumeMode"].as_str().unwrap_or("Filesystem").to_owned();
        if class_name(volume) != class
            || volume.is_terminating()
            || mode(want) != mode(has)
            || capacity(volume) < size
            || taken.iter().any(|(v, _)| v.name() == volume.name())
            || !reachable(volume, node)
        {
            continue;
        }
        if is_reserved_for(volume, claim) {
            return Some(volume);
        }
        let free = volume["status"]["phase"] == "Available"
            && has["claimRef"].is_null()
            && selector.as_ref().is_none_or(|s| s.matches(volume.labels()))
            && want["accessModes"].items().iter().all(|m| has["accessModes"].items().contains(m));
        if free && best.is_none_or(|b| capacity(volume) < capacity(b)) {
            best = Some(volume);
        }
    }
    best
}

/// Whether the class can make volumes for this node.
fn can_provision(claim: &Value, node: &Value, storage: &Storage) -> bool {
    let Some(class) = storage.class_of(claim) else { return false };
    if matches!(class["provisioner"].text(), "" | NO_PROVISIONER) {
        return false;
    }
    let allowed = class["allowedTopologies"].items();
    let term = |t: &Value| {
        t["matchLabelExpressions"].items().iter().all(|e| {
            let here = node.labels().find(e["key"].text());
            here.is_some_and(|h| e["values"].items().contains(h))
        })
    };
    allowed.is_empty() || allowed.iter().any(term)
}

/// What binding a pod's claims on a node comes to.
///
/// # Errors
/// The reasons why they can't be.
pub(crate) fn find(claims: &Claims, node: &Value, storage: &Storage) -> Result<Bindings, Vec<Str>> {
    const CONFLICT: &str = "node(s) didn't find available persistent volumes to bind";
    let mut reasons = Vec::new();
    let (mut there, mut near) = (true, true);
    for claim in &claims.bound {
        match storage.volumes.get(claim["spec"]["volumeName"].text()) {
            None => there = false,
            Some(v) if !reachable(v, node) => near = false,
            Some(_) => continue,
        }
        break;
    }
    if !near {
        reasons.push(Str::new_static("node(s) didn't match PersistentVolume's node affinity"));
    }
    let mut bindings = Bindings::default();
    let mut satisfied = true;
    for claim in &claims.waiting {
        match claim.annotations().find(SELECTED_NODE) {
            Some(n) if n.text() != node.name() => satisfied = false,
            Some(_) => bindings.provision.push(claim.clone()),
            None => match match_volume(claim, node, &bindings.take, storage) {
                Some(v) => bindings.take.push((v.clone(), claim.clone())),
                None => bindings.provision.push(claim.clone()),
            },
        }
    }
    if !satisfied || !bindings.provision.iter().all(|c| can_provision(c, node, storage)) {
        reasons.push(Str::new_static(CONFLICT));
    }
    if !there {
        reasons.push("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)".into());
    }
    if reasons.is_empty() { Ok(bindings) } else { Err(reasons) }
}

pub(super) struct VolumeBinding;

impl Filter for VolumeBinding {
    fn name(&self) -> &'static str {
        "VolumeBinding"
    }

    fn skip(&self, look: &Look<'_>) -> bool {
        look.cycle.claims.is_none()
    }

    fn filter(&self, look: &Look<'_>, node: &NodeInfo) -> Result<(), Refusal> {
        let Some(claims) = &look.cycle.claims else { return Ok(()) };
        match find(claims, &node.node, look.storage) {
            Ok(_) => Ok(()),
            Err(reasons) => Err(Refusal { reasons, unresolvable: true }),
        }
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;
    use crate::testing::{Cluster, cluster, refused_early, verdict};

    fn claim(name: &str, class: &str, more: Value) -> Value {
        let mut c = value!({
            "metadata": {"name": (name), "namespace": "ns", "annotations": {}},
            "spec": {"storageClassName": (class), "accessModes": ["ReadWriteOnce"],
                     "resources": {"requests": {"storage": "1Gi"}}},
        });
        for (k, v) in more.entries() {
            c.set_at(&k.split('.').collect::<Vec<_>>(), v);
        }
        c
    }

    fn bound(name: &str, volume: &str) -> Value {
        let mut c = claim(name, "", value!({"spec.volumeName": (volume)}));
        c.at_mut(&["metadata", "annotations"]).set("pv.kubernetes.io/bind-completed", "yes");
        c
    }

    fn volume(name: &str, size: &str, node: &str, more: Value) -> Value {
        let term = value!({"matchExpressions": [{"key": "host", "operator": "In", "values": [(node)]}]});
        let mut v = value!({
            "metadata": {"name": (name)}, "status": {"phase": "Available"},
            "spec": {"storageClassName": "local", "capacity": {"storage": (size)},
                     "accessModes": ["ReadWriteOnce"],
                     "nodeAffinity": {"required": {"nodeSelectorTerms": [(term)]}}},
        });
        for (k, x) in more.entries() {
            v.set_at(&k.split('.').collect::<Vec<_>>(), x);
        }
        v
    }

    fn with(claims: Vec<Value>, volumes: Vec<Value>) -> Cluster {
        let node = |n: &str| value!({"metadata": {"name": (n), "labels": {"host": (n), "zone": (n)}}});
        let mut c = cluster(vec![node("a"), node("b")]);
        for k in claims {
            c.storage.claims.insert(k.key(), k);
        }
        for v in volumes {
            c.storage.volumes.insert(v.name().into(), v);
        }
        let late = "WaitForFirstConsumer";
        let zones = value!([{"matchLabelExpressions": [{"key": "zone", "values": ["b"]}]}]);
        for (name, class) in [
            ("local", value!({"provisioner": (NO_PROVISIONER), "volumeBindingMode": (late)})),
            ("late", value!({"provisioner": "disk.csi", "volumeBindingMode": (late)})),
            (
                "zonal",
                value!({"provisioner": "disk.csi", "volumeBindingMode": (late), "allowedTopologies": (zones)}),
            ),
            ("now", value!({"provisioner": "disk.csi", "volumeBindingMode": "Immediate"})),
        ] {
            c.storage.classes.insert(name.into(), class);
        }
        c
    }

    fn pod(claims: &[&str]) -> Value {
        let volumes: Vec<Value> =
            claims.iter().map(|c| value!({"persistentVolumeClaim": {"claimName": (*c)}})).collect();
        value!({"metadata": {"name": "p", "namespace": "ns", "uid": "u"}, "spec": {"volumes": (volumes)}})
    }

    #[test]
    fn what_no_node_can_help() {
        let c = with(
            vec![
                claim("unbound", "now", value!({})),
                claim("lost", "", value!({"status.phase": "Lost", "spec.volumeName": "gone"})),
                claim("leaving", "", value!({"metadata.deletionTimestamp": "2026-01-01T00:00:00Z"})),
                claim("given", "late", value!({"spec.volumeName": "v"})),
                claim("late", "late", value!({})),
            ],
            vec![],
        );
        let unbound = "pod has unbound immediate PersistentVolumeClaims";
        let table = [
            ("unbound", Some(("VolumeBinding", unbound))),
            ("given", Some(("VolumeBinding", unbound))),
            (
                "lost",
                Some((
                    "VolumeBinding",
                    "persistentvolumeclaim \"lost\" bound to non-existent persistentvolume \"gone\"",
                )),
            ),
            ("leaving", Some(("VolumeBinding", "persistentvolumeclaim \"leaving\" is being deleted"))),
            ("late", None),
        ];
        for (name, want) in table {
            assert_eq!(refused_early(&c, &pod(&[name])), want.map(|(p, w)| (p, w.to_owned())), "{name}");
        }
        let mut p = pod(&[]);
        p.at_mut(&["spec", "volumes"]).list_mut().push(value!({"name": "v", "ephemeral": {}}));
        let why = "waiting for ephemeral volume controller to create the persistentvolumeclaim \"p-v\"";
        assert_eq!(refused_early(&c, &p), Some(("VolumeBinding", why.to_owned())));
    }

    #[test]
    fn nodes_that_can_reach_find_or_make_the_volumes() {
        let far = "node(s) didn't match PersistentVolume's node affinity";
        let none = "node(s) didn't find available persistent volumes to bind";
        let selected = claim("sel", "late", value!({"metadata.annotations": {(SELECTED_NODE): "b"}}));
        let table = [
            (vec![bound("c", "v")], vec![volume("v", "1Gi", "a", value!({}))], [Ok(()), Err(far)]),
            (
                vec![claim("c", "local", value!({}))],
                vec![volume("v", "2Gi", "b", value!({}))],
                [Err(none), Ok(())],
            ),
            (
                vec![claim("c", "local", value!({}))],
                vec![volume("v", "1Mi", "b", value!({}))],
                [Err(none), Err(none)],
            ),
            (
                vec![claim("c", "local", value!({}))],
                vec![volume("v", "1Gi", "b", value!({"spec.accessModes": ["ReadOnlyMany"]}))],
                [Err(none), Err(none)],
            ),
            (
                vec![claim("c", "local", value!({}))],
                vec![volume(
                    "v",
                    "1Gi",
                    "a",
                    value!({"spec.claimRef": {"name": "x", "namespace": "ns", "uid": "y"}}),
                )],
                [Err(none), Err(none)],
            ),
            (vec![claim("c", "late", value!({}))], vec![], [Ok(()), Ok(())]),
            (vec![claim("c", "zonal", value!({}))], vec![], [Err(none), Ok(())]),
            (vec![selected], vec![], [Err(none), Ok(())]),
            // One volume does not serve two claims.
            (
                vec![claim("c", "local", value!({})), claim("d", "local", value!({}))],
                vec![volume("v", "2Gi", "a", value!({}))],
                [Err(none), Err(none)],
            ),
            (vec![bound("c", "gone")], vec![], [Err("VolumeZone: persistentvolume \"gone\" not found"); 2]),
        ];
        for (claims, volumes, want) in table {
            let names: Vec<String> = claims.iter().map(|c| c.name().to_owned()).collect();
            let c = with(claims, volumes);
            let p = pod(&names.iter().map(String::as_str).collect::<Vec<_>>());
            let got = ["a", "b"].map(|n| verdict(&VolumeBinding, &c, &p, n));
            assert_eq!(got, want.map(|w| w.map_err(str::to_owned)), "{names:?}");
        }
    }

    #[test]
    fn the_smallest_volume_is_taken_unless_one_was_reserved() {
        let reserved = value!({"spec.claimRef": {"name": "c", "namespace": "ns"}});
        let mut c = with(
            vec![claim("c", "local", value!({}))],
            vec![volume("v5", "5Gi", "a", value!({})), volume("v3", "3Gi", "a", value!({}))],
        );
        let taken = |c: &Cluster| {
            let claims = pre_filter(&pod(&["c"]), &c.storage).ok().flatten().expect("has claims");
            let node = c.nodes.get("a").expect("there");
            let found = find(&claims, &node.node, &c.storage).expect("fits");
            found.take.iter().map(|(v, _)| v.name().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(taken(&c), ["v3"]);
        c.storage.volumes.insert("v9".into(), volume("v9", "9Gi", "a", reserved));
        assert_eq!(taken(&c), ["v9"]);
    }
}
