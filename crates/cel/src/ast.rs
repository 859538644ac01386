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
