//! POSIX basic and extended regular expressions without backtracking: time is pattern times text.
//!
//! The longest of the leftmost matches wins, as POSIX asks; groups are those of the first way to it.
//! Not modelled: back-references inside a pattern, collating elements.

use crate::glob::class;

/// Steps a counted repeat may unroll to, and so the size of any program.
const PROGRAM_MAX: usize = 20_000;
const DEPTH_MAX: usize = 100;

#[derive(Clone, Debug)]
enum Op {
    Char(char),
    Any,
    Set { not: bool, ranges: Box<[(char, char)]> },
    Split(usize, usize),
    Jump(usize),
    Save(usize),
    Start,
    End,
    WordStart,
    WordEnd,
    WordEdge,
    NotWordEdge,
    Match,
}

/// A compiled expression; cheap enough to keep in a program's state.
#[derive(Clone, Debug)]
pub struct Regex {
    ops: std::sync::Arc<[Op]>,
    groups: usize,
    fold: bool,
    /// The text every match begins with, when the pattern is plain characters only.
    literal: Option<std::sync::Arc<[char]>>,
}

/// Where groups begin and end, in characters; group 0 is the whole match.
pub type Groups = Vec<Option<(usize, usize)>>;

#[derive(Clone, Debug)]
enum Ast {
    Empty,
    Op(Op),
    Cat(Vec<Ast>),
    Alt(Vec<Ast>),
    Repeat(Box<Ast>, u32, Option<u32>),
    Group(Box<Ast>, usize),
}

struct Parser<'a> {
    chars: &'a [char],
    at: usize,
    extended: bool,
    groups: usize,
    depth: usize,
}

impl Regex {
    /// Compiles a pattern; the error is the text that `regerror` gives.
    pub fn new(pattern: &str, extended: bool, fold: bool) -> Result<Self, String> {
        let chars: Vec<char> = pattern.chars().collect();
        let mut parser = Parser { chars: &chars, at: 0, extended, groups: 0, depth: 0 };
        let ast = parser.alternatives()?;
        if parser.at < chars.len() {
            return Err(if extended { "Unmatched ) or \\)" } else { "Unmatched ( or \\(" }.into());
        }
        let mut ops = vec![Op::Save(0)];
        emit(&ast, &mut ops)?;
        ops.push(Op::Save(1));
        ops.push(Op::Match);
        let literal = match &ast {
            Ast::Cat(items) if !fold => items
                .iter()
                .map(|a| if let Ast::Op(Op::Char(c)) = a { Some(*c) } else { None })
                .collect::<Option<Vec<char>>>()
                .filter(|l| !l.is_empty())
                .map(Into::into),
            _ => None,
        };
        Ok(Self { ops: ops.into(), groups: parser.groups + 1, fold, literal })
    }

