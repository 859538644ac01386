//! PodTopologySpread: pods of one kind are spread over zones and nodes, as a rule or as a wish.
//!
//! Models `plugins/podtopologyspread` with the system's default constraints (hostname with skew 3, zone with 5) for
//! pods of a ReplicaSet, ReplicationController or StatefulSet, and pods that a Service selects. The pods counted for the
//! defaults are the living ones of the same controller; upstream reads its selector, which picks the same pods.

use std::sync::Arc;

use objects::selector::LabelSelector;
use objects::{Str, Value, json, value};

use super::node_affinity::matches_required;
use super::taint_toleration::tolerates_hard;
use crate::census::{Namespaces, Who, at, namespace_of};
use crate::framework::{Filter, Look, MAX_NODE_SCORE, RawScores, Refusal, Score};
use crate::node_info::{NodeInfo, Placed, PodInfo};
use crate::nodes::{Nodes, Slot};
use crate::storage::Storage;
use crate::topology::{Column, NONE};

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";
const REASON: &str = "node(s) didn't match pod topology spread constraints";

/// One constraint as read.
#[derive(Clone, Debug)]
struct Constraint {
    key: Str,
    max_skew: i64,
    min_domains: i64,
    honor_affinity: bool,
    honor_taints: bool,
    counted: Counted,
    who: Option<Arc<Who>>,
}

/// Living pods that are counted.
#[derive(Clone, Debug)]
enum Counted {
    /// Those of a controller, by its uid.
    OfOwner(Str),
    /// By slot.
    These(Arc<Vec<u32>>),
}

impl Counted {
    /// By slot.
    fn counts<'a>(&'a self, nodes: &'a Nodes) -> &'a [u32] {
        match self {
            Self::OfOwner(uid) => nodes.census.of_owner(uid),
            Self::These(counts) => counts,
        }
    }
}

/// A rule with what is counted for it.
#[derive(Clone, Debug)]
struct Hard {
    constraint: Constraint,
    /// Matching pods by domain; -1 where no node counts.
    by_domain: Vec<i64>,
    /// The fewest in any domain.
    fewest: i64,
    /// Whether the pod counts itself.
    itself: bool,
}

/// What was counted before nodes are asked.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    hard: Vec<Hard>,
    soft: Vec<Constraint>,
    /// A node without one of the keys is not scored: not so for the default constraints.
    all_keys: bool,
}

impl Constraint {
    fn counts_node(&self, pod: &PodInfo, node: &NodeInfo) -> bool {
        (!self.honor_affinity || matches_required(pod, &node.node))
            && (!self.honor_taints || tolerates_hard(&pod.needs.tolerations, &node.taints))
    }
}

impl Hard {
    fn settle(&mut self) {
        let domains = || self.by_domain.iter().copied().filter(|n| *n >= 0);
        let too_few = (domains().count() as i64) < self.constraint.min_domains;
        self.fewest = if too_few { 0 } else { domains().min().unwrap_or(0) };
    }
}

/// The selector of a constraint or term with the pod's own values of `matchLabelKeys`.
pub(super) fn selector_of(term: &Value, labels: &Value) -> Value {
    let mut selector = term["labelSelector"].clone();
    for key in term["matchLabelKeys"].items() {
        if let Some(v) = labels.find(key.text()) {
            selector.set_at(&["matchLabels", key.text()], v);
        }
    }
    selector
}

fn read(c: &Value, pod: &PodInfo, nodes: &mut Nodes) -> Constraint {
    let selector = selector_of(c, pod.pod.labels());
    let namespace = pod.pod.namespace();
    let question = Str::from(format!("living\0{namespace}\0{}", json::to_string(&selector)));
    let read = LabelSelector::from_value(&selector).unwrap_or_else(|_| LabelSelector::nothing());
    // Upstream counts nothing for a selector that selects everything.
    let counted = if read.is_everything() { LabelSelector::nothing() } else { read.clone() };
    let who = |s| Who { terms: vec![(Namespaces::These(vec![namespace.into()]), s)], living_only: true };
    Constraint {
        key: c["topologyKey"].to_str(),
        max_skew: c["maxSkew"].int_or(1),
        min_domains: c["minDomains"].int_or(1),
        honor_affinity: c["nodeAffinityPolicy"] != "Ignore",
        honor_taints: c["nodeTaintsPolicy"] == "Honor",
        counted: Counted::These(Arc::new(nodes.counted(&question, || who(counted)).to_vec())),
        who: Some(Arc::new(who(read))),
    }
}

