//! What a pod's change is about, told once to all controllers: most of them are concerned with few pods.
//!
//! Does not own: finding it out (pod_cache), what a controller makes of a change that concerns it.

use std::sync::Arc;

use crate::pod_kin::Owner;
use crate::pod_state::PodState;

#[derive(Clone, Debug, PartialEq)]
pub struct PodFacts<'a> {
    /// The pod's own.
    pub name: &'a str,
    /// Whose it is by now.
    pub owner: Arc<Owner>,
    /// Its owners are others than before.
    pub changes_hands: bool,
    /// Its metadata are those of before but for the version: so its owners and labels are, too.
    pub same_metadata: bool,
    /// It stands on another node than before, or is on one for the first time.
    pub moves: bool,
    pub is_gone: bool,
    /// `None` when there is no version before that is known.
    pub was: Option<PodState>,
    pub is: PodState,
}

impl PodFacts<'_> {
    /// Whether a controller of this kind of owner has to hear of it: it owns the pod, may have owned it, or may adopt it.
    #[must_use]
    pub fn may_be_of(&self, kind: &str) -> bool {
        self.changes_hands || self.owner.kind.is_empty() || self.owner.kind == kind
    }

    /// True when whoever counts it counts it as before.
    #[must_use]
    pub fn counts_as_before(&self) -> bool {
        self.same_metadata && self.was == Some(self.is)
    }
}
