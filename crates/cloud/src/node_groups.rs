//! Node groups, and the autoscaler that makes them larger for pods that find no place and smaller when nodes idle.
//!
//! Owns: which group grows by how much, which node goes, the events and the status of both.
//! Does not own: the machines themselves (the cluster makes and removes them by [`NodeOrder`]s).
//! Models kubernetes/autoscaler `cluster-autoscaler` with its defaults: a look every 10 s, a node under half used for
//! 10 min, and 10 min after the last growth, goes if its pods may be moved (`simulator/drainability`: a controller, no
//! local storage, a budget that allows it) and find room elsewhere; evictions that are refused for 2 min end the attempt.
//! Not modelled: expanders (the first group that fits grows), affinities and taints of pods in the estimate.

use client::{Change, Component, Ctx, EventType, Interest, PatchType, Recorder};
use clock::{Millis, Time};
use objects::quantity::Quantity;
use objects::resources::{CONFIGMAPS, NODES, PODDISRUPTIONBUDGETS};
use objects::selector::LabelSelector;
use objects::{Str, Value, value};
use ordered::{BTreeMap, BTreeSet};

const SCAN_MS: Millis = 10_000;
const UNNEEDED_MS: Millis = 600_000;
/// How long after growing nothing shrinks (`scale-down-delay-after-add`).
const AFTER_ADD_MS: Millis = 600_000;
/// How long a refused eviction is tried again (`maxPodEvictionTime`).
const EVICTION_MS: Millis = 120_000;
/// From the order of a machine to its kubelet's first word (estimate).
const BOOT_MS: Millis = 60_000;
/// Utilization below which a node is unneeded.
const THRESHOLD: f64 = 0.5;
const TAINT: &str = "ToBeDeletedByClusterAutoscaler";
const STATUS: &str = "cluster-autoscaler-status";
/// The label that tells a node's group.
pub const GROUP_LABEL: &str = "node-group";

/// A group of equal nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeGroup {
    pub name: Str,
    pub min: usize,
    pub max: usize,
    pub cpu: Str,
    pub memory: Str,
    pub labels: Vec<(Str, Str)>,
}

/// What the provider is asked to do with a machine.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeOrder {
    Create { name: Str, group: NodeGroup },
    Remove { name: Str },
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Room {
    cpu: i64,
    memory: i64,
    pods: i64,
}

impl Room {
    fn of_node(list: &Value) -> Self {
        Self {
            cpu: Quantity::of(&list["cpu"]).milli_value(),
            memory: Quantity::of(&list["memory"]).value(),
            pods: Quantity::of(&list["pods"]).value(),
        }
    }

    fn of_pod(pod: &Value) -> Self {
        let mut all = Self { pods: 1, ..Self::default() };
        for c in pod["spec"]["containers"].items() {
            let r = &c["resources"]["requests"];
            all.cpu += Quantity::of(&r["cpu"]).milli_value();
            all.memory += Quantity::of(&r["memory"]).value();
        }
        all
    }

    fn fits(self, want: Self) -> bool {
        want.cpu <= self.cpu && want.memory <= self.memory && want.pods <= self.pods
    }

    fn take(&mut self, want: Self) {
        self.cpu -= want.cpu;
        self.memory -= want.memory;
        self.pods -= want.pods;
    }
}

/// Plain data.
#[derive(Clone, Debug)]
pub struct ClusterAutoscaler {
    groups: Vec<NodeGroup>,
    pods: BTreeMap<Str, Value>,
    nodes: BTreeMap<Str, Value>,
    /// Pods that the scheduler found no place for.
    pending: BTreeSet<Str>,
    /// Machines on their way: when they are there, their group.
    starting: BTreeMap<Str, (Time, usize)>,
    unneeded: BTreeMap<Str, Time>,
    budgets: BTreeMap<Str, Value>,
    /// Nodes being emptied, since when.
    leaving: BTreeMap<Str, Time>,
    /// When a group grew last.
    grown: Option<Time>,
    orders: Vec<NodeOrder>,
    next: Option<Time>,
    made: usize,
    recorder: Recorder,
    /// The text of the status as it was last written, without its time.
    told: String,
}

impl ClusterAutoscaler {
    #[must_use]
    pub fn new(groups: Vec<NodeGroup>) -> Self {
        Self {
            next: (!groups.is_empty()).then_some(Time::EPOCH + SCAN_MS),
            groups,
            pods: BTreeMap::new(),
            nodes: BTreeMap::new(),
            pending: BTreeSet::new(),
            starting: BTreeMap::new(),
            unneeded: BTreeMap::new(),
            budgets: BTreeMap::new(),
            leaving: BTreeMap::new(),
            grown: None,
            orders: Vec::new(),
            made: 0,
            recorder: Recorder::new("cluster-autoscaler", ""),
            told: String::new(),
        }
    }

