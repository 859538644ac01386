//! The history: records of writes by revision, in shared chunks, the oldest dropped first.

use std::sync::Arc;

const CHUNK: usize = 256;

/// Records of consecutive revisions.
#[derive(Clone, Debug)]
pub struct Log<R> {
    /// Invariant: every chunk but the last holds `CHUNK` records.
    chunks: Vec<Arc<Vec<R>>>,
    /// The revision of the first record kept.
    first: u64,
    len: usize,
}

impl<R: Clone> Log<R> {
    /// An empty history whose first record will be that of revision `first`.
    #[must_use]
    pub fn new(first: u64) -> Self {
        Self { chunks: Vec::new(), first, len: 0 }
    }

    /// The revision of the oldest record kept (or of the next one, when none is).
    #[must_use]
    pub fn first(&self) -> u64 {
        self.first
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends the record of the next revision.
    pub fn push(&mut self, record: R) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => Arc::make_mut(last).push(record),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(record);
                self.chunks.push(Arc::new(chunk));
            }
        }
        self.len += 1;
    }

    /// Drops whole chunks of the oldest records while more than `keep` would stay.
    pub fn trim(&mut self, keep: usize) {
        while self.len >= keep + CHUNK {
            self.drop_first();
        }
    }

    /// Drops records of revisions up to `revision`, as far as whole chunks allow.
    pub fn drop_through(&mut self, revision: u64) {
        while self.chunks.first().is_some_and(|c| self.first + c.len() as u64 <= revision + 1) {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        let gone = self.chunks.remove(0).len();
        self.len -= gone;
        self.first += gone as u64;
    }

    #[must_use]
    pub fn get(&self, revision: u64) -> Option<&R> {
        let i = usize::try_from(revision.checked_sub(self.first)?).ok()?;
        self.chunks.get(i / CHUNK)?.get(i % CHUNK)
    }

    /// The records of revisions after `revision`, oldest first, as far as they are kept.
    pub fn after(&self, revision: u64) -> impl Iterator<Item = &R> + use<'_, R> {
        let i = usize::try_from((revision + 1).saturating_sub(self.first)).unwrap_or(usize::MAX);
        let at = (i / CHUNK).min(self.chunks.len());
        self.chunks[at..].iter().flat_map(|c| c.iter()).skip(i % CHUNK)
    }
}
