//! More clusters than one: members beside the first, each whole, driven by the first one's order of events.
//!
//! Owns: which members there are, their names and addresses, whom a request to a server reaches, losing a whole cluster.
//! Does not own: what a hub does with them (`hub`; its place here is `hub.rs`), contexts of a kubeconfig (kubectl).
//!
//! A member is a part of the first cluster's state: a clone holds all of them, and what comes to one from outside is
//! noted in the first one's journal. Each has an API server, nodes and pods of its own: node addresses and pod ranges
//! differ, the Services' range is the same in all, as with clusters that kind makes. Not modelled: packets from one
//! cluster's pods to another's.

mod hub;
mod list;

use clock::Time;
use objects::{Reason, Status, Str};
use ordered::BTreeMap;

use crate::journal::{Input, Noted};
use crate::{Cluster, ClusterConfig, Fault};

pub(crate) use hub::HubPart;
pub use hub::membership;
pub use list::Summary;

/// The first cluster's name, in contexts and elsewhere.
pub const FIRST: &str = "wheelhouse";
/// The address of the first cluster in the kubeconfig of a new machine.
pub const FIRST_SERVER: &str = "https://127.0.0.1:6443";
/// Members that a session has at most: each has ranges of addresses of its own.
const MOST: u32 = 8;
/// Places for nodes in a cluster's range: 4 blocks of 256 pods each.
pub(crate) const NODES_EACH: u32 = 64;

/// Why a cluster was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotMade {
    Exists,
    TooMany,
    BadName,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Fleet {
    pub(crate) members: BTreeMap<Str, Cluster>,
    /// Members there ever were.
    made: u32,
    pub(crate) hub: Option<Box<HubPart>>,
}

impl Cluster {
    /// Adds a cluster that begins now.
    ///
    /// # Errors
    /// When its name is taken or is none, or when there are too many.
    pub fn add_cluster(&mut self, config: ClusterConfig) -> Result<(), NotMade> {
        let name = config.name.clone();
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 40 || !name.chars().all(letters) || name.starts_with('-') {
            return Err(NotMade::BadName);
        }
        if name == FIRST || self.fleet.members.contains_key(&name) {
            return Err(NotMade::Exists);
        }
        if self.fleet.members.len() as u32 >= MOST {
            return Err(NotMade::TooMany);
        }
        self.note(|| Input::AddCluster(Box::new(config.clone())));
        self.fleet.made += 1;
        // Ranges are used again once all were given out; whoever had one before is long gone.
        let network = (1..=MOST)
            .map(|i| (self.fleet.made + i - 2) % MOST + 1)
            .find(|n| self.fleet.members.values().all(|m| m.config.network != *n))
            .unwrap_or(1);
        let is_hub = config.is_hub;
        let seed = clock::Rng::new(self.config.seed).fork(&name).next_u64();
        let log_hash = self.config.log_hash;
        let config =
            ClusterConfig { start: self.now, network, seed, members: Vec::new(), log_hash, ..config };
        self.fleet.members.insert(name.clone(), Cluster::new(config));
        if is_hub && self.fleet.hub.is_none() {
            self.begin_hub(&name);
        }
        self.fleet_moved();
        Ok(())
    }

    /// Ends a cluster for good. False when there is none of this name.
    pub fn remove_cluster(&mut self, name: &str) -> bool {
        if !self.fleet.members.contains_key(name) {
            return false;
        }
        self.note(|| Input::RemoveCluster(name.into()));
        self.fleet.members.remove(name);
        if self.fleet.hub.as_ref().is_some_and(|h| h.at == name) {
            self.end_hub();
        }
        self.fleet_moved();
        true
    }

    /// A cluster by its name.
    #[must_use]
    pub fn cluster_named(&self, name: &str) -> Option<&Cluster> {
        if name == self.config.name { Some(self) } else { self.fleet.members.get(name) }
    }

