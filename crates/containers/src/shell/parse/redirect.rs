//! Redirections and here-documents.

use super::super::ast::{Part, Redirect, RedirectOp, Word};
use super::{ParseError, Parsed, Parser};

impl Parser<'_> {
    pub(in crate::shell) fn redirect(&mut self) -> Parsed<Option<Redirect>> {
        let mut n = 0;
        while self.ahead(n).is_some_and(|c| c.is_ascii_digit()) {
            n += 1;
        }
        if n > 3 || !matches!(self.ahead(n), Some('<' | '>')) {
            if (self.bash || self.ash) && self.looking_at("&>") {
                self.at += 2;
                let append = self.peek() == Some('>');
                self.at += usize::from(append);
                let word = self.target()?;
                return Ok(Some(Redirect { fd: None, op: RedirectOp::Both(word, append) }));
            }
            return Ok(None);
        }
        let digits: String = self.src[self.at..self.at + n].iter().collect();
        let fd = digits.parse().ok();
        self.at += n;
        let op = ["<<<", "<<-", "<<", "<&", "<>", "<", ">>", ">&", ">|", ">"]
            .into_iter()
            .find(|op| self.looking_at(op) && (*op != "<<<" || self.bash))
            .unwrap_or("<");
        self.at += op.len();
        let op = match op {
            "<<" | "<<-" => RedirectOp::Here(self.here_document(op == "<<-")?),
            "<<<" => {
                let mut word = self.target()?;
                word.0 = vec![Part::Double(word.0), Part::Quoted("\n".into())];
                RedirectOp::Here(word)
            }
            "<&" => RedirectOp::Dup(self.target()?),
            ">&" => {
                let word = self.target()?;
                let number = word.bare().is_some_and(|t| t == "-" || t.bytes().all(|b| b.is_ascii_digit()));
                if self.bash && !number && fd.is_none() && word.bare().is_some() {
                    RedirectOp::Both(word, false)
                } else {
                    return Ok(Some(Redirect { fd: Some(fd.unwrap_or(1)), op: RedirectOp::Dup(word) }));
                }
            }
            "<>" => RedirectOp::ReadWrite(self.target()?),
            "<" => RedirectOp::Read(self.target()?),
            ">>" => RedirectOp::Append(self.target()?),
            _ => RedirectOp::Write(self.target()?),
        };
        Ok(Some(Redirect { fd, op }))
    }

    fn target(&mut self) -> Parsed<Word> {
        self.blanks(false);
        match self.word()? {
            Some(word) => Ok(word),
            None if self.peek().is_none() => {
                Err(ParseError::Syntax { line: self.line, token: "newline".into() })
            }
            None => Err(self.unexpected()),
        }
    }

    fn here_document(&mut self, strip_tabs: bool) -> Parsed<Word> {
        self.blanks(false);
        let begin = self.at;
        let Some(word) = self.word()? else { return Err(self.unexpected()) };
        let quoted = self.src[begin..self.at].iter().any(|c| "'\"\\".contains(*c));
        let mut delimiter = String::new();
        flat(&word.0, &mut delimiter);
        let mut at = match self.here_resume {
            Some(at) => at,
            None => match self.src[self.at..].iter().position(|c| *c == '\n') {
                Some(n) => self.at + n + 1,
                None => return Err(self.incomplete(&delimiter)),
            },
        };
        let mut body = String::new();
        loop {
            if at >= self.src.len() {
                if self.eof_ends_here {
                    break;
                }
                return Err(self.incomplete(&delimiter));
            }
            let end = self.src[at..].iter().position(|c| *c == '\n').map_or(self.src.len(), |n| at + n);
            let mut text: String = self.src[at..end].iter().collect();
            at = (end + 1).min(self.src.len());
            if strip_tabs {
                text = text.trim_start_matches('\t').to_string();
            }
            // In a command substitution the closing parenthesis may follow on the delimiter's line.
            if text == delimiter {
                break;
            }
            body.push_str(&text);
            body.push('\n');
        }
        self.here_resume = Some(at);
        if quoted {
            return Ok(Word(vec![Part::Quoted(body)]));
        }
        let mut inner = self.inner(body.chars().collect());
        let parts = inner.double_parts(None)?;
        Ok(Word(vec![Part::Double(parts)]))
    }
}

/// The text of a here-document's delimiter.
fn flat(parts: &[Part], out: &mut String) {
    for part in parts {
        match part {
            Part::Lit(s) | Part::Quoted(s) | Part::Tilde(s) => out.push_str(s),
            Part::Double(inner) => flat(inner, out),
            Part::Param(p) => {
                out.push('$');
                out.push_str(&p.name);
            }
            Part::Command(_) | Part::Arith(_) => {}
        }
    }
}
