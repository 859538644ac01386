//! `tail`: the last lines or bytes, and `-f`.

use std::collections::VecDeque;

use super::args::Args;
use super::head::{count, old_count};
use super::input::{Hoard, Input, Next};
use crate::machine::{Got, Open, Program, Sys, Turn, Wait};

/// How often a followed file is looked at, as upstream's default.
const FOLLOW_MS: i64 = 1000;
const HELD_MAX: usize = 4 << 20;

#[derive(Clone)]
struct Tail {
    argv: Vec<String>,
    input: Option<Input>,
    bytes: bool,
    from_start: bool,
    count: usize,
    seen: usize,
    held: VecDeque<Vec<u8>>,
    /// `-c`: the last bytes.
    end: VecDeque<u8>,
    held_bytes: usize,
    hoard: Hoard,
    follow: Vec<(String, u64)>,
    following: bool,
    headers: bool,
    shown: usize,
    code: i32,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Tail {
        argv: argv.to_vec(),
        input: None,
        bytes: false,
        from_start: false,
        count: 10,
        seen: 0,
        held: VecDeque::new(),
        end: VecDeque::new(),
        held_bytes: 0,
        hoard: Hoard::default(),
        follow: Vec::new(),
        following: false,
        headers: false,
        shown: 0,
        code: 0,
    })
}

impl Tail {
    fn begin(&mut self, sys: &mut Sys<'_>) -> Turn {
        let args = match Args::parse(sys, &old_count(&self.argv), "n:c:fFqvs:") {
            Ok(args) => args,
            Err(text) => {
                sys.err(&text);
                return Turn::Exit(1);
            }
        };
        for flag in ['n', 'c'] {
            if let Some(text) = args.value(flag) {
                self.from_start = text.starts_with('+');
                let Some(n) = count(text.trim_start_matches(['+', '-'])) else {
                    let quoted = if sys.gnu() {
                        format!("invalid number of lines: ‘{text}’")
                    } else {
                        format!("invalid number '{text}'")
                    };
                    sys.err(&format!("tail: {quoted}\n"));
                    return Turn::Exit(1);
                };
                self.count = usize::try_from(n).unwrap_or(0);
                self.bytes = flag == 'c';
            }
        }
        if args.has('f') || args.has('F') {
            self.follow = args.rest.iter().map(|f| (f.clone(), 0)).collect();
        }
        self.headers = args.rest.len() > 1 && !args.has('q');
        self.input = Some(Input::new(&args.rest));
        Turn::More
    }

    fn hold(&mut self, sys: &mut Sys<'_>, line: Vec<u8>) {
        self.held_bytes += line.len();
        self.held.push_back(line);
        while self.held.len() > self.count || self.held_bytes > HELD_MAX {
            if self.held.len() <= self.count {
                self.hoard.grow(sys, self.held_bytes);
            }
            self.held_bytes -= self.held.pop_front().map_or(0, |l| l.len());
        }
    }

    /// `-n +K`: what comes after so many lines.
    fn skip_lines(&mut self, sys: &mut Sys<'_>, piece: &[u8]) {
        let mut rest = piece;
        while self.seen + 1 < self.count {
            let Some(end) = rest.iter().position(|b| *b == b'\n') else { return };
            rest = &rest[end + 1..];
            self.seen += 1;
        }
        sys.out(rest);
    }

    fn hold_bytes(&mut self, sys: &mut Sys<'_>, piece: &[u8]) {
        if self.from_start {
            // `-c +1` is all of it.
            let skipped = self.count.saturating_sub(1).saturating_sub(self.seen).min(piece.len());
            self.seen = self.seen.saturating_add(piece.len());
            sys.out(&piece[skipped..]);
            return;
        }
        self.end.extend(piece);
        let over = self.end.len().saturating_sub(self.count.min(HELD_MAX));
        self.end.drain(..over);
        if over > 0 && self.count > HELD_MAX {
            self.hoard.grow(sys, over);
        }
    }

    fn follow(&mut self, sys: &mut Sys<'_>) -> Turn {
        for i in 0..self.follow.len() {
            let (name, at) = self.follow[i].clone();
            let Ok(fd) = sys.open(&name, Open::Read) else { continue };
            sys.seek(fd, at);
            if let Got::Data(data) = sys.read(fd, 16 << 10) {
                self.follow[i].1 = at + data.len() as u64;
                sys.out(data);
                sys.close(fd);
                return Turn::More;
            }
            sys.close(fd);
        }
        Turn::Wait(Wait::Until(sys.now() + FOLLOW_MS))
    }
}

impl Program for Tail {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        if self.following {
            return self.follow(sys);
        }
        let Some(input) = &mut self.input else { return self.begin(sys) };
        let next = if self.bytes || self.from_start { input.piece(sys) } else { input.line(sys) };
        if self.headers && input.opened > self.shown {
            let gap = if self.shown > 0 { "\n" } else { "" };
            self.shown = input.opened;
            sys.out(format!("{gap}==> {} <==\n", input.name));
        }
        match next {
            Next::Line(mut line, newline) => {
                if newline {
                    line.push(b'\n');
                }
                self.hold(sys, line);
            }
            Next::Piece(data) if self.bytes => self.hold_bytes(sys, &data),
            Next::Piece(data) => self.skip_lines(sys, &data),
            Next::FileEnd => {
                let name = input.name.clone();
                let path = sys.path(&name);
                if let Some(f) = self.follow.iter_mut().find(|(n, _)| *n == name) {
                    f.1 = sys.fs().get(&path).map_or(0, |n| n.len());
                }
                let lines = std::mem::take(&mut self.held).into_iter().flatten();
                let out: Vec<u8> = lines.chain(std::mem::take(&mut self.end)).collect();
                (self.seen, self.held_bytes) = (0, 0);
                sys.out(out);
            }
            Next::End if !self.follow.is_empty() && self.code == 0 => self.following = true,
            Next::End => return Turn::Exit(self.code),
            Next::Wait(turn) => return turn,
            Next::Failed(name, e) => {
                if sys.gnu() {
                    sys.err(&format!("tail: cannot open '{name}' for reading: {e}\n"));
                } else {
                    sys.err(&format!("tail: can't open '{name}': {e}\ntail: no files\n"));
                }
                self.code = 1;
            }
        }
        Turn::More
    }
}
