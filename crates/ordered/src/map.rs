//! An ordered map in chunks: keys and values stand in runs of bounded length.
//!
//! A look-up finds the run by its first key and the place in it by bisection; an insertion moves at most one run.
//! What is done to the runs of keys is decided by [`Keys`], whose code exists once per key type, and mirrored on
//! the runs of values.

use std::fmt;
use std::ops::{Bound, Index, RangeBounds};

use crate::probe::Probe;

/// The longest a run may get before it is cut in two.
const RUN: usize = 64;

/// A place: which run, and where in it.
type At = (usize, usize);

/// The keys in order.
///
/// Invariant: no run is empty, none longer than `RUN`; keys ascend within and across runs.
#[derive(Clone)]
struct Keys<K> {
    runs: Vec<Vec<K>>,
    len: usize,
}

/// What an insertion did to the runs, for the values to follow.
struct Inserted {
    at: At,
    /// The run was cut: everything from this place on became the next run. Done before the insertion.
    cut: Option<At>,
    /// A first run was made.
    first: bool,
}

impl<K: Ord> Keys<K> {
    /// Where `key` stands, or where it belongs.
    #[inline(never)]
    fn search<Q: Probe<K> + ?Sized>(&self, key: &Q) -> Result<At, At> {
        // The last run that begins at or before the key.
        let run = self.runs.partition_point(|r| key.compare(&r[0]).is_ge()).saturating_sub(1);
        let Some(keys) = self.runs.get(run) else { return Err((0, 0)) };
        match keys.binary_search_by(|k| key.compare(k).reverse()) {
            Ok(i) => Ok((run, i)),
            Err(i) => Err((run, i)),
        }
    }

    #[inline(never)]
    fn insert(&mut self, at: At, key: K) -> Inserted {
        self.len += 1;
        let (mut run, mut i) = at;
        if self.runs.is_empty() {
            self.runs.push(vec![key]);
            return Inserted { at: (0, 0), cut: None, first: true };
        }
        let mut cut = None;
        if self.runs[run].len() >= RUN {
            // Keys mostly come in ascending order: then the old run stays full.
            let last = run + 1 == self.runs.len() && i == RUN;
            let middle = if last { RUN } else { RUN / 2 };
            let tail = self.runs[run].split_off(middle);
            self.runs.insert(run + 1, tail);
            cut = Some((run, middle));
            if i > middle || last {
                (run, i) = (run + 1, i - middle);
            }
        }
        self.runs[run].insert(i, key);
        Inserted { at: (run, i), cut, first: false }
    }

    /// Takes a key out. True when its run is gone with it.
    #[inline(never)]
    fn remove(&mut self, (run, i): At) -> (K, bool) {
        self.len -= 1;
        let key = self.runs[run].remove(i);
        let emptied = self.runs[run].is_empty();
        if emptied {
            self.runs.remove(run);
        }
        (key, emptied)
    }

    /// The place of the first key within the lower bound.
    #[inline(never)]
    fn lower<Q: Probe<K> + ?Sized>(&self, bound: Bound<&Q>) -> At {
        self.normal(match bound {
            Bound::Unbounded => (0, 0),
            Bound::Included(q) => self.search(q).unwrap_or_else(|at| at),
            Bound::Excluded(q) => match self.search(q) {
                Ok((run, i)) => (run, i + 1),
                Err(at) => at,
            },
        })
    }

    /// The place behind the last key within the upper bound.
    #[inline(never)]
    fn upper<Q: Probe<K> + ?Sized>(&self, bound: Bound<&Q>) -> At {
        self.normal(match bound {
            Bound::Unbounded => (self.runs.len(), 0),
            Bound::Excluded(q) => self.search(q).unwrap_or_else(|at| at),
            Bound::Included(q) => match self.search(q) {
                Ok((run, i)) => (run, i + 1),
                Err(at) => at,
            },
        })
    }
}

impl<K> Keys<K> {
    /// Behind the end of a run is the beginning of the next.
    fn normal(&self, (run, i): At) -> At {
        if self.runs.get(run).is_some_and(|r| i >= r.len()) { (run + 1, 0) } else { (run, i) }
    }
}

/// An ordered map, used as `std::collections::BTreeMap`.
#[derive(Clone)]
pub struct BTreeMap<K, V> {
    keys: Keys<K>,
    /// Invariant: the same runs as `keys`.
    values: Vec<Vec<V>>,
}

