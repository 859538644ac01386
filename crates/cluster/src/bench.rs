//! Measured work: what is run, the same natively and in wasm. Timing is the caller's.

use client::{Caller, Request, Verb};
use objects::resources::DEPLOYMENTS;
use objects::{Value, value};

use crate::{ADMIN, Cluster, ClusterConfig};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    pub name: &'static str,
    pub nodes: usize,
    /// 0: only the boot.
    pub replicas: i64,
    pub rounds: usize,
}

/// What a run did: counts, which are the same on every machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub writes: u64,
    pub events: u64,
    pub virtual_ms: i64,
    pub ready: i64,
}

/// All there is to measure.
#[must_use]
pub fn workloads() -> Vec<Workload> {
    let w = |name, nodes, replicas, rounds| Workload { name, nodes, replicas, rounds };
    vec![
        w("boot", 4, 0, 20),
        w("deployment-100", 3, 100, 5),
        w("deployment-300", 3, 300, 5),
        w("deployment-1000", 10, 1_000, 3),
        // A pod is weighed against every node: what grows with nodes is told apart from what grows with pods.
        w("deployment-1000-of-100-nodes", 100, 1_000, 3),
        w("deployment-10000", 100, 10_000, 1),
    ]
}

/// From a new cluster to all replicas ready.
#[must_use]
pub fn run(workload: &Workload) -> Run {
    let mut cluster = if workload.replicas == 0 {
        Cluster::new(ClusterConfig::playground(1))
    } else {
        Cluster::new(ClusterConfig::workers(1, workload.nodes))
    };
    let mut run = Run::default();
    // Boot: until the nodes are registered and the first controllers have run.
    let boot = cluster.now() + 1_000;
    while cluster.next_due().is_some_and(|at| at <= boot) {
        cluster.step();
        run.events += 1;
    }
    if workload.replicas > 0 {
        let begun = cluster.now();
        apply(&mut cluster, workload.replicas);
        let limit = begun + 3_600_000;
        while ready(&cluster) < workload.replicas && cluster.now() < limit {
            if !cluster.step() {
                break;
            }
            run.events += 1;
        }
        run.virtual_ms = cluster.now().since(begun);
        run.ready = ready(&cluster);
    }
    run.writes = cluster.revision();
    run
}

fn ready(cluster: &Cluster) -> i64 {
    cluster.object("deployments.apps", "default", "web").map_or(0, |d| d["status"]["readyReplicas"].int())
}

fn apply(cluster: &mut Cluster, replicas: i64) {
    let deployment: Value = value!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}},
        "spec": {
            "replicas": (replicas),
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [
                    {"name": "nginx", "image": "nginx:1.14.2", "ports": [{"containerPort": 80}]}
                ]},
            },
        },
    });
    let caller =
        Caller { user: ADMIN.into(), groups: vec!["system:masters".into()], actor: "you".into(), cause: 0 };
    let r = &DEPLOYMENTS;
    let request = Request::new(Verb::Create, &r.group, &r.version, &r.plural)
        .in_namespace("default")
        .object(deployment);
    let created = cluster.request(&caller, request);
    debug_assert!(created.is_ok(), "{created:?}");
}
