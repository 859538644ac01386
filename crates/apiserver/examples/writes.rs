//! How long writes take: `cargo run --release -p apiserver --example writes`.

#![expect(clippy::disallowed_types, reason = "an example that measures runs natively, outside the engine")]

use std::time::Instant;

use apiserver::{ApiServer, Config};
use client::{Caller, Request, Verb};
use clock::{Rng, Time};
use objects::resources::{DEPLOYMENTS, PODS, Resource};
use objects::{Value, value};

const PODS_MADE: usize = 1000;

fn main() {
    for round in 0..4 {
        let times = run();
        if round > 0 {
            println!("{}", times.join("  "));
        }
    }
}

fn request(verb: Verb, r: &Resource) -> Request {
    Request::new(verb, &r.group, &r.version, &r.plural).in_namespace("default")
}

fn run() -> Vec<String> {
    let mut server = ApiServer::new(&Rng::new(1), Config::default(), Time::EPOCH);
    let caller = Caller {
        user: "system:kube-controller-manager".into(),
        actor: "replicaset-controller".into(),
        ..Caller::default()
    };
    let deployment = value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"replicas": 1000, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "nginx:1.14.2", "ports": [{"containerPort": 80}]}]}
        }}
    });
    let made = server.handle(&caller, request(Verb::Create, DEPLOYMENTS).object(deployment), Time::EPOCH);
    let template = made.map(|r| r.object["spec"]["template"].clone()).unwrap_or_default();
    let owner = value!([{
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d5dd5db49", "uid": "0", "controller": true,
        "blockOwnerDeletion": true
    }]);
    let mut times = Vec::new();
    let mut names = Vec::new();
    let start = Instant::now();
    for _ in 0..PODS_MADE {
        let pod = value!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "generateName": "web-5d5dd5db49-", "namespace": "default", "labels": (template.labels().clone()),
                "ownerReferences": (owner.clone())
            },
            "spec": (template["spec"].clone())
        });
        if let Ok(r) = server.handle(&caller, request(Verb::Create, PODS).object(pod), Time::EPOCH) {
            names.push(r.object.name().to_owned());
        }
    }
    times.push(format!("create {:.2} us", start.elapsed().as_secs_f64() * 1e6 / PODS_MADE as f64));
    let start = Instant::now();
    for name in &names {
        let binding = value!({
            "apiVersion": "v1", "kind": "Binding", "metadata": {"name": (name), "namespace": "default"},
            "target": {"kind": "Node", "name": "worker-1"}
        });
        let r = request(Verb::Create, PODS).named(name.as_str()).subresource("binding").object(binding);
        assert!(server.handle(&caller, r, Time::EPOCH).is_ok());
    }
    times.push(format!("bind {:.2} us", start.elapsed().as_secs_f64() * 1e6 / names.len() as f64));
    let start = Instant::now();
    for name in &names {
        let mut pod = server.get("pods", "default", name).cloned().unwrap_or_default();
        pod.set("status", running());
        let r = request(Verb::Update, PODS).named(name.as_str()).subresource("status").object(pod);
        assert!(server.handle(&caller, r, Time::EPOCH).is_ok());
    }
    times.push(format!("status {:.2} us", start.elapsed().as_secs_f64() * 1e6 / names.len() as f64));
    let start = Instant::now();
    let mut list = request(Verb::List, PODS);
    list.options.label_selector = "app=web".into();
    let found = server.handle(&caller, list, Time::EPOCH).map_or(0, |r| r.object["items"].items().len());
    times.push(format!("list of {found} {:.0} us", start.elapsed().as_secs_f64() * 1e6));
    let start = Instant::now();
    let copy = server.clone();
    times.push(format!("snapshot {:.0} us", start.elapsed().as_secs_f64() * 1e6));
    let start = Instant::now();
    for name in &names {
        let mut r = request(Verb::Delete, PODS).named(name.as_str());
        r.options.grace_period_seconds = Some(0);
        assert!(server.handle(&caller, r, Time::EPOCH).is_ok());
    }
    times.push(format!("delete {:.2} us", start.elapsed().as_secs_f64() * 1e6 / names.len() as f64));
    assert_eq!(copy.objects("pods", "").count(), PODS_MADE);
    times
}

fn running() -> Value {
    let condition = |kind: &str| {
        value!({
            "type": (kind), "status": "True", "lastProbeTime": null, "lastTransitionTime": "2026-01-01T00:00:00Z",
            "observedGeneration": 1
        })
    };
    value!({
        "phase": "Running", "hostIP": "172.18.0.2", "podIP": "10.244.1.9", "qosClass": "BestEffort",
        "observedGeneration": 1, "startTime": "2026-01-01T00:00:00Z", "hostIPs": [{"ip": "172.18.0.2"}],
        "podIPs": [{"ip": "10.244.1.9"}],
        "conditions": [
            (condition("PodReadyToStartContainers")), (condition("Initialized")), (condition("Ready")),
            (condition("ContainersReady")), (condition("PodScheduled"))
        ],
        "containerStatuses": [{
            "name": "web", "image": "nginx:1.14.2", "imageID": "sha256:0", "containerID": "containerd://0",
            "ready": true, "started": true, "restartCount": 0, "lastState": {}, "resources": {},
            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
        }]
    })
}
