//! `sed`: s, d, p, q, a, i, c, y, n, N, D, P, h, H, g, G, x, b, t, r, w to standard output, `=`; addresses; `-n -i -E -e -f`.

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

struct Parser {
    src: Vec<char>,
    at: usize,
    extended: bool,
    last: Option<Regex>,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.src.get(self.at).copied()
    }

    fn skip(&mut self, set: &str) {
        while self.peek().is_some_and(|c| set.contains(c)) {
            self.at += 1;
        }
    }

    fn number(&mut self) -> Option<u64> {
        let begin = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        self.src[begin..self.at].iter().collect::<String>().parse().ok()
    }

    /// Text up to `end`; `\end` stands for it, `\n` for a newline.
    fn until(&mut self, end: char, what: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut in_set = false;
        loop {
            let Some(c) = self.peek() else { return Err(format!("unterminated {what}")) };
            self.at += 1;
            if c == '\\' {
                match self.peek() {
                    Some(e) if e == end => out.push(end),
                    Some('\n') if what.contains("s'") => out.push_str("\\\n"),
                    Some(e) => out.extend(['\\', e]),
                    None => return Err(format!("unterminated {what}")),
                }
                self.at += 1;
                continue;
            }
            if c == '[' && !in_set && what.contains("regex") {
                in_set = true;
                out.push(c);
                if self.peek() == Some('^') {
                    out.push('^');
                    self.at += 1;
                }
                if self.peek() == Some(']') {
                    out.push(']');
                    self.at += 1;
                }
                continue;
            }
            if in_set && c == ']' {
                in_set = false;
            }
            if c == end && !in_set {
                return Ok(out);
            }
            out.push(c);
        }
    }

    fn regex(&mut self, text: &str, fold: bool) -> Result<Regex, String> {
        if text.is_empty() {
            return self.last.clone().ok_or_else(|| "no previous regexp".into());
        }
        let regex = Regex::new(text, self.extended, fold)?;
        self.last = Some(regex.clone());
        Ok(regex)
    }

    fn address(&mut self) -> Result<Option<Address>, String> {
        Ok(Some(match self.peek() {
            Some(c) if c.is_ascii_digit() => {
                let n = self.number().unwrap_or(0);
                if self.peek() == Some('~') {
                    self.at += 1;
                    Address::Step(n, self.number().unwrap_or(0))
                } else {
                    Address::Line(n)
                }
            }
            Some('$') => {
                self.at += 1;
                Address::Last
            }
            Some('+') => {
                self.at += 1;
                Address::Plus(self.number().unwrap_or(0))
            }
            Some(c @ ('/' | '\\')) => {
                self.at += 1;
                let end = if c == '\\' {
                    self.at += 1;
                    self.src.get(self.at - 1).copied().ok_or("unexpected end")?
                } else {
                    '/'
                };
                let text = self.until(end, "address regex")?;
                let fold = self.peek() == Some('I');
                self.at += usize::from(fold);
                Address::Match(self.regex(&text, fold)?)
            }
            _ => return Ok(None),
        }))
    }

    fn parse(&mut self) -> Result<Vec<Command>, String> {
        let mut out: Vec<Command> = Vec::new();
        let mut open = Vec::new();
        let mut labels: Vec<(String, usize)> = Vec::new();
        let mut jumps: Vec<(usize, String)> = Vec::new();
        loop {
            self.skip(" \t\n;");
            if self.peek().is_none() {
                break;
            }
            if self.peek() == Some('#') {
                while self.peek().is_some_and(|c| c != '\n') {
                    self.at += 1;
                }
                continue;
            }
            let from = self.address()?;
            let mut to = None;
            self.skip(" \t");
            if from.is_some() && self.peek() == Some(',') {
                self.at += 1;
                self.skip(" \t");
                to = Some(self.address()?.ok_or("unexpected `,'")?);
            }
            self.skip(" \t");
            let not = self.peek() == Some('!');
            if not {
                self.at += 1;
                self.skip(" \t!");
            }
            let c = self.peek().ok_or("missing command")?;
            self.at += 1;
            let action = match c {
                '{' => {
                    open.push(out.len());
                    Action::Open(0)
                }
                '}' => {
                    let at = open.pop().ok_or("unexpected `}'")?;
                    let end = out.len();
                    out[at].action = Action::Open(end);
                    Action::Close
                }
                's' => self.substitute()?,
                'y' => {
                    let end = self.peek().ok_or("unterminated `y' command")?;
                    self.at += 1;
                    let from = self.until(end, "`y' command")?.replace("\\n", "\n").replace("\\\\", "\\");
                    let to = self.until(end, "`y' command")?.replace("\\n", "\n").replace("\\\\", "\\");
                    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
                    if from.len() != to.len() {
                        return Err("strings for `y' command are different lengths".into());
                    }
                    Action::Translate(from, to)
                }
                'a' | 'i' | 'c' => {
                    self.skip(" \t");
                    if self.peek() == Some('\\') {
                        self.at += 1;
                        self.skip(" \t");
                        if self.peek() == Some('\n') {
                            self.at += 1;
                        }
                    }
                    let mut text = String::new();
                    while let Some(c) = self.peek() {
                        self.at += 1;
                        match c {
                            '\\' => {
                                text.extend(self.peek());
                                self.at += 1;
                            }
                            '\n' => break,
                            c => text.push(c),
                        }
                    }
                    text.push('\n');
                    Action::Text(c, text)
                }
                ':' | 'b' | 't' | 'T' | 'r' | 'w' => {
                    self.skip(" \t");
                    let begin = self.at;
                    let stop = if matches!(c, 'r' | 'w') { "\n" } else { "\n; }" };
                    while self.peek().is_some_and(|c| !stop.contains(c)) {
                        self.at += 1;
                    }
                    let name: String = self.src[begin..self.at].iter().collect();
                    match c {
                        ':' => {
                            labels.push((name, out.len()));
                            Action::Label
                        }
                        'r' | 'w' => Action::Read(if c == 'r' { name } else { String::new() }),
                        c => {
                            if !name.is_empty() {
                                jumps.push((out.len(), name));
                            }
                            Action::Jump(c, None)
                        }
                    }
                }
                'q' | 'Q' => {
                    self.skip(" \t");
                    let code = self.number().unwrap_or(0) as i32;
                    if c == 'q' { Action::Quit(code) } else { Action::Quit(-1 - code) }
                }
                'd' | 'D' | 'p' | 'P' | 'n' | 'N' | 'h' | 'H' | 'g' | 'G' | 'x' | '=' | 'l' => {
                    Action::Plain(c)
                }
                c => return Err(format!("unknown command: `{c}'")),
            };
            if !matches!(action, Action::Open(_) | Action::Close | Action::Label) {
                self.skip(" \t");
                if self.peek().is_some_and(|c| !";\n}#".contains(c)) && !matches!(action, Action::Text(..)) {
                    return Err("extra characters after command".into());
                }
            }
            out.push(Command { from, to, not, action });
        }
        if !open.is_empty() {
            return Err("unmatched `{'".into());
        }
        for (at, name) in jumps {
            let target = labels.iter().find(|(n, _)| *n == name).map(|(_, i)| *i);
            let target = target.ok_or_else(|| format!("can't find label for jump to `{name}'"))?;
            if let Action::Jump(c, _) = out[at].action {
                out[at].action = Action::Jump(c, Some(target));
            }
        }
        Ok(out)
    }

    fn substitute(&mut self) -> Result<Action, String> {
        let end = self.peek().ok_or("unterminated `s' command")?;
        self.at += 1;
        let text =
            self.until(end, "`s' command regex").map_err(|_| "unterminated `s' command".to_string())?;
        let with = self.until(end, "`s' command").map_err(|_| "unterminated `s' command".to_string())?;
        let (mut global, mut print, mut fold, mut nth) = (false, false, false, 1);
        loop {
            match self.peek() {
                Some('g') => global = true,
                Some('p') => print = true,
                Some('i' | 'I') => fold = true,
                Some('e' | 'm' | 'M') => {}
                Some(c) if c.is_ascii_digit() => {
                    nth = self.number().unwrap_or(1).max(1) as usize;
                    continue;
                }
                Some(c) if !" \t;\n}#".contains(c) => return Err("unknown option to `s'".into()),
                _ => break,
            }
            self.at += 1;
        }
        let regex = self.regex(&text, fold)?;
        Ok(Action::Substitute { regex, with: pieces(&with), global, nth, print })
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut lit = String::new();
    let mut chars = text.chars();
    let flush = |lit: &mut String, out: &mut Vec<Piece>| {
        if !lit.is_empty() {
            out.push(Piece::Text(std::mem::take(lit)));
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '&' => {
                flush(&mut lit, &mut out);
                out.push(Piece::Group(0));
            }
            '\\' => match chars.next() {
                Some(d) if d.is_ascii_digit() => {
                    flush(&mut lit, &mut out);
                    out.push(Piece::Group(d.to_digit(10).unwrap_or(0) as usize));
                }
                Some('n') => lit.push('\n'),
                Some('t') => lit.push('\t'),
                Some(c @ ('U' | 'L' | 'E' | 'u' | 'l')) => {
                    flush(&mut lit, &mut out);
                    out.push(Piece::Case(c));
                }
                Some(c) => lit.push(c),
                None => lit.push('\\'),
            },
            c => lit.push(c),
        }
    }
    flush(&mut lit, &mut out);
    out
}

