//! What workloads promise, whatever happens to them: random manifests, edits, deletions, evictions and failing
//! containers in a whole cluster, looked at after every write. `SEEDS=n` for long runs.

mod ground;

use client::{Change, ChangeKind, PatchType, Propagation, Request, Verb};
use clock::Rng;
use cluster::{Cluster, ClusterConfig};
use ground::{admin, create};
use objects::resources::{self, PODS, Resource};
use objects::{Value, value};
use std::collections::BTreeMap;

const NAMESPACE: &str = "default";
const QUOTA_PODS: i64 = 24;
/// A controller acts on what it saw: so much may have changed since.
const LAG_MS: i64 = 1_000;

fn to(verb: Verb, r: &Resource, name: &str) -> Request {
    Request::new(verb, &r.group, &r.version, &r.plural).in_namespace(NAMESPACE).named(name)
}

fn try_create(c: &mut Cluster, object: Value) {
    let r = resources::of(&object).expect("a built-in kind");
    let request = Request::new(Verb::Create, &r.group, &r.version, &r.plural);
    // A name that is taken and a full quota are part of the game.
    let _ = c.request(&admin(), request.in_namespace(NAMESPACE).object(object));
}

fn patch(c: &mut Cluster, r: &Resource, name: &str, change: Value) {
    let request = to(Verb::Patch, r, name).patch(PatchType::Merge, client::Body::Object(change));
    let _ = c.request(&admin(), request);
}

fn template(app: &str, rng: &mut Rng) -> Value {
    let command: &[&str] = match rng.below(8) {
        0 => &["sh", "-c", "sleep 5; exit 1"],
        1 => &["false"],
        _ => &["sleep", "3600"],
    };
    let command: Value = command.iter().map(|w| Value::from(*w)).collect();
    let image = if rng.below(10) == 0 { "nginx:0.0.1" } else { "busybox:1.36" };
    let tag = rng.below(1_000).to_string();
    value!({
        "metadata": {"labels": {"app": (app)}},
        "spec": {
            "terminationGracePeriodSeconds": (rng.below(4) as i64),
            "containers": [{
                "name": "c", "image": (image), "command": (command), "env": [{"name": "N", "value": (tag)}],
                "resources": {"requests": {"cpu": "10m"}},
            }],
        },
    })
}

fn manifest(kind: &str, name: &str, rng: &mut Rng) -> Value {
    let app = name;
    let selector = value!({"matchLabels": {"app": (app)}});
    let n = rng.below(6) as i64;
    let (api, spec) = match kind {
        "Deployment" => {
            let (surge, unavailable) =
                [("25%", "25%"), ("1", "0"), ("0", "1"), ("100%", "50%")][rng.below(4) as usize];
            let number = |t: &str| t.parse::<i64>().map_or(Value::from(t), Value::from);
            (
                "apps/v1",
                value!({
                    "replicas": (n), "selector": (selector), "template": (template(app, rng)),
                    "strategy": {"rollingUpdate": {"maxSurge": (number(surge)), "maxUnavailable": (number(unavailable))}},
                }),
            )
        }
        "StatefulSet" => (
            "apps/v1",
            value!({
                "replicas": (n), "selector": (selector), "template": (template(app, rng)), "serviceName": (app),
            }),
        ),
        "DaemonSet" => ("apps/v1", value!({"selector": (selector), "template": (template(app, rng))})),
        _ => {
            let mut t = template(app, rng);
            t.set_at(&["spec", "restartPolicy"], "Never");
            let command =
                value!(["sh", "-c", (format!("sleep {}; exit {}", rng.below(6), rng.below(4) / 3))]);
            t.at_mut(&["spec", "containers"]).list_mut().to_mut()[0].set("command", command);
            (
                "batch/v1",
                value!({
                    "completions": (1 + n), "parallelism": (1 + rng.below(4) as i64), "backoffLimit": (rng.below(4) as i64),
                    "completionMode": (if rng.below(2) == 0 { "Indexed" } else { "NonIndexed" }), "template": (t),
                }),
            )
        }
    };
    value!({"apiVersion": (api), "kind": (kind), "metadata": {"name": (name), "namespace": (NAMESPACE)}, "spec": (spec)})
}

