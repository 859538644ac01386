//! What few of many have: it takes up nothing where it says nothing.

use std::ops::{Deref, DerefMut};

/// What it says where it says nothing; [`Default`] says the same.
pub(crate) trait Plain: Default + 'static {
    const PLAIN: &'static Self;
}

/// Read and changed as a `T`.
#[derive(Clone, Debug)]
pub(crate) struct Rare<T>(Option<Box<T>>);

impl<T> Rare<T> {
    /// To change only what is there.
    pub(crate) fn if_any(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Plain> Deref for Rare<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::PLAIN)
    }
}

impl<T: Plain> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}
