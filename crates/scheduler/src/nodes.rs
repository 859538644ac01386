//! All nodes with the pods placed on them, whether assumed or heard of.
//!
//! Models `pkg/scheduler/backend/cache` (the cache with its assumed pods, the node tree, the snapshot).

use std::collections::VecDeque;
use std::sync::Arc;

use clock::Time;
use objects::{Str, Value};
use ordered::BTreeMap;
use rustc_hash::FxHashMap;

use crate::census::Census;
use crate::images::Images;
use crate::node_info::{NodeInfo, Placed, PodInfo};
use crate::topology::Columns;

/// The place of a node in the scheduler's tables; reused once the node and its pods are gone.
pub type Slot = u32;

/// So many changes are remembered one by one.
const RECENT_MAX: usize = 4_096;

#[derive(Clone, Debug, Default)]
pub struct Nodes {
    slots: Vec<NodeInfo>,
    /// How often a node or what is placed there has changed, and the slots of the last of these changes.
    changes: u64,
    recent: VecDeque<Slot>,
    free: Vec<Slot>,
    by_name: BTreeMap<Str, Slot>,
    /// Where each placed pod is. Looked up, never walked.
    of_pod: FxHashMap<Str, Slot>,
    /// Existing nodes by zone, in the order they came; zones in the order they came.
    zones: Vec<(Str, Vec<Slot>)>,
    /// The order in which a search visits nodes, with their names: one node of each zone in turn. Made when needed.
    order: Arc<Vec<Slot>>,
    names: Arc<Vec<Str>>,
    /// By slot: the place in that order.
    places: Vec<Option<u32>>,
    stale: bool,
    pub columns: Columns,
    pub census: Census,
    pub images: Images,
    /// Nodes with pods that have a say about their company.
    pub with_affinity: ordered::BTreeSet<Slot>,
}

fn zone_of(node: &Value) -> Str {
    let labels = node.labels();
    let label = |ga: &str, beta: &str| labels.find(ga).or_else(|| labels.find(beta)).map_or("", Value::text);
    let region = label("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region");
    let zone = label("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone");
    if region.is_empty() && zone.is_empty() { Str::default() } else { format!("{region}\0{zone}").into() }
}

