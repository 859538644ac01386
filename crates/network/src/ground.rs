//! What a packet's way is worked out over: the cluster as the walk may look at it.
//!
//! The walk itself is functions over this; the cluster implements it from its store and its parts.

use std::sync::Arc;

use clock::Time;
use objects::{Str, Value};

use crate::ingress::Controller;
use crate::kube_proxy::choice::Turns;
use crate::kube_proxy::{Endpoint, KubeProxy, Rules, rules_of};
use crate::path::Fault;

/// Who has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A pod in a network of its own.
    Pod {
        key: Str,
        node: Str,
    },
    Node(Str),
    Nobody,
}

/// What a port of an address is to those who come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listening {
    /// The pod and container that listen, and the program.
    pub open: Option<(Str, Str, Str)>,
    /// All ports listened on there, each once.
    pub ports: Vec<u16>,
    /// A container runs there at all.
    pub runs: bool,
}

/// The cluster as the walk sees it.
pub trait Ground {
    fn now(&self) -> Time;
    fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Value>;
    /// All objects of a namespace (`""`: of all), in key order.
    fn list(&self, resource: &str, namespace: &str) -> Vec<Value>;
    fn owner(&self, ip: &str) -> Owner;
    fn listening(&mut self, ip: &str, port: i64) -> Listening;
    fn proxy(&mut self, node: &str) -> Option<&mut KubeProxy>;
    /// A Service's ports with their endpoints as the API server has them now; `None`: there is no such Service.
    fn rules_now(&mut self, namespace: &str, name: &str) -> Option<Arc<Rules>> {
        let slices = self.list("endpointslices.discovery.k8s.io", namespace);
        Some(Arc::new(rules_of(&self.get("services", namespace, name)?, slices.iter())))
    }
    /// Whether a node's kube-proxy runs: else its rules stay as they are.
    fn proxy_acts(&self, node: &str) -> bool;
    /// Whether packets pass to and from a node.
    fn is_linked(&self, node: &str) -> bool;
    fn turns(&mut self) -> &mut Turns;
    /// The pod (`namespace/name`) and port that a port of the learner's machine is forwarded to.
    fn forwarded(&self, local: i64) -> Option<(Str, i64)>;
    /// The address that a port of the learner's machine leads to by itself: the API server's.
    fn published(&self, _local: i64) -> Option<Str> {
        None
    }
    /// Whether a container of an endpoint's pod takes connections to its port now and answers.
    ///
    /// # Errors
    /// Nobody listens, or hangs.
    fn takes(&mut self, endpoint: &Endpoint) -> Result<(), Fault>;
    /// The pod on a node with a network of its own that asks for a port of the node, and its port behind it.
    fn host_port(&self, node: &str, port: i64, protocol: &str) -> Option<(Value, i64)>;
    /// The pods that run ingress controllers, ready or not.
    fn controllers(&self) -> Vec<(Controller, Value)>;
    /// Names are answered though no DNS pod runs.
    fn has_dns_of_its_own(&self) -> bool;
}
