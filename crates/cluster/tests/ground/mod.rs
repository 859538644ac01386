//! What the tests of this crate share: requests in the name of the learner.
#![allow(dead_code, reason = "each test file uses some of it")]

use client::{Caller, Request, Response, Verb};
use cluster::{ADMIN, Cluster};
use objects::{Status, Value, resources};

pub fn admin() -> Caller {
    Caller { user: ADMIN.into(), groups: vec!["system:masters".into()], actor: "you".into(), cause: 0 }
}

pub fn create(c: &mut Cluster, _plural: &str, object: Value) -> Value {
    let r = resources::of(&object).expect("a built-in kind");
    let mut request = Request::new(Verb::Create, &r.group, &r.version, &r.plural);
    if r.namespaced {
        request = request.in_namespace(object.namespace());
    }
    c.request(&admin(), request.object(object)).unwrap_or_else(|e| panic!("{e:?}")).object
}

pub fn get(c: &mut Cluster, path: &str) -> Result<Response, Status> {
    c.request(&admin(), Request::raw(path))
}

pub fn kubelet_usage(c: &mut Cluster, node: &str, pod: &str) -> kubelet::usage::PodUsage {
    let usage = c.node_usage(node).expect("a node");
    usage.pods.into_iter().find(|p| p.pod == pod).unwrap_or_else(|| panic!("{pod} does not run"))
}
