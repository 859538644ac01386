//! NodeAffinity: node selectors and required terms refuse, preferred terms score.
//!
//! Models `plugins/nodeaffinity` and `component-helpers/scheduling/corev1/nodeaffinity`.

use objects::Value;

use crate::framework::{Filter, Refusal, Score, default_normalize};
use crate::node_info::{NodeInfo, PodInfo};

pub(super) struct NodeAffinity;

/// Whether one requirement `{key, operator, values}` holds for a set of labels.
fn holds(requirement: &Value, labels: &Value) -> bool {
    let label = labels.find(requirement["key"].text()).map(Value::text);
    let values = requirement["values"].items();
    let listed = |l: &str| values.iter().any(|v| v.text() == l);
    let compared = |want: std::cmp::Ordering| {
        let ours = label.and_then(|l| l.parse::<i64>().ok());
        let theirs = values.first().and_then(|v| v.text().parse::<i64>().ok());
        matches!((ours, theirs), (Some(a), Some(b)) if a.cmp(&b) == want)
    };
    match requirement["operator"].text() {
        "In" => label.is_some_and(listed),
        "NotIn" => !label.is_some_and(listed),
        "Exists" => label.is_some(),
        "DoesNotExist" => label.is_none(),
        "Gt" => compared(std::cmp::Ordering::Greater),
        "Lt" => compared(std::cmp::Ordering::Less),
        _ => false,
    }
}

/// Whether a node matches one term: all its expressions and fields. An empty term matches nothing.
pub(crate) fn term_matches(term: &Value, node: &Value) -> bool {
    let (expressions, fields) = (term["matchExpressions"].items(), term["matchFields"].items());
    if expressions.is_empty() && fields.is_empty() {
        return false;
    }
    let as_labels = objects::value!({"metadata.name": (node.name())});
    expressions.iter().all(|r| holds(r, node.labels())) && fields.iter().all(|r| holds(r, &as_labels))
}

/// Whether a node has what the pod's selector and required terms ask.
pub(crate) fn matches_required(pod: &PodInfo, node: &Value) -> bool {
    if !pod.selects_nodes {
        return true;
    }
    let spec = &pod.pod["spec"];
    let labels = node.labels();
    let selected = spec["nodeSelector"].entries().iter().all(|(k, v)| labels.find(k) == Some(v));
    let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    selected
        && (required.is_null() || required["nodeSelectorTerms"].items().iter().any(|t| term_matches(t, node)))
}

impl Filter for NodeAffinity {
    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    fn filter(&self, pod: &PodInfo, node: &NodeInfo) -> Result<(), Refusal> {
        if matches_required(pod, &node.node) {
            return Ok(());
        }
        Err(Refusal::unresolvable("node(s) didn't match Pod's node affinity/selector"))
    }
}

fn preferred(pod: &PodInfo) -> &[Value] {
    pod.pod["spec"]["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"].items()
}

impl Score for NodeAffinity {
    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    fn score(&self, pod: &PodInfo, node: &NodeInfo) -> i64 {
        preferred(pod)
            .iter()
            .filter(|p| term_matches(&p["preference"], &node.node))
            .map(|p| p["weight"].int())
            .sum()
    }

    fn normalize(&self, scores: &mut [i64]) {
        default_normalize(scores, false);
    }

    fn skip(&self, pod: &PodInfo) -> bool {
        preferred(pod).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    #[test]
    fn requirements() {
        let labels = value!({"zone": "a", "cores": "8"});
        let table = [
            (value!({"key": "zone", "operator": "In", "values": ["a", "b"]}), true),
            (value!({"key": "zone", "operator": "NotIn", "values": ["a"]}), false),
            (value!({"key": "gpu", "operator": "NotIn", "values": ["a"]}), true),
            (value!({"key": "gpu", "operator": "Exists"}), false),
            (value!({"key": "gpu", "operator": "DoesNotExist"}), true),
            (value!({"key": "cores", "operator": "Gt", "values": ["4"]}), true),
            (value!({"key": "cores", "operator": "Lt", "values": ["4"]}), false),
        ];
        for (r, fits) in table {
            assert_eq!(holds(&r, &labels), fits, "{r:?}");
        }
    }
}
