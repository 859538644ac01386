//! Equal small parts of pods are kept once: a hundred thousand replicas have a handful of different conditions, owner
//! references, tolerations and container states.
//!
//! Owns: a small table of parts met lately, by what they say. A part that was pushed out of it costs memory, not
//! correctness.

use objects::Value;

/// Parts remembered; each has one place, and the latest holds it.
const PLACES: usize = 4_096;

#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    places: Vec<Value>,
}

impl Shared {
    /// Another part that says the same, if one is remembered; else this one is from now on.
    fn known(&mut self, part: &Value) -> Option<Value> {
        // What is no subtree costs nothing.
        part.address()?;
        if self.places.is_empty() {
            self.places.resize(PLACES, Value::Null);
        }
        let place = &mut self.places[hash(part, 0xcbf2_9ce4_8422_2325) as usize % PLACES];
        if place.same(part) {
            return None;
        }
        if place == part {
            return Some(place.clone());
        }
        *place = part.clone();
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
        let now = pod["status"]["containerStatuses"].clone();
        for (i, status) in now.items().iter().enumerate() {
            for key in ["state", "lastState"] {
                if let Some(known) = self.known(&status[key]) {
                    let all = pod.at_mut(&["status", "containerStatuses"]).list_mut().to_mut();
                    all[i].set(key, known);
                }
            }
        }
    }
}

/// FNV-1a 64 over what a part says.
fn hash(part: &Value, from: u64) -> u64 {
    let text = |h: u64, t: &str| t.bytes().fold(h, |h, b| mix(h, u64::from(b)));
    match part {
        Value::Null => mix(from, 1),
        Value::Bool(b) => mix(from, 2 + u64::from(*b)),
        Value::Int(i) => mix(from, *i as u64),
        Value::Float(f) => mix(from, f.to_bits()),
        Value::Str(s) => mix(text(from, s), 0xff),
        Value::List(l) => l.iter().fold(mix(from, 4), |h, v| hash(v, h)),
        Value::Map(m) => m.iter().fold(mix(from, 5), |h, (k, v)| hash(v, text(h, k))),
    }
}

fn mix(h: u64, n: u64) -> u64 {
    (h ^ n).wrapping_mul(0x0000_0100_0000_01b3)
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
                           "containerStatuses": [{"name": "c", "state": {"running": {"startedAt": (at)}}}]},
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
    }
}
