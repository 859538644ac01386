//! `sed`: s, d, p, q, a, i, c, y, n, N, D, P, h, H, g, G, x, b, t, r, w to standard output, `=`; addresses; `-n -i -E -e -f`.

mod parse;
mod substitute;

use parse::Parser;
use substitute::substitute;

use std::sync::Arc;

use super::args::Args;
use super::input::{Input, Next};
use crate::machine::{Program, Sys, Turn};
use crate::regex::Regex;

/// Commands run on one line before a script counts as endless.
const CYCLE_MAX: u32 = 100_000;
const SPACE_MAX: usize = 4 << 20;

#[derive(Clone)]
enum Address {
    Line(u64),
    Step(u64, u64),
    Last,
    Match(Regex),
    Plus(u64),
}

enum Action {
    Substitute { regex: Regex, with: Vec<Piece>, global: bool, nth: usize, print: bool },
    Translate(Vec<char>, Vec<char>),
    Text(char, String),
    Plain(char),
    Open(usize),
    Close,
    Label,
    Jump(char, Option<usize>),
    Read(String),
    Quit(i32),
}

#[derive(Clone)]
enum Piece {
    Text(String),
    Group(usize),
    Case(char),
}

struct Command {
    from: Option<Address>,
    to: Option<Address>,
    not: bool,
    action: Action,
}

#[derive(Clone)]
struct Sed {
    argv: Vec<String>,
    script: Arc<Vec<Command>>,
    input: Option<Input>,
    quiet: bool,
    in_place: bool,
    /// `-i.bak`: the file as it was is kept under this ending.
    backup: String,
    files: Vec<String>,
    ranges: Vec<Option<u64>>,
    line: u64,
    space: String,
    newline: bool,
    hold: String,
    after: Vec<u8>,
    /// Where in the script the next line goes on, and whether it is appended, when a command asked for it.
    resume: Option<(usize, bool)>,
    /// A line was read and the script has yet to run on it, from this place.
    ready: Option<usize>,
    edited: Vec<u8>,
    substituted: bool,
    code: i32,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Sed {
        argv: argv.to_vec(),
        script: Arc::default(),
        input: None,
        quiet: false,
        in_place: false,
        backup: String::new(),
        files: Vec::new(),
        ranges: Vec::new(),
        line: 0,
        space: String::new(),
        newline: true,
        hold: String::new(),
        after: Vec::new(),
        resume: None,
        ready: None,
        edited: Vec::new(),
        substituted: false,
        code: 0,
    })
}

/// How a pass over the script ended.
enum End {
    Print,
    Delete,
    /// `n` or `N` at this place of the script.
    NextLine(usize, bool),
    Restart,
    Quit(i32),
}

