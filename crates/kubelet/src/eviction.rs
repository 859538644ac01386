//! A node that runs short of memory or disk: what it tells, what it throws away, which pod it ends first.
//!
//! Owns: the signals, hard thresholds, node conditions, the order of victims, limits on a pod's local storage.
//! Does not own: the taints that follow (node lifecycle controller), how a pod is ended (ending.rs), counters (usage),
//! images thrown away before the disk is that full (image_gc).
//! Models `pkg/kubelet/eviction` as kubeadm leaves it: memory.available<100Mi, nodefs.available<10%,
//! imagefs.available<15%, looked at every 10 s, a condition that stays for 5 min. Images and pods share one disk. A node
//! is looked at only while something on it changes or is short. kubeadm sets no soft thresholds and no pid.available, so
//! neither is here. Not modelled: inodes, a disk for images of its own, ended containers thrown away for their space.

use client::{Ctx, EventType};
use clock::{Millis, Time};
use objects::quantity::{Format, Quantity};
use objects::requests::requested;
use objects::{Str, Value};
use ordered::Sort as _;

use crate::container::{Container, Kind};
use crate::pod_worker::PodWorker;
use crate::{Kubelet, Task, node_status, usage};

const MONITOR_MS: Millis = 10_000;
const TRANSITION_MS: Millis = 300_000;
pub(crate) const MEMORY_THRESHOLD: i64 = 100 << 20;
pub(crate) const NODE_DISK_PERCENT: i64 = 10;
/// nodefs.available and imagefs.available, in the order in which a message names the first that is met.
const DISK_PERCENTS: [i64; 2] = [NODE_DISK_PERCENT, 15];
/// From this share of the disk on a new image has it looked at.
const NOTABLE_DISK_PERCENT: i64 = 60;
/// What the operating system takes of a node's disk (estimate).
const SYSTEM_DISK: i64 = 6 << 30;
/// Above this many a priority is the system's own.
pub(crate) const CRITICAL: i64 = 2_000_000_000;

/// What a node is short of, with when that was last so.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pressure {
    pub(crate) memory: Option<Time>,
    pub(crate) disk: Option<Time>,
    /// A look is planned.
    planned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Resource {
    Memory,
    Disk,
}

impl Resource {
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Disk => "ephemeral-storage",
        }
    }
}

/// What one pod holds of a resource, and what it asked for.
struct Holder {
    key: Str,
    exceeds: bool,
    priority: i64,
    over: i64,
}

/// The threshold that a disk, all of it and what is free, has fallen below.
fn disk_threshold((capacity, free): (i64, i64)) -> Option<i64> {
    DISK_PERCENTS.into_iter().map(|p| capacity * p / 100).find(|least| free < *least)
}

fn binary(bytes: i64) -> String {
    Quantity::from_units(bytes, Format::Binary).canonical()
}

fn more_than_asked(what: &str, name: &str, used: i64, asked: &Quantity, of: Resource) -> String {
    format!(
        "{what} {name} was using {}Ki, request is {}, has larger consumption of {}. ",
        used >> 10,
        asked.canonical(),
        of.name()
    )
}

fn request(c: &Value, name: &str) -> Quantity {
    Quantity::of(&c["resources"]["requests"][name])
}

impl Kubelet {
    /// Something on the node has changed that may make it short of something.
    pub(crate) fn watch_pressure(&mut self, now: Time) {
        if !self.pressure.planned {
            self.pressure.planned = true;
            self.tasks.set(now + MONITOR_MS, Task::Pressure);
        }
    }

    /// Bytes of the disk, all of it and what is free.
    pub(crate) fn disk(&self, now: Time) -> (i64, i64) {
        let capacity = node_status::disk_bytes();
        let pods: i64 = self.pods.values().map(|w| self.pod_disk(w, now)).sum();
        (capacity, (capacity - self.disk_besides_pods().saturating_add(pods + self.own_disk())).max(0))
    }

    fn disk_besides_pods(&self) -> i64 {
        let filler = i64::try_from(self.disk_filler).unwrap_or(i64::MAX / 2);
        filler.saturating_add(SYSTEM_DISK + self.images.disk_bytes())
    }

    /// An image has come: a disk that is far from full is not looked at for it.
    pub(crate) fn image_came(&mut self, now: Time) {
        self.images_changed(now);
        if self.disk_besides_pods() > node_status::disk_bytes() / 100 * NOTABLE_DISK_PERCENT {
            self.watch_pressure(now);
        }
    }

    /// What was written to the node's own directories, through `hostPath` and local volumes.
    fn own_disk(&self) -> i64 {
        let tree = self.depot.known(&self.disk_name()).and_then(|id| self.depot.tree(id));
        tree.map_or(0, |t| i64::try_from(t.used).unwrap_or(i64::MAX / 4))
    }

