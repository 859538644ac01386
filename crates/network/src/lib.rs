//! The network of a cluster: what an address leads to, seen from one node.
//!
//! Owns: kube-proxy's rules on each node (virtual addresses and node ports to endpoints) and the choice among them.
//! Does not own: what answers behind a port (containers), which pods are endpoints (the endpointslice controller).
//!
//! Not modelled yet: DNS, Ingress, NetworkPolicy.

mod kube_proxy;

pub use kube_proxy::{Backend, KubeProxy, Refused, Route};
