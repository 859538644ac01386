//! Pods of one kind: what was found of each node for them, kept until the node changes.
//!
//! Pods that need the same get the same answers from the filters and scores that look at nothing but these needs and one
//! node (`is_local`). So of a thousand nodes only those are asked again that have changed since the last pod of the kind.
//! What is found is the same with and without it: nothing here is remembered that could not be worked out again.
//! Upstream's opportunistic batching (`framework/runtime/batch.go`) has the same purpose and other means.

use std::ops::Range;
use std::sync::Arc;

use objects::Str;

use crate::framework::{Filter, Look, RawScores, Refusal, first_refusal};
use crate::node_info::Needs;
use crate::nodes::{Nodes, Slot};
use crate::places::Places;
use crate::plugins;
use crate::profile::Profile;

/// Kinds known at once; the one asked for longest ago goes.
const KINDS_MAX: usize = 64;
/// How many nodes all kinds together may know of: 1 MB of them.
const FINDINGS_MAX: usize = 1 << 16;
/// Refusals remembered for a kind: a pod that asks for many resources may lack each of them.
const REFUSALS_MAX: usize = 1_024;
/// How many score plugins are local.
const SCORES: usize = 4;

/// What a local score plugin gave the nodes that fit.
#[derive(Debug, Default)]
struct LocalScores {
    has_opinion: bool,
    /// What it gave the first node, and whether any node was given something else since.
    common: Option<i32>,
    differs: bool,
    /// By place: the scores of a plugin whose scores are within 0..=100, or what others gave.
    scaled: Vec<u8>,
    raw: Vec<i32>,
}

/// What was found for pods of one kind. Nodes are told apart by their places in the order of a search.
#[derive(Debug)]
pub(crate) struct Kind {
    needs: Arc<Needs>,
    profile: Str,
    /// The order, and the number of changes to nodes that are accounted for.
    order: Arc<Vec<Slot>>,
    seen: u64,
    /// Nodes that have changed since their filters were asked, or never were asked.
    stale: Places,
    /// Nodes that all local filters let the pod in.
    fits: Places,
    /// By place, for others: the place in `refusals`.
    refused: Vec<u16>,
    /// What nodes were refused for, each once.
    refusals: Vec<(&'static str, Refusal)>,
    /// Nodes that fit and were not scored since.
    unscored: Places,
    scores: [LocalScores; SCORES],
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
            if self.kinds.len() >= KINDS_MAX || (self.kinds.len() + 1) * nodes.order().len() > FINDINGS_MAX {
                let oldest = (0..self.kinds.len()).min_by_key(|i| self.kinds[*i].asked);
                oldest.map(|i| self.kinds.swap_remove(i));
            }
            self.kinds.push(Kind::new(needs.clone(), profile.name.clone(), nodes));
            self.kinds.len() - 1
        });
        let kind = &mut self.kinds[place];
        kind.asked = self.asked;
        kind.catch_up(nodes);
        kind
    }
}

impl Kind {
    fn new(needs: Arc<Needs>, profile: Str, nodes: &Nodes) -> Self {
        let all = nodes.order().len();
        Self {
            needs,
            profile,
            order: nodes.order().clone(),
            seen: nodes.changes(),
            stale: Places::all(all),
            fits: Places::none(all),
            refused: Vec::new(),
            refusals: Vec::new(),
            unscored: Places::none(all),
            scores: Default::default(),
            asked: 0,
        }
    }

    /// Takes note of the nodes that have changed.
    fn catch_up(&mut self, nodes: &Nodes) {
        let is_same_order = Arc::ptr_eq(&self.order, nodes.order());
        let Some(changed) = nodes.changed_since(self.seen).filter(|_| is_same_order) else {
            return self.forget(nodes);
        };
        for place in changed.filter_map(|slot| nodes.place_of(slot)) {
            self.stale.set(place, true);
        }
        self.seen = nodes.changes();
    }

    fn forget(&mut self, nodes: &Nodes) {
        *self = Self { asked: self.asked, ..Self::new(self.needs.clone(), self.profile.clone(), nodes) };
    }

