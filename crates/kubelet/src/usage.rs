//! What containers use of their node: CPU in thousandths of a core and memory in bytes, over virtual time.
//!
//! Owns: how a node's cores are shared among those that want them, the load that requests lay on containers, limits on
//! memory (`OOMKilled`, 137), and the summary others read: the metrics pipeline and eviction.
//! Does not own: what an image or a process wants and counts (containers), how much work requests bring (the
//! cluster's load).
//!
//! Models cAdvisor's counters behind `/metrics/resource` (`pkg/kubelet/stats`) and the kernel's CFS quota and shares:
//! usage flows at a constant rate between two looks, so the cost is that of looking, never of time.
//! Not modelled: page cache, swap, pod-level cgroups beyond their limit standing in for a missing one.

use std::collections::VecDeque;

use clock::{Millis, Time};
use containers::images::PLAIN_APPETITE;
use containers::machine::Usage;
use objects::quantity::Quantity;
use objects::{Str, Value};

use crate::container::{Container, Kind, Machine, State};
use crate::pod_worker::Work;
use crate::rare::{Plain, Rare};
use crate::{Kubelet, Task};

/// What the node itself uses: its kubelet, container runtime and operating system (estimates).
const SYSTEM_CPU: i64 = 45;
const SYSTEM_MEMORY: i64 = 380 << 20;
/// How long a program takes to fill the memory it needs to stand idle (estimate).
const FILL_MS: Millis = 600;
/// The share of a container without a request (upstream: 2 of 1024).
const MINIMUM_SHARE: i64 = 2;
/// Who wants less than this changes nobody's share worth mentioning.
const NOTABLE_MILLIS: i64 = 100;
/// Who holds so much more or less may make the node short of it.
const NOTABLE_BYTES: i64 = 4 << 20;

/// Work that requests bring to a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    pub cpu_millis: i64,
    pub memory_bytes: i64,
}

/// What became of a pod's load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Thousandths of a core that the load got.
    pub granted_millis: i64,
    /// The most it could get at once, by its limit and what others leave of the node.
    pub ceiling_millis: i64,
}

/// What is kept of a container besides the counters of its machine.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    load: Load,
    /// The load was counted up to here.
    at: Time,
    /// Millionths of a second of one core that the load has got.
    load_us: i64,
    /// What flows now: to all of the container, and to its load.
    granted: i64,
    load_granted: i64,
    /// What its processes wanted when they last ran.
    seen: i64,
    /// Memory and disk they held when that was last worth mentioning.
    held: i64,
    disk: u64,
    /// Thousandths of a core; `i64::MAX` without a limit.
    cpu_limit: i64,
    cpu_request: i64,
    memory_limit: i64,
}

impl Plain for Meter {
    const PLAIN: &'static Self = &Self {
        load: Load { cpu_millis: 0, memory_bytes: 0 },
        at: Time(0),
        load_us: 0,
        granted: 0,
        load_granted: 0,
        seen: 0,
        held: 0,
        disk: 0,
        cpu_limit: i64::MAX,
        cpu_request: 0,
        memory_limit: i64::MAX,
    };
}

impl Default for Meter {
    fn default() -> Self {
        Self::PLAIN.clone()
    }
}

impl Meter {
    /// Counts what the load has got since the last look.
    fn count(&mut self, now: Time) {
        // A thousandth of a core for a millisecond is a microsecond of a core.
        self.load_us += self.load_granted * now.since(self.at).max(0);
        self.at = self.at.max(now);
    }
}

impl Rare<Meter> {
    /// Takes what the definition of the container and its pod as a whole have of resources.
    fn set_limits(&mut self, spec: &Value, whole: &Value) {
        let of = |kind: &str, name: &str| {
            let own = &spec["resources"][kind][name];
            let q = if own.is_null() { &whole[kind][name] } else { own };
            (!q.is_null()).then(|| Quantity::of(q))
        };
        let cpu_limit = of("limits", "cpu").map_or(i64::MAX, |q| q.milli_value().max(1));
        let cpu_request = of("requests", "cpu").map_or(0, |q| q.milli_value());
        let memory_limit = of("limits", "memory").map_or(i64::MAX, |q| q.value());
        if (cpu_limit, cpu_request, memory_limit) != (self.cpu_limit, self.cpu_request, self.memory_limit) {
            (self.cpu_limit, self.cpu_request, self.memory_limit) = (cpu_limit, cpu_request, memory_limit);
        }
    }
}

