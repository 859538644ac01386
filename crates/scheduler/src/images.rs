//! Which images are on which nodes, and how large they are.
//!
//! Models the scheduler cache's image states. Images are found by name, nodes by slot.

use std::sync::Arc;

use objects::{Str, Value};
use ordered::BTreeMap;

use crate::nodes::Slot;

/// An image by one of its names: bytes by slot, and how many nodes have it.
#[derive(Clone, Debug, Default)]
pub struct Image {
    bytes: Vec<i64>,
    nodes: usize,
}

impl Image {
    /// Its size on a node, 0 where it is not.
    #[must_use]
    pub fn bytes(&self, slot: Slot) -> i64 {
        self.bytes.get(slot as usize).copied().unwrap_or(0)
    }

    /// How many nodes have it.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    fn set(&mut self, slot: Slot, bytes: i64) {
        let slot = slot as usize;
        if self.bytes.len() <= slot {
            self.bytes.resize(slot + 1, 0);
        }
        self.nodes -= usize::from(self.bytes[slot] > 0);
        self.bytes[slot] = bytes;
        self.nodes += usize::from(bytes > 0);
    }
}

/// What pods want of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Their names with tags, those of volumes too.
    pub images: Vec<Str>,
    pub containers: i64,
}

/// How well nodes are supplied with what is wanted, as the plugin sees it: 0..=100.
#[derive(Debug, Default)]
pub struct Supply {
    pub by_slot: Vec<u8>,
    /// What all nodes have in common.
    pub common: Option<u8>,
}

#[derive(Clone, Debug, Default)]
pub struct Images {
    by_name: BTreeMap<Str, Image>,
    /// What was worked out for so many nodes, as long as no node's images change.
    known: Vec<(Wanted, usize, Arc<Supply>)>,
}

/// Wants whose supply is known at once.
const KNOWN_MAX: usize = 64;

impl Images {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Image> {
        self.by_name.get(name)
    }

    /// What was worked out for this want when there are so many nodes.
    #[must_use]
    pub fn known(&self, wanted: &Wanted, nodes: usize) -> Option<Arc<Supply>> {
        self.known.iter().find(|(w, n, _)| *n == nodes && w == wanted).map(|(.., supply)| supply.clone())
    }

    pub fn remember(&mut self, wanted: Wanted, nodes: usize, supply: Arc<Supply>) {
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.push((wanted, nodes, supply));
    }

    /// A node's list has changed from `old` to `new`.
    pub fn set(&mut self, slot: Slot, old: &Value, new: &Value) {
        let names = |list: &Value| -> Vec<(Str, i64)> {
            let of = |i: &Value| {
                let size = i["sizeBytes"].int();
                i["names"].items().iter().map(|n| (n.to_str(), size)).collect::<Vec<_>>()
            };
            list.items().iter().flat_map(of).collect()
        };
        self.known.clear();
        for (name, _) in names(old) {
            if let Some(image) = self.by_name.get_mut(&name) {
                image.set(slot, 0);
                if image.nodes == 0 {
                    self.by_name.remove(&name);
                }
            }
        }
        for (name, size) in names(new) {
            self.by_name.entry(name).or_default().set(slot, size);
        }
    }
}
