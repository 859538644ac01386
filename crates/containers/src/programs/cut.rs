//! `cut`: fields, characters or bytes of each line.

use super::args::Args;
use super::input::{Input, Next, complain};
use crate::machine::{Program, Sys, Turn};

#[derive(Clone)]
struct Cut {
    argv: Vec<String>,
    input: Option<Input>,
    ranges: Vec<(usize, usize)>,
    fields: bool,
    delimiter: char,
    joint: String,
    only_delimited: bool,
    code: i32,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Cut {
        argv: argv.to_vec(),
        input: None,
        ranges: Vec::new(),
        fields: false,
        delimiter: '\t',
        joint: "\t".into(),
        only_delimited: false,
        code: 0,
    })
}

fn ranges(text: &str) -> Option<Vec<(usize, usize)>> {
    text.split([',', ' '])
        .map(|part| {
            let number = |t: &str| t.parse::<usize>().ok().filter(|n| *n > 0);
            match part.split_once('-') {
                None => number(part).map(|n| (n, n)),
                Some(("", b)) => Some((1, number(b)?)),
                Some((a, "")) => Some((number(a)?, usize::MAX)),
                Some((a, b)) => Some((number(a)?, number(b)?)),
            }
        })
        .collect()
}

impl Program for Cut {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(input) = &mut self.input else {
            let args = match Args::parse(sys, &self.argv, "b:c:d:f:sn") {
                Ok(args) => args,
                Err(text) => return Turn::Exit(super::usage(sys, &text)),
            };
            self.fields = args.value('f').is_some();
            let Some(list) = args.value('f').or(args.value('c')).or(args.value('b')) else {
                let text = if sys.gnu() {
                    "cut: you must specify a list of bytes, characters, or fields\n"
                } else {
                    "cut: expected a list of bytes, characters, or fields\n"
                };
                return Turn::Exit(super::usage(sys, text));
            };
            match ranges(list) {
                Some(r) => self.ranges = r,
                None => {
                    return Turn::Exit(super::usage(sys, &format!("cut: invalid field value: '{list}'\n")));
                }
            }
            self.delimiter = args.value('d').and_then(|d| d.chars().next()).unwrap_or('\t');
            self.joint =
                args.long_value("output-delimiter").map_or_else(|| self.delimiter.to_string(), String::from);
            self.only_delimited = args.has('s');
            self.input = Some(Input::new(&args.rest));
            return Turn::More;
        };
        match input.line(sys) {
            Next::Line(line, _) => {
                sys.charge(1 + (line.len() >> 5) as u32);
                let text = String::from_utf8_lossy(&line);
                let wanted = |n: usize| self.ranges.iter().any(|(a, b)| (*a..=*b).contains(&n));
                let mut out = if !self.fields {
                    text.chars().enumerate().filter(|(i, _)| wanted(i + 1)).map(|(_, c)| c).collect()
                } else if text.contains(self.delimiter) {
                    let parts: Vec<&str> = text
                        .split(self.delimiter)
                        .enumerate()
                        .filter(|(i, _)| wanted(i + 1))
                        .map(|(_, f)| f)
                        .collect();
                    parts.join(&self.joint)
                } else if self.only_delimited {
                    return Turn::More;
                } else {
                    text.into_owned()
                };
                out.push('\n');
                sys.out(out);
            }
            Next::Piece(_) | Next::FileEnd => {}
            Next::End => return Turn::Exit(self.code),
            Next::Wait(turn) => return turn,
            Next::Failed(name, e) => {
                complain(sys, "cut", &name, e);
                self.code = 1;
            }
        }
        Turn::More
    }
}
