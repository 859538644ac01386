//! A sed script taken apart into commands.

use super::{Action, Address, Command, Piece};
use crate::regex::Regex;

pub(super) struct Parser {
    pub(super) src: Vec<char>,
    pub(super) at: usize,
    pub(super) extended: bool,
    pub(super) last: Option<Regex>,
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

    pub(super) fn regex(&mut self, text: &str, fold: bool) -> Result<Regex, String> {
        if text.is_empty() {
            return self.last.clone().ok_or_else(|| "no previous regexp".into());
        }
        let regex = Regex::new(text, self.extended, fold)?;
        self.last = Some(regex.clone());
        Ok(regex)
    }

    pub(super) fn address(&mut self) -> Result<Option<Address>, String> {
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

    pub(super) fn parse(&mut self) -> Result<Vec<Command>, String> {
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
                    let from = crate::shell::unescape(&self.until(end, "`y' command")?, false).0;
                    let to = crate::shell::unescape(&self.until(end, "`y' command")?, false).0;
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

    pub(super) fn substitute(&mut self) -> Result<Action, String> {
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

pub(super) fn pieces(text: &str) -> Vec<Piece> {
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
