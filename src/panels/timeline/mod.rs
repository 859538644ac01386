//! The timeline: every write as a tick in the lane of who wrote it.
//!
//! Owns: ticks, bars and what is known of the future (`record`), and their picture (`scene`).
//! Does not own: the log of writes (cluster).

pub mod record;
pub mod scene;
#[cfg(target_arch = "wasm32")]
pub mod view;
