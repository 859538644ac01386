//! Equal small parts of pods are kept once: a hundred thousand replicas have a handful of different conditions, owner
//! references, tolerations and container states.
//!
//! Owns: a small table of parts met lately, by what they say. A part that was pushed out of it costs memory, not
//! correctness.

use objects::Value;
use objects::running_hash::RunningHash;

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
        digest.tree(part);
        let place = &mut self.places[digest.value() as usize % PLACES];
        if !place.same(part) && place == part {
            return Some(place.clone());
        }
        *place = part.clone();
        self.seen[seen] = part.clone();
        None
    }

    /// Shares what `pod` has and `old`, its state before, has not.
    pub(crate) fn pod(&mut self, pod: &mut Value, old: &Value) {
        for path in [&["metadata", "ownerReferences"][..], &["spec", "tolerations"], &["status", "hostIPs"]] {
            let part = pod.at(path);
            if !part.is_null()
                && !part.same(old.at(path))
                && let Some(known) = self.known(part)
            {
                pod.set_at(path, known);
            }
        }
        if pod["status"].same(&old["status"]) {
            return;
        }
        let conditions = |v: &Value| v["status"]["conditions"].clone();
        let (before, now) = (conditions(old), conditions(pod));
        for (i, part) in now.items().iter().enumerate() {
            if !before.items().iter().any(|b| b.same(part))
                && let Some(known) = self.known(part)
            {
                pod.at_mut(&["status", "conditions"]).list_mut().to_mut()[i] = known;
            }
        }
        let statuses = |v: &Value| v["status"]["containerStatuses"].clone();
        let (before, now) = (statuses(old), statuses(pod));
        for (i, status) in now.items().iter().enumerate() {
            for key in ["state", "lastState", "volumeMounts"] {
                if !status[key].same(&before[i][key])
                    && let Some(known) = self.known(&status[key])
                {
                    let all = pod.at_mut(&["status", "containerStatuses"]).list_mut().to_mut();
                    all[i].set(key, known);
                }
            }
        }
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
