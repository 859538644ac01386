//! jq's text to tree.

use super::value::Json;

/// Each bracket takes three.
const DEPTH_MAX: u32 = 120;
const LINKS_MAX: u32 = 4_000;
/// Definitions lie inside one another.
const DEFINITIONS_MAX: u32 = 160;

pub(super) enum Filter {
    Dot,
    Var(String),
    Literal(Json),
    /// Pieces of text and what stands between them, by a format.
    Text(String, Vec<Filter>),
    Format(String),
    Index(Box<Filter>, Box<Filter>),
    Slice(Box<Filter>, Option<Box<Filter>>, Option<Box<Filter>>),
    Each(Box<Filter>),
    List(Option<Box<Filter>>),
    Map(Vec<(Filter, Filter)>),
    Negative(Box<Filter>),
    Pipe(Box<Filter>, Box<Filter>),
    Comma(Box<Filter>, Box<Filter>),
    Binary(&'static str, Box<Filter>, Box<Filter>),
    Assign(&'static str, Box<Filter>, Box<Filter>),
    If(Box<Filter>, Box<Filter>, Box<Filter>),
    Try(Box<Filter>, Option<Box<Filter>>),
    Reduce(Box<Filter>, String, Box<Filter>, Box<Filter>),
    Foreach(Box<Filter>, String, Box<Filter>, Box<Filter>, Option<Box<Filter>>),
    Bind(Box<Filter>, String, Box<Filter>),
    Call(String, Vec<Filter>),
    Define(Box<Definition>, Box<Filter>),
}

pub(super) struct Definition {
    pub(super) name: String,
    pub(super) params: Vec<String>,
    pub(super) body: Filter,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Op(&'static str),
    /// A word, or (`$x`, `@x`, `.x`) one with its mark.
    Name(String),
    Number(f64),
    /// A text begins: the reader stands behind its quote.
    Quote,
    End,
}

const OPS: [&str; 38] = [
    "?//=", "//=", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "//", "..", "and", "or", "|",
    ",", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", "{", "}", ":", ";", ".", "?", "$", "@",
];

pub(super) struct Parser<'a> {
    src: &'a str,
    at: usize,
    token: Token,
    depth: u32,
    definitions: u32,
    /// Operators and steps so far: a chain of them is a tree as deep as it is long.
    links: u32,
}

type Parsed<T> = Result<T, String>;

fn boxed(f: Filter) -> Box<Filter> {
    Box::new(f)
}

fn call(name: &str, args: Vec<Filter>) -> Filter {
    Filter::Call(name.into(), args)
}

/// Binary operators, loosest first; all but `//` group to the left.
const LEVELS: [&[&str]; 6] =
    [&["//"], &["or"], &["and"], &["==", "!=", "<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];
const ASSIGN: [&str; 8] = ["|=", "+=", "-=", "*=", "/=", "%=", "//=", "="];

pub(super) fn parse(src: &str) -> Parsed<Filter> {
    let mut p = Parser { src, at: 0, token: Token::End, depth: 0, definitions: 0, links: 0 };
    p.advance()?;
    if p.token == Token::End {
        return Ok(Filter::Dot);
    }
    let f = p.pipe()?;
    if p.token == Token::End { Ok(f) } else { Err(p.unexpected()) }
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.src.get(self.at..).unwrap_or_default()
    }

    fn word(&mut self) -> String {
        let rest = self.rest();
        let n = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = rest[..n].to_string();
        self.at += word.len();
        word
    }

    fn lex(&mut self) -> Parsed<Token> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            self.at += blank;
            if !self.rest().starts_with('#') {
                break;
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
        let rest = self.rest();
        let mut chars = rest.chars();
        let Some(c) = chars.next() else { return Ok(Token::End) };
        let next = chars.next().unwrap_or(' ');
        if c == '"' {
            self.at += 1;
            return Ok(Token::Quote);
        }
        let named = next.is_ascii_alphabetic() || next == '_';
        if c.is_ascii_alphabetic() || c == '_' || (".$@".contains(c) && named) {
            let mark = if c.is_ascii_alphabetic() || c == '_' { 0 } else { 1 };
            self.at += mark;
            let word = self.word();
            return Ok(match word.as_str() {
                "and" if mark == 0 => Token::Op("and"),
                "or" if mark == 0 => Token::Op("or"),
                _ if mark == 1 => Token::Name(format!("{c}{word}")),
                _ => Token::Name(word),
            });
        }
        if c.is_ascii_digit() || (c == '.' && next.is_ascii_digit()) {
            let n = rest
                .char_indices()
                .find(|(i, c)| {
                    let sign = matches!(c, '+' | '-') && rest[..*i].ends_with(['e', 'E']);
                    !c.is_ascii_digit() && !matches!(c, '.' | 'e' | 'E') && !sign
                })
                .map_or(rest.len(), |(i, _)| i);
            let number = rest[..n].parse().map_err(|_| format!("syntax error: bad number {}", &rest[..n]))?;
            self.at += n;
            return Ok(Token::Number(number));
        }
        match OPS.into_iter().find(|op| rest.starts_with(op)) {
            Some(op) => {
                self.at += op.len();
                Ok(Token::Op(op))
            }
            None => Err(format!("syntax error, unexpected INVALID_CHARACTER: {c}")),
        }
    }

    fn advance(&mut self) -> Parsed<Token> {
        let next = self.lex()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn is(&self, op: &str) -> bool {
        matches!(&self.token, Token::Op(o) if *o == op)
    }

    fn is_name(&self, name: &str) -> bool {
        matches!(&self.token, Token::Name(n) if n == name)
    }

    fn skip(&mut self, op: &str) -> Parsed<bool> {
        if !self.is(op) {
            return Ok(false);
        }
        self.advance()?;
        Ok(true)
    }

    fn unexpected(&self) -> String {
        match &self.token {
            Token::End => "syntax error, unexpected end of file".into(),
            Token::Op(o) => format!("syntax error, unexpected '{o}'"),
            Token::Name(n) => format!("syntax error, unexpected IDENT {n}"),
            _ => "syntax error".into(),
        }
    }

    fn expect(&mut self, op: &str) -> Parsed<()> {
        if self.skip(op)? { Ok(()) } else { Err(self.unexpected()) }
    }

    fn keyword(&mut self, name: &str) -> Parsed<()> {
        if self.is_name(name) {
            self.advance()?;
            return Ok(());
        }
        Err(self.unexpected())
    }

    fn variable(&mut self) -> Parsed<String> {
        match self.advance()? {
            Token::Name(n) if n.starts_with('$') => Ok(n[1..].to_string()),
            _ => Err(self.unexpected()),
        }
    }

    fn pipe(&mut self) -> Parsed<Filter> {
        self.deeper(Self::pipe_inner)
    }

    fn link(&mut self) -> Parsed<()> {
        self.links += 1;
        if self.links > LINKS_MAX { Err("syntax error: too long".into()) } else { Ok(()) }
    }

    /// One level further in; too deep is an error.
    fn deeper(&mut self, f: fn(&mut Self) -> Parsed<Filter>) -> Parsed<Filter> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("syntax error: nested too deep".into());
        }
        let filter = f(self)?;
        self.depth -= 1;
        Ok(filter)
    }

    fn pipe_inner(&mut self) -> Parsed<Filter> {
        if self.is_name("def") {
            self.advance()?;
            let Token::Name(name) = self.advance()? else { return Err(self.unexpected()) };
            let mut params = Vec::new();
            if self.skip("(")? {
                loop {
                    let Token::Name(param) = self.advance()? else { return Err(self.unexpected()) };
                    params.push(param);
                    if !self.skip(";")? {
                        break;
                    }
                }
                self.expect(")")?;
            }
            self.expect(":")?;
            let body = self.pipe()?;
            self.expect(";")?;
            self.definitions += 1;
            if self.definitions > DEFINITIONS_MAX {
                return Err("syntax error: too many definitions".into());
            }
            let rest = if self.token == Token::End { Filter::Dot } else { self.pipe_inner()? };
            return Ok(Filter::Define(Box::new(Definition { name, params, body }), boxed(rest)));
        }
        let mut left = self.comma()?;
        if self.is_name("as") {
            self.advance()?;
            let name = self.variable()?;
            self.expect("|")?;
            let body = self.pipe()?;
            left = Filter::Bind(boxed(left), name, boxed(body));
        } else if self.skip("|")? {
            left = Filter::Pipe(boxed(left), boxed(self.pipe()?));
        }
        Ok(left)
    }

    fn comma(&mut self) -> Parsed<Filter> {
        let mut left = self.assign()?;
        while self.skip(",")? {
            self.link()?;
            left = Filter::Comma(boxed(left), boxed(self.assign()?));
        }
        Ok(left)
    }

    fn assign(&mut self) -> Parsed<Filter> {
        let left = self.binary(0)?;
        let Some(op) = ASSIGN.into_iter().find(|op| self.is(op)) else { return Ok(left) };
        self.advance()?;
        Ok(Filter::Assign(op, boxed(left), boxed(self.binary(0)?)))
    }

    fn binary(&mut self, level: usize) -> Parsed<Filter> {
        if level == 0 { self.deeper(|p| p.binary_inner(0)) } else { self.binary_inner(level) }
    }

    fn binary_inner(&mut self, level: usize) -> Parsed<Filter> {
        let Some(ops) = LEVELS.get(level) else { return self.postfix() };
        let mut left = self.binary(level + 1)?;
        while let Some(op) = ops.iter().copied().find(|op| self.is(op)) {
            self.link()?;
            self.advance()?;
            let right = self.binary(if level == 0 { 0 } else { level + 1 })?;
            left = Filter::Binary(op, boxed(left), boxed(right));
        }
        Ok(left)
    }

    fn postfix(&mut self) -> Parsed<Filter> {
        self.deeper(Self::postfix_inner)
    }

    fn postfix_inner(&mut self) -> Parsed<Filter> {
        if self.skip("-")? {
            return Ok(Filter::Negative(boxed(self.postfix()?)));
        }
        let mut f = self.term()?;
        loop {
            self.link()?;
            if let Token::Name(n) = &self.token
                && let Some(name) = n.strip_prefix('.')
            {
                f = Filter::Index(boxed(f), boxed(Filter::Literal(Json::text(name))));
                self.advance()?;
            } else if self.is(".") {
                self.advance()?;
                if self.token == Token::Quote {
                    f = Filter::Index(boxed(f), boxed(self.string("text")?));
                } else if !self.is("[") {
                    return Err(self.unexpected());
                }
            } else if self.skip("[")? {
                f = self.bracket(f)?;
            } else if self.skip("?")? {
                f = Filter::Try(boxed(f), None);
            } else {
                return Ok(f);
            }
        }
    }

    fn bracket(&mut self, base: Filter) -> Parsed<Filter> {
        if self.skip("]")? {
            return Ok(Filter::Each(boxed(base)));
        }
        let from = if self.is(":") { None } else { Some(boxed(self.pipe()?)) };
        if self.skip(":")? {
            let to = if self.is("]") { None } else { Some(boxed(self.pipe()?)) };
            self.expect("]")?;
            return Ok(Filter::Slice(boxed(base), from, to));
        }
        self.expect("]")?;
        Ok(Filter::Index(boxed(base), from.unwrap_or_else(|| boxed(Filter::Dot))))
    }

    /// A text whose quote was just read.
    fn string(&mut self, format: &str) -> Parsed<Filter> {
        let (mut parts, mut text) = (Vec::new(), String::new());
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err("syntax error: unfinished string".into());
            };
            self.at += c.len_utf8();
            match c {
                '"' => break,
                '\\' if self.rest().starts_with('(') => {
                    self.at += 1;
                    parts.push(Filter::Literal(Json::text(&std::mem::take(&mut text))));
                    self.advance()?;
                    let inner = self.pipe()?;
                    if !self.is(")") {
                        return Err(self.unexpected());
                    }
                    parts.push(inner);
                }
                '\\' => {
                    let n = if self.rest().starts_with('u') { 5 } else { 1 };
                    let escaped = format!("\"\\{}\"", self.rest().get(..n).unwrap_or_default());
                    match (super::value::Reader { text: &escaped, at: 0 }).next() {
                        Some(Ok(Json::Text(t))) => text.push_str(&t),
                        _ => return Err("syntax error: invalid escape".into()),
                    }
                    self.at += n;
                }
                c => text.push(c),
            }
        }
        self.advance()?;
        if parts.is_empty() {
            return Ok(Filter::Literal(Json::text(&text)));
        }
        parts.push(Filter::Literal(Json::text(&text)));
        Ok(Filter::Text(format.into(), parts))
    }

