//! PodTopologySpread: pods of one kind are spread over zones and nodes, as a rule or as a wish.
//!
//! Models `plugins/podtopologyspread` with the system's default constraints (hostname with skew 3, zone with 5) for
//! pods of a ReplicaSet, ReplicationController or StatefulSet. Not modelled: `nodeTaintsPolicy: Honor`; a Service's
//! selector narrows the default constraints upstream.

use objects::selector::LabelSelector;
use objects::{Str, Value, value};
use ordered::BTreeMap;

use super::node_affinity::matches_required;
use crate::framework::{Filter, MAX_NODE_SCORE, Refusal, Score};
use crate::node_info::{NodeInfo, Nodes, PodInfo};

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// One constraint with what is counted for it.
#[derive(Clone, Debug)]
pub struct Constraint {
    key: Str,
    max_skew: i64,
    /// Matching pods by the value of `key`.
    counts: BTreeMap<Str, i64>,
    /// The fewest in any domain.
    fewest: i64,
    /// Whether the pod counts itself.
    itself: bool,
}

/// What was counted before nodes are asked.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    hard: Vec<Constraint>,
    soft: Vec<Constraint>,
    /// A node without one of the keys is not scored: not so for the default constraints.
    all_keys: bool,
}

/// Whose pods are counted.
enum Who<'a> {
    Selected(LabelSelector, &'a str),
    /// Pods of this controller.
    Owned(Str),
}

/// Counts what a pod's constraints need; `None` when it has none.
pub(crate) fn prepare(pod: &PodInfo, nodes: &Nodes) -> Option<Spread> {
    let own = pod.pod["spec"]["topologySpreadConstraints"].items();
    if own.is_empty() {
        let owner = pod.owner.clone()?;
        let soft = [(HOSTNAME, 3), (ZONE, 5)].map(|(key, skew)| {
            let c = value!({"topologyKey": (key), "maxSkew": (skew as i64)});
            count(&c, &Who::Owned(owner.clone()), pod, nodes)
        });
        return Some(Spread { hard: Vec::new(), soft: soft.into(), all_keys: false });
    }
    let mut spread = Spread { all_keys: true, ..Spread::default() };
    for c in own {
        let mut selector = c["labelSelector"].clone();
        for key in c["matchLabelKeys"].items() {
            if let Some(v) = pod.pod.labels().find(key.text()) {
                selector.set_at(&["matchLabels", key.text()], v);
            }
        }
        let selector = LabelSelector::from_value(&selector).unwrap_or_else(|_| LabelSelector::nothing());
        let counted = count(c, &Who::Selected(selector, pod.pod.namespace()), pod, nodes);
        if c["whenUnsatisfiable"] == "ScheduleAnyway" {
            spread.soft.push(counted);
        } else {
            spread.hard.push(counted);
        }
    }
    Some(spread)
}

fn count(c: &Value, who: &Who<'_>, pod: &PodInfo, nodes: &Nodes) -> Constraint {
    let key = c["topologyKey"].to_str();
    let mut counts: BTreeMap<Str, i64> = BTreeMap::new();
    let honor = c["nodeAffinityPolicy"] != "Ignore";
    for node in nodes.iter() {
        let Some(domain) = node.node.labels().find(&key) else { continue };
        if honor && !matches_required(pod, &node.node) {
            continue;
        }
        let here = match who {
            Who::Owned(owner) => node.by_owner.get(owner).copied().unwrap_or(0),
            Who::Selected(selector, namespace) => {
                let counted = node.pods.values().filter(|p| {
                    p.pod.namespace() == *namespace
                        && !p.pod.is_terminating()
                        && selector.matches(p.pod.labels())
                });
                counted.count() as i64
            }
        };
        *counts.entry(domain.to_str()).or_default() += here;
    }
    let too_few = (counts.len() as i64) < c["minDomains"].int_or(1);
    Constraint {
        fewest: if too_few { 0 } else { counts.values().copied().min().unwrap_or(0) },
        key,
        max_skew: c["maxSkew"].int_or(1),
        counts,
        itself: match who {
            Who::Selected(selector, _) => selector.matches(pod.pod.labels()),
            Who::Owned(_) => true,
        },
    }
}

fn of(pod: &PodInfo) -> Option<&Spread> {
    pod.cycle.as_ref()?.spread.as_ref()
}

pub(super) struct PodTopologySpread;

