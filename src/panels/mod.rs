//! The panels around the stage, one folder each: plain data in files of their own, the view in `view.rs`.

pub mod charts;
pub mod context;
pub mod control;
pub mod course;
#[cfg(target_arch = "wasm32")]
pub mod divider;
pub mod dock;
pub mod editor;
pub mod events;
pub mod faults;
pub mod inspector;
pub mod lab;
pub mod lesson;
pub mod message;
pub mod objects;
pub mod palette;
pub mod past;
pub mod terminal;
pub mod timeline;
pub mod top_bar;
pub mod tour;
pub mod traffic;

/// The panels that a phone shows one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    Diagram,
    Terminal,
    Editor,
    Inspector,
    Lesson,
}
