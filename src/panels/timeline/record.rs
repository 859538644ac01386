//! What the timeline remembers of each write.

use std::collections::BTreeMap;

use client::Change;
use smol_str::SmolStr;

use crate::format::suffix;
use crate::stage::facts::{ObjectId, object_id};

/// Who wrote. Lanes stand in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    You,
    Deployment,
    ReplicaSet,
    Scheduler,
    Kubelet,
    EndpointSlice,
    Others,
}

impl Lane {
    pub const ALL: [Self; 7] = [
        Self::You,
        Self::Deployment,
        Self::ReplicaSet,
        Self::Scheduler,
        Self::Kubelet,
        Self::EndpointSlice,
        Self::Others,
    ];

    /// The lane of an actor such as `deployment-controller` or `kubelet/worker-1`.
    #[must_use]
    pub fn of(actor: &str) -> Self {
        if actor == "you" || actor.starts_with("kubectl") {
            Self::You
        } else if actor.starts_with("deployment") {
            Self::Deployment
        } else if actor.starts_with("replicaset") {
            Self::ReplicaSet
        } else if actor.contains("scheduler") {
            Self::Scheduler
        } else if actor.starts_with("kubelet") {
            Self::Kubelet
        } else if actor.starts_with("endpoint") {
            Self::EndpointSlice
        } else {
            Self::Others
        }
    }

    /// The name of the lane; the same in both languages but for the reader's own and the rest.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::You | Self::Others => None,
            Self::Deployment => Some("deployment"),
            Self::ReplicaSet => Some("replicaset"),
            Self::Scheduler => Some("scheduler"),
            Self::Kubelet => Some("kubelet"),
            Self::EndpointSlice => Some("endpointslice"),
        }
    }
}

/// An image on its way to a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Pull {
    /// What tells the pod from its siblings.
    pub pod: SmolStr,
    pub from: i64,
    pub to: Option<i64>,
}

/// Something a timer will bring.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    pub at: i64,
    pub lane: Lane,
    pub what: SmolStr,
}

/// Instants are ms of virtual time since the epoch of the cluster's clock.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Ascending in time.
    pub ticks: Vec<(i64, Lane)>,
    /// The reader's commands.
    pub commands: Vec<(i64, SmolStr)>,
    pub pulls: Vec<Pull>,
    /// Index into `pulls` of what is still on its way.
    open: BTreeMap<ObjectId, usize>,
}

impl Record {
    /// Takes a write in. Heartbeats and events make no tick: they would bury all else.
    pub fn apply(&mut self, change: &Change) -> bool {
        match change.resource.as_str() {
            "leases.coordination.k8s.io" => return false,
            "events" | "events.events.k8s.io" => return self.event(change),
            "nodes" if change.actor.starts_with("kubelet") && !change.previous.is_null() => return false,
            _ => {}
        }
        self.ticks.push((change.at.0, Lane::of(&change.actor)));
        if change.resource == "pods" && change.is_deleted() {
            self.close(&object_id("pods", &change.namespace, &change.name), change.at.0);
        }
        true
    }

    fn event(&mut self, change: &Change) -> bool {
        let about = change.object.get("involvedObject");
        if about.get("kind") != "Pod" || change.is_deleted() {
            return false;
        }
        let name = about.get("name").text();
        let id = object_id("pods", about.get("namespace").text(), name);
        match change.object.get("reason").text() {
            "Pulling" => {
                let owner = name.rsplit_once('-').map_or("", |(owner, _)| owner);
                self.close(&id, change.at.0);
                self.open.insert(id, self.pulls.len());
                self.pulls.push(Pull { pod: suffix(name, owner).into(), from: change.at.0, to: None });
                true
            }
            "Pulled" | "Failed" => self.close(&id, change.at.0),
            _ => false,
        }
    }

    fn close(&mut self, id: &str, at: i64) -> bool {
        let Some(pull) = self.open.remove(id).and_then(|i| self.pulls.get_mut(i)) else { return false };
        pull.to = Some(at);
        true
    }

    /// Ticks within `from..=to`.
    #[must_use]
    pub fn between(&self, from: i64, to: i64) -> &[(i64, Lane)] {
        let start = self.ticks.partition_point(|(at, _)| *at < from);
        let end = self.ticks.partition_point(|(at, _)| *at <= to);
        self.ticks.get(start..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_actor_has_a_lane() {
        for (actor, lane) in [
            ("you", Lane::You),
            ("deployment-controller", Lane::Deployment),
            ("replicaset-controller", Lane::ReplicaSet),
            ("default-scheduler", Lane::Scheduler),
            ("kubelet/worker-1", Lane::Kubelet),
            ("endpointslice-controller", Lane::EndpointSlice),
            ("garbage-collector", Lane::Others),
        ] {
            assert_eq!(Lane::of(actor), lane, "{actor}");
        }
    }

    #[test]
    fn only_what_lies_between_is_given() {
        let record = Record { ticks: (0..10).map(|i| (i * 10, Lane::You)).collect(), ..Record::default() };
        assert_eq!(record.between(15, 40).len(), 3);
        assert_eq!(record.between(200, 300).len(), 0);
    }
}
