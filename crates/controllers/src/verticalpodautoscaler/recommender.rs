//! What a container should ask for, from what it used.
//!
//! Models `vertical-pod-autoscaler/pkg/recommender` (model/aggregate_container_state, logic/estimator, recommender):
//! percentiles of CPU and of daily memory peaks, a safety margin, bounds that narrow as confidence grows.
//! Not modelled: external metrics, other estimators, post-processors.

use clock::{Millis, Time};
use objects::quantity::{Format, Quantity};
use objects::{Str, Value, value};

use super::histogram::{CPU, Histogram, MEMORY};

const DAY_MS: Millis = 24 * 3_600_000;
const TARGET: f64 = 0.9;
const LOWER: f64 = 0.5;
const UPPER: f64 = 0.95;
const SAFETY_MARGIN: f64 = 0.15;
/// The least that a pod is given: shared by its containers.
const POD_MIN_CPU: f64 = 0.025;
const POD_MIN_MEMORY: f64 = 250.0 * 1024.0 * 1024.0;
/// A sample of CPU weighs what the container asked for, and at least this.
const MIN_SAMPLE_WEIGHT: f64 = 0.1;
/// After running out of memory a container is taken to have needed more by this factor, and at least by this.
const OOM_FACTOR: f64 = 1.2;
const OOM_BYTES: f64 = 100.0 * 1024.0 * 1024.0;

/// What is remembered of one container of one autoscaler.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerState {
    pub cpu: Histogram,
    pub memory: Histogram,
    pub first: Option<Time>,
    pub last: Option<Time>,
    pub samples: i64,
    /// The peaks of memory in the running day, by pod.
    peaks: Vec<(Str, f64)>,
    day_ends: Time,
}

impl Default for ContainerState {
    fn default() -> Self {
        Self {
            cpu: Histogram::new(CPU),
            memory: Histogram::new(MEMORY),
            first: None,
            last: None,
            samples: 0,
            peaks: Vec::new(),
            day_ends: Time(0),
        }
    }
}

/// CPU in cores and memory in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amounts {
    pub cpu: f64,
    pub memory: f64,
}

/// What is recommended for one container.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recommendation {
    pub target: Amounts,
    pub lower: Amounts,
    pub upper: Amounts,
}

impl ContainerState {
    /// Takes in what one pod's container used and asked for.
    pub fn sample(&mut self, pod: &Str, used: Amounts, requested_cpu: f64, at: Time) {
        if self.last.is_none_or(|last| at > last) {
            self.last = Some(at);
            self.samples += 1;
        }
        self.first.get_or_insert(at);
        self.cpu.add(used.cpu, requested_cpu.max(MIN_SAMPLE_WEIGHT), at);
        self.memory_peak(pod, used.memory, at);
    }

    /// A container of a pod was ended for holding too much memory.
    pub fn out_of_memory(&mut self, pod: &Str, held: f64, at: Time) {
        self.memory_peak(pod, (held * OOM_FACTOR).max(held + OOM_BYTES), at);
    }

    fn memory_peak(&mut self, pod: &Str, bytes: f64, at: Time) {
        if at >= self.day_ends {
            // Peaks of the day before stay in the histogram.
            self.peaks.clear();
            let days = (at.since(self.day_ends) / DAY_MS + 1).max(1);
            self.day_ends = if self.first.is_none() || self.day_ends == Time(0) {
                at + DAY_MS
            } else {
                self.day_ends + days * DAY_MS
            };
        }
        match self.peaks.iter_mut().find(|(p, _)| p == pod) {
            Some((_, peak)) if bytes <= *peak => {}
            Some((_, peak)) => {
                self.memory.subtract(*peak, 1.0, self.day_ends);
                *peak = bytes;
                self.memory.add(bytes, 1.0, self.day_ends);
            }
            None => {
                self.peaks.push((pod.clone(), bytes));
                self.memory.add(bytes, 1.0, self.day_ends);
            }
        }
    }

    /// Days of history, or of samples at one a minute, whichever is less.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        let (Some(first), Some(last)) = (self.first, self.last) else { return 0.0 };
        let days = last.since(first) as f64 / DAY_MS as f64;
        days.min(self.samples as f64 / (24.0 * 60.0))
    }

    /// What it should ask for, in a pod of so many containers. `None` before the first sample.
    #[must_use]
    pub fn recommend(&self, containers: usize) -> Option<Recommendation> {
        if self.samples == 0 {
            return None;
        }
        let n = containers.max(1) as f64;
        let (least_cpu, least_memory) = (POD_MIN_CPU / n, POD_MIN_MEMORY / n);
        let at = |share: f64, factor: f64| Amounts {
            cpu: (self.cpu.percentile(share) * (1.0 + SAFETY_MARGIN) * factor).max(least_cpu),
            memory: (self.memory.percentile(share) * (1.0 + SAFETY_MARGIN) * factor).max(least_memory),
        };
        let confidence = self.confidence();
        let low = if confidence > 0.0 { 1.0 + 0.001 / confidence } else { f64::MAX };
        let high = if confidence > 0.0 { 1.0 + 1.0 / confidence } else { 1e9 };
        Some(Recommendation {
            target: at(TARGET, 1.0),
            lower: at(LOWER, 1.0 / (low * low)),
            upper: at(UPPER, high),
        })
    }
}

