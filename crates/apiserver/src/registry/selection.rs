//! Which objects a list, watch or deletion is about: label and field selectors.

use client::Request;
use objects::resources::Resource;
use objects::selector::{FieldSelector, LabelSelector};
use objects::{Status, Str, Value};

use crate::strategy;

/// The parsed selectors of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    labels: LabelSelector,
    fields: FieldSelector,
    /// The one name a request for a single object's watch gives.
    name: Str,
}

impl Selection {
    pub(crate) fn of(resource: &Resource, request: &Request) -> Result<Self, Status> {
        let options = &request.options;
        let fields = FieldSelector::parse(&options.field_selector).map_err(Status::bad_request)?;
        for term in fields.terms() {
            strategy::selectable(resource, &term.field)?;
        }
        let labels = LabelSelector::parse(&options.label_selector).map_err(Status::bad_request)?;
        Ok(Self { labels, fields, name: request.name.clone() })
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.name.is_empty() && self.labels.is_everything() && self.fields.is_everything()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        (self.name.is_empty() || object.name() == self.name)
            && (self.labels.is_everything() || self.labels.matches(object.labels()))
            && self.fields.matches(|field| strategy::field_text(object, field))
    }
}
