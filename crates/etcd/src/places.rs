//! Where keys are kept, by their hash.
//!
//! Owns: an open-addressed index from hashes to slots, in shared pages: a clone costs a pointer a page, a change after it
//! copies one page. Does not own: the keys (`table`), which settle what hashes leave open.

use std::sync::Arc;

/// Places of a page: four kilobytes.
const PAGE: usize = 512;
/// Places to begin with.
const FEWEST: usize = 16;

#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// Invariant: as many places as a power of two, or none; at most three quarters of them are taken. Every slot is found
    /// from the place its hash names on, before the first free one.
    pages: Vec<Arc<Vec<Place>>>,
    taken: usize,
}

/// A slot's number and one more, 0 where the place is free.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    hash: u32,
    slot: u32,
}

impl Places {
    fn len(&self) -> usize {
        self.pages.first().map_or(0, |page| page.len() * self.pages.len())
    }

    fn at(&self, place: usize) -> Place {
        self.pages[place / PAGE][place % PAGE]
    }

    fn set(&mut self, place: usize, what: Place) {
        Arc::make_mut(&mut self.pages[place / PAGE])[place % PAGE] = what;
    }

    /// The place of the first slot with this hash that `is` the one looked for, or the free one where it would be put.
    fn find(&self, hash: u32, is: impl Fn(u32) -> bool) -> Result<usize, usize> {
        let mask = self.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let found = self.at(place);
            match found.slot.checked_sub(1) {
                None => return Err(place),
                Some(slot) if found.hash == hash && is(slot) => return Ok(place),
                Some(_) => place = (place + 1) & mask,
            }
        }
    }

    /// The slot with this hash that `is` the one looked for.
    pub(crate) fn get(&self, hash: u32, is: impl Fn(u32) -> bool) -> Option<u32> {
        if self.taken == 0 {
            return None;
        }
        self.find(hash, is).ok().map(|place| self.at(place).slot - 1)
    }

    /// Adds a slot, which is not there yet.
    pub(crate) fn insert(&mut self, hash: u32, slot: u32) {
        if self.taken + 1 > self.len() / 4 * 3 {
            self.grow();
        }
        self.put(Place { hash, slot: slot + 1 });
        self.taken += 1;
    }

    fn put(&mut self, what: Place) {
        if let Err(free) = self.find(what.hash, |_| false) {
            self.set(free, what);
        }
    }

    fn grow(&mut self) {
        let places = (self.len() * 2).max(FEWEST);
        let page = Arc::new(vec![Place::default(); places.min(PAGE)]);
        let old = std::mem::replace(&mut self.pages, vec![page; places.div_ceil(PAGE)]);
        for what in old.iter().flat_map(|page| page.iter()).filter(|what| what.slot != 0) {
            self.put(*what);
        }
    }

    /// Takes a slot out; those behind it move up, as far as their hashes let them.
    pub(crate) fn remove(&mut self, hash: u32, slot: u32) {
        if self.taken == 0 {
            return;
        }
        let Ok(mut hole) = self.find(hash, |s| s == slot) else { return };
        let mask = self.len() - 1;
        let mut next = hole;
        loop {
            next = (next + 1) & mask;
            let what = self.at(next);
            if what.slot == 0 {
                break;
            }
            let from_home = next.wrapping_sub(what.hash as usize) & mask;
            if from_home >= next.wrapping_sub(hole) & mask {
                self.set(hole, what);
                hole = next;
            }
        }
        self.set(hole, Place::default());
        self.taken -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_found_by_hash_however_many_share_one() {
        let mut rng = clock::Rng::new(5);
        let mut ours = Places::default();
        let mut model: Vec<(u32, u32)> = Vec::new();
        let mut kept = None;
        for step in 0..8000u32 {
            // Few hashes, and some of them at the end, from where the search goes on at the beginning.
            let hash = (rng.below(700) as u32).wrapping_sub(40);
            if rng.below(3) == 0 && !model.is_empty() {
                let (hash, slot) = model.swap_remove(rng.below(model.len() as u64) as usize);
                ours.remove(hash, slot);
                assert_eq!(ours.get(hash, |s| s == slot), None);
            } else if model.len() < 2000 {
                ours.insert(hash, step);
                model.push((hash, step));
            }
            if step == 4000 {
                kept = Some((ours.clone(), model.clone()));
            }
        }
        for (ours, model) in kept.into_iter().chain([(ours, model)]) {
            assert_eq!(ours.taken, model.len());
            for (hash, slot) in model {
                assert_eq!(ours.get(hash, |s| s == slot), Some(slot));
            }
        }
    }
}
