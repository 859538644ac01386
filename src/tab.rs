//! One terminal of several: what it has printed, what runs there, what waits.
//!
//! Owns: the order of commands of one prompt. Does not own: its shell (terminal), which prompt is shown (`session`).

use std::collections::VecDeque;

use crate::console::Console;

/// A command that runs: its text, who waits for it (0 is the prompt), what it has printed.
pub(crate) struct Running {
    pub(crate) line: String,
    pub(crate) ticket: u64,
    pub(crate) output: String,
}

#[derive(Default)]
pub struct Tab {
    /// Counts the terminals of the page from 1; a number is not given again.
    pub number: usize,
    pub console: Console,
    /// Commands that wait for the one that runs, with the ticket of who waits for them.
    pub(crate) queue: VecDeque<(String, u64)>,
    /// The command that runs.
    pub(crate) running: Option<Running>,
    /// The lines of a command so far.
    pub(crate) typed: String,
    /// The shell waits for more lines of a command.
    pub continues: bool,
}

impl Tab {
    #[must_use]
    pub fn new(number: usize) -> Self {
        Self { number, ..Self::default() }
    }

    /// The lines typed here that wait for their turn, in their order.
    pub fn waiting(&self) -> impl Iterator<Item = &str> {
        self.queue.iter().filter(|(_, ticket)| *ticket == 0).map(|(line, _)| line.as_str())
    }

    /// The program that runs here, by its first words.
    #[must_use]
    pub fn busy_with(&self) -> Option<String> {
        let running = self.running.as_ref()?;
        Some(running.line.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
    }
}
