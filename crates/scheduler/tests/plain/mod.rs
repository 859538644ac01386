//! Random nodes, volumes and pods, and the rules of the filters read naively: as anybody would write them down.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeSet;

use client::{Api, Body, Caller, Change, Component, Ctx, Request, Response, Verb};
use clock::{Rng, Time};
use objects::quantity::Quantity;
use objects::{Status, Str, Value, value};
use scheduler::Scheduler;

pub const ZONE: &str = "topology.kubernetes.io/zone";
pub const HOST: &str = "kubernetes.io/hostname";
const DRIVER: &str = "disk.csi";
/// How many pods a node takes.
const PODS: usize = 6;

/// Accepts everything; remembers the last binding and who was deleted, and answers with the pods it knows.
#[derive(Default)]
pub struct Yes {
    pub bound: Option<Str>,
    pub deleted: Vec<String>,
    pub pods: Vec<Value>,
}

impl Api for Yes {
    fn call(&mut self, _: &Caller, request: Request) -> Result<Response, Status> {
        if let (Verb::Create, "binding", Body::Object(b)) =
            (request.verb, request.subresource.as_str(), &request.body)
        {
            self.bound = Some(b["target"]["name"].to_str());
        }
        if request.verb == Verb::Delete {
            self.deleted.push(request.name.to_string());
        }
        let found = self.pods.iter().find(|p| p.name() == request.name);
        Ok(Response { object: found.cloned().unwrap_or_default(), ..Response::default() })
    }
}

pub fn added(resource: &str, object: &Value, revision: u64) -> Change {
    Change { revision, at: Time(0), ..Change::added(resource, object.clone()) }
}

/// Has the scheduler try what waits, until it binds something or nothing is left for this instant.
pub fn run(scheduler: &mut Scheduler, rng: &mut Rng, api: &mut Yes) {
    while api.bound.is_none() && scheduler.next_wake().is_some_and(|at| at <= Time(0)) {
        let caller = Caller::default();
        scheduler.wake(&mut Ctx { now: Time(0), rng, api, caller });
    }
}

pub fn one_of<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[rng.below(of.len() as u64) as usize]
}

pub fn one_in(rng: &mut Rng, n: u64) -> bool {
    rng.below(n) == 0
}

pub fn random_node(rng: &mut Rng, i: usize) -> Value {
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
    let mut images = Vec::new();
    if one_in(rng, 2) {
        images.push(value!({"names": ["i:latest"], "sizeBytes": (rng.below(2_000) as i64 * 1_000_000)}));
    }
    let cpu = 1 + rng.below(4) as i64;
    value!({
        "metadata": {"name": (name), "labels": (labels)},
        "spec": {"unschedulable": (one_in(rng, 8)), "taints": (taints)},
        "status": {"allocatable": {"cpu": (cpu), "memory": (format!("{cpu}Gi")), "pods": (PODS as i64)},
                   "images": (images)},
    })
}

/// Claims with their volumes: of a zone, of a node, for one pod only, and three on a driver that attaches one to a node.
pub fn storage(rng: &mut Rng) -> (Vec<Value>, Vec<Value>) {
    let on_host = value!([{"key": HOST, "operator": "In", "values": [(one_of(rng, &["n0", "n1"]))]}]);
    let zone = one_of(rng, &["x", "y"]);
    let volumes = vec![
        value!({"metadata": {"name": "zoned", "labels": {ZONE: (zone)}}, "spec": {}}),
        value!({"metadata": {"name": "local"}, "spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [
            {"matchExpressions": (on_host)}]}}}}),
        value!({"metadata": {"name": "alone"}, "spec": {}}),
        value!({"metadata": {"name": "d1"}, "spec": {"csi": {"driver": DRIVER, "volumeHandle": "1"}}}),
        value!({"metadata": {"name": "d2"}, "spec": {"csi": {"driver": DRIVER, "volumeHandle": "2"}}}),
        value!({"metadata": {"name": "d3"}, "spec": {"csi": {"driver": DRIVER, "volumeHandle": "3"}}}),
    ];
    let claim = |v: &Value| {
        let mode = if v.name() == "alone" { "ReadWriteOncePod" } else { "ReadWriteMany" };
        value!({
            "metadata": {"name": (v.name()), "namespace": "ns",
                         "annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
            "spec": {"volumeName": (v.name()), "accessModes": [(mode)]},
        })
    };
    (volumes.iter().map(claim).collect(), volumes)
}

