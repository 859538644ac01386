//! `-o jsonpath` and every flag that takes a path.
//!
//! Does not own the language (objects). Models `k8s.io/cli-runtime/pkg/printers` jsonpath.go.

use objects::Value;
use objects::jsonpath::{self, JsonPath};

pub use objects::jsonpath::relaxed;

pub struct Template {
    path: JsonPath,
    text: String,
    missing_ok: bool,
}

impl Template {
    /// # Errors
    /// The parser's text.
    pub fn parse(text: &str, missing_ok: bool) -> Result<Self, String> {
        Ok(Self { path: JsonPath::parse(text)?, text: text.to_owned(), missing_ok })
    }

    /// # Errors
    /// What does not fit.
    pub fn render(&self, object: &Value) -> Result<String, String> {
        self.path.print(object, self.missing_ok)
    }

    /// # Errors
    /// What does not fit.
    pub fn render_json(&self, object: &Value) -> Result<String, String> {
        self.path.print_json(object, self.missing_ok)
    }

    /// Everything found, in order.
    ///
    /// # Errors
    /// What does not fit.
    pub fn results(&self, object: &Value) -> Result<Vec<Value>, String> {
        Ok(self.path.find(object, self.missing_ok)?.into_iter().flatten().collect())
    }

    /// The sentence around a failure.
    #[must_use]
    pub fn failure(&self, why: &str, object: &Value) -> String {
        jsonpath::execution_error(&self.text, why, object)
    }

    /// One result as text.
    #[must_use]
    pub fn text_of(value: &Value) -> String {
        jsonpath::text(value)
    }
}
