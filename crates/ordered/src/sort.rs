//! Stable sorting through one function that is not generic.

use std::cmp::Ordering;

/// The order of `n` things as indices, stable: a bottom-up merge sort.
#[inline(never)]
fn order(n: usize, compare: &mut dyn FnMut(u32, u32) -> Ordering) -> Vec<u32> {
    let mut from: Vec<u32> = (0..n as u32).collect();
    let mut to = vec![0; n];
    let mut width = 1;
    while width < n {
        let mut start = 0;
        while start < n {
            let (middle, end) = ((start + width).min(n), (start + 2 * width).min(n));
            let (mut a, mut b) = (start, middle);
            for slot in &mut to[start..end] {
                let left = a < middle && (b >= end || compare(from[a], from[b]) != Ordering::Greater);
                let next = if left { &mut a } else { &mut b };
                *slot = from[*next];
                *next += 1;
            }
            start = end;
        }
        std::mem::swap(&mut from, &mut to);
        width *= 2;
    }
    from
}

/// For each place, from which place its element comes; turned into swaps that can be done in place.
#[inline(never)]
fn swaps(order: &mut [u32], swap: &mut dyn FnMut(usize, usize)) {
    for i in 0..order.len() {
        let mut from = order[i] as usize;
        // An element that was moved away from an earlier place is found by following where it went.
        while from < i {
            from = order[from] as usize;
        }
        if from != i {
            swap(i, from);
        }
        order[i] = from as u32;
    }
}

/// Sorting of slices, as the methods of the standard library without the prefix of this trait's name.
pub trait Sort<T> {
    /// As `sort_by`.
    fn arrange_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    /// As `sort`.
    fn arrange(&mut self)
    where
        T: Ord,
    {
        self.arrange_by(T::cmp);
    }

    /// As `sort_by_key`.
    fn arrange_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.arrange_by(|a, b| key(a).cmp(&key(b)));
    }
}

impl<T> Sort<T> for [T] {
    fn arrange_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        let mut order = order(self.len(), &mut |a, b| compare(&self[a as usize], &self[b as usize]));
        swaps(&mut order, &mut |a, b| self.swap(a, b));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sorts_as_the_standard_library_does(mut v in prop::collection::vec((0u8..20, 0u32..1000), 0..300)) {
            let mut expected = v.clone();
            expected.sort_by_key(|x| x.0);
            v.arrange_by_key(|x| x.0);
            prop_assert_eq!(v, expected);
        }
    }
}
