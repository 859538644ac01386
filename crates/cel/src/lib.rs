//! The Common Expression Language as the API server uses it: rules of custom kinds, admission policies.
//!
//! Owns: parsing an expression, and its value under variables, with a bound on the work done.
//! Does not own: where expressions stand and what follows from them (apiserver).
//!
//! Models the language of `cel.dev` with the string, list, quantity and optional extensions of
//! `k8s.io/apiserver/pkg/cel`. Not modelled: static types (a wrong type is found when the rule runs), protobuf messages,
//! time zones by name, `ip`, `cidr`, `url`, `semver`.

mod ast;
mod authorizer;
mod eval;
mod functions;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;
mod types;
mod val;

pub use authorizer::{Authorizer, Question};
pub use val::Val;

use objects::schema::Schema;
use objects::{Str, Value};

/// Names that stand for something in every expression without being bound: types, and namespaces of functions.
pub const GLOBALS: [&str; 14] = [
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "type",
    "optional",
    "sets",
    "math",
    "cel",
];

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    root: ast::Expr,
}

/// The variables of an evaluation.
pub type Variables<'a> = [(&'a str, Val)];

/// How many steps one evaluation may take.
pub const BUDGET: u64 = 1_000_000;

impl Program {
    /// # Errors
    /// Where the text is no expression, in upstream's form: `ERROR: <input>:1:5: Syntax error: ...`.
    pub fn parse(text: &str) -> Result<Self, String> {
        parser::parse(text).map(|root| Self { root })
    }

    /// Names the expression uses that no macro binds, each once.
    #[must_use]
    pub fn free_variables(&self) -> Vec<Str> {
        let mut found = Vec::new();
        self.root.free(&mut Vec::new(), &mut found);
        found
    }

    /// The fields that the expression reads of a variable, each once: `x` of `variables.x`.
    #[must_use]
    pub fn fields_of(&self, variable: &str) -> Vec<Str> {
        let mut found = Vec::new();
        self.root.read_of(variable, &mut found);
        found
    }

    /// A part of an object that is named after another place than it stands at, and the name it should have.
    #[must_use]
    pub fn misnamed(&self) -> Option<(Str, Str)> {
        self.root.misnamed()
    }

    /// The type of its value (`bool`, `list`, `Object` ...), where that shows without running it.
    #[must_use]
    pub fn shown_type(&self) -> Option<&str> {
        self.root.shown_type()
    }

    /// The first field that it reads of something whose schema does not have it: as what that is written, and the field.
    #[must_use]
    pub fn undefined_field(&self, names: &[(&str, Option<Schema<'_>>)]) -> Option<(String, Str)> {
        let mut wrong = None;
        let mut names = names.iter().map(|(n, s)| (Str::new(n), *s)).collect();
        self.root.schema(&mut names, &mut wrong);
        wrong
    }

    /// # Errors
    /// Why it has no value: `no such key: x`, `no such overload`, ...
    pub fn eval(&self, variables: &Variables<'_>) -> Result<Val, String> {
        eval::Scope::new(variables).eval(&self.root)
    }

    /// The truth of a rule.
    ///
    /// # Errors
    /// As [`Program::eval`]; a value that is no bool.
    pub fn holds(&self, variables: &Variables<'_>) -> Result<bool, String> {
        match self.eval(variables)? {
            Val::Bool(b) => Ok(b),
            other => Err(format!("expected bool, got {}", other.type_name())),
        }
    }
}

/// A tree as a value.
#[must_use]
pub fn tree(value: &Value) -> Val {
    Val::of(value)
}
