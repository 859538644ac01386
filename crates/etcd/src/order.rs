//! The order of a table's keys, made up when somebody asks for it.
//!
//! Owns: which slots stand in the order already, which have yet to be put there or taken out, and which are free.
//! Does not own: what the slots hold (`table`). A write only notes its slot here: most keys come and go, or are written
//! again and again, without being read in order.

use std::sync::Arc;

use ordered::Sort as _;
use ordered::text::compare;

/// Chunks split when they grow past this, so that a copied one is small.
const CHUNK_MAX: usize = 255;
/// Slots of a word of `waiting`.
const WORD: usize = u64::BITS as usize;

/// Slots in chunks, in the order of their keys.
pub(crate) type Chunks = Arc<Vec<Arc<Vec<u32>>>>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    /// Invariant: no chunk is empty; keys ascend within a chunk and from chunk to chunk.
    chunks: Chunks,
    /// How many slots stand in `chunks`.
    len: usize,
    /// A bit for each slot: it is to be put into `chunks`.
    waiting: Vec<u64>,
    /// How many bits are set.
    new: usize,
    /// Slots that are to be taken out of `chunks`: nothing is in them any more but their key.
    gone: Vec<u32>,
    /// Slots that stand nowhere.
    free: Vec<u32>,
    /// How many slots there are.
    slots: usize,
}

impl Order {
    /// A slot for a new key.
    pub(crate) fn take(&mut self) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots += 1;
            if self.slots > self.waiting.len() * WORD {
                self.waiting.push(0);
            }
            self.slots as u32 - 1
        });
        self.waiting[slot as usize / WORD] |= 1 << (slot as usize % WORD);
        self.new += 1;
        slot
    }

    /// The key of a slot is gone.
    pub(crate) fn give_back(&mut self, slot: u32) {
        let (word, bit) = (&mut self.waiting[slot as usize / WORD], 1 << (slot as usize % WORD));
        if *word & bit == 0 {
            self.gone.push(slot);
        } else {
            *word ^= bit;
            self.new -= 1;
            self.free.push(slot);
        }
    }

    /// All slots in the order of their keys.
    pub(crate) fn chunks<'a>(&mut self, key: impl Fn(u32) -> &'a str) -> &Chunks {
        let changes = self.new + self.gone.len();
        if changes > 8 + self.len / 16 {
            self.arrange(&key);
        } else if changes > 0 {
            for slot in std::mem::take(&mut self.gone) {
                self.take_out(slot, &key);
                self.free.push(slot);
            }
            for slot in self.take_waiting() {
                self.put_in(slot, &key);
            }
        }
        &self.chunks
    }

    fn take_waiting(&mut self) -> Vec<u32> {
        let mut found = Vec::with_capacity(std::mem::take(&mut self.new));
        for (i, word) in self.waiting.iter_mut().enumerate() {
            while *word != 0 {
                found.push((i * WORD) as u32 + word.trailing_zeros());
                *word &= *word - 1;
            }
        }
        found
    }

    /// Arranges everything anew.
    fn arrange<'a>(&mut self, key: &impl Fn(u32) -> &'a str) {
        let gone = std::mem::take(&mut self.gone);
        let mut out = vec![false; self.slots];
        gone.iter().for_each(|slot| out[*slot as usize] = true);
        let standing = self.chunks.iter().flat_map(|chunk| chunk.iter().copied());
        let mut all: Vec<u32> = standing.filter(|slot| !out[*slot as usize]).collect();
        all.extend(self.take_waiting());
        all.as_mut_slice().arrange_by(|a, b| compare(key(*a), key(*b)));
        self.free.extend(gone);
        self.len = all.len();
        self.chunks = Arc::new(all.chunks(CHUNK_MAX / 2).map(|chunk| Arc::new(chunk.to_vec())).collect());
    }

    /// The chunk that holds `wanted` if any does, and where in it it stands or would be put.
    fn find<'a>(chunks: &Chunks, wanted: &str, key: &impl Fn(u32) -> &'a str) -> (usize, usize) {
        let at = chunks.partition_point(|chunk| compare(key(chunk[0]), wanted).is_le()).saturating_sub(1);
        (
            at,
            chunks
                .get(at)
                .map_or(0, |chunk| chunk.partition_point(|slot| compare(key(*slot), wanted).is_lt())),
        )
    }

    /// Where the slots of keys from `start` on begin.
    pub(crate) fn from<'a>(chunks: &Chunks, start: &str, key: impl Fn(u32) -> &'a str) -> (usize, usize) {
        Self::find(chunks, start, &key)
    }

    fn put_in<'a>(&mut self, slot: u32, key: &impl Fn(u32) -> &'a str) {
        let (at, i) = Self::find(&self.chunks, key(slot), key);
        let chunks = Arc::make_mut(&mut self.chunks);
        if chunks.is_empty() {
            chunks.push(Arc::default());
        }
        let chunk = Arc::make_mut(&mut chunks[at]);
        chunk.insert(i, slot);
        if chunk.len() > CHUNK_MAX {
            let upper = chunk.split_off(CHUNK_MAX / 2);
            chunks.insert(at + 1, Arc::new(upper));
        }
        self.len += 1;
    }

    fn take_out<'a>(&mut self, slot: u32, key: &impl Fn(u32) -> &'a str) {
        let (at, i) = Self::find(&self.chunks, key(slot), key);
        let chunks = Arc::make_mut(&mut self.chunks);
        if chunks.get(at).and_then(|chunk| chunk.get(i)) != Some(&slot) {
            return;
        }
        let chunk = Arc::make_mut(&mut chunks[at]);
        chunk.remove(i);
        if chunk.is_empty() {
            chunks.remove(at);
        }
        self.len -= 1;
    }
}
