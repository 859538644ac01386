//! From words to fields: parameters, substitutions, splitting, patterns.
//!
//! An expansion is pure: what it would assign is gathered and applied by the caller when it is complete. When it
//! meets a command substitution whose output is not there yet it stops with `Stop::Run`, and is begun again later
//! with one more output. So no half-done expansion has to be kept.

mod glob;
mod param;
mod text;

use glob::pattern_text;
use param::is_at;
pub(in crate::shell) use text::{resolve_dir, split_read};
pub(crate) use text::{to_bytes, unescape};

use ordered::BTreeMap;
use std::sync::Arc;

use super::arith::{self, Variables};
use super::ast::{Part, Script, TestExpr, Word};
use super::brace::{BRACES_MAX, braces, has_brace};
use super::{Dialect, Shell, Value};
use crate::glob::Pattern;
use crate::machine::Sys;
use crate::regex::Regex;

/// Characters one expansion may make.
const TEXT_MAX: usize = 4 << 20;

/// Why an expansion did not come to an end.
pub(in crate::shell) enum Stop {
    /// The output of this script is needed.
    Run(Arc<Script>),
    /// An error; the shell (if not at a prompt) ends.
    Error(String),
}

pub(in crate::shell) type Expanded<T> = Result<T, Stop>;

#[derive(Clone, Debug)]
struct Piece {
    text: String,
    quoted: bool,
}

#[derive(Default)]
struct Fields {
    done: Vec<Vec<Piece>>,
    current: Option<Vec<Piece>>,
    /// The last separator was a blank: a `:` that follows belongs to it.
    after_blank: bool,
}

impl Fields {
    fn push(&mut self, text: &str, quoted: bool) {
        self.after_blank = false;
        self.current.get_or_insert_default().push(Piece { text: text.into(), quoted });
    }

    fn end(&mut self) {
        if let Some(field) = self.current.take() {
            self.done.push(field);
        }
    }

    fn split(&mut self, text: &str, ifs: &str) {
        let mut run = String::new();
        for c in text.chars() {
            if !ifs.contains(c) {
                run.push(c);
                continue;
            }
            if !run.is_empty() {
                self.push(&std::mem::take(&mut run), false);
            }
            if c.is_ascii_whitespace() {
                if self.current.is_some() {
                    self.end();
                    self.after_blank = true;
                }
            } else if std::mem::take(&mut self.after_blank) {
                // The blank has already ended the field.
            } else {
                self.current.get_or_insert_default();
                self.end();
            }
        }
        if !run.is_empty() {
            self.push(&run, false);
        }
    }
}

/// One expansion of one command.
pub(in crate::shell) struct Expander<'a, 'b> {
    pub(in crate::shell) shell: &'a Shell,
    pub(in crate::shell) sys: &'a mut Sys<'b>,
    outputs: &'a [String],
    used: usize,
    size: usize,
    /// Variables set on the way (`:=`, arithmetic).
    pub(in crate::shell) assigned: BTreeMap<String, String>,
}

impl Variables for Expander<'_, '_> {
    fn get(&self, name: &str) -> String {
        if let Some((array, index)) = name.strip_suffix(']').and_then(|n| n.split_once('[')) {
            let key = self.index_text(array, index);
            return self.element(array, &key).unwrap_or_default();
        }
        self.value(name).unwrap_or_default()
    }

    fn set(&mut self, name: &str, value: i64) {
        self.assigned.insert(name.into(), value.to_string());
    }
}

impl<'a, 'b> Expander<'a, 'b> {
    pub(in crate::shell) fn new(shell: &'a Shell, sys: &'a mut Sys<'b>, outputs: &'a [String]) -> Self {
        Self { shell, sys, outputs, used: 0, size: 0, assigned: BTreeMap::new() }
    }

    fn index_text(&self, array: &str, index: &str) -> String {
        if self.shell.is_assoc(array) {
            return index.into();
        }
        match index.trim().parse::<i64>() {
            Ok(n) => n.to_string(),
            Err(_) => self.value(index.trim_start_matches('$')).unwrap_or_else(|| "0".into()),
        }
    }

    fn element(&self, array: &str, key: &str) -> Option<String> {
        if let Some(v) = self.assigned.get(&format!("{array}[{key}]")) {
            return Some(v.clone());
        }
        self.shell.element(array, key)
    }

