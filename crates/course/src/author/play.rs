//! Plays a lesson as a learner would: a cluster, a terminal and an attempt.

use std::rc::Rc;

use clock::Millis;
use cluster::Cluster;
use terminal::{Submitted, Terminal};

use crate::attempt::Attempt;
use crate::lesson::{Act, Lesson};

/// The cluster has come up before the first command.
const BOOT_MS: Millis = 20_000;
/// A command that has not ended after this long never will.
const COMMAND_LIMIT_MS: Millis = 120_000;
/// What a solution may take to show its effect.
pub(super) const EFFECT_LIMIT_MS: Millis = 300_000;

pub struct Player {
    pub cluster: Cluster,
    pub terminal: Terminal,
    pub attempt: Attempt,
}

/// What a command gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    pub exit: i32,
    pub output: String,
    /// False when it had to be stopped.
    pub ended: bool,
}

impl Player {
    /// A learner at `step`, with all before it solved.
    #[must_use]
    pub fn at(lesson: Rc<Lesson>, step: usize) -> Self {
        let mut cluster = Cluster::new(lesson.cluster.config());
        let mut terminal = Terminal::new();
        for (name, text) in &lesson.files {
            // A lesson's file names are plain, and the disk is empty: nothing can be in the way.
            let _ = terminal.write_file(name, text.as_bytes());
        }
        cluster.advance(BOOT_MS);
        let attempt = Attempt::new(lesson.clone(), &cluster);
        let mut player = Self { cluster, terminal, attempt };
        for act in &lesson.start {
            player.act(act);
        }
        player.cluster.settle();
        player.attempt = Attempt::new(lesson.clone(), &player.cluster);
        player.open(0);
        for i in 0..step {
            for act in &lesson.steps[i].solution {
                player.act(act);
            }
            player.wait(|attempt| attempt.step_done());
            player.open(i + 1);
        }
        player
    }

    /// Opens a step, the host lab in view.
    pub fn open(&mut self, step: usize) {
        self.attempt.set_lab(self.terminal.lab_facts(self.cluster.now()));
        self.attempt.open(step, &self.cluster);
    }

    /// Takes in what has changed.
    pub fn observe(&mut self) {
        if self.attempt.asks_lab() {
            self.attempt.set_lab(self.terminal.lab_facts(self.cluster.now()));
        }
        self.attempt.observe(&self.cluster);
    }

    /// Plays one act; what a command gave, if it was one.
    pub fn act(&mut self, act: &Act) -> Option<Ran> {
        match act {
            Act::Run(line) => return Some(self.run(line)),
            Act::Answer(id) => {
                let question = self.attempt.current().question.as_ref();
                let option = question.and_then(|q| q.options.iter().position(|o| o.id == *id));
                if let Some(option) = option {
                    self.attempt.answer(option);
                }
            }
            Act::Wait(span) => {
                self.cluster.advance(*span);
                self.observe();
            }
        }
        None
    }

    /// Types a command of one or more lines and waits for its end.
    pub fn run(&mut self, text: &str) -> Ran {
        let mut command = String::new();
        let mut ran = Ran { exit: 0, output: String::new(), ended: true };
        for line in text.lines() {
            command.push_str(line);
            if self.terminal.submit(line) == Submitted::NeedsMore {
                command.push('\n');
                continue;
            }
            if !self.terminal.finish(&mut self.cluster, COMMAND_LIMIT_MS) {
                self.terminal.interrupt();
                self.terminal.poll(&mut self.cluster);
                ran.ended = false;
            }
            for piece in self.terminal.take_output() {
                ran.output.push_str(&String::from_utf8_lossy(&piece.bytes));
            }
            self.observe();
            self.attempt.command(&command, i64::from(self.terminal.exit_code()));
            // What a look finds now may be gone after the next command.
            self.observe();
            command.clear();
            if ran.exit == 0 {
                ran.exit = self.terminal.exit_code();
            }
        }
        ran
    }

    /// Lets time pass until `reached`, at most as long as an effect may take.
    pub fn wait(&mut self, reached: impl Fn(&Attempt) -> bool) -> bool {
        let until = self.cluster.now() + EFFECT_LIMIT_MS;
        loop {
            self.observe();
            if reached(&self.attempt) {
                return true;
            }
            if self.cluster.now() >= until || !self.cluster.step_to_change() {
                return false;
            }
        }
    }
}