    /// Bytes that a pod's processes wrote outside their containers, to the node's disk; whether anything limits them.
    pub(crate) fn written(&self, worker: &PodWorker) -> (u64, bool) {
        let (mut bytes, mut own, mut limited) = (0, false, false);
        for v in worker.pod["spec"]["volumes"].items() {
            bytes += self.empty_dir(worker, v);
            limited |= !v["emptyDir"]["sizeLimit"].is_null();
            own |= ["hostPath", "persistentVolumeClaim", "ephemeral"].iter().any(|k| v.find(k).is_some());
        }
        if own {
            bytes += self.own_disk();
        }
        (u64::try_from(bytes).unwrap_or(0), limited)
    }

    /// What a pod holds of the disk: its containers' own layers and logs, its empty directories.
    fn pod_disk(&self, worker: &PodWorker, now: Time) -> i64 {
        let own: i64 = worker.containers.iter().map(|c| container_disk(c, now)).sum();
        own + worker.pod["spec"]["volumes"].items().iter().map(|v| self.empty_dir(worker, v)).sum::<i64>()
    }

    fn empty_dir(&self, worker: &PodWorker, volume: &Value) -> i64 {
        if volume["emptyDir"].is_null() || volume["emptyDir"]["medium"] == "Memory" {
            return 0;
        }
        let mounted = worker.volumes.get(volume["name"].text());
        let tree = mounted.and_then(|m| self.depot.tree(m.volume));
        tree.map_or(0, |t| i64::try_from(t.used).unwrap_or(i64::MAX / 4))
    }

    /// Looks at the signals and does one thing about what is short.
    pub(crate) fn check_pressure(&mut self, ctx: &mut Ctx<'_>) {
        self.pressure.planned = false;
        let before = self.conditions();
        if self.check_local_limits(ctx) {
            // What that frees is seen at the next look.
            return self.watch_pressure(ctx.now);
        }
        let memory = Quantity::parse(&self.config.memory).map_or(0, |q| q.value());
        let free = memory - self.node_usage(ctx.now).memory_bytes;
        let disk = self.disk(ctx.now);
        self.plan_image_gc(disk, ctx.now);
        let mut short = None;
        if let Some(threshold) = disk_threshold(disk) {
            self.pressure.disk = Some(ctx.now);
            short = Some((Resource::Disk, threshold, disk.1));
        }
        if free < MEMORY_THRESHOLD {
            self.pressure.memory = Some(ctx.now);
            short = Some((Resource::Memory, MEMORY_THRESHOLD, free));
        }
        for since in [&mut self.pressure.memory, &mut self.pressure.disk] {
            if since.is_some_and(|t| ctx.now.since(t) >= TRANSITION_MS) {
                *since = None;
            }
        }
        if self.conditions() != before {
            self.report_node(false, ctx);
        }
        if let Some((resource, threshold, free)) = short {
            let node = self.node.clone();
            let text = format!("Attempting to reclaim {}", resource.name());
            self.recorder.event(ctx, &node, EventType::Warning, "EvictionThresholdMet", &text);
            // What the node can spare goes before any pod does.
            let helped = resource == Resource::Disk && {
                self.free_images(i64::MAX, ctx.now);
                disk_threshold(self.disk(ctx.now)).is_none()
            };
            if !helped {
                self.evict_one(resource, threshold, free, ctx);
            }
        }
        if !self.conditions().is_empty() || short.is_some() {
            self.watch_pressure(ctx.now);
        }
    }