fn random_term(rng: &mut Rng, key: &str, selector: &Value) -> Value {
    let mut term = value!({"topologyKey": (key), "labelSelector": (selector)});
    match rng.below(5) {
        0 => term.set("namespaces", value!(["other"])),
        1 => term.set("namespaceSelector", Value::map()),
        2 => term.set("namespaceSelector", value!({"matchLabels": {"team": "x"}})),
        _ => {}
    }
    term
}

pub fn random_pod(rng: &mut Rng, i: usize) -> Value {
    let (app, rev) = (one_of(rng, &["p", "q"]), one_of(rng, &["1", "2"]));
    let namespace = if one_in(rng, 4) { "other" } else { "ns" };
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
    if one_in(rng, 5) {
        let preference = value!({"matchExpressions": [{"key": "disk", "operator": "Exists"}]});
        let wish = value!([{"weight": 5, "preference": (preference)}]);
        let path = ["affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution"];
        spec.set_at(&path, wish);
    }
    if one_in(rng, 3) {
        spec.set("tolerations", vec![value!({"key": (one_of(rng, &["a", "b"])), "operator": "Exists"})]);
    }
    if namespace == "ns" && one_in(rng, 4) {
        let claim = one_of(rng, &["zoned", "local", "alone", "d1", "d2", "d3"]);
        spec.set("volumes", vec![value!({"name": "v", "persistentVolumeClaim": {"claimName": (claim)}})]);
    }
    let key = one_of(rng, &[ZONE, HOST]);
    let selector = value!({"matchLabels": {"app": (one_of(rng, &["p", "q"]))}});
    match rng.below(7) {
        n @ (0 | 1) => {
            let when = if n == 0 { "DoNotSchedule" } else { "ScheduleAnyway" };
            let mut c = value!({"maxSkew": (1 + rng.below(2) as i64), "topologyKey": (key),
                                "whenUnsatisfiable": (when), "labelSelector": (selector)});
            if n == 0 && one_in(rng, 3) {
                c.set("minDomains", 1 + rng.below(4) as i64);
            }
            if one_in(rng, 3) {
                c.set("nodeTaintsPolicy", "Honor");
            }
            if one_in(rng, 3) {
                c.set("nodeAffinityPolicy", "Ignore");
            }
            if one_in(rng, 3) {
                c.set("matchLabelKeys", value!(["rev"]));
            }
            spec.set("topologySpreadConstraints", vec![c]);
        }
        n @ (2 | 3) => {
            let term = random_term(rng, key, &selector);
            let kind = if n == 2 { "podAffinity" } else { "podAntiAffinity" };
            spec.set_at(&["affinity", kind, "requiredDuringSchedulingIgnoredDuringExecution"], vec![term]);
        }
        4 => {
            let wish = value!({"weight": 3, "podAffinityTerm": (random_term(rng, key, &selector))});
            let path = ["affinity", "podAffinity", "preferredDuringSchedulingIgnoredDuringExecution"];
            spec.set_at(&path, vec![wish]);
        }
        _ => {}
    }
    value!({
        "metadata": {"name": (format!("p{i}")), "namespace": (namespace), "uid": (format!("u{i}")),
                     "labels": {"app": (app), "rev": (rev)}},
        "spec": (spec),
    })
}

/// Nodes, and pods with the names of theirs.
#[derive(Clone, Default)]
pub struct Plain {
    pub nodes: Vec<Value>,
    pub volumes: Vec<Value>,
    pub pods: Vec<(String, Value)>,
}