fn default_constraint(key: &'static str, skew: i64, counted: &Counted) -> Constraint {
    Constraint {
        key: Str::new_static(key),
        max_skew: skew,
        min_domains: 1,
        honor_affinity: true,
        honor_taints: false,
        counted: counted.clone(),
        who: None,
    }
}

/// The pods of the same kind, when the defaults apply: of the same controller, or of the same Services.
fn default_counted(pod: &PodInfo, nodes: &mut Nodes, storage: &Storage) -> Option<Counted> {
    if let Some(owner) = &pod.owner {
        return Some(Counted::OfOwner(owner.clone()));
    }
    let labels = pod.pod.labels();
    if labels.entries().is_empty() {
        return None;
    }
    let namespace = pod.pod.namespace();
    let selectors = storage.services.get(namespace)?.values().map(|s| &s["spec"]["selector"]);
    let mut merged = value!({});
    for s in selectors.filter(|s| !s.entries().is_empty() && LabelSelector::from_labels(s).matches(labels)) {
        for (k, v) in s.entries() {
            merged.set(k.clone(), v);
        }
    }
    if merged.entries().is_empty() {
        return None;
    }
    let question = Str::from(format!("service\0{namespace}\0{}", json::to_string(&merged)));
    let who = || Who {
        terms: vec![(Namespaces::These(vec![namespace.into()]), LabelSelector::from_labels(&merged))],
        living_only: true,
    };
    Some(Counted::These(Arc::new(nodes.counted(&question, who).to_vec())))
}

/// Counts what a pod's constraints need.
pub(super) fn pre_filter(pod: &PodInfo, nodes: &mut Nodes, storage: &Storage) -> Spread {
    let mut spread = Spread { all_keys: pod.needs.spreads, ..Spread::default() };
    if !pod.needs.spreads {
        let Some(counted) = default_counted(pod, nodes, storage) else { return spread };
        spread.soft =
            [(HOSTNAME, 3), (ZONE, 5)].map(|(k, skew)| default_constraint(k, skew, &counted)).into();
        for c in &spread.soft {
            nodes.want_column(&c.key);
        }
        return spread;
    }
    let mut hard = Vec::new();
    for c in pod.pod["spec"]["topologySpreadConstraints"].items() {
        let read = read(c, pod, nodes);
        nodes.want_column(&read.key);
        if c["whenUnsatisfiable"] == "ScheduleAnyway" {
            spread.soft.push(read);
        } else {
            hard.push(read);
        }
    }
    let columns: Vec<_> = hard.iter().map(|c| nodes.columns.get(&c.key)).collect();
    spread.hard = hard
        .iter()
        .zip(&columns)
        .map(|(c, column)| {
            let mut by_domain = vec![-1; column.map_or(0, |c| c.len())];
            let counts = c.counted.counts(nodes);
            for node in nodes.iter() {
                // A node counts only when it has the keys of all rules.
                let has_all = columns.iter().all(|c| c.is_some_and(|c| c.of(node.slot) != NONE));
                let domain = column.map_or(NONE, |c| c.of(node.slot));
                if has_all
                    && c.counts_node(pod, node)
                    && let Some(n) = by_domain.get_mut(domain as usize)
                {
                    *n = (*n).max(0) + at(counts, node.slot);
                }
            }
            let itself = c.who.as_ref().is_some_and(|w| w.matches(pod.pod.namespace(), pod.pod.labels()));
            let mut rule = Hard { constraint: c.clone(), by_domain, fewest: 0, itself };
            rule.settle();
            rule
        })
        .collect();
    spread
}

impl Spread {
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
        for rule in &mut self.hard {
            let c = &rule.constraint;
            let counted = c.who.as_ref().is_some_and(|w| w.matches(namespace_of(key), &other.labels));
            let domain = nodes.columns.get(&c.key).map_or(NONE, |column| column.of(node.slot));
            if counted
                && !other.terminating
                && c.counts_node(pod, node)
                && let Some(n) = rule.by_domain.get_mut(domain as usize)
            {
                *n = (*n).max(0) + by;
                rule.settle();
            }
        }
    }
}

