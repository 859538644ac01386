//! How fast and how far a recommendation may move the replica count: stabilization, rates, limits.
//!
//! Owns: what was recommended and done of late, per autoscaler.
//! Models the second half of `pkg/controller/podautoscaler/horizontal.go`.

use clock::{Millis, Time};
use objects::Value;

use super::replica_calculator::ceil;
use crate::delays::HPA_DOWNSCALE_STABILIZATION_MS;

/// What is remembered of one autoscaler.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    recommendations: Vec<(i64, Time)>,
    ups: Vec<ScaleEvent>,
    downs: Vec<ScaleEvent>,
}

#[derive(Clone, Debug)]
struct ScaleEvent {
    change: i64,
    at: Time,
    outdated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Select {
    Min,
    Max,
    Disabled,
}

#[derive(Clone, Debug)]
struct Rules {
    window: Millis,
    select: Select,
    /// Percent or pods, how many, in what span.
    policies: Vec<(bool, i64, Millis)>,
}

/// Spec fields that bound a recommendation.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub current: i64,
    pub min: i64,
    pub max: i64,
}

/// A replica count, with the conditions that say how it came about: `(reason, message)`, and whether it is held back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    pub replicas: i64,
    pub able: (&'static str, &'static str),
    pub limited: bool,
    pub limit: (&'static str, &'static str),
}

const READY: (&str, &str) = ("ReadyForNewScale", "recommended size matches current size");
const DOWN_STABILIZED: (&str, &str) = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
);
const UP_STABILIZED: (&str, &str) = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
);
const WITHIN: (&str, &str) = ("DesiredWithinRange", "the desired count is within the acceptable range");
const TOO_FEW: (&str, &str) =
    ("TooFewReplicas", "the desired replica count is less than the minimum replica count");
const TOO_MANY: (&str, &str) =
    ("TooManyReplicas", "the desired replica count is more than the maximum replica count");
const UP_LIMIT: (&str, &str) =
    ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
const DOWN_LIMIT: (&str, &str) =
    ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");

/// The rules of `spec.behavior`, with the defaults of `pkg/apis/autoscaling/v2/defaults.go`.
fn rules(behavior: &Value, direction: &str) -> Rules {
    let (rules, up) = (&behavior[direction], direction == "scaleUp");
    let window = rules["stabilizationWindowSeconds"].as_int().map(|s| s * 1000);
    let select = match rules["selectPolicy"].text() {
        "Disabled" => Select::Disabled,
        "Min" => Select::Min,
        _ => Select::Max,
    };
    let mut policies: Vec<_> = rules["policies"]
        .items()
        .iter()
        .map(|p| (p["type"] == "Percent", p["value"].int(), p["periodSeconds"].int() * 1000))
        .collect();
    if policies.is_empty() {
        policies.push((true, 100, 15_000));
        if up {
            policies.push((false, 4, 15_000));
        }
    }
    let default = if up { 0 } else { HPA_DOWNSCALE_STABILIZATION_MS };
    Rules { window: window.unwrap_or(default), select, policies }
}

fn changed(events: &[ScaleEvent], period: Millis, now: Time) -> i64 {
    events.iter().filter(|e| e.at > now - period).map(|e| e.change).sum()
}

/// Without behavior: up to double, at least to 4.
fn simple_limits(wanted: i64, b: Bounds) -> (i64, (&'static str, &'static str)) {
    let rate = (2 * b.current).max(4);
    let (max, reason) = if b.max > rate { (rate, UP_LIMIT) } else { (b.max, TOO_MANY) };
    if wanted < b.min {
        (b.min, TOO_FEW)
    } else if wanted > max {
        (max, reason)
    } else {
        (wanted, WITHIN)
    }
}

impl Memory {
    /// The count that was there before the first recommendation counts as one.
    pub fn begin(&mut self, current: i64, now: Time) {
        if self.recommendations.is_empty() {
            self.recommendations.push((current, now));
        }
    }

    fn remember(&mut self, wanted: i64, now: Time, old: Option<usize>) {
        match old {
            Some(i) => self.recommendations[i] = (wanted, now),
            None => self.recommendations.push((wanted, now)),
        }
    }

    pub fn normalize(&mut self, behavior: &Value, wanted: i64, b: Bounds, now: Time) -> Normal {
        let (stable, reason, (replicas, limit)) = if behavior.is_null() {
            let stable = self.stabilize(wanted, now);
            (stable, DOWN_STABILIZED, simple_limits(stable, b))
        } else {
            let (up, down) = (rules(behavior, "scaleUp"), rules(behavior, "scaleDown"));
            let stable = self.stabilize_with_rules(&up, &down, wanted, b.current, now);
            let reason = if wanted >= b.current { UP_STABILIZED } else { DOWN_STABILIZED };
            (stable, reason, self.limits_with_rules(&up, &down, stable, b, now))
        };
        let able = if stable == wanted { READY } else { reason };
        Normal { replicas, able, limited: replicas != stable, limit }
    }

    /// The highest recommendation of the last minutes.
    fn stabilize(&mut self, wanted: i64, now: Time) -> i64 {
        let cutoff = now - HPA_DOWNSCALE_STABILIZATION_MS;
        let old = self.recommendations.iter().rposition(|(_, at)| *at < cutoff);
        let recent = self.recommendations.iter().filter(|(_, at)| *at >= cutoff).map(|(n, _)| *n);
        let highest = recent.fold(wanted, i64::max);
        self.remember(wanted, now, old);
        highest
    }