impl Nodes {
    fn slot_for(&mut self, name: &str) -> Slot {
        if let Some(slot) = self.by_name.get(name) {
            return *slot;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(NodeInfo::default());
            (self.slots.len() - 1) as Slot
        });
        self.slots[slot as usize].slot = slot;
        self.by_name.insert(name.into(), slot);
        slot
    }

    fn touch(&mut self, slot: Slot) {
        self.changes += 1;
        if self.recent.len() >= RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(slot);
    }

    /// How many changes there were to nodes or to what is placed there.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The slots of the changes after the first so many, in turn; `None` when they are too long ago.
    pub fn changed_since(&self, seen: u64) -> Option<impl Iterator<Item = Slot>> {
        let new = usize::try_from(self.changes.checked_sub(seen)?).ok()?;
        let known = self.recent.len().checked_sub(new)?;
        Some(self.recent.range(known..).copied())
    }

    pub fn set_node(&mut self, node: &Value) {
        let slot = self.slot_for(node.name());
        self.touch(slot);
        let info = &mut self.slots[slot as usize];
        let old = std::mem::take(&mut info.node);
        info.node = old.clone();
        info.set_node(node);
        if old.is_null() || !old.labels().same(node.labels()) {
            self.columns.set_node(slot, node);
            let (was, is) = (zone_of(&old), zone_of(node));
            if old.is_null() || was != is {
                self.leave_zone(slot);
                match self.zones.iter_mut().find(|(z, _)| *z == is) {
                    Some((_, slots)) => slots.push(slot),
                    None => self.zones.push((is, vec![slot])),
                }
                self.stale = true;
            }
        }
        if !old["status"]["images"].same(&node["status"]["images"]) {
            self.images.set(slot, &old["status"]["images"], &node["status"]["images"]);
        }
    }

    fn leave_zone(&mut self, slot: Slot) {
        for (_, slots) in &mut self.zones {
            slots.retain(|s| *s != slot);
        }
        self.zones.retain(|(_, slots)| !slots.is_empty());
    }

    /// Puts the order right after nodes have come or gone.
    pub fn refresh(&mut self) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let longest = self.zones.iter().map(|(_, s)| s.len()).max().unwrap_or(0);
        let turn = |i: usize| self.zones.iter().filter_map(move |(_, s)| s.get(i).copied());
        let order: Vec<Slot> = (0..longest).flat_map(turn).collect();
        self.names = Arc::new(order.iter().map(|s| self[*s].node.meta()["name"].to_str()).collect());
        self.places = vec![None; self.slots.len()];
        for (place, slot) in order.iter().enumerate() {
            self.places[*slot as usize] = Some(place as u32);
        }
        self.order = Arc::new(order);
    }

    pub fn remove_node(&mut self, name: &str) {
        let Some(slot) = self.by_name.get(name).copied() else { return };
        self.touch(slot);
        self.leave_zone(slot);
        self.stale = true;
        self.columns.set_node(slot, &Value::Null);
        let old = std::mem::take(&mut self.slots[slot as usize].node);
        self.images.set(slot, &old["status"]["images"], &Value::Null);
        self.drop_if_empty(name, slot);
    }

    fn drop_if_empty(&mut self, name: &str, slot: Slot) {
        let info = &self.slots[slot as usize];
        if info.node.is_null() && info.pods.is_empty() {
            self.by_name.remove(name);
            self.slots[slot as usize] = NodeInfo::default();
            self.free.push(slot);
        }
    }

    /// Counts a pod on its node, whether assumed or heard of.
    pub fn place(&mut self, info: &PodInfo, node: &str, now: Time) {
        self.remove_pod(&info.key);
        let slot = self.slot_for(node);
        self.place_at(info, slot, now);
    }

    /// The same on a node that is there.
    pub fn place_at(&mut self, info: &PodInfo, slot: Slot, now: Time) {
        self.remove_pod(&info.key);
        self.touch(slot);
        let placed = Placed::new(info, now);
        self.census.count(&info.key, slot, &placed, true);
        let at = &mut self.slots[slot as usize];
        at.add(info.key.clone(), placed);
        if info.needs.has_affinity {
            self.with_affinity.insert(slot);
        }
        self.of_pod.insert(info.key.clone(), slot);
    }

    /// The state of a placed pod has changed, not what it needs.
    pub fn update_pod(&mut self, key: &str, pod: &Value) {
        let Some(slot) = self.of_pod.get(key).copied() else { return };
        let Some(placed) = self.slots[slot as usize].pods.get_mut(key) else { return };
        let counts_anew = placed.terminating != pod.is_terminating() || !placed.labels.same(pod.labels());
        if counts_anew {
            self.census.count(key, slot, placed, false);
        }
        placed.update(pod);
        if counts_anew {
            self.census.count(key, slot, placed, true);
        }
    }

    /// True when the pod was counted.
    pub fn remove_pod(&mut self, key: &str) -> bool {
        let Some(slot) = self.of_pod.remove(key) else { return false };
        self.touch(slot);
        let info = &mut self.slots[slot as usize];
        let Some(placed) = info.remove(key) else { return false };
        if info.with_affinity == 0 {
            self.with_affinity.remove(&slot);
        }
        self.census.count(key, slot, &placed, false);
        if self.slots[slot as usize].node.is_null() {
            let name = self.by_name.iter().find(|(_, s)| **s == slot).map(|(n, _)| n.clone());
            if let Some(name) = name {
                self.drop_if_empty(&name, slot);
            }
        }
        true
    }

    /// Where a pod is placed.
    #[must_use]
    pub fn slot_of_pod(&self, key: &str) -> Option<Slot> {
        self.of_pod.get(key).copied()
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.zones.iter().map(|(_, s)| s.len()).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.zones.is_empty()
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&NodeInfo> {
        let slot = *self.by_name.get(name)?;
        self.slots.get(slot as usize).filter(|n| !n.node.is_null())
    }

    /// The order of a search. Only right after [`Self::refresh`].
    #[must_use]
    pub fn order(&self) -> &Arc<Vec<Slot>> {
        &self.order
    }

    /// Where a node stands in that order.
    #[must_use]
    pub fn place_of(&self, slot: Slot) -> Option<usize> {
        Some((*self.places.get(slot as usize)?)? as usize)
    }

    /// The names in the same order.
    #[must_use]
    pub fn names(&self) -> Arc<Vec<Str>> {
        self.names.clone()
    }

    /// Existing nodes by slot.
    pub fn iter(&self) -> impl Iterator<Item = &NodeInfo> {
        self.slots.iter().filter(|n| !n.node.is_null())
    }

    /// Makes sure that domains of this label are known.
    pub fn want_column(&mut self, key: &Str) {
        self.columns.want(key, self.slots.iter().map(|n| (n.slot, &n.node)));
    }

    /// How many pods that a question picks are on each node.
    pub fn counted(&mut self, question: &Str, who: impl FnOnce() -> crate::census::Who) -> &[u32] {
        let all = self.slots.iter().flat_map(|n| n.pods.iter().map(move |(k, p)| (n.slot, k, p)));
        self.census.of(question, who, all)
    }
}

impl std::ops::Index<Slot> for Nodes {
    type Output = NodeInfo;
    fn index(&self, slot: Slot) -> &NodeInfo {
        &self.slots[slot as usize]
    }
}
