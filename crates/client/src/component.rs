//! The contract between a component (controller manager, scheduler, kubelet ...) and the event loop.
//!
//! # Expected flow
//! 1. The loop delivers every change a component has an interest in through [`Component::deliver`], in revision
//!    order, one watch latency after the write.
//! 2. `deliver` only updates caches and enqueues keys; it does not write.
//! 3. The loop calls [`Component::wake`] whenever [`Component::next_wake`] has come. One call does one unit of
//!    work (one queue item, one due timer) and returns, so that a frame's slice stays short and a reader can step.
//! 4. Work reads caches and writes through [`Ctx`]; a write is answered at once, its own echo comes with the watch.
//!
//! # Guarantees
//! Level-driven: a component that missed changes is handed the current state again and reaches the same result.
//! All of a component is plain data: a clone goes on as the original would.

use std::sync::Arc;

use clock::{Millis, Rng, Time};
use objects::resources::{PODS, Resource};
use objects::{Status, Str, Value, value};

use crate::identity::Identity;
use crate::{Body, Change, PatchType, Propagation, Request, Response, Verb};

/// Who asks, and because of what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Caller {
    /// The authenticated user: `system:kube-scheduler`, `kubernetes-admin`.
    pub user: Str,
    pub groups: Vec<Str>,
    /// The component's name as the causal record shows it: `replicaset-controller`, `kubelet/worker-1`, `you`.
    pub actor: Str,
    /// The revision that made it act, or 0.
    pub cause: u64,
    /// What came with the proof of who it is; `None`: a part of the cluster, which is believed.
    pub known: Option<Arc<Identity>>,
}

/// The API server as a component reaches it.
pub trait Api {
    /// Answers one request at the current instant.
    ///
    /// # Errors
    /// Every refusal is a [`Status`] in upstream's words.
    fn call(&mut self, caller: &Caller, request: Request) -> Result<Response, Status>;
}

/// What a component is told of.
#[derive(Clone, Debug, PartialEq)]
pub enum Interest {
    /// Every change of the resource (`pods`, `deployments.apps`).
    All(Str),
    /// Pods whose `spec.nodeName` is this node.
    PodsOnNode(Str),
    /// The one object of this resource and key.
    Object(Str, Str),
    /// Every change of every resource but events, of which nobody is told who does not ask for them (garbage collector,
    /// quota).
    Everything,
}

/// A part of the cluster that runs by itself.
pub trait Component {
    /// What it wants to be told of. Read once when it starts.
    fn interests(&self) -> Vec<Interest>;

    /// Takes one change into its caches and queues. Never writes.
    fn deliver(&mut self, change: &Change, now: Time);

    /// When it next has something to do: the past or now when work waits, `None` when idle.
    fn next_wake(&self) -> Option<Time>;

    /// Does one unit of work that is due.
    fn wake(&mut self, ctx: &mut Ctx<'_>);
}

/// What a component may use while it works.
pub struct Ctx<'a> {
    pub now: Time,
    pub rng: &'a mut Rng,
    pub api: &'a mut dyn Api,
    /// Set `caller.actor` and `caller.cause` before writing: queues hand out the cause with the key.
    pub caller: Caller,
}

/// One watch latency: the time from a write to its arrival at a watcher.
pub const WATCH_LATENCY: Millis = 1;

