//! awk text to tree.

use crate::regex::Regex;

const DEPTH_MAX: u32 = 60;
const LINKS_MAX: u32 = 400;
/// The level of joining texts among the binary operators.
const CONCAT: usize = 5;

pub(super) struct Script {
    pub(super) rules: Vec<Rule>,
    pub(super) functions: Vec<Function>,
}

pub(super) struct Function {
    pub(super) name: String,
    pub(super) params: Vec<String>,
    pub(super) body: Vec<Stmt>,
}

pub(super) struct Rule {
    pub(super) pattern: Pattern,
    /// `None`: print the record.
    pub(super) body: Option<Vec<Stmt>>,
}

pub(super) enum Pattern {
    Begin,
    End,
    Always,
    Expr(Expr),
    Range(Expr, Expr),
}

pub(super) enum Stmt {
    Expr(Expr),
    Print(Vec<Expr>, Option<Target>),
    Printf(Vec<Expr>, Option<Target>),
    If(Expr, Box<Stmt>, Option<Box<Stmt>>),
    While(Expr, Box<Stmt>),
    Do(Box<Stmt>, Expr),
    For(Option<Box<Stmt>>, Option<Expr>, Option<Box<Stmt>>, Box<Stmt>),
    ForIn(String, String, Box<Stmt>),
    Block(Vec<Stmt>),
    Next,
    NextFile,
    Exit(Option<Expr>),
    Return(Option<Expr>),
    Break,
    Continue,
    Delete(String, Option<Vec<Expr>>),
}

/// What is printed to: `>` a file, `a` the end of a file, `|` a command.
pub(super) struct Target(pub(super) Box<Expr>, pub(super) char);

/// Where `getline` reads.
#[derive(Clone)]
pub(super) enum From<T> {
    Main,
    File(T),
    Command(T),
}

