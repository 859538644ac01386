//! An ordered set: a map whose values are nothing.

use std::fmt;
use std::ops::RangeBounds;

use crate::BTreeMap;
use crate::probe::Probe;

/// An ordered set, used as `std::collections::BTreeSet`.
#[derive(Clone, PartialEq, Eq)]
pub struct BTreeSet<T>(BTreeMap<T, ()>);

impl<T> Default for BTreeSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> BTreeSet<T> {
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.0.keys()
    }

    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.0.first_key_value().map(|(k, ())| k)
    }

    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.0.last_key_value().map(|(k, ())| k)
    }
}

impl<T: Ord> BTreeSet<T> {
    /// True when `value` was not there before.
    pub fn insert(&mut self, value: T) -> bool {
        self.0.insert(value, ()).is_none()
    }

    /// True when `value` was there.
    pub fn remove<Q: Probe<T> + ?Sized>(&mut self, value: &Q) -> bool {
        self.0.remove(value).is_some()
    }

    pub fn take<Q: Probe<T> + ?Sized>(&mut self, value: &Q) -> Option<T> {
        self.0.remove_entry(value).map(|(k, ())| k)
    }

    #[must_use]
    pub fn contains<Q: Probe<T> + ?Sized>(&self, value: &Q) -> bool {
        self.0.contains_key(value)
    }

    #[must_use]
    pub fn get<Q: Probe<T> + ?Sized>(&self, value: &Q) -> Option<&T> {
        self.0.get_key_value(value).map(|(k, ())| k)
    }

    pub fn pop_first(&mut self) -> Option<T> {
        self.0.pop_first().map(|(k, ())| k)
    }

    pub fn pop_last(&mut self) -> Option<T> {
        self.0.pop_last().map(|(k, ())| k)
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.0.retain(|k, ()| keep(k));
    }

    pub fn range<Q: Probe<T> + ?Sized, R: RangeBounds<Q>>(
        &self,
        range: R,
    ) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.0.range(range).map(|(k, ())| k)
    }

    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|v| other.contains(v))
    }

    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        !self.iter().any(|v| other.contains(v))
    }

    pub fn difference<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a T> {
        self.iter().filter(|v| !other.contains(*v))
    }

    pub fn intersection<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a T> {
        self.iter().filter(|v| other.contains(*v))
    }

    pub fn union<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a T> {
        let mut all: BTreeSet<&T> = self.iter().collect();
        all.extend(other.iter());
        all.into_iter()
    }
}

impl<T> IntoIterator for BTreeSet<T> {
    type Item = T;
    type IntoIter = std::iter::Map<crate::map::IntoIter<T, ()>, fn((T, ())) -> T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|(k, ())| k)
    }
}

impl<'a, T> IntoIterator for &'a BTreeSet<T> {
    type Item = &'a T;
    type IntoIter = std::iter::Map<crate::map::Iter<'a, T, ()>, fn((&'a T, &'a ())) -> &'a T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(k, ())| k)
    }
}

impl<T: Ord> Extend<T> for BTreeSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, iter: I) {
        for v in iter {
            self.insert(v);
        }
    }
}

impl<'a, T: Ord + Copy + 'a> Extend<&'a T> for BTreeSet<T> {
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, iter: I) {
        for v in iter {
            self.insert(*v);
        }
    }
}

impl<T: Ord> FromIterator<T> for BTreeSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self {
        let mut set = Self::new();
        set.extend(iter);
        set
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for BTreeSet<T> {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T: fmt::Debug> fmt::Debug for BTreeSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}
