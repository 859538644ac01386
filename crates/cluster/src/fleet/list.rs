//! The clusters of a session at a glance, for a list or a drawing of them.

use objects::{Str, Value};

use super::{FIRST, FIRST_SERVER};
use crate::Cluster;

/// One cluster in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub name: Str,
    /// As a kubeconfig names it.
    pub server: Str,
    pub nodes: usize,
    pub ready_nodes: usize,
    pub pods: usize,
    pub running_pods: usize,
    /// It spreads what it is given over others, and runs no pods itself.
    pub is_hub: bool,
    /// It has no power.
    pub is_lost: bool,
}

impl Cluster {
    /// All clusters: the first, then its members by name.
    #[must_use]
    pub fn clusters(&self) -> Vec<Summary> {
        let mut all = vec![self.summary()];
        all.extend(self.fleet.members.values().map(Self::summary));
        all
    }

    /// Their names and servers, in the same order.
    #[must_use]
    pub fn clusters_known(&self) -> Vec<(Str, Str)> {
        let all = std::iter::once(self).chain(self.fleet.members.values());
        all.map(|c| (c.config.name.clone(), c.server_url())).collect()
    }

    fn summary(&self) -> Summary {
        let running = |p: &&Value| p["status"]["phase"] == "Running";
        Summary {
            name: self.config.name.clone(),
            server: self.server_url(),
            nodes: self.objects("nodes").count(),
            ready_nodes: self.objects("nodes").filter(|n| n.condition_true("Ready")).count(),
            pods: self.objects("pods").count(),
            running_pods: self.objects("pods").filter(running).count(),
            is_hub: self.config.is_hub,
            is_lost: self.components.dark,
        }
    }

    /// Where a kubeconfig says that the cluster answers.
    #[must_use]
    pub fn server_url(&self) -> Str {
        if self.config.name == FIRST {
            return FIRST_SERVER.into();
        }
        Str::from(format!("https://{}", self.server_address()))
    }

    /// Objects stored in all clusters together.
    #[must_use]
    pub fn object_count(&self) -> usize {
        self.api.object_count() + self.fleet.members.values().map(Self::object_count).sum::<usize>()
    }
}
