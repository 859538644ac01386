//! VolumeRestrictions: a ReadWriteOncePod claim serves one pod only; a disk that one machine mounts is not shared.
//!
//! Models `plugins/volumerestrictions`.

use objects::{Str, Value};
use ordered::BTreeSet;

use crate::framework::{Filter, Look, Refusal};
use crate::node_info::{NodeInfo, Placed, PodInfo};
use crate::nodes::Nodes;
use crate::storage::{Storage, claim_of};

/// What was found of a pod's volumes before nodes are asked.
#[derive(Clone, Debug, Default)]
pub struct Restrictions {
    /// The pod's claims that are for one pod only.
    exclusive: BTreeSet<Str>,
    /// How many of these other pods use.
    in_use: i64,
    /// Whether it uses disks that must be compared on each node.
    disks: bool,
}

impl Restrictions {
    /// A pod of this key comes or leaves.
    pub(super) fn shift(&mut self, namespace: &str, key: &str, other: &Placed, by: i64) {
        if crate::census::namespace_of(key) == namespace {
            let used = claims(&other.spec).filter(|c| self.exclusive.contains(*c)).count();
            self.in_use += by * used as i64;
        }
    }
}

/// The names of the claims in a spec, without generic ephemeral volumes.
fn claims(spec: &Value) -> impl Iterator<Item = &str> {
    spec["volumes"].items().iter().filter_map(|v| Some(v.find("persistentVolumeClaim")?["claimName"].text()))
}

const DISKS: [&str; 4] = ["gcePersistentDisk", "awsElasticBlockStore", "iscsi", "rbd"];

fn is_disk(volume: &Value) -> bool {
    DISKS.iter().any(|d| volume.find(d).is_some())
}

fn conflicts(a: &Value, b: &Value) -> bool {
    let both = |kind: &str| Some((a.find(kind)?, b.find(kind)?));
    let read_only = |(x, y): (&Value, &Value)| x["readOnly"].is_true() && y["readOnly"].is_true();
    let same = |kind: &str, field: &str| both(kind).is_some_and(|(x, y)| x[field] == y[field]);
    let writes = |kind: &str| both(kind).is_some_and(|p| !read_only(p));
    let same_rbd = both("rbd").is_some_and(|(x, y)| {
        let monitors = y["monitors"].items();
        // The pool is "rbd" unless said.
        let pool = |v: &Value| v["pool"].as_str().unwrap_or("rbd").to_owned();
        x["monitors"].items().iter().any(|m| monitors.contains(m))
            && pool(x) == pool(y)
            && x["image"] == y["image"]
            && !read_only((x, y))
    });
    (same("gcePersistentDisk", "pdName") && writes("gcePersistentDisk"))
        || same("awsElasticBlockStore", "volumeID")
        || (same("iscsi", "iqn") && writes("iscsi"))
        || same_rbd
}

/// Whether two specs use a disk that only one of them can have.
pub(crate) fn disks_conflict(spec: &Value, other: &Value) -> bool {
    let theirs = other["volumes"].items();
    spec["volumes"].items().iter().filter(|v| is_disk(v)).any(|v| theirs.iter().any(|w| conflicts(v, w)))
}

/// Whether two specs name a claim both.
pub(crate) fn share_a_claim(spec: &Value, other: &Value) -> bool {
    claims(spec).any(|c| claims(other).any(|d| c == d))
}

/// Looks at a pod's claims before any node.
///
/// # Errors
/// A claim that does not exist.
pub(super) fn pre_filter(
    pod: &PodInfo,
    nodes: &Nodes,
    storage: &Storage,
) -> Result<Option<Restrictions>, Refusal> {
    let (namespace, spec) = (pod.pod.namespace(), &pod.pod["spec"]);
    let mut found =
        Restrictions { disks: spec["volumes"].items().iter().any(is_disk), ..Restrictions::default() };
    for volume in spec["volumes"].items() {
        let Some((name, false)) = claim_of(pod.pod.name(), volume) else { continue };
        let Some(claim) = storage.claim(namespace, &name) else {
            return Err(Refusal::unresolvable(format!("persistentvolumeclaim \"{name}\" not found")));
        };
        if claim["spec"]["accessModes"].items().iter().any(|m| *m == "ReadWriteOncePod")
            && found.exclusive.insert(name.as_str().into())
            && nodes.iter().filter(|n| n.with_volumes > 0).any(|n| {
                let mut pods = n.pods.iter().filter(|(k, _)| crate::census::namespace_of(k) == namespace);
                pods.any(|(_, p)| claims(&p.spec).any(|c| c == name))
            })
        {
            found.in_use += 1;
        }
    }
    Ok((found.disks || found.in_use > 0).then_some(found))
}