pub fn amount(list: &Value, name: &str) -> i64 {
    if list[name].is_null() { 0 } else { Quantity::of(&list[name]).milli_value() }
}

pub fn requests(pod: &Value) -> &Value {
    &pod["spec"]["containers"][0]["resources"]["requests"]
}

/// Whether the selector of `owner`'s constraint or term picks `pod`, whatever the namespaces.
fn selects(owner: &Value, term: &Value, pod: &Value) -> bool {
    let same = |key: &Value| owner.labels()[key.text()] == pod.labels()[key.text()];
    term["labelSelector"]["matchLabels"]["app"] == pod.labels()["app"]
        && term["matchLabelKeys"].items().iter().all(same)
}

/// The same with the namespaces that a term means. Namespace `other` is labelled team x.
fn means(owner: &Value, term: &Value, pod: &Value) -> bool {
    let (names, selector) = (term["namespaces"].items(), &term["namespaceSelector"]);
    let there = if !names.is_empty() {
        names.iter().any(|n| *n == pod.namespace())
    } else if selector.is_null() {
        pod.namespace() == owner.namespace()
    } else {
        selector.entries().is_empty() || pod.namespace() == "other"
    };
    there && selects(owner, term, pod)
}

fn claim(pod: &Value) -> &str {
    pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"].text()
}

fn tolerated(pod: &Value, node: &Value) -> bool {
    let covers = |t: &Value| pod["spec"]["tolerations"].items().iter().any(|o| o["key"] == t["key"]);
    node["spec"]["taints"].items().iter().all(|t| t["effect"] == "PreferNoSchedule" || covers(t))
}

fn selected(pod: &Value, node: &Value) -> bool {
    pod["spec"]["nodeSelector"].entries().iter().all(|(k, v)| node.labels()[k.as_str()] == *v)
}

impl Plain {
    pub fn on<'a>(&'a self, node: &'a str) -> impl Iterator<Item = &'a Value> {
        self.pods.iter().filter(move |(n, _)| n == node).map(|(_, p)| p)
    }

    pub fn node(&self, name: &str) -> &Value {
        self.nodes.iter().find(|n| n.name() == name).expect("a pod's node is there")
    }

