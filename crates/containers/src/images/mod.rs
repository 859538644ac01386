//! Images.
pub mod base;
pub mod servers;
