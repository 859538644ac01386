//! A component in its place: with its inbox and its next wake-up.

use std::collections::VecDeque;
use std::sync::Arc;

use client::{Caller, Change, Component, Ctx, Interest};
use clock::{Rng, Time, TimerId};
use cloud::disks::{Disks, Order};
use cloud::{CloudControllerManager, ClusterAutoscaler, NodeGroup, NodeOrder};
use controllers::ControllerManager;
use kubelet::{Depot, Kubelet, KubeletConfig, NetCall};
use network::KubeProxy;
use network::ingress::controller::IngressControllers;
use objects::Str;
use scheduler::Scheduler;

use crate::components::Election;
use crate::{At, ClusterConfig, NodeConfig};

/// From the start of a component's process to its first try for its lease (estimate).
const START_MS: clock::Millis = 1_500;

/// Room for so many changes stays with an inbox that is empty: with a node's, of which there may be thousands, and with
/// another's.
const INBOX_KEPT: [usize; 2] = [8, 1_024];

/// The controllers of a hub, as karmada runs the controller manager: what is given to it is a template, not to be run.
const HUB_CONTROLLERS: [&str; 5] = [
    "namespace-controller",
    "garbage-collector-controller",
    "serviceaccount-controller",
    "clusterrole-aggregation-controller",
    "ttl-after-finished-controller",
];

fn uuid(rng: &mut Rng) -> String {
    let (a, b) = (rng.next_u64(), rng.next_u64());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | (b >> 50),
        b & 0xffff_ffff_ffff
    )
}

#[derive(Clone, Debug)]
enum Machine {
    ControllerManager(Box<ControllerManager>),
    Scheduler(Box<Scheduler>),
    /// One for each node, and shared until it acts: a snapshot of a thousand nodes must not take a frame.
    Kubelet(Arc<Kubelet>),
    KubeProxy(Arc<KubeProxy>),
    IngressControllers(Box<IngressControllers>),
    CloudControllerManager(Box<CloudControllerManager>),
    Disks(Box<Disks>),
    ClusterAutoscaler(Box<ClusterAutoscaler>),
}

impl Machine {
    fn component(&self) -> &dyn Component {
        match self {
            Self::ControllerManager(m) => &**m,
            Self::Scheduler(m) => &**m,
            Self::Kubelet(m) => &**m,
            Self::KubeProxy(m) => &**m,
            Self::IngressControllers(m) => &**m,
            Self::CloudControllerManager(m) => &**m,
            Self::Disks(m) => &**m,
            Self::ClusterAutoscaler(m) => &**m,
        }
    }

    fn component_mut(&mut self) -> &mut dyn Component {
        match self {
            Self::ControllerManager(m) => &mut **m,
            Self::Scheduler(m) => &mut **m,
            Self::Kubelet(m) => Arc::<Kubelet>::make_mut(m),
            Self::KubeProxy(m) => Arc::<KubeProxy>::make_mut(m),
            Self::IngressControllers(m) => &mut **m,
            Self::CloudControllerManager(m) => &mut **m,
            Self::Disks(m) => &mut **m,
            Self::ClusterAutoscaler(m) => &mut **m,
        }
    }
}

/// Invariant: `wake` names the timer of this part's next wake-up, if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    name: Str,
    machine: Machine,
    rng: Rng,
    /// Changes on their way, with the instant they arrive.
    pub(crate) inbox: VecDeque<(Time, Change)>,
    pub(crate) wake: Option<TimerId>,
    /// The node it runs on; empty: beside the cluster.
    node: Str,
    /// It does not run.
    down: bool,
    /// It runs and hears nothing of changes.
    deaf: bool,
    election: Option<Box<Election>>,
    lost: bool,
    led: bool,
    starts: u32,
}