    /// Before nodes are asked about a pod of the kind.
    pub(crate) fn begin(&mut self, nodes: &Nodes) {
        if self.refusals.len() > REFUSALS_MAX {
            self.forget(nodes);
        }
    }

    /// The first places among these, at least one, that are known to fit or known not to: up to where they end, and
    /// whether they fit. Asks the local filters about the first if it is not known.
    pub(crate) fn stretch(
        &mut self,
        look: &Look<'_>,
        filters: &[&'static dyn Filter],
        places: Range<usize>,
    ) -> (usize, bool) {
        let fits = self.refusal_of(look, filters, places.start).is_none();
        let known = self.stale.next(places.start, places.end);
        let end = match fits {
            true => self.fits.next_gap(places.start, known),
            false => self.fits.next(places.start, known),
        };
        (end, fits)
    }

    /// Why the local filters refuse a node, as the place of a refusal; `None` when they let the pod in.
    pub(crate) fn refusal_of(
        &mut self,
        look: &Look<'_>,
        filters: &[&'static dyn Filter],
        place: usize,
    ) -> Option<usize> {
        if self.stale.has(place) {
            self.ask(look, filters, place);
        }
        (!self.fits.has(place)).then(|| usize::from(self.refused[place]))
    }

    #[inline(never)]
    fn ask(&mut self, look: &Look<'_>, filters: &[&'static dyn Filter], place: usize) {
        let refused = first_refusal(look, filters, &look.nodes[self.order[place]]).err();
        self.stale.set(place, false);
        self.fits.set(place, refused.is_none());
        self.unscored.set(place, refused.is_none());
        let Some(refused) = refused else { return };
        let known = self.refusals.iter().position(|r| *r == refused).unwrap_or_else(|| {
            self.refusals.push(refused);
            self.refusals.len() - 1
        });
        self.refused.resize(self.order.len(), 0);
        self.refused[place] = u16::try_from(known).unwrap_or(u16::MAX);
    }

    /// A refusal that [`Self::refusal_of`] told of.
    pub(crate) fn refusal(&self, place: usize) -> &(&'static str, Refusal) {
        &self.refusals[place]
    }

    /// Has the local plugins score the nodes that changed since they did.
    pub(crate) fn score(&mut self, look: &Look<'_>) {
        // What has changed meanwhile is asked anew first.
        let new: Vec<usize> = self.unscored.iter().filter(|place| !self.stale.has(*place)).collect();
        if new.is_empty() {
            return;
        }
        let slots: Vec<Slot> = new.iter().map(|place| self.order[*place]).collect();
        let mut given = RawScores::default();
        let local = plugins::scores().iter().filter(|(p, _)| p.is_local());
        for (scores, (plugin, _)) in self.scores.iter_mut().zip(local) {
            given.clear();
            scores.has_opinion = plugin.score(look, &slots, &mut given);
            for (place, score) in new.iter().zip(&given.each) {
                scores.set(*place, *score, self.order.len(), plugin.is_scaled());
            }
        }
        new.iter().for_each(|place| self.unscored.set(*place, false));
    }

    /// What the local plugin of this number gave nodes known to fit, in stretches of places; false when it has no opinion.
    pub(crate) fn scores(&self, plugin: usize, fitting: &[Range<usize>], into: &mut RawScores) -> bool {
        let scores = &self.scores[plugin];
        match scores.common {
            _ if !scores.has_opinion => return false,
            Some(score) if !scores.differs => into.each.push(score.into()),
            _ if !scores.scaled.is_empty() => {
                fitting
                    .iter()
                    .for_each(|places| into.codes.extend_from_slice(&scores.scaled[places.clone()]));
            }
            _ => {
                let raw = fitting.iter().flat_map(|places| &scores.raw[places.clone()]);
                into.each.extend(raw.map(|score| i64::from(*score)));
            }
        }
        true
    }
}

impl LocalScores {
    fn set(&mut self, place: usize, score: i64, places: usize, is_scaled: bool) {
        let score = score.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
        self.differs |= *self.common.get_or_insert(score) != score;
        if is_scaled {
            self.scaled.resize(places, 0);
            self.scaled[place] = score.clamp(0, 100) as u8;
        } else {
            self.raw.resize(places, 0);
            self.raw[place] = score;
        }
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
