//! For those who write lessons: folders of YAML and Markdown, what is wrong with them, and what the page reads.
//!
//! Owns: the form of a lesson folder, its packing, its proof. Works on texts in memory; files are the caller's.
//!
//! `lessons/<slug>/lesson.yaml` has what both languages share, `en.md` and `ko.md` the prose (a `##` section with
//! `{#id}` per step), every other file is one of the learner's at the start. docs/authoring.md says it at length.

mod form;
mod glossary;
mod markdown;
mod pack;
mod play;
mod prove;
mod scaffold;
#[cfg(test)]
mod tests;

use ordered::BTreeMap;
use std::fmt;

pub use pack::{Packed, pack};
pub use play::Player;
pub use prove::{check, check_course, slugs};
pub use scaffold::{accept, new_lesson};

/// Texts by their paths below lessons/, such as `first-deployment/en.md`.
pub type Files = BTreeMap<String, String>;

/// Something wrong with a lesson. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}
