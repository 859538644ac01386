//! The past of a cluster: snapshots and what came from outside, so that any instant can be stood up again.
//!
//! Owns: when snapshots are taken and thinned, seeking, cutting a history where a fork begins.
//! Does not own: the live cluster (the session's), what came from outside (`journal`).
//!
//! A snapshot is a clone: pointer copies, in proportion to the number of objects. So the more objects there are, the
//! rarer snapshots are taken and the fewer are kept, and both time and memory stay bounded.

use client::Change;
use clock::Time;

use crate::Cluster;
use crate::journal::Noted;

/// Events between two snapshots of a small cluster: what is played again in a few milliseconds.
const EVERY: u64 = 400;
/// Events per write of the store's own size: a large cluster is cloned less often.
const EVENTS_PER_OBJECT: u64 = 1;
/// Snapshots kept of a small cluster.
const MOST: usize = 120;
/// Objects in all snapshots together.
const MOST_OBJECTS: usize = 150_000;
/// Snapshots that are kept of whatever size.
const LEAST: usize = 4;
/// Objects beyond which a cluster has no past: a single clone would cost a frame, and a few of them all memory.
const HUGE: usize = 40_000;

/// What follows a cluster write by write and is remembered with it, such as a picture of it.
pub trait Companion: Clone {
    fn follow(&mut self, change: &Change);
}

impl Companion for () {
    fn follow(&mut self, _: &Change) {}
}

#[derive(Clone, Debug)]
struct Snapshot<C> {
    cluster: Cluster,
    companion: C,
    objects: usize,
    /// Inputs that came before it.
    done: usize,
}

/// An instant of the past, stood up: a cluster and its companion as they were.
#[derive(Clone, Debug)]
pub struct View<C> {
    pub cluster: Cluster,
    pub companion: C,
    /// Inputs done again so far, counted from the history's first.
    done: usize,
}

impl<C> View<C> {
    /// How many inputs came before it.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.done
    }
}

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal<'a> {
    /// After all that happened up to and at this instant.
    Time(Time),
    /// Right after the write of this revision.
    Revision(u64),
    /// Right after the write of this revision to a member, which came at this instant.
    Member { member: &'a str, revision: u64, at: Time },
    /// Right before the input of this number, counted from the history's first.
    Input(usize),
}

impl Goal<'_> {
    /// True once the write has happened after which to stop.
    fn is_written(self, cluster: &Cluster) -> bool {
        match self {
            Goal::Revision(revision) => cluster.revision() >= revision,
            Goal::Member { member, revision, .. } => {
                cluster.cluster_named(member).is_some_and(|m| m.revision() >= revision)
            }
            Goal::Time(_) | Goal::Input(_) => false,
        }
    }
}

/// Invariant: snapshots ascend by events, inputs by (events, order); the first snapshot comes before all inputs.
#[derive(Clone, Debug)]
pub struct History<C> {
    snapshots: Vec<Snapshot<C>>,
    inputs: Vec<Noted>,
    huge: usize,
    /// Snapshots of a past that is gone. To free one takes as long as to make it, so they go one by one.
    waste: Vec<Snapshot<C>>,
}

impl<C: Companion> History<C> {
    /// A history that begins now. From here on the cluster notes what comes from outside.
    pub fn begin(cluster: &mut Cluster, companion: &C) -> Self {
        cluster.journal.on = true;
        cluster.journal.noted.clear();
        let mut history = Self { snapshots: Vec::new(), inputs: Vec::new(), huge: HUGE, waste: Vec::new() };
        history.keep(cluster, companion);
        history
    }

    /// None: of a cluster whose past nobody will ask for.
    #[must_use]
    pub fn none() -> Self {
        Self { snapshots: Vec::new(), inputs: Vec::new(), huge: 0, waste: Vec::new() }
    }

    /// The same with another number of objects beyond which there is no past.
    #[must_use]
    pub fn limited(mut self, objects: usize) -> Self {
        self.huge = objects;
        self
    }

    /// The first instant there is; none while the cluster is too large to have a past.
    #[must_use]
    pub fn first(&self) -> Option<Time> {
        self.snapshots.first().map(|s| s.cluster.now())
    }

    /// How many events may run before [`History::follow`] should be called again.
    #[must_use]
    pub fn stride(&self) -> u64 {
        let objects = self.snapshots.last().map_or(0, |s| s.objects) as u64;
        EVERY.max(objects * EVENTS_PER_OBJECT)
    }

    /// Takes in what happened to the live cluster since the last call.
    pub fn follow(&mut self, cluster: &mut Cluster, companion: &C) {
        self.inputs.append(&mut cluster.journal.noted);
        drop(self.waste.pop());
        if cluster.object_count() > self.huge {
            self.waste.append(&mut self.snapshots);
            self.inputs.clear();
            return;
        }
        if self.snapshots.is_empty() {
            // Small again: the past begins anew.
            self.inputs.clear();
            return self.keep(cluster, companion);
        }
        let last = self.snapshots.last().map_or(0, |s| s.cluster.steps());
        if cluster.steps().saturating_sub(last) >= self.stride() {
            self.keep(cluster, companion);
            self.thin();
        }
    }

