//! Ordered maps, sets and sorting that cost little to download.
//!
//! Owns: [`BTreeMap`] and [`BTreeSet`], used exactly as the standard ones of the same names, [`Sort`], and the comparison
//! of texts ([`text`]).
//!
//! Why not the standard ones: each pair of key and value types brings some 5 kB of node handling into the page, and
//! each sorted element type as much again; in this house that was a quarter of all code. Here the structure is
//! handled per key type only, and sorting works on indices through one function.

mod map;
mod probe;
mod set;
mod sort;
pub mod text;

pub use map::{BTreeMap, Entry, OccupiedEntry, VacantEntry};
pub use probe::Probe;
pub use set::BTreeSet;
pub use sort::Sort;
