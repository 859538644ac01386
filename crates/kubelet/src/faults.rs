//! What a node suffers on purpose, and how its kubelet goes on afterwards.
//!
//! Owns: crashing and hanging containers, a full disk, losing power and starting again, a kubelet that is stopped, being
//! connected again.
//! Models what `pkg/kubelet` does at its start: pods it finds bound are begun anew with the restarts they had.

use client::{Ctx, EventType};
use clock::Time;
use containers::machine::Signal;
use objects::{Str, Value};

use crate::container::{Ended, Kind, Machine, State};
use crate::pod_worker::{PodWorker, Work};
use crate::{Kubelet, Task};
use containers::machine::World;

impl Kubelet {
    /// The pods this kubelet has, by key.
    pub fn known_pods(&self) -> impl Iterator<Item = (&Str, &Value)> {
        self.pods.iter().map(|(k, w)| (k, &w.pod))
    }

    /// Whether a container of the pod with this uid runs here.
    #[must_use]
    pub fn runs(&self, uid: &str) -> bool {
        self.pods.values().any(|w| w.uid() == uid && w.containers.iter().any(|c| c.is_running()))
    }

    /// The pods that run a part of the cluster.
    #[must_use]
    pub fn pods_of(&self, component: &str) -> Vec<Str> {
        let of = |w: &PodWorker| {
            w.component.as_ref().is_some_and(|name| **name == component)
                || w.pod.labels()["k8s-app"] == component
        };
        self.pods
            .iter()
            .filter(|(_, w)| w.pod.namespace() == "kube-system" && of(w))
            .map(|(k, _)| k.clone())
            .collect()
    }

    /// The place of a running container; of the first one that runs when `name` is empty.
    #[must_use]
    pub fn running_container(&self, pod: &str, name: &str) -> Option<usize> {
        let all = &self.pods.get(pod)?.containers;
        let main = all.iter().position(|c| c.is_running() && c.kind == Kind::Main);
        if name.is_empty() {
            return main.or_else(|| all.iter().position(|c| c.is_running()));
        }
        all.iter().position(|c| c.is_running() && c.name() == name)
    }

    /// A container's main process ends.
    pub fn crash(&mut self, key: &Str, i: usize, code: i32, ctx: &mut Ctx<'_>) {
        self.act_as_self(ctx);
        let Some(c) = self.pods.get_mut(key).and_then(|w| w.containers.get_mut(i)) else { return };
        if !c.is_running() {
            return;
        }
        if let Machine::Live(live) = &mut c.machine {
            let mut world = World { now: ctx.now, volumes: &mut self.depot.volumes };
            live.get_mut().signal(Signal::Kill, &mut world);
        }
        self.ended(key, i, code, if code == 0 { "Completed" } else { "Error" }, ctx);
    }

    /// A container's processes stand still, or go on.
    pub fn hang(&mut self, key: &Str, i: usize, hung: bool, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let Some(c) = worker.containers.get_mut(i).filter(|c| c.hung != hung) else { return };
        c.hung = hung;
        if let Some(name) = &worker.component {
            self.components.push((Str::clone(name), !hung));
        }
        self.wake_probes(key, i, ctx.now);
        if !hung {
            self.poke(key, i, ctx.now);
        }
    }

    /// Running containers that stand still: their pods (`namespace/name`) and names.
    pub fn standing_still(&self) -> impl Iterator<Item = (&Str, &str)> {
        self.pods.iter().flat_map(|(key, worker)| {
            let still = worker.containers.iter().filter(|c| c.hung && c.is_running());
            still.map(move |c| (key, c.name()))
        })
    }

    /// Bytes of the disk that are taken by what is no pod.
    #[must_use]
    pub fn disk_taken(&self) -> u64 {
        self.disk_filler
    }

    /// A part of the cluster in this node's pods is not well: its probes say so.
    pub fn set_unwell(&mut self, component: &'static str, unwell: bool, now: Time) {
        if unwell == self.unwell.contains(component) {
            return;
        }
        for key in self.pods_of(component) {
            let count = self.pods.get(&key).map_or(0, |w| w.containers.len());
            for i in 0..count {
                self.wake_probes(&key, i, now);
            }
        }
        if unwell {
            self.unwell.insert(component.into());
        } else {
            self.unwell.remove(component);
        }
    }

