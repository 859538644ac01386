//! SQL text to words, and the reader that goes along them.

use super::{Answer, Dialect, Session};

/// A word of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    /// A name in quotes, which is no keyword.
    Name(String),
    Text(String),
    Number(String),
    Mark(&'static str),
}

const MARKS: [&str; 20] = [
    "<=", ">=", "<>", "!=", "::", "||", "&&", "(", ")", ",", "=", "<", ">", "*", "+", "-", ".", "/", "%", "!",
];

/// A word and where it stands in the statement.
pub(super) type Placed = (Token, usize, usize);

pub(super) fn tokens(text: &str, dialect: Dialect) -> Option<Vec<Placed>> {
    let mut out: Vec<Placed> = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let rest = &text[at..];
        let Some(c) = rest.chars().next() else { return Some(out) };
        let begin = at;
        let token = if rest.starts_with("--") || (c == '#' && dialect == Dialect::MySql) {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |i| i + 2);
            continue;
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
                    (_, '\\') if c != '`' && dialect == Dialect::MySql => {
                        word.extend(chars.next().map(|(_, d)| if d == 'n' { '\n' } else { d }));
                    }
                    (_, d) => word.push(d),
                }
            };
            at += 1 + end + 1;
            match (c, dialect) {
                ('\'', _) | ('"', Dialect::MySql) => Token::Text(word),
                _ => Token::Name(word),
            }
        } else if c.is_ascii_digit() {
            at += rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
            Token::Number(text[begin..at].into())
        } else if c.is_alphabetic() || c == '_' || c == '@' {
            at += rest.find(|c: char| !(c.is_alphanumeric() || "_@$".contains(c))).unwrap_or(rest.len());
            Token::Word(text[begin..at].into())
        } else {
            let mark = MARKS.into_iter().find(|m| rest.starts_with(m))?;
            at += mark.len();
            Token::Mark(mark)
        };
        out.push((token, begin, at));
    }
}

/// What a statement ends with when its rows are wanted one value a line.
pub(crate) const VERTICAL: &str = "\u{1}G";

/// The first statement up to its semicolon (or `\G`) outside of quotes and comments, and where it ends in the text.
pub(crate) fn first(text: &str) -> Option<(String, usize)> {
    let (mut one, mut quote) = (String::new(), None);
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        match (quote, c) {
            (None, ';') => return Some((one, i + 1)),
            (None, '\\') if matches!(chars.peek(), Some((_, 'G' | 'g'))) => {
                if let Some((_, 'G')) = chars.next() {
                    one.push_str(VERTICAL);
                }
                let semicolon = matches!(chars.peek(), Some((_, ';')));
                return Some((one, i + 2 + usize::from(semicolon)));
            }
            (None, '-') if matches!(chars.peek(), Some((_, '-'))) => {
                while chars.next_if(|c| c.1 != '\n').is_some() {}
            }
            (None, '\'' | '"' | '`') => {
                quote = Some(c);
                one.push(c);
            }
            (Some(q), c) => {
                if c == q {
                    quote = None;
                }
                one.push(c);
                if c == '\\' && q != '`' {
                    one.extend(chars.next().map(|c| c.1));
                }
            }
            (None, c) => one.push(c),
        }
    }
    None
}

/// Statements apart.
pub(crate) fn split(text: &str) -> Vec<String> {
    let (mut all, mut rest) = (Vec::new(), text.to_string() + "\n;");
    while let Some((one, end)) = first(&rest) {
        all.push(one.trim().to_string());
        rest.drain(..end);
    }
    all.push(rest.trim().trim_end_matches(';').trim().to_string());
    all.retain(|s| !s.is_empty());
    all
}

pub(super) struct Reader<'a> {
    pub(super) all: &'a [Placed],
    pub(super) at: usize,
    pub(super) text: &'a str,
    pub(super) session: &'a Session,
    /// Levels of parentheses and inner statements.
    pub(super) depth: u32,
    /// Signs between values so far: a chain of them is as deep as it is long.
    pub(super) signs: u32,
}

pub(super) type Fallible<T> = Result<T, Answer>;

