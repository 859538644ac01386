//! What a controller has written and not heard of yet: it does not count again before the echo came.
//!
//! Models `pkg/controller/controller_utils.go` UIDTrackingControllerExpectations.

use clock::Time;
use objects::Str;
use ordered::BTreeSet;
use rustc_hash::FxHashMap;

use crate::delays::EXPECTATIONS_TIMEOUT_MS;

#[derive(Clone, Debug, Default)]
pub struct Expectations {
    /// Looked up, never walked.
    by_owner: FxHashMap<Str, Expected>,
}

#[derive(Clone, Debug)]
struct Expected {
    creations: i64,
    deletions: BTreeSet<Str>,
    since: Time,
}

impl Expectations {
    /// True when everything expected was seen, or the wait has lasted too long.
    #[must_use]
    pub fn satisfied(&self, owner: &str, now: Time) -> bool {
        self.by_owner.get(owner).is_none_or(|e| {
            (e.creations <= 0 && e.deletions.is_empty()) || now.since(e.since) > EXPECTATIONS_TIMEOUT_MS
        })
    }

    pub fn expect_creations(&mut self, owner: &str, n: i64, now: Time) {
        let e = Expected { creations: n, deletions: BTreeSet::new(), since: now };
        self.by_owner.insert(owner.into(), e);
    }

    /// `keys` are the pods about to be deleted.
    pub fn expect_deletions(&mut self, owner: &str, keys: impl IntoIterator<Item = Str>, now: Time) {
        let e = Expected { creations: 0, deletions: keys.into_iter().collect(), since: now };
        self.by_owner.insert(owner.into(), e);
    }

    /// Both at once.
    pub fn expect(&mut self, owner: &str, creations: i64, keys: impl IntoIterator<Item = Str>, now: Time) {
        let e = Expected { creations, deletions: keys.into_iter().collect(), since: now };
        self.by_owner.insert(owner.into(), e);
    }

    pub fn creation_observed(&mut self, owner: &str) {
        if let Some(e) = self.by_owner.get_mut(owner) {
            e.creations -= 1;
        }
    }

    /// Counts each expected deletion once, be it seen as a deletion timestamp or as the end.
    pub fn deletion_observed(&mut self, owner: &str, key: &str) {
        if let Some(e) = self.by_owner.get_mut(owner) {
            e.deletions.remove(key);
        }
    }

    pub fn forget(&mut self, owner: &str) {
        self.by_owner.remove(owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_counts_once_and_waiting_ends() {
        let mut e = Expectations::default();
        assert!(e.satisfied("a", Time(0)));
        e.expect_deletions("a", ["x".into(), "y".into()], Time(0));
        e.deletion_observed("a", "x");
        e.deletion_observed("a", "x");
        assert!(!e.satisfied("a", Time(0)));
        assert!(e.satisfied("a", Time(EXPECTATIONS_TIMEOUT_MS + 1)));
        e.deletion_observed("a", "y");
        assert!(e.satisfied("a", Time(0)));
        e.expect_creations("a", 1, Time(0));
        assert!(!e.satisfied("a", Time(0)));
        e.creation_observed("a");
        assert!(e.satisfied("a", Time(0)));
    }
}
