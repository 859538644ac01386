//! The web app: the page around a cluster that runs in it.
//!
//! Owns: the session, the panels, the stage, the page's texts. The only place that knows leptos, web-sys and the DOM,
//! and only in modules that exist for wasm; the rest is plain data with native tests.
//! Does not own: any cluster logic.

#[cfg(target_arch = "wasm32")]
pub mod app;
pub mod branch;
#[cfg(target_arch = "wasm32")]
mod bridge;
pub mod console;
#[cfg(target_arch = "wasm32")]
mod courses;
pub mod embed;
pub mod followed;
pub mod format;
pub mod i18n;
#[cfg(target_arch = "wasm32")]
mod later;
pub mod mark;
#[cfg(target_arch = "wasm32")]
pub mod paint;
pub mod panels;
#[cfg(target_arch = "wasm32")]
mod panic_page;
#[cfg(target_arch = "wasm32")]
mod pump;
#[cfg(target_arch = "wasm32")]
pub mod rest;
mod room;
pub mod session;
pub mod stage;
pub mod state_words;
#[cfg(target_arch = "wasm32")]
mod storage;
pub mod tab;
