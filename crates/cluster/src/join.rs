//! Nodes that come and go while the cluster runs.
//!
//! Owns: a new machine's place among the parts, a removed one's end. Does not own: who wants either (the learner, the
//! autoscaler of `cloud`), what the node's object says (its kubelet).

use client::{Caller, Interest, Request, Verb};
use cloud::{NodeGroup, NodeOrder};
use objects::Str;
use objects::resources::NODES;

use crate::journal::Input;
use crate::{Addon, Cluster, NodeConfig, NodeFault, part};

impl Cluster {
    /// A machine joins: its kubelet registers it at once. False when there is one of this name.
    pub fn join_node(&mut self, node: NodeConfig) -> bool {
        self.note(|| Input::Join(Box::new(node.clone())));
        self.add_node(node)
    }

    /// A group of nodes that an autoscaler makes larger and smaller by need from now on. False when there is one of
    /// this name.
    pub fn add_node_group(&mut self, group: NodeGroup) -> bool {
        self.note(|| Input::Group(Box::new(group.clone())));
        let at = self.parts.iter().position(|p| p.autoscaler().is_some()).unwrap_or_else(|| {
            let rng = self.chance.fork("cluster-autoscaler");
            let mut part = part::autoscaler(Vec::new(), &rng);
            for change in self.list(&cloud::ClusterAutoscaler::INTERESTS.map(|r| Interest::All(r.into()))) {
                part.tell(&change, self.now);
            }
            self.add_part(part);
            self.parts.len() - 1
        });
        let now = self.now;
        let added = self.parts[at].autoscaler_mut().is_some_and(|a| a.add_group(group, now));
        self.reschedule(at);
        added
    }

    fn add_node(&mut self, node: NodeConfig) -> bool {
        if let Some(part) = self.kubelet_part(&node.name) {
            // The machine was there before: it starts again.
            return self.node_fault(&node.name).is_some()
                && !self.config.nodes.iter().any(|n| n.name == node.name)
                && {
                    self.config.nodes.push(node.clone());
                    self.components.nodes.remove(&node.name);
                    self.components_changed();
                    self.kubelet_acts(part, kubelet::Kubelet::power_on);
                    self.relist_kubelet(part);
                    self.components_changed();
                    true
                };
        }
        let rng = self.chance.fork(&node.name);
        let before = self.parts.iter().filter(|p| p.kubelet().is_some()).count() as u32;
        let index = self.config.network * crate::fleet::NODES_EACH + before;
        let kubelet = self.parts.len();
        self.config.nodes.push(node.clone());
        let key = apiserver::token_key(&clock::Rng::new(self.config.seed));
        let mut machine = part::kubelet(&node, index, key, &rng);
        if self.config.addons.contains(&Addon::Kindnet)
            && let Some(k) = machine.kubelet_mut()
        {
            k.await_network();
        }
        self.add_part(machine);
        let proxy = self.parts.len();
        self.add_part(part::kube_proxy(&node, &rng));
        // Until its pod runs, where it runs in one.
        self.parts[proxy].stop(self.now);
        self.relist_kubelet(kubelet);
        self.components_changed();
        true
    }

    /// A machine goes for good, and its node with it.
    fn remove_node(&mut self, name: &Str) {
        let Some(part) = self.kubelet_part(name) else { return };
        let gone = self.parts[part].kubelet_mut().map(kubelet::Kubelet::lose_power).unwrap_or_default();
        self.components.nodes.insert(name.clone(), NodeFault::Crashed);
        self.config.nodes.retain(|n| n.name != *name);
        self.note_components(name, gone);
        let caller = Caller {
            user: "system:cloud-controller-manager".into(),
            groups: vec!["system:masters".into()],
            actor: "cloud-node-lifecycle-controller".into(),
            ..Caller::default()
        };
        let request =
            Request::new(Verb::Delete, &NODES.group, &NODES.version, &NODES.plural).named(name.clone());
        // Gone already is as good.
        let _ = self.api.handle(&caller, request, self.now);
    }

    pub(crate) fn carry_out(&mut self, order: NodeOrder) {
        match order {
            NodeOrder::Create { name, group } => {
                let mut node = NodeConfig::worker(name);
                node.cpu = group.cpu;
                node.memory = group.memory;
                node.labels = group.labels;
                node.labels.push((cloud::node_groups::GROUP_LABEL.into(), group.name));
                self.add_node(node);
            }
            NodeOrder::Remove { name } => self.remove_node(&name),
        }
    }
}