impl Sed {
    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), String> {
        let ending = |a: &String| a.strip_prefix("-i").filter(|_| !a.starts_with("--")).map(str::to_owned);
        let long = |a: &String| a.strip_prefix("--in-place=").map(str::to_owned);
        self.backup = self.argv.iter().find_map(|a| ending(a).or_else(|| long(a))).unwrap_or_default();
        let argv: Vec<String> = self
            .argv
            .iter()
            .map(|a| {
                if a.starts_with("-i") && a.len() > 2 && !a.starts_with("--") {
                    "-i".to_string()
                } else {
                    a.clone()
                }
            })
            .collect();
        let mut args = Args::parse(sys, &argv, "nEre:f:isuz")?;
        let mut texts: Vec<String> = args.values('e').map(String::from).collect();
        if let Some(file) = args.value('f') {
            let path = sys.path(file);
            let bytes = sys.fs().read(&path).map_err(|e| format!("sed: {file}: {e}\n"))?;
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        if texts.is_empty() {
            if args.rest.is_empty() {
                return Err(
                    "Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...\n".into()
                );
            }
            texts.push(args.rest.remove(0));
        }
        self.quiet = args.has('n') || args.long("quiet");
        self.in_place = args.has('i') || args.long("in-place");
        let text = texts.join("\n");
        if text.starts_with("#n\n") {
            self.quiet = true;
        }
        let mut parser = Parser {
            src: text.chars().collect(),
            at: 0,
            extended: args.has('E') || args.has('r'),
            last: None,
        };
        let script = parser.parse().map_err(|e| {
            if sys.gnu() {
                format!("sed: -e expression #1, char {}: {e}\n", parser.at)
            } else {
                format!("sed: {}\n", e.replace(['`', '\''], ""))
            }
        })?;
        self.ranges = vec![None; script.len()];
        self.script = Arc::new(script);
        self.files = args.rest.clone();
        self.input = Some(Input::new(&args.rest));
        Ok(())
    }

    fn emit(&mut self, sys: &mut Sys<'_>, text: &str, newline: bool) {
        let mut bytes = text.as_bytes().to_vec();
        if newline {
            bytes.push(b'\n');
        }
        if self.in_place { self.edited.extend(bytes) } else { sys.out(bytes) }
    }

    fn is(&self, address: &Address, last: bool) -> bool {
        match address {
            Address::Line(n) => self.line == *n,
            Address::Step(first, step) => {
                if *step == 0 {
                    self.line == *first
                } else {
                    self.line >= *first && (self.line - first).is_multiple_of(*step)
                }
            }
            Address::Last => last,
            Address::Match(regex) => regex.is_match(&self.space),
            Address::Plus(_) => false,
        }
    }

    fn applies(&mut self, i: usize, last: bool) -> bool {
        let script = self.script.clone();
        let command = &script[i];
        let hit = match (&command.from, &command.to) {
            (None, _) => true,
            (Some(from), None) => self.is(from, last),
            (Some(from), Some(to)) => match self.ranges[i] {
                Some(end) => {
                    let done = match to {
                        Address::Line(n) => self.line >= *n,
                        Address::Plus(_) => self.line >= end,
                        to => self.is(to, last),
                    };
                    if done {
                        self.ranges[i] = None;
                    }
                    !matches!(to, Address::Line(n) if self.line > *n)
                }
                None if self.is(from, last) || matches!(from, Address::Line(0)) && self.line == 1 => {
                    match to {
                        Address::Line(n) if *n <= self.line => {}
                        Address::Plus(0) => {}
                        Address::Plus(n) => self.ranges[i] = Some(self.line + n),
                        _ => self.ranges[i] = Some(u64::MAX),
                    }
                    true
                }
                None => false,
            },
        };
        hit != command.not
    }

    fn cycle(&mut self, sys: &mut Sys<'_>, from: usize, last: bool) -> End {
        let script = self.script.clone();
        let mut i = from;
        let mut steps = 0;
        while i < script.len() {
            steps += 1;
            if steps > CYCLE_MAX || self.space.len() > SPACE_MAX {
                sys.err("sed: script does not end\n");
                return End::Quit(-5);
            }
            if !self.applies(i, last) {
                i = match script[i].action {
                    Action::Open(end) => end + 1,
                    _ => i + 1,
                };
                continue;
            }
            match &script[i].action {
                Action::Open(_) | Action::Close | Action::Label => {}
                Action::Substitute { regex, with, global, nth, print } => {
                    sys.charge((self.space.len() >> 8) as u32);
                    if let Some(text) = substitute(&self.space, regex, with, *global, *nth) {
                        self.space = text;
                        self.substituted = true;
                        if *print {
                            let text = self.space.clone();
                            self.emit(sys, &text, true);
                        }
                    }
                }
                Action::Translate(from, to) => {
                    self.space = self
                        .space
                        .chars()
                        .map(|c| from.iter().position(|f| *f == c).map_or(c, |i| to[i]))
                        .collect();
                }
                Action::Text('i', text) => {
                    let text = text.clone();
                    self.emit(sys, &text, false);
                }
                Action::Text('a', text) => self.after.extend(text.as_bytes()),
                Action::Text(_, text) => {
                    let in_range = script[i].to.is_some() && self.ranges[i].is_some();
                    if !in_range {
                        let text = text.clone();
                        self.emit(sys, &text, false);
                    }
                    return End::Delete;
                }
                Action::Read(file) if !file.is_empty() => {
                    let path = sys.path(file);
                    if let Ok(bytes) = sys.fs().read(&path) {
                        self.after.extend(bytes);
                    }
                }
                Action::Read(_) => {}
                Action::Quit(code) => return End::Quit(*code),
                Action::Jump(kind, target) => {
                    let go = match kind {
                        'b' => true,
                        't' => std::mem::take(&mut self.substituted),
                        _ => !std::mem::take(&mut self.substituted),
                    };
                    if go {
                        match target {
                            Some(t) => {
                                i = *t;
                                continue;
                            }
                            None => return End::Print,
                        }
                    }
                }
                Action::Plain(c) => match c {
                    'd' => return End::Delete,
                    'D' => match self.space.split_once('\n') {
                        Some((_, rest)) => {
                            self.space = rest.to_string();
                            return End::Restart;
                        }
                        None => return End::Delete,
                    },
                    'p' => {
                        let text = self.space.clone();
                        self.emit(sys, &text, true);
                    }
                    'P' => {
                        let text = self.space.split('\n').next().unwrap_or_default().to_string();
                        self.emit(sys, &text, true);
                    }
                    'l' => {
                        let text = format!(
                            "{}$",
                            self.space.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n")
                        );
                        self.emit(sys, &text, true);
                    }
                    '=' => {
                        let text = self.line.to_string();
                        self.emit(sys, &text, true);
                    }
                    'h' => self.hold.clone_from(&self.space),
                    'H' => {
                        self.hold.push('\n');
                        self.hold.push_str(&self.space);
                    }
                    'g' => self.space.clone_from(&self.hold),
                    'G' => {
                        self.space.push('\n');
                        self.space.push_str(&self.hold);
                    }
                    'x' => std::mem::swap(&mut self.space, &mut self.hold),
                    'n' | 'N' => {
                        if last {
                            return End::Quit(0);
                        }
                        return End::NextLine(i + 1, *c == 'N');
                    }
                    _ => {}
                },
            }
            i += 1;
        }
        End::Print
    }

    /// Runs the script on the line that was read. `$` needs to know whether another one follows.
    fn run_line(&mut self, sys: &mut Sys<'_>, from: usize) -> Turn {
        let Some(input) = &mut self.input else { return Turn::Exit(1) };
        let last = match input.at_end(sys) {
            Ok(last) => last,
            Err(wait) => return wait,
        };
        self.ready = None;
        let name = input.name.clone();
        match self.cycle(sys, from, last) {
            End::Print => self.finish_line(sys, true),
            End::Delete => self.finish_line(sys, false),
            End::Restart => {
                self.finish_line(sys, false);
                self.ready = Some(0);
            }
            End::NextLine(at, append) => {
                if !append {
                    self.finish_line(sys, true);
                }
                self.resume = Some((at, append));
            }
            End::Quit(code) => {
                self.finish_line(sys, code >= 0);
                self.save(sys, &name);
                return Turn::Exit(if code >= 0 { code } else { -1 - code });
            }
        }
        Turn::More
    }

    fn finish_line(&mut self, sys: &mut Sys<'_>, print: bool) {
        if print && !self.quiet {
            let (text, newline) = (self.space.clone(), self.newline);
            self.emit(sys, &text, newline);
        }
        let after = std::mem::take(&mut self.after);
        if self.in_place { self.edited.extend(after) } else { sys.out(after) }
    }

    fn save(&mut self, sys: &mut Sys<'_>, name: &str) {
        if self.in_place && name != "-" {
            let path = sys.path(name);
            if !self.backup.is_empty() {
                let kept = format!("{path}{}", self.backup);
                let _ = sys.fs().copy(&path, &kept, true);
            }
            let data = std::mem::take(&mut self.edited);
            if let Err(e) = sys.fs().write(&path, &data) {
                sys.err(&if sys.gnu() {
                    format!("sed: couldn't edit {name}: {e}\n")
                } else {
                    format!("sed: can't create '{name}': {e}\n")
                });
                self.code = 4;
            }
        }
    }
}

