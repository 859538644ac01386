//! TaintToleration: a pod must tolerate a node's hard taints; it is sent where fewest soft ones remain.
//!
//! Models `plugins/tainttoleration`.

use objects::Value;

use crate::framework::{Filter, Refusal, Score, default_normalize};
use crate::node_info::{NodeInfo, PodInfo};

pub(super) struct TaintToleration;

/// A taint as (key, value, effect).
type Taint<'a> = (&'a str, &'a str, &'a str);

/// Whether one of the pod's tolerations covers the taint.
pub(super) fn tolerates(pod: &Value, (key, value, effect): Taint<'_>) -> bool {
    pod["spec"]["tolerations"].items().iter().any(|t| {
        let (t_key, t_effect) = (t["key"].text(), t["effect"].text());
        let effect_fits = t_effect.is_empty() || t_effect == effect;
        let key_fits = t_key == key || (t_key.is_empty() && t["operator"] == "Exists");
        let value_fits = match t["operator"].text() {
            "Exists" => true,
            "" | "Equal" => t["value"].text() == value,
            "Lt" => compare(value, t["value"].text()).is_some_and(std::cmp::Ordering::is_lt),
            "Gt" => compare(value, t["value"].text()).is_some_and(std::cmp::Ordering::is_gt),
            _ => false,
        };
        effect_fits && key_fits && value_fits
    })
}

/// Compares two integer taint values, as the operators `Lt` and `Gt` do.
fn compare(taint: &str, toleration: &str) -> Option<std::cmp::Ordering> {
    Some(taint.parse::<i64>().ok()?.cmp(&toleration.parse().ok()?))
}

fn taints(node: &NodeInfo) -> impl Iterator<Item = Taint<'_>> {
    node.taints.iter().map(|t| (t.key.as_str(), t.value.as_str(), t.effect.as_str()))
}

impl Filter for TaintToleration {
    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    fn filter(&self, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        let hard = |t: &Taint<'_>| matches!(t.2, "NoSchedule" | "NoExecute");
        if taints(node).filter(hard).all(|t| tolerates(&pod.pod, t)) {
            return Ok(());
        }
        Err(Refusal::unresolvable("node(s) had untolerated taint(s)"))
    }
}

impl Score for TaintToleration {
    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    /// The number of soft taints that the pod does not tolerate; fewer is better.
    fn score(&self, pod: &PodInfo, node: &NodeInfo) -> i64 {
        taints(node).filter(|t| t.2 == "PreferNoSchedule" && !tolerates(&pod.pod, *t)).count() as i64
    }

    fn normalize(&self, scores: &mut [i64]) {
        default_normalize(scores, true);
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn which_toleration_covers_which_taint() {
        let pod = |t: Value| value!({"spec": {"tolerations": [(t)]}});
        let taint = ("dedicated", "gpu", "NoSchedule");
        let table = [
            (value!({"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}), true),
            (value!({"key": "dedicated", "operator": "Equal", "value": "gpu"}), true),
            (value!({"key": "dedicated", "value": "cpu"}), false),
            (value!({"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}), false),
            (value!({"operator": "Exists"}), true),
            (value!({"key": "other", "operator": "Exists"}), false),
        ];
        for (toleration, fits) in table {
            assert_eq!(tolerates(&pod(toleration.clone()), taint), fits, "{toleration:?}");
        }
    }
}
