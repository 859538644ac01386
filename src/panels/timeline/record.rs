//! What the timeline remembers of each write.

use std::collections::BTreeMap;

use client::Change;
use smol_str::SmolStr;

use crate::format::suffix;
use crate::stage::facts::{ObjectId, object_id};

/// Who wrote. Lanes stand in this order; those of other controllers follow in the order of their first write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    You,
    Deployment,
    ReplicaSet,
    Scheduler,
    Kubelet,
    EndpointSlice,
    /// Index into `Record::others`.
    Other(u8),
}

impl Lane {
    pub const MAIN: [Self; 6] =
        [Self::You, Self::Deployment, Self::ReplicaSet, Self::Scheduler, Self::Kubelet, Self::EndpointSlice];

    /// The lane of an actor such as `deployment-controller` or `kubelet/worker-1`; none for one of the others.
    #[must_use]
    pub fn of(actor: &str) -> Option<Self> {
        Some(if actor == "you" || actor.starts_with("kubectl") {
            Self::You
        } else if actor.starts_with("deployment") {
            Self::Deployment
        } else if actor.starts_with("replicaset") {
            Self::ReplicaSet
        } else if actor.contains("scheduler") {
            Self::Scheduler
        } else if actor.starts_with("kubelet") {
            Self::Kubelet
        } else if actor.starts_with("endpointslice-") || actor.starts_with("endpoint-slice") {
            Self::EndpointSlice
        } else {
            return None;
        })
    }

    /// A number of its own, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Self::Other(n) => Self::MAIN.len() + usize::from(n),
            main => Self::MAIN.iter().position(|lane| *lane == main).unwrap_or(0),
        }
    }

    /// The name of the lane; the same in both languages but for the reader's own. None for the rest.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::You | Self::Other(_) => None,
            Self::Deployment => Some("deployment"),
            Self::ReplicaSet => Some("replicaset"),
            Self::Scheduler => Some("scheduler"),
            Self::Kubelet => Some("kubelet"),
            Self::EndpointSlice => Some("endpointslice"),
        }
    }
}

/// One write on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    pub at: i64,
    pub revision: u64,
    pub lane: Lane,
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

/// Ticks kept; the oldest go first.
const MOST_TICKS: usize = 400_000;

/// Instants are ms of virtual time since the epoch of the cluster's clock.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Ascending in time.
    pub ticks: Vec<Tick>,
    /// The instants at which each lane wrote, each once, ascending: by [`Lane::index`]. What is drawn is found here
    /// without a look at every tick.
    marks: Vec<Vec<i64>>,
    /// Names of the controllers that have no lane of their own from the start.
    pub others: Vec<SmolStr>,
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
        let lane = Lane::of(&change.actor).unwrap_or_else(|| self.other(&change.actor));
        self.tick(Tick { at: change.at.0, revision: change.revision, lane });
        if self.ticks.len() > MOST_TICKS {
            self.ticks.drain(..MOST_TICKS / 4);
        }
        if change.resource == "pods" && change.is_deleted() {
            self.close(&object_id("pods", &change.namespace, &change.name), change.at.0);
        }
        true
    }

    /// Adds a write, which is the latest.
    pub fn tick(&mut self, tick: Tick) {
        let lane = tick.lane.index();
        if self.marks.len() <= lane {
            self.marks.resize(lane + 1, Vec::new());
        }
        if self.marks[lane].last() != Some(&tick.at) {
            self.marks[lane].push(tick.at);
        }
        self.ticks.push(tick);
    }

    /// The instants at which a lane wrote, each once, ascending.
    #[must_use]
    pub fn marks(&self, lane: Lane) -> &[i64] {
        self.marks.get(lane.index()).map_or(&[], Vec::as_slice)
    }

    /// True when a lane wrote within `from..=to`.
    #[must_use]
    pub fn wrote(&self, lane: Lane, from: i64, to: i64) -> bool {
        let marks = self.marks(lane);
        marks.get(marks.partition_point(|at| *at < from)).is_some_and(|at| *at <= to)
    }

    fn other(&mut self, actor: &str) -> Lane {
        let name = actor.split('/').next().unwrap_or_default();
        let name = name.strip_suffix("-controller").unwrap_or(name);
        let at = self.others.iter().position(|n| n == name).unwrap_or_else(|| {
            // Who comes after them shares the last lane.
            if self.others.len() < 40 {
                self.others.push(name.into());
            }
            self.others.len() - 1
        });
        Lane::Other(u8::try_from(at).unwrap_or(u8::MAX))
    }

    /// The first write after this revision, of one lane if one is given.
    #[must_use]
    pub fn after(&self, revision: u64, lane: Option<Lane>) -> Option<&Tick> {
        let at = self.ticks.partition_point(|t| t.revision <= revision);
        self.ticks[at..].iter().find(|t| lane.is_none_or(|l| t.lane == l))
    }

    /// The writes before what stands at this revision and instant, the nearest first.
    pub fn before(&self, revision: u64, now: i64, lane: Option<Lane>) -> impl Iterator<Item = &Tick> {
        let at = self.ticks.partition_point(|t| t.revision <= revision);
        let of = move |t: &&Tick| lane.is_none_or(|l| t.lane == l) && (t.revision < revision || t.at < now);
        self.ticks[..at].iter().rev().filter(of)
    }

    /// Forgets what came after `now`.
    pub fn cut(&mut self, now: i64) {
        self.ticks.truncate(self.ticks.partition_point(|t| t.at <= now));
        for marks in &mut self.marks {
            marks.truncate(marks.partition_point(|at| *at <= now));
        }
        self.pulls.retain(|p| p.from <= now);
        self.open.retain(|_, i| *i < self.pulls.len());
        for pull in &mut self.pulls {
            pull.to = pull.to.filter(|to| *to <= now);
        }
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
        ] {
            assert_eq!(Lane::of(actor), Some(lane), "{actor}");
        }
        let mut record = Record::default();
        assert_eq!(record.other("garbage-collector-controller"), Lane::Other(0));
        assert_eq!(record.other("job-controller"), Lane::Other(1));
        assert_eq!(record.other("garbage-collector-controller"), Lane::Other(0));
    }

    #[test]
    fn a_lane_has_each_instant_once() {
        let mut record = Record::default();
        for at in [10, 10, 20, 40] {
            record.tick(Tick { at, revision: at as u64, lane: Lane::Kubelet });
        }
        assert_eq!(record.marks(Lane::Kubelet), [10, 20, 40]);
        assert!(record.wrote(Lane::Kubelet, 15, 20) && !record.wrote(Lane::Kubelet, 21, 39));
        record.cut(20);
        assert_eq!((record.marks(Lane::Kubelet), record.ticks.len()), (&[10, 20][..], 3));
    }
}