pub(super) struct VolumeRestrictions;

impl Filter for VolumeRestrictions {
    fn name(&self) -> &'static str {
        "VolumeRestrictions"
    }

    fn skip(&self, look: &Look<'_>) -> bool {
        look.cycle.restrictions.is_none()
    }

    fn filter(&self, look: &Look<'_>, node: &NodeInfo) -> Result<(), Refusal> {
        let Some(r) = &look.cycle.restrictions else { return Ok(()) };
        let spec = &look.pod.pod["spec"];
        if r.disks && node.with_volumes > 0 && node.pods.values().any(|p| disks_conflict(spec, &p.spec)) {
            return Err(Refusal::unschedulable("node(s) had no available disk"));
        }
        if r.in_use > 0 {
            return Err(Refusal::unschedulable(
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;
    use crate::testing::{cluster, named, put, refused_early, verdict};

    fn pod(volume: Value) -> Value {
        value!({"metadata": {"name": "p", "namespace": "ns"}, "spec": {"volumes": [(volume)]}})
    }

    #[test]
    fn a_claim_for_one_pod_serves_one() {
        let mut c = cluster(vec![named("a"), named("b")]);
        for (name, mode) in [("one", "ReadWriteOncePod"), ("many", "ReadWriteMany")] {
            let claim = value!({
                "metadata": {"name": (name), "namespace": "ns",
                             "annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
                "spec": {"accessModes": [(mode)], "volumeName": "v"},
            });
            c.storage.volumes.insert("v".into(), named("v"));
            c.storage.claims.insert(format!("ns/{name}").into(), claim);
        }
        let uses = |name: &str| pod(value!({"persistentVolumeClaim": {"claimName": (name)}}));
        assert_eq!(verdict(&VolumeRestrictions, &c, &uses("one"), "b"), Ok(()));
        put(&mut c, "a", "ns/x", &uses("one"));
        put(&mut c, "a", "ns/y", &uses("many"));
        put(&mut c, "a", "other/z", &uses("many"));
        let why = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod";
        assert_eq!(verdict(&VolumeRestrictions, &c, &uses("one"), "b"), Err(why.into()));
        assert_eq!(verdict(&VolumeRestrictions, &c, &uses("many"), "a"), Ok(()));
        assert_eq!(
            refused_early(&c, &uses("none")),
            Some(("VolumeRestrictions", "persistentvolumeclaim \"none\" not found".to_owned()))
        );
    }

    #[test]
    fn disks_are_shared_only_for_reading() {
        let gce = |read_only: bool| value!({"gcePersistentDisk": {"pdName": "d", "readOnly": (read_only)}});
        let ebs = value!({"awsElasticBlockStore": {"volumeID": "v"}});
        let iscsi = |iqn: &str| value!({"iscsi": {"iqn": (iqn)}});
        let rbd = |monitor: &str| value!({"rbd": {"monitors": [(monitor), "m9"], "image": "i"}});
        let table = [
            (gce(false), gce(true), true),
            (gce(true), gce(true), false),
            (ebs.clone(), ebs.clone(), true),
            (ebs, gce(false), false),
            (iscsi("a"), iscsi("a"), true),
            (iscsi("a"), iscsi("b"), false),
            (rbd("m1"), rbd("m2"), true),
        ];
        for (there, new, conflict) in table {
            let mut c = cluster(vec![named("a"), named("b")]);
            put(&mut c, "a", "ns/x", &pod(there.clone()));
            let want = if conflict { Err("node(s) had no available disk".to_owned()) } else { Ok(()) };
            assert_eq!(verdict(&VolumeRestrictions, &c, &pod(new.clone()), "a"), want, "{there:?} {new:?}");
            assert_eq!(verdict(&VolumeRestrictions, &c, &pod(new), "b"), Ok(()));
        }
    }
}