impl Part {
    fn new(name: impl Into<Str>, machine: Machine, rng: &Rng) -> Self {
        let name = name.into();
        let rng = rng.fork(&name);
        let node = match &machine {
            Machine::Kubelet(k) => k.node().into(),
            Machine::KubeProxy(p) => p.node().into(),
            _ => Str::default(),
        };
        Self {
            name,
            machine,
            rng,
            inbox: VecDeque::new(),
            wake: None,
            node,
            down: false,
            deaf: false,
            election: None,
            lost: false,
            led: false,
            starts: 0,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn interests(&self) -> Vec<Interest> {
        self.machine.component().interests()
    }

    pub(crate) fn next_wake(&self) -> Option<Time> {
        if self.down {
            return None;
        }
        let own = self.machine.component().next_wake();
        match &self.election {
            None => own,
            Some(e) if !e.leading => Some(e.next),
            Some(e) => Some(own.map_or(e.next, |t| t.min(e.next))),
        }
    }

    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    pub(crate) fn is_down(&self) -> bool {
        self.down
    }

    /// Whether changes pass it by.
    pub(crate) fn is_deaf(&self) -> bool {
        self.down || self.deaf
    }

    /// Its lease was held and is lost. Told once.
    pub(crate) fn has_lost(&mut self) -> bool {
        std::mem::take(&mut self.lost)
    }

    /// It has been started again and begins to lead. Told once.
    pub(crate) fn begins_to_lead(&mut self) -> bool {
        std::mem::take(&mut self.led)
    }

    /// A kubelet on a node with a fault: it may stand still, it may hear nothing.
    pub(crate) fn hold(&mut self, still: bool, deaf: bool) {
        (self.down, self.deaf) = (still, deaf);
        if deaf {
            self.inbox.clear();
        }
    }

    pub(crate) fn stop(&mut self, now: Time) {
        // What it was to have written by now it has.
        if let Machine::KubeProxy(p) = &mut self.machine {
            Arc::make_mut(p).sync(now);
        }
        self.down = true;
        self.inbox.clear();
    }

    /// Whether it lists all there is as it starts.
    pub(crate) fn wants_list(&self) -> bool {
        self.election.is_none()
    }

    /// Starts anew with nothing but what is listed.
    pub(crate) fn start(&mut self, node: Str, list: &[Change], now: Time) {
        self.down = false;
        self.starts += 1;
        self.begin_anew(list, now);
        if self.election.is_some() {
            self.stand(&node, now + START_MS);
        }
        self.node = node;
    }

    /// Knows nothing but what is listed.
    pub(crate) fn begin_anew(&mut self, list: &[Change], now: Time) {
        self.inbox.clear();
        self.machine = match &self.machine {
            Machine::ControllerManager(old) => {
                let mut new = ControllerManager::new(now);
                new.paused.clone_from(&old.paused);
                if let Some(authority) = &old.csrsigning.authority {
                    new.set_authority(authority);
                }
                Machine::ControllerManager(Box::new(new))
            }
            Machine::Scheduler(_) => Machine::Scheduler(Box::default()),
            Machine::KubeProxy(p) => Machine::KubeProxy(Arc::new(KubeProxy::new(p.node()))),
            other => other.clone(),
        };
        for change in list {
            self.machine.component_mut().deliver(change, now);
        }
    }

    /// Stands for its lease from `at` on.
    pub(crate) fn stand(&mut self, node: &str, at: Time) {
        let identity = format!("{node}_{}", uuid(&mut self.rng));
        self.election = Some(Box::new(Election::new(&self.name, identity, at)));
    }

    /// Hands one change over at once.
    pub(crate) fn tell(&mut self, change: &Change, now: Time) {
        self.machine.component_mut().deliver(change, now);
    }

    /// Hands over what has arrived by `now`. True when something was handed over.
    pub(crate) fn deliver(&mut self, now: Time) {
        if self.is_deaf() {
            self.inbox.clear();
        }
        while let Some((_, change)) = self.inbox.pop_front_if(|(at, _)| *at <= now) {
            self.machine.component_mut().deliver(&change, now);
        }
        // A rush leaves no room behind that thousands of parts would hold for good.
        let is_nodes = matches!(self.machine, Machine::Kubelet(_) | Machine::KubeProxy(_));
        if self.inbox.is_empty() && self.inbox.capacity() > INBOX_KEPT[usize::from(!is_nodes)] {
            self.inbox = VecDeque::new();
        }
    }

    /// Does one unit of work. What processes asked of the network meanwhile.
    pub(crate) fn wake(&mut self, now: Time, api: &mut At<'_>, depot: &mut Box<Depot>) -> Vec<NetCall> {
        let mut ctx = Ctx { now, rng: &mut self.rng, api, caller: Caller::default() };
        if let Some(e) = self.election.as_mut().filter(|e| e.next <= now) {
            let led = e.leading;
            self.lost = !e.turn(&mut ctx);
            self.led = !led && e.leading && self.starts > 0;
            return Vec::new();
        }
        if let Machine::Kubelet(k) = &mut self.machine {
            let k = Arc::make_mut(k);
            k.swap_depot(depot);
            k.wake(&mut ctx);
            k.swap_depot(depot);
            return k.take_calls();
        }
        self.machine.component_mut().wake(&mut ctx);
        if let Machine::Disks(d) = &mut self.machine {
            for order in d.take_orders() {
                match order {
                    Order::Copy { from, to } => depot.copy(&from, &to),
                    Order::Forget { name } => depot.forget_disk(&name),
                }
            }
        }
        Vec::new()
    }

    /// The machines it wants of the provider, or wants to be rid of.
    pub(crate) fn take_node_orders(&mut self) -> Vec<NodeOrder> {
        if let Machine::ClusterAutoscaler(a) = &mut self.machine { a.take_orders() } else { Vec::new() }
    }

    /// Lets a kubelet do something with the API server at hand.
    pub(crate) fn kubelet_acts<T>(
        &mut self,
        now: Time,
        api: &mut At<'_>,
        depot: &mut Box<Depot>,
        f: impl FnOnce(&mut Kubelet, &mut Ctx<'_>) -> T,
    ) -> Option<T> {
        let Machine::Kubelet(k) = &mut self.machine else { return None };
        let k = Arc::make_mut(k);
        let mut ctx = Ctx { now, rng: &mut self.rng, api, caller: Caller::default() };
        k.swap_depot(depot);
        let result = f(k, &mut ctx);
        k.swap_depot(depot);
        Some(result)
    }

    /// A few random letters of this part's own.
    pub(crate) fn letters(&mut self, alphabet: &[u8], n: usize) -> String {
        self.rng.letters(alphabet, n)
    }

    pub(crate) fn scheduler(&self) -> Option<&Scheduler> {
        if let Machine::Scheduler(s) = &self.machine { Some(s) } else { None }
    }

    pub(crate) fn controller_manager(&self) -> Option<&ControllerManager> {
        if let Machine::ControllerManager(m) = &self.machine { Some(m) } else { None }
    }

    pub(crate) fn controller_manager_mut(&mut self) -> Option<&mut ControllerManager> {
        if let Machine::ControllerManager(m) = &mut self.machine { Some(m) } else { None }
    }

    pub(crate) fn kubelet(&self) -> Option<&Kubelet> {
        if let Machine::Kubelet(k) = &self.machine { Some(k) } else { None }
    }

    pub(crate) fn kubelet_mut(&mut self) -> Option<&mut Kubelet> {
        if let Machine::Kubelet(k) = &mut self.machine { Some(Arc::make_mut(k)) } else { None }
    }

    /// Whether its writes are such that webhooks are asked about them: it is no node's and no disks' part.
    pub(crate) fn writes_for_others(&self) -> bool {
        !matches!(self.machine, Machine::Kubelet(_) | Machine::KubeProxy(_) | Machine::Disks(_))
    }

    /// Stands in for a part that is taken out to act.
    pub(crate) fn vacant() -> Self {
        Self::new("", Machine::Scheduler(Box::default()), &Rng::new(0))
    }

    pub(crate) fn autoscaler(&self) -> Option<&ClusterAutoscaler> {
        if let Machine::ClusterAutoscaler(a) = &self.machine { Some(a) } else { None }
    }

    pub(crate) fn autoscaler_mut(&mut self) -> Option<&mut ClusterAutoscaler> {
        if let Machine::ClusterAutoscaler(a) = &mut self.machine { Some(a) } else { None }
    }

    pub(crate) fn ingress_controllers(&self) -> Option<&IngressControllers> {
        if let Machine::IngressControllers(c) = &self.machine { Some(c) } else { None }
    }

    pub(crate) fn kube_proxy(&self) -> Option<&KubeProxy> {
        if let Machine::KubeProxy(p) = &self.machine { Some(p) } else { None }
    }

    pub(crate) fn kube_proxy_mut(&mut self) -> Option<&mut KubeProxy> {
        if let Machine::KubeProxy(p) = &mut self.machine { Some(Arc::make_mut(p)) } else { None }
    }
}

/// The kubelet of a node; the number is the node's place among all there ever were.
pub(crate) fn kubelet(node: &NodeConfig, index: u32, token_key: client::token::Key, rng: &Rng) -> Part {
    let kubelet = Kubelet::new(KubeletConfig {
        node: node.name.clone(),
        index,
        cpu: node.cpu.clone(),
        memory: node.memory.clone(),
        pods: node.pods,
        labels: node.labels.clone(),
        control_plane: node.control_plane,
        images: node.images.clone(),
        token_key,
    });
    Part::new(format!("kubelet/{}", node.name), Machine::Kubelet(Arc::new(kubelet)), rng)
}

pub(crate) fn kube_proxy(node: &NodeConfig, rng: &Rng) -> Part {
    let proxy = KubeProxy::new(node.name.clone());
    Part::new(format!("kube-proxy/{}", node.name), Machine::KubeProxy(Arc::new(proxy)), rng)
}

pub(crate) fn autoscaler(groups: Vec<NodeGroup>, rng: &Rng) -> Part {
    let machine = Machine::ClusterAutoscaler(Box::new(ClusterAutoscaler::new(groups)));
    Part::new("cluster-autoscaler", machine, rng)
}

/// The parts of a new cluster, in the order in which they act when all are due at once.
pub(crate) fn all(config: &ClusterConfig, rng: &Rng) -> Vec<Part> {
    if config.is_hub {
        let mut manager = ControllerManager::new(config.start);
        let others = |name: &&'static str| !HUB_CONTROLLERS.contains(name);
        manager.paused = manager.work().iter().map(|w| w.name).filter(others).map(Str::new_static).collect();
        let machine = Machine::ControllerManager(Box::new(manager));
        return vec![Part::new("kube-controller-manager", machine, rng)];
    }
    let mut parts = Vec::with_capacity(config.nodes.len() * 2 + 2);
    for (i, node) in config.nodes.iter().enumerate() {
        let index = config.network * crate::fleet::NODES_EACH + i as u32;
        parts.push(kubelet(node, index, apiserver::token_key(rng), rng));
    }
    let mut manager = ControllerManager::new(config.start);
    if let Some(authority) = &config.authority {
        manager.set_authority(authority);
    }
    parts.push(Part::new("kube-controller-manager", Machine::ControllerManager(Box::new(manager)), rng));
    parts.push(Part::new("kube-scheduler", Machine::Scheduler(Box::default()), rng));
    for node in &config.nodes {
        parts.push(kube_proxy(node, rng));
    }
    // It acts only for controllers that are installed; without addons nobody installs any.
    if !config.addons.is_empty() {
        let controllers = Machine::IngressControllers(Box::default());
        parts.push(Part::new("ingress-controllers", controllers, rng));
    }
    if let Some(cloud) = &config.cloud {
        let manager = Machine::CloudControllerManager(Box::new(CloudControllerManager::new(cloud.clone())));
        parts.push(Part::new("cloud-controller-manager", manager, rng));
        if !cloud.node_groups.is_empty() {
            parts.push(autoscaler(cloud.node_groups.clone(), rng));
        }
    }
    if let Some(storage) = &config.storage {
        parts.push(Part::new("csi-driver", Machine::Disks(Box::new(Disks::new(storage.clone()))), rng));
    }
    parts
}
