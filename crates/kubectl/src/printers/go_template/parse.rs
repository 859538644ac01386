//! A template's text to its nodes.

use objects::Value;

use super::funcs;

#[derive(Clone, Debug)]
pub(super) enum Node {
    Text(String),
    Print(Pipeline),
    If { condition: Pipeline, then: Vec<Node>, other: Vec<Node> },
    With { subject: Pipeline, then: Vec<Node>, other: Vec<Node> },
    Range { over: Pipeline, body: Vec<Node>, other: Vec<Node> },
    Call { name: String, data: Option<Pipeline> },
    Break,
    Continue,
}

/// Commands joined by `|`, with the variables that get the outcome.
#[derive(Clone, Debug)]
pub(super) struct Pipeline {
    pub(super) variables: Vec<String>,
    /// `:=` makes the variables, `=` sets them.
    pub(super) declares: bool,
    pub(super) commands: Vec<Command>,
}

/// A function or value with its arguments.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) operands: Vec<Operand>,
    pub(super) at: At,
}

/// Where something stands in the template's text, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct At {
    pub(super) start: u32,
    pub(super) end: u32,
    /// What Go calls its position: of a chain of fields the second one.
    pub(super) point: u32,
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Literal(Value),
    Nil,
    Dot,
    Function(String),
    Variable(String),
    Inner(Box<Pipeline>),
    /// Fields behind another operand: `$x.a.b`, `(f).a`, `.a.b`.
    Chain(Box<Operand>, Vec<String>, At),
}

type Defined = Vec<(String, Vec<Node>)>;
type Parsed<T> = Result<T, String>;

const MAX_DEPTH: usize = 100;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Field(String),
    Variable(String),
    Text(String),
    Char(char),
    Number(Value),
    Symbol(&'static str),
    Space,
}

enum Piece {
    Text(String),
    /// Tokens with where they begin and end, and the line.
    Action(Vec<Spanned>, usize),
}

type Spanned = (Token, u32, u32);

struct Parser<'f> {
    /// Knows further functions.
    more: Option<&'f dyn super::Functions>,
    pieces: std::vec::IntoIter<Piece>,
    defined: Defined,
    variables: Vec<String>,
    line: usize,
}

pub(super) fn parse(text: &str, more: Option<&dyn super::Functions>) -> Parsed<(Vec<Node>, Defined)> {
    let mut p = Parser {
        more,
        pieces: pieces(text)?.into_iter(),
        defined: Vec::new(),
        variables: vec!["$".into()],
        line: 1,
    };
    let (nodes, end) = p.list(0)?;
    match end {
        None => Ok((nodes, p.defined)),
        Some(word) => p.fail(&format!("unexpected {{{{{word}}}}}")),
    }
}

/// The line, and what is wrong in it.
fn located<T>(line: usize, why: &str) -> Parsed<T> {
    Err(format!("{line}: {why}"))
}

/// Splits at `{{` and `}}`, trims where `{{-` and `-}}` say so, drops comments.
fn pieces(text: &str) -> Parsed<Vec<Piece>> {
    let mut out: Vec<Piece> = Vec::new();
    let (mut rest, mut line, mut trim) = (text, 1, false);
    loop {
        let open = rest.find("{{");
        let mut plain = open.map_or(rest, |i| &rest[..i]);
        line += plain.matches('\n').count();
        if trim {
            plain = plain.trim_start();
        }
        let Some(i) = open else {
            out.push(Piece::Text(plain.into()));
            return Ok(out);
        };
        rest = &rest[i + 2..];
        if rest.starts_with("- ") || rest.starts_with("-\n") || rest.starts_with("-\t") {
            plain = plain.trim_end();
            rest = &rest[1..];
        }
        out.push(Piece::Text(plain.into()));
        if rest.trim_start().starts_with("/*") {
            let Some(end) = rest.find("*/") else { return located(line, "unclosed comment") };
            let tail = rest[end + 2..].trim_start();
            trim = tail.starts_with("-}}");
            let Some(after) = tail.strip_prefix("-}}").or_else(|| tail.strip_prefix("}}")) else {
                return located(line, "comment ends before closing delimiter");
            };
            rest = after;
            continue;
        }
        let (tokens, used, trims) = tokens(rest, line, text.len() - rest.len())?;
        line += rest[..used].matches('\n').count();
        rest = &rest[used..];
        trim = trims;
        out.push(Piece::Action(tokens, line));
    }
}

