//! NodeAffinity: node selectors and required terms refuse, preferred terms score.
//!
//! Models `plugins/nodeaffinity` and `component-helpers/scheduling/corev1/nodeaffinity`. Not modelled: added affinity of
//! a profile.

use objects::{Str, Value};
use ordered::BTreeSet;

use crate::framework::{Filter, Look, Refusal, Score, default_normalize};
use crate::node_info::{NodeInfo, PodInfo};
use crate::nodes::Slot;

pub(super) struct NodeAffinity;

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
pub(crate) fn term_matches(term: &Value, node: &Value) -> bool {
    let (expressions, fields) = (term["matchExpressions"].items(), term["matchFields"].items());
    if expressions.is_empty() && fields.is_empty() {
        return false;
    }
    let labels = node.labels();
    let field = |r: &Value| (r["key"] == "metadata.name").then(|| node.name());
    expressions.iter().all(|r| holds(r, labels.find(r["key"].text()).map(Value::text)))
        && fields.iter().all(|r| holds(r, field(r)))
}

fn required(spec: &Value) -> &Value {
    &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
}

/// Whether a node has what a pod's selector and required terms ask.
pub(crate) fn spec_matches(spec: &Value, node: &Value) -> bool {
    let labels = node.labels();
    let terms = required(spec);
    spec["nodeSelector"].entries().iter().all(|(k, v)| labels.find(k) == Some(v))
        && (terms.is_null() || terms["nodeSelectorTerms"].items().iter().any(|t| term_matches(t, node)))
}

pub(crate) fn matches_required(pod: &PodInfo, node: &Value) -> bool {
    !pod.needs.selects_nodes || spec_matches(&pod.pod["spec"], node)
}

/// The nodes a pod names, when each of its terms names some: a DaemonSet's pods do.
///
/// # Errors
/// The names contradict each other.
pub(super) fn names(pod: &PodInfo) -> Result<Option<BTreeSet<Str>>, Refusal> {
    let terms = required(&pod.pod["spec"])["nodeSelectorTerms"].items();
    if !pod.needs.selects_nodes || terms.is_empty() {
        return Ok(None);
    }
    let mut all = BTreeSet::new();
    for term in terms {
        let mut named: Option<BTreeSet<Str>> = None;
        for r in term["matchFields"].items() {
            if r["key"] == "metadata.name" && r["operator"] == "In" {
                let these: BTreeSet<Str> = r["values"].items().iter().map(Value::to_str).collect();
                named = Some(match named {
                    Some(old) => old.iter().filter(|n| these.contains(*n)).cloned().collect(),
                    None => these,
                });
            }
        }
        let Some(named) = named else { return Ok(None) };
        all.extend(named.iter().cloned());
    }
    if all.is_empty() {
        return Err(Refusal::unresolvable("pod affinity terms conflict"));
    }
    Ok(Some(all))
}

impl Filter for NodeAffinity {
    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    fn skip(&self, look: &Look<'_>) -> bool {
        !look.pod.needs.selects_nodes
    }

    fn filter(&self, look: &Look<'_>, node: &NodeInfo) -> Result<(), Refusal> {
        if matches_required(look.pod, &node.node) {
            return Ok(());
        }
        Err(Refusal::unresolvable("node(s) didn't match Pod's node affinity/selector"))
    }
}

impl Score for NodeAffinity {
    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    fn score(&self, look: &Look<'_>, feasible: &[Slot], into: &mut Vec<i64>) -> bool {
        let affinity = &look.pod.pod["spec"]["affinity"]["nodeAffinity"];
        let preferred = affinity["preferredDuringSchedulingIgnoredDuringExecution"].items();
        if preferred.is_empty() {
            return false;
        }
        into.extend(feasible.iter().map(|slot| {
            let node = &look.nodes[*slot].node;
            let liked = preferred.iter().filter(|p| term_matches(&p["preference"], node));
            liked.map(|p| p["weight"].int()).sum::<i64>()
        }));
        true
    }

