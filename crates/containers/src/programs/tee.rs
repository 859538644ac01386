//! `tee`: input to output and to files.

use super::args::Args;
use super::input::{Input, Next};
use crate::machine::{Open, Program, Sys, Turn};

#[derive(Clone)]
struct Tee {
    argv: Vec<String>,
    input: Option<Input>,
    fds: Vec<u32>,
    code: i32,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Tee { argv: argv.to_vec(), input: None, fds: Vec::new(), code: 0 })
}

impl Program for Tee {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(input) = &mut self.input else {
            let args = match Args::parse(sys, &self.argv, "ai") {
                Ok(args) => args,
                Err(text) => return Turn::Exit(super::usage(sys, &text)),
            };
            let how = if args.has('a') { Open::Append } else { Open::Write };
            for name in &args.rest {
                match sys.open(name, how) {
                    Ok(fd) => self.fds.push(fd),
                    Err(e) => {
                        sys.err(&format!("tee: {name}: {e}\n"));
                        self.code = 1;
                    }
                }
            }
            self.input = Some(Input::new(&[]));
            return Turn::More;
        };
        match input.piece(sys) {
            Next::Piece(data) => {
                for fd in &self.fds {
                    sys.write(*fd, &data);
                }
                sys.out(data);
                Turn::More
            }
            Next::Wait(turn) => turn,
            Next::End => Turn::Exit(self.code),
            _ => Turn::More,
        }
    }
}
