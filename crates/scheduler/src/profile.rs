//! Profiles: under which name the scheduler is asked for, and what its plugins are told.
//!
//! Models `pkg/scheduler/apis/config` (KubeSchedulerProfile, NodeResourcesFitArgs) as far as plugins here take
//! arguments. Not modelled: switching plugins off or weighing them anew, added affinity.

use objects::Str;

/// The name in `spec.schedulerName` that a pod gets when it names none.
pub const DEFAULT_NAME: &str = "default-scheduler";

/// How NodeResourcesFit scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// The emptier node is better.
    LeastAllocated,
    /// The fuller node is better.
    MostAllocated,
    /// A score by utilization: points of (percent, score 0..=10), in rising order of percent.
    RequestedToCapacityRatio(Vec<(i64, i64)>),
}

/// A resource with its weight.
pub type Weighted = (Str, i64);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub name: Str,
    pub strategy: Strategy,
    /// The resources that NodeResourcesFit scores.
    pub fit_resources: Vec<Weighted>,
    /// The resources that NodeResourcesBalancedAllocation looks at.
    pub balanced_resources: Vec<Weighted>,
    /// 0: by the number of nodes.
    pub percentage_of_nodes_to_score: usize,
    pub hard_pod_affinity_weight: i64,
}

impl Default for Profile {
    fn default() -> Self {
        let both = || vec![(Str::new_static("cpu"), 1), (Str::new_static("memory"), 1)];
        Self {
            name: DEFAULT_NAME.into(),
            strategy: Strategy::LeastAllocated,
            fit_resources: both(),
            balanced_resources: both(),
            percentage_of_nodes_to_score: 0,
            hard_pod_affinity_weight: 1,
        }
    }
}
