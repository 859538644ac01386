//! `-o go-template`.

use objects::Value;

pub struct Template;

impl Template {
    /// # Errors
    /// The parser's text.
    pub fn parse(_text: &str) -> Result<Self, String> {
        Ok(Self)
    }

    /// # Errors
    /// What does not fit.
    pub fn render(&self, _object: &Value) -> Result<String, String> {
        Err("not there yet".into())
    }

    #[must_use]
    pub fn failure(&self, why: &str, _object: &Value) -> String {
        why.into()
    }
}
