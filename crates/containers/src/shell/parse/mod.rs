//! Script text to tree: lists, pipelines, compound commands and redirections.
//!
//! Models the grammar of POSIX XCU 2.10, and bash's additions when the dialect is bash.
//! busybox's shell takes `[[`, `function` and `&>` as well; its `[[ a == b* ]]` matches here as bash's does.
//! Not modelled: `select`, `coproc`, process substitution, extended globs.

mod compound;
mod redirect;

use ordered::BTreeMap;
use std::sync::Arc;

use super::Dialect;
use super::ast::{
    AndOr, Assign, AssignValue, Command, Item, Kind, Part, Pipeline, Redirect, RedirectOp, Script, Word,
};

/// Why a script could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// The text ends inside something: a prompt may ask for more. The word is the one looked for.
    Incomplete(String),
    /// The line and the unexpected token (`newline`, `;;`, `)`, ..).
    Syntax { line: u32, token: String },
}

pub(in crate::shell) const DEPTH_MAX: usize = 64;
/// Characters of a script that are read at all.
const SCRIPT_MAX: usize = 1 << 20;

pub(in crate::shell) struct Parser<'a> {
    pub(in crate::shell) src: Vec<char>,
    pub(in crate::shell) at: usize,
    pub(in crate::shell) line: u32,
    pub(in crate::shell) bash: bool,
    /// busybox's shell, which knows `[[`, `function` and `&>` too.
    pub(in crate::shell) ash: bool,
    pub(in crate::shell) depth: usize,
    /// Where reading goes on after the newline that ends a line with here-documents.
    here_resume: Option<usize>,
    /// Inside double quotes.
    pub(in crate::shell) quoted: bool,
    /// Whether a here-document may end with the text.
    eof_ends_here: bool,
    aliases: Option<&'a BTreeMap<String, String>>,
    alias_end: usize,
}

pub(in crate::shell) type Parsed<T> = Result<T, ParseError>;

/// Parses a whole script. `interactive` asks for `Incomplete` where a shell would prompt for more.
pub fn parse(
    text: &str,
    dialect: Dialect,
    interactive: bool,
    aliases: Option<&BTreeMap<String, String>>,
) -> Result<Arc<Script>, ParseError> {
    let mut p = Parser {
        src: text.chars().take(SCRIPT_MAX).collect(),
        at: 0,
        line: 1,
        bash: dialect == Dialect::Bash,
        ash: dialect == Dialect::Ash,
        depth: 0,
        here_resume: None,
        quoted: false,
        eof_ends_here: !interactive,
        aliases,
        alias_end: 0,
    };
    let script = p.list(&[])?;
    p.blanks(true);
    match p.peek() {
        None => Ok(Arc::new(script)),
        Some(_) => Err(p.unexpected()),
    }
}

