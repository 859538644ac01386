//! [`ApiServer`]: its state, and where a request goes.
//!
//! Models `k8s.io/apiserver/pkg/endpoints` (installer, request info).

use std::cell::OnceCell;
use std::ops::Deref;
use std::sync::Arc;

use client::{Caller, Change, Request, Response, Verb};
use clock::{Rng, Time};
use etcd::Store;
use objects::resources::{self, PODS, Resource};
use objects::text::joined;
use objects::{Reason, Status, Str, Value};

use crate::admission::completed::Completed;
use crate::admission::{Registered, Webhooks};
use crate::aggregation::{Measured, request_of_path};
use crate::authentication::Certificates;
use crate::custom::{Custom, Customs};
use crate::metrics::Asked;
use crate::registry::accept::PodSpec;
use crate::registry::expiring::Expiring;
use crate::registry::replicas::Replicas;
use crate::registry::shared::Shared;
use crate::strategy::service::Allocations;
use crate::strategy::template::Accepted;
use crate::subresources::Bound;
use crate::watch::WatchCursor;

/// How many writes the history keeps at least: the window in which a watch can begin.
const HISTORY: usize = 8_192;

/// What a cluster decides before its API server starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the API server itself answers: the endpoint of the Service `kubernetes`.
    pub advertise_address: Str,
    pub port: u16,
    /// In PEM: whose certificates clients are believed by.
    pub client_authority: Str,
    /// A token that is the administrator's, as `--token-auth-file` gives one; empty: none.
    pub administrator_token: Str,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            advertise_address: Str::new_static("172.18.0.2"),
            port: 6443,
            client_authority: x509::simulated_certificate(),
            administrator_token: Str::default(),
        }
    }
}

/// The API server with all that is stored. Plain data: a clone is a snapshot and goes on by itself.
#[derive(Clone, Debug)]
pub struct ApiServer {
    pub(crate) store: Store<Change>,
    pub(crate) rng: Rng,
    /// The instant of the latest request.
    pub(crate) now: Time,
    pub(crate) config: Config,
    pub(crate) services: Allocations,
    pub(crate) customs: Customs,
    /// Pod specs as pods accept them.
    pub(crate) pods: Accepted,
    /// Pod specs as templates accept them.
    pub(crate) templates: Accepted,
    /// Whom certificates named lately.
    pub(crate) certificates: Certificates,
    /// Pod specs as admission completed them.
    pub(crate) completed: Completed,
    /// Pods of bodies that come again and again.
    pub(crate) replicas: Replicas,
    /// The object decoded last, as it came in and as it was taken: replicas come one after the other.
    pub(crate) last_decoded: (Value, Value),
    /// Signs the tokens of service accounts.
    pub(crate) token_key: [u64; 4],
    /// Events in the order they were last written, until their time is over.
    pub(crate) events: Expiring,
    /// What many pods have in common.
    pub(crate) shared: Shared,
    /// What the token volume of every pod projects.
    pub(crate) token_volume: Value,
    /// What pods are told that are bound now.
    pub(crate) bound: Bound,
    /// What aggregated servers report.
    pub(crate) measured: Measured,
    /// Policies and webhooks that have a say in writes.
    pub(crate) registered: Registered,
    /// What was asked so far.
    pub(crate) asked: Asked,
    pub(crate) health: crate::health::Health,
}

/// A resource that is served: built in, or made by a CustomResourceDefinition.
#[derive(Clone, Debug)]
pub(crate) enum Served {
    BuiltIn(&'static Resource),
    Custom(Arc<Custom>),
}

impl Deref for Served {
    type Target = Resource;
    fn deref(&self) -> &Resource {
        match self {
            Self::BuiltIn(r) => r,
            Self::Custom(c) => &c.resource,
        }
    }
}

/// One request on its way, with what was found out about it.
pub(crate) struct Cx<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) request: &'a Request,
    pub(crate) resource: Served,
    pub(crate) now: Time,
    pub(crate) warnings: Vec<String>,
    pub(crate) pod_spec: PodSpec,
    /// The managers that an apply decided on, until the object is stored.
    pub(crate) managed: Option<Value>,
    /// A deletion that is an eviction.
    pub(crate) evicting: bool,
    /// The store's key of the object that the request names, once it was asked for.
    pub(crate) key: OnceCell<Str>,
    /// The way to webhooks.
    pub(crate) hooks: Option<&'a mut (dyn Webhooks + 'a)>,
}

impl<'a> Cx<'a> {
    pub(crate) fn new(caller: &'a Caller, request: &'a Request, resource: Served, now: Time) -> Self {
        Self {
            caller,
            request,
            resource,
            now,
            warnings: Vec::new(),
            pod_spec: PodSpec::default(),
            managed: None,
            evicting: false,
            key: OnceCell::new(),
            hooks: None,
        }
    }
}

