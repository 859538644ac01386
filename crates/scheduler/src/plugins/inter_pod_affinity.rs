//! InterPodAffinity: pods that want to be near others, or away from them, and others that want to be away from them.
//!
//! Models `plugins/interpodaffinity`. Not modelled: `namespaceSelector` other than the empty one, which means all.

use objects::selector::LabelSelector;
use objects::{Str, Value};
use ordered::BTreeMap;

use crate::framework::{Filter, MAX_NODE_SCORE, Refusal, Score};
use crate::node_info::{NodeInfo, Nodes, PodInfo};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
/// What an existing pod's required affinity is worth to the pod it wants (`hardPodAffinityWeight`).
const HARD_WEIGHT: i64 = 1;

/// How many pods, or how much weight, by topology key and value.
type Counts = BTreeMap<(Str, Str), i64>;

/// What was counted before nodes are asked.
#[derive(Clone, Debug, Default)]
pub struct Affinity {
    /// Existing pods that refuse the pod's company.
    against: Counts,
    /// For each required affinity term: its key, and the domains where a pod matches all terms.
    wanted: Vec<Str>,
    wanted_at: Counts,
    /// The pod satisfies its own terms and is the first of its kind: any domain will do.
    first: bool,
    /// For each required anti-affinity term: its key, and the domains where a pod matches it.
    unwanted: Vec<(Str, Counts)>,
    scores: Counts,
}

/// Whether a term of `owner` means `other`.
fn means(term: &Value, owner: &Value, other: &Value) -> bool {
    let named = term["namespaces"].items();
    let all = term["namespaceSelector"].as_map().is_some_and(|m| m.is_empty());
    let namespace = all
        || if named.is_empty() {
            other.namespace() == owner.namespace()
        } else {
            named.iter().any(|n| n.text() == other.namespace())
        };
    if !namespace {
        return false;
    }
    let mut selector = term["labelSelector"].clone();
    for key in term["matchLabelKeys"].items() {
        if let Some(v) = owner.labels().find(key.text()) {
            selector.set_at(&["matchLabels", key.text()], v);
        }
    }
    LabelSelector::from_value(&selector).is_ok_and(|s| s.matches(other.labels()))
}

fn terms<'a>(pod: &'a Value, kind: &str, when: &str) -> &'a [Value] {
    pod["spec"]["affinity"][kind][when].items()
}

fn put(counts: &mut Counts, key: &str, node: &Value, n: i64) {
    if let Some(v) = node.labels().find(key) {
        *counts.entry((key.into(), v.to_str())).or_default() += n;
    }
}

fn at(counts: &Counts, key: &Str, node: &Value) -> Option<i64> {
    let value = node.labels().find(key)?.to_str();
    Some(counts.get(&(key.clone(), value)).copied().unwrap_or(0))
}

/// Counts what matters to a pod; `None` when neither it nor an existing pod has a say.
pub(crate) fn prepare(pod: &PodInfo, nodes: &Nodes) -> Option<Affinity> {
    let p = &pod.pod;
    let own = !p["spec"]["affinity"]["podAffinity"].is_null()
        || !p["spec"]["affinity"]["podAntiAffinity"].is_null();
    if !own && nodes.iter().all(|n| n.with_affinity.is_empty()) {
        return None;
    }
    let near = terms(p, "podAffinity", REQUIRED);
    let away = terms(p, "podAntiAffinity", REQUIRED);
    let key = |t: &Value| t["topologyKey"].to_str();
    let mut a = Affinity {
        wanted: near.iter().map(key).collect(),
        unwanted: away.iter().map(|t| (key(t), Counts::new())).collect(),
        ..Affinity::default()
    };
    for node in nodes.iter() {
        for existing in node.with_affinity.iter().filter_map(|k| node.pods.get(k)) {
            let e = &existing.pod;
            for t in terms(e, "podAntiAffinity", REQUIRED).iter().filter(|t| means(t, e, p)) {
                put(&mut a.against, t["topologyKey"].text(), &node.node, 1);
            }
            for t in terms(e, "podAffinity", REQUIRED).iter().filter(|t| means(t, e, p)) {
                put(&mut a.scores, t["topologyKey"].text(), &node.node, HARD_WEIGHT);
            }
            for (kind, sign) in [("podAffinity", 1), ("podAntiAffinity", -1)] {
                for w in terms(e, kind, PREFERRED).iter().filter(|w| means(&w["podAffinityTerm"], e, p)) {
                    let key = w["podAffinityTerm"]["topologyKey"].text();
                    put(&mut a.scores, key, &node.node, sign * w["weight"].int());
                }
            }
        }
        if !own {
            continue;
        }
        for existing in node.pods.values() {
            let e = &existing.pod;
            if !near.is_empty() && near.iter().all(|t| means(t, p, e)) {
                for k in &a.wanted {
                    put(&mut a.wanted_at, k, &node.node, 1);
                }
            }
            for (t, (k, counts)) in away.iter().zip(&mut a.unwanted) {
                if means(t, p, e) {
                    put(counts, k, &node.node, 1);
                }
            }
            for (kind, sign) in [("podAffinity", 1), ("podAntiAffinity", -1)] {
                for w in terms(p, kind, PREFERRED).iter().filter(|w| means(&w["podAffinityTerm"], p, e)) {
                    let key = w["podAffinityTerm"]["topologyKey"].text();
                    put(&mut a.scores, key, &node.node, sign * w["weight"].int());
                }
            }
        }
    }
    a.first = a.wanted_at.is_empty() && near.iter().all(|t| means(t, p, p));
    Some(a)
}

