//! Programs that need the whole of their input before they begin: files or standard input, read to the end.

use super::args::Args;
use super::input::{Input, Next, complain};
use crate::machine::{Program, Sys, Turn};

/// Bytes that are gathered at most: their work is done in one step, which has to stay short.
const GATHERED_MAX: usize = 4 << 20;

/// A file's name (`-`: standard input) and what it holds.
pub(super) type Gathered = Vec<(String, Vec<u8>)>;

/// What such a program does: the letters of its options, which files it reads, and its work.
pub(super) struct Tool {
    pub(super) spec: &'static str,
    pub(super) files: fn(&Args) -> Vec<String>,
    pub(super) finish: fn(&mut Sys<'_>, &[String], &Args, Gathered) -> i32,
}

/// The files are the operands.
pub(super) fn operands(args: &Args) -> Vec<String> {
    args.rest.clone()
}

#[derive(Clone)]
struct Gather {
    tool: &'static Tool,
    argv: Vec<String>,
    args: Args,
    input: Option<Input>,
    all: Gathered,
    bytes: usize,
    failed: bool,
}

pub(super) fn gather(tool: &'static Tool, argv: &[String]) -> Box<dyn Program> {
    Box::new(Gather {
        tool,
        argv: argv.to_vec(),
        args: Args::default(),
        input: None,
        all: Vec::new(),
        bytes: 0,
        failed: false,
    })
}

impl Program for Gather {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(input) = &mut self.input else {
            match Args::parse(sys, &self.argv, self.tool.spec) {
                Ok(args) => self.args = args,
                Err(text) => return Turn::Exit(super::usage(sys, &text)),
            }
            self.input = Some(Input::new(&(self.tool.files)(&self.args)));
            return Turn::More;
        };
        if self.bytes > GATHERED_MAX {
            let name = super::short_name(&self.argv[0]).to_string();
            return Turn::Exit(super::usage(
                sys,
                &format!("{name}: more than 4 MB of input is not simulated\n"),
            ));
        }
        let next = input.piece(sys);
        while self.all.len() < input.opened {
            self.all.push((input.name.clone(), Vec::new()));
        }
        match next {
            Next::Piece(data) => {
                self.bytes += data.len();
                if let Some(last) = self.all.last_mut() {
                    last.1.extend(data);
                }
                Turn::More
            }
            Next::Wait(turn) => turn,
            Next::Failed(name, e) => {
                complain(sys, super::short_name(&self.argv[0]), &name, e);
                self.failed = true;
                Turn::More
            }
            Next::End => {
                sys.charge((self.bytes >> 10) as u32);
                let all = std::mem::take(&mut self.all);
                if all.is_empty() && self.failed {
                    return Turn::Exit(1);
                }
                let code = (self.tool.finish)(sys, &self.argv, &self.args, all);
                Turn::Exit(if code == 0 { i32::from(self.failed) } else { code })
            }
            _ => Turn::More,
        }
    }
}
