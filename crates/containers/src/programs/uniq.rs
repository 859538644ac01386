//! `uniq`: repeated lines that follow each other.

use super::args::Args;
use super::input::{Input, Next, complain};
use crate::machine::{Program, Sys, Turn};

#[derive(Clone)]
struct Uniq {
    argv: Vec<String>,
    input: Option<Input>,
    args: Args,
    last: Option<(Vec<u8>, u64)>,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Uniq { argv: argv.to_vec(), input: None, args: Args::default(), last: None })
}

impl Uniq {
    fn same(&self, a: &[u8], b: &[u8]) -> bool {
        let cut = |line: &[u8]| {
            let text = String::from_utf8_lossy(line).into_owned();
            let mut rest = text.as_str();
            for _ in 0..self.args.value('f').and_then(|n| n.parse().ok()).unwrap_or(0usize) {
                rest = rest.trim_start();
                rest = &rest[rest.find(char::is_whitespace).unwrap_or(rest.len())..];
            }
            let skip = self.args.value('s').and_then(|n| n.parse().ok()).unwrap_or(0usize);
            let text: String = rest.chars().skip(skip).collect();
            if self.args.has('i') { text.to_ascii_lowercase() } else { text }
        };
        a == b || cut(a) == cut(b)
    }

    fn show(&mut self, sys: &mut Sys<'_>) {
        let Some((line, n)) = self.last.take() else { return };
        if (self.args.has('d') && n < 2) || (self.args.has('u') && n > 1) {
            return;
        }
        let mut out = if self.args.has('c') { format!("{n:7} ").into_bytes() } else { Vec::new() };
        out.extend(line);
        out.push(b'\n');
        sys.out(out);
    }
}

impl Program for Uniq {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(input) = &mut self.input else {
            match Args::parse(sys, &self.argv, "cdiuf:s:w:") {
                Ok(args) => self.args = args,
                Err(text) => return Turn::Exit(super::usage(sys, &text)),
            }
            self.input = Some(Input::new(&self.args.rest[..self.args.rest.len().min(1)]));
            return Turn::More;
        };
        match input.line(sys) {
            Next::Line(line, _) => {
                sys.charge(1 + (line.len() >> 5) as u32);
                match &self.last {
                    Some((last, n)) if self.same(last, &line) => {
                        let n = n + 1;
                        if let Some(l) = &mut self.last {
                            l.1 = n;
                        }
                    }
                    _ => {
                        self.show(sys);
                        self.last = Some((line, 1));
                    }
                }
                Turn::More
            }
            Next::Wait(turn) => turn,
            Next::End => {
                self.show(sys);
                Turn::Exit(0)
            }
            Next::Failed(name, e) => {
                complain(sys, "uniq", &name, e);
                Turn::Exit(1)
            }
            _ => Turn::More,
        }
    }
}
