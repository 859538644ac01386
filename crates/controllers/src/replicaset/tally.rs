//! What one replica set owns, counted as changes come: its sync reads numbers, not pods.

use ordered::{BTreeSet, Sort as _};

use clock::Time;
use objects::{Str, Value};
use rustc_hash::FxHashMap;

use crate::pod_kin::Owner;
use crate::pod_state::PodState;
use crate::selector::Selector;

/// Invariant: the counts are the sums over `owned`.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// The replica set's key, and where it stands.
    pub(super) key: Str,
    namespace: Str,
    name: Str,
    pub(super) selector: Selector,
    /// What the counts depend on besides pods: to notice when they must be counted anew.
    selector_source: Value,
    template_labels: Value,
    /// Whether the selector matches those: they are what most of its pods have.
    selects_template: bool,
    min_ready_seconds: i64,
    /// Looked up, never walked.
    owned: FxHashMap<Str, Counted>,
    /// Owned but no longer selected: to be released.
    pub(super) strangers: BTreeSet<Str>,
    /// Selected but owned by nobody when last heard of: to be adopted.
    pub(super) orphans: BTreeSet<Str>,
    /// Adopted, which is not heard of yet.
    adopted: BTreeSet<Str>,
    pub(super) active: i64,
    pub(super) ready: i64,
    pub(super) labelled: i64,
    pub(super) terminating: i64,
    available: i64,
    /// Ready pods that are not available yet, by when they will be.
    maturing: BTreeSet<(Time, Str)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counted {
    selected: bool,
    active: bool,
    ready: bool,
    labelled: bool,
    terminating: bool,
    available_at: Option<Time>,
    /// False once it matured: then it is in `available` instead of `maturing`.
    maturing: bool,
}

impl Tally {
    pub(super) fn new(rs: &Value, selector: Selector) -> Self {
        let template_labels = rs["spec"]["template"].labels();
        Self {
            key: rs.key(),
            namespace: rs.meta()["namespace"].to_str(),
            name: rs.meta()["name"].to_str(),
            selects_template: selector.matches(template_labels),
            selector,
            selector_source: rs["spec"]["selector"].clone(),
            template_labels: template_labels.clone(),
            min_ready_seconds: rs["spec"]["minReadySeconds"].int(),
            owned: FxHashMap::default(),
            strangers: BTreeSet::new(),
            orphans: BTreeSet::new(),
            adopted: BTreeSet::new(),
            active: 0,
            ready: 0,
            labelled: 0,
            terminating: 0,
            available: 0,
            maturing: BTreeSet::new(),
        }
    }

    /// True when `rs` still asks what this was counted for.
    pub(super) fn is_counted_for(&self, rs: &Value) -> bool {
        let spec = &rs["spec"];
        self.selector_source == spec["selector"]
            && self.template_labels == *spec["template"].labels()
            && self.min_ready_seconds == spec["minReadySeconds"].int()
    }

    /// True when this is what a reference from a pod of `namespace` to `owner` means.
    pub(super) fn is_meant(&self, namespace: &Str, owner: &Owner) -> bool {
        self.namespace == *namespace && self.name == owner.name
    }

    /// Counts a pod of these labels in this state, in place of what it counted as before. `key` is its key, as others
    /// keep it too.
    pub(super) fn put(&mut self, key: &Str, labels: &Value, state: &PodState) {
        let of_template = labels.same(&self.template_labels);
        let selected = if of_template { self.selects_template } else { self.selector.matches(labels) };
        let active = selected && state.is_active();
        let available_at = if active { state.available_at(self.min_ready_seconds) } else { None };
        let counted = Counted {
            selected,
            active,
            ready: active && state.ready,
            labelled: active && (of_template || contains(labels, &self.template_labels)),
            terminating: selected && state.is_terminating(),
            available_at,
            maturing: available_at.is_some_and(|t| t.0 != i64::MIN),
        };
        for heard in [&mut self.orphans, &mut self.adopted] {
            if !heard.is_empty() {
                heard.remove(key);
            }
        }
        let was = match self.owned.get_mut(key) {
            // Most of what is heard of a pod changes nothing here.
            Some(was) if Counted { maturing: counted.maturing, ..*was } == counted => return,
            Some(was) => Some(std::mem::replace(was, counted)),
            None => {
                self.owned.insert(key.clone(), counted);
                None
            }
        };
        if let Some(was) = was {
            self.take(key, &was);
        }
        if !selected {
            self.strangers.insert(key.clone());
        }
        self.add(&counted, 1);
        if counted.maturing
            && let Some(at) = available_at
        {
            self.maturing.insert((at, key.clone()));
        }
    }

    pub(super) fn remove(&mut self, key: &Str) {
        self.adopted.remove(key);
        if let Some(was) = self.owned.remove(key) {
            self.take(key, &was);
        }
    }

