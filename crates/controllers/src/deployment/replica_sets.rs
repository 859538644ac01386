//! The ReplicaSets of a Deployment: which one is new, creating it, and the revisions they carry.

use objects::resources::REPLICASETS;
use objects::template_hash::pod_template_hash;
use objects::{Reason, Status, Value, value};
use ordered::Sort as _;

use super::arithmetic::{self, DESIRED_REPLICAS, MAX_REPLICAS, max_surge, replicas};
use super::{Rollout, conditions};
use crate::caches::key_of;
use crate::controller::{controller_ref, is_namespace_terminating};

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
const HASH_LABEL: &str = "pod-template-hash";
/// The history annotation is kept to this many characters.
const MAX_HISTORY_CHARS: usize = 2000;
/// Annotations of a Deployment that its ReplicaSets do not take over.
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    "deprecated.deployment.rollback.to",
];

/// Oldest first, of one instant by name.
pub(super) fn sort_by_creation(sets: &mut [Value]) {
    sets.arrange_by(|a, b| (a.created(), a.name()).cmp(&(b.created(), b.name())));
}

pub(super) fn active(sets: &[Value]) -> Vec<Value> {
    sets.iter().filter(|rs| replicas(rs) > 0).cloned().collect()
}

/// The revision of a ReplicaSet, 0 without one; `None` when it is no number.
pub(super) fn revision(rs: &Value) -> Option<i64> {
    let text = &rs.annotations()[REVISION];
    if text.is_null() { Some(0) } else { text.text().parse().ok() }
}

/// True when two templates differ at most in the hash label. Absent and empty are equal.
pub(super) fn equal_ignore_hash(a: &Value, b: &Value) -> bool {
    semantic_equal(a.get("spec"), b.get("spec"))
        && equal_but_for(HASH_LABEL, a.labels(), b.labels())
        && equal_but_for("labels", a.meta(), b.meta())
}

/// [`semantic_equal`] for maps in which one key does not count.
fn equal_but_for(key: &str, a: &Value, b: &Value) -> bool {
    let others = |of: &Value, f: &dyn Fn(&str, &Value) -> bool| {
        of.entries().iter().filter(|(k, _)| *k != key).all(|(k, v)| f(k, v))
    };
    a.same(b)
        || (others(a, &|k, v| semantic_equal(v, b.get(k)))
            && others(b, &|k, v| a.find(k).is_some() || is_empty(v)))
}

/// Equality that takes null, an absent field and an empty list or map for the same.
pub(crate) fn semantic_equal(a: &Value, b: &Value) -> bool {
    if a.same(b) {
        return true;
    }
    match (a, b) {
        (Value::Map(x), Value::Map(y)) => {
            x.iter().all(|(k, v)| semantic_equal(v, b.get(k)))
                && y.iter().all(|(k, v)| a.find(k).is_some() || is_empty(v))
        }
        (Value::List(x), Value::List(y)) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|(v, w)| semantic_equal(v, w))
        }
        _ => a == b || (is_empty(a) && is_empty(b)),
    }
}

fn is_empty(v: &Value) -> bool {
    match v {
        Value::Null => true,
        Value::List(l) => l.is_empty(),
        Value::Map(m) => m.iter().all(|(_, v)| is_empty(v)),
        _ => false,
    }
}

pub(super) fn set_replicas_annotations(rs: &mut Value, d: &Value) -> bool {
    let mut changed = false;
    for (key, n) in [(DESIRED_REPLICAS, replicas(d)), (MAX_REPLICAS, replicas(d) + max_surge(d))] {
        changed |= annotate(rs, key, &n.to_string());
    }
    changed
}

/// Sets an annotation; true when it was another before.
fn annotate(object: &mut Value, key: &str, text: &str) -> bool {
    if object.annotations()[key] == text {
        return false;
    }
    object.set_at(&["metadata", "annotations", key], text);
    true
}

/// Copies the Deployment's annotations and numbers the revision; true when something changed.
fn set_new_annotations(d: &Value, rs: &mut Value, new_revision: i64, exists: bool) -> bool {
    let mut changed = false;
    for (k, v) in d.annotations().entries() {
        if !NOT_COPIED.contains(&k.as_str()) {
            changed |= annotate(rs, k, v.text());
        }
    }
    let old = rs.annotations()[REVISION].clone();
    let old_number = match old.text() {
        "" => 0,
        text => match text.parse::<i64>() {
            Ok(n) => n,
            Err(_) => return false,
        },
    };
    if old_number < new_revision {
        changed |= annotate(rs, REVISION, &new_revision.to_string());
        if !old.is_null() {
            append_history(rs, old.text());
        }
    }
    if !exists {
        changed |= set_replicas_annotations(rs, d);
    }
    changed
}

