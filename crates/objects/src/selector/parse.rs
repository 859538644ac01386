//! The text of `kubectl -l`.
//!
//! Models `k8s.io/apimachinery/pkg/labels/selector.go`, lexer and parser.

use super::{Operator, Requirement, bad_key};
use crate::Str;
use ordered::Sort as _;

pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, String> {
    Parser { tokens: lex(text), at: 0 }.selector()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    Error,
    End,
    Close,
    Comma,
    Not,
    Operator(Operator),
    Word,
    Open,
}

fn keyword(text: &str) -> Option<Token> {
    Some(match text {
        ")" => Token::Close,
        "," => Token::Comma,
        "!" => Token::Not,
        "(" => Token::Open,
        "==" => Token::Operator(Operator::DoubleEquals),
        "=" => Token::Operator(Operator::Equals),
        ">" => Token::Operator(Operator::GreaterThan),
        "<" => Token::Operator(Operator::LessThan),
        "!=" => Token::Operator(Operator::NotEquals),
        "in" => Token::Operator(Operator::In),
        "notin" => Token::Operator(Operator::NotIn),
        _ => return None,
    })
}

fn lex(text: &str) -> Vec<(Token, String)> {
    fn special(c: char) -> bool {
        matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next().filter(|c| *c != '\0') else { break };
        if special(first) {
            // The longest run of signs that is an operator so far.
            let (mut found, mut length) = (None, 0);
            for (i, _) in rest.char_indices().take_while(|(_, c)| special(*c)) {
                match keyword(&rest[..=i]) {
                    Some(token) => found = Some((token, &rest[..=i])),
                    None if found.is_some() => break,
                    None => {}
                }
                length = i + 1;
            }
            let (run, after) = rest.split_at(length);
            match found {
                Some((token, literal)) => tokens.push((token, literal.to_owned())),
                None => tokens.push((Token::Error, format!("error expected: keyword found '{run}'"))),
            }
            rest = after;
        } else {
            let end = rest
                .find(|c| special(c) || matches!(c, ' ' | '\t' | '\r' | '\n' | '\0'))
                .unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            tokens.push((keyword(word).unwrap_or(Token::Word), word.to_owned()));
            rest = after;
        }
    }
    tokens.push((Token::End, String::new()));
    tokens
}

struct Parser {
    tokens: Vec<(Token, String)>,
    at: usize,
}

impl Parser {
    /// The next token; where a value or key may stand, `in` and `notin` are words.
    fn peek(&self, value: bool) -> (Token, &str) {
        let Some((token, text)) = self.tokens.get(self.at) else { return (Token::End, "") };
        match token {
            Token::Operator(Operator::In | Operator::NotIn) if value => (Token::Word, text),
            _ => (*token, text),
        }
    }

    fn next(&mut self, value: bool) -> (Token, String) {
        let (token, text) = self.peek(value);
        let text = text.to_owned();
        self.at += 1;
        (token, text)
    }

    fn selector(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        loop {
            match self.peek(true) {
                (Token::Word | Token::Not, _) => {
                    let r = self.requirement().map_err(|e| format!("unable to parse requirement: {e}"))?;
                    requirements.push(r);
                    match self.next(true) {
                        (Token::End, _) => return Ok(requirements),
                        (Token::Comma, _) => match self.peek(true) {
                            (Token::Word | Token::Not, _) => {}
                            (_, text) => {
                                return Err(format!("found '{text}', expected: identifier after ','"));
                            }
                        },
                        (_, text) => return Err(format!("found '{text}', expected: ',' or 'end of string'")),
                    }
                }
                (Token::End, _) => return Ok(requirements),
                (_, text) => {
                    return Err(format!("found '{text}', expected: !, identifier, or 'end of string'"));
                }
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let (mut token, mut key) = self.next(true);
        let negated = token == Token::Not;
        if negated {
            (token, key) = self.next(true);
        }
        if token != Token::Word {
            return Err(format!("found '{key}', expected: identifier"));
        }
        if let Some(e) = bad_key(&key, "<nil>") {
            return Err(e);
        }
        if negated {
            return Requirement::new(&key, Operator::DoesNotExist, Vec::new());
        }
        if matches!(self.peek(true).0, Token::End | Token::Comma) {
            return Requirement::new(&key, Operator::Exists, Vec::new());
        }
        let operator = match self.next(false) {
            (Token::Operator(operator), _) => operator,
            (_, text) => return Err(format!("found '{text}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        let mut values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.exact_value()?],
        };
        values.arrange();
        values.dedup();
        Requirement::new(&key, operator, values)
    }

    fn exact_value(&mut self) -> Result<Str, String> {
        if matches!(self.peek(true).0, Token::End | Token::Comma) {
            return Ok(Str::default());
        }
        match self.next(true) {
            (Token::Word, text) => Ok(text.into()),
            (_, text) => Err(format!("found '{text}', expected: identifier")),
        }
    }

    fn values(&mut self) -> Result<Vec<Str>, String> {
        let (token, text) = self.next(true);
        if token != Token::Open {
            return Err(format!("found '{text}' expected: '('"));
        }
        let (token, text) = self.peek(true);
        let text = text.to_owned();
        match token {
            Token::Word | Token::Comma => {
                let values = self.identifiers()?;
                if self.next(true).0 != Token::Close {
                    return Err(format!("found '{text}', expected: ')'"));
                }
                Ok(values)
            }
            Token::Close => {
                self.at += 1;
                Ok(vec![Str::default()])
            }
            _ => Err(format!("found '{text}', expected: ',', ')' or identifier")),
        }
    }

    fn identifiers(&mut self) -> Result<Vec<Str>, String> {
        let mut values: Vec<Str> = Vec::new();
        loop {
            match self.next(true) {
                (Token::Word, text) => {
                    values.push(text.into());
                    match self.peek(true) {
                        (Token::Comma, _) => {}
                        (Token::Close, _) => return Ok(values),
                        (_, text) => return Err(format!("found '{text}', expected: ',' or ')'")),
                    }
                }
                (Token::Comma, _) => {
                    if values.is_empty() {
                        values.push(Str::default());
                    }
                    match self.peek(true).0 {
                        Token::Close => {
                            values.push(Str::default());
                            return Ok(values);
                        }
                        Token::Comma => values.push(Str::default()),
                        _ => {}
                    }
                }
                (_, text) => return Err(format!("found '{text}', expected: ',', or identifier")),
            }
        }
    }
}
