//! What every controller of the manager is: a name, a queue, a recorder, and two functions.

use client::{Change, Ctx, EventType, Recorder};
use clock::Time;
use objects::resources::Resource;
use objects::{Status, Str, Value, value};

use crate::caches::Caches;
use crate::pod_facts::PodFacts;
use crate::sync_queue::SyncQueue;

/// What each controller holds besides its own indexes.
#[derive(Clone, Debug)]
pub struct Base {
    /// The name in events and in the causal record: `replicaset-controller`.
    pub name: &'static str,
    /// The user it writes as: a service account in kube-system.
    pub user: Str,
    pub queue: SyncQueue,
    pub recorder: Recorder,
    /// How many objects its syncs and handlers have looked at: the measure that cost follows the change.
    pub visited: u64,
}

impl Base {
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self::with_account(name, name)
    }

    #[must_use]
    pub fn with_account(name: &'static str, account: &'static str) -> Self {
        let recorder = Recorder::new(name, "");
        let user = smol_str::format_smolstr!("system:serviceaccount:kube-system:{account}");
        Self { name, user, queue: SyncQueue::default(), recorder, visited: 0 }
    }

    pub fn normal(&mut self, ctx: &mut Ctx<'_>, object: &Value, reason: &str, message: &str) {
        self.recorder.event(ctx, object, EventType::Normal, reason, message);
    }

    pub fn warning(&mut self, ctx: &mut Ctx<'_>, object: &Value, reason: &str, message: &str) {
        self.recorder.event(ctx, object, EventType::Warning, reason, message);
    }
}

/// A control loop.
///
/// # Expected flow
/// `on_change` is told of every change of a watched resource after the shared caches took it in; it updates the
/// controller's indexes and enqueues keys, and never writes. `sync` brings one key to its wanted state from the
/// caches; an error enqueues the key again after its back-off.
pub trait Controller {
    fn base(&self) -> &Base;
    fn base_mut(&mut self) -> &mut Base;

    /// The resources whose changes it is told of.
    fn watches(&self) -> Vec<&'static Resource>;

    /// True when it is told of changes of every resource.
    fn watches_everything(&self) -> bool {
        false
    }

    fn on_change(&mut self, change: &Change, caches: &Caches, now: Time);

    /// True when a pod's change may mean something to it: then it is told.
    fn concerns(&self, _: &PodFacts<'_>) -> bool {
        false
    }

    /// A pod's change that concerns it, with what it is about.
    fn on_pod_change(&mut self, change: &Change, _: &PodFacts<'_>, caches: &Caches, now: Time) {
        self.on_change(change, caches, now);
    }

    /// # Errors
    /// Anything that makes another try necessary.
    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status>;
}

/// Writes [`Controller`]'s two getters for a type with a field `base`.
macro_rules! has_base {
    () => {
        fn base(&self) -> &$crate::controller::Base {
            &self.base
        }

        fn base_mut(&mut self) -> &mut $crate::controller::Base {
            &mut self.base
        }
    };
}
pub(crate) use has_base;

/// The owner reference that makes `owner` the controller of what carries it.
#[must_use]
pub fn controller_ref(owner: &Value, resource: &Resource) -> Value {
    value!({
        "apiVersion": (resource.api_version()), "kind": (&resource.kind),
        "name": (owner.meta().get("name")), "uid": (owner.meta().get("uid")),
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// Sets a count that Go leaves out when it is zero.
pub fn set_count(status: &mut Value, field: &str, n: i64) {
    if n == 0 {
        status.remove(field);
    } else {
        set_number(status, field, n);
    }
}

/// Sets a number, zero or not. A status that has it stays the one it is.
pub fn set_number(status: &mut Value, field: &str, n: i64) {
    if !matches!(status.find(field), Some(Value::Int(held)) if *held == n) {
        status.set(field, n);
    }
}

/// Sets `field`, or removes it when `value` is empty.
pub fn set_or_remove(object: &mut Value, field: &str, value: Value) {
    if value.is_zero() {
        object.remove(field);
    } else {
        object.set(field, value);
    }
}

/// An error that is not the server's: `fmt.Errorf` upstream.
pub fn internal(message: impl Into<String>) -> Status {
    Status::new(objects::Reason::InternalError, message)
}

/// True when a create was refused because its namespace is on its way out: nothing is to be done then.
#[must_use]
pub fn is_namespace_terminating(status: &Status) -> bool {
    status.causes.iter().any(|c| c.reason == "NamespaceTerminating")
        || (status.reason == objects::Reason::Forbidden
            && status.message.ends_with("because it is being terminated"))
}

/// True when the controller of `object` is a `kind` of that name and uid.
#[must_use]
pub fn owner_of_kind<'a>(object: &'a Value, kind: &str) -> Option<(&'a str, &'a str)> {
    let r = object.controller_ref();
    (r["kind"] == kind).then(|| (r["name"].text(), r["uid"].text()))
}

/// `namespace/name` of the controller of `object` when it is a `kind`.
#[must_use]
pub fn owner_key(object: &Value, kind: &str) -> Option<Str> {
    owner_of_kind(object, kind).map(|(name, _)| crate::caches::key_of(object.namespace(), name))
}
