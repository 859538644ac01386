//! Who is told of which change: an index from a change to the parts with an interest in it.

use client::{Change, Interest};
use objects::Str;
use objects::resources::EVENTS;
use rustc_hash::FxHashMap;

/// Each map is looked up in, never walked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Router {
    of: FxHashMap<Str, Followers>,
    pods_on: FxHashMap<Str, Vec<usize>>,
    everything: Vec<usize>,
}

/// The parts that follow a resource.
#[derive(Clone, Debug, Default)]
struct Followers {
    all: Vec<usize>,
    /// By key: of most resources nobody follows one object.
    object: FxHashMap<Str, Vec<usize>>,
}

impl Router {
    pub(crate) fn subscribe(&mut self, part: usize, interest: Interest) {
        let list = match interest {
            Interest::All(resource) => &mut self.of.entry(resource).or_default().all,
            Interest::PodsOnNode(node) => self.pods_on.entry(node).or_default(),
            Interest::Object(resource, key) => {
                self.of.entry(resource).or_default().object.entry(key).or_default()
            }
            Interest::Everything => &mut self.everything,
        };
        list.push(part);
    }

    /// The parts to tell, each once, in part order.
    pub(crate) fn recipients(&self, change: &Change, into: &mut Vec<usize>) {
        into.clear();
        let mut add = |parts: &[usize]| {
            for part in parts {
                if let Err(at) = into.binary_search(part) {
                    into.insert(at, *part);
                }
            }
        };
        if change.resource != EVENTS.storage {
            add(&self.everything);
        }
        if let Some(followers) = self.of.get(&change.resource) {
            add(&followers.all);
            if let Some(parts) = followers.object.get(&change.key) {
                add(parts);
            }
        }
        if change.resource == "pods"
            && let Some(parts) = self.pods_on.get(change.object["spec"]["nodeName"].text())
        {
            add(parts);
        }
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn events_are_told_only_to_whoever_asks_for_them() {
        let mut router = Router::default();
        router.subscribe(0, Interest::Everything);
        router.subscribe(1, Interest::All(EVENTS.id.clone()));
        router.subscribe(2, Interest::All("pods".into()));
        for (resource, told) in [("events", vec![1]), ("pods", vec![0, 2]), ("nodes", vec![0])] {
            let object = value!({"metadata": {"name": "a", "namespace": "default"}});
            let mut into = Vec::new();
            router.recipients(&Change::added(resource, object), &mut into);
            assert_eq!(into, told, "{resource}");
        }
    }
}
