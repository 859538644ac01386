//! A controller's queue: a work queue whose keys are busy for a while after each sync.
//!
//! Upstream a key that arrives while it is being synced waits until that sync is done, and all arrivals meanwhile
//! count as one. Writes take no virtual time here, so that span is stated instead: [`SYNC_MS`].

use ordered::BTreeMap;

use client::WorkQueue;
use clock::{Millis, Time};
use objects::Str;
use rustc_hash::FxHashMap;

use crate::delays::{BASE_BACKOFF_MS, MAX_BACKOFF_MS, SYNC_MS};

#[derive(Clone, Debug)]
pub struct SyncQueue {
    queue: WorkQueue,
    /// Looked up: those that are done are dropped, in whatever order.
    busy: FxHashMap<Str, Busy>,
    /// The earliest planned visit of each key: a later one is not kept beside it.
    planned: BTreeMap<Str, Time>,
    failures: BTreeMap<Str, u32>,
    backoff: (Millis, Millis),
    /// How many busy keys there may be before those that are done are dropped.
    room: usize,
    /// A sync that goes on at once, with its cause and since when.
    unfinished: Option<(Str, u64, Time)>,
}

#[derive(Clone, Debug)]
struct Busy {
    until: Time,
    /// The cause of the newest arrival that waits for the end of the sync.
    deferred: Option<u64>,
}

impl Default for SyncQueue {
    fn default() -> Self {
        Self::with_backoff(BASE_BACKOFF_MS, MAX_BACKOFF_MS)
    }
}

impl SyncQueue {
    /// A queue whose back-off doubles from `base` to `max`.
    #[must_use]
    pub fn with_backoff(base: Millis, max: Millis) -> Self {
        Self {
            queue: WorkQueue::default(),
            busy: FxHashMap::default(),
            planned: BTreeMap::new(),
            failures: BTreeMap::new(),
            backoff: (base, max),
            room: 0,
            unfinished: None,
        }
    }

    /// The sync of `key` is not done: it is next, before all others.
    pub fn go_on(&mut self, key: Str, cause: u64, now: Time) {
        self.unfinished = Some((key, cause, now));
    }

    /// Whether a sync is to go on.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.unfinished.is_some()
    }

    /// Enqueues `key`: now, or when the sync that keeps it busy is over.
    pub fn add(&mut self, key: impl Into<Str>, cause: u64, now: Time) {
        let key = key.into();
        match self.busy.get_mut(&key) {
            Some(b) if b.until > now => {
                let first = b.deferred.is_none();
                b.deferred = Some(b.deferred.unwrap_or(0).max(cause));
                if first {
                    self.queue.add_after(key, cause, now, b.until.since(now));
                }
            }
            _ => self.queue.add(key, cause, now),
        }
    }

    pub fn add_after(&mut self, key: impl Into<Str>, cause: u64, now: Time, delay: Millis) {
        if delay <= 0 {
            self.add(key, cause, now);
            return;
        }
        let (key, due) = (key.into(), now + delay);
        if self.planned.get(&key).is_none_or(|t| due < *t) {
            self.planned.insert(key.clone(), due);
            self.queue.add_after(key, cause, now, delay);
        }
    }

    pub fn add_rate_limited(&mut self, key: impl Into<Str>, cause: u64, now: Time) {
        let key = key.into();
        let n = self.failures.entry(key.clone()).or_default();
        let (base, max) = self.backoff;
        let delay = base.saturating_mul(1 << (*n).min(40)).min(max);
        *n += 1;
        self.add_after(key, cause, now, delay);
    }

    /// Ends the back-off of `key`.
    pub fn forget(&mut self, key: &str) {
        self.failures.remove(key);
    }

    /// How often `key` failed since it was last forgotten.
    #[must_use]
    pub fn failures(&self, key: &str) -> u32 {
        self.failures.get(key).copied().unwrap_or(0)
    }

    /// The next key that may be synced now, with its cause; it is busy from now on.
    pub fn pop(&mut self, now: Time) -> Option<(Str, u64)> {
        if let Some((key, cause, _)) = self.unfinished.take() {
            return Some((key, cause));
        }
        while let Some((key, mut cause)) = self.queue.pop(now) {
            if self.planned.get(&key).is_some_and(|t| *t <= now) {
                self.planned.remove(&key);
            }
            if let Some(b) = self.busy.get_mut(&key) {
                if b.until > now {
                    // A timer or back-off fell due during the sync.
                    let first = b.deferred.is_none();
                    b.deferred = Some(b.deferred.unwrap_or(0).max(cause));
                    if first {
                        self.queue.add_after(key, cause, now, b.until.since(now));
                    }
                    continue;
                }
                cause = cause.max(b.deferred.unwrap_or(0));
            }
            if self.busy.len() > self.room {
                self.busy.retain(|_, b| b.until > now);
                self.room = (self.busy.len() * 2).max(64);
            }
            self.busy.insert(key.clone(), Busy { until: now + SYNC_MS, deferred: None });
            return Some((key, cause));
        }
        None
    }

    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        match &self.unfinished {
            Some((_, _, since)) => Some(*since),
            None => self.queue.next_due(),
        }
    }

    /// The keys that are ready, next first.
    pub fn ready(&self) -> impl Iterator<Item = &Str> {
        self.queue.ready()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_during_a_sync_are_one_sync_after_it() {
        let mut q = SyncQueue::default();
        q.add("a", 1, Time(0));
        assert_eq!(q.pop(Time(0)), Some(("a".into(), 1)));
        for ms in 1..9 {
            q.add("a", ms as u64 + 10, Time(ms));
        }
        assert_eq!(q.pop(Time(9)), None);
        assert_eq!(q.next_due(), Some(Time(SYNC_MS)));
        assert_eq!(q.pop(Time(SYNC_MS)), Some(("a".into(), 18)));
        assert_eq!(q.pop(Time(1000)), None);
    }

    #[test]
    fn what_goes_on_comes_before_what_waits() {
        let mut q = SyncQueue::default();
        q.add("a", 1, Time(0));
        q.add("b", 2, Time(0));
        assert_eq!(q.pop(Time(0)), Some(("a".into(), 1)));
        q.go_on("a".into(), 1, Time(0));
        assert_eq!((q.is_unfinished(), q.next_due()), (true, Some(Time(0))));
        assert_eq!(q.pop(Time(0)), Some(("a".into(), 1)));
        assert_eq!((q.is_unfinished(), q.pop(Time(0))), (false, Some(("b".into(), 2))));
    }

    #[test]
    fn a_back_off_shorter_than_the_sync_waits_for_its_end() {
        let mut q = SyncQueue::default();
        q.add("a", 1, Time(0));
        q.pop(Time(0));
        q.add_rate_limited("a", 1, Time(0));
        assert_eq!(q.pop(Time(5)), None);
        assert_eq!(q.pop(Time(SYNC_MS)), Some(("a".into(), 1)));
    }
}
