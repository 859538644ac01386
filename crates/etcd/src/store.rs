//! Keys, values, revisions: every write is one revision and leaves one record.

use std::cell::Cell;

use objects::{Str, Value};

use crate::Log;
use crate::table::Table;

const HINTS: usize = 32;

/// What stands under a key.
#[derive(Clone, Debug)]
pub struct Entry {
    pub value: Value,
    /// The revision of its last write.
    pub revision: u64,
}

/// What must hold of a key for a write to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    Anything,
    Absent,
    /// Its last write was this revision.
    Revision(u64),
}

impl Expect {
    /// Whether a key that stands at this revision is as expected.
    fn fits(self, found: Option<u64>) -> bool {
        match self {
            Self::Anything => true,
            Self::Absent => found.is_none(),
            Self::Revision(r) => found == Some(r),
        }
    }
}

/// The key was not as expected; it stands at this revision, or nothing stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key stands at revision {found:?}")]
pub struct Mismatch {
    pub found: Option<u64>,
}

/// The history asked for is no longer kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("revisions up to {compacted} have been compacted")]
pub struct Compacted {
    pub compacted: u64,
}

/// The store. `R` is the caller's record of one write.
#[derive(Clone, Debug)]
pub struct Store<R> {
    /// In the order of what etcd's keys would begin with: the name and a slash.
    tables: Vec<(Str, Table)>,
    /// Where tables were found lately, by the first letters of their names: a few take nearly all writes.
    hints: [Cell<usize>; HINTS],
    log: Log<R>,
    /// Invariant: the revision of the last write; the log's last record is its.
    revision: u64,
    /// How many records stay at least.
    keep: usize,
}

impl<R: Clone> Store<R> {
    /// An empty store that keeps at least the last `keep` records.
    #[must_use]
    pub fn new(keep: usize) -> Self {
        Self { tables: Vec::new(), hints: Default::default(), log: Log::new(1), revision: 0, keep }
    }

    /// Where a table stands, or where it would be put.
    fn place_of(&self, table: &str) -> Result<usize, usize> {
        let hint = &self.hints[table.bytes().take(3).map(usize::from).sum::<usize>() % HINTS];
        let met = hint.get();
        if self.tables.get(met).is_some_and(|(name, _)| name == table) {
            return Ok(met);
        }
        fn beginning(name: &str) -> impl Iterator<Item = u8> {
            name.bytes().chain([b'/'])
        }
        let found = self.tables.binary_search_by(|(name, _)| beginning(name).cmp(beginning(table)));
        if let Ok(at) = found {
            hint.set(at);
        }
        found
    }

    fn table(&self, table: &str) -> Option<&Table> {
        self.place_of(table).ok().map(|at| &self.tables[at].1)
    }

    fn table_mut(&mut self, table: &str) -> Option<&mut Table> {
        self.place_of(table).ok().map(|at| &mut self.tables[at].1)
    }

    /// The tables in which something stands, in the order of their names with a slash behind.
    pub fn tables(&self) -> impl Iterator<Item = &Str> {
        self.tables.iter().filter(|(_, table)| table.len() > 0).map(|(name, _)| name)
    }

    /// The revision of the last write, 0 when there was none.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The revision that the next write will make.
    #[must_use]
    pub fn next_revision(&self) -> u64 {
        self.revision + 1
    }

    /// The last revision whose record is gone; changes after it can be read.
    #[must_use]
    pub fn compacted(&self) -> u64 {
        self.log.first() - 1
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.tables.iter().map(|(_, table)| table.len()).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn get(&self, table: &str, key: &str) -> Option<&Entry> {
        self.find(table, key).map(|(_, entry)| entry)
    }

    /// What stands under a key, and the key as it is kept: looking for it again by that costs less.
    #[must_use]
    pub fn find(&self, table: &str, key: &str) -> Option<(&Str, &Entry)> {
        self.table(table)?.get(key)
    }

    /// The entries of a table whose key begins with `prefix`, from `start` on (`""`: from the first), in key order.
    pub fn range(
        &self,
        table: &str,
        prefix: &str,
        start: &str,
    ) -> impl Iterator<Item = (&Str, &Entry)> + use<'_, R> {
        let found = self.table(table).map(|table| table.range_from(start.max(prefix)));
        let prefix = Str::from(prefix);
        found.into_iter().flatten().take_while(move |(k, _)| k.starts_with(prefix.as_str()))
    }