impl Ctx<'_> {
    /// # Errors
    /// The server's refusal.
    pub fn call(&mut self, request: Request) -> Result<Response, Status> {
        self.api.call(&self.caller, request)
    }

    fn request(verb: Verb, resource: &Resource, namespace: &str, name: &str) -> Request {
        Request::new(verb, &resource.group, &resource.version, &resource.plural)
            .in_namespace(namespace)
            .named(name)
    }

    fn replacement(resource: &Resource, object: Value) -> Request {
        let mut r = Request::new(Verb::Update, &resource.group, &resource.version, &resource.plural);
        let meta = object.meta();
        (r.namespace, r.name) = (meta.get("namespace").to_str(), meta.get("name").to_str());
        r.body = Body::Object(object);
        r
    }

    /// A live read, past the caches.
    ///
    /// # Errors
    /// The server's refusal.
    pub fn get(&mut self, resource: &Resource, namespace: &str, name: &str) -> Result<Value, Status> {
        self.call(Self::request(Verb::Get, resource, namespace, name)).map(|r| r.object)
    }

    /// Creates `object` and returns it as stored.
    ///
    /// # Errors
    /// The server's refusal.
    pub fn create(&mut self, resource: &Resource, object: Value) -> Result<Value, Status> {
        let r = Self::request(Verb::Create, resource, object.namespace(), "").object(object);
        self.call(r).map(|r| r.object)
    }

    /// The same for an object that its maker gives the form in which it is stored ([`Options::as_stored`]).
    ///
    /// # Errors
    /// The server's refusal.
    ///
    /// [`Options::as_stored`]: crate::Options::as_stored
    pub fn create_as_stored(&mut self, resource: &Resource, object: Value) -> Result<Value, Status> {
        let namespace = object.meta().get("namespace").to_str();
        let mut r = Request::new(Verb::Create, &resource.group, &resource.version, &resource.plural);
        r.namespace = namespace;
        r.body = Body::Object(object);
        r.options.as_stored = true;
        self.call(r).map(|r| r.object)
    }

    /// # Errors
    /// The server's refusal, a conflict when `object` is not the latest.
    pub fn update(&mut self, resource: &Resource, object: Value) -> Result<Value, Status> {
        self.call(Self::replacement(resource, object)).map(|r| r.object)
    }

    /// Writes only `status`.
    ///
    /// # Errors
    /// The server's refusal, a conflict when `object` is not the latest.
    pub fn update_status(&mut self, resource: &Resource, object: Value) -> Result<Value, Status> {
        self.put_status(resource, object, false)
    }

    /// The same for an object as the server has it, with a status that its maker gives the form in which it is stored
    /// ([`Options::as_stored`]).
    ///
    /// # Errors
    /// The server's refusal, a conflict when `object` is not the latest.
    ///
    /// [`Options::as_stored`]: crate::Options::as_stored
    pub fn update_status_as_stored(&mut self, resource: &Resource, object: Value) -> Result<Value, Status> {
        self.put_status(resource, object, true)
    }

    fn put_status(&mut self, resource: &Resource, object: Value, as_stored: bool) -> Result<Value, Status> {
        let mut r = Self::replacement(resource, object);
        r.subresource = Str::new_static("status");
        r.options.as_stored = as_stored;
        self.call(r).map(|r| r.object)
    }

    /// # Errors
    /// The server's refusal.
    pub fn patch(
        &mut self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        subresource: &str,
        kind: PatchType,
        patch: Value,
    ) -> Result<Value, Status> {
        let r = Self::request(Verb::Patch, resource, namespace, name)
            .subresource(subresource)
            .patch(kind, Body::Object(patch));
        self.call(r).map(|r| r.object)
    }

    /// Deletes by name, only the object with `uid` when one is given.
    ///
    /// # Errors
    /// The server's refusal; not found when it is gone already.
    pub fn delete(
        &mut self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        uid: Option<&str>,
        grace_period_seconds: Option<i64>,
        propagation: Option<Propagation>,
    ) -> Result<Value, Status> {
        let mut r = Self::request(Verb::Delete, resource, namespace, name);
        r.options.precondition_uid = uid.map(Str::from);
        r.options.grace_period_seconds = grace_period_seconds;
        r.options.propagation = propagation;
        self.call(r).map(|r| r.object)
    }

    /// Asks for a pod's eviction.
    ///
    /// # Errors
    /// The server's refusal: a disruption budget that forbids it now, a pod that is gone.
    pub fn evict(&mut self, pod: &Value) -> Result<(), Status> {
        let eviction = value!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": (pod.name()), "namespace": (pod.namespace())},
        });
        let r = Self::request(Verb::Create, PODS, pod.namespace(), pod.name())
            .subresource("eviction")
            .object(eviction);
        self.call(r).map(|_| ())
    }
}
