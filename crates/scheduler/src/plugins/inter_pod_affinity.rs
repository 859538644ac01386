//! InterPodAffinity: pods that want to be near others, or away from them, and others that want to be away from them.
//!
//! Models `plugins/interpodaffinity`. `matchLabelKeys` and `mismatchLabelKeys` are in the selector already when the API
//! server has admitted the pod; the former are read here too.

use objects::selector::LabelSelector;
use objects::{Str, Value};
use ordered::{BTreeMap, Sort as _};

use super::pod_topology_spread::selector_of;
use crate::census::{Namespaces, Who, namespace_of};
use crate::framework::{Filter, Look, MAX_NODE_SCORE, RawScores, Refusal, Score};
use crate::node_info::{NodeInfo, Placed, PodInfo};
use crate::nodes::{Nodes, Slot};
use crate::profile::Profile;
use crate::storage::Storage;
use crate::topology::{Domain, NONE};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// How many pods, or how much weight, by topology key and domain.
type Counts = BTreeMap<Str, BTreeMap<Domain, i64>>;

/// A required term of the pod.
#[derive(Clone, Debug)]
struct Term {
    key: Str,
    who: Who,
}

/// What was counted before nodes are asked.
#[derive(Clone, Debug, Default)]
pub struct Affinity {
    /// Existing pods that refuse the pod's company.
    against: Counts,
    /// Where pods are that match all required affinity terms.
    wanted: Vec<Term>,
    wanted_at: Counts,
    /// The pod satisfies its own terms: as the first of its kind any domain will do.
    matches_itself: bool,
    unwanted: Vec<Term>,
    /// For each of `unwanted`.
    unwanted_at: Vec<BTreeMap<Domain, i64>>,
    /// The labels of the pod's namespace.
    namespace_labels: Value,
    scores: Counts,
    /// Whether anything was counted for a score.
    scored: bool,
}

fn namespaces_of(term: &Value, owner: &str, all: &BTreeMap<Str, Value>) -> Namespaces {
    let named = term["namespaces"].items();
    let selector = &term["namespaceSelector"];
    let mut names: Vec<Str> = named.iter().map(Value::to_str).collect();
    if let Some(map) = selector.as_map() {
        if map.is_empty() {
            return Namespaces::All;
        }
        let selector = LabelSelector::from_value(selector).unwrap_or_else(|_| LabelSelector::nothing());
        names.extend(all.iter().filter(|(_, n)| selector.matches(n.labels())).map(|(name, _)| name.clone()));
    } else if names.is_empty() {
        names.push(owner.into());
    }
    names.arrange();
    names.dedup();
    Namespaces::These(names)
}

/// The terms of a pod's spec: of `podAffinity` or `podAntiAffinity`, required or preferred.
pub(crate) fn terms_of<'a>(spec: &'a Value, kind: &str, required: bool) -> &'a [Value] {
    spec["affinity"][kind][if required { REQUIRED } else { PREFERRED }].items()
}

/// Whether a term of a pod in `namespace` with `labels` means a pod of another namespace and labels.
pub(crate) fn is_meant(
    term: &Value,
    (namespace, labels): (&str, &Value),
    (other, other_labels): (&str, &Value),
    namespace_labels: &Value,
) -> bool {
    let named = term["namespaces"].items();
    let selector = &term["namespaceSelector"];
    let by_name = if named.is_empty() && selector.is_null() {
        other == namespace
    } else {
        named.iter().any(|n| n.text() == other)
    };
    let in_namespace = by_name
        || (!selector.is_null()
            && LabelSelector::from_value(selector).is_ok_and(|s| s.matches(namespace_labels)));
    in_namespace
        && LabelSelector::from_value(&selector_of(term, labels)).is_ok_and(|s| s.matches(other_labels))
}

fn add(counts: &mut Counts, key: &Str, slot: Slot, nodes: &Nodes, n: i64) {
    let domain = nodes.columns.get(key).map_or(NONE, |c| c.of(slot));
    if domain == NONE {
        return;
    }
    let at = counts.entry(key.clone()).or_default();
    let count = at.entry(domain).or_default();
    *count += n;
    if *count == 0 && n < 0 {
        at.remove(&domain);
        if at.is_empty() {
            counts.remove(key);
        }
    }
}

