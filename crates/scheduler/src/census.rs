//! How many pods of a kind are on each node, counted as pods come and go: what spreading and affinity ask for.
//!
//! Pods of one controller are always counted; pods that a selector picks are from the first question on.

use objects::selector::LabelSelector;
use objects::{Str, Value};
use ordered::BTreeMap;

use crate::node_info::Placed;
use crate::nodes::Slot;

/// Selectors counted at once; the one asked for longest ago goes.
const GROUPS_MAX: usize = 512;

/// Whose pods a selector may pick.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Namespaces {
    All,
    /// In order, each once.
    These(Vec<Str>),
}

impl Namespaces {
    #[must_use]
    pub fn has(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(these) => these.iter().any(|n| n == namespace),
        }
    }
}

/// Which pods are counted.
#[derive(Clone, Debug)]
pub struct Who {
    /// All must pick the pod.
    pub terms: Vec<(Namespaces, LabelSelector)>,
    /// Pods that are being deleted are left out.
    pub living_only: bool,
}

impl Who {
    #[must_use]
    pub fn matches(&self, namespace: &str, labels: &Value) -> bool {
        self.terms.iter().all(|(n, s)| n.has(namespace) && s.matches(labels))
    }

    fn counts(&self, namespace: &str, pod: &Placed) -> bool {
        !(self.living_only && pod.terminating) && self.matches(namespace, &pod.labels)
    }
}

#[derive(Clone, Debug)]
struct Group {
    who: Who,
    counts: Vec<u32>,
    asked: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Census {
    /// By the uid of the controller: living pods by slot, and how many there are in all.
    owners: BTreeMap<Str, (Vec<u32>, usize)>,
    /// By the text of the question.
    groups: BTreeMap<Str, Group>,
    asked: u64,
}

fn change(counts: &mut Vec<u32>, slot: Slot, by: i32) {
    let slot = slot as usize;
    if counts.len() <= slot {
        counts.resize(slot + 1, 0);
    }
    counts[slot] = counts[slot].saturating_add_signed(by);
}

pub(crate) fn at(counts: &[u32], slot: Slot) -> i64 {
    counts.get(slot as usize).copied().unwrap_or(0).into()
}

impl Census {
    /// A pod has come to a node or left it.
    pub fn count(&mut self, key: &str, slot: Slot, pod: &Placed, came: bool) {
        let by = if came { 1 } else { -1 };
        if let Some(owner) = pod.owner.as_ref().filter(|_| !pod.terminating) {
            if came {
                let (counts, all) = self.owners.entry(owner.clone()).or_default();
                *all += 1;
                change(counts, slot, by);
            } else if let Some((counts, all)) = self.owners.get_mut(owner) {
                *all = all.saturating_sub(1);
                change(counts, slot, by);
                if *all == 0 {
                    self.owners.remove(owner);
                }
            }
        }
        if self.groups.is_empty() {
            return;
        }
        let namespace = namespace_of(key);
        for group in self.groups.values_mut() {
            if group.who.counts(namespace, pod) {
                change(&mut group.counts, slot, by);
            }
        }
    }

    /// The living pods of a controller by slot.
    #[must_use]
    pub fn of_owner(&self, uid: &str) -> &[u32] {
        self.owners.get(uid).map_or(&[], |(counts, _)| counts.as_slice())
    }

    /// The pods that a question picks, by slot; `all` is walked when it is asked for the first time.
    pub fn of<'a>(
        &mut self,
        question: &Str,
        who: impl FnOnce() -> Who,
        all: impl Iterator<Item = (Slot, &'a Str, &'a Placed)>,
    ) -> &[u32] {
        self.asked += 1;
        if !self.groups.contains_key(question) {
            if self.groups.len() >= GROUPS_MAX {
                let oldest = self.groups.iter().min_by_key(|(_, g)| g.asked).map(|(q, _)| q.clone());
                if let Some(q) = oldest {
                    self.groups.remove(&q);
                }
            }
            let who = who();
            let mut counts = Vec::new();
            for (slot, key, pod) in all {
                if who.counts(namespace_of(key), pod) {
                    change(&mut counts, slot, 1);
                }
            }
            self.groups.insert(question.clone(), Group { who, counts, asked: 0 });
        }
        match self.groups.get_mut(question) {
            Some(group) => {
                group.asked = self.asked;
                &group.counts
            }
            None => &[],
        }
    }
}

/// The namespace of a pod by its key.
pub(crate) fn namespace_of(key: &str) -> &str {
    key.split_once('/').map_or("", |(namespace, _)| namespace)
}
