//! Pods of one kind: what was found of each node for them, kept until the node changes.
//!
//! Pods that need the same get the same answers from the filters and scores that look at nothing but these needs and one
//! node (`is_local`). So of a thousand nodes only those are asked again that have changed since the last pod of the kind.
//! What is found is the same with and without it: nothing here is remembered that could not be worked out again.
//! Upstream's opportunistic batching (`framework/runtime/batch.go`) has the same purpose and other means.

use std::sync::Arc;

use objects::Str;

use crate::framework::{Filter, Look, Refusal, first_refusal};
use crate::node_info::Needs;
use crate::nodes::{Nodes, Slot};
use crate::plugins;
use crate::profile::Profile;

/// Kinds known at once; the one asked for longest ago goes.
const KINDS_MAX: usize = 64;
/// How many nodes all kinds together may know of: 2 MB of them.
const FINDINGS_MAX: usize = 1 << 16;
/// Refusals remembered for a kind: a pod that asks for many resources may lack each of them.
const REFUSALS_MAX: usize = 1_024;
/// How many score plugins are local.
const SCORES: usize = 4;

/// What is known of one node.
#[derive(Clone, Debug, Default)]
struct Finding {
    /// The node's when its filters were asked (`Nodes::stamp`); 0 before.
    stamp: u64,
    /// Whether it waits in `Kind::unscored`.
    listed: bool,
    /// 0 when all filters let the pod in, else one more than the place in `Kind::refusals`.
    code: u16,
    scores: [i32; SCORES],
}

/// What was found for pods of one kind.
#[derive(Debug)]
pub(crate) struct Kind {
    needs: Arc<Needs>,
    profile: Str,
    /// By slot.
    found: Vec<Finding>,
    /// What nodes were refused for, each once.
    refusals: Vec<(&'static str, Refusal)>,
    /// Nodes that fit and were not scored since.
    unscored: Vec<Slot>,
    /// Which of the local score plugins have an opinion.
    has_opinion: [bool; SCORES],
    /// What a local plugin gave the first node that was scored, and whether any node was given something else since.
    common: [Option<i32>; SCORES],
    differs: [bool; SCORES],
    asked: u64,
}

/// The kinds asked for lately.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    kinds: Vec<Kind>,
    asked: u64,
}

/// A snapshot does without: it is found again.
impl Clone for Kinds {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Kinds {
    /// These needs, or equal ones that are known already.
    pub(crate) fn shared(&self, needs: Needs) -> Arc<Needs> {
        let known = self.kinds.iter().find(|k| *k.needs == needs);
        known.map_or_else(|| Arc::new(needs), |k| k.needs.clone())
    }

    /// The kind of pods with these needs.
    pub(crate) fn of(&mut self, needs: &Arc<Needs>, profile: &Profile, nodes: &Nodes) -> &mut Kind {
        self.asked += 1;
        let alike = |k: &Kind| Arc::ptr_eq(&k.needs, needs) && k.profile == profile.name;
        let place = self.kinds.iter().position(alike).unwrap_or_else(|| {
            if self.kinds.len() >= KINDS_MAX || (self.kinds.len() + 1) * nodes.slots() > FINDINGS_MAX {
                let oldest = (0..self.kinds.len()).min_by_key(|i| self.kinds[*i].asked);
                oldest.map(|i| self.kinds.swap_remove(i));
            }
            self.kinds.push(Kind {
                needs: needs.clone(),
                profile: profile.name.clone(),
                found: Vec::new(),
                refusals: Vec::new(),
                unscored: Vec::new(),
                has_opinion: [false; SCORES],
                common: [None; SCORES],
                differs: [false; SCORES],
                asked: 0,
            });
            self.kinds.len() - 1
        });
        let kind = &mut self.kinds[place];
        kind.asked = self.asked;
        kind.found.resize(nodes.slots(), Finding::default());
        kind
    }
}

impl Kind {
    /// Before nodes are asked about a pod of the kind.
    pub(crate) fn begin(&mut self) {
        if self.refusals.len() > REFUSALS_MAX {
            self.refusals.clear();
            self.unscored.clear();
            self.found.fill(Finding::default());
            (self.common, self.differs) = Default::default();
        }
    }

