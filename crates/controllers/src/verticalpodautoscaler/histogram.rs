//! A histogram of what a container used, in buckets that grow, whose old samples fade.
//!
//! Models `vertical-pod-autoscaler/pkg/recommender/util` (exponential histogram options, decaying histogram) of
//! kubernetes/autoscaler. Powers are worked out by multiplication alone, so that every machine gets the same numbers.

use clock::{Millis, Time};
use ordered::BTreeMap;

/// Growth of each bucket over the one before it (upstream).
const RATIO: f64 = 1.05;
/// A bucket whose weight is below this counts as empty (upstream).
const EPSILON: f64 = 0.001 * 1e-8;
/// Weights are scaled down when they have grown by so many half-lives (upstream).
const MAX_HALVINGS: f64 = 100.0;

/// The form of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Form {
    pub first_bucket: f64,
    pub buckets: usize,
    pub half_life_ms: Millis,
}

/// Cores: from 0.01 up to a thousand.
pub const CPU: Form = Form { first_bucket: 0.01, buckets: 176, half_life_ms: 24 * 3_600_000 };
/// Bytes: from 10 MB up to a terabyte.
pub const MEMORY: Form = Form { first_bucket: 1e7, buckets: 176, half_life_ms: 24 * 3_600_000 };

impl Form {
    /// Where a bucket begins.
    #[must_use]
    pub fn start(&self, bucket: usize) -> f64 {
        let (mut start, mut width) = (0.0, self.first_bucket);
        for _ in 0..bucket {
            start += width;
            width *= RATIO;
        }
        start
    }

    /// The bucket a value falls into.
    #[must_use]
    pub fn find(&self, value: f64) -> usize {
        let (mut end, mut width, mut bucket) = (self.first_bucket, self.first_bucket, 0);
        while value >= end && bucket + 1 < self.buckets {
            width *= RATIO;
            end += width;
            bucket += 1;
        }
        bucket
    }
}

/// Two to the power of `x`, by halving and a series.
fn power_of_two(x: f64) -> f64 {
    let whole = x.floor();
    // e^(r ln 2) for 0 <= r < 1: twelve terms are exact to the last digit that counts.
    let r = (x - whole) * std::f64::consts::LN_2;
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1..13 {
        term *= r / f64::from(n);
        sum += term;
    }
    let mut n = whole.clamp(-1000.0, 1000.0) as i32;
    while n > 0 {
        sum *= 2.0;
        n -= 1;
    }
    while n < 0 {
        sum /= 2.0;
        n += 1;
    }
    sum
}

#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    form: Form,
    weights: BTreeMap<usize, f64>,
    total: f64,
    /// The instant at which a sample weighs one.
    reference: Option<Time>,
}

impl Histogram {
    #[must_use]
    pub fn new(form: Form) -> Self {
        Self { form, weights: BTreeMap::new(), total: 0.0, reference: None }
    }

    fn factor(&mut self, at: Time) -> f64 {
        let reference = *self.reference.get_or_insert(at);
        let halvings = at.since(reference) as f64 / self.form.half_life_ms as f64;
        if halvings <= MAX_HALVINGS {
            return power_of_two(halvings);
        }
        let whole = halvings.round();
        let scale = power_of_two(-whole);
        for weight in self.weights.values_mut() {
            *weight *= scale;
        }
        self.weights.retain(|_, w| *w >= EPSILON);
        self.total = self.weights.values().sum();
        self.reference = Some(reference + whole as i64 * self.form.half_life_ms);
        self.factor(at)
    }

    pub fn add(&mut self, value: f64, weight: f64, at: Time) {
        let weight = weight * self.factor(at);
        *self.weights.entry(self.form.find(value)).or_default() += weight;
        self.total += weight;
    }

    /// Takes a sample out again that was added.
    pub fn subtract(&mut self, value: f64, weight: f64, at: Time) {
        let bucket = self.form.find(value);
        let weight = weight * self.factor(at);
        let Some(held) = self.weights.get_mut(&bucket) else { return };
        let taken = weight.min(*held);
        *held -= taken;
        if *held < EPSILON {
            self.weights.remove(&bucket);
        }
        self.total = (self.total - taken).max(0.0);
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// The end of the bucket up to which a share of all samples lies; 0 when there is none.
    #[must_use]
    pub fn percentile(&self, share: f64) -> f64 {
        let wanted = share * self.total;
        let mut sum = 0.0;
        let mut bucket = 0;
        for (b, weight) in &self.weights {
            bucket = *b;
            sum += weight;
            if sum >= wanted {
                break;
            }
        }
        if self.weights.is_empty() {
            0.0
        } else if bucket + 1 < self.form.buckets {
            self.form.start(bucket + 1)
        } else {
            self.form.start(bucket)
        }
    }

    /// Buckets with weights out of ten thousand for the heaviest, the total, and the instant of weight one: the form
    /// in which a checkpoint keeps it.
    #[must_use]
    pub fn checkpoint(&self) -> (Vec<(usize, i64)>, f64, Option<Time>) {
        let top = self.weights.values().fold(0.0_f64, |a, b| a.max(*b));
        let scaled = |w: f64| (w / top * 10_000.0).round() as i64;
        let all = self.weights.iter().map(|(b, w)| (*b, scaled(*w)));
        (all.filter(|(_, w)| *w > 0).collect(), self.total, self.reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_grow_by_a_twentieth() {
        for (value, bucket) in [(0.0, 0), (0.0099, 0), (0.01, 1), (0.0204, 1), (0.0206, 2), (1e9, 175)] {
            assert_eq!(CPU.find(value), bucket, "{value}");
        }
        assert!((CPU.start(2) - 0.0205).abs() < 1e-12);
        for b in 1..CPU.buckets {
            assert_eq!(CPU.find(CPU.start(b) * 1.000_001), b);
        }
    }

    #[test]
    fn powers() {
        for (x, y) in [(0.0, 1.0), (1.0, 2.0), (-1.0, 0.5), (0.5, std::f64::consts::SQRT_2), (10.0, 1024.0)] {
            assert!((power_of_two(x) - y).abs() < 1e-9 * y, "{x}");
        }
    }

    #[test]
    fn percentiles_and_fading() {
        let mut h = Histogram::new(CPU);
        assert_eq!(h.percentile(0.9), 0.0);
        for n in 1..=10 {
            h.add(f64::from(n) / 10.0, 1.0, Time(0));
        }
        let p = |h: &Histogram, share| (h.percentile(share) * 100.0).round() / 100.0;
        assert!((0.5..0.56).contains(&p(&h, 0.5)) && (0.9..1.0).contains(&p(&h, 0.9)));
        // A day later each old sample weighs half: ten new ones are twice as heavy.
        for _ in 0..10 {
            h.add(2.0, 1.0, Time(CPU.half_life_ms));
        }
        assert!(p(&h, 0.5) > 1.9 && p(&h, 0.3) < 1.0);
        let before = h.clone();
        h.add(5.0, 1.0, Time(CPU.half_life_ms));
        h.subtract(5.0, 1.0, Time(CPU.half_life_ms));
        assert_eq!(h.weights, before.weights);
        // Years later the numbers are still numbers.
        h.add(1.0, 1.0, Time(CPU.half_life_ms * 400));
        assert!(h.total.is_finite() && (0.99..1.1).contains(&p(&h, 0.9)));
    }
}
