//! kubectl's JSONPath: templates for `-o jsonpath`, columns, `--sort-by` and `wait --for=jsonpath`.
//!
//! Owns: parsing with upstream's errors ([`parse`](JsonPath::parse)), finding ([`find`](JsonPath::find)), printing.
//! Models `k8s.io/client-go/util/jsonpath` and RelaxedJSONPathExpression of kubectl's get.
//! Differs: where upstream goes through a map in random order (`*`, `..`), this goes by key.

mod eval;
mod parse;

use crate::json;
use crate::{Value, go_text};

/// A parsed template.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath {
    nodes: Vec<parse::Node>,
}

impl JsonPath {
    /// Reads a template such as `{range .items[*]}{.metadata.name}{"\n"}{end}`.
    ///
    /// # Errors
    /// Upstream's text, such as `unterminated array`; kubectl puts `error parsing jsonpath TEMPLATE, ` before it.
    pub fn parse(template: &str) -> Result<Self, String> {
        parse::parse(template).map(|nodes| Self { nodes })
    }

    /// What each action or text of the template finds, one list each. A missing key is nothing found when
    /// `allow_missing` (as for `-o jsonpath`), else an error.
    ///
    /// # Errors
    /// Upstream's text, such as `array index out of bounds: index 0, length 0`.
    pub fn find(&self, data: &Value, allow_missing: bool) -> Result<Vec<Vec<Value>>, String> {
        eval::find(&self.nodes, data, allow_missing)
    }

    /// What `-o jsonpath` prints.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn print(&self, data: &Value, allow_missing: bool) -> Result<String, String> {
        let found = self.find(data, allow_missing)?;
        Ok(found.iter().map(|values| values.iter().map(text).collect::<Vec<_>>().join(" ")).collect())
    }

    /// What `-o jsonpath-as-json` prints.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn print_json(&self, data: &Value, allow_missing: bool) -> Result<String, String> {
        let found = self.find(data, allow_missing)?;
        Ok(found.into_iter().map(|values| json::to_pretty(&Value::from(values), "    ") + "\n").collect())
    }
}

/// One found value as it is printed: maps and lists as JSON.
#[must_use]
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::List(_) | Value::Map(_) => json::to_string(value),
        other => go_text::plain(other),
    }
}

/// The error kubectl prints when a template cannot be executed: `why`, the template and the object, Go-syntax.
#[must_use]
pub fn execution_error(template: &str, why: &str, data: &Value) -> String {
    let object = go_text::syntax(data);
    format!(
        "error executing jsonpath {}: Error executing template: {why}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{template}\n\tobject given to jsonpath engine was:\n\t\t{object}\n\n\n",
        json::go_quote(template)
    )
}

/// Accepts `x.y`, `.x.y`, `{x.y}` and `{.x.y}` and gives the last form.
///
/// # Errors
/// Upstream's text for anything else.
pub fn relaxed(path: &str) -> Result<String, String> {
    if path.is_empty() {
        return Ok(String::new());
    }
    let inside = path.strip_prefix('{').and_then(|p| p.strip_suffix('}')).unwrap_or(path);
    // A lone dot is a field of its own to upstream's pattern.
    let field = inside.strip_prefix('.').filter(|f| !f.is_empty()).unwrap_or(inside);
    if field.is_empty() || field.contains(['{', '}', '\n']) {
        return Err("unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'".into());
    }
    Ok(format!("{{.{field}}}"))
}

#[cfg(test)]
mod tests;
