//! What a pod's change is about, read once for all controllers: most of them are concerned with few pods.
//!
//! Does not own: what a controller makes of a change that concerns it.

use client::Change;
use objects::Value;

/// Volumes that are files only: they come without a claim, and nothing is attached for them.
const FILES: [&str; 6] = ["projected", "configMap", "secret", "emptyDir", "hostPath", "downwardAPI"];

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PodFacts<'a> {
    /// The pod's own.
    pub name: &'a str,
    /// The kind of its controller, `""` for an orphan.
    owner: &'a str,
    /// Its owners are others than before.
    changes_hands: bool,
    /// One of its volumes is more than files.
    pub has_disks: bool,
}

impl<'a> PodFacts<'a> {
    #[must_use]
    pub fn of(change: &'a Change) -> Self {
        let (old, new) = (&change.previous, &change.object);
        let (before, after) = (&old.meta()["ownerReferences"], &new.meta()["ownerReferences"]);
        let is_file = |v: &Value| FILES.iter().any(|kind| v.find(kind).is_some());
        Self {
            name: &change.name,
            owner: new.controller_ref()["kind"].text(),
            changes_hands: !old.is_null() && !before.same(after) && before != after,
            has_disks: !new["spec"]["volumes"].items().iter().all(is_file),
        }
    }

    /// Whether a controller of this kind of owner has to hear of it: it owns the pod, may have owned it, or may adopt it.
    #[must_use]
    pub fn may_be_of(&self, kind: &str) -> bool {
        self.changes_hands || self.owner.is_empty() || self.owner == kind
    }
}

#[cfg(test)]
mod tests {
    use client::ChangeKind;
    use objects::value;

    use super::*;

    #[test]
    fn a_pod_concerns_its_owner_its_former_owner_and_orphans_concern_all() {
        let pod = |owner: &str| match owner {
            "" => value!({"metadata": {"name": "p"}}),
            _ => {
                value!({"metadata": {"name": "p", "ownerReferences": [{"kind": (owner), "controller": true}]}})
            }
        };
        let table = [
            (Value::Null, pod("Job"), [false, true]),
            (pod("Job"), pod("Job"), [false, true]),
            (pod(""), pod(""), [true, true]),
            (pod("ReplicaSet"), pod("Job"), [true, true]),
            (pod("ReplicaSet"), pod(""), [true, true]),
        ];
        for (previous, object, concerned) in table {
            let change = Change { kind: ChangeKind::Modified, previous, ..Change::added("pods", object) };
            let facts = PodFacts::of(&change);
            assert_eq!(["ReplicaSet", "Job"].map(|kind| facts.may_be_of(kind)), concerned, "{change:?}");
        }
    }

    #[test]
    fn files_are_no_disks() {
        let of = |volumes: Value| {
            PodFacts::of(&Change::added("pods", value!({"spec": {"volumes": volumes}}))).has_disks
        };
        assert!(!of(value!([{"name": "t", "projected": {}}, {"name": "c", "configMap": {"name": "c"}}])));
        assert!(!of(Value::Null));
        for kind in ["persistentVolumeClaim", "ephemeral", "csi", "awsElasticBlockStore", "iscsi"] {
            let disk = Value::from_iter([
                value!({"name": "t", "emptyDir": {}}),
                [(kind, Value::map())].into_iter().collect::<objects::Map>().into(),
            ]);
            assert!(of(disk), "{kind}");
        }
    }
}
