//! From words to fields: parameters, substitutions, splitting, patterns.
//!
//! An expansion is pure: what it would assign is gathered and applied by the caller when it is complete. When it
//! meets a command substitution whose output is not there yet it stops with `Stop::Run`, and is begun again later
//! with one more output. So no half-done expansion has to be kept.

use ordered::BTreeMap;
use std::sync::Arc;

use super::arith::{self, Variables};
use super::ast::{Index, Param, ParamOp, Part, Script, TestExpr, Word};
use super::brace::{BRACES_MAX, braces, has_brace};
use super::{Dialect, Shell, Value};
use crate::fs::{Node, clean, join};
use crate::glob::Pattern;
use crate::machine::Sys;
use crate::regex::Regex;

/// Characters one expansion may make.
const TEXT_MAX: usize = 4 << 20;

/// Why an expansion did not come to an end.
pub(super) enum Stop {
    /// The output of this script is needed.
    Run(Arc<Script>),
    /// An error; the shell (if not at a prompt) ends.
    Error(String),
}

pub(super) type Expanded<T> = Result<T, Stop>;

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
pub(super) struct Expander<'a, 'b> {
    pub(super) shell: &'a Shell,
    pub(super) sys: &'a mut Sys<'b>,
    outputs: &'a [String],
    used: usize,
    size: usize,
    /// Variables set on the way (`:=`, arithmetic).
    pub(super) assigned: BTreeMap<String, String>,
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
    pub(super) fn new(shell: &'a Shell, sys: &'a mut Sys<'b>, outputs: &'a [String]) -> Self {
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
    pub(super) fn words(&mut self, words: &[Word]) -> Expanded<Vec<String>> {
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

    fn globbed(&mut self, field: Vec<Piece>, out: &mut Vec<String>) {
        let plain: String = field.iter().map(|p| p.text.as_str()).collect();
        let magic = field.iter().any(|p| !p.quoted && p.text.contains(['*', '?', '[']));
        if magic && !self.shell.options.no_glob {
            let pattern = pattern_text(&field);
            let found = self.glob(&pattern);
            if !found.is_empty() {
                out.extend(found);
                return;
            }
        }
        out.push(plain);
    }

    /// Names that match a pattern with escapes, in byte order.
    fn glob(&mut self, pattern: &str) -> Vec<String> {
        let absolute = pattern.starts_with('/');
        let mut found = vec![if absolute { "/".to_string() } else { String::new() }];
        let parts: Vec<&str> = pattern.split('/').filter(|p| !p.is_empty()).collect();
        for (n, part) in parts.iter().enumerate() {
            let last = n + 1 == parts.len();
            let compiled = Pattern::new(part);
            let mut next = Vec::new();
            for base in &found {
                if compiled.is_literal() {
                    let name: String = unescape_glob(part);
                    let path = format!("{base}{name}");
                    let full = self.sys.path(&path);
                    if self.sys.fs().get_link(&full).is_ok() {
                        next.push(if last { path } else { format!("{path}/") });
                    }
                    continue;
                }
                let dir = self.sys.path(if base.is_empty() { "." } else { base });
                for (name, node) in self.sys.fs().list(&clean(&dir)).unwrap_or_default() {
                    let hidden = name.starts_with('.') && !part.starts_with('.');
                    if hidden || !compiled.matches(&name) {
                        continue;
                    }
                    if last {
                        next.push(format!("{base}{name}"));
                    } else if !matches!(node, Node::File(_)) {
                        next.push(format!("{base}{name}/"));
                    }
                }
            }
            found = next;
            self.sys.charge(found.len() as u32);
        }
        if pattern.ends_with('/') {
            found.iter_mut().for_each(|f| f.push('/'));
        }
        found
    }

    /// A word as one string: no splitting, no patterns (assignments, redirections, `case`).
    pub(super) fn text(&mut self, word: &Word) -> Expanded<String> {
        if let [Part::Lit(text)] = word.0.as_slice() {
            return Ok(text.clone());
        }
        let mut fields = Fields::default();
        self.parts(&word.0, &mut fields, true, false)?;
        fields.end();
        Ok(join_fields(&fields.done))
    }

    /// A word as a pattern: quoted parts are escaped.
    pub(super) fn pattern(&mut self, word: &Word) -> Expanded<Pattern> {
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

    pub(super) fn arith(&mut self, parts: &[Part]) -> Expanded<i64> {
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

    /// The values of `$@`, `$*`, `${a[@]}` or `${!a[@]}`.
    fn all_values(&self, param: &Param) -> Vec<String> {
        let values = match (&param.index, &param.op) {
            (Some(_), ParamOp::Keys) => return self.shell.keys(&param.name),
            (Some(_), _) => self.shell.elements(&param.name),
            (None, _) => self.shell.args.clone(),
        };
        match &param.op {
            ParamOp::Slice { from, len } => {
                let number = |w: &Word| w.bare().and_then(|t| t.trim().parse::<usize>().ok());
                let mut values = values;
                if param.index.is_none() {
                    values.insert(0, self.shell.name.clone());
                }
                let from = number(from).unwrap_or(0);
                let n = len.as_ref().and_then(number).unwrap_or(usize::MAX);
                values.into_iter().skip(from).take(n).collect()
            }
            _ => values,
        }
    }

    fn param(&mut self, param: &Param, fields: &mut Fields, quoted: bool, split: bool) -> Expanded<()> {
        let name = param.name.as_str();
        let all = matches!(name, "@" | "*") || matches!(param.index, Some(Index::At | Index::Star));
        if all && matches!(param.op, ParamOp::Plain | ParamOp::Keys | ParamOp::Slice { .. }) {
            let values = self.all_values(param);
            if split && !quoted {
                let ifs = self.ifs();
                for (n, value) in values.iter().enumerate() {
                    if n > 0 {
                        fields.end();
                    }
                    self.grow(value.len())?;
                    fields.split(value, &ifs);
                }
            } else {
                let star = name == "*" || matches!(param.index, Some(Index::Star));
                let ifs = self.value("IFS");
                let glue = match &ifs {
                    Some(ifs) if star => ifs.chars().next().map(String::from).unwrap_or_default(),
                    _ => " ".into(),
                };
                let text = values.join(&glue);
                self.grow(text.len())?;
                fields.push(&text, quoted);
            }
            return Ok(());
        }
        let current = match &param.index {
            Some(Index::Word(word)) => {
                let text = self.text(word)?;
                let key = if self.shell.is_assoc(name) {
                    text
                } else {
                    let n = arith::evaluate(&text, self).map_err(Stop::Error)?;
                    n.to_string()
                };
                self.element(name, &key)
            }
            Some(_) => Some(self.shell.elements(name).join(" ")).filter(|s| !s.is_empty()),
            None if all => Some(self.shell.args.join(" ")).filter(|_| !self.shell.args.is_empty()),
            None => self.value(name),
        };
        if current.is_none()
            && self.shell.options.nounset
            && !all
            && !matches!(param.op, ParamOp::Default { .. })
        {
            let text =
                if self.shell.dialect == Dialect::Bash { "unbound variable" } else { "parameter not set" };
            return Err(Stop::Error(format!("{name}: {text}")));
        }
        let text = match &param.op {
            ParamOp::Plain | ParamOp::Keys => current.unwrap_or_default(),
            ParamOp::Length => match &param.index {
                Some(Index::At | Index::Star) => self.shell.elements(name).len(),
                _ if all => self.shell.args.len(),
                _ => current.unwrap_or_default().chars().count(),
            }
            .to_string(),
            ParamOp::Default { op, colon, word } => {
                let missing = match &current {
                    None => true,
                    Some(v) => *colon && v.is_empty(),
                };
                match op {
                    '-' if missing => return self.operand(word, fields, quoted, split),
                    '+' if !missing => return self.operand(word, fields, quoted, split),
                    '+' => String::new(),
                    '=' if missing => {
                        let value = self.text(word)?;
                        self.assigned.insert(name.into(), value.clone());
                        value
                    }
                    '?' if missing => {
                        let mut message = self.text(word)?;
                        if message.is_empty() {
                            message = match (self.shell.dialect, colon) {
                                (Dialect::Bash, true) => "parameter null or not set",
                                (_, true) => "parameter not set or null",
                                _ => "parameter not set",
                            }
                            .into();
                        }
                        return Err(Stop::Error(format!("{name}: {message}")));
                    }
                    _ => current.unwrap_or_default(),
                }
            }
            ParamOp::Trim { suffix, longest, word } => {
                let pattern = self.pattern(word)?;
                let chars: Vec<char> = current.unwrap_or_default().chars().collect();
                self.sys.charge((chars.len() >> 4) as u32);
                let cut =
                    if *suffix { pattern.suffix(&chars, *longest) } else { pattern.prefix(&chars, *longest) };
                match (cut, suffix) {
                    (Some(n), true) => chars[..n].iter().collect(),
                    (Some(n), false) => chars[n..].iter().collect(),
                    (None, _) => chars.iter().collect(),
                }
            }
            ParamOp::Replace { all, anchor, pattern, with } => {
                let pattern = self.pattern(pattern)?;
                let with = self.text(with)?;
                replace(&current.unwrap_or_default(), &pattern, &with, *all, *anchor)
            }
            ParamOp::Slice { from, len } => {
                let chars: Vec<char> = current.unwrap_or_default().chars().collect();
                let n = chars.len() as i64;
                let from = self.number(from)?;
                let from = if from < 0 { (n + from).max(0) } else { from.min(n) };
                let end = match len {
                    None => n,
                    Some(len) => match self.number(len)? {
                        l if l < 0 => n + l,
                        l => from.saturating_add(l),
                    },
                };
                let end = end.clamp(from, n);
                chars[from as usize..end as usize].iter().collect()
            }
            ParamOp::Case { upper, all } => {
                let text = current.unwrap_or_default();
                let change = |c: char| if *upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
                text.chars().enumerate().map(|(n, c)| if *all || n == 0 { change(c) } else { c }).collect()
            }
            ParamOp::Indirect => current.and_then(|n| self.value(&n)).unwrap_or_default(),
        };
        self.grow(text.len())?;
        self.result(&text, fields, quoted, split);
        Ok(())
    }

    fn number(&mut self, word: &Word) -> Expanded<i64> {
        let text = self.text(word)?;
        arith::evaluate(&text, self).map_err(Stop::Error)
    }

    fn operand(&mut self, word: &Word, fields: &mut Fields, quoted: bool, split: bool) -> Expanded<()> {
        if quoted || !split {
            return self.parts(&word.0, fields, quoted, false);
        }
        // Blanks of an unquoted operand separate fields too.
        let ifs = self.ifs();
        for part in &word.0 {
            match part {
                Part::Lit(text) => fields.split(text, &ifs),
                part => self.parts(std::slice::from_ref(part), fields, false, true)?,
            }
        }
        Ok(())
    }

    /// The truth of `[[ .. ]]`; a match of `=~` leaves BASH_REMATCH.
    pub(super) fn test(&mut self, expr: &TestExpr) -> Expanded<bool> {
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

fn is_at(param: &Param) -> bool {
    let at = (param.name == "@" && param.index.is_none()) || matches!(param.index, Some(Index::At));
    at && matches!(param.op, ParamOp::Plain | ParamOp::Keys | ParamOp::Slice { .. })
}

fn join_fields(fields: &[Vec<Piece>]) -> String {
    let texts: Vec<String> = fields.iter().map(|f| f.iter().map(|p| p.text.as_str()).collect()).collect();
    texts.join(" ")
}

fn pattern_text(pieces: &[Piece]) -> String {
    let mut out = String::new();
    for piece in pieces {
        for c in piece.text.chars() {
            if piece.quoted && "*?[]\\".contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

fn unescape_glob(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    out
}

fn replace(text: &str, pattern: &Pattern, with: &str, all: bool, anchor: Option<char>) -> String {
    let chars: Vec<char> = text.chars().collect();
    match anchor {
        Some('#') => match pattern.prefix(&chars, true) {
            Some(n) => format!("{with}{}", chars[n..].iter().collect::<String>()),
            None => text.into(),
        },
        Some(_) => match pattern.suffix(&chars, true) {
            Some(n) => format!("{}{with}", chars[..n].iter().collect::<String>()),
            None => text.into(),
        },
        None => {
            let mut out = String::new();
            let mut i = 0;
            let mut done = false;
            while i < chars.len() {
                let hit = if done { None } else { pattern.prefix(&chars[i..], true).filter(|n| *n > 0) };
                match hit {
                    Some(n) => {
                        out.push_str(with);
                        i += n;
                        done = !all;
                    }
                    None => {
                        out.push(chars[i]);
                        i += 1;
                    }
                }
            }
            out
        }
    }
}

/// Backslash escapes as `echo -e`, `printf` and `$'..'` know them. The flag tells of `\c`.
/// `octal_zero`: octal needs a leading zero (`echo`, `%b`).
pub(crate) fn unescape(text: &str, octal_zero: bool) -> (String, bool) {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        i += 1;
        if c != '\\' || i >= chars.len() {
            out.push(c);
            continue;
        }
        let e = chars[i];
        i += 1;
        let digits = |from: usize, max: usize, radix: u32| {
            let n = chars[from.min(chars.len())..].iter().take(max).take_while(|c| c.is_digit(radix)).count();
            let value =
                chars[from..from + n].iter().fold(0u32, |v, c| v * radix + c.to_digit(radix).unwrap_or(0));
            (n, value)
        };
        match e {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\x07'),
            'b' => out.push('\x08'),
            'f' => out.push('\x0c'),
            'v' => out.push('\x0b'),
            'e' | 'E' => out.push('\x1b'),
            '\\' => out.push('\\'),
            '\'' if !octal_zero => out.push('\''),
            '"' if !octal_zero => out.push('"'),
            'c' => return (out, true),
            'x' => {
                let (n, value) = digits(i, 2, 16);
                if n == 0 {
                    out.push_str("\\x");
                } else {
                    out.push(raw_byte(value as u8));
                    i += n;
                }
            }
            'u' | 'U' => {
                let (n, value) = digits(i, if e == 'u' { 4 } else { 8 }, 16);
                out.push(char::from_u32(value).unwrap_or('\u{fffd}'));
                i += n;
            }
            '0'..='7' => {
                let from = if e == '0' && octal_zero { i } else { i - 1 };
                let (n, value) = digits(from, 3, 8);
                out.push(raw_byte(value as u8));
                i = from + n;
            }
            other => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    (out, false)
}

/// Stands for one byte that is no character of its own; see [`to_bytes`].
fn raw_byte(byte: u8) -> char {
    if byte < 0x80 { char::from(byte) } else { char::from_u32(0x10_FF00 + u32::from(byte)).unwrap_or('?') }
}

/// The bytes of a text that [`unescape`] made.
pub(crate) fn to_bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c).checked_sub(0x10_FF00) {
            Some(byte @ 0x80..=0xff) => out.push(byte as u8),
            _ => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// Where `path` leads from `cwd`, for `cd`.
pub(super) fn resolve_dir(cwd: &str, path: &str) -> String {
    clean(&join(cwd, path))
}

/// Splits a line for `read` into at most `n` values.
pub(super) fn split_read(line: &str, ifs: &str, n: usize) -> Vec<String> {
    let blank = |c: char| ifs.contains(c) && c.is_ascii_whitespace();
    let mut out = Vec::new();
    let mut rest = line.trim_start_matches(blank);
    while out.len() + 1 < n {
        if rest.is_empty() {
            break;
        }
        match rest.find(|c| ifs.contains(c)) {
            None => {
                out.push(rest.to_string());
                rest = "";
            }
            Some(i) => {
                out.push(rest[..i].to_string());
                rest = rest[i..].trim_start_matches(blank);
                if let Some(c) = rest.chars().next()
                    && ifs.contains(c)
                    && !c.is_ascii_whitespace()
                {
                    rest = rest[c.len_utf8()..].trim_start_matches(blank);
                }
            }
        }
    }
    if out.len() < n {
        out.push(rest.trim_end_matches(blank).to_string());
    }
    out
}

impl Value {
    /// The text of a plain variable, or of element 0.
    pub(super) fn scalar(&self) -> Option<&str> {
        match self {
            Self::Text(t) => Some(t),
            Self::Array(items) => items.get(&0).map(String::as_str),
            Self::Assoc(items) => items.get("0").map(String::as_str),
        }
    }
}
