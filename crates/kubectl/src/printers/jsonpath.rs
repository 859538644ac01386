//! `-o jsonpath`: kubectl's dialect.
//!
//! Does not own the language (objects). Models `k8s.io/cli-runtime/pkg/printers` jsonpath.go and
//! `k8s.io/kubectl/pkg/cmd/get` RelaxedJSONPathExpression.

use objects::{Value, json};

pub struct Template {
    text: String,
}

impl Template {
    /// # Errors
    /// The parser's text.
    pub fn parse(text: &str, _missing_ok: bool) -> Result<Self, String> {
        Ok(Self { text: text.to_owned() })
    }

    /// # Errors
    /// What does not fit.
    pub fn render(&self, _object: &Value) -> Result<String, String> {
        Err("jsonpath is not there yet".into())
    }

    /// # Errors
    /// What does not fit.
    pub fn results(&self, _object: &Value) -> Result<Vec<Value>, String> {
        Err("jsonpath is not there yet".into())
    }

    /// The sentence around a failure.
    #[must_use]
    pub fn failure(&self, why: &str, object: &Value) -> String {
        format!(
            "error executing jsonpath \"{}\": Error executing template: {why}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{}\n\tobject given to jsonpath engine was:\n\t\t{}\n\n",
            self.text,
            self.text,
            json::to_string(object)
        )
    }

    /// One result as text.
    #[must_use]
    pub fn text_of(value: &Value) -> String {
        match value {
            Value::Str(s) => s.to_string(),
            other => json::to_string(other),
        }
    }
}

/// `metadata.name` or `.metadata.name` or `{.metadata.name}` in its full form.
///
/// # Errors
/// Upstream's text.
pub fn relaxed(path: &str) -> Result<String, String> {
    if path.is_empty() {
        return Ok(String::new());
    }
    let bare = path.strip_prefix('{').and_then(|p| p.strip_suffix('}')).unwrap_or(path);
    if bare.starts_with('{') || bare.ends_with('}') || (path.starts_with('{') != path.ends_with('}')) {
        return Err(format!(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{{name1.name2}}' or '{{.name1.name2}}'"
        ));
    }
    Ok(format!("{{.{}}}", bare.strip_prefix('.').unwrap_or(bare)))
}
