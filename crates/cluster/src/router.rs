//! Who is told of which change: an index from a change to the parts with an interest in it.

use client::{Change, Interest};
use objects::Str;
use ordered::Sort as _;
use rustc_hash::FxHashMap;

/// Each map is looked up in, never walked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Router {
    all_of: FxHashMap<Str, Vec<usize>>,
    pods_on: FxHashMap<Str, Vec<usize>>,
    /// By resource, then by key: of most resources nobody follows one object.
    object: FxHashMap<Str, FxHashMap<Str, Vec<usize>>>,
    everything: Vec<usize>,
}

impl Router {
    pub(crate) fn subscribe(&mut self, part: usize, interest: Interest) {
        let list = match interest {
            Interest::All(resource) => self.all_of.entry(resource).or_default(),
            Interest::PodsOnNode(node) => self.pods_on.entry(node).or_default(),
            Interest::Object(resource, key) => {
                self.object.entry(resource).or_default().entry(key).or_default()
            }
            Interest::Everything => &mut self.everything,
        };
        list.push(part);
    }

    /// The parts to tell, each once, in part order.
    pub(crate) fn recipients(&self, change: &Change, into: &mut Vec<usize>) {
        into.clear();
        into.extend(&self.everything);
        into.extend(self.all_of.get(&change.resource).into_iter().flatten());
        into.extend(
            self.object.get(&change.resource).and_then(|of| of.get(&change.key)).into_iter().flatten(),
        );
        if change.resource == "pods" {
            let node = change.object["spec"]["nodeName"].text();
            into.extend(self.pods_on.get(node).into_iter().flatten());
        }
        into.arrange();
        into.dedup();
    }
}