/// Adds `old` to the revisions this ReplicaSet had before; the oldest go when there are too many.
fn append_history(rs: &mut Value, old: &str) {
    let history = rs.annotations()[REVISION_HISTORY].text().to_owned();
    if history.is_empty() {
        annotate(rs, REVISION_HISTORY, old);
        return;
    }
    let all: Vec<&str> = history.split(',').collect();
    let (mut length, mut start) = (history.len() + old.len() + 1, 0);
    while length > MAX_HISTORY_CHARS && start < all.len() {
        length -= all[start].len() + 1;
        start += 1;
    }
    if length <= MAX_HISTORY_CHARS {
        let mut kept = all[start..].to_vec();
        kept.push(old);
        annotate(rs, REVISION_HISTORY, &kept.join(","));
    }
}

pub(super) fn has_deadline(d: &Value) -> bool {
    d["spec"]["progressDeadlineSeconds"].as_int().is_some_and(|n| n != i64::from(i32::MAX))
}

impl Rollout<'_, '_, '_> {
    /// The new ReplicaSet (null if there is none and none may be made) and all old ones, revisions in order.
    pub(super) fn sync_revision(&mut self, create: bool) -> Result<(Value, Vec<Value>), Status> {
        let template = &self.d["spec"]["template"];
        let at = self.all.iter().position(|rs| equal_ignore_hash(&rs["spec"]["template"], template));
        self.base.visited += self.all.len() as u64;
        let old: Vec<Value> =
            self.all.iter().enumerate().filter(|(i, _)| Some(*i) != at).map(|(_, rs)| rs.clone()).collect();
        let next = old.iter().filter_map(revision).max().unwrap_or(0) + 1;
        let new = match at {
            Some(i) => self.sync_existing(i, next)?,
            None if create => {
                let rs = self.create_new(&old, next)?;
                self.all.push(rs.clone());
                rs
            }
            None => Value::Null,
        };
        Ok((new, old))
    }

    fn sync_existing(&mut self, at: usize, next_revision: i64) -> Result<Value, Status> {
        let mut rs = self.all[at].clone();
        let changed = set_new_annotations(&self.d, &mut rs, next_revision, true);
        let min_ready = self.d["spec"]["minReadySeconds"].int();
        if changed || rs["spec"]["minReadySeconds"].int() != min_ready {
            if rs["spec"]["minReadySeconds"].int() != min_ready {
                rs.set_at(&["spec", "minReadySeconds"], min_ready);
            }
            let stored = self.ctx.update(REPLICASETS, rs)?;
            self.all[at] = stored.clone();
            return Ok(stored);
        }
        let mut dirty = annotate(&mut self.d, REVISION, rs.annotations()[REVISION].text());
        if has_deadline(&self.d) && conditions::get(self.d.get("status"), "Progressing").is_none() {
            let message = format!("Found new replica set \"{}\"", rs.name());
            self.set_condition("Progressing", "True", "FoundNewReplicaSet", &message);
            dirty = true;
        }
        if dirty {
            self.write_status()?;
        }
        Ok(rs)
    }

    fn create_new(&mut self, old: &[Value], next_revision: i64) -> Result<Value, Status> {
        let d = self.d.clone();
        let collisions = d["status"]["collisionCount"].as_int();
        let mut template = d["spec"]["template"].clone();
        let hash = pod_template_hash(&template, collisions);
        template.set_at(&["metadata", "labels", HASH_LABEL], hash.as_str());
        let mut selector = d["spec"]["selector"].clone();
        selector.set_at(&["matchLabels", HASH_LABEL], hash.as_str());
        let room = 253 - 1 - hash.len();
        let name = format!("{}-{hash}", d.name().get(..room).unwrap_or(d.name()));
        let total = arithmetic::sum(old, replicas);
        let n = arithmetic::new_rs_replicas(&d, total, 0);
        let mut rs = value!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {
                "name": (name.as_str()), "namespace": (d.namespace()), "labels": (template.labels()),
                "ownerReferences": [(controller_ref(&d, objects::resources::DEPLOYMENTS))],
            },
            "spec": {"replicas": (n), "selector": (selector), "template": (template)},
        });
        if !d["spec"]["minReadySeconds"].is_zero() {
            rs.set_at(&["spec", "minReadySeconds"], &d["spec"]["minReadySeconds"]);
        }
        set_new_annotations(&d, &mut rs, next_revision, false);
        let (created, existed) = match self.ctx.create(REPLICASETS, rs) {
            Ok(rs) => (rs, false),
            Err(e) if e.reason == Reason::AlreadyExists => (self.collided(&name, e)?, true),
            Err(e) if is_namespace_terminating(&e) => return Err(e),
            Err(e) => {
                let message = format!("Failed to create new replica set \"{name}\": {e}");
                if has_deadline(&d) {
                    self.set_condition("Progressing", "False", "ReplicaSetCreateError", &message);
                    self.write_status().ok();
                }
                self.base.warning(self.ctx, &d, "ReplicaSetCreateError", &message);
                return Err(e);
            }
        };
        if !existed && n > 0 {
            let message = format!("Scaled up replica set {name} from 0 to {n}");
            self.base.normal(self.ctx, &d, "ScalingReplicaSet", &message);
        }
        let mut dirty = annotate(&mut self.d, REVISION, &next_revision.to_string());
        if !existed && has_deadline(&d) {
            let message = format!("Created new replica set \"{name}\"");
            self.set_condition("Progressing", "True", "NewReplicaSetCreated", &message);
            dirty = true;
        }
        if dirty {
            self.write_status()?;
        }
        Ok(created)
    }

    /// A ReplicaSet of that name exists: ours by an earlier try, or another template with the same hash.
    fn collided(&mut self, name: &str, error: Status) -> Result<Value, Status> {
        let key = key_of(self.d.namespace(), name);
        let Some(rs) = self.caches.of_resource(REPLICASETS).get(&key) else { return Err(error) };
        let ours = rs.controller_ref()["uid"] == self.d.uid();
        if ours && equal_ignore_hash(&self.d["spec"]["template"], &rs["spec"]["template"]) {
            return Ok(rs.clone());
        }
        let n = self.d["status"]["collisionCount"].int() + 1;
        self.d.set_at(&["status", "collisionCount"], n);
        self.write_status().ok();
        Err(error)
    }

    pub(super) fn set_condition(&mut self, kind: &str, status: &str, reason: &str, message: &str) {
        let condition = conditions::new(kind, status, reason, message, self.ctx.now);
        let mut all = self.d.get("status").clone();
        conditions::set(&mut all, condition);
        self.d.set("status", all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_equal_but_for_hash_and_emptiness() {
        let a = value!({"metadata": {"labels": {"app": "web", "pod-template-hash": "x"}},
            "spec": {"containers": [{"name": "c", "resources": {}}], "securityContext": {}}});
        let b = value!({"metadata": {"labels": {"app": "web"}, "creationTimestamp": null},
            "spec": {"containers": [{"name": "c"}]}});
        assert!(equal_ignore_hash(&a, &b) && equal_ignore_hash(&b, &a));
        let mut c = b.clone();
        c.set_at(&["spec", "containers"], value!([{"name": "d"}]));
        assert!(!equal_ignore_hash(&a, &c));
    }

    #[test]
    fn a_revision_that_returns_keeps_its_history() {
        let d =
            value!({"metadata": {"annotations": {"note": "x", "deployment.kubernetes.io/revision": "9"}}});
        let mut rs = value!({"metadata": {"annotations": {"deployment.kubernetes.io/revision": "1"}}});
        assert!(set_new_annotations(&d, &mut rs, 3, true));
        assert!(set_new_annotations(&d, &mut rs, 5, true));
        assert!(!set_new_annotations(&d, &mut rs, 5, true));
        assert_eq!(rs.annotations()[REVISION], "5");
        assert_eq!(rs.annotations()[REVISION_HISTORY], "1,3");
        assert_eq!(rs.annotations()["note"], "x");
    }

    #[test]
    fn a_long_history_loses_its_oldest() {
        let mut rs = Value::map();
        for i in 0..1000 {
            append_history(&mut rs, &i.to_string());
        }
        let text = rs.annotations()[REVISION_HISTORY].text();
        assert!(text.len() <= MAX_HISTORY_CHARS && text.ends_with(",998,999"), "{}", text.len());
    }
}
