//! A whole cluster: the API server and every component, wired by one ordered queue of events.
//!
//! Owns: the instant, the order in which parts run, who is told of which change, the record of all changes.
//! Does not own: what any part does (their own crates), how fast time passes (whoever calls `run_until`).
//!
//! Everything in here is plain data: a clone is a snapshot, and runs on as the original would.

pub mod addons;
pub mod bench;
mod components;
pub mod config;
mod connect;
mod event_loop;
pub mod faults;
mod fleet;
pub mod history;
mod join;
mod journal;
pub mod load;
mod log_hash;
mod metrics_server;
mod net;
mod node_shell;
mod part;
pub mod port;
mod programs;
mod router;
pub mod settle;
mod stream;
mod webhooks;

use apiserver::ApiServer;
use client::{Api, Caller, Change, Credentials, Request, Response};
use clock::{Rng, Time, Timers};
use objects::{Status, Str, Value};

pub use addons::Addon;
pub use cloud::NodeGroup;
pub use components::NodeFault;
pub use config::{ClusterConfig, NodeConfig, cloud_with, storage_playground};
pub use containers::images::registry::Fault as RegistryFault;
pub use containers::net as wire;
pub use faults::Fault;
pub use fleet::{FIRST, FIRST_SERVER, NotMade, Summary, membership};
pub use kubelet;
pub use network;
pub use port::Port;
pub use programs::file_error;
pub use scheduler::{Decision, Outcome, PluginScore, Verdict};

use ordered::BTreeMap;

use components::{Components, Reach};
use event_loop::Due;
use journal::{Input, Journal};
use kubelet::{Depot, Kubelet};
use load::LoadModel;
use log_hash::LogHash;
use metrics_server::MetricsServer;
use part::Part;
use router::Router;
use stream::Stream;

/// Who the learner is: the user of the kubeconfig that a new cluster hands out.
pub const ADMIN: &str = "kubernetes-admin";

/// Invariant: `routed` is the last revision that every interested part has in its inbox.
#[derive(Clone, Debug)]
pub struct Cluster {
    config: ClusterConfig,
    now: Time,
    api: ApiServer,
    parts: Vec<Part>,
    router: Router,
    due: Timers<Due>,
    routed: u64,
    log_hash: LogHash,
    /// What all nodes share, lent to the kubelet that acts.
    depot: Box<Depot>,
    net: net::Net,
    /// kubectl in containers.
    programs: programs::Programs,
    /// Streams into pods that somebody outside holds open.
    streams: BTreeMap<u64, Stream>,
    next_stream: u64,
    journal: Journal,
    metrics_server: MetricsServer,
    load: LoadModel,
    components: Components,
    faults: Vec<faults::Done>,
    /// What faults without a victim draw from.
    chance: Rng,
    /// Where the API server answers.
    server: apiserver::Config,
    fleet: fleet::Fleet,
}

impl Cluster {
    /// A cluster at its first instant: nodes registered, nothing else run yet.
    #[must_use]
    pub fn new(config: ClusterConfig) -> Self {
        let rng = Rng::new(config.seed);
        let mut server = apiserver::Config::default();
        if let Some(authority) = &config.authority {
            server.client_authority = authority.certificate.clone();
        }
        server.administrator_token = config.administrator_token.clone();
        if config.network > 0 {
            server.advertise_address = kubelet::host_ip(config.network * fleet::NODES_EACH);
        }
        let mut cluster = Self {
            now: config.start,
            api: ApiServer::new(&rng, server.clone(), config.start),
            parts: Vec::new(),
            router: Router::default(),
            due: Timers::default(),
            routed: 0,
            log_hash: LogHash::default(),
            depot: Box::default(),
            net: net::Net::default(),
            programs: programs::Programs::default(),
            streams: BTreeMap::new(),
            next_stream: 1,
            journal: Journal::default(),
            metrics_server: MetricsServer::default(),
            load: LoadModel::new(&rng),
            components: Components::default(),
            faults: Vec::new(),
            chance: rng.fork("faults"),
            server,
            fleet: fleet::Fleet::default(),
            config,
        };
        cluster.boot(&rng);
        for member in std::mem::take(&mut cluster.config.members) {
            // A name that is taken or none makes no cluster: whoever reads configurations says so.
            let _ = cluster.add_cluster(member);
        }
        cluster.join_all();
        cluster
    }

