//! Words: quotes, expansions and what stands inside `${..}`.

use std::sync::Arc;

use super::ast::{Index, Param, ParamOp, Part, Word};
use super::parse::{Parsed, Parser, is_name};

/// Characters that end a word when unquoted.
const META: &str = " \t\r\n;&|()<>";

impl Parser<'_> {
    /// The word that stands here, or `None` when none does.
    pub(super) fn word(&mut self) -> Parsed<Option<Word>> {
        let mut parts = self.parts(|c| META.contains(c))?;
        if parts.is_empty() {
            return Ok(None);
        }
        if let Part::Lit(text) = &parts[0]
            && text.starts_with('~')
        {
            let end = text.find('/').unwrap_or(text.len());
            let (name, rest) = (text[1..end].to_string(), text[end..].to_string());
            if (parts.len() == 1 || !rest.is_empty()) && (name.is_empty() || is_name(&name)) {
                parts[0] = Part::Tilde(name);
                if !rest.is_empty() {
                    parts.insert(1, Part::Lit(rest));
                }
            }
        }
        Ok(Some(Word(parts)))
    }

    /// The right side of `=~`, where `(`, `|` and `)` are part of the expression.
    pub(super) fn regex_word(&mut self) -> Parsed<Option<Word>> {
        let parts = self.parts(|c| " \t\n".contains(c))?;
        Ok((!parts.is_empty()).then_some(Word(parts)))
    }

    /// Unquoted parts up to a character for which `stop` holds.
    fn parts(&mut self, stop: impl Fn(char) -> bool) -> Parsed<Vec<Part>> {
        self.enter()?;
        let mut parts = Vec::new();
        let mut lit = String::new();
        while let Some(c) = self.peek() {
            if c == '\\' {
                self.at += 1;
                match self.peek() {
                    Some('\n') => {
                        self.bump();
                    }
                    Some(c) => {
                        flush(&mut parts, &mut lit);
                        parts.push(Part::Quoted(c.to_string()));
                        self.at += 1;
                    }
                    None => return Err(self.incomplete("character")),
                }
                continue;
            }
            if stop(c) {
                break;
            }
            match c {
                '\'' => {
                    flush(&mut parts, &mut lit);
                    self.at += 1;
                    let text = self.single()?;
                    parts.push(Part::Quoted(text));
                }
                '"' => {
                    flush(&mut parts, &mut lit);
                    self.at += 1;
                    let inner = self.double_parts(Some('"'))?;
                    parts.push(Part::Double(inner));
                }
                '$' if self.bash && self.ahead(1) == Some('\'') => {
                    flush(&mut parts, &mut lit);
                    self.at += 2;
                    let text = self.dollar_single()?;
                    parts.push(Part::Quoted(text));
                }
                '$' | '`' => match self.dollar()? {
                    Some(part) => {
                        flush(&mut parts, &mut lit);
                        parts.push(part);
                    }
                    None => {
                        lit.push('$');
                        self.at += 1;
                    }
                },
                c => {
                    lit.push(c);
                    self.bump();
                }
            }
        }
        flush(&mut parts, &mut lit);
        self.depth -= 1;
        Ok(parts)
    }

    fn single(&mut self) -> Parsed<String> {
        let mut text = String::new();
        loop {
            match self.bump() {
                Some('\'') => return Ok(text),
                Some(c) => text.push(c),
                None => return Err(self.incomplete("'")),
            }
        }
    }

    fn dollar_single(&mut self) -> Parsed<String> {
        let mut raw = String::new();
        loop {
            match self.bump() {
                Some('\'') => return Ok(super::expand::unescape(&raw, false).0),
                Some('\\') => {
                    raw.push('\\');
                    match self.bump() {
                        Some('\'') => {
                            raw.pop();
                            raw.push('\'');
                        }
                        Some(c) => raw.push(c),
                        None => return Err(self.incomplete("'")),
                    }
                }
                Some(c) => raw.push(c),
                None => return Err(self.incomplete("'")),
            }
        }
    }

    /// Parts inside double quotes (ended by `close`) or in a here-document (`None`: to the end).
    pub(super) fn double_parts(&mut self, close: Option<char>) -> Parsed<Vec<Part>> {
        let outer = std::mem::replace(&mut self.quoted, true);
        let parts = self.double_text(close);
        self.quoted = outer;
        parts
    }

    fn double_text(&mut self, close: Option<char>) -> Parsed<Vec<Part>> {
        self.enter()?;
        let mut parts = Vec::new();
        let mut lit = String::new();
        loop {
            let Some(c) = self.peek() else {
                if let Some(close) = close {
                    return Err(self.incomplete(&close.to_string()));
                }
                break;
            };
            if Some(c) == close {
                self.at += 1;
                break;
            }
            match c {
                '\\' => match self.ahead(1) {
                    Some('\n') => {
                        self.at += 1;
                        self.bump();
                    }
                    Some(e) if matches!(e, '$' | '`' | '\\') || (e == '"' && close.is_some()) => {
                        lit.push(e);
                        self.at += 2;
                    }
                    Some('}') if close == Some('}') => {
                        lit.push('}');
                        self.at += 2;
                    }
                    _ => {
                        lit.push('\\');
                        self.at += 1;
                    }
                },
                '"' if close == Some('}') => {
                    flush_quoted(&mut parts, &mut lit);
                    self.at += 1;
                    parts.extend(self.double_parts(Some('"'))?);
                }
                '$' | '`' => match self.dollar()? {
                    Some(part) => {
                        flush_quoted(&mut parts, &mut lit);
                        parts.push(part);
                    }
                    None => {
                        lit.push('$');
                        self.at += 1;
                    }
                },
                c => {
                    lit.push(c);
                    self.bump();
                }
            }
        }
        flush_quoted(&mut parts, &mut lit);
        self.depth -= 1;
        Ok(parts)
    }

    /// An expansion at `$` or a backquote; `None` when the `$` is only itself.
    fn dollar(&mut self) -> Parsed<Option<Part>> {
        if self.peek() == Some('`') {
            return self.backquotes().map(Some);
        }
        let part = match self.ahead(1) {
            Some('(') if self.ahead(2) == Some('(') => {
                let (at, line) = (self.at, self.line);
                self.at += 3;
                match self.arith_text()? {
                    Some(parts) => Part::Arith(parts),
                    None => {
                        (self.at, self.line) = (at, line);
                        self.command_substitution()?
                    }
                }
            }
            Some('(') => self.command_substitution()?,
            Some('{') => {
                self.at += 2;
                self.braced()?
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                self.at += 1;
                let name = self.name();
                plain(name)
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                self.at += 2;
                plain(c.to_string())
            }
            _ => return Ok(None),
        };
        Ok(Some(part))
    }

    fn name(&mut self) -> String {
        let begin = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.at += 1;
        }
        self.src[begin..self.at].iter().collect()
    }

    fn command_substitution(&mut self) -> Parsed<Part> {
        self.at += 2;
        let outer = std::mem::replace(&mut self.quoted, false);
        let script = self.list(&[])?;
        self.quoted = outer;
        self.blanks(true);
        match self.peek() {
            Some(')') => {
                self.at += 1;
                Ok(Part::Command(Arc::new(script)))
            }
            None => Err(self.incomplete(")")),
            Some(_) => Err(self.unexpected()),
        }
    }

    fn backquotes(&mut self) -> Parsed<Part> {
        self.at += 1;
        let mut text = Vec::new();
        loop {
            match self.bump() {
                Some('`') => break,
                Some('\\') => match self.bump() {
                    Some(c @ ('`' | '\\' | '$')) => text.push(c),
                    Some(c) => text.extend(['\\', c]),
                    None => return Err(self.incomplete("`")),
                },
                Some(c) => text.push(c),
                None => return Err(self.incomplete("`")),
            }
        }
        let mut inner = self.inner(text);
        inner.enter()?;
        Ok(Part::Command(Arc::new(inner.whole()?)))
    }

    /// Text up to `))` with expansions; `None` when it does not close that way (so it was `( (`).
    pub(super) fn arith_text(&mut self) -> Parsed<Option<Vec<Part>>> {
        self.enter()?;
        let mut parts = Vec::new();
        let mut lit = String::new();
        let mut open = 0;
        loop {
            let Some(c) = self.peek() else { return Err(self.incomplete("))")) };
            match c {
                ')' if open == 0 => {
                    self.depth -= 1;
                    if self.ahead(1) == Some(')') {
                        self.at += 2;
                        flush(&mut parts, &mut lit);
                        return Ok(Some(parts));
                    }
                    return Ok(None);
                }
                '(' | ')' => {
                    open += if c == '(' { 1 } else { -1 };
                    lit.push(c);
                    self.at += 1;
                }
                '"' => self.at += 1,
                '\\' if self.ahead(1) == Some('\n') => self.at += 2,
                '$' | '`' => match self.dollar()? {
                    Some(part) => {
                        flush(&mut parts, &mut lit);
                        parts.push(part);
                    }
                    None => {
                        lit.push('$');
                        self.at += 1;
                    }
                },
                c => {
                    lit.push(c);
                    self.bump();
                }
            }
        }
    }

    /// The text of `[..]` after the bracket; `None` when it does not close.
    pub(super) fn subscript(&mut self) -> Parsed<Option<Word>> {
        let parts = self.parts(|c| c == ']' || c == '\n')?;
        if self.peek() != Some(']') {
            return Ok(None);
        }
        self.at += 1;
        Ok(Some(Word(parts)))
    }

    fn braced(&mut self) -> Parsed<Part> {
        let bad =
            |p: &Self| super::parse::ParseError::Syntax { line: p.line, token: "bad substitution".into() };
        let length =
            self.peek() == Some('#') && self.ahead(1).is_some_and(|c| c != '}' && !":-=?+%#".contains(c));
        let indirect = self.bash && self.peek() == Some('!') && self.ahead(1) != Some('}');
        self.at += usize::from(length || indirect);
        let name = match self.peek() {
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.name(),
            Some(c) if c.is_ascii_digit() => {
                let begin = self.at;
                while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.at += 1;
                }
                self.src[begin..self.at].iter().collect()
            }
            Some(c) if "@*#?-$!".contains(c) => {
                self.at += 1;
                c.to_string()
            }
            None => return Err(self.incomplete("}")),
            _ => return Err(bad(self)),
        };
        let mut index = None;
        if self.bash && self.peek() == Some('[') {
            self.at += 1;
            let word = self.subscript()?.ok_or_else(|| bad(self))?;
            index = Some(match word.bare() {
                Some("@") => Index::At,
                Some("*") => Index::Star,
                _ => Index::Word(word),
            });
        }
        let op = if length {
            ParamOp::Length
        } else if indirect {
            if index.is_some() { ParamOp::Keys } else { ParamOp::Indirect }
        } else {
            self.operation()?
        };
        match self.bump() {
            Some('}') => Ok(Part::Param(Box::new(Param { name, index, op }))),
            None => Err(self.incomplete("}")),
            Some(_) => Err(bad(self)),
        }
    }

    fn operation(&mut self) -> Parsed<ParamOp> {
        let colon = self.peek() == Some(':');
        let at = self.at;
        self.at += usize::from(colon);
        Ok(match self.peek() {
            Some(op @ ('-' | '=' | '?' | '+')) => {
                self.at += 1;
                ParamOp::Default { op, colon, word: self.default_operand()? }
            }
            Some(c @ ('#' | '%')) if !colon => {
                self.at += 1;
                let longest = self.peek() == Some(c);
                self.at += usize::from(longest);
                ParamOp::Trim { suffix: c == '%', longest, word: self.operand(|c| c == '}')? }
            }
            Some('/') if !colon && (self.bash || self.ash) => {
                self.at += 1;
                let all = self.peek() == Some('/');
                self.at += usize::from(all);
                let anchor = self.peek().filter(|c| matches!(c, '#' | '%') && !all);
                self.at += usize::from(anchor.is_some());
                let pattern = self.operand(|c| c == '}' || c == '/')?;
                let mut with = Word::default();
                if self.peek() == Some('/') {
                    self.at += 1;
                    with = self.operand(|c| c == '}')?;
                }
                ParamOp::Replace { all, anchor, pattern, with }
            }
            Some(c @ ('^' | ',')) if !colon && self.bash => {
                self.at += 1;
                let all = self.peek() == Some(c);
                self.at += usize::from(all);
                ParamOp::Case { upper: c == '^', all }
            }
            Some(_) if colon => {
                let from = self.operand(|c| c == '}' || c == ':')?;
                let mut len = None;
                if self.peek() == Some(':') {
                    self.at += 1;
                    len = Some(self.operand(|c| c == '}')?);
                }
                ParamOp::Slice { from, len }
            }
            _ => {
                self.at = at;
                ParamOp::Plain
            }
        })
    }

    /// The word of `${x:-word}`: inside double quotes it is quoted too.
    fn default_operand(&mut self) -> Parsed<Word> {
        if !self.quoted {
            return self.operand(|c| c == '}');
        }
        let parts = self.double_parts(Some('}'))?;
        self.at -= 1;
        Ok(Word(vec![Part::Double(parts)]))
    }

    /// A word inside braces: blanks are part of it.
    fn operand(&mut self, stop: impl Fn(char) -> bool) -> Parsed<Word> {
        let mut parts = self.parts(stop)?;
        if let Some(Part::Lit(text)) = parts.first()
            && (text == "~" || text.starts_with("~/"))
        {
            let rest = text[1..].to_string();
            parts[0] = Part::Tilde(String::new());
            if !rest.is_empty() {
                parts.insert(1, Part::Lit(rest));
            }
        }
        Ok(Word(parts))
    }
}

fn plain(name: String) -> Part {
    Part::Param(Box::new(Param { name, index: None, op: ParamOp::Plain }))
}

fn flush(parts: &mut Vec<Part>, lit: &mut String) {
    if !lit.is_empty() {
        parts.push(Part::Lit(std::mem::take(lit)));
    }
}

fn flush_quoted(parts: &mut Vec<Part>, lit: &mut String) {
    if !lit.is_empty() {
        parts.push(Part::Quoted(std::mem::take(lit)));
    }
}
