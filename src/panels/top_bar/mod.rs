//! The top bar: where one is, the clock and its controls, language and theme; on a phone the bar of tabs.

#[cfg(target_arch = "wasm32")]
pub mod view;
