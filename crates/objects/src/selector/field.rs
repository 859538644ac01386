//! Field selectors: the text of `--field-selector`.
//!
//! Models `k8s.io/apimachinery/pkg/fields`.

use ordered::Sort as _;
use std::fmt;

use crate::Str;

/// One condition on one field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldTerm {
    pub field: Str,
    pub value: Str,
    pub equal: bool,
}

/// `status.phase=Running,metadata.name!=a`; the default selects everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldSelector {
    terms: Vec<FieldTerm>,
}

impl FieldSelector {
    /// # Errors
    /// Upstream's text, such as `invalid selector: 'a'; can't understand 'a'`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = split_terms(text);
        parts.arrange();
        let mut terms = Vec::new();
        for part in parts.into_iter().filter(|p| !p.is_empty()) {
            let Some(at) = part.find("!=").into_iter().chain(part.find('=')).min() else {
                return Err(format!("invalid selector: '{text}'; can't understand '{part}'"));
            };
            let (field, rest) = part.split_at(at);
            let equal = !rest.starts_with('!');
            let value = if equal { rest.strip_prefix("==").unwrap_or(&rest[1..]) } else { &rest[2..] };
            terms.push(FieldTerm { field: field.into(), value: unescape(value)?, equal });
        }
        Ok(Self { terms })
    }

    #[must_use]
    pub fn terms(&self) -> &[FieldTerm] {
        &self.terms
    }

    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether an object is picked whose fields `field` tells; absent ones are `""`.
    pub fn matches(&self, mut field: impl FnMut(&str) -> Str) -> bool {
        self.terms.iter().all(|t| (field(&t.field) == t.value) == t.equal)
    }

    /// The one value that `name` must have, if the selector says so.
    #[must_use]
    pub fn exact(&self, name: &str) -> Option<&str> {
        self.terms.iter().find(|t| t.equal && t.field == name).map(|t| t.value.as_str())
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, t) in self.terms.iter().enumerate() {
            let value = t.value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            let (comma, sign) = (if i > 0 { "," } else { "" }, if t.equal { "=" } else { "!=" });
            write!(f, "{comma}{}{sign}{value}", t.field)?;
        }
        Ok(())
    }
}

fn split_terms(text: &str) -> Vec<&str> {
    let (mut terms, mut start, mut escaped) = (Vec::new(), 0, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

fn unescape(text: &str) -> Result<Str, String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                other => {
                    let sequence: String = std::iter::once('\\').chain(other).collect();
                    return Err(format!("invalid field selector: invalid escape sequence: {sequence}"));
                }
            },
            ',' | '=' => {
                return Err(format!("invalid field selector: unescaped character in value: {}", c as u32));
            }
            c => out.push(c),
        }
    }
    Ok(out.into())
}
