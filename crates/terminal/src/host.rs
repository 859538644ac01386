//! What the learner's machine stands in: the cluster's clock, and the commands that are not files of its own.

use clock::Time;
use containers::fs::Volumes;
use containers::machine::Host;

/// Commands that [`crate::program`] runs.
pub(crate) const PROVIDED: [&str; 10] =
    ["kubectl", "k", "helm", "load", "docker", "fault", "node", "why", "lab", "cluster"];

#[derive(Debug, Default)]
pub(crate) struct LearnerHost {
    pub(crate) now: Time,
    volumes: Volumes,
}

impl Host for LearnerHost {
    fn now(&self) -> Time {
        self.now
    }

    fn volumes(&mut self) -> &mut Volumes {
        &mut self.volumes
    }

    fn provides(&self, name: &str) -> bool {
        PROVIDED.contains(&name)
    }
}