    /// A pattern that is plain text (`grep -F`).
    #[must_use]
    pub fn literal(text: &str, fold: bool) -> Self {
        let mut ops = vec![Op::Save(0)];
        ops.extend(text.chars().map(Op::Char));
        ops.extend([Op::Save(1), Op::Match]);
        let literal = (!fold && !text.is_empty()).then(|| text.chars().collect());
        Self { ops: ops.into(), groups: 1, fold, literal }
    }

    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        self.find_at(&chars, 0).is_some()
    }

    /// The leftmost longest match that begins at `from` or later.
    #[must_use]
    pub fn find_at(&self, text: &[char], from: usize) -> Option<Groups> {
        if let Some(lit) = &self.literal {
            return (from..(text.len() + 1).saturating_sub(lit.len()))
                .find(|&i| text[i..].starts_with(lit))
                .map(|i| vec![Some((i, i + lit.len()))]);
        }
        let slots = self.groups * 2;
        let mut now = Threads::new(self.ops.len());
        let mut next = Threads::new(self.ops.len());
        let mut best: Option<Vec<usize>> = None;
        for i in from..=text.len() {
            if best.is_none() {
                self.follow(&mut now, 0, i, text, vec![usize::MAX; slots]);
            }
            if now.list.is_empty() && best.is_some() {
                break;
            }
            for (pc, saved) in std::mem::take(&mut now.list) {
                let step = match &self.ops[pc] {
                    Op::Match => {
                        let longer = best
                            .as_ref()
                            .is_none_or(|b| saved[0] < b[0] || (saved[0] == b[0] && saved[1] > b[1]));
                        if longer {
                            best = Some(saved);
                        }
                        continue;
                    }
                    op => i < text.len() && self.takes(op, text[i]),
                };
                if step && best.as_ref().is_none_or(|b| saved[0] <= b[0]) {
                    self.follow(&mut next, pc + 1, i + 1, text, saved);
                }
            }
            now.clear();
            std::mem::swap(&mut now, &mut next);
        }
        best.map(|b| {
            b.chunks(2).map(|p| (p[0] != usize::MAX && p[1] != usize::MAX).then_some((p[0], p[1]))).collect()
        })
    }

    fn takes(&self, op: &Op, c: char) -> bool {
        let hit = |c: char| match op {
            Op::Char(x) => *x == c,
            Op::Any => true,
            Op::Set { not, ranges } => ranges.iter().any(|(a, b)| (*a..=*b).contains(&c)) != *not,
            _ => false,
        };
        if !self.fold {
            return hit(c);
        }
        match op {
            Op::Set { not: true, ranges } => {
                let inside = |c: char| ranges.iter().any(|(a, b)| (*a..=*b).contains(&c));
                !inside(c.to_ascii_lowercase()) && !inside(c.to_ascii_uppercase())
            }
            _ => hit(c) || hit(c.to_ascii_lowercase()) || hit(c.to_ascii_uppercase()),
        }
    }

    /// Adds a thread and all it reaches without taking a character, in order of preference.
    fn follow(&self, threads: &mut Threads, pc: usize, i: usize, text: &[char], saved: Vec<usize>) {
        let mut stack = vec![(pc, saved)];
        while let Some((pc, mut saved)) = stack.pop() {
            if threads.seen[pc] == threads.mark {
                continue;
            }
            threads.seen[pc] = threads.mark;
            let word = |j: Option<usize>| {
                j.and_then(|j| text.get(j)).is_some_and(|c| c.is_alphanumeric() || *c == '_')
            };
            let (before, after) = (word(i.checked_sub(1)), word(Some(i)));
            let pass = match &self.ops[pc] {
                Op::Jump(to) => {
                    stack.push((*to, saved));
                    continue;
                }
                Op::Split(a, b) => {
                    stack.push((*b, saved.clone()));
                    stack.push((*a, saved));
                    continue;
                }
                Op::Save(slot) => {
                    saved[*slot] = i;
                    true
                }
                Op::Start => i == 0,
                Op::End => i == text.len(),
                Op::WordStart => !before && after,
                Op::WordEnd => before && !after,
                Op::WordEdge => before != after,
                Op::NotWordEdge => before == after,
                _ => {
                    threads.list.push((pc, saved));
                    continue;
                }
            };
            if pass {
                stack.push((pc + 1, saved));
            }
        }
    }
}

struct Threads {
    list: Vec<(usize, Vec<usize>)>,
    seen: Vec<u32>,
    mark: u32,
}

impl Threads {
    fn new(n: usize) -> Self {
        Self { list: Vec::new(), seen: vec![0; n], mark: 1 }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.mark += 1;
    }
}

fn emit(ast: &Ast, ops: &mut Vec<Op>) -> Result<(), String> {
    if ops.len() > PROGRAM_MAX {
        return Err("Regular expression too big".into());
    }
    match ast {
        Ast::Empty => {}
        Ast::Op(op) => ops.push(op.clone()),
        Ast::Cat(items) => {
            for item in items {
                emit(item, ops)?;
            }
        }
        Ast::Alt(items) => {
            let mut ends = Vec::new();
            for (n, item) in items.iter().enumerate() {
                if n + 1 == items.len() {
                    emit(item, ops)?;
                } else {
                    let split = ops.len();
                    ops.push(Op::Split(split + 1, 0));
                    emit(item, ops)?;
                    ends.push(ops.len());
                    ops.push(Op::Jump(0));
                    ops[split] = Op::Split(split + 1, ops.len());
                }
            }
            let end = ops.len();
            for at in ends {
                ops[at] = Op::Jump(end);
            }
        }
        Ast::Repeat(inner, min, max) => {
            for _ in 0..*min {
                emit(inner, ops)?;
            }
            match max {
                None => {
                    let split = ops.len();
                    ops.push(Op::Split(split + 1, 0));
                    emit(inner, ops)?;
                    ops.push(Op::Jump(split));
                    ops[split] = Op::Split(split + 1, ops.len());
                }
                Some(max) => {
                    let mut splits = Vec::new();
                    for _ in *min..*max {
                        splits.push(ops.len());
                        ops.push(Op::Split(0, 0));
                        emit(inner, ops)?;
                    }
                    let end = ops.len();
                    for at in splits {
                        ops[at] = Op::Split(at + 1, end);
                    }
                }
            }
        }
        Ast::Group(inner, n) => {
            ops.push(Op::Save(n * 2));
            emit(inner, ops)?;
            ops.push(Op::Save(n * 2 + 1));
        }
    }
    Ok(())
}

