//! Random clusters and pods against a naive reading of the rules: every refusal names a reason that is true, every node
//! that fits really fits, and the chosen node is always one of best score.
//!
//! `SEEDS=1000 cargo test -p scheduler --test random_clusters` for a long run.

use client::{Api, Caller, Change, ChangeKind, Component, Ctx, Request, Response, Verb};
use clock::{Rng, Time};
use objects::quantity::Quantity;
use objects::{Status, Str, Value, value};
use scheduler::{Outcome, Scheduler, Verdict};

const ZONE: &str = "topology.kubernetes.io/zone";
const HOST: &str = "kubernetes.io/hostname";

/// Accepts everything and remembers the last binding.
#[derive(Default)]
struct Yes {
    bound: Option<Str>,
}

impl Api for Yes {
    fn call(&mut self, _: &Caller, request: Request) -> Result<Response, Status> {
        if request.subresource == "binding"
            && request.verb == Verb::Create
            && let client::Body::Object(b) = &request.body
        {
            self.bound = Some(b["target"]["name"].to_str());
        }
        Ok(Response::default())
    }
}

fn added(resource: &str, object: &Value, revision: u64) -> Change {
    Change {
        revision,
        at: Time(0),
        kind: ChangeKind::Added,
        resource: resource.into(),
        namespace: object.namespace().into(),
        name: object.name().into(),
        object: object.clone(),
        previous: Value::Null,
        actor: Str::default(),
        cause: 0,
    }
}

fn one_of<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[rng.below(of.len() as u64) as usize]
}

fn one_in(rng: &mut Rng, n: u64) -> bool {
    rng.below(n) == 0
}

fn random_node(rng: &mut Rng, i: usize) -> Value {
    let name = format!("n{i}");
    let mut labels = value!({HOST: (name.as_str())});
    if !one_in(rng, 5) {
        labels.set(ZONE, one_of(rng, &["x", "y", "z"]));
    }
    if one_in(rng, 2) {
        labels.set("disk", one_of(rng, &["ssd", "hdd"]));
    }
    let mut taints = Vec::new();
    if one_in(rng, 4) {
        let effect = one_of(rng, &["NoSchedule", "NoExecute", "PreferNoSchedule"]);
        taints.push(value!({"key": (one_of(rng, &["a", "b"])), "effect": (effect)}));
    }
    let cpu = 1 + rng.below(4) as i64;
    value!({
        "metadata": {"name": (name), "labels": (labels)},
        "spec": {"unschedulable": (one_in(rng, 8)), "taints": (taints)},
        "status": {"allocatable": {"cpu": (cpu), "memory": (format!("{cpu}Gi")), "pods": "6"}},
    })
}

fn random_pod(rng: &mut Rng, i: usize) -> Value {
    let app = one_of(rng, &["p", "q"]);
    let mut spec = value!({"schedulerName": "default-scheduler", "priority": 0});
    let requests = value!({
        "cpu": (format!("{}m", 100 * rng.below(12))), "memory": (format!("{}Mi", 64 * rng.below(12))),
    });
    let port = if one_in(rng, 5) { 8000 + rng.below(2) as i64 } else { 0 };
    let container = value!({
        "name": "c", "image": "i", "resources": {"requests": (requests)},
        "ports": [{"containerPort": 80, "hostPort": (port)}],
    });
    spec.set("containers", vec![container]);
    if one_in(rng, 4) {
        spec.set("nodeSelector", value!({"disk": (one_of(rng, &["ssd", "hdd"]))}));
    }
    if one_in(rng, 3) {
        spec.set("tolerations", vec![value!({"key": (one_of(rng, &["a", "b"])), "operator": "Exists"})]);
    }
    let key = one_of(rng, &[ZONE, HOST]);
    let selector = value!({"matchLabels": {"app": (one_of(rng, &["p", "q"]))}});
    match rng.below(6) {
        0 => spec.set(
            "topologySpreadConstraints",
            vec![value!({"maxSkew": (1 + rng.below(2) as i64), "topologyKey": (key),
                         "whenUnsatisfiable": "DoNotSchedule", "labelSelector": (selector)})],
        ),
        n @ (1 | 2) => {
            let term = value!([{"topologyKey": (key), "labelSelector": (selector)}]);
            let kind = if n == 1 { "podAffinity" } else { "podAntiAffinity" };
            spec.set_at(&["affinity", kind, "requiredDuringSchedulingIgnoredDuringExecution"], term);
        }
        _ => {}
    }
    value!({
        "metadata": {"name": (format!("p{i}")), "namespace": "ns", "uid": (format!("u{i}")), "labels": {"app": (app)}},
        "spec": (spec),
    })
}

