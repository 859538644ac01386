//! Which pods are so far from their recommendation that they are started anew, or resized in place.
//!
//! Models `vertical-pod-autoscaler/pkg/updater` (priority/update_priority_calculator, restriction).
//! Not modelled: eviction requirements, the quick-OOM rule, the rate limit, fractions of VPAs that share a workload.

use clock::{Millis, Time};
use objects::Value;
use objects::quantity::Quantity;

use super::recommender::policy_of;

/// A pod within its bounds is left alone for this long (upstream: 12 h).
const LIFETIME_MS: Millis = 12 * 3_600_000;
/// ... and then updated only when the whole differs by this share.
const SIGNIFICANT: f64 = 0.1;
/// Fewer replicas than this are not evicted from (`--min-replicas`).
pub const MIN_REPLICAS: i64 = 2;
/// The share of replicas that may be evicted at once (`--eviction-tolerance`).
const TOLERANCE: f64 = 0.5;

/// How an autoscaler's pods are brought to their recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Off,
    /// At creation only.
    Initial,
    /// By eviction. `Auto` is this.
    Recreate,
    InPlaceOrRecreate,
}

impl Mode {
    #[must_use]
    pub fn of(vpa: &Value) -> Self {
        match vpa["spec"]["updatePolicy"]["updateMode"].text() {
            "Off" => Self::Off,
            "Initial" => Self::Initial,
            "InPlaceOrRecreate" => Self::InPlaceOrRecreate,
            _ => Self::Recreate,
        }
    }
}

/// How urgent an update of a pod is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Priority {
    /// A container is outside of its bounds.
    pub outside: bool,
    /// A container asks for less than its lower bound.
    pub scale_up: bool,
    /// How far the whole is off, as a share of what is asked for.
    pub difference: f64,
}

/// `None`: nothing is recommended for any of its containers.
#[must_use]
pub fn priority(pod: &Value, vpa: &Value) -> Option<Priority> {
    let mut p = Priority::default();
    let mut known = false;
    let (mut asked, mut wanted) = ([0.0, 0.0], [0.0, 0.0]);
    for c in pod["spec"]["containers"].items() {
        let all = vpa["status"]["recommendation"]["containerRecommendations"].items();
        let Some(r) = all.iter().find(|r| r["containerName"] == c["name"]) else { continue };
        if policy_of(vpa, c["name"].text())["mode"] == "Off" {
            continue;
        }
        known = true;
        for (i, name) in ["cpu", "memory"].into_iter().enumerate() {
            let target = &r["target"][name];
            if target.is_null() {
                continue;
            }
            let request = &c["resources"]["requests"][name];
            let has = Quantity::of(request);
            asked[i] += has.as_float();
            wanted[i] += Quantity::of(target).as_float();
            let below = !r["lowerBound"][name].is_null() && has < Quantity::of(&r["lowerBound"][name]);
            let above = !r["upperBound"][name].is_null() && has > Quantity::of(&r["upperBound"][name]);
            p.outside |= request.is_null() || below || above;
            p.scale_up |= request.is_null() || below;
        }
    }
    for (asked, wanted) in asked.into_iter().zip(wanted) {
        if wanted > 0.0 {
            p.difference += if asked > 0.0 { (wanted - asked).abs() / asked } else { 1.0 };
        }
    }
    known.then_some(p)
}

/// Whether a pod is to be updated now.
#[must_use]
pub fn is_due(pod: &Value, p: &Priority, now: Time) -> bool {
    if p.outside {
        return true;
    }
    let age = pod["status"]["startTime"].time().map_or(0, |t| now.since(t));
    age >= LIFETIME_MS && p.difference >= SIGNIFICANT
}

/// How many of `configured` replicas may be evicted while `running` run.
#[must_use]
pub fn may_evict(configured: i64, running: i64, least: i64) -> i64 {
    if running < least {
        return 0;
    }
    let tolerated = (configured as f64 * TOLERANCE) as i64;
    if tolerated == 0 {
        // One of a small group may go while none is missing.
        return i64::from(running >= configured);
    }
    (running - (configured - tolerated)).max(0)
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    fn vpa(lower: &str, target: &str, upper: &str) -> Value {
        value!({"status": {"recommendation": {"containerRecommendations": [{
            "containerName": "c", "target": {"cpu": (target)}, "lowerBound": {"cpu": (lower)},
            "upperBound": {"cpu": (upper)},
        }]}}})
    }

    fn pod(cpu: &str) -> Value {
        value!({
            "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": (cpu)}}}]},
            "status": {"startTime": "2026-01-01T00:00:00Z"},
        })
    }

    #[test]
    fn pods_out_of_bounds_are_due_at_once_and_others_after_half_a_day() {
        let v = vpa("100m", "200m", "400m");
        let soon = Time::EPOCH + 60_000;
        let late = Time::EPOCH + LIFETIME_MS + 1;
        for (cpu, at, due) in [
            ("50m", soon, true),
            ("500m", soon, true),
            ("150m", soon, false),
            ("150m", late, true),
            ("195m", late, false),
        ] {
            let pod = pod(cpu);
            let p = priority(&pod, &v).expect("recommended");
            assert_eq!(is_due(&pod, &p, at), due, "{cpu}");
        }
        assert_eq!(priority(&pod("1"), &value!({})), None);
    }

    #[test]
    fn how_many_may_go() {
        let table = [
            ((1, 1, 2), 0),
            ((2, 2, 2), 1),
            ((3, 3, 2), 1),
            ((4, 4, 2), 2),
            ((4, 3, 2), 1),
            ((4, 2, 2), 0),
            ((1, 1, 1), 1),
        ];
        for ((configured, running, least), n) in table {
            assert_eq!(may_evict(configured, running, least), n, "{configured} {running}");
        }
    }
}
