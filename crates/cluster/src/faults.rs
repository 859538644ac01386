//! What may go wrong, done on purpose.
//!
//! Owns: the list of faults, doing each, which ones are in force. Does not own: what follows from them (everybody).
//! A fault is an input like a command: it is noted, and a replay has it at the same instant. A fault that names no
//! victim draws one from the cluster's own chance.

use clock::Time;
use containers::images::registry::Fault as RegistryFault;
use objects::{Str, Value};

use crate::Cluster;
use crate::components::NodeFault;
use crate::journal::Input;

/// One thing that goes wrong, or is put right again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A node loses its power, hangs or is cut off the network, or its kubelet is stopped.
    Node(Str, NodeFault),
    /// It has power again, moves again, is on the network again.
    RestoreNode(Str),
    /// A container's main process ends with this code. The pod is `namespace/name`; no container means the first.
    CrashContainer { pod: Str, container: Str, code: i32 },
    /// A container's processes stand still (true) or go on.
    HangContainer { pod: Str, container: Str, hung: bool },
    /// Every container of a part of the cluster (`kube-scheduler`, `coredns`) is killed, to be started again.
    KillComponent(Str),
    /// The same, ending by itself with a code.
    CrashComponent(Str, i32),
    /// Every container of a part of the cluster stands still (true) or goes on.
    HangComponent(Str, bool),
    /// A registry slows down or is lost; `None` puts it right.
    Registry(Str, Option<RegistryFault>),
    /// So many bytes of a node's disk are taken by something that is no pod; 0 frees it.
    FillDisk(Str, u64),
    /// A whole cluster is without power (true), or has it back.
    Cluster(Str, bool),
    /// One worker node, container or component by chance.
    Any,
}

/// Why a fault was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoVictim {
    Node(Str),
    Pod(Str),
    Container(Str, Str),
    Component(Str),
    Cluster(Str),
}

/// A fault that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub at: Time,
    pub fault: Fault,
}

/// How many faults are remembered.
const REMEMBERED: usize = 1_000;

impl Cluster {
    /// Does a fault now. What was done: the same, with a victim where it named none.
    ///
    /// # Errors
    /// When the victim does not exist or does not run.
    pub fn inject(&mut self, fault: Fault) -> Result<Fault, NoVictim> {
        self.note(|| Input::Fault(Box::new(fault.clone())));
        let fault = if fault == Fault::Any { self.draw() } else { fault };
        self.harm(&fault)?;
        self.route();
        self.fleet_moved();
        if self.faults.len() >= REMEMBERED {
            self.faults.remove(0);
        }
        self.faults.push(Done { at: self.now, fault: fault.clone() });
        Ok(fault)
    }

    /// What follows by itself and is nobody's fault.
    pub(crate) fn inject_quietly(&mut self, fault: &Fault) -> Result<(), NoVictim> {
        self.harm(fault)
    }

    /// The faults done so far, the latest last.
    #[must_use]
    pub fn faults(&self) -> &[Done] {
        &self.faults
    }

    /// What is broken now, each as the fault that would make it so.
    #[must_use]
    pub fn broken(&self) -> Vec<Fault> {
        if self.components.dark {
            return vec![Fault::Cluster(self.config.name.clone(), true)];
        }
        let mut all: Vec<Fault> =
            self.components.nodes.iter().map(|(n, how)| Fault::Node(n.clone(), *how)).collect();
        for k in self.parts.iter().filter_map(crate::part::Part::kubelet) {
            if k.disk_taken() > 0 {
                all.push(Fault::FillDisk(k.node().into(), k.disk_taken()));
            }
            all.extend(k.standing_still().map(|(pod, container)| Fault::HangContainer {
                pod: pod.clone(),
                container: container.into(),
                hung: true,
            }));
        }
        all.extend(self.registry().faults().map(|(host, how)| Fault::Registry(host.into(), Some(how))));
        all
    }

    /// Moves a file on a node's disk, as its administrator would. False when there is none.
    pub fn move_node_file(&mut self, node: &str, from: &str, to: &str) -> bool {
        self.note(|| Input::MoveFile(node.into(), from.into(), to.into()));
        let Some(part) = self.kubelet_part(node) else { return false };
        let to = (!to.is_empty()).then_some(to);
        self.with_kubelet(part, |k, now| k.move_file(from, to, now)).unwrap_or(false)
    }

    /// Makes a directory on a node's disk, as its administrator would. False when something else is there.
    pub fn make_node_directory(&mut self, node: &str, path: &str) -> bool {
        self.note(|| Input::MakeDirectory(node.into(), path.into()));
        let Some(part) = self.kubelet_part(node) else { return false };
        self.with_kubelet(part, |k, now| k.make_directory(path, now)).unwrap_or(false)
    }

