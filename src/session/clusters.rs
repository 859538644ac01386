//! More clusters than one: which member is shown, and its picture.
//!
//! Does not own: the members themselves (cluster::fleet).

use smol_str::SmolStr;

use super::Session;
use crate::branch::Scene;

/// A cluster among several, as the switcher shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub summary: cluster::Summary,
    pub shown: bool,
}

/// A member's cluster on the stage: its picture, and the last revision taken into it.
#[derive(Clone, Debug, Default)]
pub(super) struct MemberView {
    pub(super) name: SmolStr,
    pub(super) scene: Scene,
    pub(super) seen: u64,
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

    /// Shows another cluster of this session.
    pub fn show_member(&mut self, name: &str) {
        let first = self.base().0.config().name == name;
        self.member = (!first).then(|| MemberView { name: name.into(), ..MemberView::default() });
        self.meet_member(true);
        self.all_moved();
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

    /// Brings the picture of the member that is shown up to date; from the ground when it may be of another instant.
    pub(super) fn meet_member(&mut self, anew: bool) {
        let Some(mut member) = self.member.take() else { return };
        let Some(cluster) = self.base().0.cluster_named(&member.name) else { return };
        let latest = cluster.revision();
        let (mut stage, mut objects) = (anew, anew);
        if anew || latest < member.seen {
            member.scene = Scene::default();
            let all = objects::resources::all().iter().map(|r| r.id.as_str());
            for resource in all.filter(|id| crate::stage::model::is_shown(id)) {
                for object in cluster.objects(resource) {
                    member.scene.apply(&client::Change {
                        revision: object.revision(),
                        at: cluster.now(),
                        ..client::Change::added(resource, object.clone())
                    });
                }
            }
        } else {
            for change in cluster.changes_since(member.seen) {
                stage |= member.scene.apply(change);
                objects = true;
            }
        }
        self.moved.stage |= stage;
        self.moved.objects |= objects;
        member.seen = latest;
        self.member = Some(member);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::trial::*;

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
}
