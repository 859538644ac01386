//! Several prompts on one machine: each has a shell, a directory, variables and a history of its own; files are shared.
//!
//! Owns: opening, choosing and closing them. Does not own: what is typed there (the rest of [`Terminal`], which always
//! means the chosen one).

use containers::machine::{InputId, Machine, Pid, Signal, SinkId};

use crate::{Output, Terminal};

/// Prompts open at once.
pub const MOST: usize = 8;

/// A shell at its prompt, with what goes in and what comes out.
pub(crate) struct Prompt {
    pub(crate) shell: Pid,
    pub(crate) sink: SinkId,
    pub(crate) input: InputId,
    /// Lines of a command that is not complete yet.
    pub(crate) pending: String,
    pub(crate) history: Vec<String>,
    /// What the terminal itself has to say: syntax errors.
    pub(crate) own_output: Vec<Output>,
}

impl Prompt {
    /// Its shell is still to be started.
    pub(crate) fn on(machine: &mut Machine) -> Self {
        Self {
            shell: 0,
            sink: machine.sink(),
            input: machine.input(),
            pending: String::new(),
            history: Vec::new(),
            own_output: Vec::new(),
        }
    }
}

impl Terminal {
    /// Opens a prompt and chooses it. False when there are too many.
    pub fn open(&mut self) -> bool {
        if self.prompts.len() >= MOST {
            return false;
        }
        let prompt = Prompt::on(&mut self.shared.machine.borrow_mut());
        self.prompts.push(prompt);
        self.at = self.prompts.len() - 1;
        self.start_shell(true);
        true
    }

    /// What is asked and told from here on means this prompt. One that is not there changes nothing.
    pub fn choose(&mut self, at: usize) {
        if at < self.prompts.len() {
            self.at = at;
        }
    }

    /// Ends the chosen prompt and what runs there; the one before it is chosen. The last one stays.
    pub fn close(&mut self) -> bool {
        if self.prompts.len() < 2 {
            return false;
        }
        let gone = self.prompts.remove(self.at);
        let mut machine = self.shared.machine.borrow_mut();
        machine.interrupt(gone.shell);
        machine.signal(gone.shell, Signal::Kill);
        machine.reap(gone.shell);
        drop(machine);
        self.at = self.at.saturating_sub(1);
        true
    }

    /// How many prompts are open.
    #[must_use]
    pub fn prompts(&self) -> usize {
        self.prompts.len()
    }

    /// True when the shell of the chosen prompt has ended, by `exit`.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.shared.machine.borrow().exit_code(self.prompts[self.at].shell).is_some()
    }
}