    /// A file on a node's disk.
    pub fn node_file(&mut self, node: &str, path: &str) -> Option<Vec<u8>> {
        let part = self.kubelet_part(node)?;
        self.with_kubelet(part, |k, _| k.file(path).map(<[u8]>::to_vec)).flatten()
    }

    /// The names in a directory of a node's disk; `None`: there is no such directory.
    pub fn node_files(&mut self, node: &str, path: &str) -> Option<Vec<String>> {
        let part = self.kubelet_part(node)?;
        self.with_kubelet(part, |k, _| k.files(path)).flatten()
    }

    /// The rules a node has for a Service (`namespace/name`).
    pub fn rules_of(
        &mut self,
        node: &str,
        service: &str,
    ) -> Option<std::sync::Arc<network::kube_proxy::rules::Rules>> {
        network::Ground::proxy(self, node)?.rules(service)
    }

    /// The rules a node has for all Services.
    pub fn proxy_rules(&mut self, node: &str) -> Vec<std::sync::Arc<network::kube_proxy::rules::Rules>> {
        network::Ground::proxy(self, node).map(|p| p.all()).unwrap_or_default()
    }

    /// What is wrong with a node now.
    #[must_use]
    pub fn node_fault(&self, node: &str) -> Option<NodeFault> {
        self.components.nodes.get(node).copied()
    }

    fn harm(&mut self, fault: &Fault) -> Result<(), NoVictim> {
        match fault {
            Fault::Node(node, how) => self.harm_node(node, *how),
            Fault::RestoreNode(node) => self.restore_node(node),
            Fault::CrashContainer { pod, container, code } => {
                self.on_container(pod, container, |k, key, i, ctx| k.crash(key, i, *code, ctx))
            }
            Fault::HangContainer { pod, container, hung } => {
                self.on_container(pod, container, |k, key, i, ctx| k.hang(key, i, *hung, ctx))
            }
            Fault::KillComponent(name) => self.on_component(name, |k, key, i, ctx| k.crash(key, i, 137, ctx)),
            Fault::CrashComponent(name, code) => {
                self.on_component(name, |k, key, i, ctx| k.crash(key, i, *code, ctx))
            }
            Fault::HangComponent(name, hung) => {
                self.on_component(name, |k, key, i, ctx| k.hang(key, i, *hung, ctx))
            }
            Fault::Registry(host, how) => {
                self.depot.registry.set_fault(host, *how);
                Ok(())
            }
            Fault::FillDisk(node, bytes) => {
                let part = self.kubelet_part(node).ok_or_else(|| NoVictim::Node(node.clone()))?;
                self.kubelet_acts(part, |k, ctx| k.fill_disk(*bytes, ctx.now));
                Ok(())
            }
            Fault::Cluster(name, dark) => {
                if *name == self.config.name {
                    self.set_dark(*dark);
                    return Ok(());
                }
                let member =
                    self.fleet.members.get_mut(name).ok_or_else(|| NoVictim::Cluster(name.clone()))?;
                member.now = member.now.max(self.now);
                member.set_dark(*dark);
                member.route();
                Ok(())
            }
            Fault::Any => Ok(()),
        }
    }

    fn harm_node(&mut self, node: &Str, how: NodeFault) -> Result<(), NoVictim> {
        let part = self.kubelet_part(node).ok_or_else(|| NoVictim::Node(node.clone()))?;
        if self.node_fault(node) == Some(NodeFault::Crashed) {
            // Without power nothing else can befall it.
            return Ok(());
        }
        self.components.nodes.insert(node.clone(), how);
        if how == NodeFault::Crashed {
            // Whatever ran on it is gone; what it was is seen again when it comes back.
            let gone = self.parts[part].kubelet_mut().map(kubelet::Kubelet::lose_power).unwrap_or_default();
            self.note_components(node, gone);
        }
        if how == NodeFault::NoKubelet {
            let now = self.now;
            self.with_kubelet(part, |k, _| k.stop_kubelet(now));
        }
        self.components_changed();
        Ok(())
    }

    fn restore_node(&mut self, node: &Str) -> Result<(), NoVictim> {
        let part = self.kubelet_part(node).ok_or_else(|| NoVictim::Node(node.clone()))?;
        let Some(before) = self.components.nodes.remove(node) else { return Ok(()) };
        self.components_changed();
        if before == NodeFault::Crashed {
            self.kubelet_acts(part, kubelet::Kubelet::power_on);
        }
        self.kubelet_acts(part, kubelet::Kubelet::start_kubelet);
        self.relist_kubelet(part);
        self.components_changed();
        Ok(())
    }

