//! Programs that work on the bytes of files or of standard input as a whole, or on one part of them after the other.

use super::args::Args;
use super::input::{Input, Next, complain};
use crate::machine::{Program, Sys, Turn};

/// Bytes that are gathered at most: their work is done in one step, which has to stay short.
const GATHERED_MAX: usize = 4 << 20;
/// Bytes that a filter waits for before it works on them.
const PART: usize = 16 << 10;

/// A file's name (`-`: standard input) and what it holds.
pub(super) type Gathered = Vec<(String, Vec<u8>)>;

/// What such a program does: the letters of its options, which files it reads, and its work.
pub(super) struct Tool {
    pub(super) spec: &'static str,
    pub(super) files: fn(&Args) -> Vec<String>,
    pub(super) finish: fn(&mut Sys<'_>, &mut Job, Gathered) -> i32,
    /// How many of these bytes may be worked on while more may follow; none: it has to see all of them.
    pub(super) part: fn(&Job, &[u8]) -> usize,
    /// Bytes that are read at most; with fewer than it wants, a program goes on for as long as its input does.
    pub(super) enough: fn(&Job) -> usize,
}

/// A call, and what its parts pass on.
#[derive(Clone, Default)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) args: Args,
    /// No more follows.
    pub(super) is_last: bool,
    /// Lines, bytes or columns before this part, as the program counts.
    pub(super) count: u64,
    /// The row that was shown last.
    pub(super) row: Vec<u8>,
    /// Rows like it were left out.
    pub(super) left_out: bool,
    /// Parts were worked on before this one.
    pub(super) has_begun: bool,
}

/// The files are the operands.
pub(super) fn operands(args: &Args) -> Vec<String> {
    args.rest.clone()
}

/// All of the input is needed.
pub(super) fn all_of_it(_: &Job, _: &[u8]) -> usize {
    0
}

pub(super) fn no_end(_: &Job) -> usize {
    usize::MAX
}

#[derive(Clone)]
struct Gather {
    tool: &'static Tool,
    argv: Vec<String>,
    job: Job,
    input: Option<Input>,
    all: Gathered,
    /// Bytes held now, and bytes read.
    held: usize,
    read: usize,
    code: i32,
    failed: bool,
}

pub(super) fn gather(tool: &'static Tool, argv: &[String]) -> Box<dyn Program> {
    Box::new(Gather {
        tool,
        argv: argv.to_vec(),
        job: Job::default(),
        input: None,
        all: Vec::new(),
        held: 0,
        read: 0,
        code: 0,
        failed: false,
    })
}

impl Gather {
    fn work(&mut self, sys: &mut Sys<'_>, all: Gathered) {
        sys.charge((self.held >> 7) as u32);
        let code = (self.tool.finish)(sys, &mut self.job, all);
        self.job.has_begun = true;
        self.code = self.code.max(code);
        self.held = 0;
    }

    /// Works on what is there, as far as a filter can.
    fn part(&mut self, sys: &mut Sys<'_>) {
        if self.held < PART {
            return;
        }
        let Some((name, last)) = self.all.last_mut() else { return };
        let n = (self.tool.part)(&self.job, last).min(last.len());
        if n == 0 {
            return;
        }
        let rest = last.split_off(n);
        let name = name.clone();
        let left = rest.len();
        let all = std::mem::replace(&mut self.all, vec![(name, rest)]);
        self.work(sys, all);
        self.held = left;
    }

    fn finish(&mut self, sys: &mut Sys<'_>) -> Turn {
        let all = std::mem::take(&mut self.all);
        if all.is_empty() && self.failed {
            return Turn::Exit(1);
        }
        self.job.is_last = true;
        self.work(sys, all);
        Turn::Exit(if self.code == 0 { i32::from(self.failed) } else { self.code })
    }
}

impl Program for Gather {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(input) = &mut self.input else {
            match Args::parse(sys, &self.argv, self.tool.spec) {
                Ok(args) => self.job.args = args,
                Err(text) => return Turn::Exit(super::usage(sys, &text)),
            }
            self.job.name = super::short_name(&self.argv[0]).to_string();
            self.input = Some(Input::new(&(self.tool.files)(&self.job.args)));
            return Turn::More;
        };
        if self.held > GATHERED_MAX {
            let text = format!("{}: more than 4 MB of input is not simulated\n", self.job.name);
            return Turn::Exit(super::usage(sys, &text));
        }
        if self.read >= (self.tool.enough)(&self.job) {
            return self.finish(sys);
        }
        let next = input.piece(sys);
        while self.all.len() + usize::from(self.job.has_begun) < input.opened {
            self.all.push((input.name.clone(), Vec::new()));
        }
        match next {
            Next::Piece(data) => {
                self.held += data.len();
                self.read += data.len();
                if let Some(last) = self.all.last_mut() {
                    last.1.extend(data);
                }
                self.part(sys);
                Turn::More
            }
            Next::Wait(turn) => turn,
            Next::Failed(name, e) => {
                complain(sys, &self.job.name, &name, e);
                self.failed = true;
                Turn::More
            }
            Next::End => self.finish(sys),
            _ => Turn::More,
        }
    }
}