pub(super) enum Expr {
    Number(f64),
    Text(String),
    Regex(Regex, String),
    Var(String),
    Field(Box<Expr>),
    Element(String, Vec<Expr>),
    Assign(Box<Expr>, char, Box<Expr>),
    Step { target: Box<Expr>, by: f64, before: bool },
    Unary(char, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Match(Box<Expr>, bool, Box<Expr>),
    In(Vec<Expr>, String),
    Cond(Box<Expr>, Box<Expr>, Box<Expr>),
    Call(String, Vec<Expr>),
    Getline(From<Box<Expr>>, Option<Box<Expr>>),
    Group(Box<Expr>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Name(String),
    /// A name with `(` right after it.
    Call(String),
    Op(&'static str),
    Newline,
    End,
}

const OPS: [&str; 43] = [
    "**=", "&&", "||", "==", "!=", "<=", ">=", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "**", "!~",
    ">>", "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", "<", ">", "|", "?", ":",
    "~", "$", "=", "&", "@",
];

struct Parser {
    src: Vec<char>,
    at: usize,
    token: Token,
    depth: u32,
    /// Operators of the statement so far: a chain of them is a tree as deep as it is long.
    links: u32,
    no_in: bool,
    no_gt: bool,
}

type Parsed<T> = Result<T, String>;

pub(super) fn parse(text: &str) -> Parsed<Script> {
    let mut p = Parser {
        src: text.chars().collect(),
        at: 0,
        token: Token::Newline,
        depth: 0,
        links: 0,
        no_in: false,
        no_gt: false,
    };
    p.advance()?;
    let (mut rules, mut functions) = (Vec::new(), Vec::new());
    loop {
        while matches!(p.token, Token::Newline | Token::Op(";")) {
            p.advance()?;
        }
        p.links = 0;
        if p.token == Token::End {
            return Ok(Script { rules, functions });
        }
        let pattern = match &p.token {
            Token::Name(n) if n == "BEGIN" => {
                p.advance()?;
                Pattern::Begin
            }
            Token::Name(n) if n == "END" => {
                p.advance()?;
                Pattern::End
            }
            Token::Name(n) if n == "function" || n == "func" => {
                functions.push(p.function()?);
                continue;
            }
            Token::Op("{") => Pattern::Always,
            _ => {
                let from = p.expr()?;
                if p.token == Token::Op(",") {
                    p.advance()?;
                    p.newlines()?;
                    Pattern::Range(from, p.expr()?)
                } else {
                    Pattern::Expr(from)
                }
            }
        };
        let body = if p.token == Token::Op("{") { Some(p.block()?) } else { None };
        rules.push(Rule { pattern, body });
    }
}

impl Parser {
    fn lex(&mut self) -> Parsed<Token> {
        while let Some(c) = self.src.get(self.at) {
            match c {
                ' ' | '\t' | '\r' => self.at += 1,
                '\\' if self.src.get(self.at + 1) == Some(&'\n') => self.at += 2,
                '#' => {
                    while self.src.get(self.at).is_some_and(|c| *c != '\n') {
                        self.at += 1;
                    }
                }
                _ => break,
            }
        }
        let Some(c) = self.src.get(self.at).copied() else { return Ok(Token::End) };
        if c == '\n' {
            self.at += 1;
            return Ok(Token::Newline);
        }
        if c == '"' {
            let mut text = String::new();
            self.at += 1;
            loop {
                match self.src.get(self.at) {
                    Some('"') => break,
                    Some('\\') => {
                        match self.src.get(self.at + 1) {
                            Some('"') => text.push('"'),
                            Some('/') => text.push('/'),
                            Some(e) => text.push_str(&crate::shell::unescape(&format!("\\{e}"), false).0),
                            None => return Err("unterminated string".into()),
                        }
                        self.at += 2;
                        continue;
                    }
                    Some(c) => text.push(*c),
                    None => return Err("unterminated string".into()),
                }
                self.at += 1;
            }
            self.at += 1;
            return Ok(Token::Text(text));
        }
        if c.is_ascii_digit() || (c == '.' && self.src.get(self.at + 1).is_some_and(char::is_ascii_digit)) {
            let begin = self.at;
            while let Some(c) = self.src.get(self.at) {
                let exponent = matches!(c, 'e' | 'E')
                    && self.src.get(self.at + 1).is_some_and(|n| n.is_ascii_digit() || *n == '-');
                if !c.is_ascii_digit() && *c != '.' && !exponent {
                    break;
                }
                self.at += if exponent { 2 } else { 1 };
            }
            let text: String = self.src[begin..self.at].iter().collect();
            return text.parse().map(Token::Number).map_err(|_| format!("bad number {text}"));
        }
        if c.is_ascii_alphabetic() || c == '_' {
            let begin = self.at;
            while self.src.get(self.at).is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_') {
                self.at += 1;
            }
            let name: String = self.src[begin..self.at].iter().collect();
            let call = self.src.get(self.at) == Some(&'(');
            return Ok(if call { Token::Call(name) } else { Token::Name(name) });
        }
        let op = OPS
            .into_iter()
            .find(|op| op.chars().enumerate().all(|(i, c)| self.src.get(self.at + i) == Some(&c)));
        match op {
            Some(op) => {
                self.at += op.len();
                Ok(Token::Op(op))
            }
            None => Err("syntax error".into()),
        }
    }

    fn advance(&mut self) -> Parsed<Token> {
        let next = self.lex()?;
        // `if (` and its like are no calls.
        let next = match next {
            Token::Call(n) if is_keyword(&n) => Token::Name(n),
            t => t,
        };
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn newlines(&mut self) -> Parsed<()> {
        while self.token == Token::Newline {
            self.advance()?;
        }
        Ok(())
    }

    fn is(&self, op: &str) -> bool {
        matches!(&self.token, Token::Op(o) if *o == op)
    }

    fn name(&self) -> &str {
        match &self.token {
            Token::Name(n) => n,
            _ => "",
        }
    }

    fn expect(&mut self, op: &str) -> Parsed<()> {
        if self.is(op) {
            self.advance()?;
            return Ok(());
        }
        Err(match &self.token {
            Token::End => "Unexpected end of string".into(),
            _ => "Unexpected token".into(),
        })
    }

    fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err("nesting too deep".into()) } else { Ok(()) }
    }

    fn function(&mut self) -> Parsed<Function> {
        self.advance()?;
        let (Token::Name(name) | Token::Call(name)) = self.advance()? else {
            return Err("Unexpected token".into());
        };
        self.expect("(")?;
        let mut params = Vec::new();
        while !self.is(")") {
            let Token::Name(param) = self.advance()? else { return Err("Unexpected token".into()) };
            params.push(param);
            if self.is(",") {
                self.advance()?;
                self.newlines()?;
            }
        }
        self.expect(")")?;
        self.newlines()?;
        Ok(Function { name, params, body: self.block()? })
    }

    fn block(&mut self) -> Parsed<Vec<Stmt>> {
        self.expect("{")?;
        let mut out = Vec::new();
        loop {
            while matches!(self.token, Token::Newline | Token::Op(";")) {
                self.advance()?;
            }
            if self.is("}") {
                self.advance()?;
                return Ok(out);
            }
            if self.token == Token::End {
                return Err("Unexpected end of string".into());
            }
            out.push(self.stmt()?);
        }
    }

    /// A statement's end: `;`, a newline, or what closes the block.
    fn end(&mut self) -> Parsed<()> {
        match self.token {
            Token::Op(";") | Token::Newline => self.advance().map(|_| ()),
            Token::Op("}") | Token::End => Ok(()),
            _ => Err("Unexpected token".into()),
        }
    }

    fn body(&mut self) -> Parsed<Box<Stmt>> {
        self.newlines()?;
        if self.is(";") {
            self.advance()?;
            return Ok(Box::new(Stmt::Block(Vec::new())));
        }
        Ok(Box::new(self.stmt()?))
    }

    fn stmt(&mut self) -> Parsed<Stmt> {
        self.enter()?;
        let stmt = self.stmt_inner()?;
        self.depth -= 1;
        Ok(stmt)
    }

    fn stmt_inner(&mut self) -> Parsed<Stmt> {
        self.links = 0;
        if self.is("{") {
            return Ok(Stmt::Block(self.block()?));
        }
        let word = self.name().to_string();
        match word.as_str() {
            "if" => {
                self.advance()?;
                self.expect("(")?;
                let cond = self.expr()?;
                self.expect(")")?;
                let yes = self.body()?;
                let (at, token) = (self.at, self.token.clone());
                while matches!(self.token, Token::Newline | Token::Op(";")) {
                    self.advance()?;
                }
                if self.name() == "else" {
                    self.advance()?;
                    return Ok(Stmt::If(cond, yes, Some(self.body()?)));
                }
                (self.at, self.token) = (at, token);
                Ok(Stmt::If(cond, yes, None))
            }
            "while" => {
                self.advance()?;
                self.expect("(")?;
                let cond = self.expr()?;
                self.expect(")")?;
                Ok(Stmt::While(cond, self.body()?))
            }
            "do" => {
                self.advance()?;
                let body = self.body()?;
                while matches!(self.token, Token::Newline | Token::Op(";")) {
                    self.advance()?;
                }
                if self.name() != "while" {
                    return Err("Unexpected token".into());
                }
                self.advance()?;
                self.expect("(")?;
                let cond = self.expr()?;
                self.expect(")")?;
                self.end()?;
                Ok(Stmt::Do(body, cond))
            }
            "for" => self.for_stmt(),
            _ => {
                let stmt = self.simple()?;
                self.end()?;
                Ok(stmt)
            }
        }
    }

    fn for_stmt(&mut self) -> Parsed<Stmt> {
        self.advance()?;
        self.expect("(")?;
        let init = if self.is(";") {
            None
        } else {
            self.no_in = true;
            let stmt = self.simple()?;
            self.no_in = false;
            if let (Stmt::Expr(Expr::Var(name)), "in") = (&stmt, self.name()) {
                let name = name.clone();
                self.advance()?;
                let array = self.name().to_string();
                self.advance()?;
                self.expect(")")?;
                return Ok(Stmt::ForIn(name, array, self.body()?));
            }
            Some(Box::new(stmt))
        };
        self.expect(";")?;
        let cond = if self.is(";") { None } else { Some(self.expr()?) };
        self.expect(";")?;
        let step = if self.is(")") { None } else { Some(Box::new(self.simple()?)) };
        self.expect(")")?;
        Ok(Stmt::For(init, cond, step, self.body()?))
    }

    fn simple(&mut self) -> Parsed<Stmt> {
        let word = match &self.token {
            Token::Name(n) | Token::Call(n) => n.clone(),
            _ => String::new(),
        };
        let stmt = match word.as_str() {
            "print" | "printf" => {
                self.advance()?;
                self.no_gt = true;
                let mut list = self.list(&["}", ";", ">", ">>", "|"])?;
                self.no_gt = false;
                if let [Expr::Call(name, _)] = list.as_slice()
                    && name == "\u{1}list"
                    && let Some(Expr::Call(_, inner)) = list.pop()
                {
                    list = inner;
                }
                let ways = [(">", '>'), (">>", 'a'), ("|", '|')];
                let target = match ways.into_iter().find(|(op, _)| self.is(op)) {
                    Some((_, how)) => {
                        self.advance()?;
                        Some(Target(Box::new(self.binary(CONCAT)?), how))
                    }
                    None => None,
                };
                if word == "print" { Stmt::Print(list, target) } else { Stmt::Printf(list, target) }
            }
            "next" => {
                self.advance()?;
                Stmt::Next
            }
            "nextfile" => {
                self.advance()?;
                Stmt::NextFile
            }
            "break" => {
                self.advance()?;
                Stmt::Break
            }
            "continue" => {
                self.advance()?;
                Stmt::Continue
            }
            "exit" => {
                self.advance()?;
                let none = matches!(self.token, Token::Newline | Token::End | Token::Op(";" | "}"));
                Stmt::Exit(if none { None } else { Some(self.expr()?) })
            }
            "return" => {
                self.advance()?;
                let none = matches!(self.token, Token::Newline | Token::End | Token::Op(";" | "}"));
                Stmt::Return(if none { None } else { Some(self.expr()?) })
            }
            "delete" => {
                self.advance()?;
                let name = self.name().to_string();
                self.advance()?;
                if self.is("[") {
                    self.advance()?;
                    let keys = self.list(&["]"])?;
                    self.expect("]")?;
                    Stmt::Delete(name, Some(keys))
                } else {
                    Stmt::Delete(name, None)
                }
            }
            _ => Stmt::Expr(self.expr()?),
        };
        Ok(stmt)
    }

    fn list(&mut self, stop: &[&str]) -> Parsed<Vec<Expr>> {
        let mut out = Vec::new();
        if matches!(self.token, Token::Newline | Token::End) || stop.iter().any(|s| self.is(s)) {
            return Ok(out);
        }
        loop {
            out.push(self.expr()?);
            if !self.is(",") {
                return Ok(out);
            }
            self.advance()?;
            self.newlines()?;
        }
    }

    fn expr(&mut self) -> Parsed<Expr> {
        self.enter()?;
        let left = self.ternary()?;
        let ops = [
            ("=", '='),
            ("+=", '+'),
            ("-=", '-'),
            ("*=", '*'),
            ("/=", '/'),
            ("%=", '%'),
            ("^=", '^'),
            ("**=", '^'),
        ];
        let found = ops.into_iter().find(|(op, _)| self.is(op));
        let expr = match found {
            Some((_, kind)) if matches!(left, Expr::Var(_) | Expr::Field(_) | Expr::Element(..)) => {
                self.advance()?;
                self.newlines()?;
                Expr::Assign(Box::new(left), kind, Box::new(self.expr()?))
            }
            _ => left,
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn ternary(&mut self) -> Parsed<Expr> {
        let cond = self.binary(0)?;
        if !self.is("?") {
            return Ok(cond);
        }
        self.advance()?;
        self.newlines()?;
        let yes = self.expr()?;
        self.newlines()?;
        self.expect(":")?;
        self.newlines()?;
        let no = self.expr()?;
        Ok(Expr::Cond(Box::new(cond), Box::new(yes), Box::new(no)))
    }

    fn binary(&mut self, level: usize) -> Parsed<Expr> {
        const LEVELS: [&[&str]; 8] = [
            &["||"],
            &["&&"],
            &["in"],
            &["~", "!~"],
            &["<", "<=", "!=", "==", ">", ">="],
            &["concat"],
            &["+", "-"],
            &["*", "/", "%"],
        ];
        let Some(ops) = LEVELS.get(level).copied() else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        loop {
            self.links += 1;
            if self.links > LINKS_MAX * LEVELS.len() as u32 {
                return Err("expression too long".into());
            }
            if level + 1 == CONCAT && self.piped() {
                self.advance()?;
                self.advance()?;
                left = Expr::Getline(From::Command(Box::new(left)), self.target()?);
                continue;
            }
            if ops == ["in"] {
                if self.name() != "in" || self.no_in {
                    return Ok(left);
                }
                self.advance()?;
                let array = self.name().to_string();
                self.advance()?;
                let keys = match left {
                    Expr::Call(n, inner) if n == "\u{1}list" => inner,
                    other => vec![other],
                };
                left = Expr::In(keys, array);
                continue;
            }
            if ops == ["concat"] {
                let starts = match &self.token {
                    Token::Number(_) | Token::Text(_) | Token::Call(_) => true,
                    Token::Name(n) => !is_keyword(n),
                    Token::Op(o) => {
                        matches!(*o, "$" | "!" | "(" | "-" | "+" | "++" | "--") && !matches!(*o, "-" | "+")
                    }
                    _ => false,
                };
                if !starts {
                    return Ok(left);
                }
                let right = self.binary(level + 1)?;
                left = Expr::Binary("concat", Box::new(left), Box::new(right));
                continue;
            }
            let found = ops.iter().copied().find(|op| self.is(op) && !(*op == ">" && self.no_gt));
            let Some(op) = found else { return Ok(left) };
            self.advance()?;
            if matches!(op, "&&" | "||") {
                self.newlines()?;
            }
            let right = self.binary(level + 1)?;
            left = match op {
                "~" => Expr::Match(Box::new(left), true, Box::new(right)),
                "!~" => Expr::Match(Box::new(left), false, Box::new(right)),
                op => Expr::Binary(op, Box::new(left), Box::new(right)),
            };
        }
    }

    /// Whether `| getline` follows.
    fn piped(&self) -> bool {
        let next: String = self.src.iter().skip(self.at).skip_while(|c| **c == ' ').take(7).collect();
        self.is("|") && next == "getline"
    }

    /// The place that a `getline` names, if it names one.
    fn target(&mut self) -> Parsed<Option<Box<Expr>>> {
        let named = match &self.token {
            Token::Name(n) => !is_keyword(n) && n != "getline",
            other => *other == Token::Op("$"),
        };
        if named { Ok(Some(Box::new(self.primary()?))) } else { Ok(None) }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        self.enter()?;
        let expr = if self.is("!") {
            self.advance()?;
            Expr::Unary('!', Box::new(self.unary()?))
        } else if self.is("-") {
            self.advance()?;
            Expr::Unary('-', Box::new(self.unary()?))
        } else if self.is("+") {
            self.advance()?;
            Expr::Unary('+', Box::new(self.unary()?))
        } else {
            let base = self.postfix()?;
            if self.is("^") || self.is("**") {
                self.advance()?;
                Expr::Binary("^", Box::new(base), Box::new(self.unary()?))
            } else {
                base
            }
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        for (op, by) in [("++", 1.0), ("--", -1.0)] {
            if self.is(op) {
                self.advance()?;
                let target = self.primary()?;
                return Ok(Expr::Step { target: Box::new(target), by, before: true });
            }
        }
        let base = self.primary()?;
        if matches!(base, Expr::Var(_) | Expr::Field(_) | Expr::Element(..)) {
            for (op, by) in [("++", 1.0), ("--", -1.0)] {
                if self.is(op) {
                    self.advance()?;
                    return Ok(Expr::Step { target: Box::new(base), by, before: false });
                }
            }
        }
        Ok(base)
    }

    fn primary(&mut self) -> Parsed<Expr> {
        if self.is("/") || self.is("/=") {
            return self.regex();
        }
        match self.advance()? {
            Token::Number(n) => Ok(Expr::Number(n)),
            Token::Text(t) => Ok(Expr::Text(t)),
            Token::Op("$") => {
                self.enter()?;
                let inner = if self.is("++") || self.is("--") { self.postfix()? } else { self.primary()? };
                self.depth -= 1;
                Ok(Expr::Field(Box::new(inner)))
            }
            Token::Op("-") => Ok(Expr::Unary('-', Box::new(self.primary()?))),
            Token::Op("(") => {
                let (no_in, no_gt) = (std::mem::take(&mut self.no_in), std::mem::take(&mut self.no_gt));
                let mut list = self.list(&[")"])?;
                (self.no_in, self.no_gt) = (no_in, no_gt);
                self.expect(")")?;
                match list.len() {
                    1 => Ok(Expr::Group(Box::new(list.remove(0)))),
                    _ => Ok(Expr::Call("\u{1}list".into(), list)),
                }
            }
            Token::Call(name) => {
                self.expect("(")?;
                let (no_in, no_gt) = (std::mem::take(&mut self.no_in), std::mem::take(&mut self.no_gt));
                let args = self.list(&[")"])?;
                (self.no_in, self.no_gt) = (no_in, no_gt);
                self.expect(")")?;
                Ok(Expr::Call(name, args))
            }
            Token::Name(name) if name == "getline" => {
                let target = self.target()?;
                let from = if self.is("<") {
                    self.advance()?;
                    From::File(Box::new(self.postfix()?))
                } else {
                    From::Main
                };
                Ok(Expr::Getline(from, target))
            }
            Token::Name(name) if name == "length" => Ok(Expr::Call(name, Vec::new())),
            Token::Name(name) if !is_keyword(&name) => {
                if self.is("[") {
                    self.advance()?;
                    let keys = self.list(&["]"])?;
                    self.expect("]")?;
                    return Ok(Expr::Element(name, keys));
                }
                Ok(Expr::Var(name))
            }
            Token::End => Err("Unexpected end of string".into()),
            _ => Err("Unexpected token".into()),
        }
    }

    /// A regular expression: the lexer has just passed its first slash.
    fn regex(&mut self) -> Parsed<Expr> {
        let mut text = if self.is("/=") { String::from("=") } else { String::new() };
        let mut in_set = false;
        loop {
            match self.src.get(self.at) {
                Some('/') if !in_set => break,
                Some('\\') if self.src.get(self.at + 1) == Some(&'/') => {
                    text.push('/');
                    self.at += 1;
                }
                Some('\\') => {
                    text.push('\\');
                    self.at += 1;
                    text.extend(self.src.get(self.at));
                }
                Some('\n') | None => return Err("unterminated regexp".into()),
                Some(c) => {
                    in_set = match c {
                        '[' => true,
                        ']' => false,
                        _ => in_set,
                    };
                    text.push(*c);
                }
            }
            self.at += 1;
        }
        self.at += 1;
        self.advance()?;
        Ok(Expr::Regex(Regex::new(&text, true, false)?, text))
    }
}

fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "if" | "else"
            | "while"
            | "for"
            | "do"
            | "in"
            | "print"
            | "printf"
            | "next"
            | "nextfile"
            | "exit"
            | "break"
            | "continue"
            | "return"
            | "delete"
            | "BEGIN"
            | "END"
            | "function"
    )
}
