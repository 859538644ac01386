//! The stage: the cluster as a chart.
//!
//! Owns: what is shown of each object (`facts`), the picture's memory (`model`), where things stand (`layout`,
//! `lines`), how they look (`draw`, `glyph`), what two lines of time do not share (`apart`), how the keyboard moves
//! among them (`walk`).
//! Does not own: the cluster, or what an object means beyond its own fields.

pub mod apart;
#[cfg(target_arch = "wasm32")]
pub mod canvas;
pub mod close;
pub mod draw;
pub mod facts;
pub mod filter;
pub mod fleet;
pub mod glyph;
pub mod layout;
pub mod lines;
pub mod model;
pub mod news;
pub mod outline;
pub mod route;
#[cfg(target_arch = "wasm32")]
pub mod tools;
#[cfg(target_arch = "wasm32")]
pub mod view;
pub mod walk;
