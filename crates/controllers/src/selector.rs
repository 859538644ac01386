//! Label selectors as controllers use them: compiled once, matched often, and an index of many by namespace.
//!
//! Models `k8s.io/apimachinery/pkg/labels`. Does not own: selectors as text (`-l app=web`).

use std::collections::{BTreeMap, BTreeSet};

use objects::{Str, Value};

#[derive(Clone, Debug, PartialEq)]
enum Requirement {
    In(Str, Vec<Str>),
    NotIn(Str, Vec<Str>),
    Exists(Str),
    Absent(Str),
}

/// A `metav1.LabelSelector`, or a plain map of labels, ready to match.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    /// `None`: matches nothing (an absent selector).
    requirements: Option<Vec<Requirement>>,
}

impl Selector {
    /// From `{matchLabels, matchExpressions}`. Null matches nothing, an empty one everything.
    /// `None` when an operator is unknown.
    #[must_use]
    pub fn of(selector: &Value) -> Option<Self> {
        if selector.is_null() {
            return Some(Self { requirements: None });
        }
        let mut all: Vec<Requirement> = pairs(&selector["matchLabels"]);
        for e in selector["matchExpressions"].items() {
            let key = e["key"].to_str();
            let values = || e["values"].items().iter().map(Value::to_str).collect();
            all.push(match e["operator"].text() {
                "In" => Requirement::In(key, values()),
                "NotIn" => Requirement::NotIn(key, values()),
                "Exists" => Requirement::Exists(key),
                "DoesNotExist" => Requirement::Absent(key),
                _ => return None,
            });
        }
        Some(Self { requirements: Some(all) })
    }

    /// From a map of labels as Services and ReplicationControllers carry it. Null or empty matches nothing.
    #[must_use]
    pub fn of_labels(labels: &Value) -> Self {
        Self { requirements: if labels.is_zero() { None } else { Some(pairs(labels)) } }
    }

    #[must_use]
    pub fn matches(&self, labels: &Value) -> bool {
        self.requirements.as_ref().is_some_and(|all| all.iter().all(|r| r.holds(labels)))
    }

    /// True when it has no requirement: it selects everything, or nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requirements.as_ref().is_none_or(Vec::is_empty)
    }

    /// One `key=value` that every match carries, if there is one: what an index can be keyed by.
    #[must_use]
    pub fn pair(&self) -> Option<(&Str, &Str)> {
        self.requirements.as_ref()?.iter().rev().find_map(|r| match r {
            Requirement::In(k, v) if v.len() == 1 => Some((k, &v[0])),
            _ => None,
        })
    }
}

fn pairs(labels: &Value) -> Vec<Requirement> {
    labels.entries().iter().map(|(k, v)| Requirement::In(k.clone(), vec![v.to_str()])).collect()
}

impl Requirement {
    fn holds(&self, labels: &Value) -> bool {
        match self {
            Self::In(k, v) => labels[k.as_str()].as_str().is_some_and(|x| v.iter().any(|w| w == x)),
            Self::NotIn(k, v) => labels[k.as_str()].as_str().is_none_or(|x| v.iter().all(|w| w != x)),
            Self::Exists(k) => labels.find(k).is_some(),
            Self::Absent(k) => labels.find(k).is_none(),
        }
    }
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
        match selector.pair() {
            Some((k, v)) => self.by_pair.entry((namespace.into(), k.clone(), v.clone())).or_default(),
            None => self.others.entry(namespace.into()).or_default(),
        }
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
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn each_operator() {
        let labels = value!({"app": "web", "tier": "front"});
        let one = |op: &str, key: &str, values: &[&str]| {
            let values: Vec<&str> = values.to_vec();
            value!({"matchExpressions": [{"key": (key), "operator": (op), "values": (values)}]})
        };
        let table = [
            (value!({"matchLabels": {"app": "web"}}), true),
            (value!({"matchLabels": {"app": "api"}}), false),
            (one("In", "app", &["api", "web"]), true),
            (one("In", "none", &["api"]), false),
            (one("NotIn", "app", &["api"]), true),
            (one("NotIn", "none", &["api"]), true),
            (one("NotIn", "app", &["web"]), false),
            (one("Exists", "tier", &[]), true),
            (one("DoesNotExist", "tier", &[]), false),
            (value!({}), true),
            (Value::Null, false),
        ];
        for (selector, want) in table {
            assert_eq!(Selector::of(&selector).map(|s| s.matches(&labels)), Some(want), "{selector:?}");
        }
        assert_eq!(Selector::of(&one("Near", "app", &[])), None);
        assert!(!Selector::of_labels(&value!({})).matches(&labels));
    }

    #[test]
    fn the_index_finds_what_each_selector_would() {
        let mut index = SelectorIndex::default();
        let set = |index: &mut SelectorIndex, owner: &str, v: Value| {
            index.set(&owner.into(), "a", Selector::of(&v).expect("well formed"));
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