    /// Takes out of the sums what a pod counted as.
    fn take(&mut self, key: &Str, was: &Counted) {
        if !self.strangers.is_empty() {
            self.strangers.remove(key);
        }
        self.add(was, -1);
        if was.maturing
            && let Some(at) = was.available_at
        {
            self.maturing.remove(&(at, key.clone()));
        }
    }

    fn add(&mut self, c: &Counted, n: i64) {
        self.active += n * i64::from(c.active);
        self.ready += n * i64::from(c.ready);
        self.labelled += n * i64::from(c.labelled);
        self.terminating += n * i64::from(c.terminating);
        self.available += n * i64::from(c.available_at.is_some() && !c.maturing);
    }

    /// How many are available at `now`.
    pub(super) fn available(&mut self, now: Time) -> i64 {
        while let Some((at, _)) = self.maturing.first()
            && *at <= now
            && let Some((_, key)) = self.maturing.pop_first()
        {
            if let Some(c) = self.owned.get_mut(&key) {
                c.maturing = false;
                self.available += 1;
            }
        }
        self.available
    }

    /// When the next ready pod becomes available.
    pub(super) fn next_available(&self) -> Option<Time> {
        self.maturing.first().map(|(at, _)| *at)
    }

    /// Counts a pod that has just been adopted.
    pub(super) fn adopt(&mut self, key: Str, pod: &Value) {
        self.put(&key, pod.labels(), &PodState::of(pod));
        self.adopted.insert(key);
    }

    /// The keys of its active pods in their order; `controlled` are those of the pods that are heard to be its own.
    pub(super) fn active_keys(&self, controlled: impl Iterator<Item = Str>) -> Vec<Str> {
        let is_active = |key: &Str| self.owned.get(key).is_some_and(|c| c.active);
        let mut keys: Vec<Str> = controlled.chain(self.adopted.iter().cloned()).filter(is_active).collect();
        keys.arrange();
        keys.dedup();
        keys
    }
}

/// True when `labels` has all of `wanted`.
fn contains(labels: &Value, wanted: &Value) -> bool {
    wanted.entries().iter().all(|(k, v)| labels.get(k) == v)
}

#[cfg(test)]
mod tests {
    use clock::Rng;
    use objects::value;
    use ordered::BTreeMap;

    use super::*;
    use crate::{pods, selector};

    fn rs(min_ready: i64) -> Value {
        value!({"spec": {"minReadySeconds": (min_ready), "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b", "c": "d"}}}}})
    }

    fn pod(rng: &mut Rng) -> Value {
        let mut p = value!({
            "metadata": {"namespace": "n", "name": (format!("p{}", rng.below(6))), "labels": {"a": "b", "c": "d"}},
            "status": {"phase": (["Pending", "Running", "Failed"][rng.below(3) as usize])},
        });
        if rng.below(2) == 0 {
            let at = (Time(rng.below(20) as i64 * 1000)).rfc3339();
            let ready = value!([{"type": "Ready", "status": "True", "lastTransitionTime": (at)}]);
            p.set_at(&["status", "conditions"], ready);
        }
        match rng.below(6) {
            0 => p.set_at(&["metadata", "deletionTimestamp"], "2026-01-01T00:00:00Z"),
            1 => p.set_at(&["metadata", "labels", "a"], "other"),
            2 => p.set_at(&["metadata", "labels", "c"], "other"),
            _ => {}
        }
        p
    }

    /// Whatever comes in whatever order, the counts are those of counting anew.
    #[test]
    fn counts_equal_a_recount() {
        for seed in 0..200 {
            let mut rng = Rng::new(seed);
            let min_ready = [0, 5][rng.below(2) as usize];
            let rs = rs(min_ready);
            let selector = selector::of(&rs["spec"]["selector"]).expect("well formed");
            let mut tally = Tally::new(&rs, selector.clone());
            let mut all: BTreeMap<Str, Value> = BTreeMap::new();
            let mut now = Time(0);
            for _ in 0..60 {
                now = now + rng.below(1500) as i64;
                let p = pod(&mut rng);
                if rng.below(4) == 0 {
                    all.remove(&p.key());
                    tally.remove(&p.key());
                } else {
                    tally.put(&p.key(), p.labels(), &PodState::of(&p));
                    all.insert(p.key(), p);
                }
                let mine: Vec<&Value> =
                    all.values().filter(|p| selector.matches(p.labels()) && pods::is_active(p)).collect();
                let n = |f: &dyn Fn(&Value) -> bool| mine.iter().filter(|p| f(p)).count() as i64;
                assert_eq!(tally.active, n(&|_| true), "seed {seed}");
                assert_eq!(tally.ready, n(&pods::is_ready), "seed {seed}");
                assert_eq!(tally.labelled, n(&|p| p.labels()["c"] == "d"), "seed {seed}");
                let available = n(&|p| pods::is_available(p, min_ready, now));
                assert_eq!(tally.available(now), available, "seed {seed}");
                assert_eq!(
                    tally.strangers.len(),
                    all.values().filter(|p| !selector.matches(p.labels())).count()
                );
            }
        }
    }
}
