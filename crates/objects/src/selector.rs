//! Selectors: which objects a label or field query picks.
//!
//! Owns: the text of `kubectl -l` and `--field-selector` with upstream's errors, LabelSelector objects, matching,
//! printing. Models `k8s.io/apimachinery/pkg/labels`, `pkg/fields` and LabelSelectorAsSelector of `pkg/apis/meta/v1`.
//! Not modelled here: which fields a kind can be selected by.

use ordered::Sort as _;
mod field;
mod parse;

use std::fmt;

use crate::json::{go_quote, to_string};
use crate::{Str, Value, names};

pub use field::{FieldSelector, FieldTerm};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    In,
    NotIn,
    Equals,
    DoubleEquals,
    NotEquals,
    GreaterThan,
    LessThan,
    Exists,
    DoesNotExist,
}

/// One condition on one label.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    pub key: Str,
    pub operator: Operator,
    /// Sorted when read from text.
    pub values: Vec<Str>,
}

/// All of its requirements must hold. The default selects everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelSelector {
    /// Sorted by key.
    requirements: Vec<Requirement>,
    nothing: bool,
}

impl Requirement {
    /// # Errors
    /// Upstream's text for a bad key, value or number of values.
    pub fn new(key: &str, operator: Operator, values: Vec<Str>) -> Result<Self, String> {
        let mut errors = Vec::new();
        if let Some(e) = bad_key(key, "key") {
            errors.push(e);
        }
        let shown =
            || if values.is_empty() { "null".to_owned() } else { to_string(&Value::from(values.clone())) };
        match operator {
            Operator::In | Operator::NotIn if values.is_empty() => errors.push(format!(
                "values: Invalid value: {}: for 'in', 'notin' operators, values set can't be empty",
                shown()
            )),
            Operator::Equals | Operator::DoubleEquals | Operator::NotEquals if values.len() != 1 => errors
                .push(format!(
                    "values: Invalid value: {}: exact-match compatibility requires one single value",
                    shown()
                )),
            Operator::Exists | Operator::DoesNotExist if !values.is_empty() => errors.push(format!(
                "values: Invalid value: {}: values set must be empty for exists and does not exist",
                shown()
            )),
            Operator::GreaterThan | Operator::LessThan => {
                if values.len() != 1 {
                    let why = "for 'Gt', 'Lt' operators, exactly one value is required";
                    errors.push(format!("values: Invalid value: {}: {why}", shown()));
                }
                for (i, v) in values.iter().enumerate().filter(|(_, v)| v.parse::<i64>().is_err()) {
                    let why = "for 'Gt', 'Lt' operators, the value must be an integer";
                    errors.push(format!("values[{i}]: Invalid value: {}: {why}", go_quote(v)));
                }
            }
            _ => {}
        }
        for (i, v) in values.iter().enumerate() {
            let problems = names::label_value(v);
            if !problems.is_empty() {
                errors.push(format!(
                    "values[{i}][{key}]: Invalid value: {}: {}",
                    go_quote(v),
                    problems.join("; ")
                ));
            }
        }
        match errors.as_slice() {
            [] => Ok(Self { key: key.into(), operator, values }),
            [one] => Err(one.clone()),
            many => Err(format!("[{}]", many.join(", "))),
        }
    }

    #[must_use]
    pub fn matches(&self, labels: &Value) -> bool {
        let label = labels.find(&self.key);
        let listed = |v: &Value| self.values.iter().any(|x| v == x.as_str());
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => label.is_some_and(listed),
            Operator::NotIn | Operator::NotEquals => !label.is_some_and(listed),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::GreaterThan | Operator::LessThan => {
                let number = label.and_then(|v| v.text().parse::<i64>().ok());
                let bound = self.values.first().and_then(|v| v.parse::<i64>().ok());
                match (number, bound) {
                    (Some(a), Some(b)) => {
                        if self.operator == Operator::GreaterThan {
                            a > b
                        } else {
                            a < b
                        }
                    }
                    _ => false,
                }
            }
        }
    }
}

fn bad_key(key: &str, path: &str) -> Option<String> {
    let problems = names::qualified_name(key);
    (!problems.is_empty())
        .then(|| format!("{path}: Invalid value: {}: {}", go_quote(key), problems.join("; ")))
}