/// The counters of a container without its load.
fn own_usage(c: &Container, now: Time) -> Usage {
    match (&c.machine, &c.state) {
        (Machine::Live(live), _) => live.get().usage(now),
        (Machine::Lazy(_), State::Running { since }) => {
            c.image.as_ref().map_or(PLAIN_APPETITE, |i| i.appetite()).idle(now.since(*since))
        }
        _ => Usage::default(),
    }
}

/// Thousandths of a core that a container's processes want.
fn own_demand(c: &Container) -> i64 {
    match &c.machine {
        Machine::Live(live) => i64::try_from(live.get().machine().demand_millis()).unwrap_or(i64::MAX / 4),
        Machine::Lazy(_) => {
            let image = c.image.as_ref().and_then(|i| i.image);
            i64::from(image.map_or(PLAIN_APPETITE, containers::images::Image::appetite).idle_millis)
        }
        Machine::Absent => 0,
    }
}

fn own_memory(c: &Container, now: Time) -> i64 {
    i64::try_from(own_usage(c, now).memory_bytes).unwrap_or(i64::MAX / 4)
}

/// The counters of a container, with the work that load has brought.
pub(crate) fn of(c: &Container, now: Time) -> Usage {
    let mut usage = own_usage(c, now);
    if c.is_running() {
        let load = c.meter.load_us + c.meter.load_granted * now.since(c.meter.at).max(0);
        usage.cpu_us += u64::try_from(load).unwrap_or(0);
        usage.memory_bytes += u64::try_from(c.meter.load.memory_bytes).unwrap_or(0);
    }
    usage
}

/// What one container uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerUsage {
    pub name: Str,
    pub since: Time,
    /// Millionths of a second of one core, since its start.
    pub cpu_us: i64,
    /// Thousandths of a core at this instant.
    pub cpu_millis: i64,
    /// The working set.
    pub memory_bytes: i64,
}

/// What one pod uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodUsage {
    /// `namespace/name`
    pub pod: Str,
    pub uid: Str,
    pub containers: Vec<ContainerUsage>,
}

impl PodUsage {
    #[must_use]
    pub fn memory_bytes(&self) -> i64 {
        self.containers.iter().map(|c| c.memory_bytes).sum()
    }

    #[must_use]
    pub fn cpu_millis(&self) -> i64 {
        self.containers.iter().map(|c| c.cpu_millis).sum()
    }
}

/// What a node uses, with its pods in key order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeUsage {
    /// Thousandths of a core that the node itself uses.
    pub system_millis: i64,
    pub cpu_us: i64,
    pub cpu_millis: i64,
    pub memory_bytes: i64,
    pub pods: Vec<PodUsage>,
}

/// How `capacity` is shared among those that want some of it: each by its weight, none beyond what it wants, what one
/// leaves goes to the others. (weight, wanted)
#[must_use]
pub fn share(wants: &[(i64, i64)], capacity: i64) -> Vec<i64> {
    let mut granted = vec![0; wants.len()];
    let mut left = capacity.max(0);
    let mut open: VecDeque<usize> = (0..wants.len()).filter(|i| wants[*i].1 > 0).collect();
    if wants.iter().map(|(_, w)| *w).sum::<i64>() <= left {
        return wants.iter().map(|(_, w)| (*w).max(0)).collect();
    }
    // Each round satisfies somebody for good, or is the last one.
    while !open.is_empty() {
        let weights: i64 = open.iter().map(|i| wants[*i].0.max(1)).sum();
        let fair = |i: usize| left * wants[i].0.max(1) / weights;
        let content: Vec<usize> = open.iter().copied().filter(|i| wants[*i].1 <= fair(*i)).collect();
        if content.is_empty() {
            for i in &open {
                granted[*i] = fair(*i);
            }
            break;
        }
        for i in &content {
            granted[*i] = wants[*i].1;
            left -= wants[*i].1;
        }
        open.retain(|i| !content.contains(i));
    }
    granted
}

fn is_running(c: &Container) -> bool {
    matches!(c.state, State::Running { .. })
}

impl Kubelet {
    /// The running containers of a pod (`namespace/name`), each with its counters since its start.
    #[must_use]
    pub fn usage(&self, pod: &str, now: Time) -> Vec<(Str, Usage)> {
        let Some(worker) = self.pods.get(pod) else { return Vec::new() };
        let running = worker.containers.iter().filter(|c| c.is_running());
        running.map(|c| (Str::from(c.name()), of(c, now))).collect()
    }

