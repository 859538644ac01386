//! Validation: what an object of a kind must fulfil, all errors at once.
//!
//! Models `pkg/apis/*/validation`, one file per kind.

use objects::{Status, Value};

use crate::registry::Part;
use crate::server::{ApiServer, Cx};

impl ApiServer {
    pub(crate) fn validate_new(&mut self, _cx: &Cx<'_>, _object: &Value) -> Result<(), Status> {
        Ok(())
    }

    pub(crate) fn validate_change(
        &mut self,
        _cx: &Cx<'_>,
        _new: &Value,
        _old: &Value,
        _part: Part,
    ) -> Result<(), Status> {
        Ok(())
    }
}
