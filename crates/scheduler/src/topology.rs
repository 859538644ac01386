//! Topology domains as small numbers: for each label key that placement asked about, the domain of every node.

use objects::{Str, Value};
use ordered::BTreeMap;

use crate::nodes::Slot;

/// The number of a domain within its key.
pub type Domain = u32;

/// What a node without the label has.
pub const NONE: Domain = Domain::MAX;

/// One label key.
#[derive(Clone, Debug, Default)]
pub struct Column {
    numbers: BTreeMap<Str, Domain>,
    /// By slot.
    of_node: Vec<Domain>,
    /// How many nodes have the label.
    labelled: usize,
}

impl Column {
    /// The domain of a node, or [`NONE`].
    #[must_use]
    pub fn of(&self, slot: Slot) -> Domain {
        self.of_node.get(slot as usize).copied().unwrap_or(NONE)
    }

    /// One more than the highest number of a domain.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// How many nodes have the label.
    #[must_use]
    pub fn labelled(&self) -> usize {
        self.labelled
    }

    /// True when no node ever had the label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    fn set(&mut self, slot: Slot, value: Option<&Value>) {
        let slot = slot as usize;
        if self.of_node.len() <= slot {
            self.of_node.resize(slot + 1, NONE);
        }
        let domain = match value {
            None => NONE,
            Some(v) => {
                let next = self.numbers.len() as Domain;
                *self.numbers.entry(v.to_str()).or_insert(next)
            }
        };
        let had = std::mem::replace(&mut self.of_node[slot], domain);
        self.labelled -= usize::from(had != NONE);
        self.labelled += usize::from(domain != NONE);
    }
}

/// All keys asked about so far.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Few: looked for one after the other.
    by_key: Vec<(Str, Column)>,
}

/// Keys kept at once: pods may name any.
const KEYS_MAX: usize = 64;

impl Columns {
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Column> {
        self.by_key.iter().find(|(known, _)| known == key).map(|(_, column)| column)
    }

    /// Makes the column of `key` if it is not there.
    pub fn want<'a>(&mut self, key: &Str, nodes: impl Iterator<Item = (Slot, &'a Value)>) {
        if self.get(key).is_some() {
            return;
        }
        if self.by_key.len() >= KEYS_MAX {
            self.by_key.clear();
        }
        let mut column = Column::default();
        for (slot, node) in nodes {
            column.set(slot, node.labels().find(key));
        }
        self.by_key.push((key.clone(), column));
    }

    /// A node's labels have changed; null when it is gone.
    pub fn set_node(&mut self, slot: Slot, node: &Value) {
        for (key, column) in &mut self.by_key {
            column.set(slot, node.labels().find(key));
        }
    }
}