impl Spread {
    /// The wish that each node is scored for by its own pods alone, when there is no other. A key that no node has does not
    /// matter to the default constraints.
    fn only_of_nodes(&self, nodes: &Nodes) -> Option<&Constraint> {
        let labelled = |c: &Constraint| nodes.columns.get(&c.key).map_or(0, Column::labelled);
        let mut matter = self.soft.iter().filter(|c| self.all_keys || labelled(c) > 0);
        let only = matter.next().filter(|c| c.key == HOSTNAME && labelled(c) == nodes.len());
        only.filter(|_| matter.next().is_none())
    }
}

/// A pod's own rules that refuse nodes.
pub(crate) fn rules(pod: &Value) -> impl Iterator<Item = &Value> {
    let all = pod["spec"]["topologySpreadConstraints"].items().iter();
    all.filter(|c| c["whenUnsatisfiable"] != "ScheduleAnyway")
}

/// Whether one of a pod's rules counts a pod with these labels in its namespace as `f` says.
pub(crate) fn is_counted(pod: &Value, f: impl Fn(&LabelSelector) -> bool) -> bool {
    rules(pod).any(|c| LabelSelector::from_value(&selector_of(c, pod.labels())).is_ok_and(|s| f(&s)))
}

pub(super) struct PodTopologySpread;

impl Filter for PodTopologySpread {
    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    fn skip(&self, look: &Look<'_>) -> bool {
        look.cycle.spread.hard.is_empty()
    }

    fn filter(&self, look: &Look<'_>, node: &NodeInfo) -> Result<(), Refusal> {
        for rule in &look.cycle.spread.hard {
            let domain = look.nodes.columns.get(&rule.constraint.key).map_or(NONE, |c| c.of(node.slot));
            if domain == NONE {
                return Err(Refusal::unresolvable(format!("{REASON} (missing required label)")));
            }
            let here = rule.by_domain.get(domain as usize).copied().unwrap_or(0).max(0);
            if here + i64::from(rule.itself) - rule.fewest > rule.constraint.max_skew {
                return Err(Refusal::unschedulable(REASON));
            }
        }
        Ok(())
    }
}

/// The score of a node that lacks a key.
const IGNORED: i64 = -1;

/// What a wish counts: on the node itself, or in its domain; -1 in domains where no node fits.
enum Counts<'a> {
    OfNode(&'a [u32]),
    OfDomain(Vec<i64>),
}

/// A wish when nodes are scored.
struct Wish<'a> {
    column: &'a Column,
    counts: Counts<'a>,
    weight: f64,
    base: f64,
    /// The last number of pods with its score: nodes side by side mostly have the same.
    last: (i64, f64),
}

impl Wish<'_> {
    fn score(&mut self, slot: Slot) -> f64 {
        let domain = self.column.of(slot);
        if domain == NONE {
            return 0.0;
        }
        let counted = match &self.counts {
            Counts::OfNode(counts) => at(counts, slot),
            Counts::OfDomain(counts) => counts.get(domain as usize).map_or(0, |n| (*n).max(0)),
        };
        if counted != self.last.0 {
            self.last = (counted, counted as f64 * self.weight + self.base);
        }
        self.last.1
    }
}

/// Scores nodes by the numbers of their own pods, which mostly are few.
fn by_counts(wish: &Constraint, nodes: &Nodes, feasible: &[Slot], into: &mut RawScores) {
    let counts = wish.counted.counts(nodes);
    let (weight, base) = (ln((feasible.len() + 2) as f64), (wish.max_skew - 1) as f64);
    let score = |count: i64| rounded(count as f64 * weight + base);
    let code = |slot: &Slot| counts.get(*slot as usize).map_or(0, |count| *count.min(&255)) as u8;
    into.codes.extend(feasible.iter().map(code));
    let (lowest, highest) = into.codes.iter().fold((255, 0), |(l, h), code| (*code.min(&l), *code.max(&h)));
    if highest == 255 {
        into.codes.clear();
        into.each.extend(feasible.iter().map(|slot| score(at(counts, *slot))));
    } else {
        into.palette.extend((0..=highest).map(|code| (code >= lowest).then(|| score(code.into()))));
    }
}

