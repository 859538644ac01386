//! The scheduling queue: pods that wait to be tried (active), wait out a back-off, wait for a change (unschedulable), or
//! are gated.
//!
//! Models `pkg/scheduler/backend/queue`: back-off 1 s doubling to 10 s, from which pods are taken early while nothing
//! else is to be done (`SchedulerPopFromBackoffQ`); what waits for a change is tried again after 5 minutes all the same.
//! A gated pod is not in the queue at all until its gates are gone.

use clock::{Millis, Time, TimerId, Timers};
use objects::{Str, Value};
use ordered::{BTreeMap, BTreeSet};
use rustc_hash::FxHashMap;

use crate::hints::{Event, may_help};
use crate::plugins::is_gated;

const INITIAL_BACKOFF_MS: Millis = 1_000;
const MAX_BACKOFF_MS: Millis = 10_000;
/// `podMaxInUnschedulablePodsDuration`
const MAX_UNSCHEDULABLE_MS: Millis = 300_000;

/// One pod that waits for a node.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Str,
    pub(crate) pod: Value,
    /// The revision that made it worth trying.
    pub(crate) cause: u64,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// How often it was tried in vain, which its back-off follows from; errors one after another count for themselves.
    failures: u32,
    errors: u32,
    /// When it came, or was last tried in vain.
    since: Time,
    /// The plugins that refused it last time.
    pub(crate) refused_by: Vec<&'static str>,
}

impl Entry {
    fn backs_off_until(&self) -> Time {
        let count = if self.errors > 0 { self.errors } else { self.failures };
        if count == 0 { self.since } else { self.since + back_off(count) }
    }
}

#[derive(Clone, Debug)]
enum Place {
    Active(ActiveKey),
    BackOff(TimerId),
    /// Backs off after an error: not taken early.
    ErrorBackOff(TimerId),
    Unschedulable(TimerId),
}

/// Higher priority first, then who has waited longer.
type ActiveKey = (std::cmp::Reverse<i64>, Time, u64);

#[derive(Clone, Debug, Default)]
pub(crate) struct SchedulingQueue {
    /// Looked up, never walked.
    entries: FxHashMap<Str, (Box<Entry>, Place)>,
    active: BTreeMap<ActiveKey, Str>,
    back_off: Timers<Str>,
    error_back_off: Timers<Str>,
    unschedulable: Timers<Str>,
    /// Unschedulable pods by the plugins that refused them.
    waiting_on: BTreeMap<&'static str, BTreeSet<Str>>,
    sequence: u64,
    /// Since when there is a pod to try.
    ready: Option<Time>,
}

impl SchedulingQueue {
    /// A pod that is new, or rid of its gates: tried at once.
    pub(crate) fn add(&mut self, key: Str, pod: Value, cause: u64, now: Time) {
        let old = self.take(&key);
        if is_gated(&pod) {
            return;
        }
        let entry = match old {
            Some(old) => Entry { pod, cause, ..*old },
            None => Entry {
                key,
                pod,
                cause,
                attempts: 0,
                failures: 0,
                errors: 0,
                since: now,
                refused_by: Vec::new(),
            },
        };
        self.activate(Box::new(entry), now);
    }

    /// A pod whose spec or labels have changed: what waits for a change goes on if this one may lift its refusal.
    pub(crate) fn update(&mut self, key: Str, old: &Value, pod: &Value, cause: u64, now: Time) {
        let Some((entry, place)) = self.entries.get_mut(&key) else {
            return self.add(key, pod.clone(), cause, now);
        };
        entry.pod = pod.clone();
        let event = Event::Itself { old, new: pod };
        let may_help = |plugin: &&str| event.plugins().contains(plugin) && may_help(&event, plugin, pod);
        if matches!(place, Place::Unschedulable(_)) && entry.refused_by.iter().any(may_help) {
            self.go_on(key, cause, now);
        }
    }

