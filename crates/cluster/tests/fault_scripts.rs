//! Faults by chance, one after the other: what must hold whatever happens, and that all heals when all is mended.
//! `SEEDS=1000 cargo test -p cluster --test fault_scripts` plays more of them.

mod world;

use std::collections::BTreeMap;

use clock::Rng;
use cluster::{ClusterConfig, Fault, NodeFault, RegistryFault};
use objects::{Str, Value, value};
use world::World;

const STEPS: usize = 12;
const PARTS: [&str; 6] =
    ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "coredns"];
const NODES: [&str; 4] = ["control-plane", "worker-1", "worker-2", "worker-3"];

fn fault(w: &World, rng: &mut Rng) -> Fault {
    let node = Str::new_static(NODES[rng.below(4) as usize]);
    let part = Str::new_static(PARTS[rng.below(6) as usize]);
    let pods: Vec<Str> =
        w.cluster.objects("pods").filter(|p| p["status"]["phase"] == "Running").map(Value::key).collect();
    let pod =
        if pods.is_empty() { Str::default() } else { pods[rng.below(pods.len() as u64) as usize].clone() };
    let container = Str::default();
    match rng.below(14) {
        0 => Fault::Node(node, NodeFault::Crashed),
        1 => Fault::Node(node, NodeFault::Hung),
        2 => Fault::Node(node, NodeFault::CutOff),
        3..=5 => Fault::RestoreNode(node),
        6 => Fault::CrashContainer { pod, container, code: 1 },
        7 => Fault::HangContainer { pod, container, hung: true },
        8 => Fault::KillComponent(part),
        9 => Fault::HangComponent(part, rng.below(2) == 0),
        10 => Fault::Registry("docker.io".into(), Some(RegistryFault::Gone)),
        11 => Fault::FillDisk(node, rng.below(100) << 30),
        12 => Fault::Node(node, NodeFault::NoKubelet),
        _ => Fault::Any,
    }
}

/// A pod is bound once, and its containers run nowhere else.
fn check(w: &World, bound: &mut BTreeMap<String, String>, said: &str) {
    for p in w.cluster.objects("pods") {
        let (uid, node) = (p.uid().to_owned(), p["spec"]["nodeName"].text().to_owned());
        if !node.is_empty() {
            let first = bound.entry(uid).or_insert_with(|| node.clone());
            assert_eq!(*first, node, "{said}: {} moved", p.name());
        }
    }
    for (uid, node) in bound {
        let on = w.runs_on(uid);
        assert!(on.is_empty() || on == [node.as_str()], "{said}: {uid} of {node} runs on {on:?}");
    }
}

fn play(seed: u64) {
    let mut rng = Rng::new(seed);
    let mut w = World::of(ClusterConfig::playground(seed));
    w.deployment("web", 4);
    w.deployment("api", 2);
    w.service("web");
    w.create(value!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "default"},
        "spec": {
            "serviceName": "db", "replicas": 3, "selector": {"matchLabels": {"app": "db"}},
            "template": {
                "metadata": {"labels": {"app": "db"}},
                "spec": {"containers": [{"name": "c", "image": "redis:7"}]},
            },
        },
    }));
    w.create(value!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "sums", "namespace": "default"},
        "spec": {
            "completions": 6, "parallelism": 2, "backoffLimit": 1000,
            "template": {"spec": {"restartPolicy": "Never", "containers": [
                {"name": "c", "image": "busybox:1.36", "command": ["sleep", "90"]}
            ]}},
        },
    }));
    w.advance(30_000);
    let mut bound = BTreeMap::new();
    let mut script = format!("seed {seed}");
    for _ in 0..STEPS {
        let fault = fault(&w, &mut rng);
        script.push_str(&format!("\n  {:?} {fault:?}", w.cluster.now()));
        // What has no victim now is no fault.
        let _ = w.cluster.inject(fault);
        for _ in 0..4 {
            w.advance(1_000 + rng.below(40_000) as i64);
            check(&w, &mut bound, &script);
        }
    }
    for node in NODES {
        let _ = w.cluster.inject(Fault::RestoreNode(node.into()));
        let _ = w.cluster.inject(Fault::FillDisk(node.into(), 0));
    }
    for part in PARTS {
        let _ = w.cluster.inject(Fault::HangComponent(part.into(), false));
    }
    let _ = w.cluster.inject(Fault::Registry("docker.io".into(), None));
    let hung: Vec<Str> = w.cluster.objects("pods").map(Value::key).collect();
    for pod in hung {
        let _ = w.cluster.inject(Fault::HangContainer { pod, container: Str::default(), hung: false });
    }
    w.advance(900_000);
    check(&w, &mut bound, &script);
    for n in w.cluster.objects("nodes") {
        assert!(n.condition_true("Ready"), "{script}\n{} is not ready", n.name());
    }
    for d in w.cluster.objects("deployments.apps") {
        let (want, got) = (d["spec"]["replicas"].int(), d["status"]["availableReplicas"].int());
        let pods: Vec<String> = w
            .cluster
            .objects("pods")
            .filter(|p| p.labels()["app"] == d.name())
            .map(|p| {
                format!(
                    "{} on {}: {}",
                    p.name(),
                    p["spec"]["nodeName"].text(),
                    objects::yaml::emit(&p["status"])
                )
            })
            .collect();
        assert_eq!(want, got, "{script}\n{}\n{}", d.name(), pods.join("\n"));
    }
    for s in w.cluster.objects("statefulsets.apps") {
        assert_eq!(s["status"]["readyReplicas"].int(), 3, "{script}\n{}", objects::yaml::emit(&s["status"]));
    }
    // After many failures a Job waits up to ten minutes before its next pod.
    let job = |w: &World| w.cluster.object("jobs.batch", "default", "sums").cloned().unwrap_or_default();
    for _ in 0..8 {
        if !job(&w).condition_true("Complete") {
            w.advance(300_000);
        }
    }
    assert!(job(&w).condition_true("Complete"), "{script}\n{}", objects::yaml::emit(&job(&w)["status"]));
    for p in w.cluster.objects("pods") {
        assert!(!p.is_terminating(), "{script}\n{} can't end", p.name());
        let answered =
            p.condition_true("Ready") || matches!(p["status"]["phase"].text(), "Failed" | "Succeeded");
        assert!(answered, "{script}\n{} {}", p.name(), objects::yaml::emit(&p["status"]));
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a long run is asked for by the environment")]
fn nothing_runs_twice_and_all_heals() {
    let seeds = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(4);
    let first = std::env::var("FIRST").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    for seed in first..first + seeds {
        play(seed);
    }
}

#[test]
fn the_same_faults_give_the_same_log() {
    let run = || {
        let mut w = World::playground();
        w.deployment("web", 3);
        for _ in 0..6 {
            w.advance(20_000);
            let _ = w.cluster.inject(Fault::Any);
        }
        w.advance(60_000);
        w.cluster.log_hash()
    };
    assert_eq!(run(), run());
}
