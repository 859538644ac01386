//! The keys of a map: one list for all maps that have the same.
//!
//! Owns: lists of keys, and the tables of those met lately. Does not own: how a key is found in one (`key_index`), and the
//! values under them (`map`).
//!
//! A hundred thousand pods are a million maps, and their keys a few hundred lists. The tables are bounded; a list that
//! is in them no more costs memory, not correctness, as equal lists are equal whether they are one or not.

use std::cell::RefCell;
use std::sync::Arc;

use ordered::text::{compare, same};

use crate::key_index::{KeyIndex, Look};
use crate::{Str, Value};

/// Longer lists are some object's own data, and grow in place.
const SHARED_MAX: usize = 32;
/// Lists remembered; then all are forgotten and met anew.
const KNOWN_MAX: usize = 8_192;
/// Places for steps from a list to the one with a key more.
const STEPS: usize = 1_024;

/// Places for literal maps.
const LITERALS: usize = 2_048;

/// Keys in ascending order, none twice.
#[derive(Clone, Default)]
pub(crate) struct Keys(Option<Arc<List>>);

/// Invariant: `index` is the table of `keys`, or of none where they are more than [`SHARED_MAX`].
#[derive(Clone, Default)]
struct List {
    keys: Vec<Str>,
    index: KeyIndex,
}

/// What a literal map names its fields, in the order it does, and the list they come to.
struct Literal {
    named: Vec<&'static str>,
    list: Keys,
    /// The exchanges that bring what stands in the order of `named` into that of the list.
    swaps: Vec<(u8, u8)>,
}

/// A list, a key that was put into it, where, and what came of it.
struct Step {
    from: Keys,
    key: Str,
    at: usize,
    to: Keys,
}

/// Invariant: at most half of the places are taken; a list stands at the first free place from its hash on.
#[derive(Default)]
struct Known {
    places: Vec<Keys>,
    taken: usize,
    steps: Vec<Option<Step>>,
    literals: Vec<Option<Literal>>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

impl Keys {
    /// The list of these keys, which ascend.
    pub(crate) fn of<'a>(keys: impl ExactSizeIterator<Item = &'a Str> + Clone) -> Self {
        match keys.len() {
            0 => Self(None),
            1..=SHARED_MAX => KNOWN.with_borrow_mut(|known| known.list(keys)),
            _ => Self(Some(Arc::new(List { keys: keys.cloned().collect(), ..List::default() }))),
        }
    }

    /// The list of the keys of a literal, with its values brought into the same order. `None` where a key comes twice,
    /// or there are too many: then the map is built as any other.
    pub(crate) fn of_literal(named: &[&'static str], values: &mut [Value]) -> Option<Self> {
        if named.len() > SHARED_MAX || named.len() != values.len() {
            return None;
        }
        KNOWN.with_borrow_mut(|known| known.literal(named, values))
    }

    pub(crate) fn as_slice(&self) -> &[Str] {
        self.0.as_ref().map_or(&[], |list| list.keys.as_slice())
    }

    /// Where `key` stands, as far as numbers tell.
    #[inline(always)]
    pub(crate) fn look(&self, key: &str) -> Look {
        match &self.0 {
            Some(list) => list.index.look(key),
            None => Look::Absent,
        }
    }

    /// Where `key` stands.
    pub(crate) fn position(&self, key: &str) -> Option<usize> {
        let list = self.0.as_deref()?;
        match list.index.look(key) {
            Look::At(at) => Some(at),
            Look::Absent => None,
            Look::Unclear(at) if list.index.is_there() => same(&list.keys[at], key).then_some(at),
            Look::Unclear(_) => list.keys.binary_search_by(|k| compare(k, key)).ok(),
        }
    }

    /// Where `key`, which is not among them, would stand.
    fn place_for(&self, key: &str) -> usize {
        self.as_slice().partition_point(|k| compare(k, key).is_lt())
    }

    /// True when both are one list.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Puts `key`, which is not among them, in its place, and says where that is.
    pub(crate) fn insert(&mut self, key: Str) -> usize {
        if self.as_slice().len() < SHARED_MAX {
            let (to, at) = KNOWN.with_borrow_mut(|known| known.with(self, key));
            *self = to;
            return at;
        }
        let at = self.place_for(&key);
        let list = Arc::make_mut(self.0.get_or_insert_default());
        list.keys.insert(at, key);
        list.index = KeyIndex::default();
        at
    }

    /// Takes out the key at `at`.
    pub(crate) fn remove(&mut self, at: usize) {
        if self.as_slice().len() > SHARED_MAX + 1 {
            Arc::make_mut(self.0.get_or_insert_default()).keys.remove(at);
        } else {
            let mut keys = self.as_slice().to_vec();
            keys.remove(at);
            *self = Self::of(keys.iter());
        }
    }

    fn address(&self) -> usize {
        self.0.as_ref().map_or(0, |keys| Arc::as_ptr(keys) as usize)
    }
}

impl List {
    /// A list that others share: at most [`SHARED_MAX`] keys.
    fn of(keys: Vec<Str>) -> Self {
        let index = KeyIndex::of(&keys);
        Self { keys, index }
    }
}

impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        self.same(other) || self.as_slice() == other.as_slice()
    }
}