    /// A newer version of a waiting pod that changes nothing about where it fits.
    pub(crate) fn refresh(&mut self, key: &str, pod: &Value) {
        if let Some((entry, _)) = self.entries.get_mut(key) {
            entry.pod = pod.clone();
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.take(key);
    }

    fn take(&mut self, key: &str) -> Option<Box<Entry>> {
        let (entry, place) = self.entries.remove(key)?;
        match place {
            Place::Active(k) => drop(self.active.remove(&k)),
            Place::BackOff(id) => drop(self.back_off.cancel(id)),
            Place::ErrorBackOff(id) => drop(self.error_back_off.cancel(id)),
            Place::Unschedulable(id) => {
                self.unschedulable.cancel(id);
                self.forget_waiting(&entry);
            }
        }
        self.settle();
        Some(entry)
    }

    fn forget_waiting(&mut self, entry: &Entry) {
        for plugin in &entry.refused_by {
            if let Some(keys) = self.waiting_on.get_mut(plugin) {
                keys.remove(&entry.key);
                if keys.is_empty() {
                    self.waiting_on.remove(plugin);
                }
            }
        }
    }

    fn settle(&mut self) {
        if self.active.is_empty() && self.back_off.is_empty() {
            self.ready = None;
        }
    }

    fn activate(&mut self, entry: Box<Entry>, now: Time) {
        self.ready.get_or_insert(now);
        let k = (std::cmp::Reverse(entry.pod["spec"]["priority"].int()), entry.since, self.sequence);
        self.sequence += 1;
        self.active.insert(k, entry.key.clone());
        self.entries.insert(entry.key.clone(), (entry, Place::Active(k)));
    }

    /// Lets pods go on whose time has come.
    fn flush(&mut self, now: Time) {
        loop {
            let done = self.back_off.pop_due(now).or_else(|| self.error_back_off.pop_due(now));
            let Some(key) = done.or_else(|| self.unschedulable.pop_due(now)) else { break };
            if let Some((entry, place)) = self.entries.remove(&key) {
                if matches!(place, Place::Unschedulable(_)) {
                    self.forget_waiting(&entry);
                }
                self.activate(entry, now);
            }
        }
    }

    /// The next pod to try.
    pub(crate) fn pop(&mut self, now: Time) -> Option<Entry> {
        self.flush(now);
        let key = match self.active.pop_first() {
            Some((_, key)) => key,
            // Nothing else to do: the one whose back-off ends first.
            None => self.back_off.pop_due(Time(i64::MAX))?,
        };
        self.settle();
        let (mut entry, _) = self.entries.remove(&key)?;
        entry.attempts += 1;
        Some(*entry)
    }

    /// Puts back a pod that fits nowhere, refused by plugins; without any it was an error.
    pub(crate) fn add_unschedulable(&mut self, mut entry: Entry, now: Time) {
        if entry.refused_by.is_empty() {
            return self.add_error(entry, now);
        }
        entry.failures += 1;
        entry.errors = 0;
        entry.since = now;
        let id = self.unschedulable.set(now + MAX_UNSCHEDULABLE_MS, entry.key.clone());
        for plugin in &entry.refused_by {
            self.waiting_on.entry(plugin).or_default().insert(entry.key.clone());
        }
        self.entries.insert(entry.key.clone(), (Box::new(entry), Place::Unschedulable(id)));
    }

    /// Puts back a pod whose attempt failed for another reason than the nodes (a refused bind).
    pub(crate) fn add_error(&mut self, mut entry: Entry, now: Time) {
        entry.errors += 1;
        entry.since = now;
        entry.refused_by.clear();
        let id = self.error_back_off.set(entry.backs_off_until(), entry.key.clone());
        self.entries.insert(entry.key.clone(), (Box::new(entry), Place::ErrorBackOff(id)));
    }

    /// Something happened: pods whose refusal it may lift are tried again, after their back-off.
    pub(crate) fn wake(&mut self, event: &Event<'_>, cause: u64, now: Time) {
        if self.waiting_on.is_empty() {
            return;
        }
        let mut woken = Vec::new();
        for plugin in event.plugins() {
            for key in self.waiting_on.get(plugin).into_iter().flat_map(|k| k.iter()) {
                let Some((entry, _)) = self.entries.get(key) else { continue };
                if may_help(event, plugin, &entry.pod) {
                    woken.push(key.clone());
                }
            }
        }
        for key in woken {
            self.go_on(key, cause, now);
        }
    }

    /// Tries a pod that waited for a change again, after its back-off.
    fn go_on(&mut self, key: Str, cause: u64, now: Time) {
        if !self.entries.get(&key).is_some_and(|(_, place)| matches!(place, Place::Unschedulable(_))) {
            return;
        }
        let Some(mut entry) = self.take(&key) else { return };
        entry.cause = cause;
        let until = entry.backs_off_until();
        if until <= now {
            self.activate(entry, now);
        } else {
            self.ready.get_or_insert(now);
            let id = self.back_off.set(until, key.clone());
            self.entries.insert(key, (entry, Place::BackOff(id)));
        }
    }

    pub(crate) fn next_due(&self) -> Option<Time> {
        let due = [self.ready, self.error_back_off.next_due(), self.unschedulable.next_due()];
        due.into_iter().flatten().min()
    }
}

fn back_off(count: u32) -> Millis {
    INITIAL_BACKOFF_MS.saturating_mul(1 << count.saturating_sub(1).min(8)).min(MAX_BACKOFF_MS)
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    fn pod(name: &str, priority: i64) -> Value {
        value!({"metadata": {"name": (name), "namespace": "ns"}, "spec": {"priority": (priority)}})
    }

    fn refused(q: &mut SchedulingQueue, by: &'static str, now: i64) {
        let mut e = q.pop(Time(now)).expect("waits");
        e.refused_by = vec![by];
        q.add_unschedulable(e, Time(now));
    }

    #[test]
    fn back_off_doubles_from_one_second_to_ten() {
        assert_eq!([1, 2, 3, 4, 5, 60].map(back_off), [1000, 2000, 4000, 8000, 10_000, 10_000]);
    }

    #[test]
    fn priority_goes_first_then_who_came_first() {
        let mut q = SchedulingQueue::default();
        for (name, priority, at) in [("a", 0, 1), ("b", 5, 2), ("c", 0, 0)] {
            q.add(name.into(), pod(name, priority), 0, Time(at));
        }
        let order: Vec<Str> = std::iter::from_fn(|| q.pop(Time(9)).map(|e| e.key)).collect();
        assert_eq!(order, ["b", "c", "a"]);
        assert_eq!(q.next_due(), None);
    }

    #[test]
    fn a_refused_pod_waits_for_what_helps_it() {
        let mut q = SchedulingQueue::default();
        q.add("ns/a".into(), pod("a", 0), 0, Time(0));
        refused(&mut q, "NodeResourcesFit", 0);
        assert_eq!(q.next_due(), Some(Time(MAX_UNSCHEDULABLE_MS)));
        let claim = value!({"metadata": {"name": "c", "namespace": "ns"}});
        q.wake(&Event::Claim { claim: &claim, added: true }, 7, Time(10));
        assert!(q.pop(Time(10)).is_none(), "a claim is no room");
        let gone = pod("gone", 0);
        q.wake(&Event::PodGone { pod: &gone }, 8, Time(20));
        // Nothing else is to be done, so that its back-off is cut short.
        assert_eq!(q.next_due(), Some(Time(20)));
        let e = q.pop(Time(20)).expect("woken");
        assert_eq!((e.cause, e.attempts), (8, 2));
    }

    #[test]
    fn who_backs_off_lets_others_go_first() {
        let mut q = SchedulingQueue::default();
        q.add("ns/a".into(), pod("a", 9), 0, Time(0));
        refused(&mut q, "NodeResourcesFit", 0);
        q.add("ns/b".into(), pod("b", 0), 0, Time(5));
        let gone = pod("gone", 0);
        q.wake(&Event::PodGone { pod: &gone }, 1, Time(10));
        assert_eq!(q.pop(Time(10)).map(|e| e.key), Some("ns/b".into()));
        assert_eq!(q.pop(Time(10)).map(|e| e.key), Some("ns/a".into()));
    }

    #[test]
    fn a_change_of_its_own_counts_where_it_may_help() {
        let mut q = SchedulingQueue::default();
        let (old, mut new) = (pod("a", 0), pod("a", 0));
        q.add("ns/a".into(), old.clone(), 0, Time(0));
        refused(&mut q, "NodeResourcesFit", 0);
        new.set_at(&["metadata", "labels", "app"], "x");
        q.update("ns/a".into(), &old, &new, 5, Time(20_000));
        assert!(q.pop(Time(20_000)).is_none(), "a label is no room");
        let mut tolerant = new.clone();
        tolerant.set_at(&["spec", "tolerations"], vec![value!({"operator": "Exists"})]);
        let mut e = q.pop(Time(300_000)).expect("after five minutes");
        assert_eq!(e.pod, new, "it is the newest all the same");
        e.refused_by = vec!["TaintToleration"];
        q.add_unschedulable(e, Time(300_000));
        q.update("ns/a".into(), &new, &tolerant, 6, Time(320_000));
        assert_eq!(q.pop(Time(320_000)).map(|e| e.cause), Some(6));
    }

    #[test]
    fn after_five_minutes_it_is_tried_all_the_same() {
        let mut q = SchedulingQueue::default();
        q.add("ns/a".into(), pod("a", 0), 0, Time(0));
        refused(&mut q, "NodeAffinity", 100);
        assert!(q.pop(Time(300_099)).is_none());
        assert!(q.pop(Time(300_100)).is_some());
    }

    #[test]
    fn errors_back_off_in_full() {
        let mut q = SchedulingQueue::default();
        q.add("ns/a".into(), pod("a", 0), 0, Time(0));
        for (at, next) in [(0, 1_000), (1_000, 3_000), (3_000, 7_000), (7_000, 15_000), (15_000, 25_000)] {
            let e = q.pop(Time(at)).expect("due");
            q.add_error(e, Time(at));
            assert!(q.pop(Time(next - 1)).is_none(), "{at}");
            assert_eq!(q.next_due(), Some(Time(next)));
        }
    }

    #[test]
    fn gates_keep_a_pod_out() {
        let mut q = SchedulingQueue::default();
        let mut p = pod("a", 0);
        p.set_at(&["spec", "schedulingGates"], vec![value!({"name": "g"})]);
        q.add("ns/a".into(), p, 0, Time(0));
        assert!(q.pop(Time(0)).is_none() && q.next_due().is_none());
        q.add("ns/a".into(), pod("a", 0), 0, Time(1));
        assert!(q.pop(Time(1)).is_some());
    }
}
