//! Process namespaces that containers have in common.
//!
//! Owns: who is in one with whom (`shareProcessNamespace`, a debugging container's `targetContainerName`, `hostPID`), which
//! numbers their processes get, and that they meet while one of them runs. Does not own: what a machine shows of others
//! (`containers`).
//!
//! Models NamespacesForPod of `pkg/kubelet/kuberuntime/util` and what the runtime makes of it. Pods that share nothing never come
//! here. Not modelled: signals to the pod's own process and to the node's daemons change nothing.

use client::Ctx;
use clock::Time;
use containers::container::Container as Inside;
use containers::fs::Cred;
use containers::machine::{Fellow, Parting, Seen, Signal, World};
use objects::Str;

use crate::container::{Container, Machine, State};
use crate::pod_worker::PodWorker;
use crate::{Kubelet, machines};

/// How many numbers the runtime uses up before a container's own process begins in a namespace that is there.
const RUNTIME_PIDS: u32 = 6;
/// The daemons of a node.
const DAEMONS: [(u32, &str); 3] = [
    (1, "/sbin/init"),
    (212, "/usr/local/bin/containerd"),
    (
        254,
        "/usr/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml",
    ),
];
/// Where the numbers of the node's containers begin, and how many each has.
const NODE_PIDS: u32 = 1_024;
const PIDS_EACH: u32 = 32;
const PLACES: u64 = 30_000;

/// A container's own process as the node numbers it.
pub(crate) fn on_node(id: &str) -> u32 {
    NODE_PIDS + (machines::seed(id) % PLACES) as u32 * PIDS_EACH
}

fn on_host(worker: &PodWorker) -> bool {
    worker.pod["spec"]["hostPID"].is_true()
}

/// The container whose namespace this one is in, within its pod; `None`: the one they all share.
fn home(worker: &PodWorker, i: usize) -> Option<usize> {
    if worker.pod["spec"]["shareProcessNamespace"].is_true() {
        return None;
    }
    let target = worker.containers[i].spec["targetContainerName"].text();
    let found = (!target.is_empty()).then(|| worker.containers.iter().position(|c| c.name() == target));
    Some(found.flatten().unwrap_or(i))
}

/// The others in a container's namespace that run, and have a machine.
fn others(worker: &PodWorker, i: usize) -> impl Iterator<Item = (usize, &Inside)> {
    let own = home(worker, i);
    let near = worker.containers.iter().enumerate().filter(move |(n, _)| *n != i && home(worker, *n) == own);
    near.filter_map(|(n, c)| Some((n, c.live().filter(|_| c.is_running())?)))
}

/// The next process of a container gets a number that nobody in its namespace has had.
pub(crate) fn agree(worker: &mut PodWorker, i: usize) {
    if on_host(worker) {
        return;
    }
    let next = others(worker, i).map(|(_, inside)| inside.machine().next_pid()).max();
    if let (Some(next), Some(inside)) = (next, worker.containers[i].live_mut()) {
        inside.machine_mut().skip_to(next);
    }
}

/// The process of the pod's sandbox, which is number 1 where the pod shares.
fn pause(pid: u32, worker: &PodWorker) -> Seen {
    Seen::standing(pid, vec!["/pause".into()], Cred::default(), worker.start_time)
}

/// What a container runs, by its image, where nothing has asked for its machine yet.
fn unasked(c: &Container, since: Time) -> Option<Seen> {
    let argv = c.image.as_ref()?.argv();
    Some(Seen::standing(on_node(&c.id), argv, Cred::default(), since))
}

impl Kubelet {
    /// The number of a container's own process; 1 where it has a namespace of its own. A debugging container's target gets
    /// its machine.
    #[inline(never)]
    pub(crate) fn first_pid(&mut self, key: &Str, i: usize, now: Time) -> u32 {
        let Some(worker) = self.pods.get_mut(key) else { return 1 };
        let Some(c) = worker.containers.get(i) else { return 1 };
        if !worker.shares_processes && !c.traits.joins {
            return 1;
        }
        worker.shares_processes = true;
        if on_host(worker) {
            return on_node(&worker.containers[i].id);
        }
        match home(worker, i) {
            Some(own) if own == i => return 1,
            Some(target) => drop(machines::wake(worker, target, &mut self.depot, &self.facts, now)),
            None => {}
        }
        // Where the pod shares, its sandbox is number 1.
        others(worker, i).map(|(_, inside)| inside.machine().next_pid()).max().unwrap_or(2) + RUNTIME_PIDS
    }