    /// Pods in the same domain as `node`, for a node that has the key.
    fn domain<'a>(&'a self, node: &'a Value, key: &'a str) -> impl Iterator<Item = &'a Value> {
        let here = &node.labels()[key];
        self.pods.iter().filter(move |(n, _)| self.node(n).labels()[key] == *here).map(|(_, p)| p)
    }

    /// All that is wrong with a node for a pod.
    pub fn refusals(&self, pod: &Value, node: &Value) -> Vec<&'static str> {
        let mut out = Vec::new();
        if node["spec"]["unschedulable"].is_true() {
            out.push("node(s) were unschedulable");
        }
        if !tolerated(pod, node) {
            out.push("node(s) had untolerated taint(s)");
        }
        if !selected(pod, node) {
            out.push("node(s) didn't match Pod's node affinity/selector");
        }
        let port = |p: &Value| p["spec"]["containers"][0]["ports"][0]["hostPort"].int();
        if port(pod) > 0 && self.on(node.name()).any(|p| port(p) == port(pod)) {
            out.push("node(s) didn't have free ports for the requested pod ports");
        }
        if self.on(node.name()).count() >= PODS {
            out.push("Too many pods");
        }
        for (name, why) in [("cpu", "Insufficient cpu"), ("memory", "Insufficient memory")] {
            let used: i64 = self.on(node.name()).map(|p| amount(requests(p), name)).sum();
            let wants = amount(requests(pod), name);
            if wants > 0 && used + wants > amount(&node["status"]["allocatable"], name) {
                out.push(why);
            }
        }
        self.disks(pod, node, &mut out);
        self.company(pod, node, &mut out);
        out
    }

    fn disks(&self, pod: &Value, node: &Value, out: &mut Vec<&'static str>) {
        let Some(volume) = self.volumes.iter().find(|v| v.name() == claim(pod)) else { return };
        let zone = &volume.labels()[ZONE];
        let here = &node.labels()[ZONE];
        if !zone.is_null() && !here.is_null() && zone != here {
            out.push("node(s) had no available volume zone");
        }
        let terms = &volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"];
        if !terms.is_null() && terms[0]["matchExpressions"][0]["values"][0] != node.labels()[HOST] {
            out.push("node(s) didn't match PersistentVolume's node affinity");
        }
        if volume.name() == "alone" && self.pods.iter().any(|(_, p)| claim(p) == "alone") {
            out.push(
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
            );
        }
        let attached = |p: &&Value| claim(p).starts_with('d') && claim(p) != claim(pod);
        if claim(pod).starts_with('d')
            && !self.on(node.name()).any(|p| claim(p) == claim(pod))
            && self.on(node.name()).any(|p| attached(&p))
        {
            out.push("node(s) exceed max volume count");
        }
    }

    fn company(&self, pod: &Value, node: &Value, out: &mut Vec<&'static str>) {
        let spec = &pod["spec"];
        let has = |node: &Value, key: &str| !node.labels()[key].is_null();
        for c in spec["topologySpreadConstraints"].items() {
            if c["whenUnsatisfiable"] != "DoNotSchedule" {
                continue;
            }
            let key = c["topologyKey"].text();
            if !has(node, key) {
                out.push("node(s) didn't match pod topology spread constraints (missing required label)");
                continue;
            }
            let eligible = |n: &&Value| {
                has(n, key)
                    && (c["nodeAffinityPolicy"] == "Ignore" || selected(pod, n))
                    && (c["nodeTaintsPolicy"] != "Honor" || tolerated(pod, n))
            };
            let counted = |p: &&Value| p.namespace() == pod.namespace() && selects(pod, c, p);
            let count = |n: &Value| {
                let nodes = self.nodes.iter().filter(|m| eligible(m) && m.labels()[key] == n.labels()[key]);
                nodes.flat_map(|m| self.on(m.name())).filter(counted).count() as i64
            };
            let mut domains: Vec<&str> =
                self.nodes.iter().filter(eligible).map(|n| n.labels()[key].text()).collect();
            domains.sort_unstable();
            domains.dedup();
            let fewest = if (domains.len() as i64) < c["minDomains"].int_or(1) {
                0
            } else {
                self.nodes.iter().filter(eligible).map(count).min().unwrap_or(0)
            };
            if count(node) + i64::from(selects(pod, c, pod)) - fewest > c["maxSkew"].int() {
                out.push("node(s) didn't match pod topology spread constraints");
            }
        }
        let terms = |p: &Value, kind: &str| {
            p["spec"]["affinity"][kind]["requiredDuringSchedulingIgnoredDuringExecution"].items().to_vec()
        };
        for t in terms(pod, "podAffinity") {
            let key = t["topologyKey"].text();
            let anywhere = self.pods.iter().any(|(n, p)| means(pod, &t, p) && has(self.node(n), key));
            let first = !anywhere && means(pod, &t, pod);
            if !has(node, key) || !(first || self.domain(node, key).any(|p| means(pod, &t, p))) {
                out.push("node(s) didn't match pod affinity rules");
            }
        }
        for t in terms(pod, "podAntiAffinity") {
            let key = t["topologyKey"].text();
            if has(node, key) && self.domain(node, key).any(|p| means(pod, &t, p)) {
                out.push("node(s) didn't match pod anti-affinity rules");
            }
        }
        let theirs = |(n, p): &(String, Value)| {
            terms(p, "podAntiAffinity").iter().any(|t| {
                let key = t["topologyKey"].text();
                means(p, t, pod) && has(node, key) && self.node(n).labels()[key] == node.labels()[key]
            })
        };
        if self.pods.iter().any(theirs) {
            out.push("node(s) didn't satisfy existing pods anti-affinity rules");
        }
    }
}