    /// Whether there is any other cluster.
    #[must_use]
    pub fn has_members(&self) -> bool {
        !self.fleet.members.is_empty()
    }

    /// The other clusters' names, in order.
    pub fn member_names(&self) -> impl Iterator<Item = &Str> {
        self.fleet.members.keys()
    }

    /// Lets somebody outside act on a cluster by its name, at this instant: what they do is noted.
    pub fn with_cluster<T>(&mut self, name: &str, f: impl FnOnce(&mut Cluster) -> T) -> Option<T> {
        if name == self.config.name {
            let result = f(self);
            self.fleet_moved();
            return Some(result);
        }
        let (now, on) = (self.now, self.journal.on);
        let member = self.fleet.members.get_mut(name)?;
        member.now = member.now.max(now);
        member.journal.on = on;
        let result = f(member);
        for noted in std::mem::take(&mut member.journal.noted) {
            self.note(|| Input::Member(name.into(), Box::new(noted.input)));
        }
        self.fleet_moved();
        Some(result)
    }

    /// Does again what somebody outside did to a member.
    pub(crate) fn redo_in(&mut self, name: &str, input: Input) {
        let now = self.now;
        if let Some(member) = self.fleet.members.get_mut(name) {
            member.journal.on = false;
            member.redo(&Noted { steps: 0, at: now, input });
        }
        self.fleet_moved();
    }

    /// The name of the cluster that answers at a server's URL.
    ///
    /// # Errors
    /// What a client says when nobody does.
    pub fn at_server(&self, url: &str) -> Result<Str, Status> {
        let address = url.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
        if address.is_empty() || url == FIRST_SERVER || address == self.server_address() {
            return Ok(self.config.name.clone());
        }
        if let Some((name, _)) = self.fleet.members.iter().find(|(_, m)| m.server_address() == address) {
            return Ok(name.clone());
        }
        let host = address.rsplit_once(':').map_or(address, |(h, _)| h);
        let text = if matches!(host, "127.0.0.1" | "localhost") {
            format!(
                "The connection to the server {address} was refused - did you specify the right host or port?"
            )
        } else if host.chars().all(|c| c.is_ascii_digit() || c == '.') {
            format!("Unable to connect to the server: dial tcp {address}: i/o timeout")
        } else {
            format!("Unable to connect to the server: dial tcp: lookup {host}: no such host")
        };
        Err(Status::new(Reason::Unreachable, text))
    }

    /// Takes all power from a cluster, or gives it back.
    pub(crate) fn set_dark(&mut self, dark: bool) {
        if self.components.dark == dark {
            return;
        }
        self.components.dark = dark;
        let nodes: Vec<Str> = self.config.nodes.iter().map(|n| n.name.clone()).collect();
        for node in nodes {
            let fault =
                if dark { Fault::Node(node, crate::NodeFault::Crashed) } else { Fault::RestoreNode(node) };
            // Every node of the configuration has a kubelet.
            let _ = self.inject_quietly(&fault);
        }
        self.components_changed();
    }

    /// When a member has its next event.
    pub(crate) fn next_due_of_members(&self) -> Option<(Time, &Str)> {
        self.fleet.members.iter().filter_map(|(name, m)| Some((m.next_due()?, name))).min()
    }

    /// Runs the next event of a member if it comes before the cluster's own. True when it did.
    pub(crate) fn step_member(&mut self) -> bool {
        let Some((at, name)) = self.next_due_of_members() else { return false };
        if self.due.next_due().is_some_and(|own| own <= at) {
            return false;
        }
        let name = name.clone();
        self.now = self.now.max(at);
        self.journal.steps += 1;
        if let Some(member) = self.fleet.members.get_mut(&name) {
            member.step();
        }
        self.fleet_moved();
        true
    }

    /// Sets the clocks of all members.
    pub(crate) fn members_reach(&mut self, until: Time) {
        for member in self.fleet.members.values_mut() {
            member.now = member.now.max(until);
        }
    }
}
