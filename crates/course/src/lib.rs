//! Lessons: what the learner reads, what counts as done, what is still missing.
//!
//! Owns: the packed lesson (one JSON file per lesson and language), typed goals over objects, changes and commands,
//! progress, and the sentences that say what is missing. With the feature `author`: lesson folders, their packing
//! and the proof that a lesson can be solved.
//! Does not own: how a lesson looks (src/), where progress is kept (src/), what a command does (terminal).

pub mod attempt;
#[cfg(feature = "author")]
pub mod author;
pub mod check;
mod command;
pub mod field;
pub mod glossary;
pub mod index;
mod josa;
pub mod lab;
pub mod lang;
pub mod lesson;
pub mod look;
pub mod map;
mod missing;
pub mod progress;
mod read;
pub mod scope;
pub mod text;
mod track;

pub use attempt::{Attempt, GoalReport, QuestionReport};
pub use index::Entry;
pub use lang::Lang;
pub use lesson::{Act, Lesson, Step};
pub use read::{Error, offset_in_json, place};
pub use text::{Block, NoteKind, Span};
