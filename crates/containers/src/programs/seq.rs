//! `seq` and `yes`: output without end is made piece by piece.

use super::args::Args;
use super::printf;
use crate::machine::{Program, Sys, Turn};

#[derive(Clone)]
struct Seq {
    argv: Vec<String>,
    range: Option<(f64, f64, f64)>,
    at: u64,
    format: String,
    separator: String,
    decimals: usize,
    width: usize,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Seq {
        argv: argv.to_vec(),
        range: None,
        at: 0,
        format: String::new(),
        separator: "\n".into(),
        decimals: 0,
        width: 0,
    })
}

impl Seq {
    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), String> {
        // Numbers may be negative: options end at the first that looks like one.
        let at = self
            .argv
            .iter()
            .skip(1)
            .position(|a| a.parse::<f64>().is_ok())
            .map_or(self.argv.len(), |i| i + 1);
        let mut options = self.argv[..at].to_vec();
        options.push("--".into());
        options.extend_from_slice(&self.argv[at..]);
        let args = Args::parse(sys, &options, "ws:f:")?;
        let mut numbers = Vec::new();
        for text in &args.rest {
            let invalid = || {
                if sys.gnu() {
                    format!("seq: invalid floating point argument: ‘{text}’\n")
                } else {
                    format!("seq: invalid number '{text}'\n")
                }
            };
            numbers.push(text.parse::<f64>().map_err(|_| invalid())?);
            let point = text.find('.').map_or(0, |i| text.len() - i - 1);
            self.decimals = self.decimals.max(point);
        }
        let (first, step, last) = match numbers.as_slice() {
            [last] => (1.0, 1.0, *last),
            [first, last] => (*first, 1.0, *last),
            [first, step, last] => (*first, *step, *last),
            _ => return Err("seq: missing operand\n".into()),
        };
        if step == 0.0 {
            return Err("seq: invalid Zero increment value: ‘0’\n".into());
        }
        self.separator = args.value('s').unwrap_or("\n").to_string();
        self.format = args.value('f').unwrap_or_default().to_string();
        if args.has('w') {
            let width = |v: f64| format!("{v:.*}", self.decimals).len();
            self.width = width(first).max(width(last));
        }
        self.range = Some((first, step, last));
        Ok(())
    }
}

impl Program for Seq {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some((first, step, last)) = self.range else {
            return match self.begin(sys) {
                Ok(()) => Turn::More,
                Err(text) => Turn::Exit(super::usage(sys, &text)),
            };
        };
        let mut out = String::new();
        for _ in 0..200 {
            let value = first + step * self.at as f64;
            if (step > 0.0 && value > last + 1e-10) || (step < 0.0 && value < last - 1e-10) {
                if self.at > 0 {
                    out.push('\n');
                }
                sys.out(out);
                return Turn::Exit(0);
            }
            if self.at > 0 {
                out.push_str(&self.separator);
            }
            let text = format!("{value:0width$.*}", self.decimals, width = self.width);
            if self.format.is_empty() {
                out.push_str(&text);
            } else {
                let (bytes, ..) = printf::render(&[self.format.clone(), text], true);
                out.push_str(&String::from_utf8_lossy(&bytes));
            }
            self.at += 1;
        }
        sys.charge(10);
        sys.out(out);
        Turn::More
    }
}

#[derive(Clone)]
struct Yes(Vec<u8>);

pub(super) fn yes(argv: &[String]) -> Box<dyn Program> {
    let text = if argv.len() > 1 { argv[1..].join(" ") } else { "y".into() };
    Box::new(Yes(format!("{text}\n").repeat(512 / (text.len() + 1) + 1).into_bytes()))
}

impl Program for Yes {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        sys.out(&self.0);
        sys.charge(1);
        match sys.take_write_error() {
            Some(e) => Turn::Exit(super::usage(sys, &format!("yes: {e}\n"))),
            None => Turn::More,
        }
    }
}
