//! The grammar of bash's `[[ .. ]]`.

use super::ast::TestExpr;
use super::parse::{Parsed, Parser};

impl Parser<'_> {
    pub(super) fn test_or(&mut self) -> Parsed<TestExpr> {
        self.enter()?;
        let mut left = self.test_and()?;
        loop {
            self.blanks(true);
            if !self.looking_at("||") {
                self.depth -= 1;
                return Ok(left);
            }
            self.at += 2;
            left = TestExpr::Or(Box::new(left), Box::new(self.test_and()?));
        }
    }

    fn test_and(&mut self) -> Parsed<TestExpr> {
        let mut left = self.test_not()?;
        loop {
            self.blanks(true);
            if !self.looking_at("&&") {
                return Ok(left);
            }
            self.at += 2;
            left = TestExpr::And(Box::new(left), Box::new(self.test_not()?));
        }
    }

    fn test_not(&mut self) -> Parsed<TestExpr> {
        self.blanks(true);
        if self.keyword() == "!" {
            self.at += 1;
            self.enter()?;
            let inner = self.test_not()?;
            self.depth -= 1;
            return Ok(TestExpr::Not(Box::new(inner)));
        }
        if self.peek() == Some('(') {
            self.at += 1;
            let inner = self.test_or()?;
            self.blanks(true);
            if self.bump() != Some(')') {
                return Err(self.unexpected());
            }
            return Ok(inner);
        }
        if self.keyword() == "]]" {
            return Err(self.unexpected());
        }
        let Some(first) = self.word()? else {
            return Err(if self.peek().is_none() { self.incomplete("]]") } else { self.unexpected() });
        };
        self.blanks(false);
        let next = self.keyword();
        if let Some(op) = first.bare()
            && op.len() == 2
            && op.starts_with('-')
            && next != "]]"
            && !matches!(next.as_str(), "=" | "==" | "!=" | "=~")
            && !self.looking_at("&&")
            && !self.looking_at("||")
        {
            let flag = op.chars().nth(1).unwrap_or('n');
            let Some(word) = self.word()? else { return Err(self.unexpected()) };
            return Ok(TestExpr::Unary(flag, word));
        }
        let op = match next.as_str() {
            "=" | "==" | "!=" | "=~" | "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" | "-nt" | "-ot" => {
                self.at += next.len();
                next
            }
            _ if matches!(self.peek(), Some('<' | '>')) => self.bump().unwrap_or('<').to_string(),
            _ => return Ok(TestExpr::Word(first)),
        };
        self.blanks(false);
        let right = if op == "=~" { self.regex_word()? } else { self.word()? };
        let Some(right) = right else { return Err(self.unexpected()) };
        Ok(TestExpr::Binary(op, first, right))
    }
}
