//! One line of time: a cluster, its picture and its past. A fork is another line that shares the past up to a point.
//!
//! Owns: what belongs to one line and what is cut where a fork begins. Does not own: which line is shown (`session`),
//! how the past is stood up again (cluster::history).

use std::rc::Rc;

use client::{Change, ChangeKind};
use clock::Time;
use cluster::history::{Companion, Goal, History, View};
use cluster::{Cluster, ClusterConfig};
use course::Attempt;
use smol_str::SmolStr;

use crate::panels::charts::record::Usage;
use crate::panels::timeline::record::Record;
use crate::stage::model::Model;

/// Lines of time kept at once; beyond them the oldest that nobody looks at goes.
pub const MOST: usize = 6;

/// The picture of one instant, kept up to date write by write.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    pub stage: Model,
    /// How many events there are.
    pub events: usize,
}

impl Scene {
    /// True when the stage is another one now.
    pub fn apply(&mut self, change: &Change) -> bool {
        if is_event(change) {
            match change.kind {
                ChangeKind::Added => self.events += 1,
                ChangeKind::Deleted => self.events = self.events.saturating_sub(1),
                ChangeKind::Modified => {}
            }
        }
        self.stage.apply(change)
    }
}

impl Companion for Scene {
    fn follow(&mut self, change: &Change) {
        self.apply(change);
    }
}

#[must_use]
pub fn is_event(change: &Change) -> bool {
    matches!(change.resource.as_str(), "events" | "events.events.k8s.io")
}

/// The learner's files.
pub type Files = Rc<Vec<(String, String)>>;

/// What stood when a command began.
#[derive(Clone)]
pub struct Moment {
    pub at: Time,
    /// Inputs to the cluster before it.
    pub inputs: usize,
    pub line: SmolStr,
    pub attempt: Option<Attempt>,
    pub files: Files,
}

#[derive(Clone)]
pub struct Branch {
    /// `A`, `B`, ...
    pub name: char,
    /// The line it left, and when (ms since the cluster began).
    pub from: Option<(char, i64)>,
    pub cluster: Cluster,
    pub scene: Scene,
    pub record: Record,
    /// What the charts show.
    pub usage: Usage,
    pub history: History<Scene>,
    pub attempt: Option<Attempt>,
    pub moments: Vec<Moment>,
    /// The last revision taken into the picture.
    pub seen: u64,
}

impl Branch {
    #[must_use]
    pub fn new(config: ClusterConfig) -> Self {
        let mut cluster = Cluster::new(config);
        let scene = Scene::default();
        let history = History::begin(&mut cluster, &scene);
        Self {
            name: 'A',
            from: None,
            cluster,
            scene,
            record: Record::default(),
            usage: Usage::default(),
            history,
            attempt: None,
            moments: Vec::new(),
            seen: 0,
        }
    }

    /// Forgets what came before now: the past begins here.
    pub fn begin_here(&mut self) {
        self.history = History::begin(&mut self.cluster, &self.scene);
        self.moments.clear();
    }

    /// Events run so far and the present instant: where this line ends.
    #[must_use]
    pub fn end(&self) -> (u64, Time) {
        (self.cluster.steps(), self.cluster.now())
    }

    #[must_use]
    pub fn seek(&self, goal: Goal, from: Option<View<Scene>>) -> Option<View<Scene>> {
        self.history.seek(goal, from, self.end())
    }

    /// A line of its own that goes on from `view`, an instant of this one. This one is left as it is.
    #[must_use]
    pub fn fork(&self, name: char, mut view: View<Scene>) -> Self {
        let history = self.history.fork(&mut view);
        let now = view.cluster.now();
        let before =
            |m: &&Moment| m.inputs < history.inputs() || (m.at <= now && m.inputs <= history.inputs());
        let moments: Vec<Moment> = self.moments.iter().filter(before).cloned().collect();
        // Where the lesson stood: as it was before the next command there, else as it is now.
        let next = self.moments.get(moments.len());
        let attempt = next.map_or_else(|| self.attempt.clone(), |m| m.attempt.clone());
        let seen = view.cluster.revision();
        let mut record = self.record.clone();
        record.cut(now.0, moments.len());
        let mut usage = self.usage.clone();
        usage.cut(now.0);
        Self {
            name,
            from: Some((self.name, now.since(Time::EPOCH))),
            cluster: view.cluster,
            scene: view.companion,
            record,
            usage,
            history,
            attempt,
            moments,
            seen,
        }
    }
}
