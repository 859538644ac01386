//! kubelet: what one node does with the pods bound to it.
//!
//! Owns: the node's registration and heartbeat, and for each pod the way from bound to running to gone.
//! Does not own: which pods come (scheduler), what runs inside a container (containers), who reaches it (network).
//!
//! Models `pkg/kubelet`: pod workers, volumes, probes, the status manager, the image manager, the server of streams.
//! Not modelled: device plugins, graceful node shutdown (kubeadm leaves it off).

mod admission;
mod adopt;
mod api;
mod back_off;
mod conditions;
mod container;
mod definition;
pub mod delays;
mod depot;
mod ending;
mod environment;
mod eviction;
mod faults;
mod image_gc;
mod image_manager;
mod machines;
mod mounting;
pub mod net;
mod node_status;
mod outsiders;
mod parts;
mod pod_worker;
mod probes;
mod processes;
mod rare;
mod resize;
pub mod runtime;
mod server;
mod static_pods;
mod status;
pub mod streams;
mod sync;
pub mod usage;
mod volumes;
mod workers;

use ordered::{BTreeMap, BTreeSet};
use std::sync::Arc;

use client::{Caller, Change, Component, Ctx, Interest, Recorder};
use clock::{Time, TimerId, Timers};
use objects::{Str, Value, value};

pub use depot::Depot;
pub use net::{NetCall, Served};
pub use node_status::{host_ip, node_of_pod};
pub use outsiders::Outsider;
pub use static_pods::MANIFESTS;

use environment::Variables;
use image_manager::ImageManager;
use machines::NodeFacts;
use pod_worker::{PodWorker, Work};
use workers::Workers;

/// What is fixed about a node.
#[derive(Clone, Debug, PartialEq)]
pub struct KubeletConfig {
    pub node: Str,
    /// The node's number: its addresses follow from it.
    pub index: u32,
    pub cpu: Str,
    pub memory: Str,
    pub pods: i64,
    pub labels: Vec<(Str, Str)>,
    pub control_plane: bool,
    /// Images present from the start.
    pub images: Vec<Str>,
    /// What it signs the tokens of its pods with.
    pub token_key: client::token::Key,
}

/// What falls due on a node.
#[derive(Clone, Debug)]
enum Task {
    Register,
    /// True: and again after a while.
    RenewLease(bool),
    ReportNode(bool),
    /// The node's images are others than it has told.
    ReportImages,
    Pod(Str, Work),
    /// A container's definition has changed.
    NewImage(Str, usize),
    /// The volumes of the pod with this uid can go.
    Clean(Str),
    /// The directory of static pods is looked at; and again after a while.
    Manifests(bool),
    /// The node may be short of something.
    Pressure,
    /// The disk may be so full that images have to go.
    ImageGc,
    /// A static pod has no mirror.
    Mirror(Str),
}

impl Task {
    /// A container does it by itself, whatever its kubelet does.
    fn is_a_containers(&self) -> bool {
        matches!(self, Self::Pod(_, Work::Run(..) | Work::Exit(..) | Work::OutOfMemory(..)))
    }
}

/// One node's kubelet. Plain data.
#[derive(Clone, Debug)]
pub struct Kubelet {
    config: KubeletConfig,
    caller: Caller,
    pods: Workers,
    images: ImageManager,
    tasks: Timers<Task>,
    recorder: Recorder,
    /// By the number of an address in the node's range: the pod that has it.
    addresses: BTreeMap<u32, Str>,
    next_address: u32,
    node: Value,
    /// The node was made, or found, since the kubelet started.
    registered: bool,
    facts: NodeFacts,
    /// By namespace and name.
    services: BTreeMap<Str, BTreeMap<Str, Value>>,
    /// The variables that tell of them, by namespace and whether links are wanted; worked out when needed.
    variables: BTreeMap<(Str, bool), Arc<Variables>>,
    /// Attachable volumes that pods here use or wait for, by their names in the node's status.
    in_use: BTreeSet<Str>,
    /// Lent by the cluster while this kubelet acts.
    depot: Box<Depot>,
    calls: Vec<NetCall>,
    /// Containers that ran with a program in them that somebody else drives: pod, number, start.
    outsiders: Vec<(Str, usize, u32)>,
    /// Parts of the cluster itself that began or ended since they were last asked for.
    components: Vec<(Str, bool)>,
    /// Parts of the cluster that run and are not well.
    unwell: BTreeSet<Str>,
    /// Bytes of the disk that are no pod's.
    disk_filler: u64,
    pressure: eviction::Pressure,
    image_gc: image_gc::ImageGc,
    /// A report of the images is planned.
    images_untold: bool,
    /// The runtime has a network plugin for its pods.
    network_ready: bool,
    /// Pods whose resize has no room yet.
    pending_resizes: BTreeSet<Str>,
    /// How often the node was started again.
    boots: u32,
    /// What fell due while the kubelet was stopped; `None`: it runs.
    stopped: Option<Vec<Task>>,
    /// Since when it runs, or does not.
    since: Time,
    lease_timer: Option<TimerId>,
    report_timer: Option<TimerId>,
    /// The directory of static pods when it was last read.
    seen_manifests: Option<Arc<containers::fs::Dir>>,
}

