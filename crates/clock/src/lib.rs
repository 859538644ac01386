//! Virtual time, ordered timers and seeded randomness.
//!
//! Owns: what "now" is, the one order in which things fall due, and every random choice of the engine.
//! Does not own: how fast virtual time passes for a reader (the app decides), or any real clock.

mod rng;
mod time;
mod timers;

pub use rng::Rng;
pub use time::{Millis, Time, duration_short};
pub use timers::{TimerId, Timers};
