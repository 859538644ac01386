//! The past of a cluster: seeking, replaying, forking.

use client::{Caller, Request, Verb};
use cluster::history::{Companion, Goal, History};
use cluster::{Cluster, ClusterConfig};
use objects::resources::DEPLOYMENTS;
use objects::{Value, value};

/// Counts writes: follows a cluster as a picture would.
#[derive(Clone, Debug, Default, PartialEq)]
struct Count(u64);

impl Companion for Count {
    fn follow(&mut self, _: &client::Change) {
        self.0 += 1;
    }
}

fn you() -> Caller {
    Caller {
        user: cluster::ADMIN.into(),
        groups: vec!["system:masters".into()],
        actor: "you".into(),
        ..Caller::default()
    }
}

fn apply(cluster: &mut Cluster, name: &str, replicas: i64) {
    let deployment: Value = value!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": (name), "namespace": "default"},
        "spec": {
            "replicas": (replicas),
            "selector": {"matchLabels": {"app": (name)}},
            "template": {
                "metadata": {"labels": {"app": (name)}},
                "spec": {"containers": [{"name": "nginx", "image": "nginx:1.27"}]},
            },
        },
    });
    let r = &DEPLOYMENTS;
    let request = Request::new(Verb::Create, &r.group, &r.version, &r.plural)
        .in_namespace("default")
        .object(deployment);
    cluster.request(&you(), request).unwrap();
}

fn scale(cluster: &mut Cluster, name: &str, replicas: i64) {
    let r = &DEPLOYMENTS;
    let mut object = cluster.object(&r.id, "default", name).cloned().unwrap();
    object.set_at(&["spec", "replicas"], replicas);
    object.remove_at(&["metadata", "resourceVersion"]);
    let request = Request::new(Verb::Update, &r.group, &r.version, &r.plural)
        .in_namespace("default")
        .named(name)
        .object(object);
    cluster.request(&you(), request).unwrap();
}

struct Lived {
    cluster: Cluster,
    count: Count,
    history: History<Count>,
    seen: u64,
    /// Instant, revision, hash and count at many moments.
    marks: Vec<(clock::Time, u64, u64, Count)>,
}

impl Lived {
    fn begin() -> Self {
        let mut cluster = Cluster::new(ClusterConfig::playground(5));
        let count = Count(cluster.revision());
        let history = History::begin(&mut cluster, &count);
        let seen = cluster.revision();
        Self { cluster, count, history, seen, marks: Vec::new() }
    }

    fn look(&mut self) {
        for change in self.cluster.changes_since(self.seen) {
            self.count.follow(change);
        }
        self.seen = self.cluster.revision();
        self.history.follow(&mut self.cluster, &self.count);
    }

    fn live(&mut self, span: i64) {
        let until = self.cluster.now() + span;
        while self.cluster.now() < until {
            let slice = (self.cluster.now() + 97).min(until);
            self.cluster.run_until(slice, &mut || true);
            self.look();
        }
        let c = &self.cluster;
        self.marks.push((c.now(), c.revision(), c.log_hash(), self.count.clone()));
        // What is done next is done after the instant of the mark.
        self.cluster.run_until(until + 1, &mut || true);
        self.look();
    }

    fn end(&self) -> (u64, clock::Time) {
        (self.cluster.steps(), self.cluster.now())
    }
}

fn lived() -> Lived {
    let mut l = Lived::begin();
    l.live(1_000);
    apply(&mut l.cluster, "web", 30);
    for _ in 0..12 {
        l.live(313);
    }
    scale(&mut l.cluster, "web", 45);
    l.cluster.hold_controller("replicaset-controller", true);
    l.live(2_000);
    assert!(l.cluster.step_controller("replicaset-controller"));
    l.live(700);
    l.cluster.hold_controller("replicaset-controller", false);
    apply(&mut l.cluster, "shop", 3);
    for _ in 0..20 {
        l.live(1_709);
    }
    l
}

#[test]
fn any_instant_stands_up_as_it_was() {
    let l = lived();
    assert!(l.history.snapshots() > 2, "one snapshot proves little");
    for (at, revision, hash, count) in l.marks.iter().rev().chain(&l.marks) {
        let view = l.history.seek(Goal::Time(*at), None, l.end()).unwrap();
        assert_eq!((view.cluster.revision(), view.cluster.log_hash()), (*revision, *hash), "at {at:?}");
        assert_eq!(view.cluster.now(), *at);
        assert_eq!(&view.companion, count);
    }
    for revision in [40, l.cluster.revision() / 2, l.cluster.revision()] {
        let view = l.history.seek(Goal::Revision(revision), None, l.end()).unwrap();
        assert!(view.cluster.revision() >= revision);
    }
}