/// The tokens up to `}}`, the bytes they took, and whether the text behind is trimmed. `base`: where `text` begins.
fn tokens(text: &str, line: usize, base: usize) -> Parsed<(Vec<Spanned>, usize, bool)> {
    let b = text.as_bytes();
    let mut out = Vec::new();
    let (mut spans, mut begun): (Vec<(u32, u32)>, usize) = (Vec::new(), 0);
    let spanned = |out: Vec<Token>, spans: Vec<(u32, u32)>| -> Vec<Spanned> {
        out.into_iter().zip(spans).map(|(token, (start, end))| (token, start, end)).collect()
    };
    let mut i = 0;
    let is_word = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c >= 0x80;
    while i < b.len() {
        let rest = &text[i..];
        if spans.len() < out.len() {
            spans.push(((base + begun) as u32, (base + i) as u32));
        }
        begun = i;
        if rest.starts_with("}}") {
            return Ok((spanned(out, spans), i + 2, false));
        }
        if let Some(after) = rest.strip_prefix("-}}").filter(|_| matches!(out.last(), Some(Token::Space))) {
            return Ok((spanned(out, spans), text.len() - after.len(), true));
        }
        let c = b[i];
        match c {
            b' ' | b'\t' | b'\n' | b'\r' => {
                i += 1;
                if out.last() != Some(&Token::Space) {
                    out.push(Token::Space);
                }
            }
            b'"' => {
                let mut end = i + 1;
                while end < b.len() && b[end] != b'"' {
                    end += if b[end] == b'\\' { 2 } else { 1 };
                }
                let Some(raw) = text.get(i..=end) else { return located(line, "unterminated quoted string") };
                out.push(Token::Text(unquote(raw)));
                i = end + 1;
            }
            b'`' => {
                let Some(end) = text[i + 1..].find('`') else {
                    return located(line, "unterminated raw quoted string");
                };
                out.push(Token::Text(text[i + 1..=i + end].to_owned()));
                i += end + 2;
            }
            b'\'' => {
                let Some(end) = text[i + 1..].find('\'') else {
                    return located(line, "unterminated character constant");
                };
                out.push(Token::Char(unquote(&text[i..=i + end + 1]).chars().next().unwrap_or(' ')));
                i += end + 2;
            }
            b'.' | b'$' => {
                let mut end = i + 1;
                while end < b.len() && is_word(b[end]) {
                    end += 1;
                }
                let name = text[i + 1..end].to_owned();
                if c == b'.' && name.starts_with(|d: char| d.is_ascii_digit()) {
                    return located(line, &format!("bad number syntax: \".{name}\""));
                }
                out.push(if c == b'.' { Token::Field(name) } else { Token::Variable(format!("${name}")) });
                i = end;
            }
            b'0'..=b'9' | b'-' | b'+' => {
                let mut end = i + 1;
                while end < b.len() && (b[end].is_ascii_alphanumeric() || matches!(b[end], b'.' | b'_')) {
                    end += 1;
                }
                let n = &text[i..end];
                let value = match n.parse::<i64>() {
                    Ok(v) => Value::Int(v),
                    Err(_) => {
                        match (n.strip_prefix("0x").map(|h| i64::from_str_radix(h, 16)), n.parse::<f64>()) {
                            (Some(Ok(v)), _) => Value::Int(v),
                            (_, Ok(f)) => Value::Float(f),
                            _ => return located(line, &format!("bad number syntax: {n:?}")),
                        }
                    }
                };
                out.push(Token::Number(value));
                i = end;
            }
            _ if is_word(c) => {
                let mut end = i + 1;
                while end < b.len() && is_word(b[end]) {
                    end += 1;
                }
                out.push(Token::Word(text[i..end].to_owned()));
                i = end;
            }
            _ => {
                let known = [":=", "=", "|", "(", ")", ","];
                let Some(symbol) = known.iter().find(|s| rest.starts_with(**s)) else {
                    let c = rest.chars().next().unwrap_or(' ');
                    return located(
                        line,
                        &format!("unrecognized character in action: {:#06X?} '{c}'", c as u32)
                            .replace("0x", "U+"),
                    );
                };
                out.push(Token::Symbol(symbol));
                i += symbol.len();
            }
        }
    }
    located(line, "unclosed action")
}

