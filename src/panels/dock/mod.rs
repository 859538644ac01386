//! The dock below the stage: terminal, editor and events side by side or in tabs.

#[cfg(target_arch = "wasm32")]
pub mod view;