    fn keep(&mut self, cluster: &Cluster, companion: &C) {
        let mut cluster = cluster.clone();
        // What is played again is not noted a second time.
        cluster.journal.on = false;
        cluster.journal.noted.clear();
        let objects = cluster.object_count();
        let done = self.inputs.len();
        self.snapshots.push(Snapshot { cluster, companion: companion.clone(), objects, done });
    }

    /// Drops the snapshot whose neighbours are nearest to each other, the older the sooner.
    fn thin(&mut self) {
        loop {
            let objects: usize = self.snapshots.iter().map(|s| s.objects).sum();
            let many = self.snapshots.len() > MOST || objects > MOST_OBJECTS;
            if !many || self.snapshots.len() <= LEAST {
                return;
            }
            let steps: Vec<u64> = self.snapshots.iter().map(|s| s.cluster.steps()).collect();
            let last = steps.last().copied().unwrap_or(0);
            // The first is where all begins, and the latest is where the reader is.
            let cost = |i: usize| (steps[i + 1] - steps[i - 1]) * 1000 / (1000 + (last - steps[i]) / EVERY);
            let Some(least) = (1..steps.len() - 1).min_by_key(|i| cost(*i)) else { return };
            self.snapshots.remove(least);
        }
    }

    /// How many inputs there are.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs.len()
    }

    /// Snapshots held now.
    #[must_use]
    pub fn snapshots(&self) -> usize {
        self.snapshots.len()
    }

    /// The count of events of the snapshot from which an instant is reached.
    #[must_use]
    pub fn nearest(&self, at: Time) -> Option<u64> {
        let before = self.snapshots.partition_point(|s| s.cluster.now() <= at).saturating_sub(1);
        self.snapshots.get(before).map(|s| s.cluster.steps())
    }

    /// The cluster as it was. `from` is a view of this history from before, which is gone on with where that is
    /// shorter. `end` is the live cluster's count of events and instant: nothing is played beyond it.
    #[must_use]
    pub fn seek(&self, goal: Goal<'_>, from: Option<View<C>>, end: (u64, Time)) -> Option<View<C>> {
        let before = |cluster: &Cluster, done: usize| match goal {
            Goal::Time(at) => cluster.now() <= at,
            Goal::Revision(_) => !goal.is_written(cluster),
            // A later member may have the same name.
            Goal::Member { at, .. } => cluster.now() <= at && !goal.is_written(cluster),
            Goal::Input(n) => done <= n,
        };
        let at = self.snapshots.partition_point(|s| before(&s.cluster, s.done)).saturating_sub(1);
        let snapshot = self.snapshots.get(at)?;
        let from =
            from.filter(|v| before(&v.cluster, v.done) && v.cluster.steps() >= snapshot.cluster.steps());
        let mut view = from.unwrap_or_else(|| View {
            cluster: snapshot.cluster.clone(),
            companion: snapshot.companion.clone(),
            done: snapshot.done,
        });
        self.play(&mut view, goal, end);
        Some(view)
    }

    fn play(&self, view: &mut View<C>, goal: Goal<'_>, (end_steps, end_at): (u64, Time)) {
        let limit = match goal {
            Goal::Time(at) => at.min(end_at),
            Goal::Member { at, .. } => at.min(end_at),
            Goal::Revision(_) | Goal::Input(_) => end_at,
        };
        loop {
            if goal.is_written(&view.cluster) {
                return;
            }
            let seen = view.cluster.revision();
            let next = self.inputs.get(view.done);
            match next {
                Some(noted) if noted.steps <= view.cluster.steps() => {
                    if let Goal::Input(n) = goal
                        && view.done >= n
                    {
                        view.cluster.now = view.cluster.now.max(noted.at);
                        break;
                    }
                    if noted.at > limit {
                        break;
                    }
                    view.cluster.redo(noted);
                    view.done += 1;
                }
                _ => {
                    let due = view.cluster.next_due();
                    if view.cluster.steps() >= end_steps || due.is_none_or(|at| at > limit) {
                        break;
                    }
                    view.cluster.step();
                }
            }
            for change in view.cluster.changes_since(seen) {
                view.companion.follow(change);
            }
        }
        if let Goal::Time(_) = goal {
            view.cluster.now = view.cluster.now.max(limit);
        }
    }

    /// The history of a fork that goes on from `view`: all up to it and nothing after. The view's cluster is live from
    /// here on; this history is left as it is.
    #[must_use]
    pub fn fork(&self, view: &mut View<C>) -> Self {
        let steps = view.cluster.steps();
        let mut fork = self.clone();
        fork.inputs.truncate(view.done);
        let now = view.cluster.now();
        fork.snapshots
            .retain(|s| s.cluster.steps() <= steps && s.cluster.now() <= now && s.done <= view.done);
        view.cluster.journal.on = true;
        view.cluster.journal.noted.clear();
        fork
    }
}