impl<'a> Parser<'a> {
    /// A parser for the text inside backquotes.
    pub(in crate::shell) fn inner(&self, text: Vec<char>) -> Parser<'a> {
        Parser {
            src: text,
            at: 0,
            line: self.line,
            bash: self.bash,
            ash: self.ash,
            depth: self.depth + 1,
            here_resume: None,
            quoted: false,
            eof_ends_here: true,
            aliases: self.aliases,
            alias_end: 0,
        }
    }

    pub(in crate::shell) fn whole(&mut self) -> Parsed<Script> {
        let script = self.list(&[])?;
        self.blanks(true);
        if self.peek().is_some() { Err(self.unexpected()) } else { Ok(script) }
    }

    pub(in crate::shell) fn peek(&self) -> Option<char> {
        self.src.get(self.at).copied()
    }

    pub(in crate::shell) fn ahead(&self, n: usize) -> Option<char> {
        self.src.get(self.at + n).copied()
    }

    pub(in crate::shell) fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.ahead(i) == Some(c))
    }

    pub(in crate::shell) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        if c == '\n' {
            self.line += 1;
            if let Some(to) = self.here_resume.take() {
                self.line +=
                    self.src[self.at..to.min(self.src.len())].iter().filter(|c| **c == '\n').count() as u32;
                self.at = to;
            }
        }
        Some(c)
    }

    pub(in crate::shell) fn incomplete(&self, what: &str) -> ParseError {
        ParseError::Incomplete(what.into())
    }

    pub(in crate::shell) fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(ParseError::Syntax { line: self.line, token: "nesting too deep".into() });
        }
        Ok(())
    }

    pub(in crate::shell) fn unexpected(&self) -> ParseError {
        let token = match self.peek() {
            None => "end of file".into(),
            Some('\n') => "newline".into(),
            Some(_) => {
                let op = [";;&", ";;", ";&", "&&", "||", "<<", ">>", "&", "|", ";", "(", ")", "<", ">"]
                    .into_iter()
                    .find(|op| self.looking_at(op));
                match op {
                    Some(op) => op.into(),
                    None => {
                        let rest = &self.src[self.at..];
                        let end = rest.iter().position(|c| " \t\n;&|()<>".contains(*c)).unwrap_or(rest.len());
                        rest[..end].iter().take(40).collect()
                    }
                }
            }
        };
        ParseError::Syntax { line: self.line, token }
    }

    /// Skips blanks, comments and continued lines; newlines too, if asked.
    pub(in crate::shell) fn blanks(&mut self, newlines: bool) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\n') if newlines => {
                    self.bump();
                }
                Some('\\') if self.ahead(1) == Some('\n') => {
                    self.at += 2;
                    self.line += 1;
                }
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// The reserved word or plain word that stands here, not consumed.
    pub(in crate::shell) fn keyword(&self) -> String {
        self.src[self.at..].iter().take_while(|c| !" \t\r\n;&|()<>\"'$`\\".contains(**c)).take(80).collect()
    }

    fn take_keyword(&mut self, word: &str) -> Parsed<()> {
        self.blanks(true);
        if self.keyword() == word {
            self.at += word.len();
            Ok(())
        } else if self.peek().is_none() {
            Err(self.incomplete(word))
        } else {
            Err(self.unexpected())
        }
    }

    /// Commands up to one of the reserved words `until` (not consumed), `)` , `;;` or the end.
    pub(in crate::shell) fn list(&mut self, until: &[&str]) -> Parsed<Script> {
        self.enter()?;
        let mut items = Vec::new();
        loop {
            self.blanks(true);
            match self.peek() {
                None | Some(')') => break,
                Some(';') if matches!(self.ahead(1), Some(';' | '&')) => break,
                _ => {}
            }
            if until.contains(&self.keyword().as_str()) {
                break;
            }
            let from = self.at;
            let list = Arc::new(self.and_or()?);
            let text: String = self.src[from..self.at.max(from)].iter().take(200).collect();
            self.blanks(false);
            let mut background = false;
            match self.peek() {
                Some('&') if self.ahead(1) != Some('&') => {
                    background = true;
                    self.at += 1;
                }
                Some(';') if !matches!(self.ahead(1), Some(';' | '&')) => self.at += 1,
                Some('\n') => {
                    self.bump();
                }
                None | Some(')' | ';') => {
                    items.push(Item { list, background, text: text.trim().into() });
                    break;
                }
                Some(_) => return Err(self.unexpected()),
            }
            items.push(Item { list, background, text: text.trim().into() });
        }
        self.depth -= 1;
        Ok(Script { items })
    }

    /// A list that must not be empty and ends at one of `until`.
    fn body(&mut self, until: &[&str]) -> Parsed<Arc<Script>> {
        let script = self.list(until)?;
        if script.items.is_empty() {
            return Err(if self.peek().is_none() { self.incomplete(until[0]) } else { self.unexpected() });
        }
        if self.peek().is_none() {
            return Err(self.incomplete(until[0]));
        }
        Ok(Arc::new(script))
    }

    fn and_or(&mut self) -> Parsed<AndOr> {
        let first = Arc::new(self.pipeline()?);
        let mut rest = Vec::new();
        loop {
            self.blanks(false);
            let and = if self.looking_at("&&") {
                true
            } else if self.looking_at("||") {
                false
            } else {
                return Ok(AndOr { first, rest });
            };
            self.at += 2;
            self.blanks(true);
            if self.peek().is_none() {
                return Err(self.incomplete("command"));
            }
            rest.push((and, Arc::new(self.pipeline()?)));
        }
    }

    fn pipeline(&mut self) -> Parsed<Pipeline> {
        let mut negate = false;
        self.blanks(false);
        while self.keyword() == "!" {
            negate = !negate;
            self.at += 1;
            self.blanks(false);
        }
        let mut commands = vec![Arc::new(self.command()?)];
        loop {
            self.blanks(false);
            if self.peek() != Some('|') || self.ahead(1) == Some('|') {
                return Ok(Pipeline { negate, commands });
            }
            self.at += 1;
            let both = self.bash && self.peek() == Some('&');
            self.at += usize::from(both);
            self.blanks(true);
            if self.peek().is_none() {
                return Err(self.incomplete("command"));
            }
            if both && let Some(last) = commands.last_mut().and_then(Arc::get_mut) {
                last.redirects.push(Redirect { fd: Some(2), op: RedirectOp::Dup(Word::lit("1")) });
            }
            commands.push(Arc::new(self.command()?));
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        self.enter()?;
        let line = self.line;
        let kind = match self.compound()? {
            Some(kind) => kind,
            None => {
                let command = self.simple()?;
                self.depth -= 1;
                return Ok(command);
            }
        };
        let mut redirects = Vec::new();
        if !matches!(kind, Kind::Function { .. }) {
            loop {
                self.blanks(false);
                match self.redirect()? {
                    Some(r) => redirects.push(r),
                    None => break,
                }
            }
        }
        self.depth -= 1;
        Ok(Command { kind, redirects, line })
    }

    fn simple(&mut self) -> Parsed<Command> {
        let mut assigns = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut redirects = Vec::new();
        let line = self.line;
        loop {
            self.blanks(false);
            if let Some(r) = self.redirect()? {
                redirects.push(r);
                continue;
            }
            if words.is_empty() {
                if let Some(a) = self.assignment()? {
                    assigns.push(a);
                    continue;
                }
                self.expand_alias();
            } else if self.bash
                && words.first().and_then(Word::bare).is_some_and(is_declaration)
                && let Some(w) = self.array_argument()?
            {
                words.extend(w);
                continue;
            }
            let Some(word) = self.word()? else { break };
            let first = words.is_empty() && assigns.is_empty();
            words.push(word);
            if first && self.peek_function() {
                let name = words[0].bare().unwrap_or_default().to_string();
                return Ok(Command { kind: self.function(name)?, redirects: Vec::new(), line });
            }
        }
        if words.is_empty() && assigns.is_empty() && redirects.is_empty() {
            return Err(if self.peek().is_none() { self.incomplete("command") } else { self.unexpected() });
        }
        Ok(Command { kind: Kind::Simple { assigns, words }, redirects, line })
    }

    /// `declare a=(..)`: read as the assignment it is; the builtin sees only the name.
    fn array_argument(&mut self) -> Parsed<Option<Vec<Word>>> {
        let (at, line) = (self.at, self.line);
        let name = self.keyword();
        let Some((name, _)) = name.split_once('=') else { return Ok(None) };
        if !is_name(name) || self.src.get(self.at + name.len() + 1) != Some(&'(') {
            return Ok(None);
        }
        let Some(assign) = self.assignment()? else {
            (self.at, self.line) = (at, line);
            return Ok(None);
        };
        let AssignValue::Array(items) = assign.value else { return Ok(None) };
        // Encoded as one marked word per item; `declare` puts them together again.
        let mut words = vec![Word(vec![Part::Quoted(format!("\u{1}array={}", assign.name))])];
        for (index, value) in items {
            let mut parts = vec![Part::Quoted("\u{1}item=".into())];
            if let Some(index) = index {
                parts.push(Part::Quoted("[".into()));
                parts.extend(index.0);
                parts.push(Part::Quoted("]\u{1}".into()));
            }
            parts.extend(value.0);
            words.push(Word(vec![Part::Double(parts)]));
        }
        Ok(Some(words))
    }

    /// Consumes `()` after the name of a function.
    fn peek_function(&mut self) -> bool {
        let at = self.at;
        self.blanks(false);
        if self.peek() == Some('(') {
            self.at += 1;
            self.blanks(false);
            if self.peek() == Some(')') {
                self.at += 1;
                return true;
            }
        }
        self.at = at;
        false
    }

    fn expand_alias(&mut self) {
        let Some(aliases) = self.aliases else { return };
        if self.at < self.alias_end {
            return;
        }
        let word = self.keyword();
        let n = word.chars().count();
        let whole = self.ahead(n).is_none_or(|c| " \t\n;&|()<>".contains(c));
        if let Some(text) = aliases.get(&word)
            && whole
        {
            let chars: Vec<char> = text.chars().collect();
            self.alias_end = self.at + chars.len().max(1);
            self.src.splice(self.at..self.at + n, chars);
        }
    }

    fn assignment(&mut self) -> Parsed<Option<Assign>> {
        let mut end = self.at;
        while self.src.get(end).is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_') {
            end += 1;
        }
        let name: String = self.src[self.at..end].iter().collect();
        if !is_name(&name) {
            return Ok(None);
        }
        let (at, line) = (self.at, self.line);
        self.at = end;
        let mut index = None;
        if self.bash && self.peek() == Some('[') {
            self.at += 1;
            match self.subscript()? {
                Some(word) => index = Some(word),
                None => {
                    (self.at, self.line) = (at, line);
                    return Ok(None);
                }
            }
        }
        let append = self.bash && self.looking_at("+=");
        if !append && self.peek() != Some('=') {
            (self.at, self.line) = (at, line);
            return Ok(None);
        }
        self.at += if append { 2 } else { 1 };
        if self.bash && self.peek() == Some('(') {
            self.at += 1;
            let mut items = Vec::new();
            loop {
                self.blanks(true);
                match self.peek() {
                    None => return Err(self.incomplete(")")),
                    Some(')') => {
                        self.at += 1;
                        break;
                    }
                    _ => {}
                }
                let mut key = None;
                if self.peek() == Some('[') {
                    let (at, line) = (self.at, self.line);
                    self.at += 1;
                    key = self.subscript()?;
                    if key.is_some() && self.peek() == Some('=') {
                        self.at += 1;
                    } else {
                        key = None;
                        (self.at, self.line) = (at, line);
                    }
                }
                match self.word()? {
                    Some(word) => items.push((key, word)),
                    None if key.is_some() => items.push((key, Word::default())),
                    None => return Err(self.unexpected()),
                }
            }
            return Ok(Some(Assign { name, index, append, value: AssignValue::Array(items) }));
        }
        let word = self.word()?.unwrap_or_default();
        Ok(Some(Assign { name, index, append, value: AssignValue::Word(word) }))
    }
}

pub(in crate::shell) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_declaration(name: &str) -> bool {
    matches!(name, "declare" | "local" | "export" | "readonly" | "typeset")
}