    /// Tells a kubelet all that there is now, as its watches do when they are opened anew.
    pub(crate) fn relist_kubelet(&mut self, part: usize) {
        let Some(k) = self.parts[part].kubelet() else { return };
        let node = Str::from(k.node());
        let mut changes = Vec::new();
        let pods = Str::new_static("pods");
        let there: Vec<&Value> =
            self.api.objects("pods", "").filter(|p| p["spec"]["nodeName"] == node.as_str()).collect();
        for (key, known) in k.known_pods() {
            if !there.iter().any(|p| p.key() == *key && p.uid() == known.uid()) {
                let mut gone = crate::components::added(&pods, known, self.now);
                gone.kind = client::ChangeKind::Deleted;
                changes.push(gone);
            }
        }
        changes.extend(there.iter().map(|p| crate::components::added(&pods, p, self.now)));
        for (resource, of) in [("services", None), ("nodes", Some(node.as_str()))] {
            let id = Str::new_static(resource);
            let all = self.api.objects(resource, "").filter(|o| of.is_none_or(|n| o.name() == n));
            changes.extend(all.map(|o| crate::components::added(&id, o, self.now)));
        }
        self.parts[part].inbox.clear();
        let now = self.now;
        for change in &changes {
            self.parts[part].tell(change, now);
        }
        self.kubelet_acts(part, |k, ctx| k.reconnected(ctx.now));
    }

    fn on_container(
        &mut self,
        pod: &Str,
        container: &Str,
        f: impl FnOnce(&mut kubelet::Kubelet, &Str, usize, &mut client::Ctx<'_>),
    ) -> Result<(), NoVictim> {
        let (namespace, name) = objects::meta::split_key(pod);
        let no_pod = || NoVictim::Pod(pod.clone());
        let node = self.object("pods", namespace, name).ok_or_else(no_pod)?["spec"]["nodeName"].to_str();
        let part = self.kubelet_part(&node).ok_or_else(no_pod)?;
        let i = self.parts[part].kubelet().and_then(|k| k.running_container(pod, container));
        let i = i.ok_or_else(|| NoVictim::Container(pod.clone(), container.clone()))?;
        self.kubelet_acts(part, |k, ctx| f(k, pod, i, ctx));
        Ok(())
    }

    fn on_component(
        &mut self,
        name: &Str,
        mut f: impl FnMut(&mut kubelet::Kubelet, &Str, usize, &mut client::Ctx<'_>),
    ) -> Result<(), NoVictim> {
        let label = if name == "coredns" { "kube-dns" } else { name.as_str() };
        let mut found = false;
        for part in 0..self.parts.len() {
            let Some(k) = self.parts[part].kubelet() else { continue };
            for key in k.pods_of(label) {
                found = true;
                self.kubelet_acts(part, |k, ctx| {
                    if let Some(i) = k.running_container(&key, "") {
                        f(k, &key, i, ctx);
                    }
                });
            }
        }
        if found { Ok(()) } else { Err(NoVictim::Component(name.clone())) }
    }

    /// A fault by chance: most often a container, sometimes a worker or a part of the cluster.
    fn draw(&mut self) -> Fault {
        let workers: Vec<Str> =
            self.config.nodes.iter().filter(|n| !n.control_plane).map(|n| n.name.clone()).collect();
        let pods: Vec<Str> = self
            .objects("pods")
            .filter(|p| p["status"]["phase"] == "Running" && p.namespace() != "kube-system")
            .map(Value::key)
            .collect();
        let pick = |list: &[Str], n: u64| list[(n % list.len() as u64) as usize].clone();
        let (sort, n) = (self.chance.below(6), self.chance.next_u64());
        match sort {
            0 if !workers.is_empty() => {
                let how = [NodeFault::Crashed, NodeFault::Hung, NodeFault::CutOff][(n % 3) as usize];
                Fault::Node(pick(&workers, n / 3), how)
            }
            1 => {
                const PARTS: [&str; 4] =
                    ["kube-scheduler", "kube-controller-manager", "kube-proxy", "coredns"];
                Fault::KillComponent(Str::new_static(PARTS[(n % 4) as usize]))
            }
            2 if !pods.is_empty() => {
                Fault::HangContainer { pod: pick(&pods, n), container: Str::default(), hung: true }
            }
            _ if !pods.is_empty() => {
                Fault::CrashContainer { pod: pick(&pods, n), container: Str::default(), code: 1 }
            }
            _ => Fault::KillComponent("kube-scheduler".into()),
        }
    }
}
