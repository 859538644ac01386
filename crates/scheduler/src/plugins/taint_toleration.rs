//! TaintToleration: a pod must tolerate a node's hard taints; it is sent where fewest soft ones remain.
//!
//! Models `plugins/tainttoleration`. The operators `Lt` and `Gt` are behind a gate that is off by default.

use objects::Value;

use crate::framework::{Filter, Look, RawScores, Refusal, Score, default_normalize};
use crate::node_info::{NodeInfo, Taint};
use crate::nodes::Slot;

pub(super) struct TaintToleration;

/// Whether one of the tolerations covers the taint (key, value, effect).
pub(crate) fn tolerates(tolerations: &Value, (key, value, effect): (&str, &str, &str)) -> bool {
    tolerations.items().iter().any(|t| {
        let (t_key, t_effect) = (t["key"].text(), t["effect"].text());
        let effect_fits = t_effect.is_empty() || t_effect == effect;
        let key_fits = t_key == key || (t_key.is_empty() && t["operator"] == "Exists");
        let value_fits = match t["operator"].text() {
            "Exists" => true,
            "" | "Equal" => t["value"].text() == value,
            _ => false,
        };
        effect_fits && key_fits && value_fits
    })
}

/// Whether a pod with these tolerations may run beside these taints.
pub(crate) fn tolerates_hard(tolerations: &Value, taints: &[Taint]) -> bool {
    let hard = |t: &&Taint| matches!(t.effect.as_str(), "NoSchedule" | "NoExecute");
    taints.iter().filter(hard).all(|t| tolerates(tolerations, (&t.key, &t.value, &t.effect)))
}

impl Filter for TaintToleration {
    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    fn is_local(&self) -> bool {
        true
    }

    fn filter(&self, look: &Look<'_>, node: &NodeInfo) -> Result<(), Refusal> {
        if node.taints.is_empty() || tolerates_hard(&look.pod.needs.tolerations, &node.taints) {
            return Ok(());
        }
        Err(Refusal::unresolvable("node(s) had untolerated taint(s)"))
    }
}

impl Score for TaintToleration {
    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    fn is_local(&self) -> bool {
        true
    }

    /// The number of soft taints that the pod does not tolerate; fewer is better.
    fn score(&self, look: &Look<'_>, feasible: &[Slot], into: &mut RawScores) -> bool {
        let tolerations = &look.pod.needs.tolerations;
        into.each.extend(feasible.iter().map(|slot| {
            let soft = look.nodes[*slot].taints.iter().filter(|t| t.effect == "PreferNoSchedule");
            soft.filter(|t| !tolerates(tolerations, (&t.key, &t.value, &t.effect))).count() as i64
        }));
        true
    }

    fn normalize(&self, scores: &mut [i64]) {
        default_normalize(scores, true);
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;
    use crate::testing::{cluster, scored, verdict};

    #[test]
    fn which_toleration_covers_which_taint() {
        let taint = value!({"key": "dedicated", "value": "gpu", "effect": "NoSchedule"});
        let c = cluster(vec![value!({"metadata": {"name": "a"}, "spec": {"taints": [(taint)]}})]);
        let table = [
            (value!({"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}), true),
            (value!({"key": "dedicated", "operator": "Equal", "value": "gpu"}), true),
            (value!({"key": "dedicated", "value": "cpu"}), false),
            (value!({"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}), false),
            (value!({"operator": "Exists"}), true),
            (value!({"key": "other", "operator": "Exists"}), false),
        ];
        for (toleration, fits) in table {
            let pod = value!({"spec": {"tolerations": [(toleration)]}});
            let want = if fits { Ok(()) } else { Err("node(s) had untolerated taint(s)".to_owned()) };
            assert_eq!(verdict(&TaintToleration, &c, &pod, "a"), want, "{pod:?}");
        }
    }

    #[test]
    fn a_wish_to_stay_away_is_scored_not_refused() {
        let node = |name: &str, taints: &[&str]| {
            let taints: Vec<Value> =
                taints.iter().map(|k| value!({"key": (*k), "effect": "PreferNoSchedule"})).collect();
            value!({"metadata": {"name": (name)}, "spec": {"taints": (taints)}})
        };
        let c = cluster(vec![node("a", &[]), node("b", &["x"]), node("c", &["x", "y"])]);
        let pod = value!({"spec": {}});
        assert_eq!(verdict(&TaintToleration, &c, &pod, "c"), Ok(()));
        assert_eq!(scored(&TaintToleration, &c, &pod), Some((vec![0, 1, 2], vec![100, 50, 0])));
        let tolerant = value!({"spec": {"tolerations": [{"key": "x", "operator": "Exists"}]}});
        assert_eq!(scored(&TaintToleration, &c, &tolerant), Some((vec![0, 0, 1], vec![100, 100, 0])));
    }
}