    /// Before a container runs: who else is in its namespace.
    #[inline(never)]
    pub(crate) fn meet(&mut self, key: &Str, i: usize) {
        let Some(worker) = self.pods.get(key) else { return };
        let fellows = if on_host(worker) {
            self.on_this_node(key, i)
        } else {
            let mut all: Vec<Fellow> = others(worker, i).map(|(n, c)| c.machine().fellow(n)).collect();
            if home(worker, i).is_none() {
                all.push(Fellow { key: usize::MAX, processes: vec![pause(1, worker)], fs: None });
            }
            all
        };
        let container = self.pods.get_mut(key).and_then(|w| w.containers.get_mut(i));
        if let Some(inside) = container.and_then(Container::live_mut) {
            inside.machine_mut().meet(fellows);
        }
    }

    /// The processes of a node, as its own namespace numbers them, but for those of one container.
    fn on_this_node(&self, key: &Str, i: usize) -> Vec<Fellow> {
        let mut all: Vec<Fellow> = Vec::new();
        let daemon = |(pid, line): (u32, &str)| {
            let argv = line.split(' ').map(str::to_owned).collect();
            Seen::standing(pid, argv, Cred::default(), Time::EPOCH)
        };
        let alone = |processes| Fellow { key: usize::MAX, processes, fs: None };
        all.push(alone(DAEMONS.map(daemon).to_vec()));
        for (name, worker) in self.pods.iter() {
            for (_, c) in worker.containers.iter().enumerate().filter(|(n, _)| (name, *n) != (key, i)) {
                let State::Running { since } = c.state else { continue };
                match &c.machine {
                    Machine::Live(live) => {
                        let mut fellow = live.get().machine().fellow(usize::MAX);
                        let first = live.get().machine().first();
                        let shift = on_node(&c.id) - if on_host(worker) { on_node(&c.id) } else { first };
                        for p in &mut fellow.processes {
                            p.pid += shift;
                            p.ppid = if p.ppid == 0 { 1 } else { p.ppid + shift };
                        }
                        all.push(fellow);
                    }
                    _ => all.push(alone(unasked(c, since).into_iter().collect())),
                }
            }
            if worker.sandbox_ready {
                let first = worker.containers.first().map_or(NODE_PIDS, |c| on_node(&c.id));
                all.push(alone(vec![pause(first - 1, worker)]));
            }
        }
        all
    }

    /// After it ran: what it did to the others.
    #[inline(never)]
    pub(crate) fn part(&mut self, key: &Str, i: usize, parting: Parting, now: Time) {
        for (n, root) in parting.written {
            let there = self.pods.get_mut(key).and_then(|w| w.containers.get_mut(n));
            if let Some(inside) = there.and_then(Container::live_mut) {
                inside.machine_mut().fs.tree.root = root;
            }
        }
        for (pid, signal) in parting.signals {
            let Some(worker) = self.pods.get_mut(key) else { return };
            if on_host(worker) {
                self.signal_on_node(pid, signal, now);
                continue;
            }
            let to = others(worker, i).find(|(_, c)| c.machine().is_alive(pid)).map(|(n, _)| n);
            if let Some(n) = to {
                self.signal_to(key, n, pid, signal, now);
            }
        }
    }

    /// With process 1 of a namespace all others in it end: those of debugging containers.
    #[inline(never)]
    pub(crate) fn end_namespace(&mut self, key: &Str, i: usize, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get(key).filter(|w| !on_host(w)) else { return };
        let all = 0..worker.containers.len();
        let inside = |n: &usize| *n != i && worker.containers[*n].is_running() && home(worker, *n) == Some(i);
        let doomed: Vec<usize> = all.filter(inside).collect();
        for n in doomed {
            let there = self.pods.get_mut(key).and_then(|w| w.containers.get_mut(n));
            if let Some(inside) = there.and_then(Container::live_mut) {
                inside.kill(&mut World { now: ctx.now, volumes: &mut self.depot.volumes });
            }
            self.ended(key, n, 128 + Signal::Kill.number(), "Error", ctx);
        }
    }

    fn signal_to(&mut self, key: &Str, n: usize, pid: u32, signal: Signal, now: Time) {
        let there = self.pods.get_mut(key).and_then(|w| w.containers.get_mut(n));
        if let Some(inside) = there.and_then(Container::live_mut) {
            inside.machine_mut().signal(pid, signal);
            self.poke(key, n, now);
        }
    }

    fn signal_on_node(&mut self, pid: u32, signal: Signal, now: Time) {
        let of = |c: &Container| {
            let place = on_node(&c.id);
            c.is_running() && (place..place + PIDS_EACH).contains(&pid)
        };
        let found =
            self.pods.iter().find_map(|(key, w)| Some((key.clone(), w.containers.iter().position(of)?)));
        let Some((key, n)) = found else { return };
        let Some(worker) = self.pods.get_mut(&key) else { return };
        let (place, host) = (on_node(&worker.containers[n].id), on_host(worker));
        let Some(inside) = machines::wake(worker, n, &mut self.depot, &self.facts, now) else { return };
        let inner = if host { pid } else { pid - place + inside.machine().first() };
        self.signal_to(&key, n, inner, signal, now);
    }
}
