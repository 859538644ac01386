//! What has become of the cluster since the last time, in a sentence or two for those who hear the page.
//!
//! Owns: what is news (a workload that is whole or no longer, a pod in trouble, a node that is silent or back), and how it
//! is said. Does not own: when it is said (`app`).
//! Cost: owners and nodes each time; pods one by one only as long as they are few.

use ordered::{BTreeMap, BTreeSet};
use smol_str::SmolStr;

use super::facts::ObjectId;
use super::model::Model;
use crate::i18n::Texts;
use crate::state_words::PodState;

/// Beyond so many, pods and workloads are not told of one by one.
const FEW: usize = 400;
/// Sentences at a time; the rest is counted.
const MOST: usize = 3;

/// What was last told, or was so when telling began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Ready and desired pods of what no other owns.
    owners: BTreeMap<ObjectId, (i64, i64)>,
    troubled: BTreeSet<ObjectId>,
    lost: BTreeSet<SmolStr>,
}

impl Known {
    #[must_use]
    pub fn of(model: &Model) -> Self {
        let mut known = Self::default();
        if model.owners.len() <= FEW {
            let roots = model.owners.values().filter(|o| !model.owners.contains_key(&o.owner));
            known.owners = roots.map(|o| (o.id.clone(), (o.ready, o.desired))).collect();
        }
        if model.pods.len() <= FEW {
            let bad = |state| matches!(state, PodState::BackOff | PodState::Failed);
            known.troubled = model.pods.values().filter(|p| bad(p.state)).map(|p| p.id.clone()).collect();
        }
        known.lost = model.nodes.values().filter(|n| !n.ready).map(|n| n.name.clone()).collect();
        known
    }
}

/// What is new; empty when nothing is worth a word.
#[must_use]
pub fn news(before: &Known, model: &Model, texts: &Texts) -> (Known, String) {
    let now = Known::of(model);
    let (chart, stage) = (texts.chart(), texts.stage());
    let mut all: Vec<String> = Vec::new();
    for name in now.lost.iter().filter(|n| !before.lost.contains(*n)) {
        all.push(format!("{} {name}: {}", (stage.kind)("Node"), chart.lost));
    }
    for name in before.lost.iter().filter(|n| !now.lost.contains(*n) && model.nodes.contains_key(*n)) {
        all.push(format!("{} {name}: {}", (stage.kind)("Node"), (stage.state)(PodState::Ready, false)));
    }
    for id in now.troubled.iter().filter(|id| !before.troubled.contains(*id)) {
        if let Some(pod) = model.pods.get(id) {
            all.push(format!("{} {}: {}", (stage.kind)("Pod"), pod.name, (stage.state)(pod.state, false)));
        }
    }
    for (id, (ready, desired)) in now.owners.iter() {
        let old = before.owners.get(id).copied();
        // On the way from one to the other is no news.
        let whole = ready == desired;
        let was_whole = old.is_some_and(|(ready, desired)| ready == desired);
        if old == Some((*ready, *desired)) || (!whole && !was_whole && old.is_some()) {
            continue;
        }
        if let Some(owner) = model.owners.get(id) {
            let counts = (stage.ready_of)(*ready, *desired);
            all.push(format!("{} {}: {counts}", (stage.kind)(&owner.kind), owner.name));
        }
    }
    let more = all.len().saturating_sub(MOST);
    all.truncate(MOST);
    if more > 0 {
        all.push(format!("+{}", (stage.more)(i64::try_from(more).unwrap_or(0))));
    }
    (now, all.join(". "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::session::Session;

    #[test]
    fn a_rollout_is_told_when_it_begins_and_when_it_is_whole() {
        for (lang, whole, silent) in [
            (Lang::En, "Deployment web: 2 / 2 ready", "Node worker-1: not ready"),
            (Lang::Ko, "디플로이먼트 web: 준비 2 / 2", "노드 worker-1: 준비 안 됨"),
        ] {
            let texts = lang.texts();
            let mut session = Session::new(1, &[]);
            let mut known = Known::of(session.stage());
            let mut told = Vec::new();
            let mut listen = |session: &Session| {
                let (now, says) = news(&known, session.stage(), texts);
                known = now;
                if !says.is_empty() {
                    told.push(says);
                }
            };
            session.exec("kubectl create deployment web --image=nginx:1.27 --replicas=2", 1);
            for _ in 0..30 {
                session.advance(1_000);
                listen(&session);
            }
            session.exec("fault node worker-1 crash", 2);
            for _ in 0..60 {
                session.advance(1_000);
                listen(&session);
            }
            assert!(told.iter().any(|says| says == whole), "{told:?}");
            assert!(told.iter().any(|says| says.contains(silent)), "{told:?}");
            assert!(told.len() <= 6, "what goes on is no news: {told:?}");
        }
    }
}
