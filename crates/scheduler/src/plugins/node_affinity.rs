//! NodeAffinity: node selectors and required terms refuse, preferred terms score.
//!
//! Models `plugins/nodeaffinity`. Does not own: matching a term (objects::node_selector). Not modelled: added affinity of
//! a profile.

use objects::node_selector::{required, spec_matches, term_matches};
use objects::{Str, Value};
use ordered::BTreeSet;

use crate::framework::{Filter, Look, RawScores, Refusal, Score, default_normalize};
use crate::node_info::{NodeInfo, PodInfo};
use crate::nodes::Slot;

pub(super) struct NodeAffinity;

pub(crate) fn matches_required(pod: &PodInfo, node: &Value) -> bool {
    !pod.needs.selects_nodes || spec_matches(&pod.pod["spec"], node)
}

/// The nodes a pod names, when each of its terms names some: a DaemonSet's pods do.
///
/// # Errors
/// The names contradict each other.
pub(super) fn names(pod: &PodInfo) -> Result<Option<BTreeSet<Str>>, Refusal> {
    if !pod.needs.selects_nodes {
        return Ok(None);
    }
    let terms = required(&pod.pod["spec"])["nodeSelectorTerms"].items();
    if terms.is_empty() {
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

    fn is_local(&self) -> bool {
        true
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

    fn is_local(&self) -> bool {
        true
    }

    fn score(&self, look: &Look<'_>, feasible: &[Slot], into: &mut RawScores) -> bool {
        let affinity = &look.pod.pod["spec"]["affinity"]["nodeAffinity"];
        let preferred = affinity["preferredDuringSchedulingIgnoredDuringExecution"].items();
        if preferred.is_empty() {
            return false;
        }
        into.each.extend(feasible.iter().map(|slot| {
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