/// The cluster as anybody would write it down: nodes, and pods with the names of theirs.
struct Plain {
    nodes: Vec<Value>,
    pods: Vec<(String, Value)>,
}

fn amount(list: &Value, name: &str) -> i64 {
    if list[name].is_null() { 0 } else { Quantity::of(&list[name]).milli_value() }
}

fn requests(pod: &Value) -> &Value {
    &pod["spec"]["containers"][0]["resources"]["requests"]
}

fn selects(term: &Value, pod: &Value) -> bool {
    term["labelSelector"]["matchLabels"]["app"] == pod.labels()["app"]
}

impl Plain {
    fn on<'a>(&'a self, node: &'a str) -> impl Iterator<Item = &'a Value> {
        self.pods.iter().filter(move |(n, _)| n == node).map(|(_, p)| p)
    }

    fn node(&self, name: &str) -> &Value {
        self.nodes.iter().find(|n| n.name() == name).expect("a pod's node is there")
    }

    /// Pods in the same domain as `node`, for a node that has the key.
    fn domain<'a>(&'a self, node: &'a Value, key: &'a str) -> impl Iterator<Item = &'a Value> {
        let here = &node.labels()[key];
        self.pods.iter().filter(move |(n, _)| self.node(n).labels()[key] == *here).map(|(_, p)| p)
    }

    /// All that is wrong with a node for a pod.
    fn refusals(&self, pod: &Value, node: &Value) -> Vec<&'static str> {
        let mut out = Vec::new();
        let spec = &pod["spec"];
        let tolerated = |key: &str| spec["tolerations"].items().iter().any(|t| t["key"] == key);
        if node["spec"]["unschedulable"].is_true() {
            out.push("node(s) were unschedulable");
        }
        let hard = |t: &&Value| t["effect"] != "PreferNoSchedule" && !tolerated(t["key"].text());
        if node["spec"]["taints"].items().iter().any(|t| hard(&t)) {
            out.push("node(s) had untolerated taint(s)");
        }
        if spec["nodeSelector"].entries().iter().any(|(k, v)| node.labels()[k.as_str()] != *v) {
            out.push("node(s) didn't match Pod's node affinity/selector");
        }
        let port = |p: &Value| p["spec"]["containers"][0]["ports"][0]["hostPort"].int();
        if port(pod) > 0 && self.on(node.name()).any(|p| port(p) == port(pod)) {
            out.push("node(s) didn't have free ports for the requested pod ports");
        }
        if self.on(node.name()).count() >= 6 {
            out.push("Too many pods");
        }
        for (name, why) in [("cpu", "Insufficient cpu"), ("memory", "Insufficient memory")] {
            let used: i64 = self.on(node.name()).map(|p| amount(requests(p), name)).sum();
            let wants = amount(requests(pod), name);
            if wants > 0 && used + wants > amount(&node["status"]["allocatable"], name) {
                out.push(why);
            }
        }
        self.company(pod, node, &mut out);
        out
    }

    fn company(&self, pod: &Value, node: &Value, out: &mut Vec<&'static str>) {
        let spec = &pod["spec"];
        let has = |node: &Value, key: &str| !node.labels()[key].is_null();
        for c in spec["topologySpreadConstraints"].items() {
            let key = c["topologyKey"].text();
            if !has(node, key) {
                out.push("node(s) didn't match pod topology spread constraints (missing required label)");
                continue;
            }
            let eligible = |n: &&Value| {
                has(n, key)
                    && spec["nodeSelector"].entries().iter().all(|(k, v)| n.labels()[k.as_str()] == *v)
            };
            let count = |n: &Value| {
                let nodes = self.nodes.iter().filter(|m| eligible(m) && m.labels()[key] == n.labels()[key]);
                nodes.flat_map(|m| self.on(m.name())).filter(|p| selects(c, p)).count() as i64
            };
            let fewest = self.nodes.iter().filter(eligible).map(count).min().unwrap_or(0);
            if count(node) + i64::from(selects(c, pod)) - fewest > c["maxSkew"].int() {
                out.push("node(s) didn't match pod topology spread constraints");
            }
        }
        let terms = |p: &Value, kind: &str| {
            p["spec"]["affinity"][kind]["requiredDuringSchedulingIgnoredDuringExecution"].items().to_vec()
        };
        for t in terms(pod, "podAffinity") {
            let key = t["topologyKey"].text();
            let anywhere = self.pods.iter().any(|(n, p)| selects(&t, p) && has(self.node(n), key));
            let first = !anywhere && selects(&t, pod);
            if !has(node, key) || !(first || self.domain(node, key).any(|p| selects(&t, p))) {
                out.push("node(s) didn't match pod affinity rules");
            }
        }
        for t in terms(pod, "podAntiAffinity") {
            let key = t["topologyKey"].text();
            if has(node, key) && self.domain(node, key).any(|p| selects(&t, p)) {
                out.push("node(s) didn't match pod anti-affinity rules");
            }
        }
        let theirs = |(n, p): &(String, Value)| {
            terms(p, "podAntiAffinity").iter().any(|t| {
                let key = t["topologyKey"].text();
                selects(t, pod) && has(node, key) && self.node(n).labels()[key] == node.labels()[key]
            })
        };
        if self.pods.iter().any(theirs) {
            out.push("node(s) didn't satisfy existing pods anti-affinity rules");
        }
    }
}