    /// Writes `value`; `record` makes the history's record of the new revision from the key as it is kept and what stood
    /// there.
    ///
    /// # Errors
    /// [`Mismatch`] when the key is not as expected; nothing is written then.
    pub fn put(
        &mut self,
        table: &str,
        key: Str,
        value: Value,
        expect: Expect,
        record: impl FnOnce(u64, Str, Option<Value>) -> R,
    ) -> Result<u64, Mismatch> {
        let revision = self.revision + 1;
        let mut found = None;
        let fits = |standing: Option<&Entry>| {
            found = standing.map(|e| e.revision);
            expect.fits(found)
        };
        let at = self.place_of(table).unwrap_or_else(|at| {
            self.tables.insert(at, (table.into(), Table::default()));
            at
        });
        let Ok((key, old)) = self.tables[at].1.insert_if(key, Entry { value, revision }, fits) else {
            return Err(Mismatch { found });
        };
        self.revision = revision;
        self.record(record(revision, key, old.map(|e| e.value)));
        Ok(revision)
    }

    /// Removes a key; `record` makes the history's record from what stood there.
    ///
    /// # Errors
    /// [`Mismatch`] when the key is not as expected or nothing stands there.
    pub fn delete(
        &mut self,
        table: &str,
        key: &str,
        expect: Expect,
        record: impl FnOnce(u64, Value) -> R,
    ) -> Result<u64, Mismatch> {
        let mut found = None;
        let fits = |standing: &Entry| {
            found = Some(standing.revision);
            expect.fits(found)
        };
        let Some(old) = self.table_mut(table).and_then(|table| table.remove_if(key, fits)) else {
            return Err(Mismatch { found });
        };
        self.revision += 1;
        self.record(record(self.revision, old.value));
        Ok(self.revision)
    }

    /// Drops a key that still stands at `revision`, without a revision or a record of its own: its time is over, and
    /// nobody is told.
    pub fn expire(&mut self, table: &str, key: &str, revision: u64) {
        if let Some(table) = self.table_mut(table) {
            table.remove_if(key, |e| e.revision == revision);
        }
    }

    fn record(&mut self, record: R) {
        self.log.push(record);
        self.log.trim(self.keep);
    }

    /// The record that revision left, if it is kept.
    #[must_use]
    pub fn record_of(&self, revision: u64) -> Option<&R> {
        self.log.get(revision)
    }

    /// The records of all writes after `revision`, oldest first.
    ///
    /// # Errors
    /// [`Compacted`] when some of them are no longer kept.
    pub fn changes_after(&self, revision: u64) -> Result<impl Iterator<Item = &R> + use<'_, R>, Compacted> {
        let compacted = self.compacted();
        if revision < compacted {
            return Err(Compacted { compacted });
        }
        Ok(self.log.after(revision))
    }

    /// Forgets the history up to `revision`, rounded down to what can be dropped at once.
    pub fn compact(&mut self, revision: u64) {
        self.log.drop_through(revision.min(self.revision));
    }
}

#[cfg(test)]
mod tests {
    use ordered::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const TABLE: &str = "t";

    /// What a test's history keeps: the revision, the key, and the value after the write.
    type Record = (u64, Str, Option<i64>);

    fn put(s: &mut Store<Record>, key: &str, n: i64, expect: Expect) -> Result<u64, Mismatch> {
        s.put(TABLE, key.into(), n.into(), expect, |r, key, _| (r, key, Some(n)))
    }

    #[test]
    fn compare_and_set() {
        let mut s = Store::new(10);
        assert_eq!(put(&mut s, "a", 1, Expect::Absent), Ok(1));
        assert_eq!(put(&mut s, "a", 2, Expect::Absent), Err(Mismatch { found: Some(1) }));
        assert_eq!(put(&mut s, "a", 2, Expect::Revision(7)), Err(Mismatch { found: Some(1) }));
        assert_eq!(put(&mut s, "a", 2, Expect::Revision(1)), Ok(2));
        assert_eq!(
            s.delete(TABLE, "a", Expect::Revision(1), |r, _| (r, "a".into(), None)),
            Err(Mismatch { found: Some(2) })
        );
        assert_eq!(s.delete(TABLE, "a", Expect::Revision(2), |r, _| (r, "a".into(), None)), Ok(3));
        assert_eq!(
            s.delete(TABLE, "a", Expect::Anything, |r, _| (r, "a".into(), None)),
            Err(Mismatch { found: None })
        );
        assert_eq!(s.revision(), 3, "refused writes make no revision");
    }

