//! The value of a tree.

use std::cell::Cell;
use std::cmp::Ordering;

use objects::Str;

use crate::ast::{Expr, Kind, Macro};
use crate::val::Val;
use crate::{BUDGET, functions};

type Evaluated = Result<Val, String>;

/// Variables, the innermost last, and what is left of the budget.
pub struct Scope<'a> {
    outer: &'a [(&'a str, Val)],
    inner: Vec<(Str, Val)>,
    left: Cell<u64>,
}

impl<'a> Scope<'a> {
    pub fn new(outer: &'a [(&'a str, Val)]) -> Self {
        Self { outer, inner: Vec::new(), left: Cell::new(BUDGET) }
    }

    pub fn spend(&self, steps: u64) -> Result<(), String> {
        match self.left.get().checked_sub(steps) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err("operation cancelled: actual cost limit exceeded".into()),
        }
    }

    fn variable(&self, name: &str) -> Evaluated {
        let inner = self.inner.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v);
        let found = inner.or_else(|| self.outer.iter().find(|(n, _)| *n == name).map(|(_, v)| v));
        match found {
            Some(v) => Ok(v.clone()),
            None => functions::type_named(name)
                .map(Val::Type)
                .ok_or_else(|| format!("undeclared reference to '{name}' (in container '')")),
        }
    }

    pub fn eval(&mut self, e: &Expr) -> Evaluated {
        self.spend(1)?;
        match e {
            Expr::Literal(v) => Ok(v.clone()),
            Expr::Ident(name) => self.variable(name),
            Expr::Select { operand, field, test, optional } => {
                let from = self.eval(operand)?;
                select(&from, field, *test, *optional)
            }
            Expr::Index { operand, index, optional } => {
                let (from, at) = (self.eval(operand)?, self.eval(index)?);
                indexed(&from, &at, *optional)
            }
            Expr::List(items) => items.iter().map(|i| self.eval(i)).collect::<Result<_, _>>().map(Val::List),
            Expr::Map(entries) => {
                let pairs: Result<Vec<_>, String> =
                    entries.iter().map(|(k, v)| Ok((self.eval(k)?, self.eval(v)?))).collect();
                Ok(Val::Map(pairs?))
            }
            Expr::Message(_, fields) => {
                let pairs: Result<Vec<_>, String> =
                    fields.iter().map(|(k, v)| Ok((Val::Text(k.clone()), self.eval(v)?))).collect();
                Ok(Val::Map(pairs?))
            }
            Expr::Macro(m) => self.comprehension(m),
            Expr::Call { target, name, args } => self.call(target.as_deref(), name, args),
        }
    }

    fn call(&mut self, target: Option<&Expr>, name: &str, args: &[Expr]) -> Evaluated {
        match (name, args) {
            // A side that decides makes the other's error irrelevant.
            ("&&" | "||", [l, r]) if target.is_none() => {
                let decides = name == "||";
                let left = self.eval(l);
                if let Ok(Val::Bool(b)) = &left
                    && *b == decides
                {
                    return Ok(Val::Bool(decides));
                }
                let right = self.eval(r);
                return match (left, right) {
                    (_, Ok(Val::Bool(b))) if b == decides => Ok(Val::Bool(decides)),
                    (Ok(Val::Bool(_)), Ok(Val::Bool(b))) => Ok(Val::Bool(b)),
                    (Err(e), _) | (_, Err(e)) => Err(e),
                    _ => Err("no such overload".into()),
                };
            }
            ("_?_:_", [c, yes, no]) => {
                return match self.eval(c)? {
                    Val::Bool(true) => self.eval(yes),
                    Val::Bool(false) => self.eval(no),
                    _ => Err("no such overload".into()),
                };
            }
            _ => {}
        }
        // `optional.of(x)` and its like: a namespace, no value.
        if let Some(Expr::Ident(space)) = target
            && self.variable(space).is_err()
        {
            let values = self.all(args)?;
            return functions::qualified(space, name, &values)
                .unwrap_or_else(|| Err(format!("undeclared reference to '{space}' (in container '')")));
        }
        let target = target.map(|t| self.eval(t)).transpose()?;
        let values = self.all(args)?;
        let size: usize = target.iter().chain(&values).map(weight).sum();
        self.spend(size as u64 / 16)?;
        functions::call(target.as_ref(), name, &values)
    }

    fn all(&mut self, args: &[Expr]) -> Result<Vec<Val>, String> {
        args.iter().map(|a| self.eval(a)).collect()
    }

    fn with(&mut self, name: &Str, value: Val, body: &Expr) -> Evaluated {
        self.inner.push((name.clone(), value));
        let result = self.eval(body);
        self.inner.pop();
        result
    }

    fn test(&mut self, m: &Macro, value: Val) -> Result<bool, String> {
        match self.with(&m.variable, value, &m.body)? {
            Val::Bool(b) => Ok(b),
            _ => Err("no such overload".into()),
        }
    }

    fn comprehension(&mut self, m: &Macro) -> Evaluated {
        let over = self.eval(&m.over)?;
        match m.kind {
            Kind::Bind => return self.with(&m.variable, over, &m.body),
            Kind::OptMap | Kind::OptFlatMap => {
                return match over {
                    Val::Optional(None) => Ok(Val::Optional(None)),
                    Val::Optional(Some(v)) => {
                        let mapped = self.with(&m.variable, *v, &m.body)?;
                        Ok(if m.kind == Kind::OptMap {
                            Val::Optional(Some(Box::new(mapped)))
                        } else {
                            mapped
                        })
                    }
                    _ => Err("no such overload".into()),
                };
            }
            _ => {}
        }
        let range = over.elements().or_else(|| over.keys()).ok_or("no such overload")?;
        match m.kind {
            Kind::All | Kind::Exists => {
                let decides = m.kind == Kind::Exists;
                let mut failed = None;
                for v in range {
                    match self.test(m, v) {
                        Ok(b) if b == decides => return Ok(Val::Bool(decides)),
                        Ok(_) => {}
                        Err(e) => failed = Some(e),
                    }
                }
                failed.map_or(Ok(Val::Bool(!decides)), Err)
            }
            Kind::ExistsOne => {
                let mut n = 0;
                for v in range {
                    n += usize::from(self.test(m, v)?);
                }
                Ok(Val::Bool(n == 1))
            }
            Kind::Filter => {
                let mut out = Vec::new();
                for v in range {
                    if self.test(m, v.clone())? {
                        out.push(v);
                    }
                }
                Ok(Val::List(out))
            }
            _ => {
                let mut out = Vec::new();
                for v in range {
                    match &m.then {
                        None => out.push(self.with(&m.variable, v, &m.body)?),
                        Some(then) => {
                            if self.test(m, v.clone())? {
                                out.push(self.with(&m.variable, v, then)?);
                            }
                        }
                    }
                }
                Ok(Val::List(out))
            }
        }
    }
}

