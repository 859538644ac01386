//! The record of one decision: what each plugin said of each node.

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
    Refused { plugin: &'static str, refusal: Refusal },
    /// Each score plugin's score after normalisation, before and after its weight.
    Scored { scores: Vec<PluginScore>, total: i64 },
    /// Fits, but no score was needed: it was the only one.
    OnlyFit,
    /// Not looked at: enough fitting nodes had been found.
    NotVisited,
}

#[derive(Clone, Debug, PartialEq)]
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
    /// In the order of node names.
    pub nodes: Vec<(Str, NodeVerdict)>,
}