/// The uid of the controller that a pod is of.
fn owner(pod: &Value) -> &Value {
    &pod["metadata"]["ownerReferences"][0]["uid"]
}

impl Plain {
    /// What some score plugins should give a node, before it is brought to 0..=100, when these fit.
    pub fn raw_scores(&self, pod: &Value, node: &Value, fitting: &[&Value]) -> Vec<(&'static str, i64)> {
        let mut out =
            vec![("NodeResourcesFit", self.emptiness(pod, node)), ("ImageLocality", self.images(node))];
        if !owner(pod).is_null() && pod["spec"]["topologySpreadConstraints"].is_null() {
            out.push(("PodTopologySpread", self.crowd(pod, node, fitting)));
        }
        out
    }

    fn emptiness(&self, pod: &Value, node: &Value) -> i64 {
        let free = |name| {
            let has = amount(&node["status"]["allocatable"], name);
            let used: i64 = self.on(node.name()).chain([pod]).map(|p| amount(requests(p), name)).sum();
            ((has - used) * 100 / has).max(0)
        };
        (free("cpu") + free("memory")) / 2
    }

    /// All pods ask for the same image.
    fn images(&self, node: &Value) -> i64 {
        let size = |n: &Value| n["status"]["images"][0]["sizeBytes"].int();
        let share = self.nodes.iter().filter(|n| size(n) > 0).count() as f64 / self.nodes.len() as f64;
        let (least, most) = (23 << 20, 1000 << 20);
        100 * (((size(node) as f64 * share) as i64).clamp(least, most) - least) / (most - least)
    }

    /// Pods of the same controller on the node and in its zone, as the default constraints weigh them.
    fn crowd(&self, pod: &Value, node: &Value, fitting: &[&Value]) -> i64 {
        let zone = |n: &Value| n.labels()[ZONE].to_str();
        let on = |n: &Value| self.on(n.name()).filter(|p| owner(p) == owner(pod)).count() as f64;
        let mut sum = on(node) * ((fitting.len() + 2) as f64).ln() + 2.0;
        if !zone(node).is_empty() {
            let zones: BTreeSet<Str> = fitting.iter().map(|n| zone(n)).collect();
            let there = self.nodes.iter().filter(|n| zone(n) == zone(node) && selected(pod, n));
            sum += there.map(on).sum::<f64>() * ((zones.len() + 2) as f64).ln() + 4.0;
        }
        sum.round() as i64
    }
}

/// A scheduler that has heard of random nodes and volumes, and what it should know of them.
pub fn random_cluster(rng: &mut Rng) -> (Scheduler, Plain, u64) {
    let mut scheduler = Scheduler::default();
    let (claims, volumes) = storage(rng);
    let mut plain = Plain { volumes: volumes.clone(), ..Plain::default() };
    let has_zones = !one_in(rng, 3);
    let mut all: Vec<(&str, Value)> = Vec::new();
    for (name, labels) in [("ns", value!({})), ("other", value!({"team": "x"}))] {
        all.push(("namespaces", value!({"metadata": {"name": (name), "labels": (labels)}})));
    }
    all.extend(volumes.into_iter().map(|v| ("persistentvolumes", v)));
    all.extend(claims.into_iter().map(|c| ("persistentvolumeclaims", c)));
    for i in 0..1 + rng.below(7) as usize {
        let mut node = random_node(rng, i);
        if !has_zones {
            node.at_mut(&["metadata", "labels"]).remove(ZONE);
        }
        let csi = value!({
            "metadata": {"name": (node.name())},
            "spec": {"drivers": [{"name": DRIVER, "allocatable": {"count": 1}}]},
        });
        all.push(("csinodes.storage.k8s.io", csi));
        all.push(("nodes", node.clone()));
        plain.nodes.push(node);
    }
    let mut revision = 0;
    for (resource, object) in &all {
        revision += 1;
        scheduler.deliver(&added(resource, object, revision), Time(0));
    }
    (scheduler, plain, revision)
}