impl ApiServer {
    /// A server with an empty store but for the objects every cluster begins with.
    #[must_use]
    pub fn new(rng: &Rng, config: Config, now: Time) -> Self {
        let mut s = Self::empty(rng, config, now);
        s.bootstrap();
        s
    }

    /// A server without anything stored, which stands in for one that is lent out.
    #[must_use]
    pub fn vacant() -> Self {
        Self::empty(&Rng::new(0), Config::default(), Time::EPOCH)
    }

    fn empty(rng: &Rng, config: Config, now: Time) -> Self {
        Self {
            store: Store::new(HISTORY),
            certificates: Certificates::default(),
            token_key: crate::authentication::token_key(rng),
            rng: rng.fork("apiserver"),
            now,
            config,
            services: Allocations::default(),
            customs: Customs::default(),
            pods: Accepted::default(),
            templates: Accepted::default(),
            completed: Completed::default(),
            replicas: Replicas::default(),
            last_decoded: (Value::Null, Value::Null),
            events: Expiring::default(),
            shared: Shared::default(),
            token_volume: crate::admission::token_volume(),
            bound: Bound::default(),
            measured: Measured::default(),
            registered: Registered::default(),
            asked: Asked::default(),
            health: crate::health::Health::default(),
        }
    }

    /// The revision of the latest write.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.store.revision()
    }

    /// Every change after `revision`, in order.
    ///
    /// # Errors
    /// `Expired` when some of them are no longer kept.
    pub fn changes_since(&self, revision: u64) -> Result<impl Iterator<Item = &Change> + use<'_>, Status> {
        self.store.changes_after(revision).map_err(|c| too_old(revision, c.compacted))
    }

    /// The change that made `revision`, if it is kept.
    #[must_use]
    pub fn change(&self, revision: u64) -> Option<&Change> {
        self.store.record_of(revision)
    }

    /// The objects of a resource (`pods`, `deployments.apps`) in key order; `namespace` `""` means all.
    pub fn objects(&self, resource_id: &str, namespace: &str) -> impl Iterator<Item = &Value> + use<'_> {
        self.store.range(resource_id, &prefix(namespace), "").map(|(_, e)| &e.value)
    }

    #[must_use]
    pub fn get(&self, resource_id: &str, namespace: &str, name: &str) -> Option<&Value> {
        let found = if namespace.is_empty() {
            self.store.get(resource_id, name)
        } else {
            self.store.get(resource_id, &joined(&[namespace, "/", name]))
        };
        found.map(|e| &e.value)
    }

    /// The resources of which something is stored.
    #[must_use]
    pub fn resource_ids(&self) -> Vec<Str> {
        self.store.tables().cloned().collect()
    }

    /// How many objects are stored.
    #[must_use]
    pub fn object_count(&self) -> usize {
        self.store.len()
    }

    /// The last revision whose change is forgotten.
    #[must_use]
    pub fn compacted(&self) -> u64 {
        self.store.compacted()
    }

    /// Forgets the history up to `revision`, as etcd's compaction does: older watches get 410.
    pub fn compact(&mut self, revision: u64) {
        self.store.compact(revision);
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Every refusal, in upstream's words.
    pub fn handle(&mut self, caller: &Caller, request: Request, now: Time) -> Result<Response, Status> {
        self.handle_with(caller, request, now, None)
    }

    /// The same, with a way to the servers behind webhooks.
    ///
    /// # Errors
    /// Every refusal, in upstream's words.
    pub fn handle_with(
        &mut self,
        caller: &Caller,
        mut request: Request,
        now: Time,
        hooks: Option<&mut dyn Webhooks>,
    ) -> Result<Response, Status> {
        self.now = now;
        if let Some(answer) = self.record(caller, &mut request, now) {
            self.asked.count(&request, &answer);
            return answer;
        }
        let named = match &request.options.credentials {
            Some(given) => Some(Caller { actor: caller.actor.clone(), ..self.sign_in(given, now)? }),
            None => None,
        };
        let caller = named.as_ref().unwrap_or(caller);
        if request.resource.is_empty() {
            return match request_of_path(&request) {
                Some(named) => self.handle_with(caller, named, now, hooks),
                None => {
                    self.authorize_path(caller, &request)?;
                    self.non_resource(&request)
                }
            };
        }
        let resource = match self.find(&request) {
            Ok(resource) => resource,
            Err(e) => return self.aggregate(caller, &request).unwrap_or(Err(e)),
        };
        let answer = self.answered(caller, &request, resource, now, hooks);
        self.asked.count(&request, &answer);
        answer
    }

    fn answered(
        &mut self,
        caller: &Caller,
        request: &Request,
        resource: Served,
        now: Time,
        hooks: Option<&mut dyn Webhooks>,
    ) -> Result<Response, Status> {
        self.authorize(caller, request, &resource)?;
        let mut cx = Cx::new(caller, request, resource, now);
        cx.hooks = hooks.map(|h| h as _);
        if let Some(warning) = deprecation(&cx.resource.id) {
            cx.warnings.push(warning.to_owned());
        }
        let mut response =
            if request.subresource.is_empty() { self.main(&mut cx) } else { self.subresource(&mut cx) }?;
        response.warnings.append(&mut cx.warnings);
        Ok(response)
    }

    /// Opens a watch: first the current state when no resource version is given, then every change.
    ///
    /// # Errors
    /// A resource that cannot be watched, a malformed selector.
    pub fn open_watch(&self, caller: &Caller, request: Request, now: Time) -> Result<WatchCursor, Status> {
        let resource = self.find(&request)?;
        let named =
            request.options.credentials.as_ref().map(|given| self.authenticate(given, now)).transpose()?;
        self.authorize(named.as_ref().unwrap_or(caller), &request, &resource)?;
        if !resource.allows("watch") {
            return Err(method_not_allowed());
        }
        WatchCursor::open(self, &resource, &request, now)
    }

    fn main(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let verb = cx.request.verb;
        if !cx.resource.allows(verb.as_str()) {
            return Err(method_not_allowed());
        }
        match verb {
            Verb::Get | Verb::List if cx.resource.id == "componentstatuses" => self.read_parts(cx),
            Verb::Get => self.read_one(cx),
            Verb::List => self.read_list(cx),
            Verb::Create if cx.resource.storage.is_empty() => {
                self.review(cx).unwrap_or_else(|| Err(method_not_allowed()))
            }
            Verb::Create => self.create(cx),
            Verb::Update => self.update(cx),
            Verb::Patch => self.patch(cx),
            Verb::Delete => self.delete(cx),
            Verb::DeleteCollection => self.delete_collection(cx),
            Verb::Watch => Err(Status::bad_request("a watch is opened, not answered")),
        }
    }

    /// Does something whose random choices leave those of everything after it as they would have been.
    pub fn apart<T>(&mut self, name: &str, f: impl FnOnce(&mut Self) -> T) -> T {
        let own = self.rng.fork(name);
        let common = std::mem::replace(&mut self.rng, own);
        let result = f(self);
        self.rng = common;
        result
    }

    /// Tells the server how its surroundings are.
    pub fn set_health(&mut self, health: crate::health::Health) {
        self.health = health;
    }

    /// The resource a request names.
    pub(crate) fn find(&self, request: &Request) -> Result<Served, Status> {
        // Half of all requests are about pods.
        if request.resource == PODS.plural && request.group.is_empty() && request.version == PODS.version {
            return Ok(Served::BuiltIn(PODS));
        }
        resources::by_plural(&request.group, &request.version, &request.resource)
            .map(Served::BuiltIn)
            .or_else(|| {
                let custom = self.customs.find(&request.group, &request.version, &request.resource)?;
                Some(Served::Custom(custom.clone()))
            })
            .ok_or_else(|| if is_built_in(&request.group) { no_such_resource() } else { no_such_page() })
    }
}