    fn boot(&mut self, rng: &Rng) {
        let parts = part::all(&self.config, rng);
        for part in parts {
            self.add_part(part);
        }
        if !self.config.addons.is_empty() {
            self.register_nodes();
            self.install_addons();
        }
        let health = self.health();
        self.api.set_health(health);
        self.route();
    }

    /// Every kubelet's first work: its node.
    fn register_nodes(&mut self) {
        for id in 0..self.parts.len() {
            if self.parts[id].kubelet().is_some() {
                let mut api = At::new(&mut self.api, self.now, Reach::Served);
                self.parts[id].wake(self.now, &mut api, &mut self.depot);
                self.reschedule(id);
            }
        }
    }

    /// Lets a kubelet work outside its turn.
    pub(crate) fn kubelet_acts<T>(
        &mut self,
        part: usize,
        f: impl FnOnce(&mut Kubelet, &mut client::Ctx<'_>) -> T,
    ) -> Option<T> {
        let reach = self.reach_of(part);
        let mut api = At::new(&mut self.api, self.now, reach);
        let result = self.parts.get_mut(part)?.kubelet_acts(self.now, &mut api, &mut self.depot, f);
        self.after_kubelet(part);
        self.reschedule(part);
        result
    }

    /// How far a part's requests get.
    pub(crate) fn reach_of(&self, part: usize) -> Reach {
        self.reach_from(self.parts.get(part).map_or("", Part::node))
    }

    /// Sees to the parts of the cluster that began or ended in pods of a node.
    pub(crate) fn after_kubelet(&mut self, part: usize) {
        let Some(k) = self.parts.get_mut(part).and_then(Part::kubelet_mut) else { return };
        let changes = k.take_components();
        if !changes.is_empty() {
            let node = Str::from(k.node());
            self.note_components(&node, changes);
        }
    }

    fn add_part(&mut self, part: Part) {
        let id = self.parts.len();
        for interest in part.interests() {
            self.router.subscribe(id, interest);
        }
        self.parts.push(part);
        self.join_network(id);
        self.reschedule(id);
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    #[must_use]
    pub fn config(&self) -> &ClusterConfig {
        &self.config
    }

    /// The revision of the last write.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.api.revision()
    }

    /// The objects of one resource (`pods`, `deployments.apps`) in key order.
    pub fn objects(&self, resource_id: &str) -> impl Iterator<Item = &Value> {
        self.api.objects(resource_id, "")
    }

    /// One object, if it exists.
    #[must_use]
    pub fn object(&self, resource_id: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.api.get(resource_id, namespace, name)
    }

    /// Every write after `revision`, in order: who, when, because of what.
    pub fn changes_since(&self, revision: u64) -> impl Iterator<Item = &Change> {
        self.api.changes_since(revision).into_iter().flatten()
    }

    /// The last revision whose change is forgotten.
    #[must_use]
    pub fn compacted(&self) -> u64 {
        self.api.compacted()
    }

    /// A hash over all writes so far, in order: equal for equal seeds and commands, on every machine. 0 where the
    /// configuration wants none.
    #[must_use]
    pub fn log_hash(&self) -> u64 {
        if !self.config.log_hash {
            return 0;
        }
        self.fleet.members.values().fold(self.log_hash.value(), |hash, m| hash.rotate_left(1) ^ m.log_hash())
    }

    #[must_use]
    pub fn api(&self) -> &ApiServer {
        &self.api
    }

    /// The scheduler, to ask why a pod is where it is.
    #[must_use]
    pub fn scheduler(&self) -> Option<&scheduler::Scheduler> {
        self.parts.iter().find_map(Part::scheduler)
    }

    /// The scheduler's last decision about a pod.
    #[must_use]
    pub fn decision(&self, pod: &Value) -> Option<&Decision> {
        self.scheduler()?.decision(pod.uid())
    }

    /// The controller manager, to look into its queues.
    #[must_use]
    pub fn controller_manager(&self) -> Option<&controllers::ControllerManager> {
        self.parts.iter().find_map(Part::controller_manager)
    }

    /// The kubelet of a node.
    #[must_use]
    pub fn kubelet(&self, node: &str) -> Option<&kubelet::Kubelet> {
        self.parts.get(self.kubelet_part(node)?)?.kubelet()
    }

    /// What a node and its pods use now.
    #[must_use]
    pub fn node_usage(&self, node: &str) -> Option<kubelet::usage::NodeUsage> {
        Some(self.kubelet(node)?.node_usage(self.now))
    }

    /// The registries that nodes pull from.
    #[must_use]
    pub fn registry(&self) -> &containers::images::Registry {
        &self.depot.registry
    }

    /// The registries, for logging in and pushing from outside the cluster.
    pub fn with_registry<T>(&mut self, f: impl FnOnce(&mut containers::images::Registry) -> T) -> T {
        let before = self.depot.registry.generation();
        let result = f(&mut self.depot.registry);
        if self.depot.registry.generation() != before {
            let registry = self.depot.registry.clone();
            self.note(|| journal::Input::Registry(Box::new(registry)));
        }
        result
    }

    /// The part that is the kubelet of a node.
    pub(crate) fn kubelet_part(&self, node: &str) -> Option<usize> {
        self.net.kubelet_of.get(node).copied()
    }

    /// Lets a kubelet do something outside its turn, then sees to what follows.
    pub(crate) fn with_kubelet<T>(
        &mut self,
        part: usize,
        f: impl FnOnce(&mut Kubelet, clock::Time) -> T,
    ) -> Option<T> {
        let now = self.now;
        let k = self.parts.get_mut(part)?.kubelet_mut()?;
        k.swap_depot(&mut self.depot);
        let result = f(k, now);
        k.swap_depot(&mut self.depot);
        let calls = k.take_calls();
        self.send_calls(part, calls);
        self.after_kubelet(part);
        self.reschedule(part);
        Some(result)
    }

    /// What will happen next as far as is known now: the instant, who acts.
    pub fn pending(&self) -> impl Iterator<Item = (Time, &str)> {
        self.due.iter().filter_map(|(at, due)| match due {
            Due::Wake(id) => self.parts.get(*id).map(|p| (at, p.name())),
            Due::Deliver(_) | Due::Net(_) | Due::Program(_) | Due::Scrape | Due::Load | Due::Hub => None,
        })
    }

    /// Whom somebody outside the cluster proves to be.
    ///
    /// # Errors
    /// Proofs of which none holds.
    pub fn authenticate(&mut self, given: &Credentials) -> Result<Caller, Status> {
        self.api.sign_in(given, self.now)
    }

    /// Whether a stream (log, exec, attach, port-forward) may be opened.
    ///
    /// # Errors
    /// The server's refusal.
    pub fn check_stream(&mut self, caller: &Caller, request: &Request) -> Result<(), Status> {
        self.reach_from("").check(&self.server_address())?;
        self.api.check_stream(caller, request, self.now)
    }

    /// Answers a request of somebody outside the cluster at the current instant.
    ///
    /// # Errors
    /// The server's refusal.
    pub fn request(&mut self, caller: &Caller, request: Request) -> Result<Response, Status> {
        if connect::is_proxied(&request) {
            return self.proxy_as_object(caller, &request);
        }
        if journal::changes(&request) || self.api.may_convert(&request) {
            self.note(|| Input::Request(Box::new((caller.clone(), request.clone()))));
        }
        let reach = self.reach_from("");
        if reach != Reach::NoStore || !Self::needs_no_store(&request) {
            reach.check(&self.server_address())?;
        }
        let answer = self.handle(caller, request);
        self.route();
        self.fleet_moved();
        answer
    }
}

/// Reaches the API server at one instant.
struct At<'a> {
    api: &'a mut ApiServer,
    now: Time,
    reach: Reach,
    /// The rest of the cluster, while the API server is lent out of it: the way to webhooks.
    rest: Option<&'a mut Cluster>,
}

impl<'a> At<'a> {
    fn new(api: &'a mut ApiServer, now: Time, reach: Reach) -> Self {
        Self { api, now, reach, rest: None }
    }
}

impl Api for At<'_> {
    fn call(&mut self, caller: &Caller, request: Request) -> Result<Response, Status> {
        self.reach.check("")?;
        match &mut self.rest {
            None => self.api.handle(caller, request, self.now),
            Some(rest) => self.api.handle_with(caller, request, self.now, Some(&mut webhooks::Way(rest))),
        }
    }
}
