//! SQL text to words, and the reader of values and conditions over them.

use super::{Answer, Dialect, Table};

/// A word of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Number(String),
    Mark(&'static str),
}

const MARKS: [&str; 15] = ["<=", ">=", "<>", "!=", "::", "(", ")", ",", "=", "<", ">", "*", "+", "-", "."];

pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let (mut out, mut rest) = (Vec::new(), text);
    loop {
        rest = rest.trim_start();
        let Some(c) = rest.chars().next() else { return Some(out) };
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, r)| r);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, r)| r);
        } else if matches!(c, '\'' | '"' | '`') {
            let (mut word, mut chars) = (String::new(), rest[1..].char_indices().peekable());
            let end = loop {
                match chars.next()? {
                    (i, d) if d == c => {
                        if chars.peek().is_some_and(|(_, d)| *d == c) {
                            chars.next();
                            word.push(c);
                        } else {
                            break i;
                        }
                    }
                    (_, '\\') if c == '\'' => word.extend(chars.next().map(|(_, d)| d)),
                    (_, d) => word.push(d),
                }
            };
            out.push(if c == '\'' { Token::Text(word) } else { Token::Word(word) });
            rest = &rest[1 + end + 1..];
        } else if c.is_ascii_digit() {
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
            out.push(Token::Number(rest[..end].into()));
            rest = &rest[end..];
        } else if c.is_alphabetic() || c == '_' || c == '@' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || "_@$".contains(c))).unwrap_or(rest.len());
            out.push(Token::Word(rest[..end].into()));
            rest = &rest[end..];
        } else {
            let mark = MARKS.into_iter().find(|m| rest.starts_with(m))?;
            out.push(Token::Mark(mark));
            rest = &rest[mark.len()..];
        }
    }
}

/// Statements apart at semicolons outside of quotes.
pub(crate) fn split(text: &str) -> Vec<String> {
    let (mut all, mut one, mut quote) = (Vec::new(), String::new(), None);
    for c in text.chars() {
        match (quote, c) {
            (None, ';') => all.push(std::mem::take(&mut one)),
            (None, '\'' | '"' | '`') => {
                quote = Some(c);
                one.push(c);
            }
            (Some(q), c) => {
                if c == q {
                    quote = None;
                }
                one.push(c);
            }
            (None, c) => one.push(c),
        }
    }
    all.push(one);
    all.into_iter().map(|s| s.trim().to_string()).filter(|s| !s.is_empty()).collect()
}

pub(super) struct Reader<'a> {
    pub(super) all: &'a [Token],
    pub(super) at: usize,
    pub(super) dialect: Dialect,
    pub(super) text: &'a str,
}

pub(super) type Fallible<T> = Result<T, Answer>;

