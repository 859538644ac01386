//! Measured work: what is run, the same natively and in wasm. Timing is the caller's.

pub mod network;

use client::{Caller, Request, Verb};
use objects::resources::{DEPLOYMENTS, PODS};
use objects::{Str, Value, value};

use crate::{ADMIN, Cluster, ClusterConfig, Fault, NodeFault};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    pub name: &'static str,
    pub nodes: usize,
    /// How many Deployments share the replicas.
    pub deployments: i64,
    /// Of all Deployments together. 0: only the boot.
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
    let w = |name, nodes, replicas, rounds| Workload { name, nodes, deployments: 1, replicas, rounds };
    vec![
        w("boot", 4, 0, 20),
        w("deployment-100", 3, 100, 5),
        w("deployment-300", 3, 300, 5),
        w("deployment-1000", 10, 1_000, 3),
        // A pod is weighed against every node: what grows with nodes is told apart from what grows with pods.
        w("deployment-1000-of-100-nodes", 100, 1_000, 3),
        w("deployment-10000", 100, 10_000, 1),
        Workload { name: "pods-100000", nodes: 1_000, deployments: 100, replicas: 100_000, rounds: 1 },
    ]
}

/// What one pod's failure is measured among: the cost of it is to be the same in each. The nodes are the same, as
/// whatever places a pod looks at nodes.
#[must_use]
pub fn failures() -> Vec<Workload> {
    let w = |name, deployments, replicas| Workload { name, nodes: 1_000, deployments, replicas, rounds: 25 };
    vec![
        w("failure-among-100", 1, 100),
        w("failure-among-10000", 10, 10_000),
        w("failure-among-100000", 100, 100_000),
    ]
}

/// What the loss of a node is measured among: ten pods on each node, and a hundred in the last.
#[must_use]
pub fn losses() -> Vec<Workload> {
    let w = |name, nodes, deployments, replicas| Workload { name, nodes, deployments, replicas, rounds: 1 };
    vec![
        w("node-lost-of-100", 100, 1, 1_000),
        w("node-lost-of-1000", 1_000, 10, 10_000),
        w("node-lost-among-100000", 1_000, 100, 100_000),
    ]
}

impl Failure {
    /// The least of both, count by count: what is due anyway falls into some windows and not into others.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        Self {
            writes: self.writes.min(other.writes),
            events: self.events.min(other.events),
            visited: self.visited.min(other.visited),
            ready: self.ready.max(other.ready),
        }
    }
}

/// A pod's failure and all that follows from it, apart from what would have happened anyway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    pub writes: u64,
    pub events: u64,
    /// Objects that controllers looked at.
    pub visited: u64,
    pub ready: i64,
}

/// How long after a failure all is counted.
const AFTERMATH_MS: i64 = 4_000;

/// A cluster with all its replicas ready.
#[must_use]
pub fn booted(workload: &Workload) -> Cluster {
    boot(workload, &["nginx:1.14.2".into()], &mut || {}).0
}

/// Lets time pass until nothing is left to do and no node is about to report.
pub fn rest(cluster: &mut Cluster) {
    // Nodes renew their leases every ten seconds from their beginning: stand just behind a round of it.
    let now = cluster.now().since(clock::Time::EPOCH);
    let until = (now / 10_000 + 2) * 10_000 + 3_000;
    cluster.run_until(clock::Time::EPOCH + until, &mut || true);
}

/// Kills a pod (or none), and lets what follows happen.
pub fn aftermath(cluster: &mut Cluster, kills: bool) -> Failure {
    let visited = |c: &Cluster| c.controller_manager().map_or(0, controllers::ControllerManager::visited);
    let (writes, before) = (cluster.revision(), visited(cluster));
    let mut failure = Failure::default();
    let victim = cluster.objects("pods").next().map(|p| p.name().to_owned());
    if let Some(name) = victim.filter(|_| kills) {
        let r = &PODS;
        let mut request =
            Request::new(Verb::Delete, &r.group, &r.version, &r.plural).in_namespace("default").named(name);
        request.options.grace_period_seconds = Some(0);
        let done = cluster.request(&learner(), request);
        debug_assert!(done.is_ok(), "{done:?}");
    }
    let until = cluster.now() + AFTERMATH_MS;
    while cluster.next_due().is_some_and(|at| at <= until) {
        cluster.step();
        failure.events += 1;
    }
    failure.writes = cluster.revision() - writes;
    failure.visited = visited(cluster) - before;
    failure.ready = ready(cluster, "web");
    failure
}

