//! Update: one object replaced, in whole or in the part a subresource is about.

use client::{Body, Response};
use etcd::Expect;
use objects::{Status, Value};

use super::{Part, meta};
use crate::admission::certificates;
use crate::server::{ApiServer, Cx};
use crate::strategy;

impl ApiServer {
    pub(crate) fn update(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        self.replace(cx, Part::Main)
    }

    /// PUT of the object or its status.
    pub(crate) fn replace(&mut self, cx: &mut Cx<'_>, part: Part) -> Result<Response, Status> {
        let Body::Object(body) = &cx.request.body else {
            return Err(Status::bad_request("the body of the request was empty"));
        };
        let strategy = strategy::of(&cx.resource);
        let Ok(old) = self.stored(cx) else {
            if part == Part::Main && strategy.create_on_update {
                let object = self.decoded(cx, body.clone(), &Value::Null)?;
                check_name(cx, &object)?;
                let object = self.create_object(cx, object)?;
                return Ok(Response { created: true, ..self.answer(cx, object) });
            }
            return Err(cx.not_found());
        };
        let old = self.in_request_version(cx, old)?;
        if part == Part::Status
            && let Some(new) = self.reported(cx, body, &old)
        {
            let new = self.store_change(cx, new, old)?;
            return Ok(self.answer(cx, new));
        }
        let mut body = body.clone();
        if strategy.unconditional_update {
            keep_metadata(&mut body, &old);
        }
        let new = self.decoded(cx, body, &old)?;
        check_name(cx, &new)?;
        let new = self.update_object(cx, new, old, part)?;
        Ok(self.answer(cx, new))
    }

    /// Stores a new state of `old`; the object goes away when this took its last finalizer.
    pub(crate) fn update_object(
        &mut self,
        cx: &mut Cx<'_>,
        new: Value,
        old: Value,
        part: Part,
    ) -> Result<Value, Status> {
        let new = self.next_state(cx, new, &old, part)?;
        if (strategy::of(&cx.resource).is_finished)(&new, &old) {
            return self.remove(cx, new);
        }
        self.store_change(cx, new, old)
    }

    /// What is stored of a new state of `old`, when all have been asked.
    pub(super) fn next_state(
        &mut self,
        cx: &mut Cx<'_>,
        mut new: Value,
        old: &Value,
        part: Part,
    ) -> Result<Value, Status> {
        let strategy = strategy::of(&cx.resource);
        let name = old.meta()["name"].to_str();
        let given_uid = new.uid();
        if !given_uid.is_empty() && given_uid != old.uid() {
            return Err(cx.conflict(
                &name,
                &format!(
                    "Precondition failed: UID in precondition: {given_uid}, UID in object meta: {}",
                    old.uid()
                ),
            ));
        }
        let given = &new.meta()["resourceVersion"];
        let is = &old.meta()["resourceVersion"];
        if given.text().is_empty() || given.text() == "0" {
            if !strategy.unconditional_update {
                let cause = objects::status::Cause {
                    reason: "FieldValueInvalid",
                    field: "metadata.resourceVersion".into(),
                    message: "Invalid value: 0: must be specified for an update".into(),
                };
                return Err(Status::invalid(&cx.resource.group, &cx.resource.plural, &name, vec![cause]));
            }
            let is = is.clone();
            new.map_mut().entry("metadata").set("resourceVersion", is);
        } else if given != is {
            return Err(cx.conflict(&name, meta::MODIFIED));
        }
        meta::keep_system_fields(&mut new, old);
        match part {
            Part::Main => {
                self.default_object(cx, &mut new, old);
                if strategy.status {
                    keep(&mut new, old, "status");
                }
                (strategy.prepare_update)(&mut new, old);
                self.allocate(cx, &mut new, old)?;
            }
            Part::Status => {
                for (key, _) in old.entries() {
                    if !matches!(key.as_str(), "metadata" | "status") {
                        keep(&mut new, old, key);
                    }
                }
                (strategy.prepare_status)(&mut new, old);
            }
            Part::Prepared if cx.request.subresource == "resize" => {
                crate::strategy::pod::prepare_resize(&mut new, old);
            }
            Part::Prepared => {}
        }
        self.manage_change(cx, &mut new, old, part);
        if strategy.generation && part != Part::Status && (strategy.is_new_generation)(&new, old) {
            new.map_mut().entry("metadata").set("generation", old.generation() + 1);
        }
        self.admit_update(cx, &mut new, old)?;
        self.validate_change(cx, &new, old, part)?;
        if part != Part::Status {
            let warnings = super::warnings::of(cx, &new, old);
            cx.warnings.extend(warnings);
        }
        if part != Part::Status || cx.resource.storage == certificates::REQUESTS {
            self.check_security(cx, &new, old)?;
        }
        self.admit_validating(cx, &new, old)?;
        if part == Part::Main {
            self.remember(cx);
        }
        (strategy.canonicalize)(&mut new);
        Ok(new)
    }

    /// Writes a new state, unless it is what stands there.
    fn store_change(&mut self, cx: &mut Cx<'_>, new: Value, old: Value) -> Result<Value, Status> {
        let name = old.meta()["name"].to_str();
        if new == old && self.is_stored_as_now(cx, &name) {
            return Ok(old);
        }
        self.commit_in_version(cx, &name, new, Expect::Anything)
    }
}

/// True when a deletion waited only for finalizers and none is left.
pub(crate) fn is_finished(new: &Value, old: &Value) -> bool {
    old.is_terminating()
        && new.meta()["finalizers"].items().is_empty()
        && old.meta()["deletionGracePeriodSeconds"].int() == 0
}

/// Sets `key` to what `old` has.
pub(crate) fn keep(new: &mut Value, old: &Value, key: &str) {
    let was = &old[key];
    let is = &new[key];
    if is.same(was) && !is.is_null() {
        return;
    }
    if was.is_null() {
        if new.find(key).is_some() {
            new.remove(key);
        }
    } else {
        new.set(key, was);
    }
}

/// Gives a body that names no version, and says nothing else new of itself, the stored object's own metadata: what is the
/// same subtree needs no second look. A kubelet tells of its pods so.
pub(super) fn keep_metadata(body: &mut Value, old: &Value) {
    let is = old.meta();
    if says_nothing_new(body.meta(), is) {
        body.set("metadata", is);
    }
}

/// Whether metadata is what it `is` but for the version, which it leaves out.
pub(super) fn says_nothing_new(given: &Value, is: &Value) -> bool {
    const VERSION: &str = "resourceVersion";
    given.entries().len() + 1 == is.entries().len()
        && given[VERSION].is_null()
        && given.entries().iter().all(|(key, value)| is[key.as_str()] == *value)
}

fn check_name(cx: &Cx<'_>, object: &Value) -> Result<(), Status> {
    if object.name() == cx.request.name {
        return Ok(());
    }
    if object.name().is_empty() {
        return Err(Status::bad_request(
            "the name of the object (based on URL) was undeterminable: name must be provided",
        ));
    }
    Err(Status::bad_request(format!(
        "the name of the object ({}) does not match the name on the URL ({})",
        object.name(),
        cx.request.name
    )))
}
