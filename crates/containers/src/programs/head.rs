//! `head`: the first lines or bytes.

use super::args::Args;
use super::input::{Input, Next};
use crate::machine::{Program, Sys, Turn};

#[derive(Clone)]
struct Head {
    argv: Vec<String>,
    input: Option<Input>,
    bytes: bool,
    /// Negative: all but the last ones.
    count: i64,
    left: i64,
    held: std::collections::VecDeque<Vec<u8>>,
    kept: std::collections::VecDeque<u8>,
    headers: bool,
    shown: usize,
    code: i32,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Head {
        argv: argv.to_vec(),
        input: None,
        bytes: false,
        count: 10,
        left: 10,
        held: Default::default(),
        kept: Default::default(),
        headers: false,
        shown: 0,
        code: 0,
    })
}

/// `-5` as `-n 5`.
pub(super) fn old_count(argv: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    for (i, arg) in argv.iter().enumerate() {
        let digits =
            arg.strip_prefix('-').filter(|d| i > 0 && !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
        let value = i > 1 && matches!(argv[i - 1].as_str(), "-n" | "-c");
        match digits {
            Some(d) if !value => out.extend(["-n".to_string(), d.to_string()]),
            _ => out.push(arg.clone()),
        }
    }
    out
}

/// A count with an optional suffix `k`, `m`, `b`.
pub(super) fn count(text: &str) -> Option<i64> {
    let unit = match text.chars().last() {
        Some('k' | 'K') => 1 << 10,
        Some('m' | 'M') => 1 << 20,
        Some('G') => 1 << 30,
        Some('b') => 512,
        _ => 1,
    };
    let digits = if unit == 1 { text } else { &text[..text.len() - 1] };
    digits.parse::<i64>().ok()?.checked_mul(unit)
}

impl Head {
    fn begin(&mut self, sys: &mut Sys<'_>) -> Turn {
        let args = match Args::parse(sys, &old_count(&self.argv), "n:c:qv") {
            Ok(args) => args,
            Err(text) => {
                sys.err(&text);
                return Turn::Exit(1);
            }
        };
        for flag in ['n', 'c'] {
            if let Some(text) = args.value(flag) {
                let Some(n) = count(text) else {
                    let text = if sys.gnu() {
                        let what = if flag == 'n' { "lines" } else { "bytes" };
                        format!("head: invalid number of {what}: ‘{text}’\n")
                    } else {
                        format!("head: invalid number '{text}'\n")
                    };
                    sys.err(&text);
                    return Turn::Exit(1);
                };
                self.bytes = flag == 'c';
                self.count = n;
            }
        }
        self.left = self.count;
        self.headers = (args.rest.len() > 1 && !args.has('q')) || args.has('v');
        self.input = Some(Input::new(&args.rest));
        Turn::More
    }
}

impl Program for Head {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(input) = &mut self.input else { return self.begin(sys) };
        if self.count >= 0 && self.left == 0 && input.opened > 0 {
            input.skip_file(sys);
            self.left = self.count.max(1);
            if self.count == 0 {
                return Turn::Exit(self.code);
            }
        }
        let by_line = !self.bytes && self.count < 0;
        let next = if by_line { input.line(sys) } else { input.piece(sys) };
        let begun = matches!(next, Next::Line(..) | Next::Piece(_) | Next::FileEnd);
        if self.headers && input.opened > self.shown && begun {
            let gap = if self.shown > 0 { "\n" } else { "" };
            self.shown = input.opened;
            self.left = self.count;
            sys.out(format!("{gap}==> {} <==\n", input.name));
        }
        match next {
            Next::Line(mut line, newline) => {
                if newline {
                    line.push(b'\n');
                }
                self.held.push_back(line);
                if self.held.len() as i64 > -self.count
                    && let Some(first) = self.held.pop_front()
                {
                    sys.out(first);
                }
            }
            Next::Piece(data) if self.count < 0 => {
                self.kept.extend(data);
                let over = self.kept.len().saturating_sub(self.count.unsigned_abs() as usize);
                let out: Vec<u8> = self.kept.drain(..over).collect();
                sys.out(out);
            }
            Next::Piece(mut data) if self.bytes => {
                data.truncate(self.left as usize);
                self.left -= data.len() as i64;
                sys.out(data);
            }
            Next::Piece(mut data) => {
                let ends = data.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i);
                let (mut last, mut n) = (None, 0);
                for end in ends.take(self.left as usize) {
                    (last, n) = (Some(end), n + 1);
                }
                self.left -= n;
                if self.left == 0
                    && let Some(end) = last
                {
                    data.truncate(end + 1);
                }
                sys.out(data);
            }
            Next::FileEnd => {
                self.left = self.count;
                self.held.clear();
                self.kept.clear();
            }
            Next::End => return Turn::Exit(self.code),
            Next::Wait(turn) => return turn,
            Next::Failed(name, e) => {
                if sys.gnu() && e != crate::fs::Errno::IsDir {
                    sys.err(&format!("head: cannot open '{name}' for reading: {e}\n"));
                } else if e == crate::fs::Errno::IsDir {
                    sys.err(&format!("head: error reading '{name}': {e}\n"));
                } else {
                    sys.err(&format!("head: {name}: {e}\n"));
                }
                self.code = 1;
            }
        }
        if self.count > 0 && self.left == 0 && !self.headers {
            // A single input is done: whoever writes to it learns so.
            if let Some(input) = &mut self.input
                && input.files_left() == 0
            {
                return Turn::Exit(self.code);
            }
        }
        Turn::More
    }
}
