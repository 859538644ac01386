//! From a template's text to its nodes.
//!
//! Models `k8s.io/client-go/util/jsonpath/parser.go`.

/// Filters and unions nest; a template deeper than this is refused.
const MAX_DEPTH: usize = 32;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    List(Vec<Node>),
    Text(String),
    Field(String),
    Identifier(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    Array([Bound; 3]),
    Filter { left: Vec<Node>, right: Vec<Node>, operator: String },
    Wildcard,
    Recursive,
    Union(Vec<Vec<Node>>),
}

/// Start, end or step of a slice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bound {
    pub(super) known: bool,
    /// The end of a plain index: one after its start.
    pub(super) derived: bool,
    pub(super) value: i64,
}

pub(super) fn parse(text: &str) -> Result<Vec<Node>, String> {
    Parser { input: text, pos: 0, start: 0, depth: 0 }.template()
}

struct Parser<'a> {
    input: &'a str,
    pos: usize,
    /// Where the text not consumed yet begins.
    start: usize,
    depth: usize,
}

fn is_terminator(c: Option<char>) -> bool {
    matches!(c, None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}'))
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphabetic() || c.is_ascii_digit()
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.input[self.pos..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    /// The text since the last call.
    fn consume(&mut self) -> &'a str {
        let text = &self.input[self.start..self.pos];
        self.start = self.pos;
        text
    }

    /// Whether the character before the one just read is a backslash.
    fn escaped(&self) -> bool {
        self.pos >= 2 && self.input.as_bytes()[self.pos - 2] == b'\\'
    }

    fn template(&mut self) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        loop {
            let open = self.rest().find('{').map_or(self.input.len(), |i| self.pos + i);
            self.pos = open;
            if self.pos > self.start {
                nodes.push(Node::Text(self.consume().to_owned()));
            }
            if self.next().is_none() {
                return Ok(nodes);
            }
            self.consume();
            nodes.push(Node::List(self.action()?));
        }
    }

    /// What stands in braces, up to and with the closing one.
    fn action(&mut self) -> Result<Vec<Node>, String> {
        let mut nodes: Vec<Node> = Vec::new();
        loop {
            let rest = self.rest();
            if rest.starts_with('}') {
                self.pos += 1;
                self.consume();
                return Ok(nodes);
            }
            if rest.starts_with("[?(") {
                nodes.push(self.filter()?);
                continue;
            }
            if rest.starts_with("..") {
                if nodes.last() == Some(&Node::Recursive) {
                    return Err("invalid multiple recursive descent".into());
                }
                self.pos += 2;
                self.consume();
                nodes.push(Node::Recursive);
                if self.peek().is_some_and(is_word) {
                    nodes.push(self.field());
                }
                continue;
            }
            match self.next() {
                None | Some('\r' | '\n') => return Err("unclosed action".into()),
                Some(' ' | '@' | '$') => drop(self.consume()),
                Some('[') => self.array(&mut nodes)?,
                Some(quote @ ('"' | '\'')) => nodes.push(Node::Text(self.quoted(quote)?)),
                Some('.') => nodes.push(self.field()),
                Some(c) if matches!(c, '+' | '-') || c.is_ascii_digit() => nodes.push(self.number()?),
                Some(c) if is_word(c) => nodes.push(self.identifier()),
                Some(c) => {
                    return Err(format!("unrecognized character in action: U+{:04X} '{c}'", c as u32));
                }
            }
        }
    }

    fn identifier(&mut self) -> Node {
        while !is_terminator(self.peek()) {
            self.next();
        }
        match self.consume() {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            name => Node::Identifier(name.to_owned()),
        }
    }

    fn number(&mut self) -> Result<Node, String> {
        while self.peek().is_some_and(|c| c == '.' || c.is_ascii_digit()) {
            self.next();
        }
        let text = self.consume();
        if let Ok(i) = text.parse() {
            return Ok(Node::Int(i));
        }
        match text.parse::<f64>() {
            Ok(f) => Ok(Node::Float(f)),
            Err(_) => Err(format!("cannot parse number {text}")),
        }
    }

    /// A field's name, after its dot; a backslash keeps a dot in it.
    fn field(&mut self) -> Node {
        self.consume();
        loop {
            match self.peek() {
                Some('\\') => {
                    self.next();
                    self.next();
                }
                c if is_terminator(c) => break,
                _ => {
                    self.next();
                }
            }
        }
        match self.consume() {
            "*" => Node::Wildcard,
            name => Node::Field(name.replace('\\', "")),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated quoted string".into()),
                Some(c) if c == quote && !self.escaped() => break,
                Some(_) => {}
            }
        }
        let text = self.consume();
        unquote(text).ok_or_else(|| format!("unquote string {text} error invalid syntax"))
    }

    fn inner(&self, text: &str) -> Result<Vec<Node>, String> {
        if self.depth >= MAX_DEPTH {
            return Err("unterminated filter".into());
        }
        let text = format!("{{{text}}}");
        let mut p = Parser { input: &text, pos: 0, start: 0, depth: self.depth + 1 };
        match p.template()?.into_iter().next() {
            Some(Node::List(nodes)) => Ok(nodes),
            _ => Ok(Vec::new()),
        }
    }

    /// After `[`: an index, a slice, a quoted key, or several of these.
    fn array(&mut self, nodes: &mut Vec<Node>) -> Result<(), String> {
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated array".into()),
                Some(']') => break,
                Some(_) => {}
            }
        }
        let text = self.consume();
        let text = match &text[1..text.len() - 1] {
            "*" => ":",
            inside => inside,
        };
        if text.contains(',') {
            let parts = text.split(',').map(|part| self.inner(&format!("[{}]", part.trim_matches(' '))));
            nodes.push(Node::Union(parts.collect::<Result<_, _>>()?));
            return Ok(());
        }
        if let Some(key) =
            text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')).filter(|k| !k.contains('\''))
        {
            // Upstream reads the key as a path, so a dot in it must be escaped.
            nodes.extend(self.inner(&format!(".{key}"))?);
            return Ok(());
        }
        nodes.push(Node::Array(bounds(text)?));
        Ok(())
    }

    fn filter(&mut self) -> Result<Node, String> {
        self.pos += 3;
        self.consume();
        let mut pair = None;
        let mut ended = false;
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated filter".into()),
                Some(c @ ('"' | '\'')) => match pair {
                    None => pair = Some(c),
                    Some(open) if open == c && !self.escaped() => ended = true,
                    Some(_) => {}
                },
                Some(')') if pair.is_some() == ended => break,
                Some(_) => {}
            }
        }
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".into());
        }
        let text = self.consume();
        let text = &text[..text.len() - 2];
        let Some((left, operator, right)) = comparison(text) else {
            return Ok(Node::Filter {
                left: self.inner(text)?,
                right: Vec::new(),
                operator: "exists".into(),
            });
        };
        let left = self.inner(left)?;
        Ok(Node::Filter { left, right: self.inner(right)?, operator: operator.to_owned() })
    }
}

