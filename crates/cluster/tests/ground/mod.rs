//! What the tests of this crate share: requests in the name of the learner.
#![allow(dead_code, reason = "each test file uses some of it")]

use client::{Caller, Request, Response, Verb};
use cluster::{ADMIN, Cluster};
use objects::{Status, Value, resources, value};

pub fn admin() -> Caller {
    Caller {
        user: ADMIN.into(),
        groups: vec!["system:masters".into()],
        actor: "you".into(),
        ..Caller::default()
    }
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

/// A metrics server as its own manifests install it: Deployment, Service, APIService.
pub fn metrics_server(c: &mut Cluster) {
    let labels = value!({"k8s-app": "metrics-server"});
    create(
        c,
        "deployments",
        value!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "metrics-server", "namespace": "kube-system"},
            "spec": {
                "selector": {"matchLabels": (labels.clone())},
                "template": {"metadata": {"labels": (labels.clone())}, "spec": {"containers": [{
                    "name": "metrics-server", "image": "registry.k8s.io/metrics-server/metrics-server:v0.8.0",
                    "ports": [{"name": "https", "containerPort": 10250}],
                }]}},
            },
        }),
    );
    create(
        c,
        "services",
        value!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "metrics-server", "namespace": "kube-system"},
            "spec": {"selector": (labels), "ports": [{"name": "https", "port": 443, "targetPort": "https"}]},
        }),
    );
    api_service(c, "v1beta1", "metrics.k8s.io", "kube-system", "metrics-server");
}

pub fn api_service(c: &mut Cluster, version: &str, group: &str, namespace: &str, service: &str) {
    create(
        c,
        "apiservices",
        value!({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": (format!("{version}.{group}"))},
            "spec": {
                "group": (group), "version": (version), "groupPriorityMinimum": 100, "versionPriority": 100,
                "insecureSkipTLSVerify": true, "service": {"namespace": (namespace), "name": (service)},
            },
        }),
    );
}

/// A Deployment with a Service of the same name.
pub fn web(c: &mut Cluster, name: &str, replicas: i64, resources: Value) {
    let labels = value!({"app": (name)});
    create(
        c,
        "deployments",
        value!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": (name), "namespace": "default"},
            "spec": {
                "replicas": (replicas), "selector": {"matchLabels": (labels.clone())},
                "template": {"metadata": {"labels": (labels.clone())}, "spec": {"containers": [{
                    "name": "web", "image": "nginx:1.25", "ports": [{"containerPort": 80}], "resources": (resources),
                }]}},
            },
        }),
    );
    create(
        c,
        "services",
        value!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": (name), "namespace": "default"},
            "spec": {"selector": (labels), "ports": [{"port": 80}]},
        }),
    );
}