const KINDS: [&str; 4] = ["Deployment", "StatefulSet", "DaemonSet", "Job"];

fn resource(kind: &str) -> &'static Resource {
    resources::all().iter().find(|r| r.kind == kind).expect("a built-in kind")
}

fn is_live(p: &Value) -> bool {
    !matches!(p["status"]["phase"].text(), "Succeeded" | "Failed")
}

fn is_healthy(p: &Value) -> bool {
    p.condition_true("Ready") && !p.is_terminating()
}

/// What is checked after every write.
struct Watcher {
    seed: u64,
    revision: u64,
    /// By Deployment's uid: the most replicas it was allowed of late, with their instants.
    allowed: BTreeMap<String, Vec<(i64, i64)>>,
    /// When each pod was last healthy.
    healthy: BTreeMap<String, i64>,
}

impl Watcher {
    fn look(&mut self, c: &Cluster) {
        let changes: Vec<Change> = c.changes_since(self.revision).cloned().collect();
        self.revision = c.revision();
        for change in &changes {
            self.see(c, change);
        }
        let live = c.objects("pods").filter(|p| p.namespace() == NAMESPACE && is_live(p)).count() as i64;
        assert!(live <= QUOTA_PODS, "seed {}: {live} pods under a quota of {QUOTA_PODS}", self.seed);
    }

    fn see(&mut self, c: &Cluster, change: &Change) {
        let (seed, now) = (self.seed, change.at.since(clock::Time::EPOCH));
        let new = &change.object;
        match change.resource.as_str() {
            "deployments.apps" if !change.is_deleted() => {
                let n = new["spec"]["replicas"].int();
                let surge = match &new["spec"]["strategy"]["rollingUpdate"]["maxSurge"] {
                    Value::Str(s) => (n * s.trim_end_matches('%').parse::<i64>().unwrap_or(0) + 99) / 100,
                    other => other.int(),
                };
                self.allowed.entry(new.uid().to_owned()).or_default().push((now, n + surge));
            }
            "replicasets.apps" if change.actor == "deployment-controller" && !change.is_deleted() => {
                let (is, was) = (new["spec"]["replicas"].int(), change.previous["spec"]["replicas"].int());
                let owner = new.controller_ref()["uid"].text().to_owned();
                let Some(allowed) = self.allowed.get(&owner).filter(|_| is > was) else { return };
                // All that was allowed within the lag, and the last before it.
                let from = allowed.iter().rposition(|(at, _)| *at <= now - LAG_MS).unwrap_or(0);
                let most = allowed[from..].iter().map(|(_, n)| *n).max().unwrap_or(0);
                let all = c.objects("replicasets.apps");
                let total: i64 = all
                    .filter(|r| r.controller_ref()["uid"] == owner.as_str())
                    .map(|r| r["spec"]["replicas"].int())
                    .sum();
                // What was there before an edit shrank the whole is not of its own doing.
                assert!(
                    total <= most.max(total - (is - was)),
                    "seed {seed} at {now}: {total} replicas, at most {most}"
                );
            }
            "jobs.batch" => {
                let done = new["status"]["succeeded"].int();
                let wanted = new["spec"]["completions"].int_or(i64::MAX);
                assert!(done <= wanted, "seed {seed}: {} has {done} of {wanted} completions", new.name());
            }
            "pods" => self.see_pod(c, change, now),
            _ => {}
        }
    }

