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

/// Line and column of a byte offset, columns counted in characters, both from 1.
#[must_use]
pub fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    (line, column)
}

/// Where in a JSON text the path of an [`Error`] leads: to the key, or as near to it as there is something.
#[must_use]
pub fn offset_in_json(text: &str, path: &str) -> usize {
    let start = text.len() - text.trim_start().len();
    let (mut found, mut value) = (start, start);
    for step in path.split(['.', '[', ']']).filter(|s| !s.is_empty()) {
        let Some(next) = entry_in_json(text, value, step) else { break };
        (found, value) = next;
    }
    found
}

/// The key (of a list its item) and the value that `step` names in the value at `at`.
fn entry_in_json(text: &str, at: usize, step: &str) -> Option<(usize, usize)> {
    let rest = |at: usize| text.get(at..);
    let space = |at: usize| rest(at).map(|r| at + r.len() - r.trim_start().len());
    let taken = |at: usize| objects::json::parse_prefix(rest(at)?).ok()?.map(|(value, n)| (value, at + n));
    let is_map = rest(at)?.starts_with('{');
    let mut here = space(at + 1)?;
    for index in 0.. {
        let begins = here;
        let mut named = step.parse() == Ok(index);
        if is_map {
            let (key, end) = taken(here)?;
            here = space(space(end)? + 1)?;
            named = key == step;
        }
        if named {
            return Some((begins, here));
        }
        let (_, end) = taken(here)?;
        here = space(end)?;
        if !rest(here)?.starts_with(',') {
            return None;
        }
        here = space(here + 1)?;
    }
    None
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
    fn a_path_leads_to_a_place_in_json() {
        let text = "{\"slug\": \"a\",\n \"steps\": [ {\"id\": \"x, y\"}, {\"goals\":[{\"want\": {\"cuont\": 1}}]} ]}";
        let at = |path| place(text, offset_in_json(text, path));
        let table = [
            ("", (1, 1)),
            ("slug", (1, 2)),
            ("steps[0].id", (2, 14)),
            ("steps[1].goals[0].want.cuont", (2, 49)),
            ("steps[1].goals[0].want.cuont.of", (2, 49)),
            ("steps[7].id", (2, 2)),
            ("nothing", (1, 1)),
        ];
        for (path, wanted) in table {
            assert_eq!(at(path), wanted, "{path}");
        }
        for odd in ["", "{", "[", "{\"a\"", "{\"a\":}", "[1 2]"] {
            assert!(offset_in_json(odd, "a[3].b") <= odd.len(), "{odd}");
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
