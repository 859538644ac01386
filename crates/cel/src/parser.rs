//! Tokens to a tree, with macros expanded to what they mean.

use objects::Str;

use crate::ast::{Expr, Kind, Macro};
use crate::lexer::{Token, tokens};
use crate::val::Val;

/// How deep expressions may nest.
const DEPTH: usize = 100;

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
}

type Parsed = Result<Expr, (usize, String)>;

pub fn parse(text: &str) -> Result<Expr, String> {
    let shown = |(at, why): (usize, String)| {
        let before = &text[..at.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let source = text.lines().nth(line - 1).unwrap_or_default();
        format!(
            "ERROR: <input>:{line}:{column}: Syntax error: {why}\n | {source}\n | {}^",
            ".".repeat(column - 1)
        )
    };
    let tokens = tokens(text).map_err(shown)?;
    let mut p = Parser { text, tokens, at: 0, depth: 0 };
    let root = p.ternary().and_then(|root| match p.peek() {
        Token::End => Ok(root),
        _ => Err(p.unexpected("<EOF>")),
    });
    root.map_err(shown)
}

fn call(name: &'static str, args: Vec<Expr>) -> Expr {
    Expr::Call { target: None, name: Str::new_static(name), args }
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(t, _)| t)
    }

    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |(_, p)| *p)
    }

    fn unexpected(&self, wanted: &str) -> (usize, String) {
        let from = self.place();
        let to = self.tokens.get(self.at + 1).map_or(self.text.len(), |(_, p)| *p);
        let found = match self.peek() {
            Token::End => "<EOF>".to_owned(),
            _ => self.text.get(from..to).unwrap_or_default().trim().to_owned(),
        };
        (from, format!("mismatched input '{found}' expecting {wanted}"))
    }

    fn is(&mut self, op: &str) -> bool {
        let found = matches!(self.peek(), Token::Op(o) if *o == op);
        if found {
            self.at += 1;
        }
        found
    }

    fn want(&mut self, op: &str) -> Result<(), (usize, String)> {
        if self.is(op) { Ok(()) } else { Err(self.unexpected(&format!("'{op}'"))) }
    }

    fn nested<T>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<T, (usize, String)>,
    ) -> Result<T, (usize, String)> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err((self.place(), "expression recursion limit exceeded".into()));
        }
        let result = f(self);
        self.depth -= 1;
        result
    }

    fn ternary(&mut self) -> Parsed {
        self.nested(|p| {
            let condition = p.binary(0)?;
            if !p.is("?") {
                return Ok(condition);
            }
            let yes = p.binary(0)?;
            p.want(":")?;
            let no = p.ternary()?;
            Ok(call("_?_:_", vec![condition, yes, no]))
        })
    }

    fn binary(&mut self, level: usize) -> Parsed {
        const LEVELS: [&[&str]; 5] =
            [&["||"], &["&&"], &["==", "!=", "<=", ">=", "<", ">", "in"], &["+", "-"], &["*", "/", "%"]];
        let Some(ops) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        loop {
            let found = match self.peek() {
                Token::Op(o) => ops.iter().find(|op| *op == o).copied(),
                Token::Ident(name) if name == "in" && ops.contains(&"in") => Some("in"),
                _ => None,
            };
            let Some(op) = found else { return Ok(left) };
            self.at += 1;
            let right = self.binary(level + 1)?;
            left = call(op, vec![left, right]);
        }
    }

    fn unary(&mut self) -> Parsed {
        self.nested(|p| {
            if p.is("!") {
                return Ok(call("!", vec![p.unary()?]));
            }
            if p.is("-") {
                return Ok(match p.unary()? {
                    Expr::Literal(Val::Int(i)) => Expr::Literal(Val::Int(i.wrapping_neg())),
                    Expr::Literal(Val::Double(f)) => Expr::Literal(Val::Double(-f)),
                    other => call("-_", vec![other]),
                });
            }
            p.member()
        })
    }

    fn name(&mut self) -> Result<Str, (usize, String)> {
        match self.peek() {
            Token::Ident(name) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.unexpected("IDENTIFIER")),
        }
    }

    fn member(&mut self) -> Parsed {
        let mut e = self.primary()?;
        loop {
            if self.is(".") {
                let name = self.name()?;
                e = if self.is("(") {
                    let args = self.list(")")?;
                    self.method(e, name, args)?
                } else {
                    Expr::Select { operand: Box::new(e), field: name, test: false, optional: false }
                };
            } else if self.is(".?") {
                let field = self.name()?;
                e = Expr::Select { operand: Box::new(e), field, test: false, optional: true };
            } else if matches!(self.peek(), Token::Op("[" | "[?")) {
                let optional = self.is("[?") || !self.is("[");
                let index = self.ternary()?;
                self.want("]")?;
                e = Expr::Index { operand: Box::new(e), index: Box::new(index), optional };
            } else if matches!(self.peek(), Token::Op("{")) && path_of(&e).is_some() {
                let name = path_of(&e).unwrap_or_default();
                self.at += 1;
                e = Expr::Message(name.into(), self.fields()?);
            } else {
                return Ok(e);
            }
        }
    }

    fn fields(&mut self) -> Result<Vec<(Str, Expr)>, (usize, String)> {
        let mut out = Vec::new();
        while !self.is("}") {
            let _ = self.is("?");
            let name = self.name()?;
            self.want(":")?;
            out.push((name, self.ternary()?));
            if !self.is(",") {
                self.want("}")?;
                break;
            }
        }
        Ok(out)
    }

    fn list(&mut self, end: &str) -> Result<Vec<Expr>, (usize, String)> {
        let mut out = Vec::new();
        while !self.is(end) {
            let _ = self.is("?");
            out.push(self.ternary()?);
            if !self.is(",") {
                self.want(end)?;
                break;
            }
        }
        Ok(out)
    }

    fn primary(&mut self) -> Parsed {
        let token = self.peek().clone();
        self.at += 1;
        Ok(match token {
            Token::Int(i) => Expr::Literal(Val::Int(i)),
            Token::Uint(u) => Expr::Literal(Val::Uint(u)),
            Token::Double(f) => Expr::Literal(Val::Double(f)),
            Token::Text(s) => Expr::Literal(Val::Text(s)),
            Token::Bytes(b) => Expr::Literal(Val::Bytes(b)),
            Token::Op(".") => Expr::Ident(self.name()?),
            Token::Op("(") => {
                let inner = self.ternary()?;
                self.want(")")?;
                inner
            }
            Token::Op("[") => Expr::List(self.list("]")?),
            Token::Op("{") => {
                let mut entries = Vec::new();
                while !self.is("}") {
                    let _ = self.is("?");
                    let key = self.ternary()?;
                    self.want(":")?;
                    entries.push((key, self.ternary()?));
                    if !self.is(",") {
                        self.want("}")?;
                        break;
                    }
                }
                Expr::Map(entries)
            }
            Token::Ident(name) => match name.as_str() {
                "true" => Expr::Literal(Val::Bool(true)),
                "false" => Expr::Literal(Val::Bool(false)),
                "null" => Expr::Literal(Val::Null),
                "has" if self.is("(") => {
                    let place = self.place();
                    let mut args = self.list(")")?;
                    match (args.pop(), args.is_empty()) {
                        (Some(Expr::Select { operand, field, .. }), true) => {
                            Expr::Select { operand, field, test: true, optional: false }
                        }
                        _ => return Err((place, "invalid argument to has() macro".into())),
                    }
                }
                _ if self.is("(") => {
                    let args = self.list(")")?;
                    Expr::Call { target: None, name, args }
                }
                _ => Expr::Ident(name),
            },
            _ => {
                self.at -= 1;
                return Err(self.unexpected("{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"));
            }
        })
    }

    /// A method, or the macro it stands for.
    fn method(&mut self, target: Expr, name: Str, mut args: Vec<Expr>) -> Parsed {
        let kind = match (name.as_str(), args.len()) {
            ("all", 2) => Kind::All,
            ("exists", 2) => Kind::Exists,
            ("exists_one" | "existsOne", 2) => Kind::ExistsOne,
            ("map", 2 | 3) => Kind::Map,
            ("filter", 2) => Kind::Filter,
            ("optMap", 2) => Kind::OptMap,
            ("optFlatMap", 2) => Kind::OptFlatMap,
            ("bind", 3) if target == Expr::Ident("cel".into()) => {
                let body = args.pop().unwrap_or(Expr::Literal(Val::Null));
                let value = args.pop().unwrap_or(Expr::Literal(Val::Null));
                let Some(Expr::Ident(variable)) = args.pop() else {
                    return Err((
                        self.place(),
                        "cel.bind() variable names must be simple identifiers".into(),
                    ));
                };
                return Ok(Expr::Macro(Box::new(Macro {
                    kind: Kind::Bind,
                    over: value,
                    variable,
                    body,
                    then: None,
                })));
            }
            _ => return Ok(Expr::Call { target: Some(Box::new(target)), name, args }),
        };
        let then = if args.len() == 3 { args.pop() } else { None };
        let body = args.pop().unwrap_or(Expr::Literal(Val::Null));
        let Some(Expr::Ident(variable)) = args.pop() else {
            return Err((self.place(), "argument must be a simple name".into()));
        };
        Ok(Expr::Macro(Box::new(Macro { kind, over: target, variable, body, then })))
    }
}

/// `Object.spec` as a dotted name: what may stand before `{`.
fn path_of(e: &Expr) -> Option<String> {
    match e {
        Expr::Ident(name) if name.starts_with(|c: char| c.is_ascii_uppercase()) => Some(name.to_string()),
        Expr::Select { operand, field, test: false, optional: false } => {
            path_of(operand).map(|p| format!("{p}.{field}"))
        }
        _ => None,
    }
}
