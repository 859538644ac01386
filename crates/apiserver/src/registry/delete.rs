//! Delete: preconditions, grace, finalizers, propagation; and deletion of many.
//!
//! Models `rest.BeforeDelete` and the generic store's Delete and DeleteCollection.

use client::{Propagation, Response};
use etcd::Expect;
use objects::{Status, Value, value};

use super::selection::Selection;
use crate::server::{ApiServer, Cx};
use crate::strategy::{self, Dependents};

/// The finalizers that ask the garbage collector to act before the object goes.
const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

impl ApiServer {
    #[inline(never)]
    pub(crate) fn delete(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let old = self.stored(cx)?;
        let (object, gone) = self.delete_object(cx, old)?;
        let strategy = strategy::of(&cx.resource);
        if gone && !strategy.returns_deleted {
            let r = &cx.resource;
            let mut details = value!({
                "name": (cx.request.name.clone()), "kind": (r.plural.clone()), "uid": (object.meta()["uid"].clone())
            });
            if !r.group.is_empty() {
                details.set("group", &r.group);
            }
            let status = value!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": (details)
            });
            return Ok(Response { object: status, ..Response::default() });
        }
        Ok(self.answer(cx, object))
    }

    #[inline(never)]
    pub(crate) fn delete_collection(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let selection = Selection::of(&cx.resource, cx.request)?;
        let all: Vec<Value> = self
            .objects(&cx.resource.storage, cx.namespace())
            .filter(|o| selection.matches(o))
            .cloned()
            .collect();
        for object in &all {
            let mut one = cx.request.clone();
            one.name = object.meta()["name"].to_str();
            one.namespace = object.meta()["namespace"].to_str();
            let mut each = Cx::new(cx.caller, &one, cx.resource.clone(), cx.now);
            each.hooks = cx.hooks.as_deref_mut().map(|h| h as _);
            self.delete_object(&mut each, object.clone())?;
        }
        Ok(Response { object: self.list_of(cx, all), ..Response::default() })
    }

    /// Deletes, or marks as deleting. Returns the object's state and whether it is gone.
    pub(crate) fn delete_object(&mut self, cx: &mut Cx<'_>, old: Value) -> Result<(Value, bool), Status> {
        check_preconditions(cx, &old)?;
        self.admit_delete(cx, &old)?;
        let strategy = strategy::of(&cx.resource);
        if cx.resource.id == "namespaces"
            && (!old.is_terminating() || !old["spec"]["finalizers"].items().is_empty())
        {
            return self.terminate_namespace(cx, old).map(|o| (o, false));
        }
        let asked = cx.request.options.grace_period_seconds.map(|s| if s < 0 { 1 } else { s });
        let mut new = old.clone();
        let mut graceful = None;
        if old.is_terminating() {
            let pending = old.meta()["deletionGracePeriodSeconds"].int();
            if (strategy.grace)(&old, asked).is_some() && pending != 0 {
                match asked {
                    Some(shorter) if shorter < pending => {
                        graceful = Some(shorten(cx, &mut new, pending, shorter));
                    }
                    _ => return Ok((old, false)),
                }
            }
        } else if let Some(period) = (strategy.grace)(&old, asked) {
            let meta = new.map_mut().entry("metadata");
            meta.set("deletionTimestamp", (cx.now + period * 1000).rfc3339());
            meta.set("deletionGracePeriodSeconds", period);
            if old.generation() > 0 {
                meta.set("generation", old.generation() + 1);
            }
            graceful = Some(period);
        }
        let finalizers = finalizers(cx, &old, strategy.dependents);
        let pending_finalizers = !finalizers.items().is_empty();
        if finalizers != old.meta()["finalizers"] {
            let meta = new.map_mut().entry("metadata");
            if pending_finalizers {
                meta.set("finalizers", finalizers);
            } else {
                meta.remove("finalizers");
            }
        }
        if graceful.is_none() && pending_finalizers {
            mark_deleting(cx, &mut new, &old);
        }
        if pending_finalizers || graceful.is_some_and(|period| period > 0) {
            if new == old {
                return Ok((old, false));
            }
            let name = old.meta()["name"].to_str();
            return self.commit(cx, &name, new, Expect::Anything).map(|o| (o, false));
        }
        self.remove(cx, new).map(|o| (o, true))
    }

    /// A namespace's deletion begins with its phase; its content and finalizers follow.
    fn terminate_namespace(&mut self, cx: &mut Cx<'_>, old: Value) -> Result<Value, Status> {
        if old.is_terminating() {
            return Ok(old);
        }
        let mut new = old.clone();
        let meta = new.map_mut().entry("metadata");
        meta.set("deletionTimestamp", cx.now.rfc3339());
        let finalizers = finalizers(cx, &old, Dependents::Delete);
        if !finalizers.items().is_empty() {
            meta.set("finalizers", finalizers);
        }
        new.set_at(&["status", "phase"], "Terminating");
        let name = old.meta()["name"].to_str();
        self.commit(cx, &name, new, Expect::Anything)
    }
}