    /// What the provider is to do, since the last call.
    pub fn take_orders(&mut self) -> Vec<NodeOrder> {
        std::mem::take(&mut self.orders)
    }

    fn wake_by(&mut self, at: Time) {
        if !self.groups.is_empty() {
            self.next = Some(self.next.map_or(at, |t| t.min(at)));
        }
    }

    fn group_of(&self, node: &Value) -> Option<usize> {
        let name = &node.labels()[GROUP_LABEL];
        self.groups.iter().position(|g| *name == g.name.as_str())
    }

    /// How many nodes a group has, with those on their way.
    fn size(&self, group: usize) -> usize {
        let there = self.nodes.values().filter(|n| self.group_of(n) == Some(group)).count();
        let coming = self.starting.iter().filter(|(n, (_, g))| *g == group && !self.nodes.contains_key(*n));
        there + coming.count()
    }

    fn template(group: &NodeGroup) -> Room {
        Room {
            cpu: Quantity::parse(&group.cpu).map_or(0, |q| q.milli_value()),
            memory: Quantity::parse(&group.memory).map_or(0, |q| q.value()),
            pods: 110,
        }
    }

    /// Why a pod would not run on a new node of a group; `None`: it would.
    fn misfit(group: &NodeGroup, pod: &Value) -> Option<&'static str> {
        let selector = pod["spec"]["nodeSelector"].entries();
        let has = |k: &Str, v: &Value| {
            (k == GROUP_LABEL && *v == group.name.as_str())
                || group.labels.iter().any(|(l, t)| l == k && *v == t.as_str())
                || (k == "kubernetes.io/os" && *v == "linux")
        };
        if !selector.iter().all(|(k, v)| has(k, v)) {
            return Some("node(s) didn't match Pod's node affinity/selector");
        }
        let (room, want) = (Self::template(group), Room::of_pod(pod));
        if want.cpu > room.cpu {
            return Some("Insufficient cpu");
        }
        (want.memory > room.memory).then_some("Insufficient memory")
    }

    /// Grows groups until every pending pod that can be helped has room.
    fn scale_up(&mut self, ctx: &mut Ctx<'_>) {
        // Rooms that are on their way already.
        let mut rooms: Vec<(usize, Room)> = self
            .starting
            .iter()
            .filter(|(n, _)| !self.nodes.get(*n).is_some_and(|n| n.condition_true("Ready")))
            .map(|(_, (_, g))| (*g, Self::template(&self.groups[*g])))
            .collect();
        let before: Vec<usize> = (0..self.groups.len()).map(|g| self.size(g)).collect();
        let mut added = vec![0usize; self.groups.len()];
        let mut helped: Vec<(Value, usize)> = Vec::new();
        for key in self.pending.clone() {
            let Some(pod) = self.pods.get(&key).cloned() else { continue };
            let want = Room::of_pod(&pod);
            let fits = |g: usize| Self::misfit(&self.groups[g], &pod).is_none();
            if let Some((_, room)) = rooms.iter_mut().find(|(g, r)| fits(*g) && r.fits(want)) {
                room.take(want);
                continue;
            }
            let open = |g: &usize| fits(*g) && before[*g] + added[*g] < self.groups[*g].max;
            if let Some(g) = (0..self.groups.len()).find(open) {
                added[g] += 1;
                let mut room = Self::template(&self.groups[g]);
                room.take(want);
                rooms.push((g, room));
                helped.push((pod, g));
                continue;
            }
            let mut why: BTreeMap<&'static str, usize> = BTreeMap::new();
            for g in &self.groups {
                *why.entry(Self::misfit(g, &pod).unwrap_or("max node group size reached")).or_default() += 1;
            }
            let list: Vec<String> = why.iter().map(|(w, n)| format!("{n} {w}")).collect();
            let text = format!("pod didn't trigger scale-up: {}", list.join(", "));
            self.recorder.event(ctx, &pod, EventType::Normal, "NotTriggerScaleUp", &text);
        }
        for (g, n) in added.iter().enumerate().filter(|(_, n)| **n > 0) {
            let group = self.groups[g].clone();
            let (from, to) = (before[g], before[g] + n);
            let text = format!(
                "Scale-up: setting group {} size to {to} instead of {from} (max: {})",
                group.name, group.max
            );
            self.about_status(ctx, "ScaledUpGroup", &text);
            self.grown = Some(ctx.now);
            for _ in 0..*n {
                self.made += 1;
                let name = Str::from(format!("{}-{}", group.name, self.made));
                self.starting.insert(name, (ctx.now + BOOT_MS, g));
            }
            for (pod, _) in helped.iter().filter(|(_, of)| *of == g) {
                let text =
                    format!("pod triggered scale-up: [{{{} {from}->{to} (max: {})}}]", group.name, group.max);
                self.recorder.event(ctx, pod, EventType::Normal, "TriggeredScaleUp", &text);
            }
        }
    }

    fn about_status(&mut self, ctx: &mut Ctx<'_>, reason: &str, text: &str) {
        if let Ok(map) = ctx.get(CONFIGMAPS, "kube-system", STATUS) {
            self.recorder.event(ctx, &map, EventType::Normal, reason, text);
        }
    }

    fn pods_on<'a>(&'a self, node: &'a str) -> impl Iterator<Item = &'a Value> {
        self.pods.values().filter(move |p| p["spec"]["nodeName"] == node)
    }

    /// Whether a pod goes with its node and need not be moved.
    fn stays(pod: &Value) -> bool {
        pod.controller_ref()["kind"] == "DaemonSet"
            || !pod.annotations()["kubernetes.io/config.mirror"].is_null()
            || matches!(pod["status"]["phase"].text(), "Succeeded" | "Failed")
    }

    /// Whether a pod keeps its node from being removed.
    fn blocks(&self, pod: &Value) -> bool {
        let said = &pod.annotations()["cluster-autoscaler.kubernetes.io/safe-to-evict"];
        let mut budgets = self.budgets.values().filter(|b| {
            b.namespace() == pod.namespace()
                && LabelSelector::from_value(&b["spec"]["selector"]).is_ok_and(|s| s.matches(pod.labels()))
        });
        let first = budgets.next();
        let spent = |b: &Value| b["status"]["disruptionsAllowed"].int() < 1;
        if *said == "false" || first.is_some_and(spent) || budgets.any(spent) {
            return true;
        }
        let local = |v: &Value| {
            !v["hostPath"].is_null() || (!v["emptyDir"].is_null() && v["emptyDir"]["medium"] != "Memory")
        };
        *said != "true"
            && (pod.controller_ref().is_null()
                || (pod.namespace() == "kube-system" && first.is_none())
                || pod["spec"]["volumes"].items().iter().any(local))
    }

    /// The shares of a node's CPU and memory that its pods ask for.
    fn utilization(&self, node: &Value) -> (f64, f64) {
        let room = Room::of_node(&node["status"]["allocatable"]);
        let mut used = Room::default();
        for p in self.pods_on(node.name()).filter(|p| !Self::stays(p)) {
            let want = Room::of_pod(p);
            used.cpu += want.cpu;
            used.memory += want.memory;
        }
        let share = |u: i64, all: i64| if all > 0 { u as f64 / all as f64 } else { 0.0 };
        (share(used.cpu, room.cpu), share(used.memory, room.memory))
    }

    /// Whether a node is little used, and its pods may be moved and find room elsewhere.
    fn is_unneeded(&self, node: &Value) -> bool {
        if node.annotations()["cluster-autoscaler.kubernetes.io/scale-down-disabled"] == "true" {
            return false;
        }
        let moving: Vec<&Value> = self.pods_on(node.name()).filter(|p| !Self::stays(p)).collect();
        if moving.iter().any(|p| p.is_terminating() || self.blocks(p)) {
            return false;
        }
        let (cpu, memory) = self.utilization(node);
        if cpu.max(memory) >= THRESHOLD {
            return false;
        }
        let mut others: Vec<Room> = self
            .nodes
            .values()
            .filter(|n| {
                n.name() != node.name() && n.condition_true("Ready") && !n["spec"]["unschedulable"].is_true()
            })
            .filter(|n| n["spec"]["taints"].items().is_empty() && !self.leaving.contains_key(n.name()))
            .map(|n| {
                let mut room = Room::of_node(&n["status"]["allocatable"]);
                for p in self.pods_on(n.name()) {
                    room.take(Room::of_pod(p));
                }
                room
            })
            .collect();
        moving.iter().all(|p| {
            let want = Room::of_pod(p);
            others.iter_mut().find(|r| r.fits(want)).map(|r| r.take(want)).is_some()
        })
    }

    fn scale_down(&mut self, ctx: &mut Ctx<'_>) {
        for g in 0..self.groups.len() {
            let mut size = self.size(g) - self.leaving.keys().filter(|n| self.in_group(n, g)).count();
            let names: Vec<Str> = self.nodes.keys().filter(|n| self.in_group(n, g)).cloned().collect();
            for name in names {
                if self.leaving.contains_key(&name) {
                    continue;
                }
                let node = self.nodes[&name].clone();
                if size <= self.groups[g].min || !self.pending.is_empty() || !self.is_unneeded(&node) {
                    self.unneeded.remove(&name);
                    continue;
                }
                let since = *self.unneeded.entry(name.clone()).or_insert(ctx.now);
                let grew = self.grown.is_some_and(|at| ctx.now.since(at) < AFTER_ADD_MS);
                if grew || ctx.now.since(since) < UNNEEDED_MS {
                    continue;
                }
                size -= 1;
                self.begin_leaving(&node, ctx);
            }
        }
        for (name, since) in self.leaving.clone() {
            self.empty(&name, since, ctx);
        }
    }

    fn in_group(&self, node: &str, group: usize) -> bool {
        self.nodes.get(node).and_then(|n| self.group_of(n)) == Some(group)
    }

    fn begin_leaving(&mut self, node: &Value, ctx: &mut Ctx<'_>) {
        let mut taints = node["spec"]["taints"].clone();
        let stamp = (ctx.now.0 / 1000).to_string();
        taints.list_mut().push(value!({"key": (TAINT), "value": (stamp), "effect": "NoSchedule"}));
        let patch = value!({"spec": {"taints": (taints)}});
        if ctx.patch(NODES, "", node.name(), "", PatchType::Merge, patch).is_err() {
            return;
        }
        let name = node.name().to_owned();
        let moving: Vec<String> =
            self.pods_on(&name).filter(|p| !Self::stays(p)).map(|p| p.name().to_owned()).collect();
        if moving.is_empty() {
            let text = format!("Scale-down: removing empty node \"{name}\"");
            self.about_status(ctx, "ScaleDownEmpty", &text);
        } else {
            let (cpu, memory) = self.utilization(node);
            let (resource, most) = if cpu >= memory { ("cpu", cpu) } else { ("memory", memory) };
            let text = format!(
                "Scale-down: removing node {name}, utilization: {{{cpu} {memory} 0 0 {resource} {most}}}, pods to reschedule: {}",
                moving.join(",")
            );
            self.about_status(ctx, "ScaleDown", &text);
        }
        let text = "marked the node as toBeDeleted/unschedulable";
        self.recorder.event(ctx, node, EventType::Normal, "ScaleDown", text);
        self.leaving.insert(name.into(), ctx.now);
    }

    /// Gives up removing a node whose pods may not be evicted: it takes pods again.
    fn give_up(&mut self, name: &Str, refused: &[(Value, String)], ctx: &mut Ctx<'_>) {
        self.leaving.remove(name);
        self.unneeded.remove(name);
        let mut why = Vec::new();
        for (pod, error) in refused {
            let text = "failed to delete pod for ScaleDown";
            self.recorder.event(ctx, pod, EventType::Warning, "ScaleDownFailed", text);
            why.push(format!(
                "failed to evict pod {}/{} within allowed timeout (last error: {error})",
                pod.namespace(),
                pod.name()
            ));
        }
        let Some(node) = self.nodes.get(name).cloned() else { return };
        let text = format!(
            "failed to drain and delete node: Failed to drain node /{name}, due to following errors: [{}]",
            why.join(" ")
        );
        self.recorder.event(ctx, &node, EventType::Warning, "ScaleDownFailed", &text);
        let kept: Vec<Value> =
            node["spec"]["taints"].items().iter().filter(|t| t["key"] != TAINT).cloned().collect();
        let patch = value!({"spec": {"taints": (kept)}});
        // Refused only when the node is gone.
        let _ = ctx.patch(NODES, "", name, "", PatchType::Merge, patch);
    }

    /// Evicts what is left on a node; removes it when nothing is. A budget may refuse: tried again at the next look.
    fn empty(&mut self, name: &Str, since: Time, ctx: &mut Ctx<'_>) {
        let moving: Vec<Value> = self.pods_on(name).filter(|p| !Self::stays(p)).cloned().collect();
        let mut refused = Vec::new();
        for pod in moving.iter().filter(|p| !p.is_terminating()) {
            match ctx.evict(pod) {
                Ok(_) => {
                    let text = "deleting pod for node scale down";
                    self.recorder.event(ctx, pod, EventType::Normal, "ScaleDown", text);
                }
                Err(e) => refused.push((pod.clone(), e.message)),
            }
        }
        if !refused.is_empty() && ctx.now.since(since) >= EVICTION_MS {
            return self.give_up(name, &refused, ctx);
        }
        if !moving.is_empty() {
            return;
        }
        if let Some(node) = self.nodes.get(name).cloned() {
            let text = "node removed by cluster autoscaler";
            self.recorder.event(ctx, &node, EventType::Normal, "ScaleDown", text);
        }
        self.leaving.remove(name);
        self.unneeded.remove(name);
        self.starting.remove(name);
        self.orders.push(NodeOrder::Remove { name: name.clone() });
    }

    /// What the ConfigMap says.
    fn tell(&mut self, ctx: &mut Ctx<'_>) {
        let ready = self.nodes.values().filter(|n| n.condition_true("Ready")).count();
        let mut text = format!(
            "autoscalerStatus: Running\nclusterWide:\n  health:\n    status: Healthy\n    nodeCounts:\n      registered:\n        total: {}\n        ready: {ready}\n  scaleUp:\n    status: {}\n  scaleDown:\n    status: {}\nnodeGroups:\n",
            self.nodes.len(),
            if self.starting.is_empty() { "NoActivity" } else { "InProgress" },
            if self.unneeded.is_empty() { "NoCandidates" } else { "CandidatesPresent" },
        );
        for (g, group) in self.groups.iter().enumerate() {
            text.push_str(&format!(
                "- name: {}\n  health:\n    status: Healthy\n    cloudProviderTarget: {}\n    minSize: {}\n    maxSize: {}\n",
                group.name,
                self.size(g),
                group.min,
                group.max
            ));
        }
        if text == self.told {
            return;
        }
        let whole = format!("time: {}\n{text}", ctx.now.rfc3339());
        let map = value!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": (STATUS), "namespace": "kube-system"}, "data": {"status": (whole)},
        });
        let patch = value!({"data": (map["data"].clone())});
        let told = ctx.patch(CONFIGMAPS, "kube-system", STATUS, "", PatchType::Merge, patch);
        if told.is_ok() || ctx.create(CONFIGMAPS, map).is_ok() {
            self.told = text;
        }
    }
}