    fn stabilize_with_rules(
        &mut self,
        up: &Rules,
        down: &Rules,
        wanted: i64,
        current: i64,
        now: Time,
    ) -> i64 {
        let (up_cutoff, down_cutoff) = (now - up.window, now - down.window);
        let all = &self.recommendations;
        let low = all.iter().filter(|(_, at)| *at > up_cutoff).map(|(n, _)| *n).fold(wanted, i64::min);
        let high = all.iter().filter(|(_, at)| *at > down_cutoff).map(|(n, _)| *n).fold(wanted, i64::max);
        let old = all.iter().rposition(|(_, at)| *at < up_cutoff && *at < down_cutoff);
        self.remember(wanted, now, old);
        current.max(low).min(high)
    }

    fn limits_with_rules(
        &self,
        up: &Rules,
        down: &Rules,
        wanted: i64,
        b: Bounds,
        now: Time,
    ) -> (i64, (&'static str, &'static str)) {
        if wanted > b.current {
            let rate = self.limit(up, true, b.current, now).max(b.current);
            let (max, reason) = if b.max > rate { (rate, UP_LIMIT) } else { (b.max, TOO_MANY) };
            if wanted > max {
                return (max, reason);
            }
        } else if wanted < b.current {
            let rate = self.limit(down, false, b.current, now).min(b.current);
            let (min, reason) = if b.min < rate { (rate, DOWN_LIMIT) } else { (b.min, TOO_FEW) };
            if wanted < min {
                return (min, reason);
            }
        }
        (wanted, WITHIN)
    }

    /// The farthest count the policies allow now.
    fn limit(&self, rules: &Rules, up: bool, current: i64, now: Time) -> i64 {
        if rules.select == Select::Disabled {
            return current;
        }
        let proposals = rules.policies.iter().map(|&(percent, n, period)| {
            let start = current - changed(&self.ups, period, now) + changed(&self.downs, period, now);
            match (percent, up) {
                (false, true) => start + n,
                (false, false) => start - n,
                (true, true) => ceil(start as f64 * (1.0 + n as f64 / 100.0)),
                (true, false) => (start as f64 * (1.0 - n as f64 / 100.0)) as i64,
            }
        });
        // The largest change is the highest count on the way up and the lowest on the way down.
        let farthest = if (rules.select == Select::Max) == up { proposals.max() } else { proposals.min() };
        farthest.unwrap_or(current)
    }

    pub fn scaled(&mut self, behavior: &Value, from: i64, to: i64, now: Time) {
        if behavior.is_null() {
            return;
        }
        let (direction, events) =
            if to > from { ("scaleUp", &mut self.ups) } else { ("scaleDown", &mut self.downs) };
        let longest = rules(behavior, direction).policies.iter().map(|p| p.2).max().unwrap_or(0);
        for e in events.iter_mut() {
            e.outdated |= e.at < now - longest;
        }
        let event = ScaleEvent { change: (to - from).abs(), at: now, outdated: false };
        match events.iter().rposition(|e| e.outdated) {
            Some(i) => events[i] = event,
            None => events.push(event),
        }
    }
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    const MINUTE: Millis = 60_000;

    #[test]
    fn without_behavior_up_doubles_and_down_waits() {
        let mut m = Memory::default();
        let b = |current| Bounds { current, min: 2, max: 20 };
        let n = m.normalize(&Value::Null, 15, b(3), Time(0));
        assert_eq!((n.replicas, n.limited, n.limit.0), (6, true, "ScaleUpLimit"));
        let n = m.normalize(&Value::Null, 30, b(12), Time(MINUTE));
        assert_eq!((n.replicas, n.limit.0), (20, "TooManyReplicas"));
        let n = m.normalize(&Value::Null, 1, b(20), Time(2 * MINUTE));
        assert_eq!((n.replicas, n.able.0), (20, "ScaleDownStabilized"));
        let n = m.normalize(&Value::Null, 1, b(20), Time(7 * MINUTE));
        assert_eq!((n.replicas, n.able.0, n.limit.0), (2, "ReadyForNewScale", "TooFewReplicas"));
    }

    #[test]
    fn policies_bound_the_rate() {
        let behavior = value!({
            "scaleUp": {"policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]},
            "scaleDown": {"stabilizationWindowSeconds": 0, "selectPolicy": "Min",
                "policies": [{"type": "Percent", "value": 50, "periodSeconds": 60}, {"type": "Pods", "value": 1, "periodSeconds": 60}]},
        });
        let mut m = Memory::default();
        let b = |current| Bounds { current, min: 1, max: 20 };
        let n = m.normalize(&behavior, 10, b(4), Time(0));
        assert_eq!((n.replicas, n.limit.0), (6, "ScaleUpLimit"));
        m.scaled(&behavior, 4, 6, Time(0));
        assert_eq!(m.normalize(&behavior, 10, b(6), Time(MINUTE / 2)).replicas, 6);
        assert_eq!(m.normalize(&behavior, 10, b(6), Time(MINUTE)).replicas, 8);
        let n = m.normalize(&behavior, 1, b(10), Time(10 * MINUTE));
        assert_eq!((n.replicas, n.limit.0), (9, "ScaleDownLimit"));
    }
}
