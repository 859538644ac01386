//! The tree of an expression.

use objects::Str;

use crate::val::Val;

#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    Literal(Val),
    Ident(Str),
    /// `operand.field`; `test` is `has(..)`, `optional` is `operand.?field`.
    Select {
        operand: Box<Expr>,
        field: Str,
        test: bool,
        optional: bool,
    },
    Index {
        operand: Box<Expr>,
        index: Box<Expr>,
        optional: bool,
    },
    Call {
        target: Option<Box<Expr>>,
        name: Str,
        args: Vec<Expr>,
    },
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    /// `Object.spec{field: value}`: the type's name is kept with the fields.
    Message(Str, Vec<(Str, Expr)>),
    Macro(Box<Macro>),
}

/// A comprehension.
#[derive(Clone, Debug, PartialEq)]
pub struct Macro {
    pub kind: Kind,
    pub over: Expr,
    pub variable: Str,
    /// The first argument after the variable.
    pub body: Expr,
    /// `map(x, filter, value)`: the value.
    pub then: Option<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    /// `cel.bind(name, value, body)`
    Bind,
    OptMap,
    OptFlatMap,
}

impl Expr {
    /// The parts of an expression.
    pub fn parts<'e>(&'e self, each: &mut dyn FnMut(&'e Expr)) {
        match self {
            Self::Literal(_) | Self::Ident(_) => {}
            Self::Select { operand, .. } => each(operand),
            Self::Index { operand, index, .. } => {
                each(operand);
                each(index);
            }
            Self::Call { target, args, .. } => {
                target.iter().for_each(|t| each(t));
                args.iter().for_each(each);
            }
            Self::List(items) => items.iter().for_each(each),
            Self::Map(entries) => {
                for (k, v) in entries {
                    each(k);
                    each(v);
                }
            }
            Self::Message(_, fields) => fields.iter().for_each(|(_, v)| each(v)),
            Self::Macro(m) => {
                each(&m.over);
                each(&m.body);
                m.then.iter().for_each(each);
            }
        }
    }

    /// Collects the fields that are read of a variable: `variables.x`.
    pub fn read_of(&self, variable: &str, found: &mut Vec<Str>) {
        if let Self::Select { operand, field, .. } = self
            && **operand == Self::Ident(variable.into())
            && !found.contains(field)
        {
            found.push(field.clone());
        }
        self.parts(&mut |part| part.read_of(variable, found));
    }

    /// The type of a part that is named after another place than it stands at: what it is called, what it should be.
    pub fn misnamed(&self) -> Option<(Str, Str)> {
        let mut wrong = None;
        if let Self::Message(name, fields) = self {
            for (field, value) in fields {
                let wanted = Str::from(format!("{name}.{field}"));
                let mut held = |v: &Expr| {
                    if let Self::Message(is, _) = v
                        && *is != wanted
                    {
                        wrong.get_or_insert((is.clone(), wanted.clone()));
                    }
                };
                match value {
                    Self::List(items) => items.iter().for_each(held),
                    other => held(other),
                }
            }
        }
        self.parts(&mut |part| {
            if wrong.is_none() {
                wrong = part.misnamed();
            }
        });
        wrong
    }

    /// The type of its value, where that shows without running it.
    pub fn shown_type(&self) -> Option<&str> {
        Some(match self {
            Self::Literal(v) => v.type_name(),
            Self::Select { test: true, .. } => "bool",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Message(name, _) => name,
            Self::Call { target: None, name, .. } => match name.as_str() {
                "&&" | "||" | "!" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" => "bool",
                "size" | "int" => "int",
                "string" => "string",
                _ => return None,
            },
            Self::Call { target: Some(_), name, .. } => match name.as_str() {
                "startsWith" | "endsWith" | "contains" | "matches" | "exists" => "bool",
                "size" => "int",
                "format" | "join" | "lowerAscii" | "upperAscii" | "trim" => "string",
                _ => return None,
            },
            Self::Macro(m) => match m.kind {
                Kind::All | Kind::Exists | Kind::ExistsOne => "bool",
                Kind::Map | Kind::Filter => "list",
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Collects names that nothing in `bound` gives.
    pub fn free(&self, bound: &mut Vec<Str>, found: &mut Vec<Str>) {
        match self {
            Self::Literal(_) => {}
            Self::Ident(name) => {
                if !bound.contains(name) && !found.contains(name) {
                    found.push(name.clone());
                }
            }
            Self::Select { operand, .. } => operand.free(bound, found),
            Self::Index { operand, index, .. } => {
                operand.free(bound, found);
                index.free(bound, found);
            }
            Self::Call { target, args, .. } => {
                target.iter().for_each(|t| t.free(bound, found));
                args.iter().for_each(|a| a.free(bound, found));
            }
            Self::List(items) => items.iter().for_each(|i| i.free(bound, found)),
            Self::Map(entries) => {
                for (k, v) in entries {
                    k.free(bound, found);
                    v.free(bound, found);
                }
            }
            Self::Message(_, fields) => fields.iter().for_each(|(_, v)| v.free(bound, found)),
            Self::Macro(m) => {
                m.over.free(bound, found);
                bound.push(m.variable.clone());
                m.body.free(bound, found);
                m.then.iter().for_each(|t| t.free(bound, found));
                bound.pop();
            }
        }
    }
}
