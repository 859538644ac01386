//! From characters to tokens, by the rules of YAML 1.1 as goyaml's scanner has them.
//!
//! Owns: indentation, simple keys, the five scalar styles, and which text is refused where. The error texts and the
//! line they name are goyaml's; the true place is kept beside it for editors.
//! Models `go.yaml.in/yaml/v2/scannerc.go`. Not modelled: encodings other than UTF-8.

mod scalar;
mod tag;

/// A place in the text; all counted from 0, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) index: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A refused text.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) problem: String,
    /// The line goyaml names: 0 when it names none. For parser errors it is one less than the true line.
    pub(super) shown: usize,
    pub(super) at: Mark,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tok {
    StreamEnd,
    Version(u8, u8),
    TagDirective(String, String),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    Tag(String, String),
    Scalar { text: String, plain: bool },
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) tok: Tok,
    pub(super) start: Mark,
    pub(super) end: Mark,
}

#[derive(Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token: usize,
    mark: Mark,
}

type Scan<T = ()> = Result<T, Fault>;

/// How deep flow collections and block indentation may each go.
pub(super) const MAX_DEPTH: usize = 200;

pub(super) struct Scanner {
    /// The text, ended by four NULs so that looking ahead needs no checks.
    chars: Vec<char>,
    mark: Mark,
    tokens: std::collections::VecDeque<Token>,
    /// Tokens handed out so far.
    taken: usize,
    indent: isize,
    indents: Vec<isize>,
    keys: Vec<SimpleKey>,
    key_allowed: bool,
    flow: usize,
    ended: bool,
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

fn is_breakz(c: char) -> bool {
    is_break(c) || c == '\0'
}

fn is_blankz(c: char) -> bool {
    is_blank(c) || is_breakz(c)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

impl Scanner {
    /// # Errors
    /// A character that YAML does not allow anywhere.
    pub(super) fn new(text: &str) -> Scan<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut chars: Vec<char> = Vec::with_capacity(text.len() + 4);
        for c in text.chars() {
            let allowed = matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}'
                | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
            if !allowed {
                let at = Mark { line: chars.iter().filter(|c| **c == '\n').count(), ..Mark::default() };
                return Err(Fault { problem: "control characters are not allowed".into(), shown: 0, at });
            }
            chars.push(c);
        }
        chars.extend(['\0'; 4]);
        Ok(Self {
            chars,
            mark: Mark::default(),
            tokens: std::collections::VecDeque::new(),
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            keys: vec![SimpleKey::default()],
            key_allowed: true,
            flow: 0,
            ended: false,
        })
    }

    /// The next token, left in its place.
    pub(super) fn peek(&mut self) -> Scan<&Token> {
        while self.wants_more()? {
            self.fetch()?;
        }
        self.tokens.front().ok_or_else(|| Fault {
            problem: "unexpected end".into(),
            shown: 0,
            at: Mark::default(),
        })
    }

    /// Takes the token that [`Self::peek`] showed.
    pub(super) fn skip(&mut self) {
        if self.tokens.pop_front().is_some() {
            self.taken += 1;
        }
    }

    fn wants_more(&mut self) -> Scan<bool> {
        if self.tokens.is_empty() {
            return Ok(!self.ended);
        }
        // A key may have to be put before the head of the queue: then the head is not settled yet.
        match self.keys.iter().position(|k| k.possible && k.token == self.taken) {
            Some(i) => self.key_is_valid(i),
            None => Ok(false),
        }
    }

    fn at(&self, ahead: usize) -> char {
        self.chars.get(self.mark.index + ahead).copied().unwrap_or('\0')
    }

    /// The end of the text; a NUL cannot stand inside it.
    fn at_end(&self) -> bool {
        self.at(0) == '\0'
    }

    fn step(&mut self) {
        self.mark.index += 1;
        self.mark.column += 1;
    }

    fn steps(&mut self, n: usize) {
        self.mark.index += n;
        self.mark.column += n;
    }

    fn step_line(&mut self) {
        if self.at(0) == '\r' && self.at(1) == '\n' {
            self.mark.index += 2;
        } else if is_break(self.at(0)) {
            self.mark.index += 1;
        } else {
            return;
        }
        self.mark.column = 0;
        self.mark.line += 1;
    }

    /// Copies a line break as goyaml normalises it.
    fn copy_line(&mut self, into: &mut String) {
        match self.at(0) {
            c @ ('\u{2028}' | '\u{2029}') => into.push(c),
            c if is_break(c) => into.push('\n'),
            _ => return,
        }
        self.step_line();
    }

