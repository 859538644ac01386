//! What a cluster is made of before anything runs in it.

use clock::Time;
use objects::Str;

use crate::Addon;
use crate::fleet::FIRST;

/// One node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeConfig {
    pub name: Str,
    /// Quantities, as a manifest writes them.
    pub cpu: Str,
    pub memory: Str,
    pub pods: i64,
    /// Labels besides those every kubelet sets on its node.
    pub labels: Vec<(Str, Str)>,
    pub control_plane: bool,
    /// Images that are on the node from the start.
    pub images: Vec<Str>,
}

impl NodeConfig {
    #[must_use]
    pub fn worker(name: impl Into<Str>) -> Self {
        Self {
            name: name.into(),
            cpu: "4".into(),
            memory: "8Gi".into(),
            pods: 110,
            labels: vec![],
            control_plane: false,
            images: vec![],
        }
    }

    /// A node that carries the control plane's label and taint, as kubeadm sets them.
    #[must_use]
    pub fn control_plane(name: impl Into<Str>) -> Self {
        Self { control_plane: true, ..Self::worker(name) }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct ClusterConfig {
    /// As contexts call it.
    pub name: Str,
    /// Which of the ranges of node and pod addresses is its own; the first cluster's is 0.
    pub network: u32,
    /// Clusters beside it from the start; a member's own are not looked at.
    pub members: Vec<ClusterConfig>,
    /// It only keeps what others are to run: no nodes, and only the controllers that a hub needs.
    pub is_hub: bool,
    /// Everything random follows from it.
    pub seed: u64,
    pub nodes: Vec<NodeConfig>,
    /// Names are answered as CoreDNS would, though no pod of it runs. Without: only while pods of kube-dns are ready.
    pub dns: bool,
    /// The instant at which it begins.
    pub start: Time,
    /// What runs in `kube-system`. Without its part there, a component acts as if it ran beside the cluster.
    pub addons: Vec<Addon>,
    /// The cloud it runs in. Without one nobody serves Services of type LoadBalancer.
    pub cloud: Option<cloud::Config>,
    /// Its storage classes and drivers. Without them only volumes made by hand are bound.
    pub storage: Option<cloud::disks::Config>,
    /// Who signs certificates. Without one it is the authority that all simulated clusters have in common.
    pub authority: Option<x509::Authority>,
    /// A token that is the administrator's; empty: none.
    pub administrator_token: Str,
    /// Keeps a hash over all writes, which is a tenth of what they cost. Without, `Cluster::log_hash` is 0.
    pub log_hash: bool,
}

impl ClusterConfig {
    /// The playground's own cluster: a control-plane node and three workers.
    #[must_use]
    pub fn playground(seed: u64) -> Self {
        let mut nodes = vec![NodeConfig::control_plane("control-plane")];
        nodes.extend((1..=3).map(|i| NodeConfig::worker(format!("worker-{i}"))));
        Self {
            nodes,
            addons: Addon::ALL.to_vec(),
            cloud: Some(cloud::Config::default()),
            storage: Some(cloud::disks::Config::playground()),
            ..Self::empty(seed, FIRST)
        }
    }

    /// Nothing but an API server and controllers.
    #[must_use]
    pub fn empty(seed: u64, name: impl Into<Str>) -> Self {
        Self {
            name: name.into(),
            network: 0,
            members: Vec::new(),
            is_hub: false,
            seed,
            nodes: Vec::new(),
            dns: false,
            start: Time::EPOCH,
            addons: Vec::new(),
            cloud: None,
            storage: None,
            authority: None,
            administrator_token: Str::default(),
            log_hash: true,
        }
    }

    /// A cluster beside the first: a control-plane node and workers, named after it.
    #[must_use]
    pub fn member(name: &str, workers: usize) -> Self {
        let mut nodes = vec![NodeConfig::control_plane(format!("{name}-control-plane"))];
        nodes.extend((1..=workers).map(|i| NodeConfig::worker(format!("{name}-worker-{i}"))));
        Self {
            nodes,
            addons: Addon::ALL.to_vec(),
            cloud: Some(cloud::Config::default()),
            ..Self::empty(0, name)
        }
    }

    /// A hub, which spreads what it is given over others.
    #[must_use]
    pub fn hub(name: &str) -> Self {
        Self { is_hub: true, ..Self::empty(0, name) }
    }

    /// `n` equal workers, no control-plane node and no addons.
    #[must_use]
    pub fn workers(seed: u64, n: usize) -> Self {
        let width = n.to_string().len();
        let nodes = (1..=n).map(|i| NodeConfig::worker(format!("node-{i:0width$}"))).collect();
        Self { nodes, dns: true, ..Self::empty(seed, FIRST) }
    }
}

/// The storage that the playground has, for a cluster that wants the same.
#[must_use]
pub fn storage_playground() -> cloud::disks::Config {
    cloud::disks::Config::playground()
}

/// A cloud with groups of nodes.
#[must_use]
pub fn cloud_with(node_groups: Vec<cloud::NodeGroup>) -> cloud::Config {
    cloud::Config { node_groups, ..cloud::Config::default() }
}
