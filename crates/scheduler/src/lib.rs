//! kube-scheduler: which node a pod runs on, and why.
//!
//! Owns: the scheduling queue, what is requested on each node, the plugins of the default profile, preemption, and a
//! record of every decision with the verdict of each plugin on each node.
//! Does not own: starting pods (kubelet), making them (controllers), volumes (their controllers).
//!
//! Models `pkg/scheduler` with its default profile.
//! Not modelled: extenders, dynamic resource allocation, pod groups; binding is done within the
//! cycle, except that a pod waits for its claims.

mod best;
mod binding;
mod census;
pub mod decision;
pub mod framework;
mod hints;
mod images;
mod kinds;
pub mod node_info;
pub mod nodes;
mod places;
pub mod plugins;
mod preemption;
pub mod profile;
mod queue;
pub mod resources;
mod schedule_one;
pub mod storage;
#[cfg(test)]
mod testing;
mod topology;

use std::collections::VecDeque;
use std::sync::Arc;

use client::{Caller, Change, Component, Ctx, Interest, Recorder};
use clock::Time;
use objects::{Str, Value};
use ordered::BTreeMap;
use rustc_hash::FxHashMap;

pub use decision::{Decision, Outcome, PluginScore, Verdict};
use hints::Event;
use kinds::Kinds;
use node_info::{Needs, Placed, PodInfo};
use nodes::Nodes;
pub use profile::Profile;
use queue::SchedulingQueue;
use storage::Storage;

/// The name in events and in the causal record.
pub const NAME: &str = profile::DEFAULT_NAME;

/// How many bytes the tables of decisions may take: those of 50,000 pods on 4 nodes, or of 5,000 on 1,000. The oldest
/// go first; what a decision came to is known as long as its pod is there.
const TABLE_BYTES: usize = 16 << 20;
/// Sets whose pods' needs are remembered.
const TEMPLATES_MAX: usize = 1_024;

/// The scheduler. Plain data.
#[derive(Clone, Debug)]
pub struct Scheduler {
    profiles: Vec<Arc<Profile>>,
    nodes: Nodes,
    storage: Storage,
    queue: SchedulingQueue,
    recorder: Recorder,
    /// Where pods without a node hope to go: the node, and what they would take of it.
    nominated: BTreeMap<Str, (Str, Placed)>,
    /// Pods that are placed, and bound once their claims are.
    binding: BTreeMap<Str, binding::Waiting>,
    polls: binding::Polls,
    /// The last decision for each pod uid. Looked up, never walked.
    decisions: FxHashMap<Str, Decision>,
    /// Uids in the order in which tables were made, with the bytes these take; and how many were made before.
    tables: VecDeque<(Str, usize)>,
    tables_gone: u64,
    table_bytes: usize,
    /// By the uid of a controller: the spec its last pod came with, and what it needs. Looked up, never walked.
    templates: FxHashMap<Str, (Value, Arc<Needs>)>,
    kinds: Kinds,
    paper: schedule_one::Paper,
    /// Where the next search for feasible nodes begins, so that all nodes get their turn.
    next_start_node: usize,
}

impl Default for Scheduler {
    fn default() -> Self {
        Self::with_profiles(vec![Profile::default()])
    }
}

impl Scheduler {
    #[must_use]
    pub fn with_profiles(profiles: Vec<Profile>) -> Self {
        Self {
            profiles: profiles.into_iter().map(Arc::new).collect(),
            nodes: Nodes::default(),
            storage: Storage::default(),
            queue: SchedulingQueue::default(),
            recorder: Recorder::reporting(NAME),
            nominated: BTreeMap::new(),
            binding: BTreeMap::new(),
            polls: binding::Polls::default(),
            decisions: FxHashMap::default(),
            tables: VecDeque::new(),
            tables_gone: 0,
            table_bytes: 0,
            templates: FxHashMap::default(),
            kinds: Kinds::default(),
            paper: schedule_one::Paper::default(),
            next_start_node: 0,
        }
    }

    /// The last decision about the pod with this uid.
    #[must_use]
    pub fn decision(&self, pod_uid: &str) -> Option<&Decision> {
        self.decisions.get(pod_uid)
    }

    fn remember(&mut self, pod: &Value, mut decision: Decision) {
        let uid = pod.meta()["uid"].to_str();
        let bytes = decision.table.as_ref().map_or(0, |t| t.bytes());
        self.table_bytes += bytes;
        decision.number = self.tables_gone + self.tables.len() as u64;
        self.tables.push_back((uid.clone(), bytes));
        self.decisions.insert(uid, decision);
        while self.table_bytes > TABLE_BYTES && self.tables.len() > 1 {
            let Some((oldest, bytes)) = self.tables.pop_front() else { break };
            self.table_bytes -= bytes;
            // A later decision about the same pod has a table further behind.
            if let Some(old) = self.decisions.get_mut(&oldest).filter(|d| d.number == self.tables_gone) {
                old.table = None;
            }
            self.tables_gone += 1;
        }
    }

