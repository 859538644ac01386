//! `wc`: lines, words, bytes, characters.

use super::args::Args;
use super::input::{Input, Next};
use crate::machine::{Program, Sys, Turn};

#[derive(Clone)]
struct Wc {
    argv: Vec<String>,
    input: Option<Input>,
    show: [bool; 4],
    now: [u64; 4],
    total: [u64; 4],
    in_word: bool,
    files: usize,
    named: bool,
    many: bool,
    code: i32,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Wc {
        argv: argv.to_vec(),
        input: None,
        show: [false; 4],
        now: [0; 4],
        total: [0; 4],
        in_word: false,
        files: 0,
        named: false,
        many: false,
        code: 0,
    })
}

impl Wc {
    fn line(&self, counts: [u64; 4], name: &str, gnu: bool) -> String {
        let shown: Vec<u64> = counts.iter().zip(self.show).filter(|(_, on)| *on).map(|(n, _)| *n).collect();
        let width = match (shown.len(), gnu, self.named) {
            (1, false, _) if !self.many => 1,
            (1, true, _) if !self.named || self.files <= 1 => 1,
            (_, true, false) => 7,
            (_, true, true) => self.total[2].max(counts[2]).to_string().len(),
            _ => 9,
        };
        let fields: Vec<String> = shown.iter().map(|n| format!("{n:>width$}")).collect();
        let gap = if name.is_empty() { "" } else { " " };
        format!("{}{gap}{name}\n", fields.join(" "))
    }
}

impl Program for Wc {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let gnu = sys.gnu();
        let Some(input) = &mut self.input else {
            return match Args::parse(sys, &self.argv, "lwcmL") {
                Ok(args) => {
                    let any = "lwcm".chars().any(|c| args.has(c));
                    for (i, c) in "lwcm".chars().enumerate() {
                        self.show[i] = args.has(c) || (!any && i < 3);
                    }
                    self.named = !args.rest.is_empty();
                    self.many = args.rest.len() > 1;
                    self.input = Some(Input::new(&args.rest));
                    Turn::More
                }
                Err(text) => {
                    sys.err(&text);
                    Turn::Exit(1)
                }
            };
        };
        match input.piece(sys) {
            Next::Piece(data) => {
                for byte in &data {
                    self.now[0] += u64::from(*byte == b'\n');
                    let blank = byte.is_ascii_whitespace();
                    self.now[1] += u64::from(!blank && !self.in_word);
                    self.in_word = !blank;
                    self.now[3] += u64::from(byte & 0xc0 != 0x80);
                }
                self.now[2] += data.len() as u64;
            }
            Next::FileEnd => {
                let name = if self.named { input.name.clone() } else { String::new() };
                let counts = std::mem::take(&mut self.now);
                for (t, n) in self.total.iter_mut().zip(counts) {
                    *t += n;
                }
                self.in_word = false;
                self.files += 1;
                let line = self.line(counts, &name, gnu);
                sys.out(line);
            }
            Next::End => {
                if self.files > 1 {
                    let line = self.line(self.total, "total", gnu);
                    sys.out(line);
                }
                return Turn::Exit(self.code);
            }
            Next::Line(..) => {}
            Next::Wait(turn) => return turn,
            Next::Failed(name, e) => {
                sys.err(&format!("wc: {name}: {e}\n"));
                self.code = 1;
            }
        }
        Turn::More
    }
}
