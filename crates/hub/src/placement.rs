//! Which clusters a placement allows: affinities, taints, evictions under way.
//!
//! Models `pkg/scheduler/framework/plugins` and `pkg/util/helper` (taints), worded as there.

use clock::{Millis, Time};
use objects::Value;
use objects::selector::LabelSelector;
use ordered::BTreeMap;

/// Whether a cluster is named by an affinity; an empty one names all.
pub(crate) fn affine(affinity: &Value, cluster: &Value) -> bool {
    let named = |list: &Value| list.items().iter().any(|n| *n == cluster.name());
    if named(&affinity["exclude"]) {
        return false;
    }
    let labels = &affinity["labelSelector"];
    if !labels.is_null() && !LabelSelector::from_value(labels).is_ok_and(|s| s.matches(cluster.labels())) {
        return false;
    }
    affinity["clusterNames"].is_zero() || named(&affinity["clusterNames"])
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let effect = &toleration["effect"];
    let key = &toleration["key"];
    (effect.is_zero() || *effect == taint["effect"])
        && (key.is_zero() || *key == taint["key"])
        && (toleration["operator"] == "Exists"
            || (!key.is_zero() && toleration["value"].text() == taint["value"].text()))
}

/// How long a placement bears the NoExecute taints of a cluster: `None` for ever, 0 not at all (any more).
pub(crate) fn bears(placement: &Value, cluster: &Value, now: Time) -> Option<Millis> {
    let mut least: Option<Millis> = None;
    for taint in cluster["spec"]["taints"].items().iter().filter(|t| t["effect"] == "NoExecute") {
        let all = placement["clusterTolerations"].items();
        let mut of_it = all.iter().filter(|t| tolerates(t, taint)).peekable();
        if of_it.peek().is_none() {
            return Some(0);
        }
        for seconds in of_it.filter_map(|t| t["tolerationSeconds"].as_int()) {
            let added = taint["timeAdded"].time().unwrap_or(now);
            let left = (seconds.clamp(0, 1 << 32) * 1000 - now.since(added)).max(0);
            least = Some(least.map_or(left, |l| l.min(left)));
        }
    }
    least
}

/// Why a cluster is no candidate; `None`: it is one.
pub(crate) fn refusal(binding: &Value, affinity: &Value, cluster: &Value) -> Option<String> {
    let spec = &binding["spec"];
    let has = |list: &Value, field: &str| list.items().iter().any(|c| c[field] == cluster.name());
    if !affine(affinity, cluster) {
        return Some("cluster(s) did not match the placement cluster affinity constraint".into());
    }
    if has(&spec["gracefulEvictionTasks"], "fromCluster") {
        return Some("cluster(s) is in the process of eviction".into());
    }
    // Who is there already is judged by the evictions.
    if has(&spec["clusters"], "name") && !cluster.is_terminating() {
        return None;
    }
    let tolerations = spec["placement"]["clusterTolerations"].items();
    let hard = |t: &&Value| t["effect"] == "NoSchedule" || t["effect"] == "NoExecute";
    let mut taints = cluster["spec"]["taints"].items().iter().filter(hard);
    let taint = taints.find(|t| !tolerations.iter().any(|x| tolerates(x, t)))?;
    let value = taint["value"].text();
    let key = taint["key"].text();
    let effect = taint["effect"].text();
    let text = if value.is_empty() { format!("{key}:{effect}") } else { format!("{key}={value}:{effect}") };
    Some(format!("cluster(s) had untolerated taint {{{text}}}"))
}

/// `0/3 clusters are available: 1 ..., 2 ....`
pub(crate) fn none_fits(all: usize, why: &[String]) -> String {
    if why.is_empty() {
        return format!("0/{all} clusters are available: no cluster exists.");
    }
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in why {
        *counted.entry(reason).or_default() += 1;
    }
    let mut list: Vec<String> = counted.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    ordered::Sort::arrange(&mut list[..]);
    format!("0/{all} clusters are available: {}.", list.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use objects::value;

    #[test]
    fn affinities_name_clusters() {
        let east = value!({"metadata": {"name": "east", "labels": {"zone": "e"}}});
        for (affinity, want) in [
            (value!({}), true),
            (value!({"clusterNames": ["east", "west"]}), true),
            (value!({"clusterNames": ["west"]}), false),
            (value!({"exclude": ["east"]}), false),
            (value!({"labelSelector": {"matchLabels": {"zone": "e"}}}), true),
            (value!({"labelSelector": {"matchLabels": {"zone": "w"}}}), false),
        ] {
            assert_eq!(affine(&affinity, &east), want, "{affinity:?}");
        }
    }

    #[test]
    fn taints_are_borne_as_long_as_all_of_them_are() {
        let taint = |key: &str, at: &str| value!({"key": (key), "effect": "NoExecute", "timeAdded": (at)});
        let at = Time::EPOCH.rfc3339();
        let cluster = value!({"spec": {"taints": [(taint("a", &at)), (taint("b", &at))]}});
        let all =
            |list: Value| bears(&value!({"clusterTolerations": (list)}), &cluster, Time::EPOCH + 10_000);
        assert_eq!(all(value!([])), Some(0));
        assert_eq!(all(value!([{"key": "a", "operator": "Exists"}])), Some(0));
        assert_eq!(all(value!([{"operator": "Exists"}])), None);
        assert_eq!(all(value!([{"operator": "Exists", "tolerationSeconds": 30}])), Some(20_000));
        assert_eq!(all(value!([{"operator": "Exists", "tolerationSeconds": 3}])), Some(0));
    }

    #[test]
    fn refusals_are_counted_and_sorted() {
        let why = ["b".to_owned(), "a".to_owned(), "b".to_owned()];
        assert_eq!(none_fits(3, &why), "0/3 clusters are available: 1 a, 2 b.");
        assert_eq!(none_fits(0, &[]), "0/0 clusters are available: no cluster exists.");
    }
}