fn quantities(a: Amounts) -> Value {
    // More than a number of bytes can say is said as the most it can.
    let milli = (a.cpu * 1000.0).ceil().min(1e11) as i64;
    let bytes = a.memory.ceil().min(1e15) as i64;
    value!({
        "cpu": (Quantity::from_millis(milli, Format::Decimal).canonical()),
        "memory": (Quantity::from_units(bytes, Format::Decimal).canonical()),
    })
}

fn capped(amounts: &Value, policy: &Value) -> Value {
    let mut out = Value::map();
    for (name, q) in amounts.entries() {
        let (least, most) = (&policy["minAllowed"][name.as_str()], &policy["maxAllowed"][name.as_str()]);
        let given = Quantity::of(q);
        let chosen = if !least.is_null() && given < Quantity::of(least) {
            least.clone()
        } else if !most.is_null() && given > Quantity::of(most) {
            most.clone()
        } else {
            q.clone()
        };
        out.set(name.clone(), chosen);
    }
    out
}

/// The policy of a container: its own, else that of `*`.
#[must_use]
pub fn policy_of<'a>(vpa: &'a Value, container: &str) -> &'a Value {
    let all = vpa["spec"]["resourcePolicy"]["containerPolicies"].items();
    let named = |n: &str| all.iter().find(|p| p["containerName"] == n);
    named(container).or_else(|| named("*")).unwrap_or(&Value::Null)
}

/// A container's entry in the status, within its policy.
#[must_use]
pub fn entry(name: &str, r: &Recommendation, policy: &Value) -> Value {
    let only = |v: Value| {
        let wanted = policy["controlledResources"].items();
        let mut out = Value::map();
        for (k, q) in v.entries() {
            if wanted.is_empty() || wanted.iter().any(|w| w.text() == k.as_str()) {
                out.set(k.clone(), q);
            }
        }
        out
    };
    let (target, lower, upper) =
        (only(quantities(r.target)), only(quantities(r.lower)), only(quantities(r.upper)));
    value!({
        "containerName": (name), "target": (capped(&target, policy)), "lowerBound": (capped(&lower, policy)),
        "upperBound": (capped(&upper, policy)), "uncappedTarget": (target),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Millis = 60_000;

    fn fed(minutes: i64, cpu: f64, memory: f64) -> ContainerState {
        let mut s = ContainerState::default();
        for n in 0..minutes {
            s.sample(&"p".into(), Amounts { cpu, memory }, 0.1, Time(n * MINUTE));
        }
        s
    }

    #[test]
    fn the_target_is_the_90th_percentile_and_a_margin() {
        assert_eq!(ContainerState::default().recommend(1), None);
        let r = fed(60, 0.5, 600e6).recommend(1).expect("samples");
        // The end of the bucket with half a core, and 15 % more.
        assert!((0.575..0.64).contains(&r.target.cpu), "{r:?}");
        assert!((690e6..780e6).contains(&r.target.memory), "{r:?}");
        assert!(r.lower.cpu < r.target.cpu && r.upper.cpu > r.target.cpu);
    }

    #[test]
    fn small_containers_share_the_least_of_a_pod() {
        let r = fed(60, 0.001, 1e6).recommend(2).expect("samples");
        assert_eq!(r.target, Amounts { cpu: 0.0125, memory: 125.0 * 1024.0 * 1024.0 });
    }

    #[test]
    fn bounds_narrow_with_time() {
        let width = |minutes| {
            let r = fed(minutes, 0.5, 600e6).recommend(1).expect("samples");
            r.upper.cpu / r.lower.cpu
        };
        let widths = [10, 60, 24 * 60, 7 * 24 * 60].map(width);
        assert!(widths.windows(2).all(|w| w[0] > w[1]), "{widths:?}");
        assert!(widths[3] < 1.3);
    }

    #[test]
    fn running_out_of_memory_raises_the_peak() {
        let mut s = fed(60, 0.1, 300e6);
        let before = s.recommend(1).expect("samples").target.memory;
        s.out_of_memory(&"p".into(), 300e6, Time(61 * MINUTE));
        let after = s.recommend(1).expect("samples").target.memory;
        assert!(before < 380e6 && after > 400e6 * 1.15, "{before} {after}");
    }

    #[test]
    fn policies_cap_and_choose() {
        let policy = value!({"maxAllowed": {"cpu": "100m"}, "controlledResources": ["cpu"]});
        let e = entry("c", &fed(60, 0.5, 600e6).recommend(1).expect("samples"), &policy);
        assert_eq!(e["target"], value!({"cpu": "100m"}));
        assert!(e["uncappedTarget"]["memory"].is_null() && e["uncappedTarget"]["cpu"] != "100m");
    }
}
