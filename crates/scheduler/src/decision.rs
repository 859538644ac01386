//! The record of one decision: what each plugin said of each node.

use std::sync::Arc;

use clock::Time;
use objects::Str;

use crate::framework::Refusal;

/// What a decision came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Bound {
        node: Str,
    },
    /// The message of the `FailedScheduling` event.
    Unschedulable {
        message: String,
    },
}

/// What was said of one node.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeVerdict {
    /// The first filter that refused, and why.
    Refused { plugin: &'static str, refusal: Arc<Refusal> },
    /// Fits; its scores are row `row` of the decision's.
    Scored { row: u32, total: i32 },
    /// Fits, but no score was needed: it was the only one.
    OnlyFit,
    /// Not looked at: enough fitting nodes had been found.
    NotVisited,
}

/// A plugin's score of one node, after normalisation, before and after its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginScore {
    pub plugin: &'static str,
    pub score: i64,
    pub weighted: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub at: Time,
    pub pod: Str,
    pub attempt: u32,
    pub outcome: Outcome,
    /// The names of all nodes, in order; shared between decisions as long as the nodes stay the same.
    pub nodes: Arc<Vec<Str>>,
    /// For each node what was said of it.
    pub verdicts: Vec<NodeVerdict>,
    /// The score plugins that were asked, with their weights.
    pub(crate) plugins: Vec<(&'static str, i64)>,
    /// A row per scored node, a column per plugin.
    pub(crate) scores: Vec<i8>,
}

impl Decision {
    /// The scores of a verdict, one per plugin; none when the node was not scored.
    pub fn scores(&self, verdict: &NodeVerdict) -> impl Iterator<Item = PluginScore> + '_ {
        let columns = self.plugins.len();
        let row = match verdict {
            NodeVerdict::Scored { row, .. } => {
                let from = *row as usize * columns;
                self.scores.get(from..from + columns).unwrap_or_default()
            }
            _ => &[],
        };
        self.plugins.iter().zip(row).map(|((plugin, weight), score)| {
            let score = i64::from(*score);
            PluginScore { plugin, score, weighted: score * weight }
        })
    }
}