    fn normalize(&self, scores: &mut [i64]) {
        default_normalize(scores, false);
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;
    use crate::testing::{cluster, scored, verdict};

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

    fn required_terms(terms: Vec<Value>) -> Value {
        let required = value!({"nodeSelectorTerms": (terms)});
        value!({"spec": {"affinity": {"nodeAffinity":
            {"requiredDuringSchedulingIgnoredDuringExecution": (required)}}}})
    }

    #[test]
    fn selectors_and_terms_refuse() {
        let node =
            |name: &str, disk: &str| value!({"metadata": {"name": (name), "labels": {"disk": (disk)}}});
        let c = cluster(vec![node("a", "ssd"), node("b", "hdd")]);
        let disk =
            |d: &str| value!({"matchExpressions": [{"key": "disk", "operator": "In", "values": [(d)]}]});
        let table = [
            (value!({"spec": {"nodeSelector": {"disk": "ssd"}}}), [true, false]),
            (required_terms(vec![disk("hdd")]), [false, true]),
            (required_terms(vec![disk("hdd"), disk("ssd")]), [true, true]),
            (required_terms(vec![value!({})]), [false, false]),
            (
                required_terms(vec![
                    value!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["b"]}]}),
                ]),
                [false, true],
            ),
        ];
        for (pod, want) in table {
            let got = ["a", "b"].map(|n| verdict(&NodeAffinity, &c, &pod, n).is_ok());
            assert_eq!(got, want, "{pod:?}");
        }
        let pod = value!({"spec": {"nodeSelector": {"disk": "nvme"}}});
        assert_eq!(
            verdict(&NodeAffinity, &c, &pod, "a"),
            Err("node(s) didn't match Pod's node affinity/selector".into())
        );
    }

    #[test]
    fn preferred_terms_add_up() {
        let node = |name: &str, labels: Value| value!({"metadata": {"name": (name), "labels": (labels)}});
        let c = cluster(vec![
            node("a", value!({})),
            node("b", value!({"disk": "ssd"})),
            node("c", value!({"disk": "ssd", "gpu": "yes"})),
        ]);
        let wish = |key: &str, weight: i64| {
            value!({"weight": (weight),
                    "preference": {"matchExpressions": [{"key": (key), "operator": "Exists"}]}})
        };
        let wishes = vec![wish("disk", 30), wish("gpu", 10)];
        let pod = value!({"spec": {"affinity": {"nodeAffinity":
            {"preferredDuringSchedulingIgnoredDuringExecution": (wishes)}}}});
        assert_eq!(scored(&NodeAffinity, &c, &pod), Some((vec![0, 30, 40], vec![0, 75, 100])));
        assert_eq!(scored(&NodeAffinity, &c, &value!({"spec": {}})), None);
    }

    #[test]
    fn who_names_nodes_is_asked_about_these_only() {
        let named = |operator: &str, values: &[&str]| {
            let values: Vec<Value> = values.iter().map(|v| Value::from(*v)).collect();
            value!({"matchFields": [{"key": "metadata.name", "operator": (operator), "values": (values)}]})
        };
        let of = |terms| {
            names(&PodInfo::new(&required_terms(terms)))
                .map(|n| n.map(|n| n.iter().map(|s| s.to_string()).collect::<Vec<_>>()))
        };
        assert_eq!(of(vec![named("In", &["a"])]), Ok(Some(vec!["a".into()])));
        assert_eq!(
            of(vec![named("In", &["b", "a"]), named("In", &["c"])]),
            Ok(Some(vec!["a".into(), "b".into(), "c".into()]))
        );
        assert_eq!(of(vec![named("NotIn", &["a"])]), Ok(None));
        let mut both = named("In", &["a"]);
        both.at_mut(&["matchFields"])
            .list_mut()
            .push(value!({"key": "metadata.name", "operator": "In", "values": ["b"]}));
        assert_eq!(of(vec![both]), Err(Refusal::unresolvable("pod affinity terms conflict")));
    }
}