    fn copy(&mut self, into: &mut String) {
        into.push(self.at(0));
        self.step();
    }

    fn fault<T>(&self, context: Mark, problem: &str) -> Scan<T> {
        let shown = if self.mark.line != 0 { self.mark.line + 1 } else { context.line };
        Err(Fault { problem: problem.into(), shown, at: self.mark })
    }

    fn push(&mut self, tok: Tok, start: Mark) {
        self.tokens.push_back(Token { tok, start, end: self.mark });
    }

    fn fetch(&mut self) -> Scan {
        self.skip_to_next_token();
        self.unroll(self.mark.column as isize);
        if self.at_end() {
            return self.stream_end();
        }
        let c = self.at(0);
        let next_blank = is_blankz(self.at(1));
        if self.mark.column == 0 {
            if c == '%' {
                return self.directive();
            }
            if self.document_indicator() {
                let tok = if c == '-' { Tok::DocumentStart } else { Tok::DocumentEnd };
                return self.document_mark(tok);
            }
        }
        match c {
            '[' => self.flow_start(Tok::FlowSequenceStart),
            '{' => self.flow_start(Tok::FlowMappingStart),
            ']' => self.flow_end(Tok::FlowSequenceEnd),
            '}' => self.flow_end(Tok::FlowMappingEnd),
            ',' => self.flow_entry(),
            '-' if next_blank => self.block_entry(),
            '?' if self.flow > 0 || next_blank => self.key(),
            ':' if self.flow > 0 || next_blank => self.value(),
            '*' | '&' => self.anchor(c == '&'),
            '!' => self.tag(),
            '|' if self.flow == 0 => self.block_scalar(true),
            '>' if self.flow == 0 => self.block_scalar(false),
            '\'' => self.quoted(true),
            '"' => self.quoted(false),
            '-' => self.plain(),
            '?' | ':' if self.flow == 0 => self.plain(),
            '\t' | ' ' | '?' | ':' | '#' | '|' | '>' | '%' | '@' | '`' => {
                self.fault(self.mark, "found character that cannot start any token")
            }
            c if is_breakz(c) => self.fault(self.mark, "found character that cannot start any token"),
            _ => self.plain(),
        }
    }

    fn document_indicator(&self) -> bool {
        let c = self.at(0);
        self.mark.column == 0
            && matches!(c, '-' | '.')
            && self.at(1) == c
            && self.at(2) == c
            && is_blankz(self.at(3))
    }

    fn skip_to_next_token(&mut self) {
        loop {
            if self.mark.column == 0 && self.at(0) == '\u{feff}' {
                self.step();
            }
            // Tabs may stand where they can't be taken for indentation.
            while self.at(0) == ' ' || (self.at(0) == '\t' && (self.flow > 0 || !self.key_allowed)) {
                self.step();
            }
            self.comment();
            if !is_break(self.at(0)) {
                return;
            }
            self.step_line();
            if self.flow == 0 {
                self.key_allowed = true;
            }
        }
    }

    fn comment(&mut self) {
        if self.at(0) == '#' {
            while !is_breakz(self.at(0)) {
                self.step();
            }
        }
    }

    fn blanks(&mut self) {
        while is_blank(self.at(0)) {
            self.step();
        }
    }

    // Simple keys and indentation.

