//! What is remembered of nodes for pods of one kind changes nothing: a scheduler that remembers and one that forgets all
//! before each decision (as a snapshot does) decide the same, verdict by verdict, whatever happens in between.
//!
//! `SEEDS=1000 cargo test -p scheduler --test kinds` for a long run.

mod plain;

use client::{Caller, Change, ChangeKind, Component, Ctx};
use clock::{Rng, Time};
use objects::{Value, value};
use plain::{HOST, Yes, ZONE, one_in, one_of, random_cluster, random_node, random_pod};
use scheduler::{Outcome, Scheduler, Verdict};

/// Sets that pods are of.
const TEMPLATES: usize = 4;

/// Two schedulers to which the same happens.
struct Pair {
    seed: u64,
    remembers: Scheduler,
    forgets: Scheduler,
    rngs: [Rng; 2],
    now: Time,
    revision: u64,
    nodes: Vec<Value>,
    pods: Vec<Value>,
    templates: Vec<Value>,
    made: usize,
    /// Decisions in which some node fitted and some did not.
    mixed: usize,
}

fn any<'a>(rng: &mut Rng, of: &'a mut [Value]) -> Option<&'a mut Value> {
    if of.is_empty() {
        return None;
    }
    let i = rng.below(of.len() as u64) as usize;
    of.get_mut(i)
}

fn taken(rng: &mut Rng, from: &mut Vec<Value>) -> Option<Value> {
    (!from.is_empty()).then(|| from.swap_remove(rng.below(from.len() as u64) as usize))
}

impl Pair {
    fn new(seed: u64, rng: &mut Rng) -> Self {
        let (scheduler, plain, revision) = random_cluster(rng);
        let mut pair = Self {
            seed,
            remembers: scheduler.clone(),
            forgets: scheduler,
            rngs: [Rng::new(seed), Rng::new(seed)],
            now: Time(0),
            revision,
            nodes: plain.nodes,
            pods: Vec::new(),
            templates: (0..TEMPLATES).map(|i| random_pod(rng, i)).collect(),
            made: TEMPLATES,
            mixed: 0,
        };
        // Some clusters are so large that not all nodes are looked at; some of these have no zones.
        let has_zones = !one_in(rng, 2);
        for i in 0..if one_in(rng, 4) { 130 } else { 0 } {
            let mut node = random_node(rng, 100 + i);
            if !has_zones {
                node.at_mut(&["metadata", "labels"]).remove(ZONE);
            }
            pair.comes("nodes", node);
        }
        pair
    }

    fn tell(&mut self, resource: &str, object: &Value, previous: Value, kind: ChangeKind) {
        self.revision += 1;
        let change =
            Change { revision: self.revision, previous, kind, ..Change::added(resource, object.clone()) };
        self.remembers.deliver(&change, self.now);
        self.forgets.deliver(&change, self.now);
    }

    fn comes(&mut self, resource: &str, object: Value) {
        self.tell(resource, &object, Value::Null, ChangeKind::Added);
        if resource == "nodes" { self.nodes.push(object) } else { self.pods.push(object) }
    }

    fn goes(&mut self, resource: &str, object: &Value) {
        self.tell(resource, object, object.clone(), ChangeKind::Deleted);
    }

    fn happen(&mut self, rng: &mut Rng) {
        match rng.below(14) {
            0 => {
                if let Some(pod) = taken(rng, &mut self.pods) {
                    self.goes("pods", &pod);
                }
            }
            1..=3 => self.change_node(rng),
            4 if self.nodes.len() > 1 => {
                if let Some(node) = taken(rng, &mut self.nodes) {
                    self.goes("nodes", &node);
                }
            }
            5 => {
                let fresh = (0..9).find(|i| self.nodes.iter().all(|n| n.name() != format!("n{i}")));
                if let Some(i) = fresh {
                    self.comes("nodes", random_node(rng, i));
                }
            }
            6 => self.change_pod(rng),
            7 => self.now = self.now + 1_000 * rng.below(20) as i64,
            _ => self.new_pod(rng),
        }
    }

    fn new_pod(&mut self, rng: &mut Rng) {
        let (which, i) = (rng.below(TEMPLATES as u64), self.made);
        self.made += 1;
        // Some are of no set, and of a kind of their own.
        let mut pod =
            if one_in(rng, 5) { random_pod(rng, i) } else { self.templates[which as usize].clone() };
        let meta = pod.at_mut(&["metadata"]);
        meta.set("name", format!("p{i}"));
        meta.set("uid", format!("u{i}"));
        if !one_in(rng, 3) {
            let owner =
                value!({"kind": "ReplicaSet", "name": "r", "uid": (format!("r{which}")), "controller": true});
            meta.set("ownerReferences", vec![owner]);
        }
        if one_in(rng, 6) {
            pod.at_mut(&["spec"]).set("priority", 5);
        }
        self.comes("pods", pod);
    }

