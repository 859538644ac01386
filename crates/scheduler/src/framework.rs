//! What a plugin is: a filter says whether a pod fits a node, a score says how well.
//!
//! Models the extension points Filter, Score and NormalizeScore of `pkg/scheduler/framework`.

use crate::node_info::{NodeInfo, PodInfo};

pub const MAX_NODE_SCORE: i64 = 100;

/// Why a plugin refused a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// As counted in `0/3 nodes are available: 2 Insufficient cpu, ...`.
    pub reasons: Vec<String>,
    /// True when removing pods from the node could not help (`UnschedulableAndUnresolvable`).
    pub unresolvable: bool,
}

impl Refusal {
    /// Refused, though other pods' leaving could help.
    pub fn unschedulable(reason: impl Into<String>) -> Self {
        Self { reasons: vec![reason.into()], unresolvable: false }
    }

    /// Refused for good.
    pub fn unresolvable(reason: impl Into<String>) -> Self {
        Self { reasons: vec![reason.into()], unresolvable: true }
    }
}

/// Says whether a pod fits a node.
pub trait Filter: Sync {
    fn name(&self) -> &'static str;

    /// # Errors
    /// A [`Refusal`] when the pod does not fit.
    fn filter(&self, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal>;
}

/// Says how well a pod fits a node.
pub trait Score: Sync {
    fn name(&self) -> &'static str;

    /// The raw score of one node.
    fn score(&self, pod: &PodInfo, node: &NodeInfo) -> i64;

    /// Brings raw scores to 0..=100. By default they are there already.
    fn normalize(&self, _scores: &mut [i64]) {}

    /// True when every node would get the same: the plugin is then left out.
    fn skip(&self, _pod: &PodInfo) -> bool {
        false
    }
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
