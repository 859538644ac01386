//! What a key is sought by: a key, or what compares with keys as one of them would.
//!
//! Why not `Borrow`: it says that the two compare alike, not how, and texts are compared in a way of our own.

use std::cmp::Ordering;

use smol_str::SmolStr;

use crate::text;

pub trait Probe<K> {
    /// The order of this and `key`, as among keys.
    fn compare(&self, key: &K) -> Ordering;
}

impl<K: Ord> Probe<K> for K {
    fn compare(&self, key: &K) -> Ordering {
        self.cmp(key)
    }
}

impl<K: Ord> Probe<&K> for K {
    fn compare(&self, key: &&K) -> Ordering {
        self.cmp(*key)
    }
}

impl Probe<SmolStr> for str {
    fn compare(&self, key: &SmolStr) -> Ordering {
        text::compare(self, key)
    }
}

impl Probe<&str> for str {
    fn compare(&self, key: &&str) -> Ordering {
        text::compare(self, key)
    }
}

impl Probe<String> for str {
    fn compare(&self, key: &String) -> Ordering {
        text::compare(self, key)
    }
}

impl<T: Ord> Probe<Vec<T>> for [T] {
    fn compare(&self, key: &Vec<T>) -> Ordering {
        self.cmp(key)
    }
}
