//! Which objects a list, watch or deletion is about: label and field selectors.
//!
//! Models `k8s.io/apimachinery/pkg/fields` and the label conversion functions of each kind.

use client::Request;
use objects::resources::Resource;
use objects::{Status, Str, Value};

use crate::strategy;

/// The parsed selectors of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    labels: Vec<Term>,
    fields: Vec<Term>,
}

#[derive(Clone, Debug)]
struct Term {
    key: Str,
    equal: bool,
    value: Str,
}

impl Selection {
    pub(crate) fn of(resource: &Resource, request: &Request) -> Result<Self, Status> {
        let mut fields = terms(&request.options.field_selector).map_err(|t| {
            Status::bad_request(format!(
                "invalid selector: '{}'; can't understand '{t}'",
                request.options.field_selector
            ))
        })?;
        for t in &fields {
            strategy::selectable(resource, &t.key)?;
        }
        if !request.name.is_empty() {
            fields.push(Term { key: "metadata.name".into(), equal: true, value: request.name.clone() });
        }
        let labels = terms(&request.options.label_selector)
            .map_err(|t| Status::bad_request(format!("unable to parse requirement: {t}")))?;
        Ok(Self { labels, fields })
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.is_everything()
            || self.labels.iter().all(|t| (object.labels()[t.key.as_str()] == *t.value) == t.equal)
                && self.fields.iter().all(|t| (strategy::field_text(object, &t.key) == t.value) == t.equal)
    }
}

/// `a=b,c!=d` taken apart.
fn terms(text: &str) -> Result<Vec<Term>, Str> {
    text.split(',')
        .filter(|t| !t.trim().is_empty())
        .map(|t| {
            let (key, equal, value) = if let Some((k, v)) = t.split_once("!=") {
                (k, false, v)
            } else if let Some((k, v)) = t.split_once("==").or_else(|| t.split_once('=')) {
                (k, true, v)
            } else {
                return Err(Str::from(t));
            };
            Ok(Term { key: key.trim().into(), equal, value: value.trim().into() })
        })
        .collect()
}
