//! The network's measured work: a second of ten thousand requests, a traced request. What comes before is not measured.

use objects::{Value, resources, value};

use super::learner;
use crate::load::{Profile, Target, TargetKind};
use crate::network::path::LEARNER_IP;
use crate::network::{Files, Source};
use crate::wire::{HttpRequest, NetOptions, NetRequest};
use crate::{Cluster, ClusterConfig};

/// What is done in one round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Seconds of virtual time, with so many requests in each.
    Seconds { of: i64, requests: i64 },
    /// Requests whose way is told: every second from a pod by name, the others from outside through an Ingress.
    Traced(i64),
}

/// One of the network's workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    pub name: &'static str,
    work: Work,
    pub nodes: usize,
    pub replicas: i64,
    pub rounds: usize,
    /// What a unit (a second, a request) may cost in the page, in microseconds; 0: whatever it likes.
    pub most_us: i64,
}

impl Workload {
    /// Units of work in a round.
    #[must_use]
    pub fn units(&self) -> i64 {
        match self.work {
            Work::Seconds { of, .. } => of,
            Work::Traced(n) => n,
        }
    }
}

/// All there is to measure. A frame has 16 ms: a tenth of one is what a second of requests may cost.
#[must_use]
pub fn workloads() -> Vec<Workload> {
    let w = |name, work, replicas, most_us| Workload { name, work, nodes: 10, replicas, rounds: 5, most_us };
    vec![
        w("load-none", Work::Seconds { of: 60, requests: 0 }, 100, 0),
        w("load-10000", Work::Seconds { of: 60, requests: 10_000 }, 100, 1_600),
        w("traced-request", Work::Traced(100), 300, 1_000),
    ]
}

/// A cluster made ready for a workload.
pub struct Stand {
    workload: Workload,
    cluster: Cluster,
    client: String,
    files: Files,
    asked: i64,
}

impl Stand {
    #[must_use]
    pub fn new(workload: Workload) -> Self {
        let mut config = ClusterConfig::playground(1);
        config.nodes.extend(ClusterConfig::workers(1, workload.nodes).nodes.into_iter().map(|mut n| {
            n.name = format!("more-{}", n.name).into();
            n
        }));
        for node in &mut config.nodes {
            node.cpu = "32".into();
            node.memory = "64Gi".into();
        }
        let mut cluster = Cluster::new(config);
        super::apply(&mut cluster, "web", workload.replicas);
        create(
            &mut cluster,
            value!({
                "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"},
                "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
            }),
        );
        let mut files = Files::default();
        if matches!(workload.work, Work::Traced(_)) {
            files = behind_an_ingress(&mut cluster);
        }
        cluster.advance(120_000);
        let mut stand = Self { workload, cluster, client: String::new(), files, asked: 0 };
        stand.begin();
        stand
    }

    fn begin(&mut self) {
        if let Work::Seconds { requests, .. } = self.workload.work
            && requests > 0
        {
            let target = Target {
                kind: TargetKind::Service,
                namespace: "default".into(),
                name: "web".into(),
                port: 0,
                path: "".into(),
            };
            let mut profile = Profile::constant(target, requests * 1000);
            profile.work_us = 1_000;
            let begun = self.cluster.start_load(profile);
            debug_assert!(begun.is_ok(), "{begun:?}");
        }
        let client = self.cluster.objects("pods").find(|p| p.labels()["app"] == "web");
        self.client = client.map(|p| p.key().to_string()).unwrap_or_default();
        let service = self.cluster.object("services", "ingress-nginx", "ingress-nginx-controller");
        let ip =
            service.map(|s| s["status"]["loadBalancer"]["ingress"][0]["ip"].to_str()).unwrap_or_default();
        self.files.hosts = format!("{ip} shop.example.com\n").into();
    }

    /// One round.
    pub fn run(&mut self) -> super::Run {
        let (writes, before, mut run) = (self.cluster.revision(), self.cluster.now(), super::Run::default());
        match self.workload.work {
            Work::Seconds { of, .. } => {
                let until = before + of * 1_000;
                while self.cluster.next_due().is_some_and(|at| at <= until) && self.cluster.step() {
                    run.events += 1;
                }
                self.cluster.run_until(until, &mut || true);
                run.ready =
                    self.cluster.load().get("web").and_then(|r| r.latest()).map_or(0, |s| s.served / 1000);
            }
            Work::Traced(n) => {
                for _ in 0..n {
                    run.ready += i64::from(self.ask());
                }
            }
        }
        run.writes = self.cluster.revision() - writes;
        run.virtual_ms = self.cluster.now().since(before);
        run
    }

    /// Asks once and has the way told. True when it was answered.
    fn ask(&mut self) -> bool {
        let inside = self.asked % 2 == 0;
        self.asked += 1;
        let host = if inside { "web" } else { "shop.example.com" };
        let mut request = HttpRequest::get("/");
        request.headers.push(("host".into(), host.into()));
        let options = NetOptions { trace: Some("ko_KR.UTF-8".into()), ..NetOptions::default() };
        let request = NetRequest::With {
            options: Box::new(options),
            request: Box::new(NetRequest::Http { host: host.into(), port: 80, tls: false, request }),
        };
        let path = if inside {
            self.cluster.ask_with_path(&self.client, request).1
        } else {
            self.cluster.ask_from(&Source::Learner, &request, &self.files).1
        };
        path.outcome == crate::network::Outcome::Http(200)
    }
}

/// A controller, an Ingress to `web` and a few policies.
fn behind_an_ingress(cluster: &mut Cluster) -> Files {
    let all =
        crate::addons::OPTIONAL.iter().find(|(n, _)| *n == "ingress-nginx.yaml").map_or("", |(_, t)| *t);
    for document in all.split("\n---\n") {
        if let Ok(read) = objects::yaml::load(document) {
            create(cluster, read.value);
        }
    }
    // Its webhook is asked about the Ingress.
    cluster.advance(60_000);
    create(
        cluster,
        value!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "shop", "namespace": "default"},
            "spec": {"ingressClassName": "nginx", "rules": [{"host": "shop.example.com", "http": {"paths": [
                {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
            ]}}]},
        }),
    );
    for i in 0..10 {
        create(
            cluster,
            value!({
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": (format!("allow-{i}")), "namespace": "default"},
                "spec": {
                    "podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"],
                    "ingress": [{"from": [{"ipBlock": {"cidr": (format!("192.168.{i}.0/24"))}}]}, {"ports": [{"port": (80 + i)}]}],
                },
            }),
        );
    }
    Files {
        resolv: format!("nameserver {LEARNER_IP}\n").into(),
        hostname: "wheelhouse".into(),
        ..Files::default()
    }
}

fn create(cluster: &mut Cluster, object: Value) {
    let Some(r) = resources::of(&object) else { return };
    let mut request = client::Request::new(client::Verb::Create, &r.group, &r.version, &r.plural);
    if r.namespaced {
        request = request.in_namespace(object.namespace());
    }
    let created = cluster.request(&learner(), request.object(object));
    debug_assert!(created.is_ok(), "{created:?}");
}
