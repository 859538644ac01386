//! Whether a node is one that a pod or a volume may go to: node selectors and the terms of node affinity.
//!
//! Models `k8s.io/component-helpers/scheduling/corev1/nodeaffinity`.

use crate::Value;

/// Whether one requirement `{key, operator, values}` holds for the value of its label.
fn holds(requirement: &Value, label: Option<&str>) -> bool {
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
#[must_use]
pub fn term_matches(term: &Value, node: &Value) -> bool {
    let (expressions, fields) = (term["matchExpressions"].items(), term["matchFields"].items());
    if expressions.is_empty() && fields.is_empty() {
        return false;
    }
    let labels = node.labels();
    let field = |r: &Value| (r["key"] == "metadata.name").then(|| node.name());
    expressions.iter().all(|r| holds(r, labels.find(r["key"].text()).map(Value::text)))
        && fields.iter().all(|r| holds(r, field(r)))
}

/// Whether a node matches one of the terms of a node selector.
#[must_use]
pub fn matches(selector: &Value, node: &Value) -> bool {
    selector["nodeSelectorTerms"].items().iter().any(|t| term_matches(t, node))
}

/// What the affinity of a pod of this spec demands of its node; null: nothing.
#[must_use]
pub fn required(spec: &Value) -> &Value {
    &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
}

/// Whether a node has what the selector and the required terms of a pod's spec ask.
#[must_use]
pub fn spec_matches(spec: &Value, node: &Value) -> bool {
    let labels = node.labels();
    let required = required(spec);
    spec["nodeSelector"].entries().iter().all(|(k, v)| labels.find(k) == Some(v))
        && (required.is_null() || matches(required, node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

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
            (value!({"key": "zone", "operator": "Gt", "values": ["4"]}), false),
        ];
        for (r, fits) in table {
            assert_eq!(holds(&r, labels.find(r["key"].text()).map(Value::text)), fits, "{r:?}");
        }
    }
}