    fn key_is_valid(&mut self, i: usize) -> Scan<bool> {
        let key = self.keys[i];
        if !key.possible {
            return Ok(false);
        }
        // A key stands on one line and within 1024 characters.
        if key.mark.line < self.mark.line || key.mark.index + 1024 < self.mark.index {
            if key.required {
                return self.fault(key.mark, "could not find expected ':'");
            }
            self.keys[i].possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    fn last_key(&mut self) -> &mut SimpleKey {
        if self.keys.is_empty() {
            self.keys.push(SimpleKey::default());
        }
        let last = self.keys.len() - 1;
        &mut self.keys[last]
    }

    fn save_key(&mut self) -> Scan {
        if self.key_allowed {
            let required = self.flow == 0 && self.indent == self.mark.column as isize;
            let key = SimpleKey {
                possible: true,
                required,
                token: self.taken + self.tokens.len(),
                mark: self.mark,
            };
            self.remove_key()?;
            *self.last_key() = key;
        }
        Ok(())
    }

    fn remove_key(&mut self) -> Scan {
        let key = *self.last_key();
        if key.possible && key.required {
            return self.fault(key.mark, "could not find expected ':'");
        }
        self.last_key().possible = false;
        Ok(())
    }

    /// Opens a block collection at `column` if it is deeper than the present one.
    fn roll(&mut self, column: usize, before: Option<usize>, tok: Tok, mark: Mark) -> Scan {
        if self.flow > 0 || self.indent >= column as isize {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column as isize;
        if self.indents.len() > MAX_DEPTH {
            return self.fault(mark, &format!("exceeded max depth of {MAX_DEPTH}"));
        }
        let token = Token { tok, start: mark, end: mark };
        match before {
            Some(number) => self.tokens.insert((number - self.taken).min(self.tokens.len()), token),
            None => self.tokens.push_back(token),
        }
        Ok(())
    }

    fn unroll(&mut self, column: isize) {
        if self.flow > 0 {
            return;
        }
        while self.indent > column {
            self.push(Tok::BlockEnd, self.mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    // One function per kind of token.

    fn stream_end(&mut self) -> Scan {
        if self.mark.column != 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;
        self.ended = true;
        self.push(Tok::StreamEnd, self.mark);
        Ok(())
    }

    fn document_mark(&mut self, tok: Tok) -> Scan {
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;
        let start = self.mark;
        self.steps(3);
        self.push(tok, start);
        Ok(())
    }

    fn flow_start(&mut self, tok: Tok) -> Scan {
        self.save_key()?;
        self.keys.push(SimpleKey::default());
        self.flow += 1;
        if self.flow > MAX_DEPTH {
            return self.fault(self.mark, &format!("exceeded max depth of {MAX_DEPTH}"));
        }
        self.key_allowed = true;
        self.one(tok);
        Ok(())
    }

    fn flow_end(&mut self, tok: Tok) -> Scan {
        self.remove_key()?;
        if self.flow > 0 {
            self.flow -= 1;
            self.keys.pop();
        }
        self.key_allowed = false;
        self.one(tok);
        Ok(())
    }

    fn one(&mut self, tok: Tok) {
        let start = self.mark;
        self.step();
        self.push(tok, start);
    }

    fn flow_entry(&mut self) -> Scan {
        self.remove_key()?;
        self.key_allowed = true;
        self.one(Tok::FlowEntry);
        Ok(())
    }

    fn block_entry(&mut self) -> Scan {
        if self.flow == 0 {
            if !self.key_allowed {
                return self.fault(self.mark, "block sequence entries are not allowed in this context");
            }
            self.roll(self.mark.column, None, Tok::BlockSequenceStart, self.mark)?;
        }
        self.remove_key()?;
        self.key_allowed = true;
        self.one(Tok::BlockEntry);
        Ok(())
    }

    fn key(&mut self) -> Scan {
        if self.flow == 0 {
            if !self.key_allowed {
                return self.fault(self.mark, "mapping keys are not allowed in this context");
            }
            self.roll(self.mark.column, None, Tok::BlockMappingStart, self.mark)?;
        }
        self.remove_key()?;
        self.key_allowed = self.flow == 0;
        self.one(Tok::Key);
        Ok(())
    }

    fn value(&mut self) -> Scan {
        self.last_key();
        if self.key_is_valid(self.keys.len() - 1)? {
            let key = *self.last_key();
            let token = Token { tok: Tok::Key, start: key.mark, end: key.mark };
            self.tokens.insert((key.token - self.taken).min(self.tokens.len()), token);
            self.roll(key.mark.column, Some(key.token), Tok::BlockMappingStart, key.mark)?;
            self.last_key().possible = false;
            self.key_allowed = false;
        } else {
            if self.flow == 0 {
                if !self.key_allowed {
                    return self.fault(self.mark, "mapping values are not allowed in this context");
                }
                self.roll(self.mark.column, None, Tok::BlockMappingStart, self.mark)?;
            }
            self.key_allowed = self.flow == 0;
        }
        self.one(Tok::Value);
        Ok(())
    }

    fn anchor(&mut self, anchor: bool) -> Scan {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark;
        self.step();
        let name = self.word();
        let after = self.at(0);
        if name.is_empty()
            || !(is_blankz(after) || matches!(after, '?' | ':' | ',' | ']' | '}' | '%' | '@' | '`'))
        {
            return self.fault(start, "did not find expected alphabetic or numeric character");
        }
        self.push(if anchor { Tok::Anchor(name) } else { Tok::Alias(name) }, start);
        Ok(())
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while is_word(self.at(0)) {
            self.copy(&mut word);
        }
        word
    }
}
