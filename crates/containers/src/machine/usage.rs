//! What a machine takes of its node: CPU time, memory, disk.
//!
//! Owns: the counters, and how loads and bursts of work become CPU time. Does not own: limits and what follows from
//! them (kubelet), the rates that people read (metrics).
//! CPU time is virtual: a process that steps burns a core, an idle server burns what its image states, a request
//! costs what its server states. All of it is counted at most at the machine's limit.

use clock::{Millis, Time};

use super::{Machine, Outcome, Pid, Sys, Task};

/// CPU time of one step, in nanoseconds: a slice of 4,000 steps stands for 10 ms of one core (estimate).
const STEP_NS: u64 = 2_500;
/// Cores a machine without a limit has at most (estimate).
const CORES_MILLIS: u64 = 2_000;
/// CPU time that may wait to be worked off: a server drops what comes beyond (estimate).
const BACKLOG_US: u64 = 2_000_000;
/// Resident memory of a shell and of a small program (estimate).
const SHELL_BYTES: u64 = 900 << 10;
const PROGRAM_BYTES: u64 = 500 << 10;

/// Counters of a machine. CPU and written bytes only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time used since the start, in microseconds.
    pub cpu_us: u64,
    /// Memory held now: resident bytes of all processes.
    pub memory_bytes: u64,
    /// Bytes that its own layer of the disk holds now.
    pub disk_bytes: u64,
    /// Bytes written to files since the start.
    pub written_bytes: u64,
}

/// The node a machine stands on, as its programs see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeSize {
    pub memory_bytes: u64,
    pub cpus: u32,
    /// The container's own limit, in bytes.
    pub memory_limit: Option<u64>,
}

impl Default for NodeSize {
    fn default() -> Self {
        Self { memory_bytes: 4 << 30, cpus: 2, memory_limit: None }
    }
}

/// What an image's server takes when left alone, and what each request adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appetite {
    /// Thousandths of a core while it waits for requests.
    pub idle_millis: u32,
    /// Thousandths of a core while it starts.
    pub start_millis: u32,
    /// From start to listening.
    pub start_ms: u32,
    pub memory_bytes: u64,
    /// CPU time of one request, in microseconds.
    pub request_us: u32,
    /// Memory that a request adds until the server rests.
    pub request_bytes: u32,
}

impl Appetite {
    /// The counters of a server that has had no request since it began `age` ago.
    #[must_use]
    pub fn idle(&self, age: Millis) -> Usage {
        let age = u64::try_from(age).unwrap_or(0);
        let starting = age.min(u64::from(self.start_ms));
        Usage {
            cpu_us: starting * u64::from(self.start_millis) + (age - starting) * u64::from(self.idle_millis),
            memory_bytes: self.memory_bytes,
            ..Usage::default()
        }
    }
}

/// The meter of a machine.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    cpu_ns: u64,
    /// Up to when loads were counted.
    counted: Time,
    /// The last slice did not finish its work: it goes on burning until the next.
    busy: bool,
    /// Work done by bursts and not yet paid for, in microseconds.
    owed_us: u64,
    pub(super) written: u64,
    hoarder: Option<Box<(String, Pid)>>,
}

/// What a process holds beside its steps.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    pub(super) millis: u32,
    /// `None`: what its kind usually holds.
    pub(super) memory: Option<u64>,
}

impl Machine {
    pub(super) fn meter_began(&mut self, now: Time) {
        self.meter.counted = now;
    }

    fn limit_millis(&self) -> u64 {
        self.cpu_limit_millis.map_or(CORES_MILLIS, u64::from).max(1)
    }

    /// CPU time between the last count and `now`, in nanoseconds, and what is owed after it.
    fn since(&self, now: Time) -> (u64, u64) {
        let elapsed = u64::try_from(now.since(self.meter.counted)).unwrap_or(0);
        let loads: u64 =
            self.procs.values().filter(|p| p.exit.is_none()).map(|p| u64::from(p.load.millis)).sum();
        let busy = if self.meter.busy { 1000 } else { 0 };
        let limit = self.limit_millis();
        let steady = (loads + busy).min(limit);
        // A thousandth of a core is a microsecond a millisecond.
        let room_us = (limit - steady) * elapsed;
        let paid = self.meter.owed_us.min(room_us);
        ((steady * elapsed + paid) * 1000, self.meter.owed_us - paid)
    }

    /// Counts what has gone on until now.
    pub(super) fn count(&mut self) {
        let (ns, owed) = self.since(self.now);
        self.meter.cpu_ns += ns;
        self.meter.owed_us = owed;
        self.meter.counted = self.now.max(self.meter.counted);
    }

    /// Counts a slice that took `steps`.
    pub(super) fn count_slice(&mut self, steps: u32, outcome: Outcome) {
        self.meter.busy = outcome == Outcome::Running;
        if !self.meter.busy {
            self.meter.cpu_ns += u64::from(steps) * STEP_NS;
        }
    }

    /// Thousandths of a core that its processes would use if nothing held them up.
    #[must_use]
    pub fn demand_millis(&self) -> u64 {
        let loads: u64 =
            self.procs.values().filter(|p| p.exit.is_none()).map(|p| u64::from(p.load.millis)).sum();
        loads + if self.meter.busy { 1000 } else { 0 }
    }

