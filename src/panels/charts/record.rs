//! What the charts remember: a reading a second, fewer of what is long ago.
//!
//! Owns: when readings are taken and how many are kept. Does not own: where the figures come from.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use cluster::Cluster;
use smol_str::SmolStr;

use crate::panels::traffic::ending::Ending;
use crate::stage::facts::ObjectId;
use crate::stage::model::Model;
use crate::state_words::PodState;

/// Readings kept: beyond them every other one goes, and they are taken half as often.
const MOST: usize = 600;
const EVERY_MS: i64 = 1000;
/// Of larger clusters only so much is read: the reading must stay cheaper than what it reads.
const MOST_NODES: usize = 40;
const MOST_PODS: usize = 400;
/// Workloads of a larger cluster that are followed.
const MOST_OWNERS: usize = 40;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Thousandths of a core.
    pub cpu: i64,
    /// Bytes.
    pub memory: i64,
}

impl Used {
    fn add(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.memory += other.memory;
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Owner {
    pub id: ObjectId,
    /// Unknown where only some nodes were read.
    pub used: Option<Used>,
    pub desired: i64,
    pub ready: i64,
}

/// Rates and queue are in thousandths, latencies in microseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    pub name: SmolStr,
    pub offered: i64,
    pub served: i64,
    pub failed: i64,
    pub latency: i64,
    pub p95: i64,
    pub queued: i64,
    /// How those ended that failed, each end with its rate.
    pub errors: Vec<(Ending, i64)>,
}

/// What stood at one instant (ms, on the clock of the objects).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    pub at: i64,
    pub nodes: Vec<(SmolStr, Used)>,
    pub pods: Vec<(ObjectId, Used)>,
    pub owners: Vec<Owner>,
    pub loads: Vec<Load>,
    /// How many nodes there are, where only some of them were read.
    pub in_part: Option<usize>,
    /// Ready pods, and all of them.
    pub counts: (i64, i64),
}

impl Sample {
    fn of(cluster: &Cluster, stage: &Model) -> Self {
        let mut out = Self { at: cluster.now().0, ..Self::default() };
        let large = stage.nodes.len() > MOST_NODES || stage.pods.len() > MOST_PODS;
        out.in_part = large.then_some(stage.nodes.len());
        let (ready, all) = (PodState::Ready as usize, &stage.loads);
        out.counts.0 = all.values().map(|l| i64::from(l.tally[ready])).sum();
        out.counts.1 = i64::try_from(stage.pods.len() + stage.system.len()).unwrap_or(0);
        let mut owned: BTreeMap<&ObjectId, Used> = BTreeMap::new();
        // Of a large cluster, nodes at even distances, as long as they have few pods.
        let mut left = if large { MOST_PODS } else { usize::MAX };
        for node in stage.nodes.values().step_by(stage.nodes.len().div_ceil(MOST_NODES).max(1)) {
            let pods = all.get(&node.name).map_or(0, |load| load.pods as usize);
            if pods > left {
                continue;
            }
            left -= pods;
            let Some(usage) = cluster.node_usage(&node.name) else { continue };
            out.nodes.push((node.name.clone(), Used { cpu: usage.cpu_millis, memory: usage.memory_bytes }));
            for pod in usage.pods.iter().filter(|_| !large) {
                let id = smol_str::format_smolstr!("pods/{}", pod.pod);
                let Some(facts) = stage.pods.get(&id) else { continue };
                let used = Used { cpu: pod.cpu_millis(), memory: pod.memory_bytes() };
                // A Deployment's pods are its ReplicaSets' pods.
                let mut owner = stage.owners.get(&facts.owner);
                while let Some(facts) = owner {
                    owned.entry(&facts.id).or_default().add(used);
                    owner = stage.owners.get(&facts.owner);
                }
                out.pods.push((id, used));
            }
        }
        let top = stage.owners.values().filter(|o| o.owner.is_empty());
        let owner = |o: &Rc<crate::stage::facts::OwnerFacts>| Owner {
            id: o.id.clone(),
            used: (!large).then(|| owned.get(&o.id).copied().unwrap_or_default()),
            desired: o.desired,
            ready: o.ready,
        };
        out.owners = top.take(if large { MOST_OWNERS } else { usize::MAX }).map(owner).collect();
        for load in cluster.load().running() {
            let Some(last) = load.latest() else { continue };
            let mut errors: Vec<_> =
                last.errors.iter().map(|(how, rate)| (Ending::of(*how), *rate)).collect();
            let late: i64 = last.backends.iter().map(|b| b.outcome.failed).sum();
            if late > 0 {
                errors.push((Ending::Slow, late));
            }
            out.loads.push(Load {
                name: SmolStr::from(load.profile.name.as_str()),
                offered: last.offered,
                served: last.served,
                failed: last.failed,
                latency: last.latency_us,
                p95: last.p95_us,
                queued: last.queued,
                errors,
            });
        }
        out
    }
}

#[derive(Clone, Debug, Default)]
pub struct Usage {
    samples: VecDeque<Rc<Sample>>,
    /// Ms between readings; 0 before the first.
    every: i64,
    /// When the next reading is due.
    due: i64,
}

impl Usage {
    /// When the next reading is due (ms, on the clock of the objects).
    #[must_use]
    pub fn due(&self) -> i64 {
        self.due
    }

    /// Takes a reading when it is time.
    pub fn take(&mut self, cluster: &Cluster, stage: &Model) {
        let now = cluster.now().0;
        if now < self.due {
            return;
        }
        self.every = self.every.max(EVERY_MS);
        self.due = now - now.rem_euclid(self.every) + self.every;
        self.samples.push_back(Rc::new(Sample::of(cluster, stage)));
        if self.samples.len() > MOST {
            let mut keep = false;
            self.samples.retain(|_| {
                keep = !keep;
                keep
            });
            self.every *= 2;
        }
    }

    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter().map(Rc::as_ref)
    }

    #[must_use]
    pub fn last(&self) -> Option<&Sample> {
        self.samples.back().map(Rc::as_ref)
    }

    /// Forgets what came after an instant: another line of time goes on from there.
    pub fn cut(&mut self, at: i64) {
        self.samples.retain(|s| s.at <= at);
        self.due = self.due.min(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster::ClusterConfig;

    #[test]
    fn a_long_run_keeps_a_bounded_record() {
        let mut cluster = Cluster::new(ClusterConfig::playground(1));
        let (mut usage, stage) = (Usage::default(), Model::default());
        for _ in 0..3 * MOST {
            usage.take(&cluster, &stage);
            usage.take(&cluster, &stage);
            cluster.advance(1000);
        }
        let kept: Vec<i64> = usage.samples().map(|s| s.at).collect();
        assert!(kept.len() <= MOST && kept.len() > MOST / 3, "{}", kept.len());
        assert!(kept.windows(2).all(|w| w[0] < w[1]));
        usage.cut(kept[10]);
        assert_eq!(usage.samples().count(), 11);
    }
}