impl Score for PodTopologySpread {
    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    fn score(&self, look: &Look<'_>, feasible: &[Slot], into: &mut RawScores) -> bool {
        let spread = &look.cycle.spread;
        if spread.soft.is_empty() {
            return false;
        }
        if let Some(only) = spread.only_of_nodes(look.nodes) {
            by_counts(only, look.nodes, feasible, into);
            return true;
        }
        let columns: Vec<_> = spread.soft.iter().map(|c| look.nodes.columns.get(&c.key)).collect();
        let lacks = |slot: Slot| columns.iter().any(|c| c.is_none_or(|c| c.of(slot) == NONE));
        let ignored = |slot: Slot| spread.all_keys && lacks(slot);
        let all =
            if spread.all_keys { feasible.iter().filter(|s| !lacks(**s)).count() } else { feasible.len() };
        let mut wishes = Vec::with_capacity(columns.len());
        for (c, column) in spread.soft.iter().zip(&columns) {
            let Some(column) = column.filter(|c| !c.is_empty()) else { continue };
            let counts = c.counted.counts(look.nodes);
            let base = (c.max_skew - 1) as f64;
            if c.key == HOSTNAME {
                let weight = ln((all + 2) as f64);
                wishes.push(Wish { column, weight, base, counts: Counts::OfNode(counts), last: (0, base) });
                continue;
            }
            // Only domains of fitting nodes count, but in them all nodes do.
            let mut by_domain = vec![-1i64; column.len()];
            let mut size = 0;
            for slot in feasible.iter().filter(|s| !ignored(**s)) {
                if let Some(n) = by_domain.get_mut(column.of(*slot) as usize)
                    && *n < 0
                {
                    (*n, size) = (0, size + 1);
                }
            }
            // Nodes without the key count as one domain, which matters where other keys would do.
            size += usize::from(!spread.all_keys && feasible.iter().any(|s| column.of(*s) == NONE));
            for (slot, counted) in counts.iter().enumerate().filter(|(_, counted)| **counted > 0) {
                let node = &look.nodes[slot as Slot];
                if let Some(n) = by_domain.get_mut(column.of(node.slot) as usize).filter(|n| **n >= 0)
                    && !ignored(node.slot)
                    && c.counts_node(look.pod, node)
                {
                    *n += i64::from(*counted);
                }
            }
            let weight = ln((size + 2) as f64);
            wishes.push(Wish { column, weight, base, counts: Counts::OfDomain(by_domain), last: (0, base) });
        }
        let mut last = (0.0, 0);
        into.each.extend(feasible.iter().map(|slot| {
            if ignored(*slot) {
                return IGNORED;
            }
            let sum = match &mut wishes[..] {
                [only] => only.score(*slot),
                all => all.iter_mut().fold(0.0, |sum, wish| sum + wish.score(*slot)),
            };
            if sum != last.0 {
                last = (sum, rounded(sum));
            }
            last.1
        }));
        true
    }

    fn normalize(&self, scores: &mut [i64]) {
        let (mut least, mut most) = (i64::MAX, 0);
        for s in scores.iter().filter(|s| **s != IGNORED) {
            (least, most) = (least.min(*s), most.max(*s));
        }
        // Nodes side by side mostly have the same.
        let mut last = (IGNORED, 0);
        for s in scores {
            if *s != last.0 {
                let is = match *s {
                    IGNORED => 0,
                    _ if most == 0 => MAX_NODE_SCORE,
                    raw => MAX_NODE_SCORE * (most + least - raw) / most,
                };
                last = (*s, is);
            }
            *s = last.1;
        }
    }
}

/// Half away from zero, as Go rounds; no score is negative.
fn rounded(score: f64) -> i64 {
    (score + 0.5) as i64
}