impl LabelSelector {
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn nothing() -> Self {
        Self { requirements: Vec::new(), nothing: true }
    }

    #[must_use]
    pub fn of(mut requirements: Vec<Requirement>) -> Self {
        requirements.arrange_by(|a, b| a.key.cmp(&b.key));
        Self { requirements, nothing: false }
    }

    /// Reads `app=web,tier in (a, b),!x`.
    ///
    /// # Errors
    /// Upstream's text, such as `unable to parse requirement: found ',', expected: identifier`.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::parse(text).map(Self::of)
    }

    /// A LabelSelector object: null selects nothing, an empty one everything.
    ///
    /// # Errors
    /// Upstream's text for a bad key, value or operator.
    pub fn from_value(selector: &Value) -> Result<Self, String> {
        if selector.is_null() {
            return Ok(Self::nothing());
        }
        let mut requirements = Vec::new();
        for (key, value) in selector["matchLabels"].entries() {
            requirements.push(Requirement::new(key, Operator::Equals, vec![value.to_str()])?);
        }
        for e in selector["matchExpressions"].items() {
            let operator = match e["operator"].text() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => return Err(format!("{} is not a valid label selector operator", go_quote(other))),
            };
            let values = e["values"].items().iter().map(Value::to_str).collect();
            requirements.push(Requirement::new(e["key"].text(), operator, values)?);
        }
        Ok(Self::of(requirements))
    }

    /// A plain map of labels, as Services and ReplicationControllers have; an empty one selects everything.
    #[must_use]
    pub fn from_labels(labels: &Value) -> Self {
        let equals = |(key, value): (&Str, &Value)| Requirement {
            key: key.clone(),
            operator: Operator::Equals,
            values: vec![value.to_str()],
        };
        Self::of(labels.entries().iter().map(equals).collect())
    }

    /// Whether these labels (a map, or null for none) are picked.
    #[must_use]
    pub fn matches(&self, labels: &Value) -> bool {
        !self.nothing && self.requirements.iter().all(|r| r.matches(labels))
    }

    #[must_use]
    pub fn is_everything(&self) -> bool {
        !self.nothing && self.requirements.is_empty()
    }

    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.nothing
    }

    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// As a `metav1.LabelSelector` splits it: the labels that must be equal, and the other requirements, each with the
    /// name of its operator.
    #[must_use]
    pub fn parts(&self) -> (Value, Vec<(&Requirement, &'static str)>) {
        let (mut labels, mut others) = (Value::map(), Vec::new());
        for r in &self.requirements {
            let operator = match r.operator {
                Operator::Equals | Operator::DoubleEquals => {
                    labels.set(r.key.clone(), r.values.first().cloned().unwrap_or_default());
                    continue;
                }
                Operator::In => "In",
                Operator::NotIn | Operator::NotEquals => "NotIn",
                Operator::Exists => "Exists",
                _ => "DoesNotExist",
            };
            others.push((r, operator));
        }
        (labels, others)
    }

    /// The one value that `label` must have, if the selector says so.
    #[must_use]
    pub fn exact(&self, label: &str) -> Option<&str> {
        let r = self.requirements.iter().find(|r| r.key == label)?;
        let exact = matches!(r.operator, Operator::Equals | Operator::DoubleEquals | Operator::In);
        if exact && r.values.len() == 1 { Some(&r.values[0]) } else { None }
    }
}

/// How `kubectl` shows a LabelSelector object: `<none>` for an empty one, `<error>` for a bad one.
#[must_use]
pub fn format_label_selector(selector: &Value) -> String {
    match LabelSelector::from_value(selector).map(|s| s.to_string()) {
        Ok(text) if text.is_empty() => "<none>".into(),
        Ok(text) => text,
        Err(_) => "<error>".into(),
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut values = self.values.clone();
        values.arrange();
        let values = values.join(",");
        let key = &self.key;
        match self.operator {
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
            Operator::Exists => f.write_str(key),
            Operator::DoesNotExist => write!(f, "!{key}"),
        }
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, r) in self.requirements.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            r.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