fn play(seed: u64) {
    let mut rng = Rng::new(seed);
    let mut scheduler = Scheduler::default();
    let mut plain = Plain { nodes: Vec::new(), pods: Vec::new() };
    let mut revision = 0;
    for i in 0..1 + rng.below(7) as usize {
        let node = random_node(&mut rng, i);
        revision += 1;
        scheduler.deliver(&added("nodes", &node, revision), Time(0));
        plain.nodes.push(node);
    }
    for i in 0..20 {
        let pod = random_pod(&mut rng, i);
        revision += 1;
        scheduler.deliver(&added("pods", &pod, revision), Time(0));
        let mut api = Yes::default();
        while api.bound.is_none() && scheduler.next_wake().is_some_and(|at| at <= Time(0)) {
            let caller = Caller::default();
            scheduler.wake(&mut Ctx { now: Time(0), rng: &mut rng, api: &mut api, caller });
        }
        let Some(decision) = scheduler.decision(pod.uid()) else {
            panic!("seed {seed}: {pod:?} was not tried")
        };
        let mut best: Option<(i64, Vec<String>)> = None;
        for (name, verdict) in decision.verdicts() {
            let wrong = plain.refusals(&pod, plain.node(name));
            match verdict {
                Verdict::Refused { refusal, .. } => {
                    for reason in &refusal.reasons {
                        assert!(
                            wrong.contains(&reason.as_str()),
                            "seed {seed}, {name}: {reason} of {wrong:?}"
                        );
                    }
                }
                Verdict::Fits { scores, total } => {
                    assert_eq!(wrong, Vec::<&str>::new(), "seed {seed}: {name} does not fit {pod:?}");
                    assert!(scores.iter().all(|s| (0..=100).contains(&s.normalized)), "seed {seed}");
                    match &mut best {
                        Some((most, names)) if *most == total => names.push(name.to_owned()),
                        Some((most, _)) if *most > total => {}
                        _ => best = Some((total, vec![name.to_owned()])),
                    }
                }
                Verdict::NotVisited => panic!("seed {seed}: few nodes are all looked at"),
            }
        }
        match (&decision.outcome, best) {
            (Outcome::Bound { node }, Some((_, names))) => {
                assert!(names.iter().any(|n| n == node), "seed {seed}: {node} is not of {names:?}");
                assert_eq!(api.bound.as_ref(), Some(node), "seed {seed}");
                plain.pods.push((node.to_string(), pod));
            }
            (Outcome::Unschedulable { message, .. }, None) => {
                assert_eq!(*message, message_of(&plain, decision), "seed {seed}");
            }
            (outcome, best) => panic!("seed {seed}: {outcome:?} though {best:?}"),
        }
    }
}

/// The message by the table: each reason once with the number of its nodes, in the order of the texts.
fn message_of(plain: &Plain, decision: &scheduler::Decision) -> String {
    let all = plain.nodes.len();
    let (mut reasons, mut helpless) = (Vec::new(), 0);
    for (_, verdict) in decision.verdicts() {
        let Verdict::Refused { refusal, .. } = verdict else { continue };
        reasons.extend(refusal.reasons.iter().map(ToString::to_string));
        helpless += usize::from(refusal.unresolvable);
    }
    let mut texts: Vec<String> =
        reasons.iter().map(|r| format!("{} {r}", reasons.iter().filter(|o| *o == r).count())).collect();
    texts.sort();
    texts.dedup();
    let victims = all - helpless;
    let mut tail = Vec::new();
    if helpless > 0 {
        tail.push(format!("{helpless} Preemption is not helpful for scheduling"));
    }
    if victims > 0 {
        tail.push(format!("{victims} No preemption victims found for incoming pod"));
    }
    tail.sort();
    format!(
        "0/{all} nodes are available: {}. no new claims to deallocate, preemption: 0/{all} nodes are available: {}.",
        texts.join(", "),
        tail.join(", ")
    )
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "the number of seeds is told from outside; the engine itself reads nothing"
)]
fn refusals_are_true_and_the_best_is_chosen() {
    let seeds = std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    (0..seeds).for_each(play);
}
