//! The generic store of objects: what every kind's create, read, update, patch and delete have in common.
//!
//! Models `k8s.io/apiserver/pkg/registry/generic/registry.Store` and `pkg/registry/rest`.

pub(crate) mod accept;
mod create;
mod delete;
pub(crate) mod expiring;
mod list;
mod managers;
pub(crate) mod meta;
mod patch;
mod recorded;
pub(crate) mod replicas;
mod reported;
pub(crate) mod selection;
pub(crate) mod shared;
mod update;
mod warnings;

pub(crate) use managers::schema_of;
pub(crate) use patch::patched;
pub(crate) use update::{is_finished as update_is_finished, keep as update_keep};

use client::{Caller, Change, ChangeKind, Request, Response};
use clock::Time;
use etcd::{Expect, Mismatch};
use objects::{Status, Str, Value};

use crate::authorization::is_trusted;
use crate::server::{ApiServer, Cx};

/// Which part of an object a write is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The object itself: its status stays.
    Main,
    /// `status`: all else stays.
    Status,
    /// A subresource that has prepared the object itself.
    Prepared,
}

/// Who writes what, for the record of it.
pub(crate) struct Write<'a> {
    pub(crate) resource: &'a Str,
    pub(crate) namespace: Str,
    pub(crate) name: Str,
    /// Of the object in the table of its resource.
    pub(crate) key: Str,
    pub(crate) caller: &'a Caller,
    pub(crate) now: Time,
}

impl Cx<'_> {
    /// The store's key of the object that the request names.
    fn key(&self) -> &Str {
        self.key.get_or_init(|| self.new_key(&self.request.name))
    }

    /// The key of an object, in the table of its resource: what a change of it calls its key.
    pub(crate) fn key_of(&self, name: &Str) -> Str {
        if *name == self.request.name { self.key().clone() } else { self.new_key(name) }
    }

    fn new_key(&self, name: &Str) -> Str {
        if self.resource.namespaced { Change::key_of(&self.request.namespace, name) } else { name.clone() }
    }

    /// The namespace of the object: the request's, none for a cluster-scoped resource.
    pub(crate) fn namespace(&self) -> &str {
        if self.resource.namespaced { &self.request.namespace } else { "" }
    }

    /// The namespace that a change of the object tells.
    fn namespace_of_changes(&self) -> Str {
        if self.resource.namespaced { self.request.namespace.clone() } else { Str::default() }
    }

    pub(crate) fn not_found(&self) -> Status {
        Status::not_found(&self.resource.group, &self.resource.plural, &self.request.name)
    }

    pub(crate) fn conflict(&self, name: &str, why: &str) -> Status {
        Status::conflict(&self.resource.group, &self.resource.plural, name, why)
    }

    pub(crate) fn invalid(&self, name: &str, causes: Vec<objects::status::Cause>) -> Status {
        Status::invalid(&self.resource.group, &self.resource.kind, name, causes)
    }

    pub(crate) fn dry_run(&self) -> bool {
        self.request.options.dry_run
    }
}

impl ApiServer {
    /// Whether a write comes from one of the cluster's own components, as they mostly write, and nobody has a say in it.
    pub(crate) fn is_own(&self, caller: &Caller, request: &Request) -> bool {
        let options = &request.options;
        !options.dry_run
            && options.credentials.is_none()
            && options.field_manager.is_empty()
            && self.registered.is_empty()
            && is_trusted(caller, request)
    }

    /// The stored object that the request names.
    pub(crate) fn stored(&self, cx: &Cx<'_>) -> Result<Value, Status> {
        let key = cx.key.get().cloned().unwrap_or_else(|| cx.new_key(&cx.request.name));
        let (key, entry) = self.store.find(&cx.resource.storage, &key).ok_or_else(|| cx.not_found())?;
        cx.key.get_or_init(|| key.clone());
        Ok(entry.value.clone())
    }

