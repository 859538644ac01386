//! A field of an object by its path, and what is wanted of it.
//!
//! `spec.replicas`, `spec.containers[0].image`, `status.containerStatuses[*].state.waiting.reason`,
//! `metadata.labels["app.kubernetes.io/name"]`.

use objects::{Str, Value};

use crate::read::{Error, Node};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(Str),
    Item(usize),
    /// Every item of a list.
    Each,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
    /// As the author wrote it.
    text: Str,
}

impl Path {
    /// # Errors
    /// Says what the path breaks off at.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is no path such as spec.containers[0].image");
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (inside, after) = if let Some(quoted) = inner.strip_prefix('"') {
                    let (key, after) = quoted.split_once("\"]").ok_or_else(bad)?;
                    (Step::Key(key.into()), after)
                } else {
                    let (inside, after) = inner.split_once(']').ok_or_else(bad)?;
                    let step = if inside == "*" {
                        Step::Each
                    } else {
                        Step::Item(inside.parse().map_err(|_| bad())?)
                    };
                    (step, after)
                };
                steps.push(inside);
                rest = after;
            } else {
                let key = if steps.is_empty() { rest } else { rest.strip_prefix('.').ok_or_else(bad)? };
                let end = key.find(['.', '[']).unwrap_or(key.len());
                if end == 0 {
                    return Err(bad());
                }
                steps.push(Step::Key(key[..end].into()));
                rest = &key[end..];
            }
        }
        if steps.is_empty() { Err(bad()) } else { Ok(Self { steps, text: text.into() }) }
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every value the path leads to; none of them is null.
    #[must_use]
    pub fn values<'a>(&self, object: &'a Value) -> Vec<&'a Value> {
        let mut at = vec![object];
        for step in &self.steps {
            at = match step {
                Step::Key(key) => at.into_iter().map(|v| v.get(key)).collect(),
                Step::Item(i) => at.into_iter().filter_map(|v| v.items().get(*i)).collect(),
                Step::Each => at.into_iter().flat_map(|v| v.items()).collect(),
            };
        }
        at.retain(|v| !v.is_null());
        at
    }
}

/// What is wanted of a field. Of several values one that fits is enough.
#[derive(Clone, Debug, PartialEq)]
pub enum Expect {
    Is(Value),
    OneOf(Vec<Value>),
    /// A text that has this in it.
    Contains(Str),
    AtLeast(i64),
    AtMost(i64),
    Present,
    Absent,
}

/// The fields of a map that make an [`Expect`].
pub(crate) const EXPECT_FIELDS: [&str; 7] =
    ["equals", "in", "contains", "at_least", "at_most", "present", "absent"];

impl Expect {
    pub(crate) fn read(node: &Node<'_>) -> Result<Self, Error> {
        let given: Vec<&str> = EXPECT_FIELDS.into_iter().filter(|f| node.find(f).is_some()).collect();
        let [name] = given[..] else {
            return node.error(format!("exactly one of {} is wanted", EXPECT_FIELDS.join(", ")));
        };
        let field = node.get(name);
        Ok(match name {
            "equals" => Self::Is(field.value.clone()),
            "in" => Self::OneOf(field.items()?.iter().map(|n| n.value.clone()).collect()),
            "contains" => Self::Contains(field.text()?),
            "at_least" => Self::AtLeast(field.int()?),
            "at_most" => Self::AtMost(field.int()?),
            "present" => Self::Present,
            _ => Self::Absent,
        })
    }

    #[must_use]
    pub fn fits(&self, values: &[&Value]) -> bool {
        let any = |f: &dyn Fn(&Value) -> bool| values.iter().any(|v| f(v));
        match self {
            Self::Is(wanted) => any(&|v| same(v, wanted)),
            Self::OneOf(wanted) => any(&|v| wanted.iter().any(|w| same(v, w))),
            Self::Contains(part) => any(&|v| v.text().contains(part.as_str())),
            Self::AtLeast(n) => any(&|v| v.as_int().is_some_and(|i| i >= *n)),
            Self::AtMost(n) => any(&|v| v.as_int().is_some_and(|i| i <= *n)),
            Self::Present => !values.is_empty(),
            Self::Absent => values.is_empty(),
        }
    }
}

/// A number in YAML may stand for a text in the object (`"80"`), and the other way round.
fn same(a: &Value, b: &Value) -> bool {
    a == b || (a.as_map().is_none() && a.as_list().is_none() && show(a) == show(b))
}

/// A value as one would type it.
#[must_use]
pub fn show(value: &Value) -> String {
    match value {
        Value::Str(s) => s.to_string(),
        other => objects::json::to_string(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let pod = objects::value!({
            "metadata": {"labels": {"app.kubernetes.io/name": "web"}},
            "spec": {"containers": [{"image": "a"}, {"image": "b"}], "replicas": 3},
        });
        let table = [
            ("spec.replicas", "3"),
            ("spec.containers[1].image", "b"),
            ("spec.containers[*].image", "a b"),
            ("metadata.labels[\"app.kubernetes.io/name\"]", "web"),
            ("spec.nothing.here", ""),
            ("spec.containers[9].image", ""),
        ];
        for (path, wanted) in table {
            let path = Path::parse(path).unwrap_or_else(|e| panic!("{e}"));
            let shown: Vec<String> = path.values(&pod).into_iter().map(show).collect();
            assert_eq!(shown.join(" "), wanted, "{}", path.text());
        }
        for bad in ["", ".", "a..b", "a[", "a[x]", "a[0]b", "a.", "[\"a"] {
            assert!(Path::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_wanted_of_a_field() {
        let (three, text, none) = (Value::from(3), Value::from("3"), Vec::new());
        let table: [(Expect, bool, bool); 7] = [
            (Expect::Is(3.into()), true, false),
            (Expect::Is(4.into()), false, false),
            (Expect::OneOf(vec![1.into(), 3.into()]), true, false),
            (Expect::AtLeast(3), true, false),
            (Expect::AtMost(2), false, false),
            (Expect::Present, true, false),
            (Expect::Absent, false, true),
        ];
        for (expect, of_three, of_none) in table {
            assert_eq!(expect.fits(&[&three]), of_three, "{expect:?}");
            assert_eq!(expect.fits(&none), of_none, "{expect:?}");
        }
        assert!(Expect::Is(3.into()).fits(&[&text]));
        assert!(Expect::Contains("gin".into()).fits(&[&"nginx".into()]));
    }
}
