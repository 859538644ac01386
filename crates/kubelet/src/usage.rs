//! What the containers of a pod use: the counters that the resource metrics, eviction and `top` are made from.
//!
//! Models `pkg/kubelet/stats` (the counters only). Does not own: rates, averages, who evicts.

use clock::Time;
use containers::images::PLAIN_APPETITE;
use containers::machine::Usage;
use objects::Str;

use crate::Kubelet;
use crate::container::{Container, Machine, State};

pub(crate) fn of(c: &Container, now: Time) -> Usage {
    match (&c.machine, &c.state) {
        (Machine::Live(live), _) => live.get().usage(now),
        (Machine::Lazy(_), State::Running { since }) => {
            let image = c.image.as_ref().and_then(|i| i.image);
            image.map_or(PLAIN_APPETITE, containers::images::Image::appetite).idle(now.since(*since))
        }
        _ => Usage::default(),
    }
}

impl Kubelet {
    /// The running containers of a pod (`namespace/name`), each with its counters since its start.
    #[must_use]
    pub fn usage(&self, pod: &str, now: Time) -> Vec<(Str, Usage)> {
        let Some(worker) = self.pods.get(pod) else { return Vec::new() };
        let running = worker.containers.iter().filter(|c| c.is_running());
        running.map(|c| (Str::from(c.name()), of(c, now))).collect()
    }
}
