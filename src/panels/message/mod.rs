//! The message bar over the stage: what the reader should know now.

#[cfg(target_arch = "wasm32")]
pub mod view;
