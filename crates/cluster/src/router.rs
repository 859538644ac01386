//! Who is told of which change: an index from a change to the parts with an interest in it.

use ordered::BTreeMap;
use ordered::Sort as _;

use client::{Change, Interest};
use objects::Str;

#[derive(Clone, Debug, Default)]
pub(crate) struct Router {
    all_of: BTreeMap<Str, Vec<usize>>,
    pods_on: BTreeMap<Str, Vec<usize>>,
    object: BTreeMap<(Str, Str), Vec<usize>>,
    everything: Vec<usize>,
}

impl Router {
    pub(crate) fn subscribe(&mut self, part: usize, interest: Interest) {
        let list = match interest {
            Interest::All(resource) => self.all_of.entry(resource).or_default(),
            Interest::PodsOnNode(node) => self.pods_on.entry(node).or_default(),
            Interest::Object(resource, key) => self.object.entry((resource, key)).or_default(),
            Interest::Everything => &mut self.everything,
        };
        list.push(part);
    }

    /// The parts to tell, each once, in part order.
    pub(crate) fn recipients(&self, change: &Change, into: &mut Vec<usize>) {
        into.clear();
        into.extend(&self.everything);
        into.extend(self.all_of.get(&change.resource).into_iter().flatten());
        if !self.object.is_empty() {
            let key = (change.resource.clone(), change.key());
            into.extend(self.object.get(&key).into_iter().flatten());
        }
        if change.resource == "pods" {
            let node = change.object["spec"]["nodeName"].text();
            into.extend(self.pods_on.get(node).into_iter().flatten());
        }
        into.arrange();
        into.dedup();
    }
}
