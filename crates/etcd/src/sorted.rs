//! An ordered map in shared chunks: a clone costs one pointer a chunk, a write after a clone copies one chunk.

use std::cell::Cell;
use std::sync::Arc;

use objects::Str;
use ordered::text::{compare, same};

/// Chunks split when they grow past this, so a copied chunk stays a few kilobytes. One less than a power of two: a vector
/// that doubles its room is full when it is cut.
const CHUNK_MAX: usize = 63;

/// What stood under the key did not fit.
pub(crate) struct Refused;

/// A map from keys to values in key order.
#[derive(Clone, Debug)]
pub struct Sorted<V> {
    /// Invariant: no chunk is empty; keys ascend within a chunk and from chunk to chunk.
    chunks: Vec<Arc<Vec<(Str, V)>>>,
    /// The first key of each chunk, side by side: a search among a hundred thousand keys would else wait for the
    /// memory of a dozen chunks.
    firsts: Vec<Str>,
    len: usize,
    /// Where a key was found last: a write looks for its key several times.
    last: Cell<(usize, usize)>,
}

impl<V> Default for Sorted<V> {
    fn default() -> Self {
        Self { chunks: Vec::new(), firsts: Vec::new(), len: 0, last: Cell::default() }
    }
}

impl<V: Clone> Sorted<V> {
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The chunk that holds `key` if any does: the last one that begins at or before it.
    fn chunk_of(&self, key: &str) -> usize {
        self.firsts.partition_point(|first| compare(first, key).is_le()).saturating_sub(1)
    }

    /// Where `key` stands, or where it would be put.
    fn find(&self, key: &str) -> Result<(usize, usize), (usize, usize)> {
        let (at, i) = self.last.get();
        if self.chunks.get(at).and_then(|chunk| chunk.get(i)).is_some_and(|(k, _)| same(k, key)) {
            return Ok((at, i));
        }
        let at = self.chunk_of(key);
        let Some(chunk) = self.chunks.get(at) else { return Err((at, 0)) };
        match chunk.binary_search_by(|(k, _)| compare(k, key)) {
            Ok(i) => {
                self.last.set((at, i));
                Ok((at, i))
            }
            Err(i) => Err((at, i)),
        }
    }

    #[must_use]
    pub fn get(&self, key: &str) -> Option<&V> {
        self.find(key).ok().map(|(at, i)| &self.chunks[at][i].1)
    }

    /// Sets `key` and returns what stood there.
    pub fn insert(&mut self, key: Str, value: V) -> Option<V> {
        self.insert_if(key, value, |_| true).ok().flatten()
    }

    /// Sets `key` if `fits` says so of what stands there, and returns what stood there.
    pub(crate) fn insert_if(
        &mut self,
        key: Str,
        value: V,
        fits: impl FnOnce(Option<&V>) -> bool,
    ) -> Result<Option<V>, Refused> {
        match self.find(&key) {
            Ok((at, i)) => {
                if !fits(Some(&self.chunks[at][i].1)) {
                    return Err(Refused);
                }
                let chunk = Arc::make_mut(&mut self.chunks[at]);
                Ok(Some(std::mem::replace(&mut chunk[i].1, value)))
            }
            Err((at, i)) => {
                if !fits(None) {
                    return Err(Refused);
                }
                self.len += 1;
                if self.chunks.is_empty() {
                    self.chunks.push(Arc::default());
                    self.firsts.push(key.clone());
                }
                if i == 0 {
                    self.firsts[at] = key.clone();
                }
                let chunk = Arc::make_mut(&mut self.chunks[at]);
                chunk.insert(i, (key, value));
                if chunk.len() > CHUNK_MAX {
                    let upper = chunk.split_off(CHUNK_MAX / 2);
                    self.firsts.insert(at + 1, upper[0].0.clone());
                    self.chunks.insert(at + 1, Arc::new(upper));
                }
                Ok(None)
            }
        }
    }

    pub fn remove(&mut self, key: &str) -> Option<V> {
        self.remove_if(key, |_| true)
    }

    /// Removes `key` if `fits` says so of what stands there.
    pub(crate) fn remove_if(&mut self, key: &str, fits: impl FnOnce(&V) -> bool) -> Option<V> {
        let (at, i) = self.find(key).ok().filter(|(at, i)| fits(&self.chunks[*at][*i].1))?;
        let chunk = Arc::make_mut(&mut self.chunks[at]);
        let (_, gone) = chunk.remove(i);
        self.len -= 1;
        match chunk.first() {
            None => {
                self.chunks.remove(at);
                self.firsts.remove(at);
            }
            Some((first, _)) if i == 0 => self.firsts[at] = first.clone(),
            Some(_) => {}
        }
        Some(gone)
    }

    /// The entries from `start` on, in key order.
    pub fn range_from(&self, start: &str) -> impl Iterator<Item = (&Str, &V)> + use<'_, V> {
        let at = self.chunk_of(start);
        let skip = self.chunks.get(at).map_or(0, |c| c.partition_point(|(k, _)| compare(k, start).is_lt()));
        self.chunks[at.min(self.chunks.len())..].iter().flat_map(|c| c.iter()).skip(skip).map(|(k, v)| (k, v))
    }

    /// All entries in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &V)> {
        self.chunks.iter().flat_map(|c| c.iter()).map(|(k, v)| (k, v))
    }
}

#[cfg(test)]
mod tests {
    use ordered::BTreeMap;

    use super::*;

    #[test]
    fn behaves_like_a_map_and_clones_stay_as_they_were() {
        let mut rng = clock::Rng::new(11);
        let (mut ours, mut model) = (Sorted::default(), BTreeMap::new());
        let mut kept: Vec<(Sorted<u64>, BTreeMap<Str, u64>)> = Vec::new();
        for step in 0..6000u64 {
            let key = Str::from(format!("k/{}", rng.below(900)));
            if rng.below(3) == 0 {
                assert_eq!(ours.remove(&key), model.remove(&key));
            } else {
                assert_eq!(ours.insert(key.clone(), step), model.insert(key, step));
            }
            if step % 1000 == 0 {
                kept.push((ours.clone(), model.clone()));
            }
        }
        kept.push((ours, model));
        for (ours, model) in kept {
            assert_eq!(ours.len(), model.len());
            assert!(ours.iter().eq(model.iter()));
            for start in ["", "k/", "k/5", "k/77", "l"] {
                let from = Str::from(start);
                assert!(ours.range_from(start).eq(model.range(from..)), "from {start}");
            }
        }
    }
}