impl<K, V> Default for BTreeMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> BTreeMap<K, V> {
    #[must_use]
    pub const fn new() -> Self {
        Self { keys: Keys { runs: Vec::new(), len: 0 }, values: Vec::new() }
    }

    #[must_use]
    pub const fn len(&self) -> usize {
        self.keys.len
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.len == 0
    }

    pub fn clear(&mut self) {
        *self = Self::new();
    }

    #[must_use]
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter { map: self, front: (0, 0), back: (self.keys.runs.len(), 0) }
    }

    #[must_use]
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        // Keys and values have the same runs.
        ZipEnds(self.keys.runs.iter().flatten(), self.values.iter_mut().flatten())
    }

    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.iter().map(|(k, _)| k)
    }

    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.iter().map(|(_, v)| v)
    }

    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.values.iter_mut().flatten()
    }

    pub fn into_keys(self) -> impl DoubleEndedIterator<Item = K> {
        self.keys.runs.into_iter().flatten()
    }

    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> {
        self.values.into_iter().flatten()
    }

    #[must_use]
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        Some((self.keys.runs.first()?.first()?, self.values.first()?.first()?))
    }

    #[must_use]
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        Some((self.keys.runs.last()?.last()?, self.values.last()?.last()?))
    }
}

impl<K: Ord, V> BTreeMap<K, V> {
    #[must_use]
    pub fn get<Q: Probe<K> + ?Sized>(&self, key: &Q) -> Option<&V> {
        let (run, i) = self.keys.search(key).ok()?;
        Some(&self.values[run][i])
    }

    #[must_use]
    pub fn get_key_value<Q: Probe<K> + ?Sized>(&self, key: &Q) -> Option<(&K, &V)> {
        let (run, i) = self.keys.search(key).ok()?;
        Some((&self.keys.runs[run][i], &self.values[run][i]))
    }

    #[must_use]
    pub fn get_mut<Q: Probe<K> + ?Sized>(&mut self, key: &Q) -> Option<&mut V> {
        let (run, i) = self.keys.search(key).ok()?;
        Some(&mut self.values[run][i])
    }

    #[must_use]
    pub fn contains_key<Q: Probe<K> + ?Sized>(&self, key: &Q) -> bool {
        self.keys.search(key).is_ok()
    }

    /// Sets `key` and returns what stood there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.keys.search(&key) {
            Ok((run, i)) => Some(std::mem::replace(&mut self.values[run][i], value)),
            Err(at) => {
                self.insert_at(at, key, value);
                None
            }
        }
    }

    fn insert_at(&mut self, at: At, key: K, value: V) -> At {
        let inserted = self.keys.insert(at, key);
        if inserted.first {
            self.values.push(Vec::new());
        }
        if let Some((run, middle)) = inserted.cut {
            let tail = self.values[run].split_off(middle);
            self.values.insert(run + 1, tail);
        }
        let (run, i) = inserted.at;
        self.values[run].insert(i, value);
        inserted.at
    }

    fn remove_at(&mut self, at: At) -> (K, V) {
        let (key, emptied) = self.keys.remove(at);
        let value = self.values[at.0].remove(at.1);
        if emptied {
            self.values.remove(at.0);
        }
        (key, value)
    }

    pub fn remove<Q: Probe<K> + ?Sized>(&mut self, key: &Q) -> Option<V> {
        self.remove_entry(key).map(|(_, v)| v)
    }

    pub fn remove_entry<Q: Probe<K> + ?Sized>(&mut self, key: &Q) -> Option<(K, V)> {
        let at = self.keys.search(key).ok()?;
        Some(self.remove_at(at))
    }

    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (!self.is_empty()).then(|| self.remove_at((0, 0)))
    }

    pub fn pop_last(&mut self) -> Option<(K, V)> {
        let run = self.keys.runs.len().checked_sub(1)?;
        Some(self.remove_at((run, self.keys.runs[run].len() - 1)))
    }

    /// Keeps the entries for which `keep` is true.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let old = std::mem::take(self);
        for (key, mut value) in old {
            if keep(&key, &mut value) {
                let end = self.keys.runs.len().saturating_sub(1);
                let i = self.keys.runs.get(end).map_or(0, Vec::len);
                self.insert_at((end, i), key, value);
            }
        }
    }

    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        match self.keys.search(&key) {
            Ok(at) => Entry::Occupied(OccupiedEntry { map: self, at }),
            Err(at) => Entry::Vacant(VacantEntry { map: self, at, key }),
        }
    }

    pub fn range<Q: Probe<K> + ?Sized, R: RangeBounds<Q>>(&self, range: R) -> Iter<'_, K, V> {
        let front = self.keys.lower(range.start_bound());
        let back = self.keys.upper(range.end_bound());
        Iter { map: self, front, back: back.max(front) }
    }
}

