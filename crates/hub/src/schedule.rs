//! When a binding is scheduled, and where to.
//!
//! Models `pkg/scheduler/scheduler.go` and `core/`: a binding is scheduled when its placement, its replicas or a wish to
//! be rescheduled are new, or a cluster of it is going; what is spread in full is always looked at again. A member that
//! returns is given nothing of what was divided meanwhile.

use clock::Time;
use objects::quantity::Quantity;
use objects::{Str, Value, json};

use crate::Hub;
use crate::division::{Dynamic, Share, by_room, by_weight};
use crate::placement::{affine, none_fits, refusal};

pub(crate) const APPLIED: &str = "policy.karmada.io/applied-placement";

/// Why nothing came of it: the condition's reason and message.
pub(crate) struct Unscheduled {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// What was scheduled before is taken back.
    pub(crate) clears: bool,
}

fn is_divided(binding: &Value) -> bool {
    binding["spec"]["placement"]["replicaScheduling"]["replicaSchedulingType"] == "Divided"
}

pub(crate) fn shares(binding: &Value) -> Vec<Share> {
    let all = binding["spec"]["clusters"].items();
    all.iter().map(|c| (c["name"].to_str(), c["replicas"].int())).collect()
}

/// The placement as text, to see whether it is another.
pub(crate) fn placement_text(binding: &Value) -> String {
    json::to_string(&binding["spec"]["placement"])
}

impl Hub {
    pub(crate) fn is_due(&self, binding: &Value) -> bool {
        let spec = &binding["spec"];
        if binding.annotations()[APPLIED].text() != placement_text(binding) {
            return true;
        }
        let now = shares(binding);
        if let Some(replicas) = spec["replicas"].as_int() {
            let changed = if is_divided(binding) {
                now.iter().map(|(_, n)| n).sum::<i64>() != replicas
            } else {
                now.iter().any(|(_, n)| *n != replicas)
            };
            if changed {
                return true;
            }
        }
        if wants_anew(binding) {
            return true;
        }
        if now.iter().any(|(n, _)| self.clusters.get(n).is_none_or(Value::is_terminating)) {
            return true;
        }
        let in_full = spec["replicas"].is_null() || !is_divided(binding);
        in_full && self.decide(binding).map_or_else(|u| u.clears && !now.is_empty(), |new| new != now)
    }

    /// Where to, sorted by name.
    pub(crate) fn decide(&self, binding: &Value) -> Result<Vec<Share>, Unscheduled> {
        let placement = &binding["spec"]["placement"];
        let groups = placement["clusterAffinities"].items();
        if groups.is_empty() {
            return self.decide_among(binding, &placement["clusterAffinity"]);
        }
        let mut last = None;
        for group in groups {
            match self.decide_among(binding, group) {
                Ok(found) => return Ok(found),
                Err(e) => last = Some(e),
            }
        }
        Err(last.unwrap_or(Unscheduled { reason: "NoClusterFit", message: String::new(), clears: true }))
    }

    fn decide_among(&self, binding: &Value, affinity: &Value) -> Result<Vec<Share>, Unscheduled> {
        let spec = &binding["spec"];
        let placement = &spec["placement"];
        let mut why = Vec::new();
        let mut fit: Vec<&Value> = Vec::new();
        for cluster in self.clusters.values() {
            match refusal(binding, affinity, cluster) {
                Some(reason) => why.push(reason),
                None if cluster.is_terminating() => {}
                None => fit.push(cluster),
            }
        }
        if fit.is_empty() {
            let message = none_fits(self.clusters.len(), &why);
            return Err(Unscheduled { reason: "NoClusterFit", message, clears: true });
        }
        let before = shares(binding);
        let fit = limited(placement, fit, &before, &|c| room(binding, c))?;
        let replicas = spec["replicas"].as_int();
        let mut found: Vec<Share> = match replicas {
            None | Some(0) => fit.iter().map(|c| (Str::from(c.name()), 0)).collect(),
            Some(n) if !is_divided(binding) => fit.iter().map(|c| (Str::from(c.name()), n)).collect(),
            Some(n) => {
                let mut found = divide(binding, n, &fit, &before)?;
                found.retain(|(_, n)| *n > 0);
                found
            }
        };
        ordered::Sort::arrange(&mut found[..]);
        Ok(found)
    }
}

