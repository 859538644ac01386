//! Parts of pods' statuses that are the same in many: each is made once, and shared by all who say the same.
//!
//! The pods of a template wait alike and mount alike, and those that change within a second have their conditions in
//! common, as times are told to the second. Does not own: what a status says (`status`).
//!
//! Invariant: a cache beside the state. What is in it changes no status, only what it takes to make one and to keep it.

use objects::{Value, value};
use rustc_hash::FxHashMap;

/// Conditions and starts remembered; then all are forgotten. Few are made in a second.
const LATEST: usize = 24;
/// Definitions remembered; then all are forgotten.
const SOURCES: usize = 1_024;

/// Plain data, the same for all nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    conditions: Vec<Condition>,
    /// By the time of the start, as the status tells it.
    running: Vec<(Value, Value)>,
    /// What follows from a definition, by where that stands in memory, with the definition: looked up, never walked.
    derived: FxHashMap<usize, (Value, Value)>,
}

/// A condition without a reason.
#[derive(Clone, Debug)]
struct Condition {
    kind: &'static str,
    ok: bool,
    generation: i64,
    since: Value,
    whole: Value,
}

/// Makes room when there is none.
fn bound<T>(list: &mut Vec<T>) {
    if list.len() >= LATEST {
        list.clear();
    }
}

impl Parts {
    /// A condition that gives no reason.
    pub(crate) fn condition(
        &mut self,
        kind: &'static str,
        ok: bool,
        generation: i64,
        since: &Value,
    ) -> Value {
        let known = self
            .conditions
            .iter()
            .find(|c| c.ok == ok && c.generation == generation && c.kind == kind && c.since == *since);
        if let Some(c) = known {
            return c.whole.clone();
        }
        let whole = value!({
            "type": (kind), "status": (if ok { "True" } else { "False" }), "observedGeneration": (generation),
            "lastProbeTime": null, "lastTransitionTime": (since),
        });
        bound(&mut self.conditions);
        self.conditions.push(Condition { kind, ok, generation, since: since.clone(), whole: whole.clone() });
        whole
    }

    /// The state of a container that has run since then.
    pub(crate) fn running(&mut self, since: Value) -> Value {
        if let Some((_, state)) = self.running.iter().find(|(known, _)| *known == since) {
            return state.clone();
        }
        let state = value!({"running": {"startedAt": (&since)}});
        bound(&mut self.running);
        self.running.push((since, state.clone()));
        state
    }

    /// What `make` makes of a definition, of which nothing but the definition may tell.
    pub(crate) fn of(&mut self, source: &Value, make: &dyn Fn(&Value) -> Value) -> Value {
        let Some(at) = source.address() else { return make(source) };
        if let Some((_, made)) = self.derived.get(&at) {
            return made.clone();
        }
        if self.derived.len() >= SOURCES {
            self.derived.clear();
        }
        let made = make(source);
        self.derived.insert(at, (source.clone(), made.clone()));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_alike_is_one_and_what_differs_is_not() {
        let mut parts = Parts::default();
        let (t0, t1) = (Value::from("2026-01-01T00:00:00Z"), Value::from("2026-01-01T00:00:01Z"));
        let ready = parts.condition("Ready", true, 1, &t0);
        assert!(ready.same(&parts.condition("Ready", true, 1, &t0)));
        let others = [
            ("Ready", false, 1, &t0),
            ("Ready", true, 2, &t0),
            ("Ready", true, 1, &t1),
            ("Begun", true, 1, &t0),
        ];
        for (kind, ok, generation, since) in others {
            let other = parts.condition(kind, ok, generation, since);
            assert!(other != ready && other["type"] == kind && other["lastTransitionTime"] == *since);
        }
        assert!(parts.running(t0.clone()).same(&parts.running(t0.clone())));
        assert_eq!(parts.running(t1.clone())["running"]["startedAt"], t1);
    }

    #[test]
    fn however_much_there_is_little_is_kept() {
        let mut parts = Parts::default();
        for i in 0..3_000 {
            let source = value!({"i": (i)});
            assert_eq!(parts.of(&source, &|s| s["i"].clone()), Value::from(i));
            parts.condition("Ready", true, i, &Value::Null);
            parts.running(i.into());
        }
        assert!(parts.conditions.len() <= LATEST && parts.running.len() <= LATEST);
        assert!(parts.derived.len() <= SOURCES);
        assert_eq!(parts.of(&Value::Null, &|_| 1.into()), Value::from(1));
    }
}
