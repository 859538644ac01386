//! What stands below an object: status, scale, binding, eviction, finalize and the rest.
//!
//! Not modelled here: log, exec, attach and portforward are streams of a kubelet; the cluster connects them.

mod binding;
mod eviction;
mod scale;

pub(crate) use binding::Bound;
pub(crate) use scale::scale_of;

use client::{Response, Verb};
use objects::Status;

use crate::registry::Part;
use crate::server::{ApiServer, Cx, method_not_allowed, no_such_resource};

impl ApiServer {
    #[inline(never)]
    pub(crate) fn subresource(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let name = cx.request.subresource.clone();
        let Some(sub) = cx.resource.subresource(&name) else { return Err(no_such_resource()) };
        let verb = cx.request.verb;
        if !sub.verbs.iter().any(|v| v == verb.as_str()) {
            return Err(method_not_allowed());
        }
        match (name.as_str(), verb) {
            ("scale", _) => self.scale(cx),
            ("binding", Verb::Create) => self.bind(cx),
            ("eviction", Verb::Create) => self.evict(cx),
            ("token", Verb::Create) => self.request_token(cx),
            (_, Verb::Get) => self.read_one(cx),
            ("status", Verb::Update) => self.replace(cx, Part::Status),
            ("status", Verb::Patch) => self.patch_part(cx, Part::Status),
            ("finalize", Verb::Update) => self.finalize(cx),
            ("ephemeralcontainers" | "resize" | "approval", Verb::Update) => self.replace(cx, Part::Prepared),
            ("ephemeralcontainers" | "resize" | "approval", Verb::Patch) => {
                self.patch_part(cx, Part::Prepared)
            }
            _ => Err(method_not_allowed()),
        }
    }

    /// PUT of a namespace's `spec.finalizers`.
    fn finalize(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let client::Body::Object(body) = &cx.request.body else {
            return Err(Status::bad_request("the body of the request was empty"));
        };
        let old = self.stored(cx)?;
        let mut new = body.clone();
        crate::registry::update_keep(&mut new, &old, "status");
        let new = self.update_object(cx, new, old, Part::Prepared)?;
        Ok(self.answer(cx, new))
    }
}