fn domain(nodes: &Nodes, key: &Str, slot: Slot) -> Domain {
    nodes.columns.get(key).map_or(NONE, |c| c.of(slot))
}

fn holds(counts: &Counts, nodes: &Nodes, slot: Slot) -> bool {
    counts.iter().any(|(key, at)| at.get(&domain(nodes, key, slot)).is_some_and(|n| *n > 0))
}

/// Where the pods are that these terms pick all together.
fn census(terms: &[&Who], nodes: &mut Nodes) -> Vec<u32> {
    let mut question = String::from("affinity");
    let mut all = Vec::new();
    for who in terms {
        for (namespaces, selector) in &who.terms {
            question.push_str(&format!("\0{namespaces:?}\0{selector}"));
            all.push((namespaces.clone(), selector.clone()));
        }
    }
    nodes.counted(&question.into(), || Who { terms: all, living_only: false }).to_vec()
}

fn by_domain(counts: &[u32], key: &Str, nodes: &mut Nodes) -> BTreeMap<Domain, i64> {
    nodes.want_column(key);
    let mut at = BTreeMap::new();
    for (slot, n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let domain = domain(nodes, key, slot as Slot);
        if domain != NONE {
            *at.entry(domain).or_default() += i64::from(*n);
        }
    }
    at
}

/// Counts what matters to a pod.
pub(super) fn pre_filter(pod: &PodInfo, nodes: &mut Nodes, storage: &Storage, profile: &Profile) -> Affinity {
    let mut a = Affinity::default();
    if !pod.needs.has_affinity && nodes.with_affinity.is_empty() {
        return a;
    }
    let (namespace, labels, spec) = (pod.pod.namespace(), pod.pod.labels(), &pod.pod["spec"]);
    let namespace_labels = storage.namespaces.get(namespace).map_or(Value::Null, |n| n.labels().clone());
    a.existing(pod, nodes, &namespace_labels, profile);
    a.namespace_labels = namespace_labels;
    if !pod.needs.has_affinity {
        return a;
    }
    let who = |t: &Value| {
        let selector = LabelSelector::from_value(&selector_of(t, labels));
        let selector = selector.unwrap_or_else(|_| LabelSelector::nothing());
        let terms = vec![(namespaces_of(t, namespace, &storage.namespaces), selector)];
        Who { terms, living_only: false }
    };
    let required = |kind| -> Vec<Term> {
        let term = |t: &Value| Term { key: t["topologyKey"].to_str(), who: who(t) };
        terms_of(spec, kind, true).iter().map(term).collect()
    };
    a.wanted = required("podAffinity");
    a.unwanted = required("podAntiAffinity");
    if !a.wanted.is_empty() {
        let counts = census(&a.wanted.iter().map(|t| &t.who).collect::<Vec<_>>(), nodes);
        for term in &a.wanted {
            let at = by_domain(&counts, &term.key, nodes);
            if !at.is_empty() {
                a.wanted_at.insert(term.key.clone(), at);
            }
        }
        a.matches_itself = a.wanted.iter().all(|t| t.who.matches(namespace, labels));
    }
    for term in &a.unwanted {
        let counts = census(&[&term.who], nodes);
        a.unwanted_at.push(by_domain(&counts, &term.key, nodes));
    }
    for (kind, sign) in [("podAffinity", 1), ("podAntiAffinity", -1)] {
        for w in terms_of(spec, kind, false) {
            let term = &w["podAffinityTerm"];
            let key = term["topologyKey"].to_str();
            let counts = census(&[&who(term)], nodes);
            for (domain, n) in by_domain(&counts, &key, nodes) {
                a.scored = true;
                *a.scores.entry(key.clone()).or_default().entry(domain).or_default() +=
                    sign * n * w["weight"].int();
            }
        }
    }
    a
}

