//! The keys of a map: one list for all maps that have the same.
//!
//! Owns: lists of keys and the tables of those met lately. Does not own: the values under them (`map`).
//!
//! A hundred thousand pods are a million maps, and their keys a few hundred lists. The tables are bounded; a list that
//! is in them no more costs memory, not correctness, as equal lists are equal whether they are one or not.

use std::cell::RefCell;
use std::sync::Arc;

use crate::Str;

/// Longer lists are some object's own data, and grow in place.
const SHARED_MAX: usize = 32;
/// Lists remembered; then all are forgotten and met anew.
const KNOWN_MAX: usize = 8_192;
/// Places for steps from a list to the one with a key more.
const STEPS: usize = 1_024;

/// Keys in ascending order, none twice.
#[derive(Clone, Default)]
pub(crate) struct Keys(Option<Arc<Vec<Str>>>);

/// A list, a key that was put into it, and what came of it.
struct Step {
    from: Keys,
    key: Str,
    to: Keys,
}

/// Invariant: at most half of the places are taken; a list stands at the first free place from its hash on.
#[derive(Default)]
struct Known {
    places: Vec<Keys>,
    taken: usize,
    steps: Vec<Option<Step>>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

impl Keys {
    /// The list of these keys, which ascend.
    pub(crate) fn of(keys: Vec<Str>) -> Self {
        match keys.len() {
            0 => Self(None),
            1..=SHARED_MAX => KNOWN.with_borrow_mut(|known| known.list(keys)),
            _ => Self(Some(Arc::new(keys))),
        }
    }

    pub(crate) fn as_slice(&self) -> &[Str] {
        self.0.as_ref().map_or(&[], |keys| keys.as_slice())
    }

    /// True when both are one list.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Puts `key` in its place, which is `at`.
    pub(crate) fn insert(&mut self, at: usize, key: Str) {
        let before = self.as_slice();
        if before.len() < SHARED_MAX {
            *self = KNOWN.with_borrow_mut(|known| known.with(self, at, key));
        } else {
            Arc::make_mut(self.0.get_or_insert_default()).insert(at, key);
        }
    }

    /// Takes out the key at `at`.
    pub(crate) fn remove(&mut self, at: usize) {
        if self.as_slice().len() > SHARED_MAX + 1 {
            Arc::make_mut(self.0.get_or_insert_default()).remove(at);
        } else {
            let mut keys = self.as_slice().to_vec();
            keys.remove(at);
            *self = Self::of(keys);
        }
    }

    fn address(&self) -> usize {
        self.0.as_ref().map_or(0, |keys| Arc::as_ptr(keys) as usize)
    }
}

impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        self.same(other) || self.as_slice() == other.as_slice()
    }
}

impl Known {
    /// The remembered list that says the same, or this one, remembered from now on.
    fn list(&mut self, keys: Vec<Str>) -> Keys {
        if self.taken * 2 >= self.places.len() {
            self.make_room();
        }
        let mut place = hash(&keys) as usize & (self.places.len() - 1);
        loop {
            match &self.places[place].0 {
                Some(known) if **known == keys => return self.places[place].clone(),
                Some(_) => place = (place + 1) & (self.places.len() - 1),
                None => break,
            }
        }
        let mut keys = keys;
        keys.shrink_to_fit();
        let list = Keys(Some(Arc::new(keys)));
        self.places[place] = list.clone();
        self.taken += 1;
        list
    }

    /// The list that `from` becomes with `key` at `at`.
    fn with(&mut self, from: &Keys, at: usize, key: Str) -> Keys {
        if self.steps.is_empty() {
            self.steps.resize_with(STEPS, || None);
        }
        let place = ((from.address() / 16) ^ hash(std::slice::from_ref(&key)) as usize) % STEPS;
        if let Some(step) = &self.steps[place]
            && step.from.same(from)
            && step.key == key
        {
            return step.to.clone();
        }
        let mut keys = Vec::with_capacity(from.as_slice().len() + 1);
        keys.extend_from_slice(from.as_slice());
        keys.insert(at, key.clone());
        let to = self.list(keys);
        self.steps[place] = Some(Step { from: from.clone(), key, to: to.clone() });
        to
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
            let mut place = hash(list.as_slice()) as usize & (places - 1);
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
fn hash(keys: &[Str]) -> u32 {
    let mix = |h: u32, key: &Str| {
        let text = key.as_bytes();
        let letter = |at: usize| u32::from(text.get(at).copied().unwrap_or_default());
        let n = text.len();
        let key = n as u32 ^ letter(0) << 8 ^ letter(n / 2) << 16 ^ letter(n.wrapping_sub(1)) << 24;
        (h.rotate_left(5) ^ key).wrapping_mul(0x9e37_79b1)
    };
    let h = keys.iter().fold(keys.len() as u32, mix);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(keys: &[&str]) -> Keys {
        Keys::of(keys.iter().map(|k| Str::from(*k)).collect())
    }

    #[test]
    fn equal_lists_are_one_however_they_came_about() {
        let a = list(&["a", "b", "c"]);
        let mut b = list(&["a", "c"]);
        b.insert(1, "b".into());
        let mut c = list(&["a", "b", "bb", "c"]);
        c.remove(2);
        assert!(a.same(&b) && a.same(&c));
        assert!(!a.same(&list(&["a", "c"])));
    }

    #[test]
    fn long_lists_are_each_their_own_and_grow_in_place() {
        let names: Vec<String> = (0..100).map(|i| format!("k{i:03}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (mut a, b) = (list(&names), list(&names));
        assert!(a == b && !a.same(&b));
        let was = a.address();
        a.insert(100, "z".into());
        a.remove(100);
        assert!(a == b && a.address() == was);
        let mut grown = Keys::default();
        for (at, name) in names.iter().enumerate() {
            grown.insert(at, (*name).into());
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
            grown.insert(0, format!("g{i}").into());
            grown.insert(1, "z".into());
            assert_eq!(grown.as_slice(), [format!("g{i}"), "z".into()]);
        }
    }
}