    /// From `now` on it may use so many thousandths of a core. What it has used before stays.
    pub fn set_cpu_limit(&mut self, now: Time, millis: Option<u32>) {
        self.now = self.now.max(now);
        self.count();
        self.cpu_limit_millis = millis;
    }

    /// Memory of all processes, in bytes.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let of = |p: &super::Proc| {
            p.load.memory.unwrap_or(match p.task {
                Some(Task::Shell(_)) => SHELL_BYTES,
                _ => PROGRAM_BYTES,
            })
        };
        self.procs.values().filter(|p| p.exit.is_none()).map(of).sum()
    }

    /// The kernel ends a process that wants more memory than the node has.
    pub(super) fn end_hoarder(&mut self, pid: Pid) {
        let size = self.node.memory_bytes;
        let Some(p) = self.procs.get(&pid).filter(|p| p.load.memory.is_some_and(|held| held > size)) else {
            return;
        };
        let name = p.argv.first().map(|a| crate::programs::short_name(a).to_owned()).unwrap_or_default();
        self.meter.hoarder = Some(Box::new((name, pid)));
        self.finish(pid, 128 + super::Signal::Kill.number());
    }

    /// The process that the kernel ended because it wanted more memory than the node has: its name and number.
    #[must_use]
    pub fn hoarder(&self) -> Option<&(String, Pid)> {
        self.meter.hoarder.as_deref()
    }

    /// The counters at `now`.
    #[must_use]
    pub fn usage(&self, now: Time) -> Usage {
        Usage {
            cpu_us: (self.meter.cpu_ns + self.since(now.max(self.meter.counted)).0) / 1000,
            memory_bytes: self.memory(),
            disk_bytes: self.fs.tree.used,
            written_bytes: self.meter.written,
        }
    }

    /// CPU time of one process, in milliseconds, as `ps` and `top` tell it: its share of the load.
    #[must_use]
    pub fn cpu_of(&self, pid: Pid) -> (u64, u32) {
        let Some(p) = self.procs.get(&pid) else { return (0, 0) };
        let age = u64::try_from(self.now.since(p.started)).unwrap_or(0);
        let millis = if p.exit.is_some() { 0 } else { p.load.millis };
        (u64::from(millis) * age / 1000, millis)
    }

    /// Resident memory of one process.
    #[must_use]
    pub fn memory_of(&self, pid: Pid) -> u64 {
        let Some(p) = self.procs.get(&pid).filter(|p| p.exit.is_none()) else { return 0 };
        p.load.memory.unwrap_or(if matches!(p.task, Some(Task::Shell(_))) {
            SHELL_BYTES
        } else {
            PROGRAM_BYTES
        })
    }
}

impl Sys<'_> {
    /// From now on this process burns so many thousandths of a core while it waits.
    pub fn set_load(&mut self, millis: u32) {
        self.m.count();
        if let Some(p) = self.m.procs.get_mut(&self.pid) {
            p.load.millis = millis;
        }
    }

    /// From now on this process holds so much memory.
    pub fn set_memory(&mut self, bytes: u64) {
        if let Some(p) = self.m.procs.get_mut(&self.pid) {
            p.load.memory = Some(bytes);
        }
    }

    /// A burst of work: CPU time in microseconds, paid for as the limit allows.
    pub fn work(&mut self, us: u32) {
        self.m.count();
        self.m.meter.owed_us = (self.m.meter.owed_us + u64::from(us)).min(BACKLOG_US);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::Fs;

    fn machine() -> Machine {
        Machine::new(Fs::default(), "m", 1, Time::EPOCH)
    }

    #[test]
    fn a_busy_machine_burns_a_core_and_no_more_than_its_limit() {
        let mut m = machine();
        m.count_slice(4000, Outcome::Running);
        assert_eq!(m.usage(Time::EPOCH + 1000).cpu_us, 1_000_000);
        m.cpu_limit_millis = Some(200);
        assert_eq!(m.usage(Time::EPOCH + 1000).cpu_us, 200_000);
        m.now = Time::EPOCH + 1000;
        m.count();
        m.count_slice(400, Outcome::Blocked { until: None });
        assert_eq!(m.usage(Time::EPOCH + 9000).cpu_us, 201_000);
    }

    #[test]
    fn bursts_are_paid_for_at_the_limit() {
        let mut m = machine();
        m.cpu_limit_millis = Some(500);
        m.meter.owed_us = 10_000_000;
        m.now = Time::EPOCH + 1000;
        m.count();
        assert_eq!((m.usage(m.now).cpu_us, m.meter.owed_us), (500_000, 9_500_000));
    }

    #[test]
    fn an_idle_server_counts_as_its_image_says() {
        let a = Appetite {
            idle_millis: 2,
            start_millis: 800,
            start_ms: 1000,
            memory_bytes: 7,
            ..Appetite::default()
        };
        assert_eq!(a.idle(500).cpu_us, 400_000);
        assert_eq!(a.idle(11_000).cpu_us, 800_000 + 20_000);
        assert_eq!(a.idle(1).memory_bytes, 7);
    }
}