    fn change_node(&mut self, rng: &mut Rng) {
        let Some(node) = any(rng, &mut self.nodes) else { return };
        let old = node.clone();
        match rng.below(6) {
            0 => node.at_mut(&["spec"]).set("unschedulable", one_in(rng, 2)),
            1 => {
                let effect = one_of(rng, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
                let taint = value!({"key": (one_of(rng, &["a", "b", "c"])), "effect": (effect)});
                node.at_mut(&["spec"]).set("taints", vec![taint]);
            }
            2 => node.at_mut(&["spec"]).set("taints", Value::Null),
            3 => {
                let key = one_of(rng, &[ZONE, HOST, "disk"]);
                let label = one_of(rng, &["x", "y", "ssd", "hdd"]);
                node.at_mut(&["metadata", "labels"]).set(key, label);
            }
            4 => {
                let cpu = format!("{}", 1 + rng.below(5));
                node.at_mut(&["status", "allocatable"]).set("cpu", cpu);
            }
            _ => {
                let image = value!({"names": ["i:latest"], "sizeBytes": (rng.below(900) as i64 * 1_000_000)});
                node.at_mut(&["status"]).set("images", vec![image]);
            }
        }
        let new = node.clone();
        self.tell("nodes", &new, old, ChangeKind::Modified);
    }

    fn change_pod(&mut self, rng: &mut Rng) {
        let Some(pod) = any(rng, &mut self.pods) else { return };
        let old = pod.clone();
        match rng.below(3) {
            0 => pod.at_mut(&["metadata"]).set("deletionTimestamp", "2024-01-01T00:00:00Z"),
            1 => pod.at_mut(&["metadata", "labels"]).set("app", one_of(rng, &["p", "q"])),
            _ => pod.at_mut(&["status"]).set("phase", "Succeeded"),
        }
        let new = pod.clone();
        self.tell("pods", &new, old, ChangeKind::Modified);
    }

    /// Has both try what is due, one pod at a time.
    fn settle(&mut self) {
        for _ in 0..40 {
            if self.remembers.next_wake().is_none_or(|at| at > self.now) {
                break;
            }
            self.forgets = self.forgets.clone();
            let mut done = Vec::new();
            for (scheduler, rng) in [&mut self.remembers, &mut self.forgets].into_iter().zip(&mut self.rngs) {
                let mut api = Yes { pods: self.pods.clone(), ..Yes::default() };
                let caller = Caller::default();
                scheduler.wake(&mut Ctx { now: self.now, rng, api: &mut api, caller });
                done.push((api.bound, api.deleted));
            }
            assert_eq!(done[0], done[1], "seed {}", self.seed);
            assert_eq!(self.remembers.next_wake(), self.forgets.next_wake(), "seed {}", self.seed);
            let deleted = std::mem::take(&mut done[0].1);
            self.follow(&deleted);
        }
        self.compare();
    }

    fn compare(&mut self) {
        for pod in &self.pods {
            let (one, other) = (self.remembers.decision(pod.uid()), self.forgets.decision(pod.uid()));
            if one.is_some_and(|d| d.at != self.now) {
                continue;
            }
            assert_eq!(one, other, "seed {}: {pod:?}", self.seed);
            let said: Vec<Verdict<'_>> = one.iter().flat_map(|d| d.verdicts()).map(|(_, v)| v).collect();
            let fits = said.iter().any(|v| matches!(v, Verdict::Fits { .. }));
            self.mixed += usize::from(fits && said.iter().any(|v| matches!(v, Verdict::Refused { .. })));
        }
    }

    /// What the API server would tell of what was written.
    fn follow(&mut self, deleted: &[String]) {
        for i in 0..self.pods.len() {
            let pod = &self.pods[i];
            let outcome = self.remembers.decision(pod.uid()).map(|d| d.outcome.clone());
            if let Some(Outcome::Bound { node }) = outcome
                && pod["spec"]["nodeName"].is_null()
            {
                let old = pod.clone();
                self.pods[i].at_mut(&["spec"]).set("nodeName", node);
                let new = self.pods[i].clone();
                self.tell("pods", &new, old, ChangeKind::Modified);
            }
        }
        for name in deleted {
            if let Some(i) = self.pods.iter().position(|p| p.name() == name.as_str()) {
                let pod = self.pods.swap_remove(i);
                self.goes("pods", &pod);
            }
        }
    }
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "the number of seeds is told from outside; the engine itself reads nothing"
)]
fn remembering_changes_no_decision() {
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(16);
    let mut mixed = 0;
    for seed in 0..seeds {
        let mut rng = Rng::new(seed);
        let mut pair = Pair::new(seed, &mut rng);
        for _ in 0..60 {
            pair.happen(&mut rng);
            pair.settle();
        }
        mixed += pair.mixed;
    }
    assert!(mixed as u64 > seeds * 5, "{mixed} decisions had something to decide");
}