/// Takes the power from a node (or from none), and lets what follows happen: it is missed after 50 s, its pods are
/// evicted after five minutes more.
pub fn node_lost(cluster: &mut Cluster, deployments: i64, loses: bool) -> Failure {
    const HEALED_MS: i64 = 420_000;
    let writes = cluster.revision();
    let mut failure = Failure::default();
    if let Some(node) = cluster.config().nodes.first().map(|n| n.name.clone()).filter(|_| loses) {
        let done = cluster.inject(Fault::Node(node, NodeFault::Crashed));
        debug_assert!(done.is_ok(), "{done:?}");
    }
    let until = cluster.now() + HEALED_MS;
    while cluster.next_due().is_some_and(|at| at <= until) && cluster.step() {
        failure.events += 1;
    }
    failure.writes = cluster.revision() - writes;
    failure.ready = (0..deployments).map(|i| ready(cluster, &name(i))).sum();
    failure
}

/// From a new cluster to all replicas ready.
#[must_use]
pub fn run(workload: &Workload) -> Run {
    run_with(workload, &mut || {}).1
}

/// The same; `between` is called before each event, as a page looks after itself between events. The cluster comes with
/// it, so that letting go of it is not measured.
#[must_use]
pub fn run_with(workload: &Workload, between: &mut dyn FnMut()) -> (Cluster, Run) {
    boot(workload, &[], between)
}

/// `images`: what every node has from the start.
fn boot(workload: &Workload, images: &[Str], between: &mut dyn FnMut()) -> (Cluster, Run) {
    let mut cluster = if workload.replicas == 0 {
        Cluster::new(ClusterConfig::playground(1))
    } else {
        // As in the page.
        let mut config = ClusterConfig { log_hash: false, ..ClusterConfig::workers(1, workload.nodes) };
        for node in &mut config.nodes {
            node.images = images.to_vec();
        }
        Cluster::new(config)
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
        let each = workload.replicas / workload.deployments.max(1);
        for i in 0..workload.deployments {
            apply(&mut cluster, &name(i), each);
        }
        let limit = begun + 3_600_000;
        // All become ready one after the other: only the first that is not yet needs a look, after each write of one.
        let (mut done, mut seen) = (0, 0);
        while cluster.now() < limit {
            let written = cluster.changes_since(seen).any(|c| c.resource == DEPLOYMENTS.id);
            seen = cluster.revision();
            if written {
                while done < workload.deployments && ready(&cluster, &name(done)) >= each {
                    done += 1;
                }
            }
            if done >= workload.deployments {
                break;
            }
            between();
            if !cluster.step() {
                break;
            }
            run.events += 1;
        }
        run.virtual_ms = cluster.now().since(begun);
        run.ready = (0..workload.deployments).map(|i| ready(&cluster, &name(i))).sum();
    }
    run.writes = cluster.revision();
    (cluster, run)
}

fn learner() -> Caller {
    Caller {
        user: ADMIN.into(),
        groups: vec!["system:masters".into()],
        actor: "you".into(),
        ..Caller::default()
    }
}

fn name(i: i64) -> String {
    if i == 0 { "web".into() } else { format!("web-{i}") }
}

fn ready(cluster: &Cluster, name: &str) -> i64 {
    cluster.object("deployments.apps", "default", name).map_or(0, |d| d["status"]["readyReplicas"].int())
}

fn apply(cluster: &mut Cluster, name: &str, replicas: i64) {
    let deployment: Value = value!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": (name), "namespace": "default", "labels": {"app": (name)}},
        "spec": {
            "replicas": (replicas),
            "selector": {"matchLabels": {"app": (name)}},
            "template": {
                "metadata": {"labels": {"app": (name)}},
                "spec": {"containers": [
                    {"name": "nginx", "image": "nginx:1.14.2", "ports": [{"containerPort": 80}]}
                ]},
            },
        },
    });
    let r = &DEPLOYMENTS;
    let request = Request::new(Verb::Create, &r.group, &r.version, &r.plural)
        .in_namespace("default")
        .object(deployment);
    let created = cluster.request(&learner(), request);
    debug_assert!(created.is_ok(), "{created:?}");
}
