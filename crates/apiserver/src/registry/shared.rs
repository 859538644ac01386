//! Equal small parts of pods are kept once: a hundred thousand replicas have a handful of different conditions, owner
//! references, tolerations and container states.
//!
//! Owns: a small table of parts met lately, by what they say. A part that was pushed out of it costs memory, not
//! correctness.

use objects::running_hash::RunningHash;
use objects::{Str, Value};

/// Parts remembered; each has one place, and the latest holds it.
const PLACES: usize = 4_096;
/// Places by where a part stands in memory: what comes again and again is not read each time.
const SEEN: usize = 256;

#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    places: Vec<Value>,
    seen: Vec<Value>,
}

impl Shared {
    /// Another part that says the same, if one is remembered; else this one is from now on.
    fn known(&mut self, part: &Value) -> Option<Value> {
        // What is no subtree costs nothing.
        let seen = part.address()? / 16 % SEEN;
        if self.places.is_empty() {
            self.places.resize(PLACES, Value::Null);
            self.seen.resize(SEEN, Value::Null);
        }
        if self.seen[seen].same(part) {
            return None;
        }
        let mut digest = RunningHash::default();
        values(part, &mut digest);
        let place = &mut self.places[digest.value() as usize % PLACES];
        if !place.same(part) && place == part {
            return Some(place.clone());
        }
        *place = part.clone();
        self.seen[seen] = part.clone();
        None
    }

    /// The same of a part that `before` is not already.
    fn known_unless(&mut self, part: &Value, before: &Value) -> Option<Value> {
        if part.is_null() || part.same(before) { None } else { self.known(part) }
    }

    /// Shares what `pod` has and `old`, its state before, has not.
    pub(crate) fn pod(&mut self, pod: &mut Value, old: &Value) {
        for [whole, part] in [["metadata", "ownerReferences"], ["spec", "tolerations"]] {
            let (is, was) = (pod.get(whole), old.get(whole));
            if !is.same(was)
                && let Some(known) = self.known_unless(is.get(part), was.get(part))
            {
                pod.set_at(&[whole, part], known);
            }
        }
        let (is, was) = (pod.get("status"), old.get("status"));
        if !is.same(was)
            && let Some(status) = self.status(is, was)
        {
            pod.set("status", status);
        }
    }

    /// A status with what is known of its parts in their place; nothing where that is none.
    fn status(&mut self, status: &Value, old: &Value) -> Option<Value> {
        let mut parts = Vec::new();
        if let Some(known) = self.known_unless(status.get("hostIPs"), old.get("hostIPs")) {
            parts.push(("hostIPs", known));
        }
        let conditions = old.get("conditions").items();
        let known = self.items(status.get("conditions").items(), |shared, condition, i| {
            // Most stand where they stood.
            let stood = conditions.get(i).is_some_and(|c| c.same(condition));
            if stood || conditions.iter().any(|c| c.same(condition)) { None } else { shared.known(condition) }
        });
        parts.extend(known.map(|known| ("conditions", known)));
        let containers = old.get("containerStatuses");
        let known = self.items(status.get("containerStatuses").items(), |shared, container, i| {
            shared.container(container, &containers[i])
        });
        parts.extend(known.map(|known| ("containerStatuses", known)));
        if parts.is_empty() {
            return None;
        }
        let mut status = status.clone();
        for (key, known) in parts {
            status.set(Str::new_static(key), known);
        }
        Some(status)
    }

    /// A container's status, as [`Self::status`].
    fn container(&mut self, status: &Value, old: &Value) -> Option<Value> {
        if status.same(old) {
            return None;
        }
        let mut shared = None;
        for key in ["state", "lastState", "volumeMounts"] {
            if let Some(known) = self.known_unless(status.get(key), old.get(key)) {
                shared.get_or_insert_with(|| status.clone()).set(Str::new_static(key), known);
            }
        }
        shared
    }

    /// The list of these with what is `known` of each in its place; nothing where that is none.
    fn items(
        &mut self,
        items: &[Value],
        known: impl Fn(&mut Self, &Value, usize) -> Option<Value>,
    ) -> Option<Value> {
        let mut shared: Option<Vec<Value>> = None;
        for (i, item) in items.iter().enumerate() {
            if let Some(known) = known(self, item, i) {
                shared.get_or_insert_with(|| items.to_vec())[i] = known;
            }
        }
        shared.map(Value::from)
    }
}

/// Hashes what a part says, without the names it says it under: parts that agree in one hardly differ in the other.
fn values(part: &Value, digest: &mut RunningHash) {
    match part {
        Value::Map(map) => {
            digest.number(map.len() as u64);
            map.iter().for_each(|(_, value)| values(value, digest));
        }
        Value::List(list) => {
            digest.number(list.len() as u64);
            list.iter().for_each(|value| values(value, digest));
        }
        other => digest.tree(other),
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn equal_parts_become_one_and_nothing_else_changes() {
        let pod = |name: &str, at: &str| {
            value!({
                "metadata": {"name": (name), "ownerReferences": [{"uid": "u", "controller": true}]},
                "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": (at)}],
                           "containerStatuses": [{"name": "c", "state": {"running": {"startedAt": (at)}},
                                                  "volumeMounts": [{"name": "v", "mountPath": "/"}]}]},
            })
        };
        let mut shared = Shared::default();
        let mut pods = [pod("a", "1"), pod("b", "1"), pod("c", "2")];
        let before = pods.clone();
        for p in &mut pods {
            shared.pod(p, &Value::Null);
        }
        assert_eq!(pods, before);
        let [a, b, c] = &pods;
        let ready = |p: &Value| p["status"]["conditions"][0].clone();
        let state = |p: &Value| p["status"]["containerStatuses"][0]["state"].clone();
        assert!(a["metadata"]["ownerReferences"].same(&c["metadata"]["ownerReferences"]));
        assert!(ready(a).same(&ready(b)) && !ready(a).same(&ready(c)));
        assert!(state(a).same(&state(b)) && !state(a).same(&state(c)));
        let mounts = |p: &Value| p["status"]["containerStatuses"][0]["volumeMounts"].clone();
        assert!(mounts(a).same(&mounts(c)));
    }
}
