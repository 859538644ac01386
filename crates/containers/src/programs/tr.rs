//! `tr`: changes, squeezes or deletes characters.

use super::args::Args;
use super::input::{Input, Next};
use crate::glob::class;
use crate::machine::{Program, Sys, Turn};
use crate::shell::unescape;

#[derive(Clone)]
struct Tr {
    argv: Vec<String>,
    input: Option<Input>,
    from: Vec<char>,
    to: Vec<char>,
    complement: bool,
    delete: bool,
    squeeze: bool,
    last: Option<char>,
    rest: Vec<u8>,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Tr {
        argv: argv.to_vec(),
        input: None,
        from: Vec::new(),
        to: Vec::new(),
        complement: false,
        delete: false,
        squeeze: false,
        last: None,
        rest: Vec::new(),
    })
}

fn set(text: &str) -> Vec<char> {
    let (text, _) = unescape(text, false);
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        if chars[i] == '['
            && chars.get(i + 1) == Some(&':')
            && let Some(n) = chars[i + 2..].iter().position(|c| *c == ':')
        {
            let name: String = chars[i + 2..i + 2 + n].iter().collect();
            for (a, b) in class(&name) {
                out.extend((*a..=(*b).min('\u{7f}')).filter(|_| *a < '\u{80}'));
            }
            i += n + 4;
        } else if chars.get(i + 1) == Some(&'-') && chars.get(i + 2).is_some_and(|c| *c >= chars[i]) {
            out.extend((chars[i]..=chars[i + 2]).take(70_000));
            i += 3;
        } else {
            out.push(chars[i]);
            i += 1;
        }
    }
    out
}

impl Tr {
    fn change(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let squeeze_in_from = self.squeeze && self.to.is_empty();
        for c in text.chars() {
            let place = self.from.iter().position(|f| *f == c);
            let hit = place.is_some() != self.complement;
            if hit && self.delete {
                continue;
            }
            let c = if !hit || self.to.is_empty() {
                c
            } else {
                let n = if self.complement { usize::MAX } else { place.unwrap_or(0) };
                *self.to.get(n).or(self.to.last()).unwrap_or(&c)
            };
            let squeezable = if squeeze_in_from && !self.delete { hit } else { self.to.contains(&c) };
            if self.squeeze && squeezable && self.last == Some(c) {
                continue;
            }
            self.last = Some(c);
            out.push(c);
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
            self.complement = args.has('c') || args.has('C');
            self.delete = args.has('d');
            self.squeeze = args.has('s');
            let need = if self.delete || self.squeeze { 1 } else { 2 };
            if args.rest.len() < need {
                let text = if args.rest.is_empty() {
                    "tr: missing operand\n".to_string()
                } else {
                    format!("tr: missing operand after ‘{}’\n", args.rest[0])
                };
                return Turn::Exit(super::usage(sys, &text));
            }
            self.from = set(&args.rest[0]);
            self.to = args.rest.get(1).map(|t| set(t)).unwrap_or_default();
            self.input = Some(Input::new(&[]));
            return Turn::More;
        };
        match input.piece(sys) {
            Next::Piece(data) => {
                self.rest.extend(data);
                // A character cut in two waits for its other half.
                let whole = match std::str::from_utf8(&self.rest) {
                    Ok(_) => self.rest.len(),
                    Err(e) if e.error_len().is_none() => e.valid_up_to(),
                    Err(_) => self.rest.len(),
                };
                let bytes: Vec<u8> = self.rest.drain(..whole).collect();
                let out = self.change(&String::from_utf8_lossy(&bytes));
                sys.out(out);
                Turn::More
            }
            Next::Wait(turn) => turn,
            Next::End => Turn::Exit(0),
            _ => Turn::More,
        }
    }
}
