//! Events that the cluster's own components record: half of all writes, and well-formed by their making.
//!
//! Owns: which requests are such, and the short way to the store for them. Does not own: writing an event (client's
//! recorder), how long it stays (`expiring`).
//! What the short way leaves out has nothing to say of an event: defaults, managers, quota. Debug builds look whether the
//! object is decoded and valid.

use client::{Body, Caller, Change, Request, Response, Verb};
use clock::Time;
use etcd::Expect;
use objects::decode::{self, Mode};
use objects::resources::EVENTS;
use objects::{Status, Value, text, value};

use super::{Write, meta};
use crate::server::{ApiServer, Cx, Served};

impl ApiServer {
    /// Stores an event of a component. `None`: the request is another, or somebody has a say in it.
    pub(crate) fn record(
        &mut self,
        caller: &Caller,
        request: &mut Request,
        now: Time,
    ) -> Option<Result<Response, Status>> {
        if !request.options.as_stored
            || request.verb != Verb::Create
            || request.resource != EVENTS.plural
            || !request.group.is_empty()
            || !self.is_own(caller, request)
        {
            return None;
        }
        let Body::Object(event) = &request.body else { return None };
        let meta = event.meta();
        let own = meta.entries().len() == 2 && meta.get("namespace").text() == request.namespace;
        let name = meta.get("name").to_str();
        let namespace = self.get("namespaces", "", &request.namespace)?;
        if !own || name.is_empty() || namespace["status"]["phase"] == "Terminating" {
            return None;
        }
        debug_assert!(self.is_sound(caller, request, event), "{event:?}");
        let Body::Object(mut event) = std::mem::take(&mut request.body) else { return None };
        let revision = self.store.next_revision();
        event.set(
            "metadata",
            value!({
                "creationTimestamp": (text::rfc3339(now)), "name": (&name), "namespace": (&request.namespace),
                "resourceVersion": (meta::revision_text(revision)), "uid": (meta::uuid(&mut self.rng)),
            }),
        );
        let namespace = request.namespace.clone();
        let key = Change::key_of(&namespace, &name);
        let write = Write { resource: &EVENTS.storage, namespace, name, key: key.clone(), caller, now };
        Some(match self.put(write, event.clone(), Expect::Absent) {
            Ok(()) => {
                self.event_written(key, revision, now);
                Ok(Response { object: event, created: true, ..Response::default() })
            }
            Err(_) => Err(Status::already_exists(&EVENTS.group, &EVENTS.plural, event.name())),
        })
    }

    /// Whether decoding and validation leave an event as it is.
    fn is_sound(&mut self, caller: &Caller, request: &Request, event: &Value) -> bool {
        let decoded = decode::decode(event, &EVENTS.group, &EVENTS.version, &EVENTS.kind, Mode::Strict);
        let cx = Cx::new(caller, request, Served::BuiltIn(EVENTS), self.now);
        decoded.is_ok_and(|d| d.object == *event) && self.validate_new(&cx, event).is_ok()
    }
}