    #[test]
    fn what_expires_leaves_no_record_and_what_was_written_again_stays() {
        let mut s = Store::new(10);
        put(&mut s, "a", 1, Expect::Absent).expect("no expectation");
        put(&mut s, "b", 1, Expect::Absent).expect("no expectation");
        put(&mut s, "b", 2, Expect::Anything).expect("no expectation");
        s.expire(TABLE, "a", 1);
        s.expire(TABLE, "b", 2);
        assert!(s.get(TABLE, "a").is_none() && s.get(TABLE, "b").is_some());
        assert_eq!((s.revision(), s.changes_after(0).map(Iterator::count)), (3, Ok(3)));
    }

    #[test]
    fn ranges_end_with_their_prefix_and_their_table() {
        let mut s = Store::new(10);
        for (table, key) in [
            ("pods", "a/1"),
            ("pods", "a/2"),
            ("pods", "a-b/1"),
            ("pods", "b/1"),
            ("podtemplates", "a/1"),
            ("nodes", "x"),
        ] {
            let done = s.put(table, key.into(), 0.into(), Expect::Absent, |r, key, _| (r, key, None));
            assert!(done.is_ok(), "{table} {key}");
        }
        fn found(s: &Store<Record>, table: &str, prefix: &str, from: &str) -> Vec<String> {
            s.range(table, prefix, from).map(|(k, _)| k.to_string()).collect()
        }
        let keys = |table: &str, prefix: &str, from: &str| found(&s, table, prefix, from);
        assert_eq!(keys("pods", "", ""), ["a-b/1", "a/1", "a/2", "b/1"]);
        assert_eq!(keys("pods", "a/", ""), ["a/1", "a/2"]);
        assert_eq!(keys("pods", "", "a/2"), ["a/2", "b/1"]);
        assert_eq!(keys("podtemplates", "", ""), ["a/1"]);
        assert!(keys("services", "", "").is_empty() && keys("pod", "", "").is_empty());
        assert!(s.delete("nodes", "x", Expect::Anything, |r, _| (r, "x".into(), None)).is_ok());
        assert_eq!(s.tables().collect::<Vec<_>>(), ["pods", "podtemplates"]);
        assert_eq!(s.len(), 5);
    }

    #[test]
    fn old_history_is_compacted_and_says_so() {
        let mut s = Store::new(100);
        for n in 0..2000 {
            put(&mut s, "k", n, Expect::Anything).expect("no expectation");
        }
        let compacted = s.compacted();
        assert!((1500..=1900).contains(&compacted), "{compacted}");
        assert_eq!(s.changes_after(compacted - 1).err(), Some(Compacted { compacted }));
        let seen: Vec<u64> = s.changes_after(compacted).into_iter().flatten().map(|r| r.0).collect();
        assert_eq!(seen, (compacted + 1..=2000).collect::<Vec<_>>());
        assert_eq!(s.record_of(2000).map(|r| r.2), Some(Some(1999)));
        s.compact(1990);
        assert!(s.compacted() <= 1990);
        assert_eq!(s.changes_after(1990).map(Iterator::count), Ok(10));
    }

    proptest! {
        #[test]
        fn history_from_any_revision_replays_to_the_same_state(
            ops in prop::collection::vec((0u8..12, 0u8..4, 0i64..5), 1..400),
            from in 0usize..400,
        ) {
            let mut s: Store<Record> = Store::new(usize::MAX / 2);
            let mut states = vec![BTreeMap::new()];
            for (k, op, n) in ops {
                let key = format!("k{k}");
                let found = s.get(TABLE, &key).map(|e| e.revision);
                let before = s.revision();
                let done = match op {
                    0 => s.delete(TABLE, &key, Expect::Anything, |r, _| (r, key.as_str().into(), None)),
                    1 => put(&mut s, &key, n, Expect::Absent),
                    2 => put(&mut s, &key, n, Expect::Revision(before)),
                    _ => put(&mut s, &key, n, Expect::Anything),
                };
                let wanted = match op {
                    0 => found.is_some(),
                    1 => found.is_none(),
                    2 => found == Some(before),
                    _ => true,
                };
                prop_assert_eq!(done.is_ok(), wanted);
                prop_assert_eq!(s.revision(), before + u64::from(wanted), "revisions have no gaps");
                if wanted {
                    let now: BTreeMap<Str, i64> =
                        s.range(TABLE, "", "").map(|(k, e)| (k.clone(), e.value.int())).collect();
                    states.push(now);
                }
            }
            let from = from.min(states.len() - 1);
            let mut state = states[from].clone();
            for (revision, key, value) in s.changes_after(from as u64).expect("nothing compacted") {
                match value {
                    Some(n) => state.insert(key.clone(), *n),
                    None => state.remove(key),
                };
                prop_assert_eq!(&state, &states[*revision as usize]);
            }
            prop_assert_eq!(&state, &states[states.len() - 1]);
        }
    }
}
