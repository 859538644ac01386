//! A work queue: keys that wait to be synced, each at most once, with delays and back-off.
//!
//! Models `k8s.io/client-go/util/workqueue` with the default controller rate limiter's per-item part
//! (5 ms doubling to 1000 s). Not modelled: the bucket of 10 per second over all items.

use std::collections::VecDeque;

use clock::{Millis, Time, Timers};
use objects::Str;
use ordered::BTreeMap;
use rustc_hash::FxHashMap;

const BASE_DELAY_MS: Millis = 5;
const MAX_DELAY_MS: Millis = 1_000_000;

/// Invariant: a key stands in `ready` at most once; a delayed key may stand in both.
#[derive(Clone, Debug, Default)]
pub struct WorkQueue {
    /// Ready keys in the order they became ready.
    ready: VecDeque<Str>,
    /// The revision that last enqueued each ready key. Looked up, never walked.
    causes: FxHashMap<Str, u64>,
    waiting: Timers<(Str, u64)>,
    failures: BTreeMap<Str, u32>,
    /// When the oldest ready key became ready.
    ready_since: Option<Time>,
}

impl WorkQueue {
    /// Enqueues `key` now; `cause` is the revision that made it necessary (0: a timer).
    pub fn add(&mut self, key: impl Into<Str>, cause: u64, now: Time) {
        let key = key.into();
        self.ready_since.get_or_insert(now);
        match self.causes.get_mut(&key) {
            Some(c) => *c = cause.max(*c),
            None => {
                self.causes.insert(key.clone(), cause);
                self.ready.push_back(key);
            }
        }
    }

    /// Enqueues `key` when `delay` has passed.
    pub fn add_after(&mut self, key: impl Into<Str>, cause: u64, now: Time, delay: Millis) {
        if delay <= 0 {
            self.add(key, cause, now);
        } else {
            self.waiting.set(now + delay, (key.into(), cause));
        }
    }

    /// Enqueues `key` after its back-off: 5 ms, 10 ms, 20 ms ... 1000 s.
    pub fn add_rate_limited(&mut self, key: impl Into<Str>, cause: u64, now: Time) {
        let key = key.into();
        let n = self.failures.entry(key.clone()).or_default();
        let delay = BASE_DELAY_MS.saturating_mul(1i64.checked_shl(*n).unwrap_or(i64::MAX)).min(MAX_DELAY_MS);
        *n = (*n + 1).min(40);
        self.add_after(key, cause, now, delay);
    }

    /// How often `key` failed since it was last forgotten.
    #[must_use]
    pub fn failures(&self, key: &str) -> u32 {
        self.failures.get(key).copied().unwrap_or(0)
    }

    /// Ends the back-off of `key`: call it after a sync that went well.
    pub fn forget(&mut self, key: &str) {
        self.failures.remove(key);
    }

    /// The next key to sync with the revision that caused it.
    pub fn pop(&mut self, now: Time) -> Option<(Str, u64)> {
        while let Some((key, cause)) = self.waiting.pop_due(now) {
            self.add(key, cause, now);
        }
        let key = self.ready.pop_front()?;
        let cause = self.causes.remove(&key)?;
        if self.ready.is_empty() {
            self.ready_since = None;
        }
        Some((key, cause))
    }

    /// When the next key can be popped.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        match (self.ready_since, self.waiting.next_due()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Keys that are ready, in order: what a reader sees of a paused controller.
    pub fn ready(&self) -> impl Iterator<Item = &Str> {
        self.ready.iter()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.ready.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_waits_once_and_keeps_its_place() {
        let mut q = WorkQueue::default();
        q.add("a", 1, Time(0));
        q.add("b", 2, Time(0));
        q.add("a", 3, Time(0));
        assert_eq!(q.pop(Time(0)), Some(("a".into(), 3)));
        assert_eq!(q.pop(Time(0)), Some(("b".into(), 2)));
        assert_eq!(q.pop(Time(0)), None);
        assert_eq!(q.next_due(), None);
    }

    #[test]
    fn back_off_doubles_and_is_forgotten() {
        let mut q = WorkQueue::default();
        let mut delays = vec![];
        for _ in 0..4 {
            q.add_rate_limited("a", 0, Time(0));
            let due = q.next_due().expect("waits");
            delays.push(due.0);
            assert_eq!(q.pop(due).map(|(k, _)| k), Some("a".into()));
        }
        assert_eq!(delays, [5, 10, 20, 40]);
        q.forget("a");
        q.add_rate_limited("a", 0, Time(0));
        assert_eq!(q.next_due(), Some(Time(5)));
    }

    #[test]
    fn back_off_ends_at_its_cap() {
        let mut q = WorkQueue::default();
        for _ in 0..60 {
            q.add_rate_limited("a", 0, Time(0));
            q.pop(Time(MAX_DELAY_MS));
        }
        q.add_rate_limited("a", 0, Time(0));
        assert_eq!(q.next_due(), Some(Time(MAX_DELAY_MS)));
    }
}