pub(crate) fn wants_anew(binding: &Value) -> bool {
    let wish = binding["spec"]["rescheduleTriggeredAt"].time();
    let last = binding["status"]["lastScheduledTime"].time();
    wish.is_some_and(|w| last.is_none_or(|l: Time| w > l))
}

/// Keeps to `spreadByField: cluster`: those that have some already come first, then the roomiest.
fn limited<'a>(
    placement: &Value,
    mut fit: Vec<&'a Value>,
    before: &[Share],
    room: &dyn Fn(&Value) -> i64,
) -> Result<Vec<&'a Value>, Unscheduled> {
    let all = placement["spreadConstraints"].items();
    let Some(limit) = all.iter().find(|c| matches!(c["spreadByField"].text(), "" | "cluster")) else {
        return Ok(fit);
    };
    let least = usize::try_from(limit["minGroups"].int_or(1)).unwrap_or(1);
    if fit.len() < least {
        let message = "the number of feasible clusters is less than spreadConstraint.MinGroups".to_owned();
        return Err(Unscheduled { reason: "SchedulerError", message, clears: false });
    }
    let there = |c: &Value| before.iter().any(|(n, _)| *n == c.name());
    ordered::Sort::arrange_by(&mut fit[..], |a, b| {
        there(b).cmp(&there(a)).then_with(|| room(b).cmp(&room(a))).then_with(|| a.name().cmp(b.name()))
    });
    if let Some(most) = limit["maxGroups"].as_int().filter(|m| *m > 0) {
        fit.truncate(usize::try_from(most).unwrap_or(usize::MAX).max(least));
    }
    Ok(fit)
}

fn divide(binding: &Value, n: i64, fit: &[&Value], before: &[Share]) -> Result<Vec<Share>, Unscheduled> {
    let how = &binding["spec"]["placement"]["replicaScheduling"];
    let uid = binding["spec"]["resource"]["uid"].text();
    let dynamic = match how["replicaDivisionPreference"].text() {
        "Aggregated" => Some(Dynamic::Aggregated),
        _ if !how["weightPreference"]["dynamicWeight"].is_zero() => Some(Dynamic::Weighted),
        _ => None,
    };
    let Some(dynamic) = dynamic else {
        let rules = how["weightPreference"]["staticWeightList"].items();
        let weight = |c: &Value| {
            let of = rules.iter().filter(|r| affine(&r["targetCluster"], c)).map(|r| r["weight"].int());
            of.max().unwrap_or(0)
        };
        let mut weights: Vec<Share> = fit.iter().map(|c| (Str::from(c.name()), weight(c))).collect();
        if weights.iter().all(|(_, w)| *w <= 0) {
            weights.iter_mut().for_each(|(_, w)| *w = 1);
        }
        return Ok(by_weight(n, &weights, uid));
    };
    let rooms: Vec<Share> = fit.iter().map(|c| (Str::from(c.name()), room(binding, c))).collect();
    by_room(dynamic, n, before, &rooms, wants_anew(binding), uid).map_err(|room| Unscheduled {
        reason: "Unschedulable",
        message: format!("Clusters available replicas {room} are not enough to schedule."),
        clears: false,
    })
}

/// How many more replicas a cluster has room for, by its summary.
fn room(binding: &Value, cluster: &Value) -> i64 {
    let summary = &cluster["status"]["resourceSummary"];
    let free = |resource: &str| {
        let all = Quantity::of(&summary["allocatable"][resource]).milli_value();
        let used = Quantity::of(&summary["allocated"][resource]).milli_value();
        (all - used).max(0)
    };
    let wants = binding["spec"]["replicaRequirements"]["resourceRequest"].entries();
    let by_request = wants.iter().filter_map(|(resource, q)| {
        let one = Quantity::of(q).milli_value();
        (one > 0).then(|| free(resource) / one)
    });
    by_request.chain(std::iter::once(free("pods") / 1000)).min().unwrap_or(0)
}