impl Affinity {
    /// What pods that are there already say of the new one.
    fn existing(&mut self, pod: &PodInfo, nodes: &mut Nodes, namespace_labels: &Value, profile: &Profile) {
        let me = (pod.pod.namespace(), pod.pod.labels());
        // (is a score, key, slot, amount), as the columns cannot grow while pods are walked.
        let mut found: Vec<(bool, Str, Slot, i64)> = Vec::new();
        for slot in nodes.with_affinity.iter() {
            let node = &nodes[*slot];
            if node.node.is_null() {
                continue;
            }
            for (key, existing) in node.pods.iter().filter(|(_, p)| p.needs.has_affinity) {
                let they = (namespace_of(key), &existing.labels);
                let meant = |t: &Value| is_meant(t, they, me, namespace_labels);
                for t in terms_of(&existing.spec, "podAntiAffinity", true).iter().filter(|t| meant(t)) {
                    found.push((false, t["topologyKey"].to_str(), *slot, 1));
                }
                let weight = profile.hard_pod_affinity_weight;
                for t in
                    terms_of(&existing.spec, "podAffinity", true).iter().filter(|t| weight > 0 && meant(t))
                {
                    found.push((true, t["topologyKey"].to_str(), *slot, weight));
                }
                for (kind, sign) in [("podAffinity", 1), ("podAntiAffinity", -1)] {
                    let wishes = terms_of(&existing.spec, kind, false).iter();
                    for w in wishes.filter(|w| meant(&w["podAffinityTerm"])) {
                        let key = w["podAffinityTerm"]["topologyKey"].to_str();
                        found.push((true, key, *slot, sign * w["weight"].int()));
                    }
                }
            }
        }
        for (score, key, slot, n) in found {
            nodes.want_column(&key);
            if score {
                let domain = domain(nodes, &key, slot);
                if domain != NONE {
                    self.scored = true;
                    *self.scores.entry(key).or_default().entry(domain).or_default() += n;
                }
            } else {
                add(&mut self.against, &key, slot, nodes, n);
            }
        }
    }

    /// A pod comes to a node or leaves it.
    pub(super) fn shift(
        &mut self,
        pod: &PodInfo,
        key: &str,
        other: &Placed,
        node: &NodeInfo,
        nodes: &Nodes,
        by: i64,
    ) {
        let (namespace, labels) = (namespace_of(key), &other.labels);
        let me = (pod.pod.namespace(), pod.pod.labels());
        for t in terms_of(&other.spec, "podAntiAffinity", true) {
            if is_meant(t, (namespace, labels), me, &self.namespace_labels) {
                add(&mut self.against, &t["topologyKey"].to_str(), node.slot, nodes, by);
            }
        }
        if !self.wanted.is_empty() && self.wanted.iter().all(|t| t.who.matches(namespace, labels)) {
            for term in &self.wanted {
                add(&mut self.wanted_at, &term.key, node.slot, nodes, by);
            }
        }
        for (term, at) in self.unwanted.iter().zip(&mut self.unwanted_at) {
            let domain = domain(nodes, &term.key, node.slot);
            if domain != NONE && term.who.matches(namespace, labels) {
                *at.entry(domain).or_default() += by;
            }
        }
    }
}

pub(super) struct InterPodAffinity;

impl Filter for InterPodAffinity {
    fn name(&self) -> &'static str {
        "InterPodAffinity"
    }

    fn skip(&self, look: &Look<'_>) -> bool {
        let a = &look.cycle.affinity;
        a.against.is_empty() && a.wanted.is_empty() && a.unwanted.is_empty()
    }

    fn filter(&self, look: &Look<'_>, node: &NodeInfo) -> Result<(), Refusal> {
        let (a, nodes) = (&look.cycle.affinity, look.nodes);
        let near = |t: &Term| {
            let domain = domain(nodes, &t.key, node.slot);
            a.wanted_at.get(&t.key).and_then(|at| at.get(&domain)).is_some_and(|n| *n > 0)
        };
        let has_all = a.wanted.iter().all(|t| domain(nodes, &t.key, node.slot) != NONE);
        let first = a.wanted_at.is_empty() && a.matches_itself;
        if !has_all || !(first || a.wanted.iter().all(near)) {
            return Err(Refusal::unresolvable("node(s) didn't match pod affinity rules"));
        }
        let there = |(t, at): (&Term, &BTreeMap<Domain, i64>)| {
            at.get(&domain(nodes, &t.key, node.slot)).is_some_and(|n| *n > 0)
        };
        if a.unwanted.iter().zip(&a.unwanted_at).any(there) {
            return Err(Refusal::unschedulable("node(s) didn't match pod anti-affinity rules"));
        }
        if holds(&a.against, nodes, node.slot) {
            return Err(Refusal::unschedulable("node(s) didn't satisfy existing pods anti-affinity rules"));
        }
        Ok(())
    }
}