impl Filter for PodTopologySpread {
    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    fn filter(&self, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        const REASON: &str = "node(s) didn't match pod topology spread constraints";
        for c in of(pod).map_or(&[][..], |s| &s.hard) {
            let Some(domain) = node.node.labels().find(&c.key) else {
                return Err(Refusal::unresolvable(format!("{REASON} (missing required label)")));
            };
            let here = c.counts.get(domain.text()).copied().unwrap_or(0);
            if here + i64::from(c.itself) - c.fewest > c.max_skew {
                return Err(Refusal::unschedulable(REASON));
            }
        }
        Ok(())
    }
}

impl Score for PodTopologySpread {
    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    fn score(&self, pod: &PodInfo, node: &NodeInfo) -> i64 {
        let Some(spread) = of(pod) else { return 0 };
        let mut score = 0.0;
        for c in &spread.soft {
            let Some(domain) = node.node.labels().find(&c.key) else {
                if spread.all_keys {
                    return IGNORED;
                }
                continue;
            };
            let here = c.counts.get(domain.text()).copied().unwrap_or(0);
            score += here as f64 * ln(c.counts.len() as f64 + 2.0) + (c.max_skew - 1) as f64;
        }
        // Half away from zero, as Go rounds; no score is negative.
        (score + 0.5) as i64
    }

    fn normalize(&self, scores: &mut [i64]) {
        let counted = || scores.iter().copied().filter(|s| *s != IGNORED);
        let (least, most) = (counted().min().unwrap_or(0), counted().max().unwrap_or(0));
        for s in scores {
            *s = if *s == IGNORED {
                0
            } else if most == 0 {
                MAX_NODE_SCORE
            } else {
                MAX_NODE_SCORE * (most + least - *s) / most
            };
        }
    }

    fn skip(&self, pod: &PodInfo) -> bool {
        of(pod).is_none_or(|s| s.soft.is_empty())
    }
}

/// The score of a node that lacks a key.
const IGNORED: i64 = -1;

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

    fn nodes(pods: &[(&str, &str)]) -> Nodes {
        let mut n = Nodes::default();
        for (name, zone) in [("a", "x"), ("b", "x"), ("c", "y"), ("d", "")] {
            let mut labels = value!({"kubernetes.io/hostname": (name)});
            if !zone.is_empty() {
                labels.set(ZONE, zone);
            }
            n.set_node(&value!({"metadata": {"name": (name), "labels": (labels)}}));
        }
        for (i, (node, app)) in pods.iter().enumerate() {
            let pod = value!({"metadata": {"namespace": "ns", "labels": {"app": (*app)}}});
            n.set_pod(format!("ns/p{i}").into(), node, &pod);
        }
        n
    }

    fn pod(when: &str, nodes: &Nodes) -> PodInfo {
        let mut info = PodInfo::new(&value!({
            "metadata": {"namespace": "ns", "labels": {"app": "w"}},
            "spec": {"topologySpreadConstraints": [{
                "maxSkew": 1, "topologyKey": (ZONE), "whenUnsatisfiable": (when),
                "labelSelector": {"matchLabels": {"app": "w"}},
            }]},
        }));
        let spread = prepare(&info, nodes);
        info.cycle.get_or_insert_default().spread = spread;
        info
    }

    #[test]
    fn a_fuller_zone_and_a_node_without_zone_are_refused() {
        let n = nodes(&[("a", "w"), ("c", "other")]);
        let p = pod("DoNotSchedule", &n);
        let fits = |name: &str| {
            PodTopologySpread
                .filter(&p, n.get(name).expect("there"))
                .map_err(|r| (r.reasons[0].clone(), r.unresolvable))
        };
        let reason = "node(s) didn't match pod topology spread constraints";
        assert_eq!(fits("b"), Err((reason.into(), false)));
        assert_eq!(fits("c"), Ok(()));
        assert_eq!(fits("d"), Err((format!("{reason} (missing required label)"), true)));
    }

    #[test]
    fn a_wish_prefers_the_emptier_zone() {
        let n = nodes(&[("a", "w"), ("a", "w"), ("c", "w")]);
        let p = pod("ScheduleAnyway", &n);
        let mut scores: Vec<i64> = n.iter().map(|node| PodTopologySpread.score(&p, node)).collect();
        PodTopologySpread.normalize(&mut scores);
        assert!(scores[2] > scores[0] && scores[0] == scores[1] && scores[3] == 0, "{scores:?}");
    }

    #[test]
    fn logarithms() {
        for x in [1.0f64, 2.0, 3.0, 10.0, 1002.0] {
            assert!((ln(x) - x.ln()).abs() < 1e-9, "{x}");
        }
    }
}
