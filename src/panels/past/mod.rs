//! The bar above the stage while the past is shown: how far back, and the two ways on.

#[cfg(target_arch = "wasm32")]
pub mod view;