impl Kubelet {
    #[must_use]
    pub fn new(config: KubeletConfig) -> Self {
        let mut tasks = Timers::default();
        tasks.set(Time::EPOCH, Task::Register);
        let host_ip = node_status::host_ip(config.index);
        Self {
            caller: Self::caller_on(&config.node),
            pods: Workers::default(),
            images: ImageManager::new(&config.images),
            tasks,
            recorder: Recorder::new("kubelet", config.node.clone()),
            addresses: BTreeMap::new(),
            next_address: 2,
            node: Value::Null,
            registered: false,
            facts: NodeFacts {
                host_ips: value!([{"ip": (&host_ip)}]),
                host_ip,
                cpu: config.cpu.clone(),
                memory: config.memory.clone(),
                allocatable: node_status::allocatable(&config.memory),
                root_ca: Value::Null,
                token_key: config.token_key,
            },
            services: BTreeMap::new(),
            variables: BTreeMap::new(),
            in_use: BTreeSet::new(),
            depot: Box::default(),
            calls: Vec::new(),
            outsiders: Vec::new(),
            components: Vec::new(),
            unwell: BTreeSet::new(),
            disk_filler: 0,
            pressure: eviction::Pressure::default(),
            image_gc: image_gc::ImageGc::default(),
            images_untold: false,
            network_ready: true,
            pending_resizes: BTreeSet::new(),
            boots: 0,
            stopped: None,
            since: Time::EPOCH,
            lease_timer: None,
            report_timer: None,
            seen_manifests: None,
            config,
        }
    }

    /// The node's name.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.config.node
    }

    /// The node's own address.
    #[must_use]
    pub fn host_ip(&self) -> Str {
        self.facts.host_ip.clone()
    }

    /// The share of the pod's image pull that is done, 0.0 to 1.0, while one is under way.
    #[must_use]
    pub fn pull_progress(&self, pod_key: &str, now: Time) -> Option<f64> {
        self.images.progress(pod_key, now)
    }

    /// Lends or takes back what all nodes share: both sides swap.
    pub fn swap_depot(&mut self, depot: &mut Box<Depot>) {
        std::mem::swap(&mut self.depot, depot);
    }

    /// Which parts of the cluster itself have begun (true) or ended in a pod of this node since the last call, by
    /// the name their label gives: `kube-scheduler`, `kube-proxy`.
    pub fn take_components(&mut self) -> Vec<(Str, bool)> {
        std::mem::take(&mut self.components)
    }

    /// Whoever a node's kubelet asks as.
    fn caller_on(node: &str) -> Caller {
        Caller {
            user: Str::from(format!("system:node:{node}")),
            groups: vec!["system:nodes".into()],
            actor: Str::from(format!("kubelet/{node}")),
            ..Caller::default()
        }
    }

    /// Acts on its own from now on.
    fn act_as_self(&self, ctx: &mut Ctx<'_>) {
        ctx.caller.clone_from(&self.caller);
    }

    /// The variables that tell a pod of services.
    fn service_variables(&mut self, namespace: Str, links: bool) -> Arc<Variables> {
        let key = (namespace, links);
        if let Some(known) = self.variables.get(&key) {
            return Arc::clone(known);
        }
        let api = self.services.get("default").and_then(|s| s.get("kubernetes"));
        let own = self.services.get(&key.0).filter(|_| links).into_iter().flat_map(|s| s.values());
        let all = Arc::new(environment::of_services(api.into_iter().chain(own)));
        self.variables.insert(key, Arc::clone(&all));
        all
    }

    fn service_changed(&mut self, change: &Change) {
        let services = self.services.entry(change.namespace.clone()).or_default();
        if change.is_deleted() {
            services.remove(&change.name);
        } else {
            services.insert(change.name.clone(), change.object.clone());
        }
        self.variables.clear();
    }

    /// A free address for a pod. Addresses go round, so that one is not reused at once.
    fn allocate_address(&mut self, pod: &Str) -> Str {
        const HOSTS: u32 = 254 * 4;
        for _ in 0..HOSTS {
            let n = self.next_address;
            self.next_address = if n >= HOSTS { 2 } else { n + 1 };
            if !self.addresses.contains_key(&n) {
                self.addresses.insert(n, pod.clone());
                return node_status::pod_ip(self.config.index, n);
            }
        }
        Str::default()
    }

    fn release_address(&mut self, ip: &str) {
        if let Some(n) = node_status::pod_number(self.config.index, ip) {
            self.addresses.remove(&n);
        }
    }

    /// What a pod that is gone had of the node.
    pub(crate) fn leave(&mut self, key: &Str, worker: &PodWorker, now: Time) {
        self.release_address(&worker.ip);
        self.images.forget(key);
        for c in &worker.containers {
            self.images.let_go(c.spec["image"].text(), now);
        }
    }

    fn pod_changed(&mut self, change: &Change, now: Time) {
        let key = change.key();
        let pod = &change.object;
        if self.pods.get_mut(&key).is_some_and(|w| w.fixed.is_some()) {
            return self.mirror_changed(&key, pod, change.is_deleted(), now);
        }
        if change.is_deleted() {
            if let Some(worker) = self.pods.get(&key)
                && worker.uid() == pod.uid()
                && let Some(worker) = self.pods.remove(&key)
            {
                self.leave(&key, &worker, now);
                self.pending_resizes.remove(&key);
                self.retry_resizes(now);
                if worker.pod["spec"]["volumes"].items().len() > 1 || !worker.volumes.is_empty() {
                    self.tasks.set(now, Task::Clean(worker.uid().into()));
                }
            }
            return;
        }
        match self.pods.get_mut(&key) {
            Some(worker) if worker.uid() == pod.uid() => {
                // Somebody else has written the status: what the kubelet knows better is told again.
                let others =
                    !pod["status"].same(&worker.pod["status"]) && pod["status"] != worker.pod["status"];
                let news = worker.update(pod, change.revision);
                for i in news.images {
                    self.tasks.set(now, Task::NewImage(key.clone(), i));
                }
                if news.resize {
                    self.tasks.set(now, Task::Pod(key.clone(), Work::Resize));
                }
                if news.due {
                    self.sync_by(&key, now);
                    if !pod.is_terminating() {
                        self.limits_changed(&key, now);
                    }
                } else if others {
                    self.schedule_report(&key, now);
                }
            }
            _ => {
                let mut worker = PodWorker::new(pod, change.revision);
                faults::resume(&mut worker, now);
                self.pods.insert(key.clone(), worker);
                self.tasks.set(now, Task::Pod(key, Work::Begin));
            }
        }
    }
}

