//! A cluster with what tests of faults ask of it.
#![allow(dead_code, reason = "each test file uses its part")]

use client::{Body, Caller, PatchType, Request, Verb};
use cluster::{ADMIN, Cluster, ClusterConfig};
use objects::resources::{DEPLOYMENTS, PODS, Resource, SERVICES};
use objects::{Status, Value, value};

pub struct World {
    pub cluster: Cluster,
}

pub fn admin() -> Caller {
    Caller {
        user: ADMIN.into(),
        groups: vec!["system:masters".into()],
        actor: "you".into(),
        ..Caller::default()
    }
}

impl World {
    pub fn playground() -> Self {
        Self::of(ClusterConfig::playground(1))
    }

    pub fn of(config: ClusterConfig) -> Self {
        Self { cluster: Cluster::new(config) }
    }

    pub fn advance(&mut self, ms: i64) {
        self.cluster.advance(ms);
    }

    pub fn ask(&mut self, verb: Verb, r: &Resource, namespace: &str, name: &str) -> Request {
        Request::new(verb, &r.group, &r.version, &r.plural).in_namespace(namespace).named(name)
    }

    pub fn create(&mut self, object: Value) -> Value {
        let r = objects::resources::of(&object).expect("a known kind");
        let request = self.ask(Verb::Create, r, object.namespace(), "").object(object);
        self.cluster.request(&admin(), request).expect("created").object
    }

    pub fn get(&mut self, resource: &str, namespace: &str, name: &str) -> Result<Value, Status> {
        let r = objects::resources::by_id(resource).expect("a known resource");
        let request = self.ask(Verb::Get, r, namespace, name);
        self.cluster.request(&admin(), request).map(|r| r.object)
    }

    pub fn deployment(&mut self, name: &str, replicas: i64) {
        self.create(value!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": (name), "namespace": "default"},
            "spec": {
                "replicas": (replicas), "selector": {"matchLabels": {"app": (name)}},
                "template": {
                    "metadata": {"labels": {"app": (name)}},
                    "spec": {"containers": [{"name": "web", "image": "nginx:1.25", "ports": [{"containerPort": 80}]}]},
                },
            },
        }));
    }

    pub fn service(&mut self, name: &str) {
        self.create(value!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": (name), "namespace": "default"},
            "spec": {"selector": {"app": (name)}, "ports": [{"port": 80}]},
        }));
    }

    pub fn scale(&mut self, name: &str, replicas: i64) {
        self.patch(DEPLOYMENTS, "default", name, value!({"spec": {"replicas": (replicas)}}));
    }

    pub fn patch(&mut self, r: &Resource, namespace: &str, name: &str, patch: Value) {
        let request = self.ask(Verb::Patch, r, namespace, name).patch(PatchType::Merge, Body::Object(patch));
        self.cluster.request(&admin(), request).expect("patched");
    }

    pub fn pods(&self, app: &str) -> Vec<String> {
        let all = self.cluster.objects("pods").filter(|p| p.labels()["app"] == app);
        all.map(|p| p.name().to_owned()).collect()
    }

    pub fn phases(&self, app: &str) -> Vec<String> {
        let all = self.cluster.objects("pods").filter(|p| p.labels()["app"] == app);
        all.map(|p| p["status"]["phase"].text().to_owned()).collect()
    }

    pub fn delete_pod(&mut self, name: &str) {
        self.delete_in("default", name);
    }

    pub fn delete_in(&mut self, namespace: &str, name: &str) {
        let request = self.ask(Verb::Delete, PODS, namespace, name);
        self.cluster.request(&admin(), request).expect("deleted");
    }

    pub fn restarts(&self, namespace: &str, pod: &str) -> i64 {
        let pod = self.cluster.object("pods", namespace, pod);
        pod.map_or(-1, |p| p["status"]["containerStatuses"][0]["restartCount"].int())
    }

    /// The nodes on which containers of the pod with this uid run.
    pub fn runs_on(&self, uid: &str) -> Vec<String> {
        let nodes = self.cluster.config().nodes.iter().map(|n| n.name.to_string());
        nodes.filter(|n| self.cluster.kubelet(n).is_some_and(|k| k.runs(uid))).collect()
    }

    pub fn events(&self, reason: &str) -> Vec<String> {
        let all = self.cluster.objects("events").filter(|e| e["reason"] == reason);
        all.map(|e| e["message"].text().to_owned()).collect()
    }

    pub fn node(&self, name: &str) -> Value {
        self.cluster.object("nodes", "", name).cloned().unwrap_or_default()
    }

    /// Takes a manifest out of the control plane's directory, or puts it back.
    pub fn move_manifest(&mut self, name: &str, back: bool) {
        let (here, there) = (format!("/etc/kubernetes/manifests/{name}.yaml"), format!("/root/{name}.yaml"));
        let (from, to) = if back { (there, here) } else { (here, there) };
        assert!(self.cluster.move_node_file("control-plane", &from, &to));
    }

    /// How many endpoints the rules of a node hold for a Service.
    pub fn endpoints_known_to(&mut self, node: &str, service: &str) -> usize {
        let rules = self.cluster.rules_of(node, &format!("default/{service}"));
        rules.map_or(0, |r| r.ports.iter().map(|p| p.endpoints.len()).sum())
    }

    pub fn service_exists(&self, name: &str) -> bool {
        self.cluster.object(&SERVICES.id, "default", name).is_some()
    }
}

impl World {
    pub fn force_delete(&mut self, name: &str) {
        let mut request = self.ask(Verb::Delete, PODS, "default", name);
        request.options.grace_period_seconds = Some(0);
        self.cluster.request(&admin(), request).expect("deleted");
    }
}