    fn term(&mut self) -> Parsed<Filter> {
        match self.token.clone() {
            Token::Number(n) => {
                self.advance()?;
                Ok(Filter::Literal(Json::Number(n)))
            }
            Token::Quote => self.string("text"),
            Token::Op("..") => {
                self.advance()?;
                Ok(call("recurse", Vec::new()))
            }
            Token::Op(".") => {
                self.advance()?;
                if self.token == Token::Quote {
                    return Ok(Filter::Index(boxed(Filter::Dot), boxed(self.string("text")?)));
                }
                Ok(Filter::Dot)
            }
            Token::Op("(") => {
                self.advance()?;
                let inner = self.pipe()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Op("[") => {
                self.advance()?;
                if self.skip("]")? {
                    return Ok(Filter::List(None));
                }
                let inner = self.pipe()?;
                self.expect("]")?;
                Ok(Filter::List(Some(boxed(inner))))
            }
            Token::Op("{") => self.object(),
            Token::Name(name) => self.named(&name),
            _ => Err(self.unexpected()),
        }
    }

    fn object(&mut self) -> Parsed<Filter> {
        self.advance()?;
        let mut entries = Vec::new();
        while !self.is("}") {
            let (key, short) = match self.token.clone() {
                Token::Name(n) if n.starts_with('$') => {
                    self.advance()?;
                    (Filter::Literal(Json::text(&n[1..])), Some(Filter::Var(n[1..].into())))
                }
                Token::Name(n) => {
                    self.advance()?;
                    let key = || Filter::Literal(Json::text(&n));
                    (key(), Some(Filter::Index(boxed(Filter::Dot), boxed(key()))))
                }
                Token::Quote => (self.string("text")?, None),
                Token::Op("(") => {
                    self.advance()?;
                    let key = self.pipe()?;
                    self.expect(")")?;
                    (key, None)
                }
                _ => return Err(self.unexpected()),
            };
            let value = match short {
                _ if self.skip(":")? => {
                    let mut value = self.binary(0)?;
                    while self.skip("|")? {
                        value = Filter::Pipe(boxed(value), boxed(self.binary(0)?));
                    }
                    value
                }
                Some(short) => short,
                None => match &key {
                    Filter::Literal(k) => {
                        Filter::Index(boxed(Filter::Dot), boxed(Filter::Literal(k.clone())))
                    }
                    _ => return Err(self.unexpected()),
                },
            };
            entries.push((key, value));
            if !self.skip(",")? {
                break;
            }
        }
        self.expect("}")?;
        Ok(Filter::Map(entries))
    }

    fn otherwise(&mut self) -> Parsed<Filter> {
        let f = if self.is_name("elif") {
            return self.deeper(Self::condition);
        } else if self.is_name("else") {
            self.advance()?;
            self.pipe()?
        } else {
            Filter::Dot
        };
        self.keyword("end")?;
        Ok(f)
    }

    fn condition(&mut self) -> Parsed<Filter> {
        self.advance()?;
        let cond = self.pipe()?;
        self.keyword("then")?;
        let yes = self.pipe()?;
        Ok(Filter::If(boxed(cond), boxed(yes), boxed(self.otherwise()?)))
    }

    fn named(&mut self, name: &str) -> Parsed<Filter> {
        if let Some(field) = name.strip_prefix('.') {
            self.advance()?;
            return Ok(Filter::Index(boxed(Filter::Dot), boxed(Filter::Literal(Json::text(field)))));
        }
        if let Some(var) = name.strip_prefix('$') {
            self.advance()?;
            return Ok(Filter::Var(var.into()));
        }
        if let Some(format) = name.strip_prefix('@') {
            self.advance()?;
            if self.token == Token::Quote {
                return self.string(format);
            }
            return Ok(Filter::Format(format.into()));
        }
        match name {
            "if" => self.condition(),
            "try" => {
                self.advance()?;
                let body = self.postfix()?;
                let catch = if self.is_name("catch") {
                    self.advance()?;
                    Some(boxed(self.postfix()?))
                } else {
                    None
                };
                Ok(Filter::Try(boxed(body), catch))
            }
            "reduce" | "foreach" => {
                self.advance()?;
                let source = boxed(self.postfix()?);
                self.keyword("as")?;
                let var = self.variable()?;
                self.expect("(")?;
                let init = boxed(self.pipe()?);
                self.expect(";")?;
                let update = boxed(self.pipe()?);
                let shown = if self.skip(";")? { Some(boxed(self.pipe()?)) } else { None };
                self.expect(")")?;
                Ok(if name == "reduce" {
                    Filter::Reduce(source, var, init, update)
                } else {
                    Filter::Foreach(source, var, init, update, shown)
                })
            }
            "true" | "false" => {
                self.advance()?;
                Ok(Filter::Literal(Json::Bool(name == "true")))
            }
            "null" => {
                self.advance()?;
                Ok(Filter::Literal(Json::Null))
            }
            "then" | "elif" | "else" | "end" | "as" | "catch" => Err(self.unexpected()),
            _ => {
                self.advance()?;
                let mut args = Vec::new();
                if self.skip("(")? {
                    loop {
                        args.push(self.pipe()?);
                        if !self.skip(";")? {
                            break;
                        }
                    }
                    self.expect(")")?;
                }
                Ok(call(name, args))
            }
        }
    }
}
