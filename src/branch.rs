//! One line of time: a cluster, its picture and its past. A fork is another line that shares the past up to a point.
//!
//! Owns: what belongs to one line and what is cut where a fork begins. Does not own: which line is shown (`session`),
//! what is followed of a cluster (`followed`), how the past is stood up again (cluster::history).

use std::collections::BTreeMap;
use std::rc::Rc;

use clock::Time;
use cluster::history::{Goal, History, View};
use cluster::{Cluster, ClusterConfig};
use course::Attempt;
use objects::Str;
use smol_str::SmolStr;

use crate::followed::{Followed, Scene};

/// Lines of time kept at once; beyond them the oldest that nobody looks at goes.
pub const MOST: usize = 6;

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
    /// What the page follows of the first cluster, and of each member by its name.
    pub first: Followed,
    pub members: BTreeMap<Str, Followed>,
    /// The reader's commands: when (on the clock of the objects), and what.
    pub commands: Vec<(i64, SmolStr)>,
    pub history: History<Scene>,
    pub attempt: Option<Attempt>,
    pub moments: Vec<Moment>,
}

impl Branch {
    /// A cluster without a past, until [`Self::begin_here`].
    #[must_use]
    pub fn new(config: ClusterConfig) -> Self {
        let cluster = Cluster::new(config);
        let history = History::none();
        Self {
            name: 'A',
            from: None,
            cluster,
            first: Followed::default(),
            members: BTreeMap::new(),
            commands: Vec::new(),
            history,
            attempt: None,
            moments: Vec::new(),
        }
    }

    /// Forgets what came before now: the past begins here.
    pub fn begin_here(&mut self) {
        self.history = History::begin(&mut self.cluster, &self.first.scene);
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
        let first = self.first.fork(view.companion, view.cluster.revision(), now.0);
        let members = self.members.iter().filter_map(|(name, followed)| {
            let member = view.cluster.cluster_named(name)?;
            Some((name.clone(), followed.fork(Scene::of(member), member.revision(), now.0)))
        });
        let members = members.collect();
        let mut commands = self.commands.clone();
        commands.truncate(moments.len());
        Self {
            name,
            from: Some((self.name, now.since(Time::EPOCH))),
            cluster: view.cluster,
            first,
            members,
            commands,
            history,
            attempt,
            moments,
        }
    }
}