fn of(pod: &PodInfo) -> Option<&Affinity> {
    pod.cycle.as_ref()?.affinity.as_ref()
}

pub(super) struct InterPodAffinity;

impl Filter for InterPodAffinity {
    fn name(&self) -> &'static str {
        "InterPodAffinity"
    }

    fn filter(&self, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        let Some(a) = of(pod) else { return Ok(()) };
        let has_all = a.wanted.iter().all(|k| node.node.labels().find(k).is_some());
        let near = a.first || a.wanted.iter().all(|k| at(&a.wanted_at, k, &node.node) > Some(0));
        if !has_all || !near {
            return Err(Refusal::unresolvable("node(s) didn't match pod affinity rules"));
        }
        if a.unwanted.iter().any(|(k, counts)| at(counts, k, &node.node) > Some(0)) {
            return Err(Refusal::unschedulable("node(s) didn't match pod anti-affinity rules"));
        }
        if a.against.iter().any(|((k, v), _)| node.node.labels().find(k).is_some_and(|l| l.text() == v)) {
            return Err(Refusal::unschedulable("node(s) didn't satisfy existing pods anti-affinity rules"));
        }
        Ok(())
    }
}

impl Score for InterPodAffinity {
    fn name(&self) -> &'static str {
        "InterPodAffinity"
    }

    fn score(&self, pod: &PodInfo, node: &NodeInfo) -> i64 {
        let labels = node.node.labels();
        let holds = |k: &Str, v: &Str| labels.find(k).is_some_and(|l| l.text() == v);
        of(pod).map_or(0, |a| a.scores.iter().filter(|((k, v), _)| holds(k, v)).map(|(_, n)| *n).sum())
    }

    fn normalize(&self, scores: &mut [i64]) {
        let (least, most) =
            (scores.iter().copied().min().unwrap_or(0), scores.iter().copied().max().unwrap_or(0));
        for s in scores {
            *s = if most > least { MAX_NODE_SCORE * (*s - least) / (most - least) } else { 0 };
        }
    }

    fn skip(&self, pod: &PodInfo) -> bool {
        of(pod).is_none_or(|a| a.scores.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    fn term(app: &str) -> Value {
        value!({"topologyKey": "host", "labelSelector": {"matchLabels": {"app": (app)}}})
    }

    fn pod(app: &str, kind: &str, terms: Vec<Value>) -> Value {
        let mut p = value!({"metadata": {"namespace": "ns", "labels": {"app": (app)}}});
        p.set_at(&["spec", "affinity", kind, REQUIRED], terms);
        p
    }

    fn verdicts(existing: &[(&str, Value)], pod: &Value) -> Vec<String> {
        let mut nodes = Nodes::default();
        for name in ["a", "b"] {
            nodes.set_node(&value!({"metadata": {"name": (name), "labels": {"host": (name)}}}));
        }
        for (i, (node, p)) in existing.iter().enumerate() {
            nodes.set_pod(format!("ns/{i}").into(), node, p);
        }
        let mut info = PodInfo::new(pod);
        let prepared = prepare(&info, &nodes);
        info.cycle.get_or_insert_default().affinity = prepared;
        let one = |n: &NodeInfo| {
            InterPodAffinity.filter(&info, n).err().map_or("fits".into(), |r| r.reasons[0].clone())
        };
        nodes.iter().map(one).collect()
    }

    #[test]
    fn near_away_and_kept_away() {
        let web = pod("web", "podAffinity", vec![]);
        let lonely = pod("web", "podAntiAffinity", vec![term("web")]);
        let (no_near, no_away) =
            ("node(s) didn't match pod affinity rules", "node(s) didn't match pod anti-affinity rules");
        let table = [
            (vec![("a", web.clone())], pod("db", "podAffinity", vec![term("web")]), ["fits", no_near]),
            (vec![], pod("db", "podAffinity", vec![term("web")]), [no_near, no_near]),
            (vec![], pod("web", "podAffinity", vec![term("web")]), ["fits", "fits"]),
            (vec![("a", web.clone())], lonely.clone(), [no_away, "fits"]),
            (vec![("b", lonely)], web, ["fits", "node(s) didn't satisfy existing pods anti-affinity rules"]),
        ];
        for (existing, p, want) in table {
            assert_eq!(verdicts(&existing, &p), want);
        }
    }
}
