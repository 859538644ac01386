//! A set of places in the order of the nodes, 64 to a word: a thousand nodes are looked through in a few steps.

const BITS: usize = 64;

#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    words: Vec<u64>,
}

impl Places {
    /// None of `len` places.
    pub(crate) fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(BITS)] }
    }

    /// Each of `len` places.
    pub(crate) fn all(len: usize) -> Self {
        let mut all = Self { words: vec![u64::MAX; len.div_ceil(BITS)] };
        if let Some(last) = all.words.last_mut().filter(|_| !len.is_multiple_of(BITS)) {
            *last >>= BITS - len % BITS;
        }
        all
    }

    pub(crate) fn set(&mut self, place: usize, is_in: bool) {
        if let Some(word) = self.words.get_mut(place / BITS) {
            let bit = 1 << (place % BITS);
            *word = if is_in { *word | bit } else { *word & !bit };
        }
    }

    pub(crate) fn has(&self, place: usize) -> bool {
        self.words.get(place / BITS).is_some_and(|word| word >> (place % BITS) & 1 == 1)
    }

    /// The first place from `from` on that is in it, or not in it.
    fn first(&self, from: usize, is_in: bool) -> Option<usize> {
        let turned = |word: &u64| if is_in { *word } else { !word };
        let at = from / BITS;
        let begun = turned(self.words.get(at)?) >> (from % BITS);
        if begun != 0 {
            return Some(from + begun.trailing_zeros() as usize);
        }
        let rest = self.words[at + 1..].iter().map(turned).enumerate();
        let (i, word) = rest.into_iter().find(|(_, word)| *word != 0)?;
        Some((at + 1 + i) * BITS + word.trailing_zeros() as usize)
    }

    /// The first place from `from` up to `to` that is in it, else `to`.
    pub(crate) fn next(&self, from: usize, to: usize) -> usize {
        self.first(from, true).map_or(to, |place| place.min(to))
    }

    /// The first place from `from` up to `to` that is not in it, else `to`.
    pub(crate) fn next_gap(&self, from: usize, to: usize) -> usize {
        self.first(from, false).map_or(to, |place| place.min(to))
    }

    /// All of them, in rising order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        let end = self.words.len() * BITS;
        let mut from = 0;
        std::iter::from_fn(move || {
            let place = self.next(from, end);
            from = place + 1;
            (place < end).then_some(place)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_across_words() {
        for len in [0, 1, 63, 64, 65, 200] {
            let (all, none) = (Places::all(len), Places::none(len));
            assert_eq!(all.iter().collect::<Vec<_>>(), (0..len).collect::<Vec<_>>());
            assert_eq!(none.iter().count(), 0);
            assert_eq!((all.next_gap(0, len), none.next(0, len)), (len, len));
        }
        let mut some = Places::none(300);
        let places = [3, 4, 63, 64, 190, 299];
        places.iter().for_each(|p| some.set(*p, true));
        assert_eq!(some.iter().collect::<Vec<_>>(), places);
        assert_eq!([some.next(5, 300), some.next(5, 50), some.next(65, 300)], [63, 50, 190]);
        assert_eq!([some.next_gap(3, 300), some.next_gap(63, 300), some.next_gap(63, 64)], [5, 65, 64]);
        some.set(4, false);
        assert_eq!((some.has(3), some.has(4), some.has(1_000)), (true, false, false));
    }
}
