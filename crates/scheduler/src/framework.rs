//! What a plugin is: a filter says whether a pod fits a node, a score says how well.
//!
//! Models the extension points Filter, PreScore, Score and NormalizeScore of `pkg/scheduler/framework`. Score plugins
//! are asked about all fitting nodes at once.

use objects::Str;

use crate::node_info::{NodeInfo, PodInfo};
use crate::nodes::{Nodes, Slot};
use crate::plugins::Cycle;
use crate::profile::Profile;
use crate::storage::Storage;

pub const MAX_NODE_SCORE: i64 = 100;

/// Why a plugin refused a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// As counted in `0/3 nodes are available: 2 Insufficient cpu, ...`.
    pub reasons: Vec<Str>,
    /// True when removing pods from the node could not help (`UnschedulableAndUnresolvable`).
    pub unresolvable: bool,
}

impl Refusal {
    /// Refused, though other pods' leaving could help.
    pub fn unschedulable(reason: impl Into<Str>) -> Self {
        Self { reasons: vec![reason.into()], unresolvable: false }
    }

    /// Refused for good.
    pub fn unresolvable(reason: impl Into<Str>) -> Self {
        Self { reasons: vec![reason.into()], unresolvable: true }
    }
}

/// What plugins look at: the pod, what was worked out for it before, and the rest of the cluster.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub pod: &'a PodInfo,
    pub cycle: &'a Cycle,
    pub nodes: &'a Nodes,
    pub storage: &'a Storage,
    pub profile: &'a Profile,
}

/// Says whether a pod fits a node.
pub trait Filter: Sync {
    fn name(&self) -> &'static str;

    /// True when the answer follows from what the pod needs and from the node alone, so that it holds for all pods of one
    /// kind until the node changes. Such filters are asked first.
    fn is_local(&self) -> bool {
        false
    }

    /// True when the pod has nothing that this filter could refuse: it is then not asked.
    fn skip(&self, _look: &Look<'_>) -> bool {
        false
    }

    /// # Errors
    /// A [`Refusal`] when the pod does not fit.
    fn filter(&self, look: &Look<'_>, node: &NodeInfo) -> Result<(), Refusal>;
}

/// The first of the filters that refuses a node.
///
/// # Errors
/// That, and why.
pub(crate) fn first_refusal(
    look: &Look<'_>,
    filters: &[&'static dyn Filter],
    node: &NodeInfo,
) -> Result<(), (&'static str, Refusal)> {
    filters.iter().find_map(|f| f.filter(look, node).err().map(|r| (f.name(), r))).map_or(Ok(()), Err)
}

/// What a score plugin gives the nodes that fit, before it is brought to 0..=100: in one of two forms.
#[derive(Clone, Debug, Default)]
pub struct RawScores {
    /// One for each, or a single one that all have.
    pub each: Vec<i64>,
    /// A small number for each. Without a `palette` it is the score, which has to be within 0..=100 and final.
    pub codes: Vec<u8>,
    /// What the numbers stand for, where they do not stand for themselves: `None` up to the lowest, and what rises with
    /// them up to the highest.
    pub palette: Vec<Option<i64>>,
}

impl RawScores {
    pub fn clear(&mut self) {
        self.each.clear();
        self.codes.clear();
        self.palette.clear();
    }
}

/// Says how well a pod fits nodes.
pub trait Score: Sync {
    fn name(&self) -> &'static str;

    /// True when a node's raw score follows from what the pod needs and from the node alone, and whether there is an
    /// opinion from the former.
    fn is_local(&self) -> bool {
        false
    }

    /// True when raw scores are within 0..=100 and final, so that there is nothing to normalise.
    fn is_scaled(&self) -> bool {
        false
    }

    /// Puts the raw scores of `feasible` into `into` (which is empty); local plugins fill `each`, one for each node. False
    /// when the plugin has no opinion: it is then left out.
    fn score(&self, look: &Look<'_>, feasible: &[Slot], into: &mut RawScores) -> bool;

    /// Brings raw scores to 0..=100. What one becomes depends on itself and on the lowest and the highest of all.
    fn normalize(&self, _scores: &mut [i64]) {}
}

/// Upstream's `DefaultNormalizeScore`: the highest becomes 100; `reverse` turns the scale round.
pub fn default_normalize(scores: &mut [i64], reverse: bool) {
    let highest = scores.iter().copied().max().unwrap_or(0);
    if highest == 0 {
        if reverse {
            scores.fill(MAX_NODE_SCORE);
        }
        return;
    }
    for s in scores {
        let scaled = MAX_NODE_SCORE * *s / highest;
        *s = if reverse { MAX_NODE_SCORE - scaled } else { scaled };
    }
}