    /// Whether the local filters are known to let the pod in; else they are to be asked.
    pub(crate) fn is_known_to_fit(&self, slot: Slot, nodes: &Nodes) -> bool {
        let found = &self.found[slot as usize];
        found.stamp == nodes.stamp(slot) && found.code == 0
    }

    /// What the local filters say of a node: nothing, or the place of a refusal.
    pub(crate) fn verdict(
        &mut self,
        look: &Look<'_>,
        filters: &[&'static dyn Filter],
        slot: Slot,
    ) -> Option<usize> {
        let stamp = look.nodes.stamp(slot);
        let found = &self.found[slot as usize];
        let code = if found.stamp == stamp { found.code } else { self.ask(look, filters, slot, stamp) };
        usize::from(code).checked_sub(1)
    }

    #[inline(never)]
    fn ask(&mut self, look: &Look<'_>, filters: &[&'static dyn Filter], slot: Slot, stamp: u64) -> u16 {
        let code = match first_refusal(look, filters, &look.nodes[slot]) {
            Ok(()) => 0,
            Err(refused) => {
                let known = self.refusals.iter().position(|r| *r == refused);
                let place = known.unwrap_or_else(|| {
                    self.refusals.push(refused);
                    self.refusals.len() - 1
                });
                u16::try_from(place + 1).unwrap_or(u16::MAX)
            }
        };
        let found = &mut self.found[slot as usize];
        (found.stamp, found.code) = (stamp, code);
        if code == 0 && !found.listed {
            found.listed = true;
            self.unscored.push(slot);
        }
        code
    }

    /// A refusal that [`Self::verdict`] told of.
    pub(crate) fn refusal(&self, place: usize) -> &(&'static str, Refusal) {
        &self.refusals[place]
    }

    /// Has the local plugins score the nodes that changed since they did.
    pub(crate) fn score(&mut self, look: &Look<'_>) {
        let mut new = std::mem::take(&mut self.unscored);
        new.retain(|slot| {
            self.found[*slot as usize].listed = false;
            // What has changed meanwhile is asked and listed anew.
            self.is_known_to_fit(*slot, look.nodes)
        });
        if new.is_empty() {
            return;
        }
        let mut scores = Vec::with_capacity(new.len());
        let local = plugins::scores().iter().filter(|(p, _)| p.is_local());
        for (i, (plugin, _)) in local.enumerate().take(SCORES) {
            scores.clear();
            self.has_opinion[i] = plugin.score(look, &new, &mut scores);
            for (slot, score) in new.iter().zip(&scores) {
                let score = (*score).clamp(i32::MIN.into(), i32::MAX.into()) as i32;
                self.found[*slot as usize].scores[i] = score;
                self.differs[i] |= *self.common[i].get_or_insert(score) != score;
            }
        }
    }

    /// The raw scores that the local plugin of this number gave nodes known to fit, or the one it gave all; false when it
    /// has no opinion.
    pub(crate) fn scores(&self, plugin: usize, slots: &[Slot], into: &mut Vec<i64>) -> bool {
        match self.common[plugin] {
            _ if !self.has_opinion[plugin] => return false,
            Some(score) if !self.differs[plugin] => into.push(score.into()),
            _ => into.extend(slots.iter().map(|s| i64::from(self.found[*s as usize].scores[plugin]))),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_filters_come_first_and_local_scores_have_their_places() {
        let turns: Vec<bool> = plugins::filters().iter().map(|f| f.is_local()).collect();
        assert!(turns.is_sorted_by(|a, b| a >= b), "{turns:?}");
        assert_eq!(plugins::scores().iter().filter(|(p, _)| p.is_local()).count(), SCORES);
    }
}
