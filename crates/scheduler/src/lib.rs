//! kube-scheduler: which node a pod runs on, and why.
//!
//! Owns: the scheduling queue, what is requested on each node, the filter and score plugins, and a record of every
//! decision with the verdict of each plugin on each node.
//! Does not own: starting pods (kubelet), making them (controllers).
//!
//! Models `pkg/scheduler` with its default profile.
//! Not modelled: extenders, several profiles, dynamic resource allocation, pod groups, the binding cycle's own thread.

pub mod decision;
pub mod framework;
pub mod node_info;
pub mod plugins;
mod queue;
pub mod resources;
mod schedule_one;

use ordered::BTreeMap;

use client::{Caller, Change, Component, Ctx, Interest, Recorder};
use clock::Time;
use objects::{Str, Value};

pub use decision::{Decision, Outcome};
use node_info::Nodes;
use plugins::volume_binding::Storage;
use queue::SchedulingQueue;

/// The name in `spec.schedulerName`, in events and in the causal record.
pub const NAME: &str = "default-scheduler";

/// How many verdicts of single nodes are kept for "why": the decisions of 50,000 pods on 4 nodes, or of 2,000 on 100.
/// The oldest decisions go first.
const VERDICTS_KEPT: usize = 200_000;

/// The scheduler. Plain data.
#[derive(Clone, Debug)]
pub struct Scheduler {
    nodes: Nodes,
    storage: Storage,
    queue: SchedulingQueue,
    recorder: Recorder,
    /// The last decision for each pod uid.
    decisions: BTreeMap<Str, std::sync::Arc<Decision>>,
    decided_order: std::collections::VecDeque<Str>,
    /// How many verdicts `decisions` holds together.
    verdicts: usize,
    /// Where the next search for feasible nodes begins, so that all nodes get their turn.
    next_start_node: usize,
}

impl Default for Scheduler {
    fn default() -> Self {
        Self {
            nodes: Nodes::default(),
            storage: Storage::default(),
            queue: SchedulingQueue::default(),
            recorder: Recorder::reporting(NAME),
            decisions: BTreeMap::new(),
            decided_order: std::collections::VecDeque::new(),
            verdicts: 0,
            next_start_node: 0,
        }
    }
}

impl Scheduler {
    /// The last decision about the pod with this uid, with the verdict of each node.
    #[must_use]
    pub fn decision(&self, pod_uid: &str) -> Option<&Decision> {
        self.decisions.get(pod_uid).map(AsRef::as_ref)
    }

    fn remember(&mut self, uid: Str, decision: Decision) {
        self.verdicts += decision.verdicts.len();
        match self.decisions.insert(uid.clone(), std::sync::Arc::new(decision)) {
            Some(old) => self.verdicts -= old.verdicts.len(),
            None => self.decided_order.push_back(uid),
        }
        while self.verdicts > VERDICTS_KEPT && self.decided_order.len() > 1 {
            let Some(oldest) = self.decided_order.pop_front() else { break };
            if let Some(old) = self.decisions.remove(&oldest) {
                self.verdicts -= old.verdicts.len();
            }
        }
    }

    fn pod_changed(&mut self, change: &Change, now: Time) {
        let pod = &change.object;
        let key = change.key();
        let was_on = change.previous["spec"]["nodeName"].text();
        let is_on = pod["spec"]["nodeName"].text();
        if change.is_deleted() {
            self.queue.remove(&key);
            if !is_on.is_empty() {
                self.nodes.remove_pod(&key);
                self.queue.wake_unschedulable(queue::Event::PodDeleted, now);
            }
            return;
        }
        if !is_on.is_empty() {
            let ended = is_finished(pod);
            if was_on.is_empty() {
                self.queue.remove(&key);
            }
            if ended {
                if self.nodes.remove_pod(&key) {
                    self.queue.wake_unschedulable(queue::Event::PodDeleted, now);
                }
            } else if was_on.is_empty()
                || !change.previous["spec"].same(&pod["spec"])
                || !self.nodes.knows(&key)
            {
                self.nodes.set_pod(key, is_on, pod);
                self.queue.wake_unschedulable(queue::Event::PodAssigned, now);
            }
            return;
        }
        if pod["spec"]["schedulerName"] != NAME || pod.is_terminating() {
            self.queue.remove(&key);
            return;
        }
        if change.previous.is_null() || !change.previous["spec"].same(&pod["spec"]) {
            self.queue.add(key, pod.clone(), change.revision, now);
        } else {
            self.queue.refresh(&key, pod.clone());
        }
    }

    fn storage_changed(&mut self, change: &Change, now: Time) {
        let map = match change.resource.as_str() {
            "persistentvolumeclaims" => &mut self.storage.claims,
            "persistentvolumes" => &mut self.storage.volumes,
            _ => &mut self.storage.classes,
        };
        if change.is_deleted() {
            map.remove(&change.key());
        } else {
            map.insert(change.key(), change.object.clone());
        }
        self.queue.wake_unschedulable(queue::Event::VolumeChanged, now);
    }

    fn node_changed(&mut self, change: &Change, now: Time) {
        if change.is_deleted() {
            self.nodes.remove_node(&change.name);
            return;
        }
        let heartbeat_only = change.previous["spec"] == change.object["spec"]
            && change.previous["metadata"]["labels"] == change.object["metadata"]["labels"]
            && change.previous["status"]["allocatable"] == change.object["status"]["allocatable"]
            && change.previous["status"]["images"] == change.object["status"]["images"];
        self.nodes.set_node(&change.object);
        if !heartbeat_only {
            self.queue.wake_unschedulable(queue::Event::NodeChanged, now);
        }
    }
}

/// A pod whose containers have ended for good holds nothing on its node any more.
fn is_finished(pod: &Value) -> bool {
    matches!(pod["status"]["phase"].text(), "Succeeded" | "Failed")
}

impl Component for Scheduler {
    fn interests(&self) -> Vec<Interest> {
        let all =
            ["pods", "nodes", "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"];
        all.into_iter().map(|r| Interest::All(r.into())).collect()
    }

    fn deliver(&mut self, change: &Change, now: Time) {
        match change.resource.as_str() {
            "pods" => self.pod_changed(change, now),
            "nodes" => self.node_changed(change, now),
            _ => self.storage_changed(change, now),
        }
    }

    fn next_wake(&self) -> Option<Time> {
        self.queue.next_due()
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(entry) = self.queue.pop(ctx.now) {
            ctx.caller = Caller {
                user: "system:kube-scheduler".into(),
                groups: vec![],
                actor: NAME.into(),
                cause: entry.cause,
            };
            self.schedule_one(entry, ctx);
        }
    }
}