#[test]
fn going_on_from_a_view_gives_the_same_as_from_a_snapshot() {
    let l = lived();
    let mut view = None;
    for (at, _, hash, _) in &l.marks {
        view = l.history.seek(Goal::Time(*at), view, l.end());
        assert_eq!(view.as_ref().map(|v| v.cluster.log_hash()), Some(*hash));
    }
}

#[test]
fn a_rewound_cluster_that_runs_on_is_the_one_that_never_was_rewound() {
    let l = lived();
    for (at, ..) in l.marks.iter().step_by(5) {
        let view = l.history.seek(Goal::Time(*at), None, l.end()).unwrap();
        let view = l.history.seek(Goal::Time(l.cluster.now()), Some(view), l.end()).unwrap();
        assert_eq!(view.cluster.log_hash(), l.cluster.log_hash());
        // And the unknown future is the same too.
        let (mut a, mut b) = (view.cluster, l.cluster.clone());
        a.advance(60_000);
        b.advance(60_000);
        assert_eq!(a.log_hash(), b.log_hash());
    }
}

#[test]
fn a_fork_goes_its_own_way_and_never_touches_its_origin() {
    let mut l = lived();
    let (at, revision, hash, _) = l.marks[8].clone();
    let before = l.cluster.log_hash();
    let mut view = l.history.seek(Goal::Time(at), None, l.end()).unwrap();
    let history = l.history.fork(&mut view);
    let mut fork =
        Lived { cluster: view.cluster, count: view.companion, history, seen: revision, marks: Vec::new() };
    assert_eq!(fork.cluster.log_hash(), hash);
    scale(&mut fork.cluster, "web", 1);
    fork.live(20_000);
    let ready = |c: &Cluster| {
        c.object("deployments.apps", "default", "web").unwrap()["status"]["readyReplicas"].int()
    };
    assert_eq!((ready(&fork.cluster), ready(&l.cluster)), (1, 45));
    assert_eq!(l.cluster.log_hash(), before);
    for lived in [&fork, &l] {
        for (at, _, hash, _) in &lived.marks {
            let view = lived.history.seek(Goal::Time(*at), None, lived.end()).unwrap();
            assert_eq!(view.cluster.log_hash(), *hash);
        }
    }
    // What both share is the same in both.
    let early = l.marks[2].clone();
    let view = fork.history.seek(Goal::Time(early.0), None, fork.end()).unwrap();
    assert_eq!(view.cluster.log_hash(), early.2);
    l.live(5_000);
    assert_eq!(ready(&l.cluster), 45);
}

#[test]
fn an_hour_takes_bounded_room_and_few_steps_to_any_instant() {
    let mut l = Lived::begin();
    apply(&mut l.cluster, "web", 20);
    for round in 0..60 {
        l.live(60_000);
        scale(&mut l.cluster, "web", 20 + round % 7);
    }
    assert!(l.history.snapshots() <= 120, "{} snapshots", l.history.snapshots());
    let mut worst = 0;
    for (at, ..) in &l.marks {
        let snapshot = l.history.nearest(*at).unwrap();
        let view = l.history.seek(Goal::Time(*at), None, l.end()).unwrap();
        worst = worst.max(view.cluster.steps() - snapshot);
    }
    // A step takes some 10 microseconds in a browser.
    assert!(worst <= 2_000, "{worst} steps to an instant");
}

#[test]
fn a_cluster_that_is_too_large_has_no_past_until_it_is_small_again() {
    let mut l = Lived::begin();
    l.live(1_000);
    let many = l.cluster.api().object_count() + 40;
    l.history = l.history.limited(many);
    apply(&mut l.cluster, "web", 60);
    l.live(30_000);
    assert_eq!((l.history.first(), l.history.snapshots()), (None, 0));
    assert!(l.history.seek(Goal::Time(l.cluster.now()), None, l.end()).is_none());
    l.history = l.history.limited(100_000);
    l.look();
    let begun = l.cluster.now();
    scale(&mut l.cluster, "web", 3);
    l.live(20_000);
    assert_eq!(l.history.first(), Some(begun));
    let view = l.history.seek(Goal::Time(l.cluster.now()), None, l.end()).unwrap();
    assert_eq!(view.cluster.log_hash(), l.cluster.log_hash());
}