impl Component for Kubelet {
    fn interests(&self) -> Vec<Interest> {
        vec![
            Interest::PodsOnNode(self.config.node.clone()),
            Interest::Object("nodes".into(), self.config.node.clone()),
            Interest::All("services".into()),
        ]
    }

    fn deliver(&mut self, change: &Change, now: Time) {
        match change.resource.as_str() {
            "pods" => self.pod_changed(change, now),
            "services" => self.service_changed(change),
            "nodes" if !change.is_deleted() => {
                let attached = |n: &Value| n["status"]["volumesAttached"].clone();
                let news = attached(&self.node) != attached(&change.object);
                self.node = change.object.clone();
                if news {
                    self.mount_attached(now);
                }
                // Somebody believes it lost: it says otherwise when it next looks.
                if change.object.condition("Ready")["status"] == "Unknown"
                    && change.previous.condition("Ready")["status"] != "Unknown"
                {
                    let until = delays::STATUS_LOOK_MS - now.0.rem_euclid(delays::STATUS_LOOK_MS);
                    self.tasks.set(now + until, Task::ReportNode(false));
                }
            }
            "nodes" => self.node = Value::Null,
            _ => {}
        }
    }

    fn next_wake(&self) -> Option<Time> {
        self.tasks.next_due()
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>) {
        let Some(task) = self.tasks.pop_due(ctx.now) else { return };
        if let Some(waiting) = &mut self.stopped
            && !task.is_a_containers()
        {
            return waiting.push(task);
        }
        self.act_as_self(ctx);
        match task {
            Task::Register => self.register(ctx),
            Task::RenewLease(again) => self.renew_lease(again, ctx),
            Task::ReportNode(again) => self.report_node(again, ctx),
            Task::ReportImages => {
                self.images_untold = false;
                self.report_node(false, ctx);
            }
            Task::Pod(key, work) => self.work(key, work, ctx),
            Task::NewImage(key, i) => self.new_image(&key, i, ctx),
            Task::Pressure => self.check_pressure(ctx),
            Task::ImageGc => self.collect_images(ctx),
            Task::Manifests(again) => self.sync_manifests(again, ctx),
            Task::Mirror(key) => self.mirror(&key, ctx),
            Task::Clean(uid) => self.depot.forget(&format!("pod/{uid}/")),
        }
    }
}