impl Program for Sed {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        if self.input.is_none() {
            return match self.begin(sys) {
                Ok(()) => Turn::More,
                Err(text) => Turn::Exit(super::usage(sys, &text)),
            };
        }
        if let Some(from) = self.ready {
            return self.run_line(sys, from);
        }
        let Some(input) = &mut self.input else { return Turn::Exit(1) };
        let (next, name) = (input.line(sys), input.name.clone());
        match next {
            Next::Line(bytes, newline) => {
                sys.charge(1 + (bytes.len() >> 6) as u32);
                // `$` needs to know whether another line follows.
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let pending = self.resume.take();
                self.line += 1;
                self.newline = newline;
                let from = match pending {
                    Some((at, true)) => {
                        self.space.push('\n');
                        self.space.push_str(&text);
                        at
                    }
                    Some((at, false)) => {
                        self.space = text;
                        at
                    }
                    None => {
                        self.space = text;
                        self.substituted = false;
                        0
                    }
                };
                self.ready = Some(from);
            }
            Next::FileEnd => self.save(sys, &name),
            Next::End => return Turn::Exit(self.code),
            Next::Wait(turn) => return turn,
            Next::Piece(_) => {}
            Next::Failed(name, e) => {
                sys.err(&if sys.gnu() {
                    format!("sed: can't read {name}: {e}\n")
                } else {
                    format!("sed: {name}: {e}\n")
                });
                self.code = if sys.gnu() { 2 } else { 1 };
            }
        }
        Turn::More
    }
}

/// One text with a pattern replaced, as the `s` command does; `None`: it does not occur.
pub(super) fn replaced(text: &str, pattern: &str, with: &str, global: bool) -> Option<String> {
    let regex = Regex::new(pattern, false, false).ok()?;
    substitute(text, &regex, &parse::pieces(with), global, 1)
}