impl Component for ClusterAutoscaler {
    fn interests(&self) -> Vec<Interest> {
        if self.groups.is_empty() {
            return Vec::new();
        }
        ["pods", "nodes", PODDISRUPTIONBUDGETS.id.as_str()].map(|r| Interest::All(r.into())).into()
    }

    fn deliver(&mut self, change: &Change, now: Time) {
        let key = change.key();
        if change.resource == "nodes" {
            if change.is_deleted() {
                self.nodes.remove(&key);
                self.leaving.remove(&key);
            } else {
                if change.object.condition_true("Ready") {
                    self.starting.remove(&key);
                }
                self.nodes.insert(key, change.object.clone());
            }
            return self.wake_by(now + SCAN_MS);
        }
        if change.resource == PODDISRUPTIONBUDGETS.id {
            if change.is_deleted() {
                self.budgets.remove(&key);
            } else {
                self.budgets.insert(key, change.object.clone());
            }
            return self.wake_by(now + SCAN_MS);
        }
        if change.resource != "pods" {
            return;
        }
        if change.is_deleted() {
            self.pods.remove(&key);
            self.pending.remove(&key);
            return;
        }
        let c = change.object.condition("PodScheduled");
        if c["status"] == "False" && c["reason"] == "Unschedulable" && !change.object.is_terminating() {
            self.pending.insert(key.clone());
            self.wake_by(now + SCAN_MS);
        } else {
            self.pending.remove(&key);
        }
        self.pods.insert(key, change.object.clone());
    }

    fn next_wake(&self) -> Option<Time> {
        self.next
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>) {
        ctx.caller.user = "system:serviceaccount:kube-system:cluster-autoscaler".into();
        ctx.caller.groups = vec!["system:masters".into()];
        ctx.caller.actor = "cluster-autoscaler".into();
        for (name, (at, g)) in self.starting.clone() {
            if at <= ctx.now && !self.nodes.contains_key(&name) {
                // Ordered once; it counts as on its way until it is ready.
                if at > Time::EPOCH {
                    self.orders.push(NodeOrder::Create { name: name.clone(), group: self.groups[g].clone() });
                    self.starting.insert(name, (Time::EPOCH, g));
                }
            }
        }
        self.tell(ctx);
        self.scale_up(ctx);
        self.scale_down(ctx);
        self.tell(ctx);
        let busy = !self.pending.is_empty()
            || !self.starting.is_empty()
            || !self.unneeded.is_empty()
            || !self.leaving.is_empty();
        self.next = busy.then_some(ctx.now + SCAN_MS);
    }
}