    fn see_pod(&mut self, c: &Cluster, change: &Change, now: i64) {
        let (seed, pod) = (self.seed, &change.object);
        if is_healthy(pod) {
            self.healthy.insert(pod.name().to_owned(), i64::MAX);
        } else if is_healthy(&change.previous) || change.is_deleted() {
            self.healthy.insert(pod.name().to_owned(), now);
        }
        let owner = pod.controller_ref();
        if change.kind == ChangeKind::Added && owner["kind"] == "Job" && change.actor == "job-controller" {
            let job = c.object("jobs.batch", NAMESPACE, owner["name"].text());
            let Some(job) = job.filter(|j| j.uid() == owner["uid"].text()) else { return };
            let of = c.objects("pods").filter(|p| p.controller_ref()["uid"] == owner["uid"]);
            let (live, ended): (Vec<&Value>, Vec<&Value>) = of.partition(|p| is_live(p));
            let parallel = job["spec"]["parallelism"].int();
            // A pod that somebody deletes has failed for its Job, even if its process still ends well.
            let counted = ended.iter().filter(|p| p["status"]["phase"] == "Succeeded" && !p.is_terminating());
            let done = counted.count() as i64;
            let wanted = job["spec"]["completions"].int_or(i64::MAX);
            let active = live.iter().filter(|p| !p.is_terminating()).count() as i64;
            // What is on its way out has its replacement beside it.
            assert!(active <= parallel, "seed {seed}: {active} pods of {} at once", job.name());
            assert!(done + active <= wanted, "seed {seed}: {done} done and {active} active of {wanted}");
        }
        if owner["kind"] != "StatefulSet" || change.actor != "statefulset-controller" {
            return;
        }
        let (set, ordinal) = (owner["name"].text(), ordinal(pod.name()));
        if change.kind == ChangeKind::Added {
            for before in 0..ordinal {
                let name = format!("{set}-{before}");
                let since = self.healthy.get(&name).copied().unwrap_or(i64::MIN);
                assert!(
                    since >= now - LAG_MS,
                    "seed {seed} at {now}: {} made while {name} was not ready",
                    pod.name()
                );
            }
        }
    }
}

