//! A component in its place: with its inbox and its next wake-up.

use std::collections::VecDeque;

use client::{Caller, Change, Component, Ctx, Interest};
use clock::{Rng, Time, TimerId};
use cloud::CloudControllerManager;
use cloud::disks::{Disks, Order};
use controllers::ControllerManager;
use kubelet::{Depot, Kubelet, KubeletConfig, NetCall};
use network::KubeProxy;
use objects::Str;
use scheduler::Scheduler;

use crate::{At, ClusterConfig};

#[derive(Clone, Debug)]
enum Machine {
    ControllerManager(Box<ControllerManager>),
    Scheduler(Box<Scheduler>),
    Kubelet(Box<Kubelet>),
    KubeProxy(Box<KubeProxy>),
    CloudControllerManager(Box<CloudControllerManager>),
    Disks(Box<Disks>),
}

impl Machine {
    fn component(&self) -> &dyn Component {
        match self {
            Self::ControllerManager(m) => &**m,
            Self::Scheduler(m) => &**m,
            Self::Kubelet(m) => &**m,
            Self::KubeProxy(m) => &**m,
            Self::CloudControllerManager(m) => &**m,
            Self::Disks(m) => &**m,
        }
    }

    fn component_mut(&mut self) -> &mut dyn Component {
        match self {
            Self::ControllerManager(m) => &mut **m,
            Self::Scheduler(m) => &mut **m,
            Self::Kubelet(m) => &mut **m,
            Self::KubeProxy(m) => &mut **m,
            Self::CloudControllerManager(m) => &mut **m,
            Self::Disks(m) => &mut **m,
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
}

impl Part {
    fn new(name: impl Into<Str>, machine: Machine, rng: &Rng) -> Self {
        let name = name.into();
        let rng = rng.fork(&name);
        Self { name, machine, rng, inbox: VecDeque::new(), wake: None }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn interests(&self) -> Vec<Interest> {
        self.machine.component().interests()
    }

    pub(crate) fn next_wake(&self) -> Option<Time> {
        self.machine.component().next_wake()
    }

    /// Hands over what has arrived by `now`. True when something was handed over.
    pub(crate) fn deliver(&mut self, now: Time) {
        while let Some((_, change)) = self.inbox.pop_front_if(|(at, _)| *at <= now) {
            self.machine.component_mut().deliver(&change, now);
        }
    }

    /// Does one unit of work. What processes asked of the network meanwhile.
    pub(crate) fn wake(&mut self, now: Time, api: &mut At<'_>, depot: &mut Depot) -> Vec<NetCall> {
        let mut ctx = Ctx { now, rng: &mut self.rng, api, caller: Caller::default() };
        if let Machine::Kubelet(k) = &mut self.machine {
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

    /// Lets a kubelet do something with the API server at hand.
    pub(crate) fn kubelet_acts<T>(
        &mut self,
        now: Time,
        api: &mut At<'_>,
        depot: &mut Depot,
        f: impl FnOnce(&mut Kubelet, &mut Ctx<'_>) -> T,
    ) -> Option<T> {
        let Machine::Kubelet(k) = &mut self.machine else { return None };
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
        if let Machine::Kubelet(k) = &mut self.machine { Some(k) } else { None }
    }

    pub(crate) fn kube_proxy(&self) -> Option<&KubeProxy> {
        if let Machine::KubeProxy(p) = &self.machine { Some(p) } else { None }
    }

    pub(crate) fn kube_proxy_mut(&mut self) -> Option<&mut KubeProxy> {
        if let Machine::KubeProxy(p) = &mut self.machine { Some(p) } else { None }
    }
}

/// The parts of a new cluster, in the order in which they act when all are due at once.
pub(crate) fn all(config: &ClusterConfig, rng: &Rng) -> Vec<Part> {
    let mut parts = Vec::with_capacity(config.nodes.len() * 2 + 2);
    for (i, node) in config.nodes.iter().enumerate() {
        let kubelet = Kubelet::new(KubeletConfig {
            node: node.name.clone(),
            index: i as u32,
            cpu: node.cpu.clone(),
            memory: node.memory.clone(),
            pods: node.pods,
            labels: node.labels.clone(),
            control_plane: node.control_plane,
            images: node.images.clone(),
        });
        parts.push(Part::new(format!("kubelet/{}", node.name), Machine::Kubelet(Box::new(kubelet)), rng));
    }
    let manager = ControllerManager::new(config.start);
    parts.push(Part::new("kube-controller-manager", Machine::ControllerManager(Box::new(manager)), rng));
    parts.push(Part::new("kube-scheduler", Machine::Scheduler(Box::default()), rng));
    for node in &config.nodes {
        let proxy = KubeProxy::new(node.name.clone());
        parts.push(Part::new(format!("kube-proxy/{}", node.name), Machine::KubeProxy(Box::new(proxy)), rng));
    }
    if let Some(cloud) = &config.cloud {
        let manager = Machine::CloudControllerManager(Box::new(CloudControllerManager::new(cloud.clone())));
        parts.push(Part::new("cloud-controller-manager", manager, rng));
    }
    if let Some(storage) = &config.storage {
        parts.push(Part::new("csi-driver", Machine::Disks(Box::new(Disks::new(storage.clone()))), rng));
    }
    parts
}
