//! Sets of completion indexes as text: `0-3,5,7,8`.
//!
//! Models the intervals of `pkg/controller/job/indexed_job_utils.go`.

use ordered::BTreeSet;
use ordered::Sort as _;
use std::fmt;

/// Invariant: ordered, apart by at least one missing index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Indexes(Vec<(i64, i64)>);

impl Indexes {
    /// What is malformed or not below `completions` is left out.
    pub(super) fn parse(text: &str, completions: i64) -> Self {
        let mut all = Self::default();
        for part in text.split(',').filter(|p| !p.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (Ok(first), Ok(last)) = (first.parse::<i64>(), last.parse::<i64>()) else { continue };
            if first >= completions {
                break;
            }
            all.push(first, last.min(completions - 1));
        }
        all
    }

    fn push(&mut self, first: i64, last: i64) {
        match self.0.last_mut() {
            Some(end) if first <= end.1 + 1 => end.1 = end.1.max(last),
            _ => self.0.push((first, last)),
        }
    }

    #[must_use]
    pub(super) fn merged(&self, other: &Self) -> Self {
        let mut all: Vec<(i64, i64)> = self.0.iter().chain(&other.0).copied().collect();
        all.arrange();
        let mut merged = Self::default();
        for (first, last) in all {
            merged.push(first, last);
        }
        merged
    }

    #[must_use]
    pub(super) fn with(&self, indexes: &BTreeSet<i64>) -> Self {
        self.merged(&Self(indexes.iter().map(|i| (*i, *i)).collect()))
    }

    #[must_use]
    pub(super) fn total(&self) -> i64 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    #[must_use]
    pub(super) fn has(&self, index: i64) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < index);
        self.0.get(at).is_some_and(|(first, _)| *first <= index)
    }

    /// How many of its indexes `other` has too.
    #[must_use]
    pub(super) fn shared_with(&self, other: &Self) -> i64 {
        self.total() + other.total() - self.merged(other).total()
    }

    /// The first `n` indexes below `completions` that it has not.
    #[must_use]
    pub(super) fn missing(&self, n: usize, completions: i64) -> Vec<i64> {
        let mut found = Vec::new();
        let mut next = 0;
        for (first, last) in self.0.iter().copied().chain([(completions, completions)]) {
            while next < first.min(completions) && found.len() < n {
                found.push(next);
                next += 1;
            }
            next = next.max(last + 1);
        }
        found
    }
}

impl fmt::Display for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (first, last)) in self.0.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                1 => write!(f, "{comma}{first},{last}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for (text, n, want) in [
            ("", 5, ""),
            ("0", 5, "0"),
            ("0,1", 5, "0,1"),
            ("0-3,5", 9, "0-3,5"),
            ("0,1,2", 9, "0-2"),
            ("1-8", 4, "1-3"),
            ("7", 4, ""),
            ("x,2", 4, "2"),
        ] {
            assert_eq!(Indexes::parse(text, n).to_string(), want, "{text}");
        }
    }

    #[test]
    fn sets_of_them() {
        let a = Indexes::parse("0-2,6", 10);
        let b = a.with(&[3, 8].into_iter().collect());
        assert_eq!((b.to_string().as_str(), b.total()), ("0-3,6,8", 6));
        assert!(b.has(2) && b.has(6) && !b.has(5) && !b.has(9));
        assert_eq!(b.missing(3, 10), [4, 5, 7]);
        assert_eq!(b.missing(9, 10), [4, 5, 7, 9]);
        assert_eq!(a.shared_with(&Indexes::parse("2-6", 10)), 2);
    }
}