fn unquote(raw: &str) -> String {
    let mut out = String::new();
    let mut chars = raw[1..raw.len() - 1].chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('x') => {
                let hex: String = chars.by_ref().take(2).collect();
                out.push(u8::from_str_radix(&hex, 16).map_or('?', char::from));
            }
            Some('u') => {
                let hex: String = chars.by_ref().take(4).collect();
                out.push(u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32).unwrap_or('?'));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

impl Parser<'_> {
    fn fail<T>(&self, why: &str) -> Parsed<T> {
        located(self.line, why)
    }

    /// Nodes up to `end` or `else`; which of them ended the list, with the words behind `else`.
    fn list(&mut self, depth: usize) -> Parsed<(Vec<Node>, Option<String>)> {
        if depth > MAX_DEPTH {
            return self.fail("max recursion depth exceeded");
        }
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (tokens, line) = match piece {
                Piece::Text(t) => {
                    if !t.is_empty() {
                        nodes.push(Node::Text(t));
                    }
                    continue;
                }
                Piece::Action(tokens, line) => (tokens, line),
            };
            self.line = line;
            let mut t = Tokens::of(tokens);
            let word = match t.all.first() {
                Some(Token::Word(w)) => w.clone(),
                _ => String::new(),
            };
            match word.as_str() {
                "end" => return Ok((nodes, Some("end".into()))),
                "else" => {
                    t.at = 1;
                    t.space();
                    if t.all.len() > t.at {
                        // `else if` and `else with` are a nested action: its own `end` is shared.
                        let node = self.control(&mut t, depth)?;
                        nodes.push(node);
                        return Ok((nodes, Some("else-chain".into())));
                    }
                    return Ok((nodes, Some("else".into())));
                }
                "if" | "with" | "range" | "define" | "block" | "template" | "break" | "continue" => {
                    if let Some(node) = self.keyword(&word, &mut t, depth)? {
                        nodes.push(node);
                    }
                }
                _ => {
                    let p = self.pipeline(&mut t, 0)?;
                    if !t.done() {
                        return self.fail("unexpected token in command");
                    }
                    nodes.push(Node::Print(p));
                }
            }
        }
        Ok((nodes, None))
    }

    fn control(&mut self, t: &mut Tokens, depth: usize) -> Parsed<Node> {
        match t.all.get(t.at) {
            Some(Token::Word(w)) if w == "if" || w == "with" => {
                let word = w.clone();
                match self.keyword(&word, t, depth + 1)? {
                    Some(node) => Ok(node),
                    None => self.fail("unexpected <else>"),
                }
            }
            _ => self.fail("unexpected token in else"),
        }
    }

    fn keyword(&mut self, word: &str, t: &mut Tokens, depth: usize) -> Parsed<Option<Node>> {
        t.at += 1;
        t.space();
        match word {
            "break" => return Ok(Some(Node::Break)),
            "continue" => return Ok(Some(Node::Continue)),
            "define" | "block" | "template" => return self.named(word, t, depth),
            _ => {}
        }
        let known = self.variables.len();
        if t.done() {
            return self.fail(&format!("missing value for {word}"));
        }
        let subject = self.pipeline(t, 0)?;
        let (body, end) = self.list(depth + 1)?;
        let (body, other) = match end.as_deref() {
            Some("end") => (body, Vec::new()),
            Some("else") => {
                let (other, end) = self.list(depth + 1)?;
                if end.as_deref() != Some("end") {
                    return self.fail("expected end");
                }
                (body, other)
            }
            Some("else-chain") => {
                let mut body = body;
                let chained = body.pop();
                (body, chained.into_iter().collect())
            }
            _ => return self.fail("unexpected EOF"),
        };
        self.variables.truncate(known);
        Ok(Some(match word {
            "if" => Node::If { condition: subject, then: body, other },
            "with" => Node::With { subject, then: body, other },
            _ => Node::Range { over: subject, body, other },
        }))
    }

    fn named(&mut self, word: &str, t: &mut Tokens, depth: usize) -> Parsed<Option<Node>> {
        let Some(Token::Text(name)) = t.all.get(t.at).cloned() else {
            return self.fail(&format!("missing name in {word} clause"));
        };
        t.at += 1;
        t.space();
        let data = if t.done() { None } else { Some(self.pipeline(t, 0)?) };
        if word != "template" {
            let known = std::mem::replace(&mut self.variables, vec!["$".into()]);
            let (body, end) = self.list(depth + 1)?;
            if end.as_deref() != Some("end") {
                return self.fail("unexpected EOF");
            }
            self.variables = known;
            self.defined.retain(|(n, _)| *n != name);
            self.defined.push((name.clone(), body));
        }
        Ok((word != "define").then_some(Node::Call { name, data }))
    }

    fn pipeline(&mut self, t: &mut Tokens, depth: usize) -> Parsed<Pipeline> {
        if depth > MAX_DEPTH {
            return self.fail("max expression depth exceeded");
        }
        let (variables, declares) = self.declarations(t);
        let mut commands = Vec::new();
        loop {
            let mut operands = Vec::new();
            t.space();
            let first = t.at;
            let mut end = first;
            loop {
                t.space();
                match t.all.get(t.at) {
                    None | Some(Token::Symbol(")" | "|")) => break,
                    _ => operands.push(self.operand(t, depth)?),
                }
                end = t.at;
                // Operands are separated by space.
                match t.all.get(t.at) {
                    None | Some(Token::Space | Token::Symbol(")" | "|")) => {}
                    Some(other) => return self.fail(&format!("unexpected {other:?} in operand")),
                }
            }
            if operands.is_empty() {
                return self.fail(if commands.is_empty() {
                    "missing value for command"
                } else {
                    "missing value for pipeline"
                });
            }
            commands.push(Command { operands, at: t.span(first, end, first) });
            match t.all.get(t.at) {
                Some(Token::Symbol("|")) => t.at += 1,
                _ => break,
            }
        }
        if declares {
            self.variables.extend(variables.iter().cloned());
        }
        Ok(Pipeline { variables, declares, commands })
    }

    /// `$x :=`, `$i, $x :=`, `$x =`
    fn declarations(&mut self, t: &mut Tokens) -> (Vec<String>, bool) {
        let start = t.at;
        let mut names = Vec::new();
        t.space();
        while let Some(Token::Variable(v)) = t.all.get(t.at).cloned() {
            t.at += 1;
            names.push(v);
            t.space();
            match t.all.get(t.at) {
                Some(Token::Symbol(",")) => {
                    t.at += 1;
                    t.space();
                }
                Some(Token::Symbol(s @ (":=" | "="))) => {
                    let declares = *s == ":=";
                    t.at += 1;
                    return (names, declares);
                }
                _ => break,
            }
        }
        t.at = start;
        (Vec::new(), false)
    }

    fn operand(&mut self, t: &mut Tokens, depth: usize) -> Parsed<Operand> {
        let Some(token) = t.all.get(t.at).cloned() else { return self.fail("missing operand") };
        let first = t.at;
        t.at += 1;
        let one_field = matches!(token, Token::Field(_));
        let base = match token {
            Token::Text(s) => Operand::Literal(Value::from(s)),
            Token::Char(c) => Operand::Literal(Value::Int(i64::from(c as u32))),
            Token::Number(n) => Operand::Literal(n),
            Token::Word(w) => match w.as_str() {
                "true" => Operand::Literal(Value::Bool(true)),
                "false" => Operand::Literal(Value::Bool(false)),
                "nil" => Operand::Nil,
                _ if funcs::NAMES.contains(&w.as_str()) || self.more.is_some_and(|m| m.knows(&w)) => {
                    Operand::Function(w)
                }
                _ => return self.fail(&format!("function {w:?} not defined")),
            },
            Token::Variable(v) => {
                if !self.variables.contains(&v) {
                    return self.fail(&format!("undefined variable {v:?}"));
                }
                Operand::Variable(v)
            }
            Token::Field(name) if name.is_empty() => Operand::Dot,
            Token::Field(name) => Operand::Chain(Box::new(Operand::Dot), vec![name], At::default()),
            Token::Symbol("(") => {
                let inner = self.pipeline(t, depth + 1)?;
                t.space();
                if t.all.get(t.at) != Some(&Token::Symbol(")")) {
                    return self.fail("unclosed left paren");
                }
                t.at += 1;
                Operand::Inner(Box::new(inner))
            }
            other => return self.fail(&format!("unexpected {other:?} in operand")),
        };
        let mut fields = Vec::new();
        let second = t.at;
        while let Some(Token::Field(name)) = t.all.get(t.at) {
            if name.is_empty() {
                return self.fail("unexpected . after term");
            }
            fields.push(name.clone());
            t.at += 1;
        }
        let at = t.span(first, t.at, if fields.is_empty() { first } else { second });
        Ok(match base {
            Operand::Chain(b, mut names, _) if one_field => {
                names.extend(fields);
                Operand::Chain(b, names, at)
            }
            b if fields.is_empty() => b,
            b => Operand::Chain(Box::new(b), fields, at),
        })
    }
}

struct Tokens {
    all: Vec<Token>,
    spans: Vec<(u32, u32)>,
    at: usize,
}

impl Tokens {
    /// Without space around them.
    fn of(mut tokens: Vec<Spanned>) -> Self {
        while tokens.last().is_some_and(|t| t.0 == Token::Space) {
            tokens.pop();
        }
        if tokens.first().is_some_and(|t| t.0 == Token::Space) {
            tokens.remove(0);
        }
        let (all, spans) = tokens.into_iter().map(|(token, start, end)| (token, (start, end))).unzip();
        Self { all, spans, at: 0 }
    }

    /// From one token up to another, which is not part of it.
    fn span(&self, first: usize, end: usize, point: usize) -> At {
        let of = |i: usize| self.spans.get(i).copied().unwrap_or_default();
        At { start: of(first).0, end: of(end.saturating_sub(1)).1, point: of(point).0 }
    }

    fn space(&mut self) {
        while self.all.get(self.at) == Some(&Token::Space) {
            self.at += 1;
        }
    }

    fn done(&mut self) -> bool {
        self.space();
        self.at >= self.all.len()
    }
}