    /// The value of a variable or special parameter; `None` when unset.
    fn value(&self, name: &str) -> Option<String> {
        if let Some(v) = self.assigned.get(name) {
            return Some(v.clone());
        }
        let shell = self.shell;
        Some(match name {
            "?" => shell.status.to_string(),
            "#" => shell.args.len().to_string(),
            "$" => shell.main_pid.unwrap_or(self.sys.pid()).to_string(),
            "!" => return shell.last_background.map(|p| p.to_string()),
            "-" => shell.flags(),
            "0" => shell.name.clone(),
            "@" | "*" => shell.args.join(" "),
            "RANDOM" if shell.dialect != Dialect::Dash => {
                return Some(shell.random(self.sys, self.used).to_string());
            }
            "SECONDS" if shell.dialect == Dialect::Bash => (self.sys.machine().uptime() / 1000).to_string(),
            "LINENO" => shell.line.to_string(),
            "PPID" => self.sys.parent().to_string(),
            "EUID" | "UID" if shell.dialect == Dialect::Bash => self.sys.cred().uid.to_string(),
            "HOSTNAME" if shell.dialect == Dialect::Bash => {
                shell.get(name).unwrap_or_else(|| self.sys.machine().hostname.clone())
            }
            _ => {
                if let Ok(n) = name.parse::<usize>() {
                    return n.checked_sub(1).and_then(|n| shell.args.get(n)).cloned();
                }
                return shell.get(name);
            }
        })
    }

    fn ifs(&self) -> String {
        self.value("IFS").unwrap_or_else(|| " \t\n".into())
    }

    fn grow(&mut self, by: usize) -> Expanded<()> {
        self.size += by;
        self.sys.charge((by >> 10) as u32);
        if self.size > TEXT_MAX { Err(Stop::Error("out of memory".into())) } else { Ok(()) }
    }

    /// All fields of a list of words: split, with patterns replaced by the names they match.
    pub(in crate::shell) fn words(&mut self, words: &[Word]) -> Expanded<Vec<String>> {
        let mut out = Vec::new();
        for word in words {
            if self.shell.dialect == Dialect::Bash && has_brace(word) {
                let mut left = BRACES_MAX;
                for word in braces(&word.0, &mut left) {
                    self.one_word(&Word(word), &mut out)?;
                }
            } else {
                self.one_word(word, &mut out)?;
            }
        }
        Ok(out)
    }

    fn one_word(&mut self, word: &Word, out: &mut Vec<String>) -> Expanded<()> {
        if let [Part::Lit(text)] = word.0.as_slice()
            && !text.contains(['*', '?', '['])
        {
            out.push(text.clone());
            return Ok(());
        }
        let mut fields = Fields::default();
        self.parts(&word.0, &mut fields, false, true)?;
        fields.end();
        for field in fields.done {
            self.globbed(field, out);
        }
        Ok(())
    }

    /// A word as one string: no splitting, no patterns (assignments, redirections, `case`).
    pub(in crate::shell) fn text(&mut self, word: &Word) -> Expanded<String> {
        if let [Part::Lit(text)] = word.0.as_slice() {
            return Ok(text.clone());
        }
        let mut fields = Fields::default();
        self.parts(&word.0, &mut fields, true, false)?;
        fields.end();
        Ok(join_fields(&fields.done))
    }

    /// A word as a pattern: quoted parts are escaped.
    pub(in crate::shell) fn pattern(&mut self, word: &Word) -> Expanded<Pattern> {
        let mut fields = Fields::default();
        self.parts(&word.0, &mut fields, true, false)?;
        fields.end();
        let pieces: Vec<Piece> = fields.done.concat();
        Ok(Pattern::new(&pattern_text(&pieces)))
    }

    /// A word as a regular expression: quoted parts match themselves.
    fn regex(&mut self, word: &Word) -> Expanded<String> {
        let mut fields = Fields::default();
        self.parts(&word.0, &mut fields, true, false)?;
        fields.end();
        let mut out = String::new();
        for piece in fields.done.concat() {
            for c in piece.text.chars() {
                if piece.quoted && "\\.[]{}()*+?^$|".contains(c) {
                    out.push('\\');
                }
                out.push(c);
            }
        }
        Ok(out)
    }

    /// `quoted`: the parts stand in double quotes; `split`: results of expansions are split.
    fn parts(&mut self, parts: &[Part], fields: &mut Fields, quoted: bool, split: bool) -> Expanded<()> {
        for part in parts {
            match part {
                Part::Lit(text) => fields.push(text, false),
                Part::Quoted(text) => fields.push(text, true),
                Part::Tilde(name) => {
                    let home = match name.as_str() {
                        "" => self.value("HOME").unwrap_or_else(|| "/".into()),
                        "root" => "/root".into(),
                        name => format!("~{name}"),
                    };
                    fields.push(&home, true);
                }
                Part::Double(inner) => {
                    // `"$@"` with no arguments is no field at all; any other `""` is an empty one.
                    let only_at = matches!(inner.as_slice(), [Part::Param(p)] if is_at(p));
                    if !only_at {
                        fields.push("", true);
                    }
                    self.double(inner, fields, split)?;
                }
                Part::Param(param) => self.param(param, fields, quoted, split)?,
                Part::Command(script) => {
                    let text = self.output(script)?;
                    self.result(&text, fields, quoted, split);
                }
                Part::Arith(inner) => {
                    let text = self.arith(inner)?.to_string();
                    self.result(&text, fields, quoted, split);
                }
            }
        }
        Ok(())
    }

