//! From characters to tokens, by the rules of YAML 1.1 as goyaml's scanner has them.
//!
//! Owns: indentation, simple keys, the five scalar styles, and which text is refused where. The error texts and the
//! line they name are goyaml's; the true place is kept beside it for editors.
//! Models `go.yaml.in/yaml/v2/scannerc.go`. Not modelled: encodings other than UTF-8.

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

    fn directive(&mut self) -> Scan {
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;
        let start = self.mark;
        self.step();
        let name = self.word();
        if name.is_empty() {
            return self.fault(start, "could not find expected directive name");
        }
        if !is_blankz(self.at(0)) {
            return self.fault(start, "found unexpected non-alphabetical character");
        }
        let tok = match name.as_str() {
            "YAML" => self.version(start)?,
            "TAG" => self.tag_directive(start)?,
            _ => return self.fault(start, "found unknown directive name"),
        };
        let end = self.mark;
        self.blanks();
        self.comment();
        if !is_breakz(self.at(0)) {
            return self.fault(start, "did not find expected comment or line break");
        }
        self.step_line();
        self.tokens.push_back(Token { tok, start, end });
        Ok(())
    }

    fn version(&mut self, start: Mark) -> Scan<Tok> {
        self.blanks();
        let major = self.version_number(start)?;
        if self.at(0) != '.' {
            return self.fault(start, "did not find expected digit or '.' character");
        }
        self.step();
        Ok(Tok::Version(major, self.version_number(start)?))
    }

    fn version_number(&mut self, start: Mark) -> Scan<u8> {
        let (mut value, mut length) = (0, 0);
        while let Some(digit) = self.at(0).to_digit(10) {
            length += 1;
            if length > 2 {
                return self.fault(start, "found extremely long version number");
            }
            value = value * 10 + digit as u8;
            self.step();
        }
        if length == 0 { self.fault(start, "did not find expected version number") } else { Ok(value) }
    }

    fn tag_directive(&mut self, start: Mark) -> Scan<Tok> {
        self.blanks();
        let handle = self.tag_handle(true, start)?;
        if !is_blank(self.at(0)) {
            return self.fault(start, "did not find expected whitespace");
        }
        self.blanks();
        let prefix = self.tag_uri("", start)?;
        if !is_blankz(self.at(0)) {
            return self.fault(start, "did not find expected whitespace or line break");
        }
        Ok(Tok::TagDirective(handle, prefix))
    }

    fn tag(&mut self) -> Scan {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark;
        let (handle, suffix) = if self.at(1) == '<' {
            self.steps(2);
            let uri = self.tag_uri("", start)?;
            if self.at(0) != '>' {
                return self.fault(start, "did not find the expected '>'");
            }
            self.step();
            (String::new(), uri)
        } else {
            let handle = self.tag_handle(false, start)?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.tag_uri("", start)?;
                (handle, suffix)
            } else {
                let suffix = self.tag_uri(&handle, start)?;
                // A lone `!` is a tag of its own.
                if suffix.is_empty() { (String::new(), "!".into()) } else { ("!".into(), suffix) }
            }
        };
        if !is_blankz(self.at(0)) {
            return self.fault(start, "did not find expected whitespace or line break");
        }
        self.push(Tok::Tag(handle, suffix), start);
        Ok(())
    }

    fn tag_handle(&mut self, directive: bool, start: Mark) -> Scan<String> {
        if self.at(0) != '!' {
            return self.fault(start, "did not find expected '!'");
        }
        let mut handle = String::new();
        self.copy(&mut handle);
        handle.push_str(&self.word());
        if self.at(0) == '!' {
            self.copy(&mut handle);
        } else if directive && handle != "!" {
            return self.fault(start, "did not find expected '!'");
        }
        Ok(handle)
    }

    fn tag_uri(&mut self, head: &str, start: Mark) -> Scan<String> {
        let mut octets: Vec<u8> = head.as_bytes().get(1..).unwrap_or_default().to_vec();
        let mut any = !head.is_empty();
        loop {
            let c = self.at(0);
            if c == '%' {
                let digit = |n: usize| self.at(n).to_digit(16);
                let (Some(high), Some(low)) = (digit(1), digit(2)) else {
                    return self.fault(start, "did not find URI escaped octet");
                };
                octets.push((high * 16 + low) as u8);
                self.steps(3);
            } else if is_word(c) || (c != '\0' && ";/?:@&=+$,.!~*'()[]".contains(c)) {
                octets.push(c as u8);
                self.step();
            } else {
                break;
            }
            any = true;
        }
        if !any {
            return self.fault(start, "did not find expected tag URI");
        }
        match String::from_utf8(octets) {
            Ok(uri) => Ok(uri),
            Err(_) => self.fault(start, "found an incorrect leading UTF-8 octet"),
        }
    }

    fn block_scalar(&mut self, literal: bool) -> Scan {
        self.remove_key()?;
        self.key_allowed = true;
        let start = self.mark;
        self.step();
        let (keep, increment) = self.block_header(start)?;
        self.blanks();
        self.comment();
        if !is_breakz(self.at(0)) {
            return self.fault(start, "did not find expected comment or line break");
        }
        self.step_line();
        let mut end = self.mark;
        let mut indent = if increment > 0 { self.indent.max(0) as usize + increment } else { 0 };
        let (mut text, mut leading, mut trailing) = (String::new(), String::new(), String::new());
        self.block_breaks(&mut indent, &mut trailing, start, &mut end)?;
        let mut leading_blank = false;
        while self.mark.column == indent && !self.at_end() {
            let blank = is_blank(self.at(0));
            if !literal && !leading_blank && !blank && leading.starts_with('\n') {
                if trailing.is_empty() {
                    text.push(' ');
                }
                leading.clear();
            } else {
                text.push_str(&leading);
                leading.clear();
            }
            text.push_str(&trailing);
            trailing.clear();
            leading_blank = blank;
            while !is_breakz(self.at(0)) {
                self.copy(&mut text);
            }
            self.copy_line(&mut leading);
            self.block_breaks(&mut indent, &mut trailing, start, &mut end)?;
        }
        if keep >= 0 {
            text.push_str(&leading);
        }
        if keep > 0 {
            text.push_str(&trailing);
        }
        self.tokens.push_back(Token { tok: Tok::Scalar { text, plain: false }, start, end });
        Ok(())
    }

    /// The chomping (-1 strip, 0 clip, 1 keep) and the indentation asked for (0 when none is).
    fn block_header(&mut self, start: Mark) -> Scan<(i8, usize)> {
        let (mut keep, mut increment) = (0, 0);
        let chomp_first = matches!(self.at(0), '+' | '-');
        for part in 0..2 {
            if (part == 0) == chomp_first {
                if matches!(self.at(0), '+' | '-') {
                    keep = if self.at(0) == '+' { 1 } else { -1 };
                    self.step();
                }
            } else if let Some(digit) = self.at(0).to_digit(10) {
                if digit == 0 {
                    return self.fault(start, "found an indentation indicator equal to 0");
                }
                increment = digit as usize;
                self.step();
            } else if part == 0 {
                break;
            }
        }
        Ok((keep, increment))
    }

    fn block_breaks(&mut self, indent: &mut usize, breaks: &mut String, start: Mark, end: &mut Mark) -> Scan {
        *end = self.mark;
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.mark.column < *indent) && self.at(0) == ' ' {
                self.step();
            }
            deepest = deepest.max(self.mark.column);
            if (*indent == 0 || self.mark.column < *indent) && self.at(0) == '\t' {
                return self.fault(start, "found a tab character where an indentation space is expected");
            }
            if !is_break(self.at(0)) {
                break;
            }
            self.copy_line(breaks);
            *end = self.mark;
        }
        if *indent == 0 {
            *indent = deepest.max((self.indent + 1) as usize).max(1);
        }
        Ok(())
    }

    fn quoted(&mut self, single: bool) -> Scan {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark;
        let quote = if single { '\'' } else { '"' };
        self.step();
        let mut text = String::new();
        let (mut leading, mut trailing, mut spaces) = (String::new(), String::new(), String::new());
        loop {
            if self.document_indicator() {
                return self.fault(start, "found unexpected document indicator");
            }
            if self.at_end() {
                return self.fault(start, "found unexpected end of stream");
            }
            let mut folded = false;
            while !is_blankz(self.at(0)) {
                match self.at(0) {
                    '\'' if single && self.at(1) == '\'' => {
                        text.push('\'');
                        self.steps(2);
                    }
                    c if c == quote => break,
                    '\\' if !single && is_break(self.at(1)) => {
                        self.step();
                        self.step_line();
                        folded = true;
                        break;
                    }
                    '\\' if !single => self.escape(&mut text, start)?,
                    _ => self.copy(&mut text),
                }
            }
            if self.at(0) == quote {
                break;
            }
            while is_blank(self.at(0)) || is_break(self.at(0)) {
                if is_blank(self.at(0)) {
                    if folded { self.step() } else { self.copy(&mut spaces) }
                } else if folded {
                    self.copy_line(&mut trailing);
                } else {
                    spaces.clear();
                    self.copy_line(&mut leading);
                    folded = true;
                }
            }
            if folded {
                fold(&mut text, &mut leading, &mut trailing);
            } else {
                text.push_str(&spaces);
                spaces.clear();
            }
        }
        self.step();
        self.push(Tok::Scalar { text, plain: false }, start);
        Ok(())
    }

    fn escape(&mut self, into: &mut String, start: Mark) -> Scan {
        let length = match self.at(1) {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if length == 0 {
            let c = match self.at(1) {
                '0' => '\0',
                'a' => '\u{7}',
                'b' => '\u{8}',
                't' | '\t' => '\t',
                'n' => '\n',
                'v' => '\u{b}',
                'f' => '\u{c}',
                'r' => '\r',
                'e' => '\u{1b}',
                c @ (' ' | '"' | '\'' | '\\') => c,
                'N' => '\u{85}',
                '_' => '\u{a0}',
                'L' => '\u{2028}',
                'P' => '\u{2029}',
                _ => return self.fault(start, "found unknown escape character"),
            };
            into.push(c);
            self.steps(2);
            return Ok(());
        }
        self.steps(2);
        let mut value = 0_u32;
        for k in 0..length {
            let Some(digit) = self.at(k).to_digit(16) else {
                return self.fault(start, "did not find expected hexdecimal number");
            };
            value = value.wrapping_shl(4).wrapping_add(digit);
        }
        let Some(c) = char::from_u32(value) else {
            return self.fault(start, "found invalid Unicode character escape code");
        };
        into.push(c);
        self.steps(length);
        Ok(())
    }

    fn plain(&mut self) -> Scan {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark;
        let mut end = start;
        let indent = self.indent + 1;
        let mut text = String::new();
        let (mut leading, mut trailing, mut spaces) = (String::new(), String::new(), String::new());
        let mut folded = false;
        loop {
            if self.document_indicator() || self.at(0) == '#' {
                break;
            }
            while !is_blankz(self.at(0)) {
                let c = self.at(0);
                if (c == ':' && is_blankz(self.at(1)))
                    || (self.flow > 0 && matches!(c, ',' | '?' | '[' | ']' | '{' | '}'))
                {
                    break;
                }
                if folded {
                    fold(&mut text, &mut leading, &mut trailing);
                    folded = false;
                } else {
                    text.push_str(&spaces);
                }
                spaces.clear();
                self.copy(&mut text);
                end = self.mark;
            }
            if !(is_blank(self.at(0)) || is_break(self.at(0))) {
                break;
            }
            while is_blank(self.at(0)) || is_break(self.at(0)) {
                if is_blank(self.at(0)) {
                    if folded && (self.mark.column as isize) < indent && self.at(0) == '\t' {
                        return self.fault(start, "found a tab character that violates indentation");
                    }
                    if folded { self.step() } else { self.copy(&mut spaces) }
                } else if folded {
                    self.copy_line(&mut trailing);
                } else {
                    spaces.clear();
                    self.copy_line(&mut leading);
                    folded = true;
                }
            }
            if self.flow == 0 && (self.mark.column as isize) < indent {
                break;
            }
        }
        self.tokens.push_back(Token { tok: Tok::Scalar { text, plain: true }, start, end });
        if folded {
            self.key_allowed = true;
        }
        Ok(())
    }
}

/// One line break becomes a space; of more, the first is dropped.
fn fold(text: &mut String, leading: &mut String, trailing: &mut String) {
    if leading.starts_with('\n') && trailing.is_empty() {
        text.push(' ');
    } else {
        if !leading.starts_with('\n') {
            text.push_str(leading);
        }
        text.push_str(trailing);
    }
    leading.clear();
    trailing.clear();
}
