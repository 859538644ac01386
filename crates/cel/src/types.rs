//! Which field an expression reads that its object's schema does not have.
//!
//! Models the part of cel-go's checker that finds undefined fields. Not modelled: overloads that do not fit.

use objects::Str;
use objects::schema::{Kind as Of, Schema};

use crate::ast::{Expr, Kind};

/// What names stand for; `None` where it is not known.
type Names<'s> = Vec<(Str, Option<Schema<'s>>)>;

impl Expr {
    /// As it is written, as far as it is names and fields.
    fn path(&self) -> String {
        match self {
            Self::Ident(name) => name.to_string(),
            Self::Select { operand, field, .. } => format!("{}.{field}", operand.path()),
            _ => String::new(),
        }
    }

    /// The schema of the value; the first field that is not there is noted, after what it was to be a field of.
    pub fn schema<'s>(&self, names: &mut Names<'s>, wrong: &mut Option<(String, Str)>) -> Option<Schema<'s>> {
        match self {
            Self::Ident(name) => names.iter().rev().find(|(n, _)| n == name).and_then(|(_, s)| *s),
            Self::Select { operand, field, .. } => {
                let of = operand.schema(names, wrong)?;
                let found = of.field(field);
                if found.is_none() && of.kind() == Of::Struct {
                    wrong.get_or_insert_with(|| (operand.path(), field.clone()));
                }
                found
            }
            Self::Index { operand, index, .. } => {
                index.schema(names, wrong);
                let of = operand.schema(names, wrong)?;
                of.items().or_else(|| of.additional())
            }
            Self::Macro(m) => {
                let over = m.over.schema(names, wrong);
                let each = match m.kind {
                    Kind::Bind | Kind::OptMap | Kind::OptFlatMap => over,
                    _ => over.filter(|s| s.kind() == Of::List).and_then(Schema::items),
                };
                names.push((m.variable.clone(), each));
                let body = m.body.schema(names, wrong);
                if let Some(then) = &m.then {
                    then.schema(names, wrong);
                }
                names.pop();
                match m.kind {
                    Kind::Bind => body,
                    Kind::Filter => over,
                    _ => None,
                }
            }
            other => {
                other.parts(&mut |part| {
                    part.schema(names, wrong);
                });
                None
            }
        }
    }
}