    fn double(&mut self, parts: &[Part], fields: &mut Fields, split: bool) -> Expanded<()> {
        for part in parts {
            match part {
                Part::Lit(text) | Part::Quoted(text) => fields.push(text, true),
                Part::Param(param) if split && is_at(param) => {
                    let values = self.all_values(param);
                    for (n, value) in values.iter().enumerate() {
                        if n > 0 {
                            fields.end();
                        }
                        self.grow(value.len())?;
                        fields.push(value, true);
                    }
                }
                Part::Param(param) => {
                    let mut inner = Fields::default();
                    self.param(param, &mut inner, true, false)?;
                    inner.end();
                    fields.push(&join_fields(&inner.done), true);
                }
                Part::Command(script) => {
                    let text = self.output(script)?;
                    fields.push(&text, true);
                }
                Part::Arith(inner) => {
                    let text = self.arith(inner)?.to_string();
                    fields.push(&text, true);
                }
                Part::Double(inner) => self.double(inner, fields, split)?,
                Part::Tilde(_) => fields.push("~", true),
            }
        }
        Ok(())
    }

    fn result(&mut self, text: &str, fields: &mut Fields, quoted: bool, split: bool) {
        if split && !quoted {
            let ifs = self.ifs();
            fields.split(text, &ifs);
        } else if !text.is_empty() {
            // An unquoted result may still be a pattern (`case $x in $p)`).
            fields.push(text, false);
        }
    }

    fn output(&mut self, script: &Arc<Script>) -> Expanded<String> {
        match self.outputs.get(self.used) {
            Some(text) => {
                self.used += 1;
                self.grow(text.len())?;
                Ok(text.clone())
            }
            None => Err(Stop::Run(script.clone())),
        }
    }

    pub(in crate::shell) fn arith(&mut self, parts: &[Part]) -> Expanded<i64> {
        let mut fields = Fields::default();
        self.parts(parts, &mut fields, true, false)?;
        fields.end();
        let text = join_fields(&fields.done);
        arith::evaluate(&text, self).map_err(|e| {
            Stop::Error(match self.shell.dialect {
                Dialect::Bash if e == "divide by zero" => {
                    format!(
                        "{text}: division by 0 (error token is \"{}\")",
                        text.rsplit('/').next().unwrap_or("0").trim()
                    )
                }
                Dialect::Bash => format!("{text}: {e}"),
                Dialect::Dash if e == "divide by zero" => format!("division by zero: \"{text}\""),
                Dialect::Dash => format!("arithmetic expression: expecting primary: \"{text}\""),
                Dialect::Ash => e,
            })
        })
    }

    /// The truth of `[[ .. ]]`; a match of `=~` leaves BASH_REMATCH.
    pub(in crate::shell) fn test(&mut self, expr: &TestExpr) -> Expanded<bool> {
        Ok(match expr {
            TestExpr::Not(a) => !self.test(a)?,
            TestExpr::And(a, b) => self.test(a)? && self.test(b)?,
            TestExpr::Or(a, b) => self.test(a)? || self.test(b)?,
            TestExpr::Word(word) => !self.text(word)?.is_empty(),
            TestExpr::Unary(op, word) => {
                let text = self.text(word)?;
                if *op == 'v' {
                    self.value(&text).is_some()
                } else {
                    super::test::unary(&format!("-{op}"), &text, self.sys).unwrap_or(false)
                }
            }
            TestExpr::Binary(op, left, right) => {
                let left = self.text(left)?;
                match op.as_str() {
                    "=" | "==" => self.pattern(right)?.matches(&left),
                    "!=" => !self.pattern(right)?.matches(&left),
                    "=~" => {
                        let text = self.regex(right)?;
                        let regex = Regex::new(&text, true, false).map_err(Stop::Error)?;
                        let chars: Vec<char> = left.chars().collect();
                        match regex.find_at(&chars, 0) {
                            Some(groups) => {
                                for (n, g) in groups.iter().enumerate() {
                                    let text =
                                        g.map(|(a, b)| chars[a..b].iter().collect()).unwrap_or_default();
                                    self.assigned.insert(format!("BASH_REMATCH[{n}]"), text);
                                }
                                true
                            }
                            None => false,
                        }
                    }
                    "<" => left < self.text(right)?,
                    ">" => left > self.text(right)?,
                    op => {
                        let right = self.text(right)?;
                        let a = arith::evaluate(&left, self).map_err(Stop::Error)?;
                        let b = arith::evaluate(&right, self).map_err(Stop::Error)?;
                        super::test::compare(op, a, b)
                    }
                }
            }
        })
    }
}

fn join_fields(fields: &[Vec<Piece>]) -> String {
    let texts: Vec<String> = fields.iter().map(|f| f.iter().map(|p| p.text.as_str()).collect()).collect();
    texts.join(" ")
}

impl Value {
    /// The text of a plain variable, or of element 0.
    pub(in crate::shell) fn scalar(&self) -> Option<&str> {
        match self {
            Self::Text(t) => Some(t),
            Self::Array(items) => items.get(&0).map(String::as_str),
            Self::Assoc(items) => items.get("0").map(String::as_str),
        }
    }
}