/// About how much work a value makes.
fn weight(v: &Val) -> usize {
    match v {
        Val::Text(s) => s.len(),
        Val::List(l) => l.len(),
        Val::Map(m) => m.len(),
        Val::Tree(t) => t.items().len() + t.entries().len(),
        _ => 1,
    }
}

fn select(from: &Val, field: &Str, test: bool, optional: bool) -> Evaluated {
    if let Val::Authorizer(a) = from {
        return a.field(field).map(Val::Authorizer).ok_or_else(|| format!("no such key: {field}"));
    }
    let key = Val::Text(field.clone());
    if let Val::Optional(inner) = from {
        return match inner {
            None if test => Ok(Val::Bool(false)),
            None => Ok(Val::Optional(None)),
            Some(v) if test => select(v, field, true, false),
            Some(v) => Ok(Val::Optional(v.entry(&key).flatten().map(Box::new))),
        };
    }
    match from.entry(&key) {
        None => Err("no such overload".into()),
        Some(found) if test => Ok(Val::Bool(found.is_some())),
        Some(found) if optional => Ok(Val::Optional(found.map(Box::new))),
        Some(Some(Val::Failed(why))) => Err(why.to_string()),
        Some(Some(v)) => Ok(v),
        Some(None) => Err(format!("no such key: {field}")),
    }
}

fn indexed(from: &Val, at: &Val, optional: bool) -> Evaluated {
    if let Val::Optional(inner) = from {
        return match inner {
            None => Ok(Val::Optional(None)),
            Some(v) => indexed(v, at, true),
        };
    }
    let found = match from.entry(at) {
        Some(found) => found,
        None => {
            let list = from.elements().ok_or("no such overload")?;
            let i = match at {
                Val::Int(i) => *i,
                Val::Uint(u) => i64::try_from(*u).unwrap_or(-1),
                Val::Double(f) if f.fract() == 0.0 => *f as i64,
                _ => return Err("no such overload".into()),
            };
            usize::try_from(i).ok().and_then(|i| list.into_iter().nth(i))
        }
    };
    match found {
        found if optional => Ok(Val::Optional(found.map(Box::new))),
        Some(v) => Ok(v),
        None if from.elements().is_some() => Err(format!("index out of bounds: {}", at.shown())),
        None => Err(format!("no such key: {}", at.shown())),
    }
}

pub fn compared(op: &str, l: &Val, r: &Val) -> Evaluated {
    let order = l.order(r).ok_or("no such overload")?;
    Ok(Val::Bool(match op {
        "<" => order == Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater,
        _ => order != Ordering::Less,
    }))
}