    fn caller(cause: u64) -> Caller {
        Caller {
            user: "system:kube-scheduler".into(),
            groups: vec![],
            actor: NAME.into(),
            cause,
            known: None,
        }
    }

    /// A pod with what it needs, shared with other pods of the same template.
    fn info_of(&mut self, key: &Str, pod: &Value) -> PodInfo {
        let (spec, owner) = (&pod["spec"], node_info::spread_owner(pod));
        let info = |needs, owner| PodInfo { key: key.clone(), pod: pod.clone(), needs, owner };
        if let Some((known, needs)) = owner.as_ref().and_then(|owner| self.templates.get(owner))
            && is_same_template(known, spec)
        {
            return info(needs.clone(), owner);
        }
        let needs = self.kinds.shared(Needs::of(spec));
        if let Some(owner) = &owner {
            if self.templates.len() >= TEMPLATES_MAX {
                self.templates.clear();
            }
            self.templates.insert(owner.clone(), (spec.clone(), needs.clone()));
        }
        info(needs, owner)
    }

    /// An assumed pod is not placed after all.
    fn forget(&mut self, entry: &queue::Entry, now: Time) {
        if self.nodes.remove_pod(&entry.key) {
            self.queue.wake(&Event::PodGone { pod: &entry.pod }, 0, now);
        }
    }

    fn pod_changed(&mut self, change: &Change, now: Time) {
        let (pod, before) = (&change.object, &change.previous);
        let (spec, had) = (&pod["spec"], &before["spec"]);
        let is_on = spec["nodeName"].text();
        if !change.is_deleted() && !is_on.is_empty() && spec.same(had) && is_only_reported(before, pod) {
            return;
        }
        let key = change.key();
        if change.is_deleted() {
            self.decisions.remove(pod.uid());
            self.pod_gone(&key, pod, change.revision, now);
            return;
        }
        if !is_on.is_empty() {
            let comes = had["nodeName"].text().is_empty();
            return self.placed_pod_changed(key, (is_on, comes), pod, before, change.revision, now);
        }
        let ours = self.profiles.iter().any(|p| pod["spec"]["schedulerName"] == p.name.as_str());
        if !ours || pod.is_terminating() || is_finished(pod) {
            self.pod_gone(&key, pod, change.revision, now);
            return;
        }
        let hopes = |p: &Value| p["status"]["nominatedNodeName"].to_str();
        if hopes(pod) != hopes(before)
            && !self.binding.contains_key(&key)
            && self.nodes.slot_of_pod(&key).is_none()
        {
            let info = self.info_of(&key, pod);
            self.nominate(&info, &hopes(pod), now);
        }
        if self.nodes.slot_of_pod(&key).is_some() {
            // Assumed on a node: the rest follows from the binding.
            return;
        }
        if before.is_null() {
            self.queue.add(key, pod.clone(), change.revision, now);
        } else if before["spec"].same(&pod["spec"]) && same(before.labels(), pod.labels()) {
            self.queue.refresh(&key, pod);
        } else {
            self.queue.update(key, before, pod, change.revision, now);
        }
    }

    /// A pod on a node is heard of, which may come to it.
    fn placed_pod_changed(
        &mut self,
        key: Str,
        (node, comes): (&str, bool),
        pod: &Value,
        before: &Value,
        cause: u64,
        now: Time,
    ) {
        if comes {
            self.queue.remove(&key);
            self.forget_nomination(&key);
        }
        if is_finished(pod) {
            if self.nodes.remove_pod(&key) {
                self.queue.wake(&Event::PodGone { pod }, cause, now);
            }
            return;
        }
        let known = self.nodes.slot_of_pod(&key).is_some_and(|s| self.nodes[s].name() == node);
        if known && (comes || before["spec"].same(&pod["spec"])) {
            self.nodes.update_pod(&key, pod);
        } else {
            let info = self.info_of(&key, pod);
            self.nodes.place(&info, node, now);
            if !comes && !before.is_null() {
                self.queue.wake(&Event::PodResized { old: before, new: pod }, cause, now);
            }
        }
        if comes {
            self.queue.wake(&Event::PodPlaced { pod }, cause, now);
        } else if !same(before.labels(), pod.labels()) {
            self.queue.wake(&Event::PodRelabelled { old: before, new: pod }, cause, now);
        }
    }

    fn pod_gone(&mut self, key: &str, pod: &Value, cause: u64, now: Time) {
        self.queue.remove(key);
        self.forget_nomination(key);
        self.binding.remove(key);
        if self.nodes.remove_pod(key) {
            self.queue.wake(&Event::PodGone { pod }, cause, now);
        }
    }

