//! DefaultPreemption: a pod that fits nowhere makes room for itself where pods of lower priority give way.
//!
//! Models `plugins/defaultpreemption` and `framework/preemption`: eligibility, victims with as few broken budgets as can
//! be, the choice between nodes. Does not own: deleting the victims (`preemption.rs`). Not modelled: pod groups.

use objects::selector::LabelSelector;
use objects::{Str, Value};
use ordered::Sort as _;

use super::Cycle;
use crate::framework::{Filter, Look, Refusal, first_refusal};
use crate::node_info::{NodeInfo, Placed, PodInfo};
use crate::nodes::Slot;

const MIN_CANDIDATES_PERCENT: usize = 10;
const MIN_CANDIDATES: usize = 100;

/// A node on which room could be made.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub slot: Slot,
    /// The most important first.
    pub victims: Vec<(Str, Placed)>,
    /// How many of them a budget would protect.
    pub violations: usize,
}

/// How many nodes are looked at for victims.
#[must_use]
pub fn candidates_wanted(nodes: usize) -> usize {
    (nodes * MIN_CANDIDATES_PERCENT / 100).max(MIN_CANDIDATES).min(nodes)
}

/// Whether a pod may make others go; else why not.
///
/// # Errors
/// Upstream's reason.
pub fn eligible(pod: &PodInfo, nominated: Option<(&NodeInfo, bool)>) -> Result<(), &'static str> {
    if pod.pod["spec"]["preemptionPolicy"] == "Never" {
        return Err("not eligible due to preemptionPolicy=Never.");
    }
    match nominated {
        // What the nominated node says can't be helped: another is looked for.
        Some((_, true)) | None => Ok(()),
        Some((node, false)) => {
            let gives_way = |p: &Placed| p.needs.priority < pod.needs.priority && p.preempted;
            if node.has_lower(pod.needs.priority) && node.pods.values().any(gives_way) {
                return Err("not eligible due to a terminating pod on the nominated node.");
            }
            Ok(())
        }
    }
}

