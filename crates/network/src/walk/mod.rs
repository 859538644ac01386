//! The way of one connection through the cluster, hop by hop.
//!
//! Owns: the order of hops and what each decides. Does not own: the rules (kube_proxy), the policies (policy), the
//! names (dns), what a server answers (its container), how long things take beyond the way itself.
//! Not modelled: packets lost by chance, bandwidth, MTU.

mod connect;
mod gates;
mod names;
mod outside;
mod why;

use clock::Millis;
use objects::{Str, Value};

use crate::ground::Ground;
use crate::path::{Fault, Hop, Source};
use crate::policy::Peer;

pub use connect::{Destination, End};
pub use names::{Answer, Files};

/// From pod to pod and back (estimate).
pub const ROUND_TRIP_MS: Millis = 2;
/// A question to the cluster's DNS (estimate).
pub const DNS_MS: Millis = 1;
/// From the internet to a load balancer and back (estimate).
pub const INTERNET_MS: Millis = 24;

/// One request on its way: what it has met so far.
pub struct Walk<'g, G: Ground> {
    pub ground: &'g mut G,
    pub source: Source,
    pub hops: Vec<Hop>,
    /// Time on the way so far.
    pub took_ms: Millis,
}

impl<'g, G: Ground> Walk<'g, G> {
    #[must_use]
    pub fn new(ground: &'g mut G, source: Source) -> Self {
        Self { ground, source, hops: Vec::new(), took_ms: 0 }
    }

    fn push(&mut self, hop: Hop) {
        self.hops.push(hop);
    }

    /// Ends the walk at a hop.
    fn fail<T>(&mut self, hop: Hop, fault: Fault) -> Result<T, Fault> {
        self.hops.push(Hop { passed: false, ..hop });
        Err(fault)
    }

    fn pod(&self, key: &str) -> Option<Value> {
        let (namespace, name) = objects::meta::split_key(key);
        self.ground.get("pods", namespace, name)
    }

    /// The source as policies see it.
    fn source_peer(&self) -> Peer {
        match &self.source {
            Source::Pod { key, ip, node, host_network } => {
                let found = if *host_network { None } else { self.pod(key) };
                found.map_or_else(
                    || Peer { node: node.clone(), is_host: *host_network, ..Peer::of_address(ip) },
                    // The address it sends from, whether or not its status tells of it already.
                    |pod| Peer { ip: ip.clone(), ..Peer::of_pod(self.ground, &pod) },
                )
            }
            Source::Node { name, ip } => Peer::of_node(name, ip),
            outside => Peer::of_address(outside.ip()),
        }
    }

    fn node_ip(&self, node: &str) -> Str {
        let node = self.ground.get("nodes", "", node).unwrap_or_default();
        let found = node["status"]["addresses"].items().iter().find(|a| a["type"] == "InternalIP");
        found.map(|a| a["address"].to_str()).unwrap_or_default()
    }

    fn zone(&self, node: &str) -> Str {
        let node = self.ground.get("nodes", "", node).unwrap_or_default();
        node.labels()["topology.kubernetes.io/zone"].to_str()
    }
}
