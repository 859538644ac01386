//! `cat`, and what only shows files here: `less`, `more`, `vi`. Also `rev`.

use super::args::Args;
use super::input::{Input, Next, complain};
use crate::machine::{Program, Sys, Turn};

#[derive(Clone)]
struct Cat {
    argv: Vec<String>,
    input: Option<Input>,
    number: bool,
    nonblank: bool,
    ends: bool,
    tabs: bool,
    squeeze: bool,
    rev: bool,
    line: u64,
    blank: bool,
    code: i32,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Cat {
        argv: argv.to_vec(),
        input: None,
        number: false,
        nonblank: false,
        ends: false,
        tabs: false,
        squeeze: false,
        rev: super::short_name(&argv[0]) == "rev",
        line: 0,
        blank: false,
        code: 0,
    })
}

impl Program for Cat {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(input) = &mut self.input else {
            match Args::parse(sys, &self.argv, "nbevtAETsuRSFX") {
                Ok(args) => {
                    self.nonblank = args.has('b');
                    self.number = args.has('n') || self.nonblank;
                    self.ends = args.has('e') || args.has('E') || args.has('A');
                    self.tabs = args.has('t') || args.has('T') || args.has('A');
                    self.squeeze = args.has('s');
                    self.input = Some(Input::new(&args.rest));
                    return Turn::More;
                }
                Err(text) => {
                    sys.err(&text);
                    return Turn::Exit(1);
                }
            }
        };
        let by_line = self.number || self.ends || self.tabs || self.squeeze || self.rev;
        match if by_line { input.line(sys) } else { input.piece(sys) } {
            Next::Piece(data) => sys.out(data),
            Next::Line(line, newline) => {
                if self.squeeze && line.is_empty() && self.blank {
                    return Turn::More;
                }
                self.blank = line.is_empty();
                let mut out = Vec::new();
                if self.number && !(self.nonblank && line.is_empty()) {
                    self.line += 1;
                    out.extend(format!("{:6}\t", self.line).into_bytes());
                }
                if self.rev {
                    out.extend(String::from_utf8_lossy(&line).chars().rev().collect::<String>().into_bytes());
                } else {
                    for byte in line {
                        match byte {
                            b'\t' if self.tabs => out.extend(b"^I"),
                            byte => out.push(byte),
                        }
                    }
                }
                if self.ends && newline {
                    out.push(b'$');
                }
                if newline {
                    out.push(b'\n');
                }
                sys.out(out);
            }
            Next::FileEnd => {}
            Next::End => return Turn::Exit(self.code),
            Next::Wait(turn) => return turn,
            Next::Failed(name, e) => {
                complain(sys, super::short_name(&self.argv[0]), &name, e);
                self.code = 1;
            }
        }
        Turn::More
    }
}
