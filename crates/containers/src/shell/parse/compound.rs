//! Compound commands: groups, `if`, loops, `case`, functions.

use std::sync::Arc;

use super::super::ast::{CaseArm, Kind, Part, Script, Word};
use super::{Parsed, Parser, is_name};

impl Parser<'_> {
    pub(in crate::shell) fn compound(&mut self) -> Parsed<Option<Kind>> {
        let kind = match self.keyword().as_str() {
            "{" => {
                self.at += 1;
                let body = self.body(&["}"])?;
                self.take_keyword("}")?;
                Kind::Group(body)
            }
            "if" => self.if_command()?,
            word @ ("while" | "until") => {
                self.at += word.len();
                let cond = self.body(&["do"])?;
                let body = self.do_group()?;
                Kind::Loop { until: word == "until", cond, body }
            }
            "for" => self.for_command()?,
            "case" => self.case_command()?,
            "function" if self.bash || self.ash => {
                self.at += 8;
                self.blanks(false);
                let name = self.keyword();
                if name.is_empty() {
                    return Err(self.unexpected());
                }
                self.at += name.chars().count();
                self.blanks(false);
                if self.peek() == Some('(') {
                    self.at += 1;
                    self.blanks(false);
                    if self.bump() != Some(')') {
                        return Err(self.unexpected());
                    }
                }
                self.function(name)?
            }
            "[[" if self.bash || self.ash => {
                self.at += 2;
                let expr = self.test_or()?;
                self.take_keyword("]]")?;
                Kind::Test(expr)
            }
            "then" | "else" | "elif" | "fi" | "do" | "done" | "esac" | "}" => return Err(self.unexpected()),
            "" if self.peek() == Some('(') => {
                if self.bash
                    && self.ahead(1) == Some('(')
                    && let Some(kind) = self.arith_command()?
                {
                    return Ok(Some(kind));
                }
                self.at += 1;
                let body = self.list(&[])?;
                self.blanks(true);
                match self.peek() {
                    Some(')') if !body.items.is_empty() => self.at += 1,
                    None => return Err(self.incomplete(")")),
                    _ => return Err(self.unexpected()),
                }
                Kind::Subshell(Arc::new(body))
            }
            _ => return Ok(None),
        };
        Ok(Some(kind))
    }

    fn arith_command(&mut self) -> Parsed<Option<Kind>> {
        let (at, line) = (self.at, self.line);
        self.at += 2;
        let parts = self.arith_text()?;
        match parts {
            Some(parts) => Ok(Some(Kind::Arith(Word(parts)))),
            None => {
                (self.at, self.line) = (at, line);
                Ok(None)
            }
        }
    }

    fn do_group(&mut self) -> Parsed<Arc<Script>> {
        self.take_keyword("do")?;
        let body = self.body(&["done"])?;
        self.take_keyword("done")?;
        Ok(body)
    }

    fn if_command(&mut self) -> Parsed<Kind> {
        self.at += 2;
        let mut arms = Vec::new();
        let mut otherwise = None;
        loop {
            let cond = self.body(&["then"])?;
            self.take_keyword("then")?;
            let body = self.body(&["fi", "else", "elif"])?;
            arms.push((cond, body));
            match self.keyword().as_str() {
                "elif" => self.at += 4,
                "else" => {
                    self.at += 4;
                    otherwise = Some(self.body(&["fi"])?);
                    break;
                }
                _ => break,
            }
        }
        self.take_keyword("fi")?;
        Ok(Kind::If { arms, otherwise })
    }

    fn for_command(&mut self) -> Parsed<Kind> {
        self.at += 3;
        self.blanks(false);
        if self.bash && self.looking_at("((") {
            self.at += 2;
            let Some(parts) = self.arith_text()? else { return Err(self.unexpected()) };
            let mut sections = vec![Vec::new()];
            for part in parts {
                match part {
                    Part::Lit(text) => {
                        for (n, piece) in text.split(';').enumerate() {
                            if n > 0 {
                                sections.push(Vec::new());
                            }
                            if let Some(s) = sections.last_mut() {
                                s.push(Part::Lit(piece.into()));
                            }
                        }
                    }
                    other => {
                        if let Some(s) = sections.last_mut() {
                            s.push(other);
                        }
                    }
                }
            }
            let [init, cond, step] = <[Vec<Part>; 3]>::try_from(sections).map_err(|_| self.unexpected())?;
            self.blanks(true);
            if self.peek() == Some(';') {
                self.at += 1;
            }
            let body = self.do_group()?;
            return Ok(Kind::ArithFor { init: Word(init), cond: Word(cond), step: Word(step), body });
        }
        let var = self.keyword();
        if !is_name(&var) {
            return Err(if self.peek().is_none() { self.incomplete("do") } else { self.unexpected() });
        }
        self.at += var.len();
        self.blanks(true);
        let mut words = None;
        if self.keyword() == "in" {
            self.at += 2;
            let mut list = Vec::new();
            loop {
                self.blanks(false);
                match self.word()? {
                    Some(word) => list.push(word),
                    None => break,
                }
            }
            words = Some(list);
        }
        self.blanks(false);
        match self.peek() {
            Some(';') => self.at += 1,
            Some('\n') => {
                self.bump();
            }
            None => return Err(self.incomplete("do")),
            _ => {}
        }
        let body = self.do_group()?;
        Ok(Kind::For { var, words, body })
    }

    fn case_command(&mut self) -> Parsed<Kind> {
        self.at += 4;
        self.blanks(true);
        let Some(word) = self.word()? else {
            return Err(if self.peek().is_none() { self.incomplete("in") } else { self.unexpected() });
        };
        self.take_keyword("in")?;
        let mut arms = Vec::new();
        loop {
            self.blanks(true);
            if self.peek().is_none() {
                return Err(self.incomplete("esac"));
            }
            if self.keyword() == "esac" {
                self.at += 4;
                return Ok(Kind::Case { word, arms });
            }
            if self.peek() == Some('(') {
                self.at += 1;
            }
            let mut patterns = Vec::new();
            loop {
                self.blanks(false);
                match self.word()? {
                    Some(word) => patterns.push(word),
                    None if self.peek().is_none() => return Err(self.incomplete("esac")),
                    None => return Err(self.unexpected()),
                }
                self.blanks(false);
                match self.peek() {
                    Some('|') => self.at += 1,
                    Some(')') => {
                        self.at += 1;
                        break;
                    }
                    None => return Err(self.incomplete("esac")),
                    _ => return Err(self.unexpected()),
                }
            }
            let body = Arc::new(self.list(&["esac"])?);
            self.blanks(true);
            let mut fall = false;
            if self.looking_at(";;") {
                self.at += 2;
            } else if self.looking_at(";&") {
                self.at += 2;
                fall = true;
            } else if self.peek().is_none() {
                return Err(self.incomplete("esac"));
            } else if self.keyword() != "esac" {
                return Err(self.unexpected());
            }
            arms.push(CaseArm { patterns, body, fall });
        }
    }

    pub(in crate::shell) fn function(&mut self, name: String) -> Parsed<Kind> {
        self.blanks(true);
        if self.peek().is_none() {
            return Err(self.incomplete("{"));
        }
        let body = Arc::new(self.command()?);
        Ok(Kind::Function { name, body })
    }
}
