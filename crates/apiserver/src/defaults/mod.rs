//! Defaults: what a kind's fields are when nobody said.
//!
//! Models `pkg/apis/*/v1/defaults.go`, one file per kind.

use objects::Value;

use crate::server::{ApiServer, Cx};

impl ApiServer {
    /// Fills in what was left out.
    pub(crate) fn default_object(&mut self, _cx: &Cx<'_>, _object: &mut Value) {}

    /// The body of a write as an object of its kind: unknown fields reported or refused, zero values in Go's form.
    /// Subtrees shared with `old` are taken as they are.
    pub(crate) fn decoded(
        &mut self,
        _cx: &mut Cx<'_>,
        body: Value,
        _old: &Value,
    ) -> Result<Value, objects::Status> {
        Ok(body)
    }
}
