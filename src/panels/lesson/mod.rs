//! The lesson pane: what to do, what is reached, what is still missing.
//!
//! Owns: a lesson as the page shows it. Does not own: lessons' texts, goals or progress (course).

#[cfg(target_arch = "wasm32")]
pub mod view;

/// A lesson in one language, at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lesson {
    pub title: String,
    /// Counted from 0.
    pub step: usize,
    pub steps: usize,
    pub step_title: String,
    pub blocks: Vec<Block>,
    pub goals: Vec<Goal>,
    /// Hints asked for so far.
    pub hints: Vec<Vec<Block>>,
    pub more_hints: bool,
    /// All goals of this step are met.
    pub step_done: bool,
    pub lesson_done: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    Paragraph(Vec<Span>),
    Heading(Vec<Span>),
    /// A command or file to look at; a command can be run by a click.
    Code {
        text: String,
        runs: bool,
    },
    List(Vec<Vec<Span>>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    Text(String),
    Strong(String),
    Emphasis(String),
    Code(String),
    /// A command that a click runs.
    Command(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    pub text: Vec<Span>,
    pub met: bool,
    /// What is still missing, or how far it is.
    pub partial: String,
}
