//! `${..}`: the value of a parameter and the operators over it.

use super::super::arith;
use super::super::ast::{Index, Param, ParamOp, Part, Word};
use super::{Dialect, Expanded, Expander, Fields, Stop};
use crate::glob::Pattern;

impl Expander<'_, '_> {
    /// The values of `$@`, `$*`, `${a[@]}` or `${!a[@]}`.
    pub(in crate::shell) fn all_values(&self, param: &Param) -> Vec<String> {
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

    pub(super) fn param(
        &mut self,
        param: &Param,
        fields: &mut Fields,
        quoted: bool,
        split: bool,
    ) -> Expanded<()> {
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
}

pub(in crate::shell) fn is_at(param: &Param) -> bool {
    let at = (param.name == "@" && param.index.is_none()) || matches!(param.index, Some(Index::At));
    at && matches!(param.op, ParamOp::Plain | ParamOp::Keys | ParamOp::Slice { .. })
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
