//! Statuses that the cluster's own components report of an object as it stands: three of ten writes.
//!
//! Owns: which updates of a status are such, and what they make of the object. Does not own: storing it (update).
//! What the short way leaves out has nothing to say where only a status changes, and nobody from outside changes it:
//! conflicts, managers, admission, validation. Debug builds hold it against the long way.

use objects::Value;

use super::Part;
use super::update::says_nothing_new;
use crate::admission::certificates;
use crate::server::{ApiServer, Cx, Served};
use crate::strategy;

impl ApiServer {
    /// The next state of `old` where `body`, that an update of its status brought, changes nothing but that. `None`: more
    /// is changed, or somebody has a say in it.
    pub(super) fn reported(&mut self, cx: &mut Cx<'_>, body: &Value, old: &Value) -> Option<Value> {
        let Served::BuiltIn(resource) = &cx.resource else { return None };
        if !cx.request.options.as_stored
            || !self.is_own(cx.caller, cx.request)
            || resource.id == certificates::REQUESTS
            || old.is_terminating()
        {
            return None;
        }
        let status = body.find("status")?;
        let strategy = strategy::of(resource);
        let same_keys = matches!((body, old), (Value::Map(is), Value::Map(was)) if is.has_keys_of(was));
        let as_it_stands = |key: &str, is: &Value, was: &Value| match key {
            "metadata" => is.same(was) || strategy.unconditional_update && says_nothing_new(is, was),
            "apiVersion" => is == was && resource.has_api_version(is.text()),
            "kind" => is == was,
            // Whatever else an update of a status says is passed over.
            _ => true,
        };
        let mut both = body.entries().iter().zip(old.entries());
        if !same_keys || !both.all(|((key, is), (_, was))| as_it_stands(key, is, was)) {
            return None;
        }
        let mut new = old.clone();
        new.set("status", status);
        (strategy.prepare_status)(&mut new, old);
        (strategy.canonicalize)(&mut new);
        debug_assert_eq!(self.told_at_length(cx, body, old).as_ref(), Some(&new));
        Some(new)
    }

    /// The same by the way of every other update.
    fn told_at_length(&mut self, cx: &mut Cx<'_>, body: &Value, old: &Value) -> Option<Value> {
        let mut body = body.clone();
        if strategy::of(&cx.resource).unconditional_update {
            super::update::keep_metadata(&mut body, old);
        }
        let new = self.decoded(cx, body, old).ok()?;
        self.next_state(cx, new, old, Part::Status).ok()
    }
}
