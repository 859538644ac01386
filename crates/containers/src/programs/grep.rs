//! `grep`, `egrep`, `fgrep`.

use std::collections::VecDeque;

use super::args::Args;
use super::input::{Input, Next};
use crate::fs::{Errno, Node};
use crate::machine::{Program, Sys, Turn};
use crate::regex::Regex;

#[derive(Clone)]
struct Grep {
    argv: Vec<String>,
    args: Args,
    input: Option<Input>,
    patterns: Vec<Regex>,
    names: bool,
    before: usize,
    after: usize,
    max: u64,
    held: VecDeque<(u64, Vec<u8>)>,
    trail: usize,
    line: u64,
    printed: u64,
    hits: u64,
    any: bool,
    code: i32,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Grep {
        argv: argv.to_vec(),
        args: Args::default(),
        input: None,
        patterns: Vec::new(),
        names: false,
        before: 0,
        after: 0,
        max: u64::MAX,
        held: VecDeque::new(),
        trail: 0,
        line: 0,
        printed: 0,
        hits: 0,
        any: false,
        code: 0,
    })
}

/// Files below a directory, in order.
fn below(sys: &mut Sys<'_>, name: &str, out: &mut Vec<String>, depth: u32) {
    let path = sys.path(name);
    match sys.fs().list(&path) {
        Ok(entries) if depth < 64 => {
            for (entry, node) in entries {
                let inner = if name == "." && depth == 0 {
                    format!("./{entry}")
                } else {
                    format!("{}/{entry}", name.trim_end_matches('/'))
                };
                match node {
                    Node::Dir(_) => below(sys, &inner, out, depth + 1),
                    Node::File(_) => out.push(inner),
                    _ => {}
                }
            }
        }
        _ => out.push(name.into()),
    }
}