    fn storage_changed(&mut self, change: &Change, now: Time) {
        self.storage.apply(change);
        let (old, new) = (&change.previous, &change.object);
        let event = match change.resource.as_str() {
            "volumeattachments.storage.k8s.io" if change.is_deleted() => Event::Detached,
            _ if change.is_deleted() => return,
            "persistentvolumeclaims" => Event::Claim { claim: new, added: old.is_null() },
            "persistentvolumes" => Event::Volume { old, new },
            "storageclasses.storage.k8s.io" => Event::Class { old, new },
            "csinodes.storage.k8s.io" => Event::CsiNode { old, new },
            _ => return,
        };
        self.queue.wake(&event, change.revision, now);
    }

    fn node_changed(&mut self, change: &Change, now: Time) {
        if change.is_deleted() {
            self.nodes.remove_node(&change.name);
            self.queue.wake(&Event::NodeGone { node: &change.object }, change.revision, now);
            return;
        }
        let (old, new) = (&change.previous, &change.object);
        let same = |path: &[&str]| old.at(path).same(new.at(path)) || old.at(path) == new.at(path);
        let matters = old.is_null()
            || !same(&["spec"])
            || !same(&["metadata", "labels"])
            || !same(&["status", "allocatable"]);
        if matters || !same(&["status", "images"]) {
            self.nodes.set_node(new);
        }
        if matters {
            self.queue.wake(&Event::Node { old, new }, change.revision, now);
        }
    }
}

/// Two absent maps are no shared subtree, and no change either.
fn same(a: &Value, b: &Value) -> bool {
    a.same(b) || (a.is_null() && b.is_null())
}

/// A pod whose containers have ended for good holds nothing on its node any more.
fn is_finished(pod: &Value) -> bool {
    has_ended(&pod["status"])
}

fn has_ended(status: &Value) -> bool {
    matches!(status["phase"].text(), "Succeeded" | "Failed")
}

/// Whether a placed pod's change that leaves its spec is nothing to the scheduler: most are of its containers.
fn is_only_reported(before: &Value, pod: &Value) -> bool {
    let (had, has) = (before.meta(), pod.meta());
    let (was, is) = (&before["status"], &pod["status"]);
    same(&had["labels"], &has["labels"])
        && had["deletionTimestamp"].is_null() == has["deletionTimestamp"].is_null()
        && has_ended(was) == has_ended(is)
        && was["startTime"] == is["startTime"]
}

/// The fields of a spec that decide what a pod needs.
const NEEDED: [&str; 10] = [
    "affinity",
    "containers",
    "initContainers",
    "nodeSelector",
    "overhead",
    "priority",
    "resources",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
];

/// Whether two pods of one controller came with the same spec, as far as it decides what they need.
fn is_same_template(a: &Value, b: &Value) -> bool {
    match (a.as_map(), b.as_map()) {
        // Mostly so, and what they share needs no look.
        (Some(x), Some(y)) if x.has_keys_of(y) => x.iter().zip(y.iter()).all(|((key, x), (_, y))| {
            x.same(y) || !NEEDED.contains(&key.as_str()) || is_same_need(key, x, y)
        }),
        _ => NEEDED.iter().all(|key| is_same_need(key, &a[*key], &b[*key])),
    }
}

/// Whether a field means the same to two pods. Every pod has a token volume of its own, so that containers and volumes are
/// not the same as a whole.
fn is_same_need(key: &str, a: &Value, b: &Value) -> bool {
    let equal = |a: &Value, b: &Value| a.same(b) || a == b;
    match key {
        "containers" | "initContainers" => {
            let same = |(a, b): (&Value, &Value)| {
                ["resources", "ports", "restartPolicy"].iter().all(|k| equal(&a[*k], &b[*k]))
            };
            a.items().len() == b.items().len() && a.items().iter().zip(b.items()).all(same)
        }
        "volumes" => {
            let alike = |(a, b): (&Value, &Value)| match (a.as_map(), b.as_map()) {
                (Some(a), Some(b)) => a.has_keys_of(b),
                _ => false,
            };
            let matter = |volumes: &Value| volumes.items().iter().any(node_info::matters);
            // What a volume is says the key of its source.
            (a.items().len() == b.items().len() && a.items().iter().zip(b.items()).all(alike))
                || matter(a) == matter(b)
        }
        _ => equal(a, b),
    }
}

impl Component for Scheduler {
    fn interests(&self) -> Vec<Interest> {
        let others = storage::RESOURCES.into_iter();
        ["pods", "nodes"].into_iter().chain(others).map(|r| Interest::All(r.into())).collect()
    }

    fn deliver(&mut self, change: &Change, now: Time) {
        match change.resource.as_str() {
            "pods" => self.pod_changed(change, now),
            "nodes" => self.node_changed(change, now),
            _ => self.storage_changed(change, now),
        }
    }

    fn next_wake(&self) -> Option<Time> {
        [self.queue.next_due(), self.polls.next_due()].into_iter().flatten().min()
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>) {
        if self.poll_binding(ctx) {
            return;
        }
        if let Some(entry) = self.queue.pop(ctx.now) {
            ctx.caller = Self::caller(entry.cause);
            self.schedule_one(entry, ctx);
        }
    }
}
