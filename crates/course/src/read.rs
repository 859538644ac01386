//! Reading a tree with the path of what is wrong: the one reader of lesson.yaml and of packed lessons.

use clock::Millis;
use objects::{Str, Value};

/// What is wrong with a lesson, and where: `steps[1].goals[0].want.count.selector`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct Error {
    pub path: String,
    pub message: String,
}

/// A value and the way to it.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) value: &'a Value,
    pub(crate) path: String,
}

impl<'a> Node<'a> {
    pub(crate) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    pub(crate) fn error<T>(&self, message: impl Into<String>) -> Result<T, Error> {
        Err(Error { path: self.path.clone(), message: message.into() })
    }

    /// A field that must be there.
    pub(crate) fn field(&self, key: &str) -> Result<Node<'a>, Error> {
        match self.find(key) {
            Some(node) => Ok(node),
            None => self.error(format!("{key} is missing")),
        }
    }

    /// A field, null when it is not there.
    pub(crate) fn get(&self, key: &str) -> Node<'a> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Node { value: self.value.get(key), path }
    }

    pub(crate) fn find(&self, key: &str) -> Option<Node<'a>> {
        let node = self.get(key);
        (!node.value.is_null()).then_some(node)
    }

    /// Refuses fields that nobody reads: a typing error must not be silence.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Error> {
        let Some(map) = self.value.as_map() else {
            return self.error(format!("fields are wanted here, not {}", what(self.value)));
        };
        match map.keys().find(|key| !known.contains(key)) {
            Some(key) => {
                let here = self.get(key);
                here.error(format!("unknown field {key:?}; known here: {}", known.join(", ")))
            }
            None => Ok(()),
        }
    }

    pub(crate) fn text(&self) -> Result<Str, Error> {
        match self.value {
            Value::Str(s) => Ok(s.clone()),
            other => self.error(format!("a text is wanted, not {}", what(other))),
        }
    }

    pub(crate) fn text_or(&self, key: &str, default: &str) -> Result<Str, Error> {
        self.find(key).map_or_else(|| Ok(default.into()), |n| n.text())
    }

    pub(crate) fn int(&self) -> Result<i64, Error> {
        match self.value.as_int() {
            Some(i) => Ok(i),
            None => self.error(format!("a whole number is wanted, not {}", what(self.value))),
        }
    }

    pub(crate) fn flag(&self, key: &str) -> Result<bool, Error> {
        let Some(node) = self.find(key) else { return Ok(false) };
        match node.value.as_bool() {
            Some(b) => Ok(b),
            None => node.error(format!("true or false is wanted, not {}", what(node.value))),
        }
    }

    /// The items of a list; none when there is no list.
    pub(crate) fn items(&self) -> Result<Vec<Node<'a>>, Error> {
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::List(list) => Ok(list
                .iter()
                .enumerate()
                .map(|(i, value)| Node { value, path: format!("{}[{i}]", self.path) })
                .collect()),
            other => self.error(format!("a list is wanted, not {}", what(other))),
        }
    }

    /// The one field of a map that says which of several things this is.
    pub(crate) fn choice(&self) -> Result<(&'a str, Node<'a>), Error> {
        match self.value.as_map().map(|m| m.keys().collect::<Vec<_>>()).as_deref() {
            Some([key]) => Ok((*key, self.get(key))),
            _ => self.error("exactly one field is wanted here, that says what this is"),
        }
    }

    /// A span: `500ms`, `30s`, `5m`, `1h`.
    pub(crate) fn span(&self) -> Result<Millis, Error> {
        let text = self.text()?;
        match parse_span(&text) {
            Some(ms) => Ok(ms),
            None => self.error(format!("{text:?} is no span of time such as 500ms, 30s or 5m")),
        }
    }
}

fn parse_span(text: &str) -> Option<Millis> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: i64 = text.get(..digits)?.parse().ok()?;
    let unit = match text.get(digits..)? {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(unit)
}

fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::Str(_) => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "fields",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time() {
        for (text, ms) in
            [("500ms", Some(500)), ("30s", Some(30_000)), ("5m", Some(300_000)), ("1h", Some(3_600_000))]
        {
            assert_eq!(parse_span(text), ms, "{text}");
        }
        for bad in ["", "s", "5", "5 s", "1.5s", "99999999999999999h"] {
            assert_eq!(parse_span(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_error_names_its_place() {
        let value = objects::value!({"steps": [{"id": 7}]});
        let root = Node::root(&value);
        let steps = root.get("steps").items().unwrap_or_default();
        let id = steps[0].field("id").and_then(|n| n.text());
        assert_eq!(
            id.map_err(|e| e.to_string()),
            Err("steps[0].id: a text is wanted, not a number".to_owned())
        );
        let only = steps[0].only(&["name"]).map_err(|e| e.path);
        assert_eq!(only, Err("steps[0].id".to_owned()));
    }
}
