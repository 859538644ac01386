//! The inspector: one object, its facts, events and YAML.
//!
//! Owns: which facts of an object are worth a line (`facts`). Does not own: objects.

pub mod facts;
#[cfg(target_arch = "wasm32")]
pub mod view;
pub mod why;

/// The views of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Summary,
    Why,
    Events,
    Yaml,
}
