//! What the learner's machine stands in: the cluster's clock, and the commands that are not files of its own.

use clock::Time;
use containers::fs::Volumes;
use containers::machine::Host;

/// Commands that [`crate::program`] runs.
pub(crate) const PROVIDED: &[&str] =
    &["kubectl", "k", "helm", "load", "docker", "fault", "node", "why", "lab", "cluster", "ssh"];
/// What a node has beside its files.
pub(crate) const ON_NODE: &[&str] =
    &["crictl", "docker", "halt", "iptables", "iptables-save", "poweroff", "reboot", "shutdown", "systemctl"];
/// The administrator's kubectl is there too.
pub(crate) const ON_CONTROL_PLANE: &[&str] = &[
    "crictl",
    "docker",
    "halt",
    "iptables",
    "iptables-save",
    "kubectl",
    "poweroff",
    "reboot",
    "shutdown",
    "systemctl",
];

#[derive(Debug)]
pub(crate) struct LearnerHost {
    pub(crate) now: Time,
    pub(crate) provided: &'static [&'static str],
    volumes: Volumes,
}

impl LearnerHost {
    pub(crate) fn new(provided: &'static [&'static str]) -> Self {
        Self { now: Time::EPOCH, provided, volumes: Volumes::default() }
    }
}

impl Host for LearnerHost {
    fn now(&self) -> Time {
        self.now
    }

    fn volumes(&mut self) -> &mut Volumes {
        &mut self.volumes
    }

    fn provides(&self, name: &str) -> bool {
        self.provided.contains(&name)
    }
}