fn check_preconditions(cx: &Cx<'_>, old: &Value) -> Result<(), Status> {
    let options = &cx.request.options;
    let refuse = |what: &str, given: &str, is: &str| {
        let why =
            format!("Precondition failed: {what} in precondition: {given}, {what} in object meta: {is}");
        Err(cx.conflict(old.name(), &why))
    };
    match &options.precondition_uid {
        Some(uid) if uid != old.uid() => return refuse("UID", uid, old.uid()),
        _ => {}
    }
    match options.precondition_resource_version {
        Some(rv) if rv != old.revision() => {
            refuse("ResourceVersion", &rv.to_string(), old.meta()["resourceVersion"].text())
        }
        _ => Ok(()),
    }
}

/// A deletion under way gets a shorter grace period. Returns the period now in force.
fn shorten(cx: &Cx<'_>, new: &mut Value, pending: i64, asked: i64) -> i64 {
    let due = new.deletion_time().unwrap_or(cx.now) - pending * 1000 + asked * 1000;
    let (due, period) = if due < cx.now { (cx.now, asked.min(1)) } else { (due, asked) };
    let meta = new.map_mut().entry("metadata");
    meta.set("deletionTimestamp", due.rfc3339());
    meta.set("deletionGracePeriodSeconds", period);
    period
}

fn mark_deleting(cx: &Cx<'_>, new: &mut Value, old: &Value) {
    let meta = new.map_mut().entry("metadata");
    if !old.is_terminating() && old.generation() > 0 {
        meta.set("generation", old.generation() + 1);
    }
    if old.deletion_time().is_none_or(|t| t > cx.now) {
        meta.set("deletionTimestamp", cx.now.rfc3339());
    }
    meta.set("deletionGracePeriodSeconds", 0);
}

/// The finalizers an object has once its deletion is asked for with these options.
fn finalizers(cx: &Cx<'_>, old: &Value, default: Dependents) -> Value {
    let has = |f: &str| old.meta()["finalizers"].items().iter().any(|x| *x == *f);
    let (orphan, foreground) = match cx.request.options.propagation {
        _ if default == Dependents::Unsupported => (false, false),
        Some(Propagation::Orphan) => (true, false),
        Some(Propagation::Foreground) => (false, true),
        Some(Propagation::Background) => (false, false),
        None if has(ORPHAN) => (true, false),
        None if has(FOREGROUND) => (false, true),
        None => (default == Dependents::Orphan, false),
    };
    if has(ORPHAN) == orphan && has(FOREGROUND) == foreground {
        return old.meta()["finalizers"].clone();
    }
    let kept =
        old.meta()["finalizers"].items().iter().filter(|f| **f != ORPHAN && **f != FOREGROUND).cloned();
    let asked = [(orphan, ORPHAN), (foreground, FOREGROUND)];
    kept.chain(asked.into_iter().filter(|(on, _)| *on).map(|(_, f)| f.into())).collect()
}