/// Replaces matches; `None` when there was none to replace.
fn substitute(text: &str, regex: &Regex, with: &[Piece], global: bool, nth: usize) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let (mut at, mut seen, mut changed) = (0, 0, false);
    let mut last_end = None;
    while at <= chars.len() {
        let Some(groups) = regex.find_at(&chars, at) else { break };
        let Some((a, b)) = groups[0] else { break };
        if a == b && last_end == Some(a) {
            // An empty match right after another match is none.
            if a < chars.len() {
                out.push(chars[a]);
            }
            at = a + 1;
            last_end = None;
            continue;
        }
        out.extend(&chars[at..a]);
        seen += 1;
        if seen >= nth {
            changed = true;
            let mut case = 'E';
            for piece in with {
                let text: String = match piece {
                    Piece::Text(t) => t.clone(),
                    Piece::Group(n) => groups
                        .get(*n)
                        .copied()
                        .flatten()
                        .map(|(x, y)| chars[x..y].iter().collect())
                        .unwrap_or_default(),
                    Piece::Case(c) => {
                        case = *c;
                        continue;
                    }
                };
                match case {
                    'U' => out.push_str(&text.to_uppercase()),
                    'L' => out.push_str(&text.to_lowercase()),
                    'u' | 'l' => {
                        let mut rest = text.chars();
                        if let Some(c) = rest.next() {
                            if case == 'u' {
                                out.extend(c.to_uppercase())
                            } else {
                                out.extend(c.to_lowercase())
                            }
                        }
                        out.push_str(rest.as_str());
                        case = 'E';
                    }
                    _ => out.push_str(&text),
                }
            }
        } else {
            out.extend(&chars[a..b]);
        }
        last_end = Some(b);
        if a == b {
            if b < chars.len() {
                out.push(chars[b]);
            }
            at = b + 1;
            last_end = None;
        } else {
            at = b;
        }
        if (changed && !global) || out.len() > SPACE_MAX {
            break;
        }
    }
    if !changed {
        return None;
    }
    out.extend(chars.get(at..).unwrap_or_default());
    Some(out)
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
