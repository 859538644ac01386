//! `base64`: to and from.

use super::args::Args;
use super::input::{Input, Next, complain};
use crate::machine::{Program, Sys, Turn};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[derive(Clone)]
struct Base64 {
    argv: Vec<String>,
    input: Option<Input>,
    decode: bool,
    lenient: bool,
    wrap: usize,
    column: usize,
    rest: Vec<u8>,
    ended: bool,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Base64 {
        argv: argv.to_vec(),
        input: None,
        decode: false,
        lenient: false,
        wrap: 76,
        column: 0,
        rest: Vec::new(),
        ended: false,
    })
}

/// Plain base64 with padding.
#[must_use]
pub(crate) fn encode(data: &[u8]) -> String {
    let mut out = String::with_capacity(data.len() * 4 / 3 + 4);
    for chunk in data.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let c = ALPHABET[(n >> (18 - 6 * i)) as usize & 63];
            out.push(if i <= chunk.len() { c as char } else { '=' });
        }
    }
    out
}

impl Base64 {
    fn wrapped(&mut self, text: &str) -> String {
        if self.wrap == 0 {
            return text.into();
        }
        let mut out = String::new();
        for c in text.chars() {
            if self.column == self.wrap {
                out.push('\n');
                self.column = 0;
            }
            out.push(c);
            self.column += 1;
        }
        out
    }

    fn decoded(&mut self, data: &[u8], last: bool) -> Result<Vec<u8>, Vec<u8>> {
        for b in data {
            match b {
                b'\n' | b'\r' => {}
                b'=' => self.ended = true,
                b if ALPHABET.contains(b) && !self.ended => self.rest.push(*b),
                _ if self.lenient => {}
                _ => return Err(self.groups(true)),
            }
        }
        if last && self.rest.len() % 4 == 1 {
            return Err(self.groups(true));
        }
        if last && !self.ended && !self.rest.len().is_multiple_of(4) {
            return Err(self.groups(true));
        }
        Ok(self.groups(last))
    }

    fn groups(&mut self, all: bool) -> Vec<u8> {
        let n = if all { self.rest.len() } else { self.rest.len() / 4 * 4 };
        let mut out = Vec::new();
        for group in self.rest.drain(..n).collect::<Vec<u8>>().chunks(4) {
            let value = |b: &u8| ALPHABET.iter().position(|a| a == b).unwrap_or(0) as u32;
            let bits = group.iter().fold(0u32, |n, b| n << 6 | value(b)) << (6 * (4 - group.len()));
            let bytes = bits.to_be_bytes();
            out.extend(&bytes[1..group.len().max(1)]);
        }
        out
    }
}

impl Program for Base64 {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(input) = &mut self.input else {
            let args = match Args::parse(sys, &self.argv, "dDiw:") {
                Ok(args) => args,
                Err(text) => return Turn::Exit(super::usage(sys, &text)),
            };
            self.decode = args.has('d') || args.has('D') || args.long("decode");
            self.lenient = args.has('i') || args.long("ignore-garbage");
            let wrap = args.value('w').or(args.long_value("wrap"));
            self.wrap = wrap.and_then(|w| w.parse().ok()).unwrap_or(76);
            self.input = Some(Input::new(&args.rest));
            return Turn::More;
        };
        let (data, last) = match input.piece(sys) {
            Next::Piece(data) => (data, false),
            Next::FileEnd => return Turn::More,
            Next::End => (Vec::new(), true),
            Next::Wait(turn) => return turn,
            Next::Line(..) => return Turn::More,
            Next::Failed(name, e) => {
                complain(sys, "base64", &name, e);
                return Turn::Exit(1);
            }
        };
        sys.charge((data.len() >> 5) as u32);
        if self.decode {
            match self.decoded(&data, last) {
                Ok(out) => sys.out(out),
                Err(out) => {
                    sys.out(out);
                    sys.err(if sys.gnu() { "base64: invalid input\n" } else { "base64: truncated input\n" });
                    return Turn::Exit(1);
                }
            }
        } else {
            self.rest.extend(data);
            let n = if last { self.rest.len() } else { self.rest.len() / 3 * 3 };
            let chunk: Vec<u8> = self.rest.drain(..n).collect();
            let text = encode(&chunk);
            let mut out = self.wrapped(&text);
            if last && self.wrap > 0 && self.column > 0 {
                out.push('\n');
            }
            sys.out(out);
        }
        if last { Turn::Exit(0) } else { Turn::More }
    }
}