    /// What the node is short of, as conditions name it.
    fn conditions(&self) -> Vec<&'static str> {
        let mut all = Vec::new();
        all.extend(self.pressure.memory.map(|_| "MemoryPressure"));
        all.extend(self.pressure.disk.map(|_| "DiskPressure"));
        all
    }

    /// Tells the server of a shortage that it does not know of, or more pods would be sent here only to be refused.
    pub(crate) fn tell_shortage(&mut self, ctx: &mut Ctx<'_>) {
        if self.conditions().iter().any(|c| !self.node.condition_true(c)) {
            self.report_node(false, ctx);
        }
    }

    /// Ends the pod that is to go first.
    fn evict_one(&mut self, resource: Resource, threshold: i64, free: i64, ctx: &mut Ctx<'_>) {
        let mut all: Vec<Holder> = Vec::new();
        for (key, worker) in self.pods.iter() {
            let priority = worker.pod["spec"]["priority"].int();
            let ends = worker.terminating || worker.is_done() || worker.fixed.is_some();
            if ends || priority >= CRITICAL || !worker.containers.iter().any(Container::is_running) {
                continue;
            }
            let used = match resource {
                Resource::Memory => worker.containers.iter().map(|c| memory(c, ctx.now)).sum::<i64>(),
                Resource::Disk => self.pod_disk(worker, ctx.now),
            };
            let asked = requested(&worker.pod["spec"], resource.name());
            all.push(Holder { key: key.clone(), exceeds: used > asked, priority, over: used - asked });
        }
        all.arrange_by(|a, b| {
            (!a.exceeds, a.priority, -a.over, &a.key).cmp(&(!b.exceeds, b.priority, -b.over, &b.key))
        });
        let Some(victim) = all.first().map(|h| h.key.clone()) else { return };
        let mut text = format!(
            "The node was low on resource: {}. Threshold quantity: {}, available: {}. ",
            resource.name(),
            binary(threshold),
            format_args!("{}Ki", free.max(0) >> 10)
        );
        let worker = &self.pods[&victim];
        let of_pod = worker.pod["spec"]["resources"]["requests"].find(resource.name());
        if let Some(asked) = of_pod.filter(|_| resource == Resource::Memory) {
            let used: i64 = worker.containers.iter().map(|c| memory(c, ctx.now)).sum();
            text.push_str(&more_than_asked("Pod", worker.pod.name(), used, &Quantity::of(asked), resource));
        }
        for c in worker.containers.iter().filter(|c| c.is_running() && c.kind != Kind::Ephemeral) {
            let used = match resource {
                Resource::Memory => memory(c, ctx.now),
                Resource::Disk => container_disk(c, ctx.now),
            };
            let asked = request(&c.spec, resource.name());
            if used > asked.value() {
                text.push_str(&more_than_asked("Container", c.name(), used, &asked, resource));
            }
        }
        self.evict(&victim, &text, true, ctx);
    }

    /// Ends pods that hold more of the disk than they may. Whether there were any.
    fn check_local_limits(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let mut victims: Vec<(Str, String)> = Vec::new();
        for (key, worker) in self.pods.iter() {
            if worker.terminating || worker.is_done() || worker.fixed.is_some() {
                continue;
            }
            if let Some(why) = self.over_limit(worker, ctx.now) {
                victims.push((key.clone(), why));
            }
        }
        for (key, why) in &victims {
            self.evict(key, why, false, ctx);
        }
        !victims.is_empty()
    }

    fn over_limit(&self, worker: &PodWorker, now: Time) -> Option<String> {
        for v in worker.pod["spec"]["volumes"].items() {
            let limit = &v["emptyDir"]["sizeLimit"];
            if !limit.is_null() && self.empty_dir(worker, v) > Quantity::of(limit).value() {
                let (name, limit) = (v["name"].text(), Quantity::of(limit).canonical());
                return Some(format!("Usage of EmptyDir volume \"{name}\" exceeds the limit \"{limit}\". "));
            }
        }
        let limit_of = |c: &Value| c["resources"]["limits"].find("ephemeral-storage").map(Quantity::of);
        let main = worker.pod["spec"]["containers"].items();
        let limits: Vec<Quantity> = main.iter().filter_map(limit_of).collect();
        if limits.len() == main.len() && !limits.is_empty() {
            let total: i64 = limits.iter().map(Quantity::value).sum();
            if self.pod_disk(worker, now) > total {
                let total = if let [one] = limits.as_slice() { one.canonical() } else { binary(total) };
                return Some(format!(
                    "Pod ephemeral local storage usage exceeds the total limit of containers {total}. "
                ));
            }
        }
        worker.containers.iter().find_map(|c| {
            let limit = limit_of(&c.spec)?;
            (container_disk(c, now) > limit.value()).then(|| {
                format!(
                    "Container {} exceeded its local ephemeral storage limit \"{}\". ",
                    c.name(),
                    limit.canonical()
                )
            })
        })
    }

    /// Fails a pod and ends its containers within a second.
    fn evict(&mut self, key: &Str, message: &str, by_pressure: bool, ctx: &mut Ctx<'_>) {
        self.act_as_self(ctx);
        let Some(worker) = self.pods.get_mut(key) else { return };
        worker.failed = Some(Box::new(("Evicted", message.into())));
        worker.disrupted = by_pressure;
        for c in &mut worker.containers {
            c.busy = false;
        }
        let pod = worker.pod.clone();
        self.recorder.event(ctx, &pod, EventType::Warning, "Evicted", message);
        self.stop_in_order(key, 1_000, ctx);
        self.sync_by(key, ctx.now);
    }

    /// Why a pod that has just been bound can't begin here.
    pub(crate) fn refusal(&self, pod: &Value) -> Option<String> {
        let all = self.conditions();
        if all.is_empty()
            || pod["spec"]["priority"].int() >= CRITICAL
            || !pod.annotations()[crate::static_pods::MIRROR].is_null()
        {
            return None;
        }
        if all == ["MemoryPressure"] {
            let tolerates = pod["spec"]["tolerations"].items().iter().any(|t| {
                let key = t["key"].text();
                key.is_empty() || key == "node.kubernetes.io/memory-pressure"
            });
            if pod["status"]["qosClass"] != "BestEffort" || tolerates {
                return None;
            }
        }
        Some(format!("The node had condition: [{}]. ", all.join(" ")))
    }
}

fn memory(c: &Container, now: Time) -> i64 {
    if c.is_running() { i64::try_from(usage::of(c, now).memory_bytes).unwrap_or(i64::MAX / 4) } else { 0 }
}

fn container_disk(c: &Container, now: Time) -> i64 {
    i64::try_from(usage::of(c, now).disk_bytes).unwrap_or(i64::MAX / 4)
}