/// Whether all filters let the pod in beside the pods nominated to this node, and without them.
///
/// # Errors
/// The filter that refuses, and why.
fn passes(
    look: Look<'_>,
    filters: &[&'static dyn Filter],
    node: &NodeInfo,
    nominated: &[(Str, Placed)],
) -> Result<(), (&'static str, Refusal)> {
    passes_crowded(look, filters, node, nominated)?;
    first_refusal(&look, filters, node)
}

/// Whether all filters let the pod in beside the pods nominated to this node, if there are any.
///
/// # Errors
/// The filter that refuses, and why.
pub(crate) fn passes_crowded(
    look: Look<'_>,
    filters: &[&'static dyn Filter],
    node: &NodeInfo,
    nominated: &[(Str, Placed)],
) -> Result<(), (&'static str, Refusal)> {
    if nominated.is_empty() {
        return Ok(());
    }
    let (mut cycle, mut crowded): (Cycle, NodeInfo) = (look.cycle.clone(), node.clone());
    for (key, placed) in nominated {
        crowded.add(key.clone(), placed.clone());
        cycle.shift(look.pod, key, placed, &crowded, look.nodes, true);
    }
    first_refusal(&Look { cycle: &cycle, ..look }, filters, &crowded)
}

/// The pods that would have to leave a node.
///
/// # Errors
/// Why nothing helps there.
pub(crate) fn select_victims(
    look: Look<'_>,
    filters: &[&'static dyn Filter],
    node: &NodeInfo,
    nominated: &[(Str, Placed)],
) -> Result<Candidate, Refusal> {
    let pod = look.pod;
    if !node.has_lower(pod.needs.priority) {
        return Err(Refusal::unresolvable("No preemption victims found for incoming pod"));
    }
    let mut potential: Vec<(Str, Placed)> = node
        .pods
        .iter()
        .filter(|(_, p)| p.needs.priority < pod.needs.priority)
        .map(|(k, p)| (k.clone(), p.clone()))
        .collect();
    let (mut cycle, mut room) = (look.cycle.clone(), node.clone());
    let fits = |cycle: &Cycle, room: &NodeInfo| passes(Look { cycle, ..look }, filters, room, nominated);
    for (key, placed) in &potential {
        room.remove(key);
        cycle.shift(pod, key, placed, &room, look.nodes, false);
    }
    fits(&cycle, &room).map_err(|(_, r)| r)?;
    by_importance(&mut potential);
    let (violating, others) = protected(potential, look.storage.budgets.values());
    let both = !violating.is_empty() && !others.is_empty();
    let (mut victims, mut violations) = (Vec::new(), 0);
    for (i, group) in [violating, others].into_iter().enumerate() {
        for (key, placed) in group {
            // Spared if the pod still fits beside it.
            room.add(key.clone(), placed.clone());
            cycle.shift(pod, &key, &placed, &room, look.nodes, true);
            if fits(&cycle, &room).is_ok() {
                continue;
            }
            room.remove(&key);
            cycle.shift(pod, &key, &placed, &room, look.nodes, false);
            victims.push((key, placed));
            violations += usize::from(i == 0);
        }
    }
    if both {
        by_importance(&mut victims);
    }
    Ok(Candidate { slot: node.slot, victims, violations })
}

/// Higher priority first, then who has run longer.
fn by_importance(pods: &mut [(Str, Placed)]) {
    pods.arrange_by(|(_, a), (_, b)| b.needs.priority.cmp(&a.needs.priority).then(a.started.cmp(&b.started)));
}

type Pods = Vec<(Str, Placed)>;

/// Pods whose going would break a budget, and the others; both stay in order.
fn protected<'a>(pods: Pods, budgets: impl Iterator<Item = &'a Value>) -> (Pods, Pods) {
    let mut allowed: Vec<(&Value, Option<LabelSelector>, i64)> = budgets
        .map(|b| {
            let selector = LabelSelector::from_value(&b["spec"]["selector"]).ok();
            let selector = selector.filter(|s| !s.is_nothing() && !s.is_everything());
            (b, selector, b["status"]["disruptionsAllowed"].int())
        })
        .collect();
    let (mut violating, mut others) = (Vec::new(), Vec::new());
    for (key, placed) in pods {
        let (namespace, name) = key.split_once('/').unwrap_or(("", &key));
        let mut violates = false;
        for (budget, selector, left) in &mut allowed {
            let meant = budget.namespace() == namespace
                && !placed.labels.entries().is_empty()
                && selector.as_ref().is_some_and(|s| s.matches(&placed.labels))
                && budget["status"]["disruptedPods"].find(name).is_none();
            if meant {
                *left -= 1;
                violates |= *left < 0;
            }
        }
        if violates { violating.push((key, placed)) } else { others.push((key, placed)) }
    }
    (violating, others)
}

/// The best of several candidates: fewest broken budgets, then the least important first victim, then the least in
/// sum, then the fewest, then the one whose most important victims started last, then the first.
#[must_use]
pub fn pick(candidates: Vec<Candidate>) -> Option<Candidate> {
    let key = |c: &Candidate| {
        let highest = c.victims.first().map_or(i64::MIN, |(_, v)| v.needs.priority);
        // Never negative, so that more pods are never less.
        let sum: i64 = c.victims.iter().map(|(_, v)| v.needs.priority + (1 << 31)).sum();
        let of_highest = c.victims.iter().filter(|(_, v)| v.needs.priority == highest);
        let started = of_highest.map(|(_, v)| v.started).min();
        (c.violations, highest, sum, c.victims.len(), std::cmp::Reverse(started))
    };
    let mut best: Option<Candidate> = None;
    for c in candidates {
        if best.as_ref().is_none_or(|b| key(&c) < key(b)) {
            best = Some(c);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use clock::Time;
    use objects::value;

    use super::*;
    use crate::plugins;
    use crate::testing::{Cluster, cluster, info, put};

    fn pod(cpu: &str, priority: i64, more: Value) -> Value {
        let mut p = value!({
            "metadata": {"name": "p", "namespace": "ns", "labels": {"app": "x"}},
            "spec": {"priority": (priority), "containers": [{"resources": {"requests": {"cpu": (cpu)}}}]},
        });
        for (k, v) in more.entries() {
            p.set_at(&k.split('.').collect::<Vec<_>>(), v);
        }
        p
    }

    fn started(minute: i64) -> Value {
        let at = Time(minute * 60_000).rfc3339();
        value!({"status.startTime": (at)})
    }

    fn node(name: &str) -> Value {
        value!({"metadata": {"name": (name)}, "status": {"allocatable": {"cpu": "4", "memory": "4Gi", "pods": "9"}}})
    }

    fn victims(c: &Cluster, pod: &Value, node: &str) -> Result<(Vec<String>, usize), String> {
        let mut nodes = c.nodes.clone();
        nodes.refresh();
        let info = info(pod);
        let cycle = plugins::pre_filter(&info, &mut nodes, &c.storage, &c.profile)
            .map_err(|(_, r)| r.reasons.join(", "))?;
        let look =
            Look { pod: &info, cycle: &cycle, nodes: &nodes, storage: &c.storage, profile: &c.profile };
        let at = nodes.get(node).ok_or("no such node")?;
        select_victims(look, plugins::filters(), at, &[])
            .map(|c| (c.victims.iter().map(|(k, _)| k.to_string()).collect(), c.violations))
            .map_err(|r| r.reasons.join(", "))
    }

    #[test]
    fn as_few_and_as_unimportant_as_can_be() {
        let mut c = cluster(vec![node("a")]);
        put(&mut c, "a", "ns/low-old", &pod("1", 1, started(1)));
        put(&mut c, "a", "ns/low-new", &pod("1", 1, started(2)));
        put(&mut c, "a", "ns/mid", &pod("1", 5, started(3)));
        put(&mut c, "a", "ns/high", &pod("1", 100, started(4)));
        let of = |cpu: &str, priority| victims(&c, &pod(cpu, priority, value!({})), "a");
        let v = |names: &[&str]| Ok((names.iter().map(|n| format!("ns/{n}")).collect(), 0));
        assert_eq!(of("1", 10), v(&["low-new"]), "who ran longer is spared");
        assert_eq!(of("2", 10), v(&["low-old", "low-new"]));
        assert_eq!(of("3", 10), v(&["mid", "low-old", "low-new"]));
        assert_eq!(of("4", 10), Err("Insufficient cpu".into()));
        assert_eq!(of("1", 1), Err("No preemption victims found for incoming pod".into()), "equals stay");
    }

    #[test]
    fn budgets_are_spared_where_others_can_go() {
        let mut c = cluster(vec![node("a")]);
        let label = |l: &str| value!({"metadata.labels": {"app": (l)}});
        put(&mut c, "a", "ns/kept", &pod("2", 1, label("kept")));
        put(&mut c, "a", "ns/free", &pod("2", 3, label("free")));
        let budget = value!({
            "metadata": {"name": "b", "namespace": "ns"}, "spec": {"selector": {"matchLabels": {"app": "kept"}}},
            "status": {"disruptionsAllowed": 0},
        });
        assert_eq!(victims(&c, &pod("2", 9, value!({})), "a"), Ok((vec!["ns/kept".into()], 0)));
        c.storage.budgets.insert("ns/b".into(), budget);
        assert_eq!(victims(&c, &pod("2", 9, value!({})), "a"), Ok((vec!["ns/free".into()], 0)));
        assert_eq!(
            victims(&c, &pod("4", 9, value!({})), "a"),
            Ok((vec!["ns/free".into(), "ns/kept".into()], 1)),
            "broken when nothing else helps"
        );
    }

    #[test]
    fn anti_affinity_goes_with_its_pod() {
        let mut c = cluster(vec![value!({
            "metadata": {"name": "a", "labels": {"host": "a"}},
            "status": {"allocatable": {"cpu": "4", "pods": "9"}},
        })]);
        let away = value!([{"topologyKey": "host", "labelSelector": {"matchLabels": {"app": "x"}}}]);
        let lonely = value!({"spec.affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": (away)}}});
        put(&mut c, "a", "ns/lonely", &pod("1", 1, lonely));
        put(&mut c, "a", "ns/plain", &pod("1", 1, value!({})));
        assert_eq!(victims(&c, &pod("1", 9, value!({})), "a"), Ok((vec!["ns/lonely".into()], 0)));
    }

    #[test]
    fn the_choice_between_nodes() {
        let placed = |priority, minute| {
            (Str::from("ns/v"), Placed::new(&info(&pod("1", priority, started(minute))), Time(0)))
        };
        let c = |slot, violations, victims: &[(i64, i64)]| Candidate {
            slot,
            violations,
            victims: victims.iter().map(|(p, m)| placed(*p, *m)).collect(),
        };
        let table: [(&str, Vec<Candidate>); 5] = [
            ("budgets", vec![c(0, 1, &[(1, 0)]), c(1, 0, &[(9, 0)])]),
            ("highest", vec![c(0, 0, &[(9, 0)]), c(1, 0, &[(8, 0), (8, 0)])]),
            ("sum", vec![c(0, 0, &[(9, 0), (5, 0)]), c(1, 0, &[(9, 0), (4, 0)])]),
            ("fewest", vec![c(0, 0, &[(-1, 0), (-1, 0)]), c(1, 0, &[(-1, 0)])]),
            ("latest", vec![c(0, 0, &[(1, 5)]), c(1, 0, &[(1, 6)])]),
        ];
        for (why, candidates) in table {
            assert_eq!(pick(candidates).map(|c| c.slot), Some(1), "{why}");
        }
        assert_eq!(pick(vec![c(0, 0, &[(1, 1)]), c(1, 0, &[(1, 1)])]).map(|c| c.slot), Some(0));
    }

    #[test]
    fn who_may_not() {
        let nodes = cluster(vec![node("a")]).nodes;
        let at = nodes.get("a").expect("there").clone();
        let never = info(&pod("1", 9, value!({"spec.preemptionPolicy": "Never"})));
        assert_eq!(eligible(&never, None), Err("not eligible due to preemptionPolicy=Never."));
        let p = info(&pod("1", 9, value!({})));
        assert_eq!(eligible(&p, Some((&at, false))), Ok(()));
        let mut leaving = at;
        let mut victim = Placed::new(&info(&pod("1", 1, value!({}))), Time(0));
        (victim.terminating, victim.preempted) = (true, true);
        leaving.add("ns/v".into(), victim);
        let why = "not eligible due to a terminating pod on the nominated node.";
        assert_eq!(eligible(&p, Some((&leaving, false))), Err(why));
        assert_eq!(eligible(&p, Some((&leaving, true))), Ok(()));
    }
}
