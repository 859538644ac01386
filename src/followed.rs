//! What the page follows of one cluster, write by write: its picture, its timeline, its charts.
//!
//! Owns: taking writes in, standing a picture up from the ground, what is cut where a fork begins.
//! Does not own: which cluster is shown (`session`), what each of them makes of a write (`stage`, `panels`).

use client::{Change, ChangeKind};
use cluster::Cluster;
use cluster::history::Companion;

use crate::panels::charts::record::Usage;
use crate::panels::timeline::record::Record;
use crate::stage::model::{Model, is_shown};

/// The picture of one instant, kept up to date write by write.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    pub stage: Model,
    /// How many events there are.
    pub events: usize,
}

impl Scene {
    /// The picture of a cluster as it stands.
    #[inline(never)]
    #[must_use]
    pub fn of(cluster: &Cluster) -> Self {
        let mut scene = Self::default();
        let all = objects::resources::all().iter().map(|r| r.id.as_str());
        for resource in all.filter(|id| is_shown(id) || is_event_kind(id)) {
            for object in cluster.objects(resource) {
                scene.apply(&Change {
                    revision: object.revision(),
                    at: cluster.now(),
                    ..Change::added(resource, object.clone())
                });
            }
        }
        scene
    }

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
    is_event_kind(&change.resource)
}

fn is_event_kind(resource: &str) -> bool {
    matches!(resource, "events" | "events.events.k8s.io")
}

/// Which views the writes that were taken in concern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    pub stage: bool,
    pub timeline: bool,
    pub objects: bool,
    pub events: bool,
}

#[derive(Clone, Default)]
pub struct Followed {
    pub scene: Scene,
    pub record: Record,
    /// What the charts show.
    pub usage: Usage,
    /// The last revision taken in.
    seen: u64,
}

impl Followed {
    /// Takes in what was written since the last look.
    pub fn look(&mut self, cluster: &Cluster) -> Touched {
        let mut touched = Touched::default();
        let latest = cluster.revision();
        if latest == self.seen {
            return touched;
        }
        for change in cluster.changes_since(self.seen) {
            touched.stage |= self.scene.apply(change);
            touched.timeline |= self.record.apply(change);
            if is_event(change) {
                touched.events = true;
            } else if change.resource != "leases.coordination.k8s.io" {
                touched.objects = true;
            }
        }
        self.seen = latest;
        touched
    }

    /// True when this followed another cluster, whose name the one that is followed now has.
    #[must_use]
    pub fn is_of_another(&self, cluster: &Cluster) -> bool {
        cluster.revision() < self.seen
    }

    /// What a line of time that goes on from `now` follows: `scene` stood then, at this revision.
    #[must_use]
    pub fn fork(&self, scene: Scene, revision: u64, now: i64) -> Self {
        let (mut record, mut usage) = (self.record.clone(), self.usage.clone());
        record.cut(now);
        usage.cut(now);
        Self { scene, record, usage, seen: revision }
    }
}