    /// A container has been started: its counters begin.
    pub(crate) fn begin_meter(&mut self, key: &Str, i: usize, now: Time) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let whole = worker.whole.clone();
        let Some(c) = worker.containers.get_mut(i) else { return };
        // Load is counted from when there is any.
        let mut meter: Rare<Meter> = Rare::default();
        let small = matches!(c.machine, Machine::Lazy(_));
        // What asks for nothing may have all there is, as a new meter says.
        if !c.spec["resources"].is_zero() || !whole.is_zero() {
            meter.set_limits(&c.spec, &whole);
        }
        c.meter = meter;
        if own_memory(c, now + FILL_MS) > c.meter.memory_limit {
            self.tasks.set(now + FILL_MS, Task::Pod(key.clone(), Work::OutOfMemory(i, c.starts)));
        }
        if !small {
            self.watch_pressure(now);
        }
    }

    /// A container's processes have run for a slice: what they want and hold may have changed.
    pub(crate) fn ran(&mut self, key: &Str, i: usize, now: Time) {
        let Some((written, limited)) = self.pods.get(key).map(|w| self.written(w)) else { return };
        let Some(c) = self.pods.get_mut(key).and_then(|w| w.containers.get_mut(i)) else { return };
        let wanted = own_demand(c);
        let notable = (wanted - c.meter.seen).abs() >= NOTABLE_MILLIS;
        c.meter.seen = wanted;
        let held = own_memory(c, now);
        let disk = own_usage(c, now).disk_bytes + written;
        // Of who has a limit on what they write every byte counts.
        let least = if limited { 1 } else { NOTABLE_BYTES as u64 };
        let grown = (held - c.meter.held).abs() >= NOTABLE_BYTES || disk >= c.meter.disk + least;
        if grown {
            (c.meter.held, c.meter.disk) = (held, disk);
        }
        if own_memory(c, now).saturating_add(c.meter.load.memory_bytes) > c.meter.memory_limit {
            self.tasks.set(now, Task::Pod(key.clone(), Work::OutOfMemory(i, c.starts)));
        }
        if grown {
            self.watch_pressure(now);
        }
        if notable {
            self.rebalance(now);
        }
    }

    /// Thousandths of a core that the node has for its pods.
    fn cores(&self) -> i64 {
        Quantity::parse(&self.config.cpu).map_or(1000, |q| q.milli_value()) - SYSTEM_CPU
    }

    /// Shares the node's cores anew, and ends containers that hold more memory than they may.
    pub(crate) fn rebalance(&mut self, now: Time) {
        let cores = self.cores().max(1);
        let running = self.pods.values().flat_map(|w| w.containers.iter().filter(|c| is_running(c)));
        let wants: Vec<(i64, i64)> = running
            .map(|c| {
                let weight = c.meter.cpu_request.clamp(MINIMUM_SHARE, 1 << 24);
                (weight, (own_demand(c) + c.meter.load.cpu_millis).min(c.meter.cpu_limit))
            })
            .collect();
        let mut granted = share(&wants, cores).into_iter();
        let mut full = Vec::new();
        for (key, worker) in self.pods.iter_mut() {
            for (i, c) in worker.containers.iter_mut().enumerate().filter(|(_, c)| is_running(c)) {
                let own = own_demand(c);
                let m = &mut c.meter;
                m.count(now);
                m.granted = granted.next().unwrap_or(0);
                let all = own + m.load.cpu_millis;
                m.load_granted = if all > 0 { m.granted * m.load.cpu_millis / all } else { 0 };
                let room = if all > m.granted { m.granted - m.load_granted } else { m.cpu_limit.min(cores) };
                let room = u32::try_from(room.max(1)).unwrap_or(u32::MAX);
                if let Machine::Live(live) = &mut c.machine
                    && live.get().machine().cpu_limit_millis != Some(room)
                {
                    live.get_mut().machine_mut().set_cpu_limit(now, Some(room));
                }
                if own_memory(c, now).saturating_add(c.meter.load.memory_bytes) > c.meter.memory_limit {
                    full.push((key.clone(), i, c.starts));
                }
            }
        }
        for (key, i, start) in full {
            self.tasks.set(now, Task::Pod(key, Work::OutOfMemory(i, start)));
        }
    }

    /// A resize or another change of the definition: limits are read anew.
    pub(crate) fn limits_changed(&mut self, key: &Str, now: Time) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        for c in &mut worker.containers {
            c.meter.set_limits(&c.spec, &worker.whole);
        }
        self.rebalance(now);
    }

    /// Lays load on pods of this node by `namespace/name`, to the container that listens on the port (else the first).
    /// What became of each, in the same order; `None`: no such pod runs here.
    pub fn set_loads(&mut self, loads: &[(Str, i64, Load)], now: Time) -> Vec<Option<Served>> {
        let mut places = Vec::with_capacity(loads.len());
        for (key, port, load) in loads {
            let place = self.pods.get_mut(key).and_then(|w| {
                let listens =
                    |c: &Container| c.spec["ports"].items().iter().any(|p| p["containerPort"].int() == *port);
                let mains = || w.containers.iter().enumerate().filter(|(_, c)| c.kind == Kind::Main);
                let (i, _) = mains().find(|(_, c)| listens(c)).or_else(|| mains().next())?;
                let c = &mut w.containers[i];
                c.is_running().then(|| {
                    c.meter.count(now);
                    c.meter.load = *load;
                    i
                })
            });
            places.push(place);
        }
        self.rebalance(now);
        self.watch_pressure(now);
        let all = self.pods.values().flat_map(|w| w.containers.iter().filter(|c| is_running(c)));
        let free = (self.cores() - all.map(|c| c.meter.granted).sum::<i64>()).max(0);
        let served = |(place, (key, ..)): (Option<usize>, &(Str, i64, Load))| {
            let m = &self.pods.get(key)?.containers.get(place?)?.meter;
            let spare = m.cpu_limit.saturating_sub(m.granted).min(free).max(0);
            Some(Served { granted_millis: m.load_granted, ceiling_millis: m.load_granted + spare })
        };
        places.into_iter().zip(loads).map(served).collect()
    }

    /// What the node and each of its pods use now. Looks at every pod of the node once.
    #[must_use]
    pub fn node_usage(&self, now: Time) -> NodeUsage {
        let (cpu, memory) = (SYSTEM_CPU, SYSTEM_MEMORY);
        let mut node = NodeUsage {
            system_millis: cpu,
            cpu_us: cpu * now.since(Time::EPOCH),
            cpu_millis: cpu,
            memory_bytes: memory,
            pods: Vec::new(),
        };
        for (key, worker) in self.pods.iter() {
            let mut containers = Vec::new();
            for c in &worker.containers {
                let State::Running { since } = c.state else { continue };
                let usage = of(c, now);
                // Shares are worked out when somebody's wants change by much.
                let flow = own_demand(c).min(c.meter.cpu_limit);
                let used = ContainerUsage {
                    name: c.spec["name"].to_str(),
                    since,
                    cpu_us: i64::try_from(usage.cpu_us).unwrap_or(i64::MAX),
                    cpu_millis: if c.meter.granted > 0 { c.meter.granted } else { flow },
                    memory_bytes: i64::try_from(usage.memory_bytes).unwrap_or(i64::MAX),
                };
                node.cpu_us = node.cpu_us.saturating_add(used.cpu_us);
                node.cpu_millis += used.cpu_millis;
                node.memory_bytes = node.memory_bytes.saturating_add(used.memory_bytes);
                containers.push(used);
            }
            if !containers.is_empty() {
                node.pods.push(PodUsage { pod: key.clone(), uid: worker.uid().into(), containers });
            }
        }
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_shared_by_weight_and_none_gets_more_than_it_wants() {
        type Row = (&'static [(i64, i64)], i64, &'static [i64]);
        let table: [Row; 5] = [
            (&[(100, 50), (100, 60)], 1000, &[50, 60]),
            (&[(100, 900), (100, 900)], 1000, &[500, 500]),
            (&[(100, 900), (300, 900)], 1000, &[250, 750]),
            (&[(100, 100), (100, 2000), (100, 2000)], 1000, &[100, 450, 450]),
            (&[(2, 1000), (1000, 0)], 600, &[600, 0]),
        ];
        for (wants, capacity, granted) in table {
            assert_eq!(share(wants, capacity), granted, "{wants:?}");
        }
    }

    #[test]
    fn what_load_gets_is_counted_to_the_microsecond() {
        let mut m = Meter { load_granted: 250, ..Meter::default() };
        m.count(Time(4_000));
        m.count(Time(4_000));
        assert_eq!(m.load_us, 1_000_000);
    }
}