impl Grep {
    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), (String, i32)> {
        let program = super::short_name(&self.argv[0]).to_string();
        // `-3` is `-C 3`.
        let argv: Vec<String> = self
            .argv
            .iter()
            .map(|a| match a.strip_prefix('-') {
                Some(d) if !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()) => format!("-C{d}"),
                _ => a.clone(),
            })
            .collect();
        let mut args =
            Args::parse(sys, &argv, "A:B:C:EFGHLPR:chie:f:lm:noqrsvwxyaIU".replace("R:", "R").as_str())
                .map_err(|e| (e, 2))?;
        let mut texts: Vec<String> = args.values('e').map(String::from).collect();
        if let Some(file) = args.value('f') {
            let path = sys.path(file);
            match sys.fs().read(&path) {
                Ok(bytes) => texts.extend(String::from_utf8_lossy(&bytes).lines().map(String::from)),
                Err(e) => return Err((format!("grep: {file}: {e}\n"), 2)),
            }
        } else if texts.is_empty() {
            if args.rest.is_empty() {
                return Err((
                    if sys.gnu() {
                        "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n".into()
                    } else {
                        "grep: missing pattern\n".into()
                    },
                    2,
                ));
            }
            texts.extend(args.rest.remove(0).split('\n').map(String::from));
        }
        let fold = args.has('i') || args.has('y') || args.long("ignore-case");
        let extended = args.has('E') || args.has('P') || program == "egrep";
        for text in &texts {
            let regex = if args.has('F') || program == "fgrep" {
                let mut escaped = String::new();
                for c in text.chars() {
                    if "\\.[]*^$".contains(c) {
                        escaped.push('\\');
                    }
                    escaped.push(c);
                }
                if args.has('w') || args.has('x') {
                    Regex::new(&wrap(&escaped, false, &args), false, fold)
                } else {
                    Ok(Regex::literal(text, fold))
                }
            } else {
                let text = if args.has('P') { text.replace("\\d", "[0-9]") } else { text.clone() };
                Regex::new(&wrap(&text, extended, &args), extended, fold)
            };
            self.patterns.push(regex.map_err(|e| {
                if sys.gnu() {
                    (format!("grep: {e}\n"), 2)
                } else {
                    (format!("grep: bad regex '{text}': {e}\n"), 2)
                }
            })?);
        }
        let number = |c: char| args.value(c).and_then(|n| n.parse::<usize>().ok());
        let around = number('C').unwrap_or(0);
        self.before = number('B').unwrap_or(around).min(10_000);
        self.after = number('A').unwrap_or(around);
        self.max = args.value('m').and_then(|n| n.parse().ok()).unwrap_or(u64::MAX);
        let recursive = args.has('r') || args.has('R');
        if recursive {
            let mut files = Vec::new();
            let roots = if args.rest.is_empty() { vec![".".to_string()] } else { args.rest.clone() };
            for root in roots {
                below(sys, &root, &mut files, 0);
            }
            if let Some(glob) = args.long_value("include") {
                let pattern = crate::glob::Pattern::new(glob);
                files.retain(|f| pattern.matches(super::short_name(f)));
            }
            if files.is_empty() {
                return Err((String::new(), 1));
            }
            args.rest = files;
        }
        self.names = (args.rest.len() > 1 || args.has('H') || recursive) && !args.has('h');
        self.input = Some(Input::new(&args.rest));
        self.args = args;
        Ok(())
    }

    fn show(&self, sys: &mut Sys<'_>, name: &str, number: u64, mark: char, text: &[u8]) {
        let mut out = String::new();
        if self.names {
            out.push_str(name);
            out.push(mark);
        }
        if self.args.has('n') {
            out.push_str(&format!("{number}{mark}"));
        }
        let mut out = out.into_bytes();
        out.extend_from_slice(text);
        out.push(b'\n');
        sys.out(out);
    }

    fn line(&mut self, sys: &mut Sys<'_>, name: &str, bytes: Vec<u8>) -> Option<Turn> {
        self.line += 1;
        let text = String::from_utf8_lossy(&bytes);
        let chars: Vec<char> = text.chars().collect();
        sys.charge(1 + (chars.len() >> 6) as u32);
        let hit = self.patterns.iter().any(|p| p.find_at(&chars, 0).is_some()) != self.args.has('v');
        if !hit {
            if self.trail > 0 {
                self.trail -= 1;
                self.printed = self.line;
                self.show(sys, name, self.line, '-', &bytes);
            } else if self.before > 0 {
                self.held.push_back((self.line, bytes));
                if self.held.len() > self.before {
                    self.held.pop_front();
                }
            }
            return None;
        }
        self.hits += 1;
        self.any = true;
        if self.args.has('q') {
            return Some(Turn::Exit(0));
        }
        let quiet = self.args.has('c') || self.args.has('l') || self.args.has('L');
        if !quiet {
            if (self.before > 0 || self.after > 0) && self.printed > 0 {
                let first = self.held.front().map_or(self.line, |(n, _)| *n);
                if first > self.printed + 1 {
                    sys.out("--\n");
                }
            }
            for (n, held) in std::mem::take(&mut self.held) {
                self.show(sys, name, n, '-', &held);
            }
            if self.args.has('o') {
                if !self.args.has('v') {
                    let mut from = 0;
                    while let Some((a, b)) = self
                        .patterns
                        .iter()
                        .filter_map(|p| p.find_at(&chars, from).and_then(|g| g[0]))
                        .min_by_key(|(a, b)| (*a, std::cmp::Reverse(*b)))
                    {
                        if b > a {
                            let part: String = chars[a..b].iter().collect();
                            self.show(sys, name, self.line, ':', part.as_bytes());
                        }
                        from = b.max(a + 1);
                        if from > chars.len() {
                            break;
                        }
                    }
                }
            } else {
                self.show(sys, name, self.line, ':', &bytes);
            }
            self.printed = self.line;
            self.trail = self.after;
        }
        let enough = self.hits >= self.max || self.args.has('l') || self.args.has('L');
        if enough {
            if let Some(input) = &mut self.input {
                input.skip_file(sys);
            }
            self.file_end(sys, name);
        }
        None
    }

    fn file_end(&mut self, sys: &mut Sys<'_>, name: &str) {
        let shown = if name == "-" { "(standard input)" } else { name };
        if self.args.has('c') {
            let prefix = if self.names { format!("{shown}:") } else { String::new() };
            sys.out(format!("{prefix}{}\n", self.hits));
        } else if (self.args.has('l') && self.hits > 0) || (self.args.has('L') && self.hits == 0) {
            sys.out(format!("{shown}\n"));
        }
        (self.line, self.printed, self.hits, self.trail) = (0, 0, 0, 0);
        self.held.clear();
    }
}

fn wrap(text: &str, extended: bool, args: &Args) -> String {
    let (open, close) = if extended { ("(", ")") } else { ("\\(", "\\)") };
    if args.has('x') {
        format!("^{open}{text}{close}$")
    } else if args.has('w') {
        format!("\\b{open}{text}{close}\\b")
    } else {
        text.into()
    }
}

impl Program for Grep {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(input) = &mut self.input else {
            return match self.begin(sys) {
                Ok(()) => Turn::More,
                Err((text, code)) => {
                    sys.err(&text);
                    Turn::Exit(code)
                }
            };
        };
        let next = input.line(sys);
        let name = if input.name == "-" { "(standard input)".to_string() } else { input.name.clone() };
        match next {
            Next::Line(line, _) => return self.line(sys, &name, line).unwrap_or(Turn::More),
            Next::FileEnd => self.file_end(sys, &name),
            Next::End => {
                let code = if self.code != 0 && !(self.any && self.args.has('q')) {
                    self.code
                } else {
                    i32::from(!self.any)
                };
                return Turn::Exit(code);
            }
            Next::Wait(turn) => return turn,
            Next::Piece(_) => {}
            Next::Failed(name, e) => {
                if !self.args.has('s') {
                    let text = if e == Errno::IsDir && !sys.gnu() {
                        format!("grep: read error: {e}\n")
                    } else {
                        format!("grep: {name}: {e}\n")
                    };
                    sys.err(&text);
                }
                self.code = if e == Errno::IsDir && sys.gnu() { self.code } else { 2 };
            }
        }
        Turn::More
    }
}