/// The entries in order, from both ends.
pub struct Iter<'a, K, V> {
    map: &'a BTreeMap<K, V>,
    front: At,
    /// Behind the last.
    back: At,
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self { map: self.map, front: self.front, back: self.back }
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        let (run, i) = self.front;
        let keys = &self.map.keys.runs[run];
        self.front = if i + 1 < keys.len() { (run, i + 1) } else { (run + 1, 0) };
        Some((&keys[i], &self.map.values[run][i]))
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        let (run, i) = match self.back {
            (run, 0) => (run - 1, self.map.keys.runs[run - 1].len() - 1),
            (run, i) => (run, i - 1),
        };
        self.back = (run, i);
        Some((&self.map.keys.runs[run][i], &self.map.values[run][i]))
    }
}

/// Two iterators of equal length, zipped from both ends.
pub struct ZipEnds<A, B>(A, B);

/// The entries in order, the values to change.
pub type IterMut<'a, K, V> = ZipEnds<
    std::iter::Flatten<std::slice::Iter<'a, Vec<K>>>,
    std::iter::Flatten<std::slice::IterMut<'a, Vec<V>>>,
>;

/// The owned entries in order.
pub type IntoIter<K, V> =
    ZipEnds<std::iter::Flatten<std::vec::IntoIter<Vec<K>>>, std::iter::Flatten<std::vec::IntoIter<Vec<V>>>>;

impl<A: Iterator, B: Iterator> Iterator for ZipEnds<A, B> {
    type Item = (A::Item, B::Item);
    fn next(&mut self) -> Option<Self::Item> {
        Some((self.0.next()?, self.1.next()?))
    }
}

impl<A: DoubleEndedIterator, B: DoubleEndedIterator> DoubleEndedIterator for ZipEnds<A, B> {
    fn next_back(&mut self) -> Option<Self::Item> {
        Some((self.0.next_back()?, self.1.next_back()?))
    }
}

impl<K, V> IntoIterator for BTreeMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;
    fn into_iter(self) -> IntoIter<K, V> {
        ZipEnds(self.keys.runs.into_iter().flatten(), self.values.into_iter().flatten())
    }
}

impl<'a, K, V> IntoIterator for &'a BTreeMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;
    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<'a, K, V> IntoIterator for &'a mut BTreeMap<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;
    fn into_iter(self) -> IterMut<'a, K, V> {
        self.iter_mut()
    }
}

impl<K: Ord, V> Extend<(K, V)> for BTreeMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, iter: I) {
        for (key, value) in iter {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for BTreeMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let mut map = Self::new();
        map.extend(iter);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for BTreeMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for BTreeMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other).all(|(a, b)| a == b)
    }
}

impl<K: Eq, V: Eq> Eq for BTreeMap<K, V> {}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for BTreeMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<K: Ord, Q: Probe<K> + ?Sized, V> Index<&Q> for BTreeMap<K, V> {
    type Output = V;
    /// # Panics
    /// When `key` is absent, as the standard map.
    fn index(&self, key: &Q) -> &V {
        match self.get(key) {
            Some(v) => v,
            None => panic!("no entry found for key"),
        }
    }
}

/// A place in a map, taken or free.
pub enum Entry<'a, K, V> {
    Occupied(OccupiedEntry<'a, K, V>),
    Vacant(VacantEntry<'a, K, V>),
}

pub struct OccupiedEntry<'a, K, V> {
    map: &'a mut BTreeMap<K, V>,
    at: At,
}

pub struct VacantEntry<'a, K, V> {
    map: &'a mut BTreeMap<K, V>,
    at: At,
    key: K,
}

impl<'a, K: Ord, V> Entry<'a, K, V> {
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        match self {
            Self::Occupied(o) => o.into_mut(),
            Self::Vacant(v) => v.insert(make()),
        }
    }

    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    #[must_use]
    pub fn and_modify(mut self, change: impl FnOnce(&mut V)) -> Self {
        if let Self::Occupied(o) = &mut self {
            change(o.get_mut());
        }
        self
    }
}

impl<'a, K: Ord, V> OccupiedEntry<'a, K, V> {
    #[must_use]
    pub fn get(&self) -> &V {
        &self.map.values[self.at.0][self.at.1]
    }