/// What is said of a path that nobody serves.
pub(crate) const NO_PAGE: &str = "404 page not found\n";

/// 404 for a path outside of what the server's own groups answer.
pub(crate) fn no_such_page() -> Status {
    client::http::unexpected(404, NO_PAGE)
}

/// Whether a group is the server's own.
pub(crate) fn is_built_in(group: &str) -> bool {
    resources::all().iter().any(|r| r.group == group)
}

/// What the server says of a resource that is on its way out.
fn deprecation(id: &str) -> Option<&'static str> {
    match id {
        "endpoints" => Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
        "componentstatuses" => Some("v1 ComponentStatus is deprecated in v1.19+"),
        _ => None,
    }
}

/// 404 below a path that the server's own groups answer.
pub(crate) fn no_such_resource() -> Status {
    Status::new(Reason::NotFound, "the server could not find the requested resource")
}

pub(crate) fn method_not_allowed() -> Status {
    Status::new(Reason::MethodNotAllowed, "the server does not allow this method on the requested resource")
}

/// 410 for a revision whose history is gone.
pub(crate) fn too_old(revision: u64, compacted: u64) -> Status {
    Status::new(Reason::Expired, format!("too old resource version: {revision} ({})", compacted + 1))
}

/// What the keys of a namespace's objects begin with in the table of their resource; nothing for all of them.
pub(crate) fn prefix(namespace: &str) -> Str {
    if namespace.is_empty() { Str::default() } else { joined(&[namespace, "/"]) }
}
