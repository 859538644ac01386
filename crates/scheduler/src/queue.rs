//! The scheduling queue: pods that wait to be tried (active), wait out a back-off, or wait for a change.
//!
//! Models `pkg/scheduler/backend/queue`: back-off 1 s doubling to 10 s, all unschedulable pods tried again after
//! 5 minutes. Not modelled: per-plugin queueing hints (every fitting kind of change wakes), nominated pods.

use ordered::{BTreeMap, BTreeSet};

use clock::{Millis, Time, Timers};
use objects::{Str, Value};

const INITIAL_BACKOFF_MS: Millis = 1_000;
const MAX_BACKOFF_MS: Millis = 10_000;
/// `podMaxInUnschedulablePodsDuration`
const MAX_UNSCHEDULABLE_MS: Millis = 300_000;

/// What happened that might make an unschedulable pod fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    PodDeleted,
    PodAssigned,
    NodeChanged,
    VolumeChanged,
}

/// One pod that waits for a node.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Str,
    pub(crate) pod: Value,
    /// The revision that made it worth trying.
    pub(crate) cause: u64,
    /// How often it was tried in vain.
    pub(crate) attempts: u32,
    added: Time,
    /// The plugins that refused it last time.
    pub(crate) refused_by: BTreeSet<&'static str>,
}

#[derive(Clone, Debug)]
enum Place {
    Active(ActiveKey),
    BackOff(clock::TimerId),
    Unschedulable(clock::TimerId),
}

/// Higher priority first, then who came first.
type ActiveKey = (std::cmp::Reverse<i64>, Time, u64);

#[derive(Clone, Debug, Default)]
pub(crate) struct SchedulingQueue {
    entries: BTreeMap<Str, (Entry, Place)>,
    active: BTreeMap<ActiveKey, Str>,
    back_off: Timers<Str>,
    unschedulable: Timers<Str>,
    sequence: u64,
    active_since: Option<Time>,
}

impl SchedulingQueue {
    /// A pod that is new or whose spec has changed: tried at once.
    pub(crate) fn add(&mut self, key: Str, pod: Value, cause: u64, now: Time) {
        if !pod["spec"]["schedulingGates"].items().is_empty() {
            self.remove(&key);
            return;
        }
        let old = self.take(&key);
        let (attempts, added) = old.map_or((0, now), |e| (e.attempts, e.added));
        self.activate(Entry { key, pod, cause, attempts, added, refused_by: BTreeSet::new() }, now);
    }

    /// A newer version of a waiting pod that changes nothing about where it fits.
    pub(crate) fn refresh(&mut self, key: &str, pod: Value) {
        if let Some((entry, _)) = self.entries.get_mut(key) {
            entry.pod = pod;
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.take(key);
    }

    fn take(&mut self, key: &str) -> Option<Entry> {
        let (entry, place) = self.entries.remove(key)?;
        match place {
            Place::Active(k) => {
                self.active.remove(&k);
                if self.active.is_empty() {
                    self.active_since = None;
                }
            }
            Place::BackOff(id) => drop(self.back_off.cancel(id)),
            Place::Unschedulable(id) => drop(self.unschedulable.cancel(id)),
        }
        Some(entry)
    }

    fn activate(&mut self, entry: Entry, now: Time) {
        self.active_since.get_or_insert(now);
        let priority = entry.pod["spec"]["priority"].int();
        let k = (std::cmp::Reverse(priority), entry.added, self.sequence);
        self.sequence += 1;
        self.active.insert(k, entry.key.clone());
        self.entries.insert(entry.key.clone(), (entry, Place::Active(k)));
    }

    /// The next pod to try.
    pub(crate) fn pop(&mut self, now: Time) -> Option<Entry> {
        loop {
            let due = self.back_off.pop_due(now).or_else(|| self.unschedulable.pop_due(now));
            let Some(key) = due else { break };
            if let Some((entry, _)) = self.entries.remove(&key) {
                self.activate(entry, now);
            }
        }
        let (_, key) = self.active.pop_first()?;
        if self.active.is_empty() {
            self.active_since = None;
        }
        let (mut entry, _) = self.entries.remove(&key)?;
        entry.attempts += 1;
        Some(entry)
    }

    /// Puts back a pod that fits nowhere.
    pub(crate) fn add_unschedulable(&mut self, entry: Entry, now: Time) {
        let id = self.unschedulable.set(now + MAX_UNSCHEDULABLE_MS, entry.key.clone());
        self.entries.insert(entry.key.clone(), (entry, Place::Unschedulable(id)));
    }

    /// Puts back a pod whose attempt failed for another reason than the nodes (a refused bind).
    pub(crate) fn add_back_off(&mut self, entry: Entry, now: Time) {
        let until = now + back_off(entry.attempts);
        let id = self.back_off.set(until, entry.key.clone());
        self.entries.insert(entry.key.clone(), (entry, Place::BackOff(id)));
    }

    /// Something changed: pods whose refusal it may lift are tried again after their back-off.
    pub(crate) fn wake_unschedulable(&mut self, event: Event, now: Time) {
        if self.unschedulable.is_empty() {
            return;
        }
        let keys: Vec<Str> = self.unschedulable.iter().map(|(_, k)| k.clone()).collect();
        for key in keys {
            let Some((entry, _)) = self.entries.get(&key) else { continue };
            if may_help(event, &entry.refused_by)
                && let Some(entry) = self.take(&key)
            {
                self.add_back_off(entry, now);
            }
        }
    }

    pub(crate) fn next_due(&self) -> Option<Time> {
        [self.active_since, self.back_off.next_due(), self.unschedulable.next_due()]
            .into_iter()
            .flatten()
            .min()
    }
}

fn back_off(attempts: u32) -> Millis {
    INITIAL_BACKOFF_MS.saturating_mul(1 << attempts.saturating_sub(1).min(8)).min(MAX_BACKOFF_MS)
}

fn may_help(event: Event, refused_by: &BTreeSet<&'static str>) -> bool {
    match event {
        Event::NodeChanged => true,
        Event::PodDeleted => refused_by.iter().any(|p| {
            matches!(*p, "NodeResourcesFit" | "NodePorts" | "InterPodAffinity" | "PodTopologySpread")
        }),
        Event::VolumeChanged => refused_by.contains("VolumeBinding"),
        Event::PodAssigned => {
            refused_by.iter().any(|p| matches!(*p, "InterPodAffinity" | "PodTopologySpread"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_from_one_second_to_ten() {
        assert_eq!([1, 2, 3, 4, 5, 60].map(back_off), [1000, 2000, 4000, 8000, 10_000, 10_000]);
    }

    #[test]
    fn priority_goes_first_then_who_came_first() {
        let mut q = SchedulingQueue::default();
        for (name, priority, at) in [("a", 0, 1), ("b", 5, 2), ("c", 0, 0)] {
            q.add(name.into(), objects::value!({"spec": {"priority": (priority)}}), 0, Time(at));
        }
        let order: Vec<Str> = std::iter::from_fn(|| q.pop(Time(9)).map(|e| e.key)).collect();
        assert_eq!(order, ["b", "c", "a"]);
    }
}