    /// So much of the disk is taken by what is no pod.
    pub fn fill_disk(&mut self, bytes: u64, now: Time) {
        self.disk_filler = bytes;
        self.watch_pressure(now);
    }

    /// All that runs on the node ends at once. The parts of the cluster among it.
    pub fn lose_power(&mut self) -> Vec<(Str, bool)> {
        let gone = self
            .pods
            .values()
            .filter_map(|w| w.component.as_deref())
            .map(|name| (name.clone(), false))
            .collect();
        self.pods.clear();
        self.addresses.clear();
        self.calls.clear();
        self.outsiders.clear();
        self.components.clear();
        self.seen_manifests = None;
        self.pressure = crate::eviction::Pressure::default();
        self.image_gc = crate::image_gc::ImageGc::default();
        self.images_untold = false;
        self.tasks = clock::Timers::default();
        (self.lease_timer, self.report_timer) = (None, None);
        self.stopped = None;
        gone
    }

    /// The node starts again: its kubelet registers and reads the disk; what is bound to it comes with the watch.
    pub fn power_on(&mut self, ctx: &mut Ctx<'_>) {
        self.act_as_self(ctx);
        self.boots += 1;
        self.begin_anew(ctx);
        let node = self.node.clone();
        if self.disk_filler > 0 {
            self.watch_pressure(ctx.now);
        }
        if !node.is_null() {
            let text = format!("Node {} has been rebooted, boot id: {}", self.config.node, self.boot_id());
            self.recorder.event(ctx, &node, EventType::Warning, "Rebooted", &text);
        }
        self.sync_manifests(true, ctx);
    }

    /// The kubelet is stopped; what runs on the node runs on, and nobody looks after it.
    pub fn stop_kubelet(&mut self, now: Time) {
        if self.stopped.is_none() {
            self.stopped = Some(Vec::new());
            self.since = now;
        }
    }

    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// Since when it runs, or is stopped.
    #[must_use]
    pub fn since(&self) -> Time {
        self.since
    }

    /// A stopped kubelet starts again: it registers and does what fell due meanwhile.
    pub fn start_kubelet(&mut self, ctx: &mut Ctx<'_>) {
        let Some(waiting) = self.stopped.take() else { return };
        self.act_as_self(ctx);
        for task in waiting {
            self.tasks.set(ctx.now, task);
        }
        self.begin_anew(ctx);
        self.tasks.set(ctx.now, Task::Manifests(false));
    }

    fn begin_anew(&mut self, ctx: &mut Ctx<'_>) {
        self.registered = false;
        self.register(ctx);
        self.tell_enforced(ctx);
    }

    /// The API server can be reached again: what could not be told is told.
    pub fn reconnected(&mut self, now: Time) {
        self.tasks.set(now, Task::RenewLease(false));
        self.tasks.set(now, Task::ReportNode(false));
        for (key, worker) in self.pods.iter() {
            let work = if worker.removing { Work::Remove } else { Work::Report };
            self.tasks.set(now, Task::Pod(key.clone(), work));
        }
    }
}

/// Goes on from what the status says of containers that have ended with their node.
pub(crate) fn resume(worker: &mut PodWorker, now: Time) {
    let status = worker.pod["status"].clone();
    if status["phase"] == "Succeeded" || status["phase"] == "Failed" {
        return;
    }
    for c in &mut worker.containers {
        let list = match c.kind {
            Kind::Main => "containerStatuses",
            Kind::Init | Kind::Sidecar => "initContainerStatuses",
            Kind::Ephemeral => "ephemeralContainerStatuses",
        };
        let Some(old) = status[list].items().iter().find(|s| s["name"] == c.spec["name"]) else { continue };
        let id = old["containerID"].to_str();
        if id.is_empty() {
            continue;
        }
        c.starts = u32::try_from(old["restartCount"].int() + 1).unwrap_or(1);
        c.past = c.starts;
        let was = old["state"]["running"].find("startedAt").or(old["state"]["terminated"].find("startedAt"));
        let ended = Box::new(Ended {
            code: 255,
            reason: "Unknown",
            message: String::new(),
            started: was.and_then(Value::time).unwrap_or(now),
            finished: now,
            id,
        });
        match c.kind {
            // A new sandbox has its init containers run again.
            Kind::Init | Kind::Sidecar => c.last = Some(ended),
            Kind::Main | Kind::Ephemeral => c.state = State::Ended(ended),
        }
    }
}
