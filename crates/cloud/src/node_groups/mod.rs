//! Node groups, and the autoscaler that makes them larger for pods that find no place and smaller when nodes idle.
//!
//! Owns: what the autoscaler knows, when it looks, its status. Does not own: the machines themselves (the cluster makes
//! and removes them by [`NodeOrder`]s).
//! Models kubernetes/autoscaler `cluster-autoscaler` with its defaults: a look every 10 s. Not modelled: expanders (the
//! first group that fits grows), several cloud errors, balancing of similar groups.

mod place;
mod scale_down;
mod scale_up;

use client::{Change, Component, Ctx, EventType, Interest, PatchType, Recorder};
use clock::{Millis, Time};
use objects::resources::{CONFIGMAPS, DAEMONSETS, PODDISRUPTIONBUDGETS};
use objects::{Str, Value, value};
use ordered::{BTreeMap, BTreeSet};

use place::Place;
use scale_up::{BackOff, Starting};

const SCAN_MS: Millis = 10_000;
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

/// Plain data.
#[derive(Clone, Debug)]
pub struct ClusterAutoscaler {
    groups: Vec<NodeGroup>,
    pods: BTreeMap<Str, Value>,
    nodes: BTreeMap<Str, Value>,
    /// Pods that the scheduler found no place for.
    pending: BTreeSet<Str>,
    daemon_sets: BTreeMap<Str, Value>,
    starting: BTreeMap<Str, Starting>,
    /// By group.
    backed_off: BTreeMap<usize, BackOff>,
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
        let mut all = Self {
            next: None,
            groups: Vec::new(),
            pods: BTreeMap::new(),
            nodes: BTreeMap::new(),
            pending: BTreeSet::new(),
            daemon_sets: BTreeMap::new(),
            starting: BTreeMap::new(),
            backed_off: BTreeMap::new(),
            unneeded: BTreeMap::new(),
            budgets: BTreeMap::new(),
            leaving: BTreeMap::new(),
            grown: None,
            orders: Vec::new(),
            made: 0,
            recorder: Recorder::new("cluster-autoscaler", ""),
            told: String::new(),
        };
        for group in groups {
            all.add_group(group, Time::EPOCH);
        }
        all
    }

    /// What it is told of.
    pub const INTERESTS: [&str; 4] = ["pods", "nodes", "daemonsets.apps", "poddisruptionbudgets.policy"];

    /// One more group, which begins with the least it may have. False when there is one of this name.
    pub fn add_group(&mut self, group: NodeGroup, now: Time) -> bool {
        let new = self.groups.iter().all(|g| g.name != group.name);
        if new {
            let least = group.min;
            self.groups.push(group);
            self.ask_for(self.groups.len() - 1, least, now);
            self.wake_by(now + SCAN_MS);
        }
        new
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
        let coming = self.starting.iter().filter(|(n, s)| s.group == group && !self.nodes.contains_key(*n));
        there + coming.count()
    }

    fn about_status(&mut self, ctx: &mut Ctx<'_>, kind: EventType, reason: &str, text: &str) {
        if let Ok(map) = ctx.get(CONFIGMAPS, "kube-system", STATUS) {
            self.recorder.event(ctx, &map, kind, reason, text);
        }
    }

    fn pods_on<'a>(&'a self, node: &'a str) -> impl Iterator<Item = &'a Value> {
        self.pods.values().filter(move |p| p["spec"]["nodeName"] == node)
    }

    /// Whether a node takes pods.
    fn is_open(node: &Value) -> bool {
        !node["spec"]["unschedulable"].is_true() && node["spec"]["taints"].items().is_empty()
    }

    /// The nodes that are ready and take pods, with their pods, of those whose names are wanted.
    fn places(&self, wanted: impl Fn(&str) -> bool) -> Vec<Place> {
        let mut on: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for pod in self.pods.values() {
            let over = matches!(pod["status"]["phase"].text(), "Succeeded" | "Failed");
            if !pod["spec"]["nodeName"].is_zero() && !over {
                on.entry(pod["spec"]["nodeName"].text()).or_default().push(pod);
            }
        }
        self.nodes
            .values()
            .filter(|n| n.condition_true("Ready") && Self::is_open(n) && wanted(n.name()))
            .map(|n| Place::real(n, on.remove(n.name()).unwrap_or_default().into_iter()))
            .collect()
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
                "- name: {}\n  health:\n    status: Healthy\n    cloudProviderTarget: {}\n    minSize: {}\n    maxSize: {}\n  scaleUp:\n    status: {}\n",
                group.name,
                self.size(g),
                group.min,
                group.max,
                if self.is_backed_off(g, ctx.now) {
                    "Backoff"
                } else if self.starting.values().any(|s| s.group == g) {
                    "InProgress"
                } else {
                    "NoActivity"
                }
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
        Self::INTERESTS.map(|r| Interest::All(r.into())).into()
    }

    fn deliver(&mut self, change: &Change, now: Time) {
        let key = change.key();
        if change.resource == "nodes" {
            if change.is_deleted() {
                self.nodes.remove(&key);
                self.leaving.remove(&key);
            } else {
                if change.object.condition_true("Ready") {
                    self.arrived(&key);
                }
                self.nodes.insert(key, change.object.clone());
            }
            return self.wake_by(now + SCAN_MS);
        }
        let known = if change.resource == PODDISRUPTIONBUDGETS.id {
            Some(&mut self.budgets)
        } else if change.resource == DAEMONSETS.id {
            Some(&mut self.daemon_sets)
        } else {
            None
        };
        if let Some(known) = known {
            if change.is_deleted() {
                known.remove(&key);
            } else {
                known.insert(key, change.object.clone());
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
        let waits = c["status"] == "False" && c["reason"] == "Unschedulable";
        // A DaemonSet's pod has its node: no other would help.
        let bound = change.object.is_terminating() || change.object.controller_ref()["kind"] == "DaemonSet";
        if waits && !bound {
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
        self.follow_orders(ctx);
        self.tell(ctx);
        self.scale_up(ctx);
        self.scale_down(ctx);
        self.tell(ctx);
        let busy = !self.pending.is_empty()
            || !self.starting.is_empty()
            || !self.unneeded.is_empty()
            || !self.leaving.is_empty()
            || self.nodes.values().any(|n| !n.condition_true("Ready") && self.group_of(n).is_some());
        self.next = busy.then_some(ctx.now + SCAN_MS);
    }
}
