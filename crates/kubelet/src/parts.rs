//! Parts of pods' statuses that are the same in many: each is made once, and shared by all who say the same.
//!
//! The pods of a template are defined alike, and those that change within a second have their conditions in common, as
//! times are told to the second. Does not own: what a status says (`status`, `conditions`), what a definition says
//! (`definition`).
//!
//! Invariant: a cache beside the state. What is in it changes no status, only what it takes to make one and to keep it.

use std::sync::Arc;

use clock::Time;
use objects::running_hash::RunningHash;
use objects::{Str, Value, text, value};
use rustc_hash::FxHashMap;

use crate::container::Container;
use crate::definition::Definition;

/// Single conditions and starts remembered; then all are forgotten. Few are made in a second.
const LATEST: usize = 24;
/// Lists of conditions remembered; then all are forgotten.
const LISTS: usize = 512;
/// Definitions remembered; then all are forgotten. A template has up to 32, one for each name of a token volume.
const SOURCES: usize = 4_096;

/// Plain data, the same for all nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    conditions: Vec<Condition>,
    /// By the second of the start.
    running: Vec<(i64, Value)>,
    /// By where a definition stands in memory, which is held with what it says: looked up, never walked.
    definitions: FxHashMap<usize, Arc<Definition>>,
    /// By the hash of a step: the conditions after it.
    lists: FxHashMap<u64, (Step, Value)>,
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

/// All that a pod's conditions follow from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    /// Those it had.
    pub(crate) old: Value,
    pub(crate) second: i64,
    pub(crate) generation: i64,
    /// How the pod and each of its containers is.
    pub(crate) state: u64,
    /// The containers' names, where a condition names some of them; else empty.
    pub(crate) names: Str,
}

impl Step {
    /// Equal parts that do not stand in one place lead to another hash: then they are made twice.
    fn hash(&self) -> u64 {
        let mut hash = RunningHash::default();
        for condition in self.old.items() {
            hash.number(condition.address().unwrap_or_default() as u64);
        }
        for n in [self.second as u64, self.generation as u64, self.state] {
            hash.number(n);
        }
        hash.text(&self.names);
        hash.value()
    }
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

    /// The conditions after a step, which `make` makes.
    pub(crate) fn conditions_after(
        &mut self,
        step: Step,
        make: &mut dyn FnMut(&mut Self) -> Vec<Value>,
    ) -> Value {
        let hash = step.hash();
        if let Some((_, made)) = self.lists.get(&hash).filter(|(known, _)| *known == step) {
            return made.clone();
        }
        let made = Value::from(make(self));
        if self.lists.len() >= LISTS {
            self.lists.clear();
        }
        self.lists.insert(hash, (step, made.clone()));
        made
    }

    /// The state of a container that has run since then.
    pub(crate) fn running(&mut self, since: Time) -> Value {
        let second = since.0.div_euclid(1_000);
        if let Some((_, state)) = self.running.iter().find(|(known, _)| *known == second) {
            return state.clone();
        }
        let state = value!({"running": {"startedAt": (text::rfc3339(since))}});
        bound(&mut self.running);
        self.running.push((second, state.clone()));
        state
    }

    /// What a container's definition says.
    pub(crate) fn definition(&mut self, c: &Container) -> Arc<Definition> {
        let make = || Arc::new(Definition::new(&c.spec, c.list()));
        let Some(at) = c.spec.address() else { return make() };
        if let Some(known) = self.definitions.get(&at)
            && known.list == c.list()
        {
            return Arc::clone(known);
        }
        if self.definitions.len() >= SOURCES {
            self.definitions.clear();
        }
        let made = make();
        self.definitions.insert(at, Arc::clone(&made));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::Kind;

    fn step(second: i64) -> Step {
        Step {
            old: value!([{"type": "PodScheduled"}]),
            second,
            generation: 1,
            state: 0,
            names: Str::default(),
        }
    }

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
        assert!(parts.running(Time(7_000)).same(&parts.running(Time(7_999))));
        let later = Time(8_000);
        assert_eq!(parts.running(later)["running"]["startedAt"], later.rfc3339().as_str());
    }

    #[test]
    fn pods_that_take_the_same_step_have_one_list_of_conditions() {
        let mut parts = Parts::default();
        let mut list =
            |s: &Step, text: &str| parts.conditions_after(s.clone(), &mut |_| vec![value!({"type": (text)})]);
        let s = step(1);
        let made = list(&s, "first");
        assert!(made.same(&list(&s, "again")));
        let others = [
            Step { second: 2, ..s.clone() },
            Step { generation: 2, ..s.clone() },
            Step { state: 1, ..s.clone() },
            Step { old: Value::Null, ..s.clone() },
            Step { names: "web db".into(), ..s.clone() },
        ];
        for other in others {
            assert_eq!(list(&other, "other")[0]["type"], "other");
        }
    }

    #[test]
    fn a_definition_is_read_once_for_all_who_share_it() {
        let mut parts = Parts::default();
        let spec = value!({"name": "web", "image": "nginx"});
        let mut read = |spec: &Value, kind: Kind| parts.definition(&Container::new(spec, kind));
        let main = read(&spec, Kind::Main);
        assert!(Arc::ptr_eq(&main, &read(&spec, Kind::Main)));
        assert_eq!(read(&spec, Kind::Init).field_path, "spec.initContainers{web}");
        assert_eq!(read(&value!({"name": "db"}), Kind::Main).field_path, "spec.containers{db}");
    }

    #[test]
    fn however_much_there_is_little_is_kept() {
        let mut parts = Parts::default();
        for i in 0..5_000 {
            let spec = value!({"name": (i.to_string())});
            let c = Container::new(&spec, Kind::Main);
            assert_eq!(parts.definition(&c).spec, spec);
            parts.condition("Ready", true, i, &Value::Null);
            parts.running(Time(i * 1_000));
            parts.conditions_after(step(i), &mut |_| Vec::new());
        }
        assert!(parts.conditions.len() <= LATEST && parts.running.len() <= LATEST);
        assert!(parts.definitions.len() <= SOURCES && parts.lists.len() <= LISTS);
    }
}
