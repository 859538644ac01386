//! More clusters than one: which of them is shown, and following all of them.
//!
//! Does not own: the members themselves (cluster::fleet).

use clock::Time;
use cluster::Cluster;
use cluster::history::Goal;
use objects::Str;
use smol_str::SmolStr;

use super::Session;
use crate::followed::{Followed, Scene};

/// A cluster among several, as the switcher shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub summary: cluster::Summary,
    pub shown: bool,
}

/// The member that is shown.
#[derive(Clone, Debug)]
pub(super) struct MemberView {
    pub(super) name: Str,
    /// Its picture at the instant looked back at; none in the present, which the line of time follows.
    pub(super) past: Option<Scene>,
}

impl Session {
    /// The clusters of this session; none when there is only one.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        let cluster = self.base().0;
        if !cluster.has_members() {
            return Vec::new();
        }
        let shown = self.member.as_ref().map(|m| &m.name);
        let member = |(i, summary): (usize, cluster::Summary)| {
            let shown = shown.map_or(i == 0, |name| *name == summary.name);
            Member { shown, summary }
        };
        cluster.clusters().into_iter().enumerate().map(member).collect()
    }

    /// The names of all clusters of this session, the first one's too where there is no other.
    #[must_use]
    pub fn cluster_names(&self) -> Vec<SmolStr> {
        let known = self.base().0.clusters_known();
        known.into_iter().map(|(name, _)| name.as_str().into()).collect()
    }

    /// Shows another cluster of this session.
    pub fn show_member(&mut self, name: &str) {
        let first = self.base().0.config().name == name;
        self.member = (!first).then(|| MemberView { name: name.into(), past: None });
        self.meet_member();
        self.all_moved();
        self.align();
    }

    /// Shows the cluster that commands go to now, when a command has turned to another one.
    pub(super) fn follow_context(&mut self) {
        let cluster = &self.here.cluster;
        if !cluster.has_members() && self.context.is_empty() {
            return;
        }
        let current = self.terminal.current_cluster(cluster);
        if current != self.context {
            let before = std::mem::replace(&mut self.context, current.clone());
            let first = before.is_empty() && current == self.here.cluster.config().name;
            if !first {
                self.show_member(&current);
            }
        }
    }

    /// Stands the picture of the member that is shown up, where the page looks back.
    pub(super) fn meet_member(&mut self) {
        let Some(member) = &mut self.member else { return };
        let cluster = self.past.as_ref().and_then(|view| view.cluster.cluster_named(&member.name));
        member.past = cluster.map(Scene::of);
    }

    /// Takes the members' writes since the last look in, of those that are not shown too: whoever turns to them later finds
    /// their timeline and their charts.
    #[inline(never)]
    pub(super) fn look_at_members(&mut self) {
        let here = &mut self.here;
        here.members.retain(|name, _| here.cluster.cluster_named(name).is_some());
        for name in here.cluster.member_names() {
            let Some(member) = here.cluster.cluster_named(name) else { continue };
            let followed = here.members.entry(name.clone()).or_default();
            if followed.is_of_another(member) {
                *followed = Followed::default();
            }
            let touched = followed.look(member);
            if self.member.as_ref().is_some_and(|m| m.name == *name) {
                self.moved.take(touched);
            }
        }
    }

    /// Takes the readings of the charts that are due now, in every cluster.
    pub(super) fn take_readings(&mut self) {
        let here = &mut self.here;
        here.first.usage.take(&here.cluster, &here.first.scene.stage);
        for (name, followed) in &mut here.members {
            if let Some(member) = here.cluster.cluster_named(name) {
                followed.usage.take(member, &followed.scene.stage);
            }
        }
    }

    /// The cluster that the page shows, as it is in the present.
    pub(super) fn latest_shown(&self) -> &Cluster {
        let present = &self.here.cluster;
        self.member.as_ref().and_then(|m| present.cluster_named(&m.name)).unwrap_or(present)
    }

    /// Lets somebody act on the cluster that the page shows, in the present.
    pub(super) fn on_shown(&mut self, deed: impl FnOnce(&mut Cluster)) {
        self.to_present();
        let name = self.latest_shown().config().name.clone();
        self.here.cluster.with_cluster(&name, deed);
        self.all_moved();
        self.serve();
    }

    /// Runs until the next write to the cluster that the page shows. False when nothing is left to happen.
    pub(super) fn run_to_write(&mut self) -> bool {
        let cluster = &mut self.here.cluster;
        let member =
            self.member.as_ref().map(|m| &m.name).filter(|name| cluster.cluster_named(name).is_some());
        let Some(name) = member else { return cluster.step_to_change() };
        let revision = |cluster: &Cluster| cluster.cluster_named(name).map_or(0, Cluster::revision);
        let before = revision(cluster);
        while revision(cluster) == before {
            if !cluster.step() {
                return false;
            }
        }
        true
    }

    /// Shows the instant right after a write to the cluster that the page shows, which came at `at`.
    pub(super) fn show_write(&mut self, revision: u64, at: i64) {
        match self.member.as_ref().map(|m| m.name.clone()) {
            Some(member) => self.show(Goal::Member { member: &member, revision, at: Time(at) }),
            None => self.show(Goal::Revision(revision)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::timeline::record::Lane;
    use crate::session::trial::*;
    use crate::stage::facts::ObjectId;

    #[test]
    fn the_picture_follows_the_context_in_use() {
        let mut session = session();
        run(&mut session, "cluster add seoul --workers=1");
        session.advance(5_000);
        let shown = |s: &Session| {
            let all = s.members();
            all.into_iter().filter(|m| m.shown).map(|m| m.summary.name).collect::<Vec<_>>()
        };
        assert_eq!(shown(&session), ["seoul"]);
        run(&mut session, "kubectl apply -f web.yaml");
        session.advance(20_000);
        assert_eq!((ready(&session), session.stage().nodes.len()), (3, 2));
        run(&mut session, "kubectl config use-context wheelhouse");
        assert_eq!((shown(&session), ready(&session)), (vec!["wheelhouse".into()], 0));
        run(&mut session, "kubectl config use-context nowhere");
        assert_eq!(shown(&session).len(), 1);
        run(&mut session, "kubectl config use-context seoul");
        assert_eq!(ready(&session), 3);
    }

    /// A member that runs three pods and is shown, beside a first cluster that runs none.
    fn busy_member() -> Session {
        let mut session = session();
        run(&mut session, "cluster add seoul --workers=1");
        run(&mut session, "kubectl apply -f web.yaml");
        session.advance(20_000);
        session
    }

    #[test]
    fn timeline_and_charts_are_those_of_the_cluster_shown() {
        let mut session = busy_member();
        let bound = |s: &Session| s.record().marks(Lane::Scheduler).len();
        let owners = |s: &Session| -> Vec<ObjectId> {
            s.readings().last().iter().flat_map(|sample| &sample.owners).map(|o| o.id.clone()).collect()
        };
        let web = ObjectId::from("deployments.apps/default/web");
        assert!(bound(&session) > 0 && owners(&session).contains(&web));
        session.show_member("wheelhouse");
        assert!(bound(&session) == 0 && !owners(&session).contains(&web));
        // What happened while another one was shown is there too.
        run(&mut session, "kubectl --context seoul scale deployment web --replicas=1");
        session.advance(40_000);
        session.show_member("seoul");
        assert_eq!((ready(&session), session.typed().len()), (1, 3));
        assert!(session.record().wrote(Lane::You, session.now() - 41_000, session.now()));
        let readings = session.readings().samples().count();
        assert!(readings >= 55, "{readings} readings in 60 s");
    }

    #[test]
    fn steps_through_the_past_go_by_the_writes_of_the_cluster_shown() {
        let mut session = busy_member();
        let (latest, hash) = (session.latest(), session.log_hash());
        session.seek(session.earliest());
        session.step_to(true, Some(Lane::Scheduler), None);
        let bound = |s: &Session| s.stage().pods.values().filter(|p| !p.node.is_empty()).count();
        assert_eq!(bound(&session), 1, "right after the scheduler's first write");
        let seen = session.revision();
        session.step_to(true, Some(Lane::Scheduler), None);
        assert!(bound(&session) == 2 && session.revision() > seen);
        session.step_to(false, Some(Lane::Scheduler), None);
        assert_eq!((bound(&session), session.revision()), (1, seen));
        session.step_to(true, None, Some("deployments.apps/default/web"));
        assert!(session.revision() > seen && session.looks_back());
        // A line of its own keeps what came before of every cluster, and nothing after.
        session.fork();
        assert!(session.record().ticks.iter().all(|t| t.at <= session.now()));
        assert_eq!(session.cluster().config().name, "seoul");
        session.compare(Some('A'));
        session.advance(30_000);
        let pods = session.other().map(|(stage, _)| stage.pods.len());
        assert_eq!((ready(&session), pods), (3, Some(3)));
        session.switch('A');
        assert_eq!((session.latest(), session.log_hash()), (latest, hash));
    }

    #[test]
    fn controllers_are_held_in_the_cluster_shown() {
        let mut session = session();
        run(&mut session, "cluster add seoul --workers=1");
        session.hold("deployment-controller", true);
        run(&mut session, "kubectl apply -f web.yaml");
        session.advance(10_000);
        let rows = crate::panels::control::rows(&session, false);
        let row = rows.iter().find(|r| r.name == "deployment-controller").expect("a row");
        assert!(row.held && row.next.iter().any(|n| n.starts_with("create replicasets")), "{row:?}");
        assert!(session.stage().pods.is_empty());
        // Other keys may be before it in the queue.
        for _ in 0..8 {
            session.nudge("deployment-controller");
        }
        session.advance(10_000);
        assert_eq!(session.stage().pods.len(), 3);
        session.show_member("wheelhouse");
        assert!(crate::panels::control::rows(&session, true).iter().all(|r| !r.held));
    }
}
