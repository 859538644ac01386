//! Selectors of owners: compiled from their specs, and an index of many by namespace.
//!
//! Does not own: what a selector matches (objects).

use ordered::Sort as _;
use ordered::{BTreeMap, BTreeSet};

use objects::selector::{LabelSelector, Operator};
use objects::{Str, Value};

pub use objects::selector::LabelSelector as Selector;

/// From `{matchLabels, matchExpressions}`; `None` when it is malformed, which validation does not let through.
#[must_use]
pub fn of(selector: &Value) -> Option<LabelSelector> {
    LabelSelector::from_value(selector).ok()
}

/// From a map of labels as Services and ReplicationControllers carry it; an empty one selects nothing.
#[must_use]
pub fn of_labels(labels: &Value) -> LabelSelector {
    if labels.is_zero() { LabelSelector::nothing() } else { LabelSelector::from_labels(labels) }
}

/// One `key=value` that every match carries, if there is one: what an index can be keyed by.
#[must_use]
pub fn pair(selector: &LabelSelector) -> Option<(&Str, &Str)> {
    selector.requirements().iter().rev().find_map(|r| {
        let exact = matches!(r.operator, Operator::Equals | Operator::DoubleEquals | Operator::In);
        (exact && r.values.len() == 1).then(|| (&r.key, &r.values[0]))
    })
}

/// Many selectors by owner key: finds those that match a set of labels without trying each.
#[derive(Clone, Debug, Default)]
pub struct SelectorIndex {
    selectors: BTreeMap<Str, (Str, Selector)>,
    by_pair: BTreeMap<(Str, Str, Str), BTreeSet<Str>>,
    /// Owners whose selector asks for no single value, by namespace.
    others: BTreeMap<Str, BTreeSet<Str>>,
}

impl SelectorIndex {
    pub fn set(&mut self, owner: &Str, namespace: &str, selector: Selector) {
        if self.selectors.get(owner).is_some_and(|(n, s)| n == namespace && *s == selector) {
            return;
        }
        self.remove(owner);
        self.bucket(namespace, &selector).insert(owner.clone());
        self.selectors.insert(owner.clone(), (namespace.into(), selector));
    }

    pub fn remove(&mut self, owner: &str) {
        if let Some((namespace, selector)) = self.selectors.remove(owner) {
            self.bucket(&namespace, &selector).remove(owner);
        }
    }

    fn bucket(&mut self, namespace: &str, selector: &Selector) -> &mut BTreeSet<Str> {
        match pair(selector) {
            Some((k, v)) => self.by_pair.entry((namespace.into(), k.clone(), v.clone())).or_default(),
            None => self.others.entry(namespace.into()).or_default(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.selectors.is_empty()
    }

    #[must_use]
    pub fn get(&self, owner: &str) -> Option<&Selector> {
        self.selectors.get(owner).map(|(_, s)| s)
    }

    /// The owners in `namespace` whose selector matches `labels`, in key order.
    #[must_use]
    pub fn matching(&self, namespace: &str, labels: &Value) -> Vec<Str> {
        let namespace = Str::from(namespace);
        let mut found: Vec<Str> = Vec::new();
        let mut take = |set: &BTreeSet<Str>| {
            for owner in set {
                if self.selectors.get(owner).is_some_and(|(_, s)| s.matches(labels)) {
                    found.push(owner.clone());
                }
            }
        };
        if !self.by_pair.is_empty() {
            for (k, v) in labels.entries() {
                if let Some(set) = self.by_pair.get(&(namespace.clone(), k.clone(), v.to_str())) {
                    take(set);
                }
            }
        }
        if let Some(set) = self.others.get(&namespace) {
            take(set);
        }
        found.arrange();
        found
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn the_index_finds_what_each_selector_would() {
        let mut index = SelectorIndex::default();
        let set = |index: &mut SelectorIndex, owner: &str, v: Value| {
            index.set(&owner.into(), "a", of(&v).expect("well formed"));
        };
        set(&mut index, "a/web", value!({"matchLabels": {"app": "web"}}));
        set(&mut index, "a/any", value!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}));
        set(&mut index, "a/api", value!({"matchLabels": {"app": "api"}}));
        let labels = value!({"app": "web", "x": "y"});
        assert_eq!(index.matching("a", &labels), ["a/any", "a/web"]);
        assert_eq!(index.matching("b", &labels), Vec::<Str>::new());
        set(&mut index, "a/web", value!({"matchLabels": {"app": "other"}}));
        index.remove("a/any");
        assert_eq!(index.matching("a", &labels), Vec::<Str>::new());
    }
}