impl Parser<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    /// Whether `c`, escaped in basic and bare in extended expressions, stands here.
    fn special(&self, c: char) -> bool {
        if self.extended {
            self.peek(0) == Some(c)
        } else {
            self.peek(0) == Some('\\') && self.peek(1) == Some(c)
        }
    }

    fn skip_special(&mut self) {
        self.at += if self.extended { 1 } else { 2 };
    }

    fn alternatives(&mut self) -> Result<Ast, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("Regular expression too big".into());
        }
        let mut all = vec![self.sequence()?];
        while self.special('|') {
            self.skip_special();
            all.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(if all.len() == 1 { all.remove(0) } else { Ast::Alt(all) })
    }

    fn sequence(&mut self) -> Result<Ast, String> {
        let mut items: Vec<Ast> = Vec::new();
        let begin = self.at;
        while self.at < self.chars.len() && !self.special('|') {
            if self.special(')') && (self.depth > 1 || !self.extended) {
                break;
            }
            let c = self.chars[self.at];
            let first = self.at == begin;
            let atom = match c {
                '[' => self.set()?,
                '.' => {
                    self.at += 1;
                    Ast::Op(Op::Any)
                }
                '^' if self.extended || first => {
                    self.at += 1;
                    Ast::Op(Op::Start)
                }
                '$' if self.extended || self.closes_after() => {
                    self.at += 1;
                    Ast::Op(Op::End)
                }
                '*' if first || matches!(items.last(), Some(Ast::Op(Op::Start))) => {
                    self.at += 1;
                    Ast::Op(Op::Char('*'))
                }
                _ if self.special('(') => {
                    self.skip_special();
                    self.groups += 1;
                    let n = self.groups;
                    let inner = self.alternatives()?;
                    if !self.special(')') {
                        return Err("Unmatched ( or \\(".into());
                    }
                    self.skip_special();
                    Ast::Group(Box::new(inner), n)
                }
                '\\' => self.escape()?,
                _ => {
                    self.at += 1;
                    Ast::Op(Op::Char(c))
                }
            };
            let atom = self.repeats(atom)?;
            items.push(atom);
        }
        Ok(if items.is_empty() { Ast::Empty } else { Ast::Cat(items) })
    }

    /// In a basic expression `$` is an anchor at the end of the pattern or a group.
    fn closes_after(&self) -> bool {
        match self.peek(1) {
            None => true,
            Some('\\') => matches!(self.peek(2), Some(')' | '|')),
            _ => false,
        }
    }

    fn escape(&mut self) -> Result<Ast, String> {
        let Some(c) = self.peek(1) else { return Err("Trailing backslash".into()) };
        self.at += 2;
        let set = |not: bool, ranges: &[(char, char)]| Ast::Op(Op::Set { not, ranges: ranges.into() });
        const WORD: &[(char, char)] = &[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')];
        Ok(match c {
            '<' => Ast::Op(Op::WordStart),
            '>' => Ast::Op(Op::WordEnd),
            'b' => Ast::Op(Op::WordEdge),
            'B' => Ast::Op(Op::NotWordEdge),
            'w' => set(false, WORD),
            'W' => set(true, WORD),
            's' => set(false, class("space")),
            'S' => set(true, class("space")),
            'n' => Ast::Op(Op::Char('\n')),
            't' => Ast::Op(Op::Char('\t')),
            '1'..='9' => return Err("Invalid back reference".into()),
            c => Ast::Op(Op::Char(c)),
        })
    }

    fn repeats(&mut self, mut atom: Ast) -> Result<Ast, String> {
        loop {
            let (min, max) = match self.peek(0) {
                Some('*') => {
                    self.at += 1;
                    (0, None)
                }
                _ if self.special('+') => {
                    self.skip_special();
                    (1, None)
                }
                _ if self.special('?') => {
                    self.skip_special();
                    (0, Some(1))
                }
                _ if self.special('{') => match self.interval()? {
                    Some(range) => range,
                    None => return Ok(atom),
                },
                _ => return Ok(atom),
            };
            if matches!(atom, Ast::Op(Op::Start | Op::End)) && min == 0 {
                atom = Ast::Empty;
            }
            atom = Ast::Repeat(Box::new(atom), min, max);
        }
    }

    fn interval(&mut self) -> Result<Option<(u32, Option<u32>)>, String> {
        let begin = self.at;
        self.skip_special();
        let mut text = String::new();
        while let Some(c) = self.peek(0)
            && (c.is_ascii_digit() || c == ',')
        {
            text.push(c);
            self.at += 1;
        }
        if !self.special('}') || text.is_empty() || text == "," {
            if self.extended {
                // A brace that opens no interval is itself.
                self.at = begin;
                return Ok(None);
            }
            return Err("Unmatched { or \\{".into());
        }
        self.skip_special();
        let number = |s: &str| s.parse::<u32>().ok().filter(|n| *n <= 1000);
        let bad = || "Invalid content of \\{\\}".to_string();
        let range = match text.split_once(',') {
            None => {
                let n = number(&text).ok_or_else(bad)?;
                (n, Some(n))
            }
            Some(("", b)) => (0, Some(number(b).ok_or_else(bad)?)),
            Some((a, "")) => (number(a).ok_or_else(bad)?, None),
            Some((a, b)) => (number(a).ok_or_else(bad)?, Some(number(b).ok_or_else(bad)?)),
        };
        if range.1.is_some_and(|max| max < range.0) {
            return Err(bad());
        }
        Ok(Some(range))
    }

    fn set(&mut self) -> Result<Ast, String> {
        let unmatched = || "Unmatched [, [^, [:, [., or [=".to_string();
        self.at += 1;
        let not = self.peek(0) == Some('^');
        self.at += usize::from(not);
        let first = self.at;
        let mut ranges = Vec::new();
        loop {
            let c = self.peek(0).ok_or_else(unmatched)?;
            if c == ']' && self.at > first {
                self.at += 1;
                return Ok(Ast::Op(Op::Set { not, ranges: ranges.into() }));
            }
            if c == '[' && self.peek(1) == Some(':') {
                let end = (self.at + 2..self.chars.len())
                    .find(|&j| self.chars[j] == ':' && self.chars.get(j + 1) == Some(&']'))
                    .ok_or_else(unmatched)?;
                let name: String = self.chars[self.at + 2..end].iter().collect();
                let found = class(&name);
                if found.is_empty() {
                    return Err("Invalid character class name".into());
                }
                ranges.extend_from_slice(found);
                self.at = end + 2;
                continue;
            }
            let low = match (c, self.peek(1)) {
                ('\\', Some('n')) => {
                    self.at += 1;
                    '\n'
                }
                ('\\', Some('t')) => {
                    self.at += 1;
                    '\t'
                }
                _ => c,
            };
            self.at += 1;
            match (self.peek(0), self.peek(1)) {
                (Some('-'), Some(high)) if high != ']' => {
                    if high < low {
                        return Err("Invalid range end".into());
                    }
                    ranges.push((low, high));
                    self.at += 2;
                }
                _ => ranges.push((low, low)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Regex;

    fn found(pattern: &str, extended: bool, text: &str) -> Option<String> {
        let chars: Vec<char> = text.chars().collect();
        let groups = Regex::new(pattern, extended, false).ok()?.find_at(&chars, 0)?;
        let (a, b) = groups[0]?;
        Some(chars[a..b].iter().collect())
    }

    #[test]
    fn expressions_find_the_leftmost_longest() {
        for (pattern, extended, text, want) in [
            ("b*", false, "aabb", Some("")),
            ("bb*", false, "aabb", Some("bb")),
            ("ab|abcd", true, "xabcd", Some("abcd")),
            ("a\\|b", false, "cb", Some("b")),
            ("^ +(Restart Count|Ready):", true, "   Ready: x", Some("   Ready:")),
            ("[0-9]{2,3}", true, "a12345", Some("123")),
            ("\\(a\\)\\{2\\}", false, "aaa", Some("aa")),
            ("a.c", false, "a한c", Some("a한c")),
            ("x{", true, "x{", Some("x{")),
            ("^$", true, "", Some("")),
            ("\\bfoo\\b", true, "a foo b", Some("foo")),
            ("[^[:space:]]+", true, "  hi there", Some("hi")),
            ("(a*)*b", true, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", None),
            ("*a", false, "*a", Some("*a")),
            ("a$b", false, "a$b", Some("a$b")),
            ("[]a]+", true, "x]a", Some("]a")),
        ] {
            assert_eq!(found(pattern, extended, text).as_deref(), want, "{pattern} on {text}");
        }
    }

    #[test]
    fn broken_expressions_say_why() {
        for (pattern, extended, want) in [
            ("(", true, "Unmatched ( or \\("),
            ("[a", true, "Unmatched [, [^, [:, [., or [="),
            ("a\\", true, "Trailing backslash"),
            ("a{2,1}", true, "Invalid content of \\{\\}"),
        ] {
            assert_eq!(Regex::new(pattern, extended, false).err().as_deref(), Some(want), "{pattern}");
        }
    }
}
