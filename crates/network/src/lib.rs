//! The network of a cluster: the way of a request from whoever asks to the process that answers, hop by hop.
//!
//! Owns: kube-proxy's rules on each node, names as CoreDNS answers them, NetworkPolicy, ingress and gateways, and the
//! path of each request as data with its words in Korean and English.
//! Does not own: what answers behind a port (containers), which pods are endpoints (the endpointslice controller),
//! load balancers' addresses (cloud), when an answer arrives (cluster).
//!
//! The walk is plain functions over a [`Ground`]: what the cluster lets it look at.

pub mod address;
pub mod dns;
pub mod flow;
mod ground;
pub mod ingress;
pub mod kube_proxy;
pub mod path;
pub mod policy;
pub mod walk;

pub use ground::{Ground, Listening, Owner};
pub use kube_proxy::KubeProxy;
pub use path::{Fault, Hop, Journal, Language, Outcome, Path, Source};
pub use walk::{Destination, End, Files, Walk};
