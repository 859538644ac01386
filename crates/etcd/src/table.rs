//! One table of the store: entries under keys, found by hash and read in order.
//!
//! Owns: the slots in which keys and entries stand, in shared pages: a clone costs a pointer a page, a write after a clone
//! copies one page. Does not own: finding a slot (`places`), the order of keys (`order`).

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use objects::Str;
use objects::running_hash::RunningHash;
use ordered::text::same;

use crate::order::{Chunks, Order};
use crate::places::Places;
use crate::store::Entry;

/// Slots of a page: a copied one is a few kilobytes.
const PAGE: usize = 64;

/// What stood under the key did not fit.
pub(crate) struct Refused;

/// A key and what stands under it. The key outlives its entry until the order has heard of it.
#[derive(Clone, Debug)]
struct Slot {
    key: Str,
    entry: Option<Entry>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    slots: Slots,
    places: Places,
    order: RefCell<Order>,
    len: usize,
    /// Where a key was found last: a write looks for its key several times.
    last: Cell<u32>,
}

/// Invariant: every page but the last is full.
#[derive(Clone, Debug, Default)]
struct Slots(Vec<Arc<Vec<Slot>>>);

impl Slots {
    fn get(&self, slot: u32) -> Option<&Slot> {
        self.0.get(slot as usize / PAGE)?.get(slot as usize % PAGE)
    }

    fn key(&self, slot: u32) -> &str {
        self.get(slot).map_or("", |s| s.key.as_str())
    }

    fn get_mut(&mut self, slot: u32) -> Option<&mut Slot> {
        Arc::make_mut(self.0.get_mut(slot as usize / PAGE)?).get_mut(slot as usize % PAGE)
    }

    /// Fills a slot that is free, or the one after the last.
    fn set(&mut self, slot: u32, what: Slot) {
        match self.get_mut(slot) {
            Some(free) => *free = what,
            None => {
                if (slot as usize).is_multiple_of(PAGE) {
                    self.0.push(Arc::new(Vec::with_capacity(if slot == 0 { 0 } else { PAGE })));
                }
                if let Some(page) = self.0.last_mut() {
                    Arc::make_mut(page).push(what);
                }
            }
        }
    }
}

/// Whether two keys are one: those who found a key look for it again by the very text that is kept.
fn is(a: &str, b: &str) -> bool {
    std::ptr::eq(a, b) || same(a, b)
}

fn hash(key: &str) -> u32 {
    let mut hash = RunningHash::default();
    hash.text(key);
    hash.value() as u32
}

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The slot where `key` stands, or its hash.
    fn find(&self, key: &str) -> Result<u32, u32> {
        let last = self.last.get();
        if self.slots.get(last).is_some_and(|s| s.entry.is_some() && is(&s.key, key)) {
            return Ok(last);
        }
        let hash = hash(key);
        let found = self.places.get(hash, |slot| self.slots.get(slot).is_some_and(|s| is(&s.key, key)));
        let slot = found.ok_or(hash)?;
        self.last.set(slot);
        Ok(slot)
    }

    /// What stands under `key`, and the key as it is kept.
    pub(crate) fn get(&self, key: &str) -> Option<(&Str, &Entry)> {
        let Slot { key, entry } = self.slots.get(self.find(key).ok()?)?;
        Some((key, entry.as_ref()?))
    }

    /// Sets `key` if `fits` says so of what stands there. What stood there, and the key as it is kept.
    pub(crate) fn insert_if(
        &mut self,
        key: Str,
        entry: Entry,
        fits: impl FnOnce(Option<&Entry>) -> bool,
    ) -> Result<(Str, Option<Entry>), Refused> {
        let hash = match self.find(&key) {
            Ok(slot) => {
                let Some(slot) = self.slots.get_mut(slot) else { return Err(Refused) };
                if !fits(slot.entry.as_ref()) {
                    return Err(Refused);
                }
                return Ok((slot.key.clone(), slot.entry.replace(entry)));
            }
            Err(hash) => hash,
        };
        if !fits(None) {
            return Err(Refused);
        }
        let slot = self.order.get_mut().take();
        self.slots.set(slot, Slot { key: key.clone(), entry: Some(entry) });
        self.places.insert(hash, slot);
        self.last.set(slot);
        self.len += 1;
        Ok((key, None))
    }

    /// Removes `key` if `fits` says so of what stands there.
    pub(crate) fn remove_if(&mut self, key: &str, fits: impl FnOnce(&Entry) -> bool) -> Option<Entry> {
        let slot = self.find(key).ok()?;
        let entry = &mut self.slots.get_mut(slot)?.entry;
        if !entry.as_ref().is_some_and(fits) {
            return None;
        }
        let gone = entry.take();
        self.places.remove(hash(key), slot);
        self.order.get_mut().give_back(slot);
        self.len -= 1;
        gone
    }

    /// The entries from `start` on, in key order.
    pub(crate) fn range_from(&self, start: &str) -> Range<'_> {
        let chunks = self.order.borrow_mut().chunks(|slot| self.slots.key(slot)).clone();
        let (chunk, at) = Order::from(&chunks, start, |slot| self.slots.key(slot));
        Range { slots: &self.slots, chunks, chunk, at }
    }
}

