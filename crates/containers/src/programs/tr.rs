//! `tr`: changes, squeezes or deletes bytes, as the real ones do.

use super::args::Args;
use super::input::{Input, Next};
use crate::glob::class;
use crate::machine::{Program, Sys, Turn};
use crate::shell::unescape;

#[derive(Clone)]
struct Tr {
    argv: Vec<String>,
    input: Option<Input>,
    /// What becomes of each byte.
    table: Vec<Option<u8>>,
    squeezable: Vec<bool>,
    last: Option<u8>,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Tr { argv: argv.to_vec(), input: None, table: Vec::new(), squeezable: Vec::new(), last: None })
}

/// The bytes that a set names, in order.
fn set(text: &str) -> Vec<u8> {
    let bytes = crate::shell::to_bytes(&unescape(text, false).0);
    let mut out = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i..].starts_with(b"[:")
            && let Some(n) = bytes[i + 2..].iter().position(|b| *b == b':')
        {
            let name = String::from_utf8_lossy(&bytes[i + 2..i + 2 + n]).into_owned();
            for (a, b) in class(&name) {
                out.extend((0..128).filter(|c| (*a..=*b).contains(&char::from(*c))));
            }
            i += n + 4;
        } else if bytes[i..].starts_with(b"[=") && bytes[i + 2..].get(1..3) == Some(b"=]") {
            out.push(bytes[i + 2]);
            i += 5;
        } else if bytes.get(i + 1) == Some(&b'-') && bytes.get(i + 2).is_some_and(|c| *c >= bytes[i]) {
            out.extend(bytes[i]..=bytes[i + 2]);
            i += 3;
        } else {
            out.push(bytes[i]);
            i += 1;
        }
    }
    out
}

impl Tr {
    fn prepare(&mut self, args: &Args) {
        let (mut from, to) = (set(&args.rest[0]), args.rest.get(1).map(|t| set(t)).unwrap_or_default());
        if args.has('c') || args.has('C') {
            from = (0..=255).filter(|b| !from.contains(b)).collect();
        }
        let (delete, squeeze) = (args.has('d'), args.has('s'));
        self.table = (0..=255).map(Some).collect();
        for (i, b) in from.iter().enumerate() {
            self.table[usize::from(*b)] = if delete {
                None
            } else {
                let cut = args.has('t') && i >= to.len();
                to.get(i).or(to.last()).copied().filter(|_| !cut).or(Some(*b))
            };
        }
        let squeezed = if !squeeze {
            Vec::new()
        } else if to.is_empty() {
            from
        } else {
            to
        };
        self.squeezable = (0..=255).map(|b| squeezed.contains(&b)).collect();
    }

    fn change(&mut self, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(data.len());
        for b in data {
            let Some(b) = self.table[usize::from(*b)] else { continue };
            if self.squeezable[usize::from(b)] && self.last == Some(b) {
                continue;
            }
            self.last = Some(b);
            out.push(b);
        }
        out
    }
}

impl Program for Tr {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(input) = &mut self.input else {
            let args = match Args::parse_until(sys, &self.argv, "cCdst", true) {
                Ok(args) => args,
                Err(text) => return Turn::Exit(super::usage(sys, &text)),
            };
            let need = if args.has('d') || args.has('s') { 1 } else { 2 };
            if args.rest.len() < need {
                let text = if args.rest.is_empty() {
                    "tr: missing operand\n".to_string()
                } else {
                    format!("tr: missing operand after ‘{}’\n", args.rest[0])
                };
                return Turn::Exit(super::usage(sys, &text));
            }
            self.prepare(&args);
            self.input = Some(Input::new(&[]));
            return Turn::More;
        };
        match input.piece(sys) {
            Next::Piece(data) => {
                let out = self.change(&data);
                sys.out(out);
                Turn::More
            }
            Next::Wait(turn) => turn,
            Next::End => Turn::Exit(0),
            _ => Turn::More,
        }
    }
}
