//! What a cloud provider adds to a cluster: load balancers, disks and node groups.
//!
//! Owns: the cloud-controller-manager, whose controllers each stand in a file of their own and are components
//! themselves, and the provider's imagined side (addresses, time to create things). Does not own: how a packet goes
//! from a load balancer to a node (network), which clusters have a cloud (cluster's configuration).
//! Models `staging/src/k8s.io/cloud-provider`. Not modelled: routes, several regions, quotas, cost.

pub mod disks;
mod load_balancer;
pub mod node_groups;

use client::{Caller, Change, Component, Ctx, Interest};
use clock::{Millis, Time};
use objects::Str;

pub use load_balancer::ServiceController;
pub use node_groups::{ClusterAutoscaler, NodeGroup, NodeOrder};

/// The cloud that a cluster runs in.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The first three parts of the addresses that load balancers get.
    pub addresses: Str,
    /// From the wish for a load balancer to its address (estimate; providers take between 10 s and 3 min).
    pub load_balancer_ms: Millis,
    /// Groups of nodes that grow and shrink by need.
    pub node_groups: Vec<NodeGroup>,
}

impl Default for Config {
    fn default() -> Self {
        Self { addresses: "203.0.113".into(), load_balancer_ms: 8_000, node_groups: Vec::new() }
    }
}

/// All of the cloud's controllers as one component. Plain data.
#[derive(Clone, Debug)]
pub struct CloudControllerManager {
    pub service: ServiceController,
}

impl CloudControllerManager {
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { service: ServiceController::new(config) }
    }

    /// The controllers in their fixed order, each with the name it acts under.
    fn controllers(&self) -> [(&'static str, &dyn Component); 1] {
        [("service-controller", &self.service)]
    }

    fn controllers_mut(&mut self) -> [&mut dyn Component; 1] {
        [&mut self.service]
    }

    /// The controller that acts next, and when: first due, then first in order.
    fn next(&self) -> Option<(Time, usize)> {
        let all = self.controllers().into_iter().enumerate();
        all.filter_map(|(i, (_, c))| c.next_wake().map(|at| (at, i))).min()
    }
}

impl Component for CloudControllerManager {
    fn interests(&self) -> Vec<Interest> {
        let mut all: Vec<Interest> = Vec::new();
        for (_, c) in self.controllers() {
            for interest in c.interests() {
                if !all.contains(&interest) {
                    all.push(interest);
                }
            }
        }
        all
    }

    /// Each controller is told of all changes and leaves alone what is not its own.
    fn deliver(&mut self, change: &Change, now: Time) {
        for c in self.controllers_mut() {
            c.deliver(change, now);
        }
    }

    fn next_wake(&self) -> Option<Time> {
        self.next().map(|(at, _)| at)
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>) {
        let Some((at, i)) = self.next() else { return };
        if at > ctx.now {
            return;
        }
        let name = self.controllers()[i].0;
        ctx.caller = Caller {
            user: Str::from(format!("system:serviceaccount:kube-system:{name}")),
            groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"]
                .map(Str::new_static)
                .to_vec(),
            actor: Str::new_static(name),
            ..Caller::default()
        };
        self.controllers_mut()[i].wake(ctx);
    }
}