impl Score for InterPodAffinity {
    fn name(&self) -> &'static str {
        "InterPodAffinity"
    }

    fn score(&self, look: &Look<'_>, feasible: &[Slot], into: &mut RawScores) -> bool {
        let a = &look.cycle.affinity;
        if !a.scored {
            return false;
        }
        let columns: Vec<_> = a.scores.iter().map(|(key, at)| (look.nodes.columns.get(key), at)).collect();
        into.each.extend(feasible.iter().map(|slot| {
            let one = |(column, at): &(Option<&crate::topology::Column>, &BTreeMap<Domain, i64>)| {
                column.and_then(|c| at.get(&c.of(*slot))).copied().unwrap_or(0)
            };
            columns.iter().map(one).sum::<i64>()
        }));
        true
    }

    fn normalize(&self, scores: &mut [i64]) {
        let (least, most) =
            (scores.iter().copied().min().unwrap_or(0), scores.iter().copied().max().unwrap_or(0));
        for s in scores {
            *s = if most > least { MAX_NODE_SCORE * (*s - least) / (most - least) } else { 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;
    use crate::testing::{Cluster, cluster, put, scored, verdict};

    const NO_NEAR: &str = "node(s) didn't match pod affinity rules";
    const NO_AWAY: &str = "node(s) didn't match pod anti-affinity rules";
    const NO_THEIRS: &str = "node(s) didn't satisfy existing pods anti-affinity rules";

    fn term(app: &str) -> Value {
        value!({"topologyKey": "host", "labelSelector": {"matchLabels": {"app": (app)}}})
    }

    fn pod(app: &str, kind: &str, terms: Vec<Value>) -> Value {
        let mut p = value!({"metadata": {"name": "p", "namespace": "ns", "labels": {"app": (app)}}});
        p.set_at(&["spec", "affinity", kind, REQUIRED], terms);
        p
    }

    fn two() -> Cluster {
        let node =
            |name: &str| value!({"metadata": {"name": (name), "labels": {"host": (name), "zone": "z"}}});
        cluster(vec![node("a"), node("b"), value!({"metadata": {"name": "c"}})])
    }

    #[test]
    fn near_away_and_kept_away() {
        let web = pod("web", "podAffinity", vec![]);
        let lonely = pod("web", "podAntiAffinity", vec![term("web")]);
        let (near, away) = (Err(NO_NEAR), Err(NO_AWAY));
        let mut elsewhere = term("web");
        elsewhere.set("namespaces", vec![Value::from("other")]);
        let mut everywhere = term("web");
        everywhere.set("namespaceSelector", Value::map());
        let mut labelled = term("web");
        labelled.set("namespaceSelector", value!({"matchLabels": {"team": "x"}}));
        let table = [
            (vec![("a", web.clone())], pod("db", "podAffinity", vec![term("web")]), [Ok(()), near, near]),
            (vec![], pod("db", "podAffinity", vec![term("web")]), [near, near, near]),
            // The first of its kind goes anywhere with the label.
            (vec![], pod("web", "podAffinity", vec![term("web")]), [Ok(()), Ok(()), near]),
            (vec![("a", web.clone())], lonely.clone(), [away, Ok(()), Ok(())]),
            (vec![("b", lonely.clone())], web.clone(), [Ok(()), Err(NO_THEIRS), Ok(())]),
            (vec![("b", lonely)], pod("db", "podAffinity", vec![]), [Ok(()), Ok(()), Ok(())]),
            (vec![("a", web.clone())], pod("db", "podAffinity", vec![elsewhere]), [near, near, near]),
            (vec![("a", web.clone())], pod("db", "podAffinity", vec![everywhere]), [Ok(()), near, near]),
            (vec![("a", web)], pod("db", "podAffinity", vec![labelled]), [Ok(()), near, near]),
        ];
        for (existing, p, want) in table {
            let mut c = two();
            let ns = value!({"metadata": {"name": "ns", "labels": {"team": "x"}}});
            c.storage.namespaces.insert("ns".into(), ns);
            for (i, (node, e)) in existing.iter().enumerate() {
                put(&mut c, node, &format!("ns/{i}"), e);
            }
            let got = ["a", "b", "c"].map(|n| verdict(&InterPodAffinity, &c, &p, n));
            assert_eq!(got, want.map(|w| w.map_err(str::to_owned)), "{p:?}");
        }
    }

    #[test]
    fn label_keys_mean_only_pods_of_the_same_revision() {
        let revision = |rev: &str, kind: &str, keys: Value| {
            let mut t = term("web");
            t.set("matchLabelKeys", keys);
            let mut p = pod("web", kind, vec![t]);
            p.set_at(&["metadata", "labels", "rev"], rev);
            p
        };
        let (away, near) = (Err(NO_AWAY.to_owned()), Err(NO_NEAR.to_owned()));
        for (kind, keys, want) in [
            ("podAntiAffinity", value!([]), away),
            ("podAntiAffinity", value!(["rev"]), Ok(())),
            ("podAffinity", value!([]), Ok(())),
            // None of its revision is anywhere, and it is one itself.
            ("podAffinity", value!(["rev"]), Ok(())),
            // Its selector does not mean itself without a label of the key's value.
            ("podAffinity", value!(["none"]), Ok(())),
        ] {
            let mut c = two();
            put(&mut c, "a", "ns/old", &revision("1", "podAffinity", value!([])));
            let p = revision("2", kind, keys.clone());
            assert_eq!(verdict(&InterPodAffinity, &c, &p, "a"), want, "{kind} {keys:?}");
        }
        let mut c = two();
        put(&mut c, "b", "ns/new", &revision("2", "podAffinity", value!([])));
        let p = revision("2", "podAffinity", value!(["rev"]));
        assert_eq!(verdict(&InterPodAffinity, &c, &p, "a"), near);
        assert_eq!(verdict(&InterPodAffinity, &c, &p, "b"), Ok(()));
    }

    #[test]
    fn all_terms_of_the_wanted_must_hold_and_one_of_the_unwanted_is_enough() {
        let both = |kind: &str| pod("x", kind, vec![term("web"), term("db")]);
        let mut c = two();
        put(&mut c, "a", "ns/1", &pod("web", "podAffinity", vec![]));
        assert_eq!(verdict(&InterPodAffinity, &c, &both("podAffinity"), "a"), Err(NO_NEAR.into()));
        assert_eq!(verdict(&InterPodAffinity, &c, &both("podAntiAffinity"), "a"), Err(NO_AWAY.into()));
        assert_eq!(verdict(&InterPodAffinity, &c, &both("podAntiAffinity"), "b"), Ok(()));
    }

    #[test]
    fn wishes_of_both_sides_add_up() {
        let wish = |app: &str, key: &str, weight: i64| {
            value!({"weight": (weight), "podAffinityTerm": {
                "topologyKey": (key), "labelSelector": {"matchLabels": {"app": (app)}}}})
        };
        let mut c = two();
        put(&mut c, "a", "ns/1", &pod("web", "podAffinity", vec![]));
        let mut p = pod("db", "podAffinity", vec![]);
        p.set_at(&["spec", "affinity", "podAffinity", PREFERRED], vec![wish("web", "host", 10)]);
        p.set_at(&["spec", "affinity", "podAntiAffinity", PREFERRED], vec![wish("web", "zone", 3)]);
        // Near by host, away by zone.
        assert_eq!(scored(&InterPodAffinity, &c, &p), Some((vec![7, -3, 0], vec![100, 0, 30])));
        // A pod that is there and requires the new one's kind draws it, at weight 1.
        put(&mut c, "b", "ns/2", &pod("x", "podAffinity", vec![term("db")]));
        assert_eq!(scored(&InterPodAffinity, &c, &p), Some((vec![7, -2, 0], vec![100, 0, 22])));
        assert_eq!(scored(&InterPodAffinity, &two(), &pod("db", "podAffinity", vec![])), None);
    }
}