impl Known {
    /// The remembered list that says the same, or a new one, remembered from now on.
    fn list<'a>(&mut self, keys: impl ExactSizeIterator<Item = &'a Str> + Clone) -> Keys {
        if self.taken * 2 >= self.places.len() {
            self.make_room();
        }
        let mut place = hash(keys.clone().map(Str::as_str)) as usize & (self.places.len() - 1);
        loop {
            match &self.places[place].0 {
                Some(known) if known.keys.len() == keys.len() && known.keys.iter().eq(keys.clone()) => {
                    return self.places[place].clone();
                }
                Some(_) => place = (place + 1) & (self.places.len() - 1),
                None => break,
            }
        }
        let list = Keys(Some(Arc::new(List::of(keys.cloned().collect()))));
        self.places[place] = list.clone();
        self.taken += 1;
        list
    }

    /// The list of a literal's keys; its values take their order.
    fn literal(&mut self, named: &[&'static str], values: &mut [Value]) -> Option<Keys> {
        if self.literals.is_empty() {
            self.literals.resize_with(LITERALS, || None);
        }
        // A literal's own texts stand in one place for good: the same places are the same texts.
        let at = |text: &&'static str| (text.as_ptr() as usize, text.len());
        let (first, last) = (named.first().map_or((0, 0), at), named.last().map_or((0, 0), at));
        let place = (first.0 ^ last.0.rotate_left(5) ^ named.len() << 7) % LITERALS;
        let met = self.literals[place].as_ref();
        if met
            .is_none_or(|l| l.named.len() != named.len() || !l.named.iter().map(at).eq(named.iter().map(at)))
        {
            self.literals[place] = Some(self.meet(named)?);
        }
        let literal = self.literals[place].as_ref()?;
        for (a, b) in &literal.swaps {
            values.swap(usize::from(*a), usize::from(*b));
        }
        Some(literal.list.clone())
    }

    /// `None` where a key comes twice.
    fn meet(&mut self, named: &[&'static str]) -> Option<Literal> {
        let mut order = named.to_vec();
        let mut swaps = Vec::new();
        for a in 0..order.len() {
            let b = (a..order.len()).min_by_key(|i| order[*i])?;
            if a != b {
                order.swap(a, b);
                swaps.push((a as u8, b as u8));
            }
        }
        if order.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        let keys: Vec<Str> = order.into_iter().map(Str::new_static).collect();
        Some(Literal { named: named.to_vec(), list: self.list(keys.iter()), swaps })
    }

    /// The list that `from` becomes with `key`, and where that stands in it.
    fn with(&mut self, from: &Keys, key: Str) -> (Keys, usize) {
        if self.steps.is_empty() {
            self.steps.resize_with(STEPS, || None);
        }
        let place = ((from.address() / 16) ^ hash(std::iter::once(key.as_str())) as usize) % STEPS;
        if let Some(step) = &self.steps[place]
            && step.from.same(from)
            && step.key == key
        {
            return (step.to.clone(), step.at);
        }
        let at = from.place_for(&key);
        let mut keys = Vec::with_capacity(from.as_slice().len() + 1);
        keys.extend_from_slice(from.as_slice());
        keys.insert(at, key.clone());
        let to = self.list(keys.iter());
        self.steps[place] = Some(Step { from: from.clone(), key, at, to: to.clone() });
        (to, at)
    }

    fn make_room(&mut self) {
        let old = std::mem::take(&mut self.places);
        let places = (old.len() * 2).clamp(512, KNOWN_MAX * 2);
        self.places.resize(places, Keys::default());
        self.taken = 0;
        if old.len() == places {
            return self.steps.fill_with(|| None);
        }
        for list in old.into_iter().filter(|list| list.0.is_some()) {
            let mut place = hash(list.as_slice().iter().map(Str::as_str)) as usize & (places - 1);
            while self.places[place].0.is_some() {
                place = (place + 1) & (places - 1);
            }
            self.places[place] = list;
            self.taken += 1;
        }
    }
}

/// Of each key its length and three of its letters: keys of an object hardly agree in all of them, and equality is
/// looked at afterwards.
fn hash<'a>(keys: impl ExactSizeIterator<Item = &'a str>) -> u32 {
    let mix = |h: u32, key: &str| {
        let text = key.as_bytes();
        let letter = |at: usize| u32::from(text.get(at).copied().unwrap_or_default());
        let n = text.len();
        let key = n as u32 ^ letter(0) << 8 ^ letter(n / 2) << 16 ^ letter(n.wrapping_sub(1)) << 24;
        (h.rotate_left(5) ^ key).wrapping_mul(0x9e37_79b1)
    };
    let h = keys.len() as u32;
    let h = keys.fold(h, mix);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(keys: &[&str]) -> Keys {
        let keys: Vec<Str> = keys.iter().map(|k| Str::from(*k)).collect();
        Keys::of(keys.iter())
    }

    #[test]
    fn equal_lists_are_one_however_they_came_about() {
        let a = list(&["a", "b", "c"]);
        let mut b = list(&["a", "c"]);
        assert_eq!(b.insert("b".into()), 1);
        let mut c = list(&["a", "b", "bb", "c"]);
        c.remove(2);
        assert!(a.same(&b) && a.same(&c));
        assert!(!a.same(&list(&["a", "c"])));
    }

    #[test]
    fn every_key_is_found_in_its_place_and_no_other() {
        // Lengths around those at which a mark is made differently, and keys that differ in one letter.
        let mut all: Vec<String> = Vec::new();
        for n in [1usize, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 18, 30] {
            for letter in ["", "b", "ab", "\u{e9}"] {
                let text = format!("{}{letter}{}", "a".repeat(n / 2), "a".repeat(n - n / 2));
                if !all.contains(&text) {
                    all.push(text);
                }
            }
        }
        all.sort();
        for some in all.chunks(SHARED_MAX).chain([&all[..]]) {
            let names: Vec<&str> = some.iter().map(String::as_str).collect();
            let keys = list(&names);
            for text in &all {
                let place = some.binary_search(text);
                assert_eq!(keys.position(text), place.ok(), "{text} in {some:?}");
                assert_eq!(keys.place_for(text), place.unwrap_or_else(|at| at), "{text} in {some:?}");
            }
        }
        assert_eq!(Keys::default().place_for(""), 0);
    }

    #[test]
    fn a_literal_has_the_list_of_its_keys_and_its_values_follow() {
        for _ in 0..2 {
            let mut values: Vec<Value> = vec![3.into(), 1.into(), 2.into()];
            let keys = Keys::of_literal(&["c", "a", "b"], &mut values);
            assert!(keys.is_some_and(|k| k.same(&list(&["a", "b", "c"]))));
            assert_eq!(values, [1.into(), 2.into(), Value::from(3)]);
        }
        assert!(Keys::of_literal(&["a", "b", "a"], &mut vec![Value::Null; 3]).is_none());
    }

    #[test]
    fn long_lists_are_each_their_own_and_grow_in_place() {
        let names: Vec<String> = (0..100).map(|i| format!("k{i:03}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (mut a, b) = (list(&names), list(&names));
        assert!(a == b && !a.same(&b));
        let was = a.address();
        assert_eq!(a.insert("z".into()), 100);
        a.remove(100);
        assert!(a == b && a.address() == was);
        let mut grown = Keys::default();
        for (at, name) in names.iter().enumerate() {
            assert_eq!(grown.insert((*name).into()), at);
        }
        assert!(grown == b);
        while grown.as_slice().len() > 3 {
            grown.remove(3);
        }
        assert!(grown.same(&list(&names[..3])));
    }

    #[test]
    fn however_many_lists_there_are_few_are_remembered() {
        for i in 0..KNOWN_MAX * 3 {
            assert_eq!(list(&[&format!("k{i}")]).as_slice(), [format!("k{i}")]);
        }
        KNOWN.with_borrow(|k| assert!(k.taken <= KNOWN_MAX && k.places.len() == KNOWN_MAX * 2));
        for i in 0..KNOWN_MAX * 3 {
            let mut grown = Keys::default();
            grown.insert(format!("g{i}").into());
            grown.insert("z".into());
            assert_eq!(grown.as_slice(), [format!("g{i}"), "z".into()]);
        }
    }
}