/// The natural logarithm by basic operations only: the same bits on every machine, which a library's is not.
fn ln(mut x: f64) -> f64 {
    let mut whole = 0.0;
    while x > 1.5 {
        x /= 2.0;
        whole += std::f64::consts::LN_2;
    }
    let t = (x - 1.0) / (x + 1.0);
    let (mut power, mut sum) = (t, 0.0);
    for n in 0..20 {
        sum += power / f64::from(2 * n + 1);
        power *= t * t;
    }
    whole + 2.0 * sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Cluster, cluster, put, scored, verdict};

    fn zoned(pods: &[(&str, &str)]) -> Cluster {
        let node = |name: &str, zone: &str| {
            let mut labels = value!({HOSTNAME: (name)});
            if !zone.is_empty() {
                labels.set(ZONE, zone);
            }
            value!({"metadata": {"name": (name), "labels": (labels)}})
        };
        let mut c = cluster(vec![node("a", "x"), node("b", "x"), node("c", "y"), node("d", "")]);
        for (i, (node, app)) in pods.iter().enumerate() {
            put(&mut c, node, &format!("ns/p{i}"), &value!({"metadata": {"labels": {"app": (*app)}}}));
        }
        c
    }

    fn pod(when: &str, more: Value) -> Value {
        let mut constraint = value!({
            "maxSkew": 1, "topologyKey": (ZONE), "whenUnsatisfiable": (when),
            "labelSelector": {"matchLabels": {"app": "w"}},
        });
        for (k, v) in more.entries() {
            constraint.set(k.clone(), v);
        }
        value!({
            "metadata": {"name": "new", "namespace": "ns", "labels": {"app": "w"}},
            "spec": {"topologySpreadConstraints": [(constraint)]},
        })
    }

    #[test]
    fn a_fuller_zone_and_a_node_without_zone_are_refused() {
        let missing = format!("{REASON} (missing required label)");
        let (one, two) = (&[("a", "w"), ("c", "other")][..], &[("a", "w"), ("c", "w")][..]);
        let affinity = value!({"nodeSelector": {(ZONE): "x"}});
        let table = [
            (one, value!({}), [Err(REASON), Ok(()), Err(missing.as_str())]),
            (two, value!({}), [Ok(()), Ok(()), Err(missing.as_str())]),
            (one, value!({"maxSkew": 2}), [Ok(()), Ok(()), Err(missing.as_str())]),
            // Three zones are wanted and there are two: the fewest is none.
            (two, value!({"minDomains": 3}), [Err(REASON), Err(REASON), Err(missing.as_str())]),
            (one, value!({"labelSelector": {"matchLabels": {"app": "no"}}}), [Ok(()), Ok(()), Err(&missing)]),
        ];
        for (pods, more, want) in table {
            let c = zoned(pods);
            let p = pod("DoNotSchedule", more.clone());
            let got = ["b", "c", "d"].map(|n| verdict(&PodTopologySpread, &c, &p, n));
            assert_eq!(got, want.map(|w| w.map_err(str::to_owned)), "{more:?}");
        }
        // Nodes that the pod does not select are no domain unless the constraint ignores that.
        let c = zoned(one);
        for (policy, want) in [("Honor", Ok(())), ("Ignore", Err(REASON.to_owned()))] {
            let mut p = pod("DoNotSchedule", value!({"nodeAffinityPolicy": (policy)}));
            p.at_mut(&["spec"]).set("nodeSelector", affinity["nodeSelector"].clone());
            assert_eq!(verdict(&PodTopologySpread, &c, &p, "b"), want, "{policy}");
        }
    }

    #[test]
    fn tainted_nodes_are_a_domain_unless_the_constraint_honors_taints() {
        let node = |name: &str, zone: &str, taints: Value| {
            value!({"metadata": {"name": (name), "labels": {HOSTNAME: (name), ZONE: (zone)}},
                    "spec": {"taints": (taints)}})
        };
        let taint = value!([{"key": "gpu", "effect": "NoSchedule"}]);
        let mut c = cluster(vec![node("a", "x", taint), node("b", "y", value!([]))]);
        put(&mut c, "b", "ns/p", &value!({"metadata": {"labels": {"app": "w"}}}));
        let tolerates = value!([{"key": "gpu", "operator": "Exists"}]);
        let no = Err(REASON.to_owned());
        let table =
            [("Ignore", value!([]), no.clone()), ("Honor", value!([]), Ok(())), ("Honor", tolerates, no)];
        for (policy, tolerations, want) in table {
            let mut p = pod("DoNotSchedule", value!({"nodeTaintsPolicy": (policy)}));
            p.at_mut(&["spec"]).set("tolerations", tolerations.clone());
            assert_eq!(verdict(&PodTopologySpread, &c, &p, "b"), want, "{policy} {tolerations:?}");
        }
    }

    #[test]
    fn label_keys_make_each_revision_a_kind_of_its_own() {
        let mut c = zoned(&[]);
        let old = value!({"metadata": {"labels": {"app": "w", "rev": "1"}}});
        put(&mut c, "a", "ns/1", &old);
        for (keys, want) in [(value!([]), Err(REASON.to_owned())), (value!(["rev"]), Ok(()))] {
            let mut p = pod("DoNotSchedule", value!({"matchLabelKeys": (keys.clone())}));
            p.set_at(&["metadata", "labels", "rev"], "2");
            assert_eq!(verdict(&PodTopologySpread, &c, &p, "b"), want, "{keys:?}");
        }
    }

    #[test]
    fn several_constraints_hold_at_once() {
        // By zone x holds one and y none; by node a holds one.
        let c = zoned(&[("a", "w")]);
        let mut p = pod("DoNotSchedule", value!({"maxSkew": 2}));
        let by_host = value!({
            "maxSkew": 1, "topologyKey": HOSTNAME, "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "w"}},
        });
        p.at_mut(&["spec", "topologySpreadConstraints"]).list_mut().push(by_host);
        let got = ["a", "b", "c"].map(|n| verdict(&PodTopologySpread, &c, &p, n));
        assert_eq!(got, [Err(REASON.to_owned()), Ok(()), Ok(())]);
    }

    #[test]
    fn a_wish_prefers_the_emptier_zone() {
        let c = zoned(&[("a", "w"), ("a", "w"), ("c", "w")]);
        let (raw, scores) =
            scored(&PodTopologySpread, &c, &pod("ScheduleAnyway", value!({}))).expect("asked");
        // ln 4 each.
        assert_eq!(raw, [3, 3, 1, IGNORED]);
        assert_eq!(scores, [33, 33, 100, 0]);
    }

    #[test]
    fn pods_of_a_set_are_spread_without_being_asked() {
        let mut c = zoned(&[]);
        let of_set = |uid: &str| {
            value!({
                "metadata": {"name": "n", "namespace": "ns", "ownerReferences": [
                    {"kind": "ReplicaSet", "uid": (uid), "controller": true}]},
            })
        };
        put(&mut c, "a", "ns/1", &of_set("u"));
        put(&mut c, "a", "ns/2", &of_set("other"));
        let (raw, scores) = scored(&PodTopologySpread, &c, &of_set("u")).expect("asked");
        // Hostname: 1 pod times ln 6 plus 2; zone: 1 times ln 5 plus 4. A node without zone counts for its name only.
        assert_eq!(raw, [9, 8, 6, 2]);
        assert_eq!(scores, [22, 33, 55, 100]);
        assert_eq!(scored(&PodTopologySpread, &c, &value!({"metadata": {"namespace": "ns"}})), None);
    }

    #[test]
    fn where_there_are_no_zones_nodes_are_scored_by_their_own_pods() {
        let node = |name: &str| value!({"metadata": {"name": (name), "labels": {HOSTNAME: (name)}}});
        let of_set = value!({
            "metadata": {"namespace": "ns", "ownerReferences": [
                {"kind": "ReplicaSet", "uid": "u", "controller": true}]},
        });
        // Times ln 5, plus 2.
        let table = [
            ([0, 0, 0], [2, 2, 2], [100, 100, 100]),
            ([2, 1, 0], [5, 4, 2], [40, 60, 100]),
            ([300, 1, 1], [485, 4, 4], [0, 100, 100]),
        ];
        for (pods, raw, scores) in table {
            let mut c = cluster(["a", "b", "c"].map(node).into());
            for (name, pods) in ["a", "b", "c"].iter().zip(pods) {
                (0..pods).for_each(|i| put(&mut c, name, &format!("ns/{name}{i}"), &of_set));
            }
            let got = scored(&PodTopologySpread, &c, &of_set);
            assert_eq!(got, Some((raw.to_vec(), scores.to_vec())), "{pods:?}");
        }
    }

    #[test]
    fn pods_of_a_service_are_spread_too() {
        let mut c = zoned(&[("a", "w")]);
        let service = value!({"spec": {"selector": {"app": "w"}}});
        c.storage.services.entry("ns".into()).or_default().insert("s".into(), service);
        let p = value!({"metadata": {"name": "n", "namespace": "ns", "labels": {"app": "w"}}});
        let (raw, _) = scored(&PodTopologySpread, &c, &p).expect("asked");
        assert_eq!(raw, [9, 8, 6, 2]);
    }

    #[test]
    fn logarithms() {
        for x in [1.0f64, 2.0, 3.0, 10.0, 1002.0] {
            assert!((ln(x) - x.ln()).abs() < 1e-9, "{x}");
        }
    }
}
