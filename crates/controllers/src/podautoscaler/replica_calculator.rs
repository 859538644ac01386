//! How many replicas a metric asks for.
//!
//! Models `pkg/controller/podautoscaler/replica_calculator.go`: pods that start or report nothing are counted so
//! that they dampen the change, never drive it.

use ordered::{BTreeMap, BTreeSet};

use clock::Time;
use objects::quantity::Quantity;
use objects::{Str, Value};

use super::metrics::{PodMetric, PodMetrics};
use crate::delays::{HPA_CPU_INITIALIZATION_MS, HPA_INITIAL_READINESS_MS};
use crate::pods;

/// How far usage may be off target without any change: below, above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerances {
    pub down: f64,
    pub up: f64,
}

impl Tolerances {
    #[must_use]
    pub fn allow(self, ratio: f64) -> bool {
        (1.0 - self.down..=1.0 + self.up).contains(&ratio)
    }
}

/// What is aimed at.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// A share of what pods request, in percent; requests by pod name in thousandths.
    Utilization { percent: i64, requests: BTreeMap<Str, i64> },
    /// A value per pod in thousandths.
    Value(i64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proposal {
    pub replicas: i64,
    /// In percent; 0 when a value is aimed at.
    pub utilization: i64,
    /// The average in thousandths.
    pub usage: i64,
}

/// `ceil`, as Go converts it to an int32.
pub(super) fn ceil(x: f64) -> i64 {
    x.ceil().clamp(0.0, f64::from(i32::MAX)) as i64
}

#[derive(Default)]
struct Groups {
    ready: i64,
    unready: BTreeSet<Str>,
    missing: BTreeSet<Str>,
    ignored: BTreeSet<Str>,
}

fn is_starting(pod: &Value, metric: PodMetric, now: Time) -> bool {
    let ready = pod.condition("Ready");
    let Some(started) = pod["status"]["startTime"].time() else { return true };
    if ready.is_null() {
        return true;
    }
    let (is_false, since) = (ready["status"] == "False", ready["lastTransitionTime"].time());
    if started + HPA_CPU_INITIALIZATION_MS > now {
        is_false || metric.at.zip(since).is_some_and(|(at, since)| at < since + metric.window)
    } else {
        is_false && since.is_some_and(|since| started + HPA_INITIAL_READINESS_MS > since)
    }
}

fn group(all: &[&Value], metrics: &PodMetrics, is_cpu: bool, now: Time) -> Groups {
    let mut groups = Groups::default();
    for pod in all {
        let name: Str = pod.name().into();
        if pod.is_terminating() || pods::phase(pod) == "Failed" {
            groups.ignored.insert(name);
        } else if pods::phase(pod) == "Pending" {
            groups.unready.insert(name);
        } else if let Some(metric) = metrics.get(&name) {
            if is_cpu && is_starting(pod, *metric, now) {
                groups.unready.insert(name);
            } else {
                groups.ready += 1;
            }
        } else {
            groups.missing.insert(name);
        }
    }
    groups
}

/// The ratio of usage to the goal, with utilization and average.
fn ratio(metrics: &PodMetrics, goal: &Goal) -> Result<(f64, i64, i64), String> {
    match goal {
        Goal::Value(target) => {
            let sum: i64 = metrics.values().map(|m| m.value).sum();
            let usage = sum / metrics.len().max(1) as i64;
            Ok((usage as f64 / *target as f64, 0, usage))
        }
        Goal::Utilization { percent, requests } => {
            let (mut used, mut requested, mut n) = (0, 0, 0);
            for (name, metric) in metrics {
                if let Some(request) = requests.get(name) {
                    (used, requested, n) = (used + metric.value, requested + request, n + 1);
                }
            }
            if requested == 0 {
                return Err("no metrics returned matched known pods".to_owned());
            }
            let utilization = used * 100 / requested;
            Ok((utilization as f64 / *percent as f64, utilization, used / n))
        }
    }
}

/// What a pod without a metric is taken to use while the others are below target.
fn assumed(goal: &Goal, pod: &str) -> i64 {
    match goal {
        Goal::Value(target) => *target,
        Goal::Utilization { percent, requests } => {
            requests.get(pod).copied().unwrap_or(0) * (*percent).max(100) / 100
        }
    }
}

/// The replica count per-pod `metrics` ask for.
///
/// # Errors
/// Upstream's words for metrics that say nothing of these pods.
pub fn from_pods(
    mut metrics: PodMetrics,
    all: &[&Value],
    current: i64,
    tolerances: Tolerances,
    goal: impl FnOnce(&[&Value]) -> Result<Goal, String>,
    is_cpu: bool,
    now: Time,
) -> Result<Proposal, String> {
    if all.is_empty() {
        return Err("no pods returned by selector while calculating replica count".to_owned());
    }
    let groups = group(all, &metrics, is_cpu, now);
    metrics.retain(|name, _| !groups.ignored.contains(name) && !groups.unready.contains(name));
    if metrics.is_empty() {
        return Err("did not receive metrics for targeted pods (pods might be unready)".to_owned());
    }
    let goal = goal(all)?;
    let (first, utilization, usage) = ratio(&metrics, &goal)?;
    let proposal = |replicas| Proposal { replicas, utilization, usage };
    let up_with_unready = !groups.unready.is_empty() && first > 1.0;
    if !up_with_unready && groups.missing.is_empty() {
        let fits = tolerances.allow(first);
        return Ok(proposal(if fits { current } else { ceil(first * groups.ready as f64) }));
    }
    // Below target the silent ones are taken to use what they should, above target nothing.
    for name in &groups.missing {
        let value = if first < 1.0 { assumed(&goal, name) } else { 0 };
        if first != 1.0 {
            metrics.insert(name.clone(), PodMetric { value, ..PodMetric::default() });
        }
    }
    if up_with_unready {
        metrics.extend(groups.unready.iter().map(|name| (name.clone(), PodMetric::default())));
    }
    let (second, ..) = ratio(&metrics, &goal)?;
    if tolerances.allow(second) || (first < 1.0 && second > 1.0) || (first > 1.0 && second < 1.0) {
        return Ok(proposal(current));
    }
    let wanted = ceil(second * metrics.len() as f64);
    let turned = (second < 1.0 && wanted > current) || (second > 1.0 && wanted < current);
    Ok(proposal(if turned { current } else { wanted }))
}

/// The count one value for all asks for, in proportion to the pods that are ready.
///
/// # Errors
/// When there is no pod.
pub fn from_total(
    all: &[&Value],
    usage: i64,
    target: i64,
    current: i64,
    tolerances: Tolerances,
) -> Result<Proposal, String> {
    let ratio = usage as f64 / target as f64;
    let replicas = if current == 0 {
        ceil(ratio)
    } else if tolerances.allow(ratio) {
        current
    } else if all.is_empty() {
        let why = "no pods returned by selector while calculating replica count";
        return Err(format!("unable to calculate ready pods: {why}"));
    } else {
        let ready = all.iter().filter(|p| pods::phase(p) == "Running" && pods::is_ready(p)).count();
        ceil(ratio * ready as f64)
    };
    Ok(Proposal { replicas, utilization: 0, usage })
}

/// The count one value for all asks for when each replica is to carry `target` of it.
#[must_use]
pub fn from_total_per_pod(usage: i64, target: i64, status_replicas: i64, tolerances: Tolerances) -> Proposal {
    let ratio = usage as f64 / (target as f64 * status_replicas as f64);
    let replicas = if tolerances.allow(ratio) { status_replicas } else { ceil(usage as f64 / target as f64) };
    let each = if status_replicas == 0 { i64::MAX } else { ceil_div(usage, status_replicas) };
    Proposal { replicas, utilization: 0, usage: each }
}

fn ceil_div(a: i64, b: i64) -> i64 {
    a / b + i64::from(a % b > 0)
}

/// What each pod requests of `resource`, in thousandths.
///
/// # Errors
/// A container without a request makes a share of it meaningless.
pub fn requests(all: &[&Value], container: &str, resource: &str) -> Result<BTreeMap<Str, i64>, String> {
    all.iter().map(|pod| Ok((pod.name().into(), request(pod, container, resource)?))).collect()
}

fn request(pod: &Value, container: &str, resource: &str) -> Result<i64, String> {
    let of_pod = &pod["spec"]["resources"]["requests"];
    if container.is_empty() && !of_pod.is_zero() {
        return match of_pod.find(resource) {
            Some(q) => Ok(Quantity::of(q).milli_value()),
            None => Err(format!("missing pod-level request for {resource} in Pod {}", pod.name())),
        };
    }
    let sidecars = pod["spec"]["initContainers"].items().iter().filter(|c| c["restartPolicy"] == "Always");
    let (mut sum, mut found) = (0, container.is_empty());
    for c in pod["spec"]["containers"].items().iter().chain(sidecars) {
        if !container.is_empty() && c["name"] != container {
            continue;
        }
        let Some(q) = c["resources"]["requests"].find(resource) else {
            let (c, pod) = (c["name"].text(), pod.name());
            return Err(format!("missing request for {resource} in container {c} of Pod {pod}"));
        };
        sum += Quantity::of(q).milli_value();
        found = true;
    }
    if found { Ok(sum) } else { Err(format!("container {container} not found in Pod {}", pod.name())) }
}