impl Reader<'_> {
    pub(super) fn dialect(&self) -> Dialect {
        self.session.dialect
    }

    pub(super) fn is_mysql(&self) -> bool {
        self.session.dialect == Dialect::MySql
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.all.get(self.at).map(|t| &t.0)
    }

    /// The text of the words from one to before another.
    pub(super) fn source(&self, from: usize, to: usize) -> &str {
        match (self.all.get(from), to.checked_sub(1).and_then(|i| self.all.get(i))) {
            (Some(a), Some(b)) if a.1 <= b.2 => &self.text[a.1..b.2],
            _ => "",
        }
    }

    pub(super) fn wrong(&self) -> Answer {
        let near = self.all.get(self.at);
        match self.dialect() {
            Dialect::MySql => {
                let from = near.map_or("", |t| &self.text[t.1..]);
                let line = 1 + near.map_or(0, |t| self.text[..t.1].matches('\n').count());
                let (product, from) = (&self.session.product, from.chars().take(80).collect::<String>());
                Answer::Failed(
                    "1064 (42000)".into(),
                    format!(
                        "You have an error in your SQL syntax; check the manual that corresponds to your {product} server version for the right syntax to use near '{from}' at line {line}"
                    ),
                )
            }
            Dialect::Postgres => Answer::Failed(
                String::new(),
                match near {
                    None => "syntax error at end of input".into(),
                    Some(t) => format!("syntax error at or near \"{}\"", &self.text[t.1..t.2]),
                },
            ),
        }
    }

    pub(super) fn is(&mut self, word: &str) -> bool {
        let hit = match self.peek() {
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

    /// Whether these words come next; they stay.
    pub(super) fn comes(&mut self, words: &[&str]) -> bool {
        let from = self.at;
        let hit = self.are(words);
        self.at = from;
        hit
    }

    pub(super) fn one_of<'w>(&mut self, words: &[&'w str]) -> Option<&'w str> {
        words.iter().copied().find(|w| self.is(w))
    }

    pub(super) fn need(&mut self, word: &str) -> Fallible<()> {
        if self.is(word) { Ok(()) } else { Err(self.wrong()) }
    }

    /// One name, as the server writes it.
    pub(super) fn name(&mut self) -> Fallible<String> {
        let postgres = !self.is_mysql();
        let name = match self.peek() {
            Some(Token::Word(w)) if postgres => w.to_lowercase(),
            Some(Token::Word(w) | Token::Name(w)) => w.clone(),
            _ => return Err(self.wrong()),
        };
        self.at += 1;
        Ok(name)
    }

    /// A name that may have its database before it.
    pub(super) fn path(&mut self) -> Fallible<(Option<String>, String)> {
        let first = self.name()?;
        if self.is(".") { Ok((Some(first), self.name()?)) } else { Ok((None, first)) }
    }

    /// `'name'@'host'`, a name or a text: the name.
    pub(super) fn account(&mut self) -> Fallible<String> {
        let name = match self.peek() {
            Some(Token::Text(t) | Token::Name(t)) => t.clone(),
            Some(Token::Word(w)) => w.split('@').next().unwrap_or_default().to_string(),
            _ => return Err(self.wrong()),
        };
        self.at += 1;
        if matches!(self.peek(), Some(Token::Word(w)) if w.starts_with('@')) {
            let bare = matches!(self.peek(), Some(Token::Word(w)) if w == "@");
            self.at += 1;
            self.at += usize::from(bare && matches!(self.peek(), Some(Token::Text(_) | Token::Name(_))));
        }
        Ok(name)
    }

    pub(super) fn end(&self) -> Fallible<()> {
        if self.at == self.all.len() { Ok(()) } else { Err(self.wrong()) }
    }

    /// Goes over a `(..)` if one comes.
    pub(super) fn skip_parentheses(&mut self) {
        if !self.is("(") {
            return;
        }
        let mut depth = 1;
        while depth > 0 && self.at < self.all.len() {
            match self.peek() {
                Some(Token::Mark("(")) => depth += 1,
                Some(Token::Mark(")")) => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }

    pub(super) fn sign(&mut self) -> Fallible<()> {
        self.signs += 1;
        if self.signs > 400 { Err(self.wrong()) } else { Ok(()) }
    }

    pub(super) fn enter(&mut self) -> Fallible<()> {
        self.depth += 1;
        if self.depth > 24 { Err(self.wrong()) } else { Ok(()) }
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
