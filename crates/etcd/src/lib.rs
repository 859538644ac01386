//! The revisioned store: keys in order, compare-and-set, and a bounded history of every write.
//!
//! Owns: [`Store`], what a revision is, compaction.
//! Does not own: what keys and values mean. It knows no Kubernetes kind and makes no record of its own: the caller
//! turns each write into a record that the history keeps.
//!
//! Models the part of etcd v3 that the API server uses (`etcd/server/storage/mvcc`).
//! Not modelled: leases, transactions over several keys, Raft.

mod log;
mod sorted;
mod store;

pub use log::Log;
pub use sorted::Sorted;
pub use store::{Compacted, Entry, Expect, Mismatch, Store};