impl Reader<'_> {
    pub(super) fn wrong(&self) -> Answer {
        let near = match self.all.get(self.at) {
            Some(Token::Word(w) | Token::Text(w) | Token::Number(w)) => w.clone(),
            Some(Token::Mark(m)) => (*m).to_string(),
            None => String::new(),
        };
        match self.dialect {
            Dialect::MySql => {
                let from = self.text.find(&near).filter(|_| !near.is_empty()).map_or("", |i| &self.text[i..]);
                Answer::Failed(
                    "1064 (42000)".into(),
                    format!(
                        "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near '{from}' at line 1"
                    ),
                )
            }
            Dialect::Postgres if near.is_empty() => {
                Answer::Failed(String::new(), "syntax error at end of input".into())
            }
            Dialect::Postgres => Answer::Failed(String::new(), format!("syntax error at or near \"{near}\"")),
        }
    }

    pub(super) fn is(&mut self, word: &str) -> bool {
        let hit = match self.all.get(self.at) {
            Some(Token::Word(w)) => w.eq_ignore_ascii_case(word),
            Some(Token::Mark(m)) => *m == word,
            _ => false,
        };
        self.at += usize::from(hit);
        hit
    }

    pub(super) fn are(&mut self, words: &[&str]) -> bool {
        let from = self.at;
        if words.iter().all(|w| self.is(w)) {
            return true;
        }
        self.at = from;
        false
    }

    pub(super) fn need(&mut self, word: &str) -> Fallible<()> {
        if self.is(word) { Ok(()) } else { Err(self.wrong()) }
    }

    /// A name, a database before it left out.
    pub(super) fn name(&mut self) -> Fallible<String> {
        let Some(Token::Word(w)) = self.all.get(self.at) else { return Err(self.wrong()) };
        let mut name = w.clone();
        self.at += 1;
        if self.is(".") {
            let Some(Token::Word(w)) = self.all.get(self.at) else { return Err(self.wrong()) };
            name.clone_from(w);
            self.at += 1;
        }
        Ok(if self.dialect == Dialect::Postgres { name.to_lowercase() } else { name })
    }

    pub(super) fn end(&self) -> Fallible<()> {
        if self.at == self.all.len() { Ok(()) } else { Err(self.wrong()) }
    }

    /// A value: text, number, NULL, a function of nothing, or a column of `row`.
    pub(super) fn value(
        &mut self,
        row: Option<(&Table, &[Option<String>])>,
        now: &str,
    ) -> Fallible<Option<String>> {
        let mut left = self.operand(row, now)?;
        loop {
            let sign = match () {
                () if self.is("+") => 1.0,
                () if self.is("-") => -1.0,
                () if self.is("*") => 0.0,
                () if self.is("::") => {
                    self.name()?;
                    continue;
                }
                () => return Ok(left),
            };
            let right = self.operand(row, now)?;
            let number = |v: &Option<String>| v.as_ref().and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
            let (a, b) = (number(&left), number(&right));
            let n = if sign == 0.0 { a * b } else { a + sign * b };
            left = Some(if n.fract() == 0.0 { format!("{n:.0}") } else { n.to_string() });
        }
    }

    fn operand(&mut self, row: Option<(&Table, &[Option<String>])>, now: &str) -> Fallible<Option<String>> {
        if self.is("-") {
            return Ok(self.operand(row, now)?.map(|v| format!("-{v}")));
        }
        match self.all.get(self.at) {
            Some(Token::Text(t) | Token::Number(t)) => {
                self.at += 1;
                Ok(Some(t.clone()))
            }
            Some(Token::Word(w)) => {
                let lower = w.to_lowercase();
                let constant = match lower.as_str() {
                    "null" | "default" => Some(None),
                    "true" => Some(Some("1".to_string())),
                    "false" => Some(Some("0".to_string())),
                    "now" | "current_timestamp" | "localtime" => Some(Some(now.to_string())),
                    "version" => Some(Some(match self.dialect {
                        Dialect::MySql => "8.4.3".into(),
                        Dialect::Postgres => "PostgreSQL 17.2 on x86_64-pc-linux-gnu".into(),
                    })),
                    "user" | "current_user" | "database" | "current_database" | "uuid"
                    | "gen_random_uuid" => Some(Some(String::new())),
                    "@@version" => Some(Some("8.4.3".into())),
                    "@@hostname" => Some(Some("localhost".into())),
                    _ => None,
                };
                if let Some(c) = constant {
                    self.at += 1;
                    if self.is("(") {
                        self.need(")")?;
                    }
                    return Ok(c);
                }
                let name = self.name()?;
                let Some((table, cells)) = row else { return Err(self.unknown_column(&name)) };
                match table.column(&name) {
                    Some(i) => Ok(cells.get(i).cloned().flatten()),
                    None => Err(self.unknown_column(&name)),
                }
            }
            _ => Err(self.wrong()),
        }
    }

    pub(super) fn unknown_column(&self, name: &str) -> Answer {
        match self.dialect {
            Dialect::MySql => {
                Answer::Failed("1054 (42S22)".into(), format!("Unknown column '{name}' in 'field list'"))
            }
            Dialect::Postgres => Answer::Failed(String::new(), format!("column \"{name}\" does not exist")),
        }
    }

    /// `a = 1 AND b LIKE 'x%' OR ..`, from here to where it ends.
    pub(super) fn condition(
        &mut self,
        table: &Table,
        row: &[Option<String>],
        now: &str,
        depth: u32,
    ) -> Fallible<bool> {
        if depth > 20 {
            return Err(self.wrong());
        }
        let mut any = false;
        loop {
            let mut all = true;
            loop {
                let one = if self.is("not") {
                    !self.term(table, row, now, depth)?
                } else {
                    self.term(table, row, now, depth)?
                };
                all &= one;
                if !self.is("and") {
                    break;
                }
            }
            any |= all;
            if !self.is("or") {
                return Ok(any);
            }
        }
    }

    fn term(&mut self, table: &Table, row: &[Option<String>], now: &str, depth: u32) -> Fallible<bool> {
        if self.is("(") {
            let inner = self.condition(table, row, now, depth + 1)?;
            self.need(")")?;
            return Ok(inner);
        }
        let left = self.value(Some((table, row)), now)?;
        if self.is("is") {
            let not = self.is("not");
            self.need("null")?;
            return Ok(left.is_none() != not);
        }
        let not = self.is("not");
        if self.is("like") || self.is("ilike") {
            let pattern = self.value(Some((table, row)), now)?.unwrap_or_default();
            let hit = like(&pattern.to_lowercase(), &left.unwrap_or_default().to_lowercase());
            return Ok(hit != not);
        }
        if self.is("in") {
            self.need("(")?;
            let mut hit = false;
            loop {
                let v = self.value(Some((table, row)), now)?;
                hit |= v.is_some() && v == left;
                if !self.is(",") {
                    break;
                }
            }
            self.need(")")?;
            return Ok(hit != not);
        }
        let Some(mark) = ["<=", ">=", "<>", "!=", "=", "<", ">"].into_iter().find(|m| self.is(m)) else {
            return Ok(left.is_some_and(|v| v != "0" && !v.is_empty()));
        };
        let right = self.value(Some((table, row)), now)?;
        let (Some(a), Some(b)) = (left, right) else { return Ok(false) };
        let order = compare(Some(&a), Some(&b));
        Ok(match mark {
            "=" => order.is_eq(),
            "<" => order.is_lt(),
            ">" => order.is_gt(),
            "<=" => order.is_le(),
            ">=" => order.is_ge(),
            _ => order.is_ne(),
        })
    }
}

/// `%` and `_`, by going back over the last `%`.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut i, mut j, mut star) = (0, 0, None);
    while j < t.len() {
        if i < p.len() && p[i] == '%' {
            star = Some((i, j));
            i += 1;
        } else if i < p.len() && (p[i] == '_' || p[i] == t[j]) {
            i += 1;
            j += 1;
        } else if let Some((si, sj)) = star {
            i = si + 1;
            j = sj + 1;
            star = Some((si, sj + 1));
        } else {
            return false;
        }
    }
    p[i..].iter().all(|c| *c == '%')
}

pub(super) fn compare(a: Option<&String>, b: Option<&String>) -> std::cmp::Ordering {
    match (a, b) {
        (Some(a), Some(b)) => match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => a.total_cmp(&b),
            _ => a.to_lowercase().cmp(&b.to_lowercase()),
        },
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}