/// Walks over a table in the order of keys.
pub(crate) struct Range<'a> {
    slots: &'a Slots,
    chunks: Chunks,
    chunk: usize,
    at: usize,
}

impl<'a> Iterator for Range<'a> {
    type Item = (&'a Str, &'a Entry);

    fn next(&mut self) -> Option<Self::Item> {
        let slot = loop {
            match self.chunks.get(self.chunk)?.get(self.at) {
                Some(slot) => break *slot,
                None => (self.chunk, self.at) = (self.chunk + 1, 0),
            }
        };
        self.at += 1;
        let Slot { key, entry } = self.slots.get(slot)?;
        Some((key, entry.as_ref()?))
    }
}

#[cfg(test)]
mod tests {
    use ordered::BTreeMap;

    use super::*;

    #[test]
    fn behaves_like_a_map_and_clones_stay_as_they_were() {
        let mut rng = clock::Rng::new(11);
        let (mut ours, mut model) = (Table::default(), BTreeMap::new());
        let mut kept: Vec<(Table, BTreeMap<Str, u64>)> = Vec::new();
        let check = |ours: &Table, model: &BTreeMap<Str, u64>| {
            for start in ["", "k/", "k/5", "k/77", "l"] {
                let from = Str::from(start);
                let found = ours.range_from(start).map(|(k, e)| (k, &e.revision));
                assert!(found.eq(model.range(from..)), "from {start}");
            }
        };
        for step in 0..9000u64 {
            let key = Str::from(format!("k/{}", rng.below(900)));
            assert_eq!(ours.get(&key).map(|(_, e)| e.revision), model.get(&key).copied());
            if rng.below(3) == 0 {
                let gone = ours.remove_if(&key, |_| true);
                assert_eq!(gone.map(|e| e.revision), model.remove(&key));
            } else {
                let entry = Entry { value: (step as i64).into(), revision: step };
                let was = ours.insert_if(key.clone(), entry, |_| true).ok().and_then(|(_, was)| was);
                assert_eq!(was.map(|e| e.revision), model.insert(key, step));
            }
            assert_eq!(ours.len(), model.len());
            // The order is asked for after few changes, after many, and by clones of what was not asked.
            if step % 1000 == 0 {
                kept.push((ours.clone(), model.clone()));
            }
            if (3000..3200).contains(&step) || step % 2500 == 0 {
                check(&ours, &model);
            }
        }
        kept.push((ours, model));
        for (ours, model) in &kept {
            check(ours, model);
        }
    }

    #[test]
    fn slots_of_keys_that_come_and_go_are_used_again() {
        let mut table = Table::default();
        for n in 0..10_000u64 {
            let entry = Entry { value: 0.into(), revision: n };
            assert!(table.insert_if(format!("k{n}").into(), entry, |_| true).is_ok());
            if n >= 100 {
                assert!(table.remove_if(&format!("k{}", n - 100), |_| true).is_some());
            }
            if n == 5_000 {
                assert_eq!(table.range_from("").count(), 100);
            }
        }
        assert_eq!(table.range_from("").count(), 100);
        assert!(table.slots.0.len() * PAGE <= 400, "{} pages", table.slots.0.len());
    }
}
