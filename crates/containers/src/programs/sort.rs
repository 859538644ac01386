//! `sort`, and `tac`: both must see all lines first.

use ordered::Sort as _;
use std::cmp::Ordering;

use super::args::Args;
use super::input::{Hoard, Input, Next, complain};
use crate::machine::{Open, Program, Sys, Turn};

/// Bytes that are held: they are sorted in one step.
const HELD_MAX: usize = 4 << 20;

#[derive(Clone, Default)]
struct Key {
    from: (usize, usize),
    to: Option<(usize, usize)>,
    flags: String,
}

#[derive(Clone)]
struct Sort {
    argv: Vec<String>,
    input: Option<Input>,
    args: Args,
    keys: Vec<Key>,
    lines: Vec<String>,
    bytes: usize,
    hoard: Hoard,
    code: i32,
    backwards: bool,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    begin(argv, false)
}

pub(super) fn tac(argv: &[String]) -> Box<dyn Program> {
    begin(argv, true)
}

fn begin(argv: &[String], backwards: bool) -> Box<dyn Program> {
    Box::new(Sort {
        argv: argv.to_vec(),
        input: None,
        args: Args::default(),
        keys: Vec::new(),
        lines: Vec::new(),
        bytes: 0,
        hoard: Hoard::default(),
        code: 0,
        backwards,
    })
}

fn key(text: &str) -> Option<Key> {
    let end = |t: &str| -> Option<((usize, usize), String)> {
        let digits = t.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(t.len());
        let (place, flags) = t.split_at(digits);
        let (field, ch) = place.split_once('.').unwrap_or((place, "0"));
        Some(((field.parse().ok()?, ch.parse().ok()?), flags.to_string()))
    };
    let (a, b) = match text.split_once(',') {
        Some((a, b)) => (a, Some(b)),
        None => (text, None),
    };
    let (from, mut flags) = end(a)?;
    let to = match b {
        Some(b) => {
            let (to, more) = end(b)?;
            flags.push_str(&more);
            Some(to)
        }
        None => None,
    };
    (from.0 > 0).then_some(Key { from, to, flags })
}

/// The part of a line a key looks at.
fn part<'a>(line: &'a str, key: &Key, separator: Option<char>) -> &'a str {
    let mut bounds = Vec::new();
    match separator {
        Some(c) => {
            let mut at = 0;
            for field in line.split(c) {
                bounds.push((at, at + field.len()));
                at += field.len() + c.len_utf8();
            }
        }
        None => {
            // A field begins with the blanks before it.
            let (mut at, mut in_word) = (0, false);
            for (i, c) in line.char_indices() {
                if c.is_whitespace() && in_word {
                    bounds.push((at, i));
                    (at, in_word) = (i, false);
                } else if !c.is_whitespace() {
                    in_word = true;
                }
            }
            bounds.push((at, line.len()));
        }
    }
    let Some((mut begin, _)) = bounds.get(key.from.0 - 1).copied() else { return "" };
    if key.from.1 > 1 {
        begin += line[begin..].chars().take(key.from.1 - 1).map(char::len_utf8).sum::<usize>();
    }
    let finish = match key.to {
        None => line.len(),
        Some((0, _)) => line.len(),
        Some((field, ch)) => match bounds.get(field - 1) {
            None => line.len(),
            Some((_, end)) if ch == 0 => *end,
            Some((start, _)) => start + line[*start..].chars().take(ch).map(char::len_utf8).sum::<usize>(),
        },
    };
    line.get(begin..finish.max(begin)).unwrap_or("")
}

/// The number a text begins with.
fn number(text: &str) -> f64 {
    let t = text.trim_start();
    let end = t
        .char_indices()
        .find(|(i, c)| !(c.is_ascii_digit() || *c == '.' || (*i == 0 && (*c == '-' || *c == '+'))))
        .map_or(t.len(), |(i, _)| i);
    t[..end].trim_end_matches('.').parse().unwrap_or(0.0)
}

fn human(text: &str) -> f64 {
    let n = number(text);
    let t = text.trim_start();
    let unit =
        t.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')).and_then(|i| t[i..].chars().next());
    let power = unit.and_then(|u| "KMGTPE".find(u.to_ascii_uppercase())).map_or(0, |i| i + 1);
    n * 1024f64.powi(power as i32)
}

fn version(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let text = |t: &str| t.find(|c: char| c.is_ascii_digit()).unwrap_or(t.len());
        let (x, y) = (text(a), text(b));
        let order = a[..x].cmp(&b[..y]);
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (&a[x..], &b[y..]);
        if a.is_empty() || b.is_empty() {
            return a.len().cmp(&b.len());
        }
        let digits = |t: &str| t.find(|c: char| !c.is_ascii_digit()).unwrap_or(t.len());
        let (x, y) = (digits(a), digits(b));
        let value = |t: &str| t.trim_start_matches('0').to_string();
        let (m, n) = (value(&a[..x]), value(&b[..y]));
        let order = m.len().cmp(&n.len()).then(m.cmp(&n));
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (&a[x..], &b[y..]);
    }
}

