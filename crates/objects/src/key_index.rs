//! Where each key of a short list stands: found by comparing numbers, not texts.
//!
//! Owns: the table of one list. Does not own: the keys themselves, and which lists have a table (`keys`).
//!
//! An object is read field by field, some three thousand times while a pod comes up: nothing else is done as often. So
//! a list's table is made such that each of its keys has a place of its own, and a look-up reads one.

use ordered::text::ends;

use crate::Str;

/// Multipliers tried before a list is left without a table.
const TRIES: u64 = 256;
/// Four times the keys of the longest list: of most lists the first or the second multiplier sets all apart, of the
/// longest every fiftieth.
const PLACES: usize = 128;

/// Invariant: `places` holds the number of every key of the list at the place that `multiplier` gives it, which is no
/// other key's, and elsewhere that of the last slot, which is no key's. Of a list that has no table there are no slots.
#[derive(Clone)]
pub(crate) struct KeyIndex {
    multiplier: u64,
    places: [u8; PLACES],
    slots: Box<[Slot]>,
}

/// What a look says.
pub(crate) enum Look {
    At(usize),
    Absent,
    /// The key itself must be compared: this one's if there is a table, else all.
    Unclear(usize),
}

/// A key as its first eight bytes, those behind them, its last eight, and its length. Of a key that is no longer than
/// twenty-four bytes this is all there is to know; `middle` is 0 up to sixteen.
#[derive(Clone, Copy)]
struct Slot {
    head: u64,
    middle: u64,
    tail: u64,
    len: usize,
}

/// No key is that long.
const FREE: Slot = Slot { head: 0, middle: 0, tail: 0, len: usize::MAX };

impl Default for KeyIndex {
    fn default() -> Self {
        Self { multiplier: 0, places: [0; PLACES], slots: Box::default() }
    }
}

impl KeyIndex {
    /// The table of these keys, fewer than [`PLACES`]; none if they are too much alike.
    pub(crate) fn of(keys: &[Str]) -> Self {
        let mut slots: Vec<Slot> = keys.iter().map(|key| Slot::of(key.as_bytes())).collect();
        slots.push(FREE);
        let mut index = Self { multiplier: 0, places: [0; PLACES], slots: slots.into_boxed_slice() };
        for attempt in 0..TRIES {
            index.multiplier = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(attempt * 2 + 1);
            if index.place_all() {
                return index;
            }
        }
        Self::default()
    }

    /// False when two keys have one place.
    fn place_all(&mut self) -> bool {
        let free = self.slots.len() - 1;
        self.places = [free as u8; PLACES];
        for at in 0..free {
            let place = self.place(self.slots[at].head, self.slots[at].tail);
            if usize::from(self.places[place]) != free {
                return false;
            }
            self.places[place] = at as u8;
        }
        true
    }

    /// False of a list that is searched as it stands.
    pub(crate) fn is_there(&self) -> bool {
        !self.slots.is_empty()
    }

    /// Where `key` stands. Nothing is done as often: it compares numbers, and calls nothing.
    #[inline(always)]
    pub(crate) fn look(&self, key: &str) -> Look {
        let key = key.as_bytes();
        let (head, tail) = ends(key);
        let at = usize::from(self.places[self.place(head, tail)]);
        let Some(slot) = self.slots.get(at) else { return Look::Unclear(at) };
        if slot.head != head || slot.tail != tail || slot.len != key.len() {
            Look::Absent
        } else if key.len() <= 16 {
            Look::At(at)
        } else if key.len() > 24 {
            Look::Unclear(at)
        } else if slot.middle == middle(key) {
            Look::At(at)
        } else {
            Look::Absent
        }
    }

    #[inline(always)]
    fn place(&self, head: u64, tail: u64) -> usize {
        let mixed = tail.wrapping_mul(3).wrapping_add(head);
        (mixed.wrapping_mul(self.multiplier) >> (u64::BITS - PLACES.ilog2())) as usize
    }
}

impl Slot {
    fn of(key: &[u8]) -> Self {
        let (head, tail) = ends(key);
        Self { head, middle: middle(key), tail, len: key.len() }
    }
}

/// The second eight bytes of a key that has more than sixteen.
#[inline(always)]
fn middle(key: &[u8]) -> u64 {
    match *key {
        [_, _, _, _, _, _, _, _, a, b, c, d, e, f, g, h, _, ..] => {
            u64::from_le_bytes([a, b, c, d, e, f, g, h])
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(keys: &[String]) -> KeyIndex {
        KeyIndex::of(&keys.iter().map(Str::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_look_tells_of_every_key_and_of_what_differs_from_it_in_one_letter() {
        // One of every length, without a z.
        let letter = |n: usize, i: usize| char::from(b'a' + ((i * 7 + n * (i + n / 9 + 1)) % 25) as u8);
        let keys: Vec<String> = (1..=32).map(|n| (0..n).map(|i| letter(n, i)).collect()).collect();
        let index = index(&keys);
        assert!(index.is_there());
        for (at, key) in keys.iter().enumerate() {
            match index.look(key) {
                Look::At(found) => assert!(found == at && key.len() <= 24, "{key}"),
                Look::Unclear(found) => assert!(found == at && key.len() > 24, "{key}"),
                Look::Absent => panic!("{key}"),
            }
            for i in 0..key.len() {
                let other = format!("{}z{}", &key[..i], &key[i + 1..]);
                match index.look(&other) {
                    Look::Absent => {}
                    Look::Unclear(found) => assert!(found == at && key.len() > 24, "{other}"),
                    Look::At(_) => panic!("{other}"),
                }
            }
        }
        assert!(matches!(index.look(""), Look::Absent));
    }

    #[test]
    fn keys_that_are_too_much_alike_have_no_table() {
        let keys = ["aaaaaaaa", "aaaaaaaaa", "b"].map(String::from);
        assert!(!index(&keys).is_there());
        assert!(matches!(index(&keys).look("b"), Look::Unclear(_)));
    }
}
