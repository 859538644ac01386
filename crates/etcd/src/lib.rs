//! The revisioned store: tables of keys, compare-and-set, and a bounded history of every write.
//!
//! Owns: [`Store`], what a revision is, compaction.
//! Does not own: what tables, keys and values mean. It knows no Kubernetes kind and makes no record of its own: the caller
//! turns each write into a record that the history keeps.
//!
//! Models the part of etcd v3 that the API server uses (`etcd/server/storage/mvcc`).
//! Not modelled: leases, transactions over several keys, Raft. Where etcd has one order of all keys, a key here stands in
//! a table, which is what its first part names there.

mod log;
mod order;
mod places;
mod store;
mod table;

pub use log::Log;
pub use store::{Compacted, Entry, Expect, Mismatch, Store};