/// Splits `@.a == "b"` at its operator.
fn comparison(text: &str) -> Option<(&str, &str, &str)> {
    let sign = |c: char| matches!(c, '!' | '<' | '>' | '=');
    let start = text.find(sign).filter(|i| *i > 0)?;
    let run = text[start..].find(|c| !sign(c)).unwrap_or(text.len() - start);
    // Something must be left to compare with, be it a sign.
    let length = if start + run == text.len() { run - 1 } else { run };
    if length == 0 {
        return None;
    }
    Some((&text[..start], &text[start..start + length], &text[start + length..]))
}

/// Reads `1`, `-1`, `1:3`, `:2`, `::2`.
fn bounds(text: &str) -> Result<[Bound; 3], String> {
    let invalid = || format!("invalid array index {text}");
    let parts: Vec<&str> = text.split(':').collect();
    let digits = |p: &str| p.strip_prefix('-').unwrap_or(p).bytes().all(|b| b.is_ascii_digit());
    if parts.len() > 3 || !parts.iter().all(|p| digits(p)) {
        return Err(invalid());
    }
    let mut bounds = [Bound::default(); 3];
    for i in 0..3 {
        match parts.get(i) {
            Some(&"") => {}
            Some(part) => {
                let value = part.parse().map_err(|_| format!("array index {part} is not a number"))?;
                bounds[i] = Bound { known: true, derived: false, value };
            }
            None if i == 1 => {
                bounds[1] = Bound { known: true, derived: true, value: bounds[0].value.saturating_add(1) };
            }
            None => {}
        }
    }
    Ok(bounds)
}

/// `strconv.Unquote` that also takes single quotes around more than one character.
fn unquote(text: &str) -> Option<String> {
    let quote = text.chars().next()?;
    let inside = text.get(1..text.len().checked_sub(1)?)?;
    let mut out = String::new();
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        if c == quote {
            return None;
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next()? {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' => '\\',
            c if c == quote => c,
            'x' => code(&mut chars, 2, 16, 0)?,
            'u' => code(&mut chars, 4, 16, 0)?,
            'U' => code(&mut chars, 8, 16, 0)?,
            c @ '0'..='7' => code(&mut chars, 2, 8, c.to_digit(8)?)?,
            _ => return None,
        });
    }
    Some(out)
}

fn code(chars: &mut std::str::Chars<'_>, digits: usize, radix: u32, start: u32) -> Option<char> {
    let mut value = start;
    for _ in 0..digits {
        value = value.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?)?;
    }
    char::from_u32(value)
}
