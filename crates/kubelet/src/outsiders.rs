//! Programs of containers that somebody else drives: kubectl, whose other end is the API server.
//!
//! Owns: which there are, and the way to their machine. Does not own: what they do (the cluster).

use clock::Time;
use containers::machine::{External, Machine, Pid, World};
use objects::Str;

use crate::{Kubelet, machines};

/// A process in one start of a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outsider {
    /// `namespace/name`
    pub pod: Str,
    pub container: usize,
    pub start: u32,
    pub pid: Pid,
}

impl Kubelet {
    /// Those in containers that ran since the last call.
    pub fn take_outsiders(&mut self) -> Vec<(Outsider, External)> {
        let mut found: Vec<(Outsider, External)> = Vec::new();
        for (pod, container, start) in std::mem::take(&mut self.outsiders) {
            let live = self.pods.get(&pod).and_then(|w| w.containers.get(container)).and_then(|c| c.live());
            for external in live.map(|inside| inside.machine().externals()).unwrap_or_default() {
                let at = Outsider { pod: pod.clone(), container, start, pid: external.pid };
                if found.iter().all(|(known, _)| *known != at) {
                    found.push((at, external));
                }
            }
        }
        found
    }

    /// Lends the machine of one that lives; what it writes is taken up at once.
    pub fn with_outsider<T>(
        &mut self,
        at: &Outsider,
        now: Time,
        f: impl FnOnce(&mut Machine, &mut World<'_>) -> T,
    ) -> Option<T> {
        let worker = self.pods.get_mut(&at.pod)?;
        let c = worker.containers.get(at.container)?;
        if c.starts != at.start || !c.is_running() || c.hung {
            return None;
        }
        let inside = machines::wake(worker, at.container, &mut self.depot, &self.facts, now)?;
        if !inside.machine().is_alive(at.pid) {
            return None;
        }
        let result = f(inside.machine_mut(), &mut World { now, volumes: &mut self.depot.volumes });
        self.poke(&at.pod, at.container, now);
        Some(result)
    }
}
