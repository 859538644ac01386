//! Patch: the stored object with a change applied, then an update.

use client::{Body, PatchType, Response};
use objects::{Reason, Status, Value};

use super::Part;
use crate::server::{ApiServer, Cx};

impl ApiServer {
    pub(crate) fn patch(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        self.patch_part(cx, Part::Main)
    }

    pub(crate) fn patch_part(&mut self, cx: &mut Cx<'_>, part: Part) -> Result<Response, Status> {
        let old = self.stored(cx)?;
        let patched = patched(cx, &old)?;
        let new = self.decoded(cx, patched, &old)?;
        let new = self.update_object(cx, new, old, part)?;
        Ok(self.answer(cx, new))
    }
}

/// `old` with the request's patch applied.
pub(crate) fn patched(cx: &Cx<'_>, old: &Value) -> Result<Value, Status> {
    let patch = match &cx.request.body {
        Body::Object(v) => v.clone(),
        _ => return Err(Status::bad_request("the body of the request was empty")),
    };
    match cx.request.patch_type {
        Some(PatchType::Merge | PatchType::Strategic) => {
            let mut new = old.clone();
            merge(&mut new, &patch);
            Ok(new)
        }
        _ => Err(Status::new(
            Reason::UnsupportedMediaType,
            "the body of the request was in an unknown format - accepted media types include: \
             application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
        )),
    }
}

/// RFC 7386.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Map(changes) = patch else {
        *target = patch.clone();
        return;
    };
    for (key, value) in changes.iter() {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.map_mut().entry(key), value);
        }
    }
}