fn ordinal(name: &str) -> i64 {
    name.rsplit('-').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Runs for a while and looks after every write.
fn run(c: &mut Cluster, w: &mut Watcher, ms: i64) {
    let until = c.now() + ms;
    while c.next_due().is_some_and(|at| at <= until) {
        let before = c.revision();
        c.step();
        if c.revision() != before {
            w.look(c);
        }
    }
    c.run_until(until, &mut || true);
}

fn pick<'a>(names: &'a [(String, &'static str)], rng: &mut Rng) -> Option<&'a (String, &'static str)> {
    if names.is_empty() { None } else { names.get(rng.below(names.len() as u64) as usize) }
}

fn some_pod(c: &Cluster, rng: &mut Rng) -> Option<Value> {
    let all: Vec<&Value> = c.objects("pods").filter(|p| p.namespace() == NAMESPACE).collect();
    if all.is_empty() { None } else { Some(all[rng.below(all.len() as u64) as usize].clone()) }
}

/// Evicts a pod. A budget that holds must hold afterwards.
fn evict(c: &mut Cluster, pod: &Value, seed: u64) {
    let eviction = value!({"apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": (pod.name()), "namespace": (NAMESPACE)}});
    let healthy =
        |c: &Cluster| c.objects("pods").filter(|p| p.labels()["app"] == "w0" && is_healthy(p)).count() as i64;
    let before = healthy(c);
    let done =
        c.request(&admin(), to(Verb::Create, PODS, pod.name()).subresource("eviction").object(eviction));
    let after = healthy(c);
    let Some(budget) = c.object("poddisruptionbudgets.policy", NAMESPACE, "w0") else { return };
    let least = budget["status"]["desiredHealthy"].int();
    if done.is_ok() && after < before && budget["status"]["observedGeneration"].int() > 0 {
        assert!(
            after >= least,
            "seed {seed}: {after} healthy after an eviction, at least {least} are wanted"
        );
    }
}

fn act(c: &mut Cluster, rng: &mut Rng, names: &mut Vec<(String, &'static str)>, seed: u64) {
    match rng.below(12) {
        0..=2 => {
            let kind = KINDS[rng.below(4) as usize];
            let name = format!("w{}", rng.below(5));
            if !names.iter().any(|(n, _)| *n == name) {
                try_create(c, manifest(kind, &name, rng));
                names.push((name, kind));
            }
        }
        3 | 4 => {
            if let Some((name, kind)) =
                pick(names, rng).filter(|(_, k)| matches!(*k, "Deployment" | "StatefulSet"))
            {
                let n = rng.below(8) as i64;
                patch(c, resource(kind), name, value!({"spec": {"replicas": (n)}}));
            }
        }
        5 | 6 => {
            if let Some((name, kind)) = pick(names, rng).filter(|(_, k)| *k != "Job") {
                let t = template(name, rng);
                patch(c, resource(kind), name, value!({"spec": {"template": (t)}}));
            }
        }
        7 => {
            let Some((name, kind)) = pick(names, rng).cloned() else { return };
            let mut request = to(Verb::Delete, resource(kind), &name);
            let modes = [Propagation::Background, Propagation::Foreground, Propagation::Orphan];
            request.options.propagation = Some(modes[rng.below(3) as usize]);
            let _ = c.request(&admin(), request);
            names.retain(|(n, _)| *n != name);
        }
        8 | 9 => {
            if let Some(pod) = some_pod(c, rng) {
                let mut request = to(Verb::Delete, PODS, pod.name());
                request.options.grace_period_seconds = (rng.below(2) == 0).then_some(0);
                let _ = c.request(&admin(), request);
            }
        }
        _ => {
            if let Some(pod) = some_pod(c, rng) {
                evict(c, &pod, seed);
            }
        }
    }
}

/// Objects whose every owner is gone.
fn dangling(c: &Cluster) -> Vec<String> {
    let kinds = [
        "pods",
        "replicasets.apps",
        "controllerrevisions.apps",
        "jobs.batch",
        "endpointslices.discovery.k8s.io",
    ];
    let mut found = Vec::new();
    for id in kinds {
        for o in c.objects(id).filter(|o| o.namespace() == NAMESPACE) {
            let owners = o.meta()["ownerReferences"].items();
            let exists = |r: &Value| {
                let all = resources::all().iter().find(|k| k.kind == r["kind"].text());
                let object = all.and_then(|k| c.object(&k.storage, NAMESPACE, r["name"].text()));
                object.is_some_and(|o| o.uid() == r["uid"].text())
            };
            if !owners.is_empty() && !owners.iter().any(exists) {
                found.push(format!("{id}/{}", o.name()));
            }
        }
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "how long a test searches is its caller's choice")]
fn from_outside(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn workloads_keep_their_promises_whatever_happens() {
    let (seeds, from) = (from_outside("SEEDS", 6), from_outside("FROM", 0));
    for seed in from..from + seeds {
        let mut rng = Rng::new(seed).fork("promises");
        let mut config = ClusterConfig::workers(seed, 3);
        for n in &mut config.nodes {
            n.images = vec!["busybox:1.36".into()];
        }
        let mut c = Cluster::new(config);
        c.advance(2_000);
        create(
            &mut c,
            "quota",
            value!({"apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": {"name": "q", "namespace": (NAMESPACE)}, "spec": {"hard": {"pods": (QUOTA_PODS.to_string())}}}),
        );
        create(
            &mut c,
            "pdb",
            value!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": "w0", "namespace": (NAMESPACE)},
            "spec": {"minAvailable": "50%", "selector": {"matchLabels": {"app": "w0"}}}}),
        );
        let mut w =
            Watcher { seed, revision: c.revision(), allowed: BTreeMap::new(), healthy: BTreeMap::new() };
        let mut names = Vec::new();
        for _ in 0..30 {
            act(&mut c, &mut rng, &mut names, seed);
            w.look(&c);
            let span = [200, 1_000, 4_000, 15_000][rng.below(4) as usize];
            run(&mut c, &mut w, rng.below(span) as i64);
        }
        for (name, kind) in std::mem::take(&mut names) {
            let mut request = to(Verb::Delete, resource(kind), &name);
            request.options.propagation =
                Some(if rng.below(2) == 0 { Propagation::Background } else { Propagation::Foreground });
            let _ = c.request(&admin(), request);
        }
        run(&mut c, &mut w, 60_000);
        assert_eq!(dangling(&c), [] as [String; 0], "seed {seed}");
        let left = c.objects("deployments.apps").chain(c.objects("statefulsets.apps")).count();
        assert_eq!(left, 0, "seed {seed}: foreground deletions end");
    }
}