    #[must_use]
    pub fn get_mut(&mut self) -> &mut V {
        &mut self.map.values[self.at.0][self.at.1]
    }

    #[must_use]
    pub fn into_mut(self) -> &'a mut V {
        &mut self.map.values[self.at.0][self.at.1]
    }

    pub fn insert(&mut self, value: V) -> V {
        std::mem::replace(self.get_mut(), value)
    }

    #[must_use]
    pub fn remove(self) -> V {
        self.map.remove_at(self.at).1
    }
}

impl<'a, K: Ord, V> VacantEntry<'a, K, V> {
    pub fn insert(self, value: V) -> &'a mut V {
        let (run, i) = self.map.insert_at(self.at, self.key, value);
        &mut self.map.values[run][i]
    }

    #[must_use]
    pub fn key(&self) -> &K {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Op {
        Insert(u16, u32),
        Remove(u16),
        PopFirst,
        PopLast,
        Add(u16),
        Retain(u16),
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            8 => (0u16..600, any::<u32>()).prop_map(|(k, v)| Op::Insert(k, v)),
            3 => (0u16..600).prop_map(Op::Remove),
            1 => Just(Op::PopFirst),
            1 => Just(Op::PopLast),
            2 => (0u16..600).prop_map(Op::Add),
            1 => (2u16..40).prop_map(Op::Retain),
        ]
    }

    proptest! {
        #[test]
        fn behaves_as_the_standard_map(ops in prop::collection::vec(op(), 0..900), a in 0u16..600, b in 0u16..600) {
            let mut ours = BTreeMap::new();
            let mut std = std::collections::BTreeMap::new();
            for op in ops {
                match op {
                    Op::Insert(k, v) => prop_assert_eq!(ours.insert(k, v), std.insert(k, v)),
                    Op::Remove(k) => prop_assert_eq!(ours.remove(&k), std.remove(&k)),
                    Op::PopFirst => prop_assert_eq!(ours.pop_first(), std.pop_first()),
                    Op::PopLast => prop_assert_eq!(ours.pop_last(), std.pop_last()),
                    Op::Add(k) => {
                        *ours.entry(k).or_default() ^= 1;
                        *std.entry(k).or_default() ^= 1;
                    }
                    Op::Retain(m) => {
                        ours.retain(|k, _| k % m != 0);
                        std.retain(|k, _| k % m != 0);
                    }
                }
                prop_assert_eq!(ours.len(), std.len());
            }
            prop_assert!(ours.iter().eq(std.iter()));
            prop_assert!(ours.iter().rev().eq(std.iter().rev()));
            prop_assert!(ours.iter_mut().rev().map(|(k, v)| (*k, *v)).eq(std.iter().rev().map(|(k, v)| (*k, *v))));
            let (from, to) = (a.min(b), a.max(b));
            prop_assert!(ours.range(from..to).eq(std.range(from..to)));
            prop_assert!(ours.range(from..=to).rev().eq(std.range(from..=to).rev()));
            prop_assert!(ours.range(..to).eq(std.range(..to)));
            prop_assert!(ours.range((Bound::Excluded(from), Bound::Unbounded)).eq(
                std.range((Bound::Excluded(from), Bound::Unbounded))));
            prop_assert_eq!(ours.first_key_value(), std.first_key_value());
            prop_assert_eq!(ours.last_key_value(), std.last_key_value());
            prop_assert!(ours.into_iter().eq(std));
        }

        #[test]
        fn texts_are_sought_as_in_the_standard_map(keys in prop::collection::vec("[ab]{0,12}", 0..200), asked in prop::collection::vec("[ab]{0,12}", 20)) {
            let ours: BTreeMap<String, usize> = keys.iter().cloned().zip(0..).collect();
            let std: std::collections::BTreeMap<String, usize> = keys.iter().cloned().zip(0..).collect();
            prop_assert!(ours.iter().eq(&std));
            for key in keys.iter().chain(&asked).map(String::as_str) {
                prop_assert_eq!(ours.get(key), std.get(key));
                let from = (Bound::Excluded(key), Bound::Unbounded);
                prop_assert!(ours.range::<str, _>(from).eq(std.range::<str, _>(from)));
                let to = (Bound::Unbounded, Bound::Included(key));
                prop_assert!(ours.range::<str, _>(to).eq(std.range::<str, _>(to)));
            }
        }
    }
}