    /// Writes `object` under its key with the next revision, unless this is a dry run. Returns it as stored.
    pub(crate) fn commit(
        &mut self,
        cx: &Cx<'_>,
        name: &Str,
        mut object: Value,
        expect: Expect,
    ) -> Result<Value, Status> {
        let key = cx.key_of(name);
        if cx.dry_run() {
            let exists = self.store.get(&cx.resource.storage, &key).is_some();
            return if expect == Expect::Absent && exists {
                Err(Status::already_exists(&cx.resource.group, &cx.resource.plural, name))
            } else {
                Ok(object)
            };
        }
        let revision = self.store.next_revision();
        object.map_mut().entry("metadata").set("resourceVersion", meta::revision_text(revision));
        if cx.resource.storage == "pods" {
            let old = self.store.get(&cx.resource.storage, &key).map_or(&Value::Null, |e| &e.value);
            self.shared.pod(&mut object, old);
        }
        let write = Write {
            resource: &cx.resource.storage,
            namespace: cx.namespace_of_changes(),
            name: name.clone(),
            key: key.clone(),
            caller: cx.caller,
            now: cx.now,
        };
        self.put(write, object.clone(), expect).map_err(|_| match expect {
            Expect::Absent => Status::already_exists(&cx.resource.group, &cx.resource.plural, name),
            _ => cx.conflict(name, meta::MODIFIED),
        })?;
        self.definition_stored(cx, &object);
        self.registration_changed(cx);
        self.completed.written(&cx.resource.storage);
        self.replicas.written(&cx.resource.storage);
        if cx.resource.storage == "events" {
            self.event_written(key, revision, cx.now);
        }
        Ok(object)
    }

    /// Puts an object, which carries the next revision, under its key, and tells whoever watches.
    pub(crate) fn put(&mut self, write: Write<'_>, object: Value, expect: Expect) -> Result<(), Mismatch> {
        let Write { resource, namespace, name, key, caller, now } = write;
        let stored = object.clone();
        let change = |revision, key, previous: Option<Value>| Change {
            revision,
            at: now,
            kind: if previous.is_some() { ChangeKind::Modified } else { ChangeKind::Added },
            resource: resource.clone(),
            key,
            namespace,
            name,
            object: stored,
            previous: previous.unwrap_or_default(),
            actor: caller.actor.clone(),
            cause: caller.cause,
        };
        self.store.put(resource, key, object, expect, change).map(drop)
    }

    /// Removes the stored object, unless this is a dry run. Returns its last state, at the revision of the removal.
    pub(crate) fn remove(&mut self, cx: &Cx<'_>, mut last: Value) -> Result<Value, Status> {
        let name = last.meta()["name"].to_str();
        if cx.dry_run() {
            return Ok(last);
        }
        let revision = self.store.next_revision();
        last.map_mut().entry("metadata").set("resourceVersion", meta::revision_text(revision));
        let object = last.clone();
        let key = cx.key_of(&name);
        let record = |_, previous| Change {
            revision,
            at: cx.now,
            kind: ChangeKind::Deleted,
            resource: cx.resource.storage.clone(),
            key: key.clone(),
            namespace: cx.namespace_of_changes(),
            name,
            object,
            previous,
            actor: cx.caller.actor.clone(),
            cause: cx.caller.cause,
        };
        let removed = self.store.delete(&cx.resource.storage, &key, Expect::Anything, record);
        removed.map_err(|_| cx.not_found())?;
        self.released(cx, &last);
        self.definition_removed(cx, &last);
        self.registration_changed(cx);
        self.completed.written(&cx.resource.storage);
        self.replicas.written(&cx.resource.storage);
        Ok(last)
    }

    /// The answer that shows one object, as a table when one was asked for.
    pub(crate) fn answer(&self, cx: &Cx<'_>, object: Value) -> Response {
        let object = crate::registry::meta::in_version(&cx.resource, object);
        let object = if cx.request.options.managed_fields { self.with_managers(cx, object) } else { object };
        let object = match cx.request.options.table {
            client::TableOf::No => object,
            of => crate::tables::of_one(&cx.resource, &object, of, cx.now),
        };
        Response { object, ..Response::default() }
    }
}