fn compare(a: &str, b: &str, flags: &str) -> Ordering {
    let has = |c: char| flags.contains(c);
    let (a, b) = if has('b') { (a.trim_start(), b.trim_start()) } else { (a, b) };
    let order = if has('n') || has('g') {
        number(a).total_cmp(&number(b))
    } else if has('h') {
        human(a).total_cmp(&human(b))
    } else if has('V') {
        version(a, b)
    } else if has('M') {
        let month = |t: &str| {
            const MONTHS: [&str; 12] =
                ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
            let t: String = t.trim_start().chars().take(3).collect::<String>().to_ascii_uppercase();
            MONTHS.iter().position(|m| *m == t).map_or(0, |i| i + 1)
        };
        month(a).cmp(&month(b))
    } else if has('f') {
        a.to_ascii_uppercase().cmp(&b.to_ascii_uppercase())
    } else {
        a.cmp(b)
    };
    if has('r') { order.reverse() } else { order }
}

impl Sort {
    fn order(&self, a: &str, b: &str, global: &str, separator: Option<char>) -> Ordering {
        for key in &self.keys {
            let flags = if key.flags.is_empty() { global } else { &key.flags };
            let order = compare(part(a, key, separator), part(b, key, separator), flags);
            if order != Ordering::Equal {
                return order;
            }
        }
        if self.keys.is_empty() { compare(a, b, global) } else { Ordering::Equal }
    }

    fn finish(&mut self, sys: &mut Sys<'_>) -> Turn {
        let mut lines = std::mem::take(&mut self.lines);
        sys.charge((lines.len() >> 3) as u32);
        if self.backwards {
            lines.reverse();
        } else {
            let global: String = "bfnghVMr".chars().filter(|c| self.args.has(*c)).collect();
            let separator = self.args.value('t').and_then(|t| t.chars().next());
            let last = |a: &String, b: &String| {
                let order = a.cmp(b);
                if global.contains('r') { order.reverse() } else { order }
            };
            let (stable, unique) = (self.args.has('s'), self.args.has('u'));
            let full = |a: &String, b: &String| {
                let order = self.order(a, b, &global, separator);
                if stable || unique { order } else { order.then_with(|| last(a, b)) }
            };
            if self.args.has('c') || self.args.has('C') {
                for pair in lines.windows(2) {
                    if full(&pair[0], &pair[1]) == Ordering::Greater {
                        sys.err(&format!("sort: -:2: disorder: {}\n", pair[1]));
                        return Turn::Exit(1);
                    }
                }
                return Turn::Exit(0);
            }
            lines.arrange_by(full);
            if unique {
                lines.dedup_by(|a, b| self.order(b, a, &global, separator) == Ordering::Equal);
            }
        }
        let mut out = lines.join("\n");
        if !lines.is_empty() {
            out.push('\n');
        }
        match self.args.value('o').map(String::from) {
            Some(file) => match sys.open(&file, Open::Write) {
                Ok(fd) => sys.write(fd, out.as_bytes()),
                Err(e) => {
                    complain(sys, "sort", &file, e);
                    return Turn::Exit(2);
                }
            },
            None => sys.out(out),
        }
        Turn::Exit(self.code)
    }
}

impl Program for Sort {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(input) = &mut self.input else {
            match Args::parse(sys, &self.argv, "bcCdfghik:mMno:rsS:t:T:uVz") {
                Ok(args) => self.args = args,
                Err(text) => {
                    super::usage(sys, &text);
                    return Turn::Exit(2);
                }
            }
            for text in self.args.values('k') {
                match key(text) {
                    Some(k) => self.keys.push(k),
                    None => {
                        sys.err(&format!("sort: bad field specification '{text}'\n"));
                        return Turn::Exit(2);
                    }
                }
            }
            self.input = Some(Input::new(&self.args.rest));
            return Turn::More;
        };
        match input.line(sys) {
            Next::Line(line, _) => {
                self.bytes += line.len() + 24;
                if self.bytes > HELD_MAX {
                    self.lines.clear();
                    self.hoard.grow(sys, line.len() + 24);
                } else {
                    self.lines.push(String::from_utf8_lossy(&line).into_owned());
                }
                Turn::More
            }
            Next::Wait(turn) => turn,
            Next::End if !self.hoard.is_empty() => {
                let name = super::short_name(&self.argv[0]).to_string();
                sys.err(&format!("{name}: memory exhausted\n"));
                Turn::Exit(2)
            }
            Next::End => self.finish(sys),
            Next::Failed(name, e) => {
                if sys.gnu() {
                    sys.err(&format!("sort: cannot read: {name}: {e}\n"));
                } else {
                    sys.err(&format!("sort: {name}: {e}\n"));
                }
                Turn::Exit(2)
            }
            _ => Turn::More,
        }
    }
}
