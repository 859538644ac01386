//! What a load is: where it goes, how much, how it changes over time, and what a request costs.
//!
//! Owns: the form of a load as data, its limits, and its rate at any age. Pure functions of whole numbers, so that a
//! wave is the same on every machine.

use clock::Millis;
use objects::Str;

/// Why a load is not started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoLoad {
    Amount,
    Work,
    Memory,
    Body,
    Timeout,
    Name,
    /// So many run at once at most.
    TooMany(usize),
    NoTarget {
        kind: &'static str,
        name: Str,
        namespace: Str,
    },
}

impl std::fmt::Display for NoLoad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Amount => f.write_str("the amount is out of range"),
            Self::Work => f.write_str("the work of a request must be from 1us to 60s of CPU"),
            Self::Memory => f.write_str("the memory of a request must be from 0 to 16Gi"),
            Self::Body => f.write_str("the body of a request must be from 0 to 16Gi"),
            Self::Timeout => f.write_str("the timeout must be from 1ms to 10m"),
            Self::Name => f.write_str("the name must have from 1 to 63 characters"),
            Self::TooMany(n) => write!(f, "at most {n} loads run at once"),
            Self::NoTarget { kind, name, namespace } => {
                write!(f, "{kind} \"{name}\" not found in namespace \"{namespace}\"")
            }
        }
    }
}

/// More than this is not asked of a simulated cluster, in thousandths of a request per second.
const MAX_RATE: i64 = 10_000_000_000;
const MAX_USERS: i64 = 10_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    Service,
    Ingress,
    HttpRoute,
}

impl TargetKind {
    #[must_use]
    pub fn resource(self) -> &'static str {
        match self {
            Self::Service => "services",
            Self::Ingress => "ingresses.networking.k8s.io",
            Self::HttpRoute => "httproutes.gateway.networking.k8s.io",
        }
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Ingress => "ingress",
            Self::HttpRoute => "httproute",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub kind: TargetKind,
    pub namespace: Str,
    pub name: Str,
    /// A port of the Service; `0`: its first.
    pub port: i64,
    /// A path of the Ingress; `""`: all of them alike.
    pub path: Str,
}

/// How much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Thousandths of a request per second, whatever becomes of them.
    Rate(i64),
    /// People who each send a request, wait for its answer, and think before the next.
    Users { count: i64, think_ms: Millis },
}

/// How the amount changes: `to` is in the amount's unit (thousandths of a request per second, or users).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Constant,
    /// Evenly from the amount to `to`, which then stays.
    Ramp {
        to: i64,
        over_ms: Millis,
    },
    /// Up to `to` and down again in each period.
    Wave {
        to: i64,
        period_ms: Millis,
    },
    /// `to` for a while, once in each period (`0`: once).
    Spike {
        to: i64,
        after_ms: Millis,
        for_ms: Millis,
        every_ms: Millis,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub name: Str,
    pub target: Target,
    pub amount: Amount,
    pub shape: Shape,
    /// CPU time of one request in microseconds.
    pub work_us: i64,
    /// Memory that a request holds while it is under way.
    pub memory_bytes: i64,
    /// What a request carries.
    pub body_bytes: i64,
    /// How long a caller waits before it gives up.
    pub patience_ms: Millis,
    /// How long the load lasts; `None`: until it is stopped.
    pub for_ms: Option<Millis>,
}

/// Half a wave of sine in thousandths for `x` of a thousand parts, by Bhaskara's formula.
fn hump(x: i64) -> i64 {
    let p = x * (1000 - x);
    16_000 * p / (5_000_000 - 4 * p)
}

impl Shape {
    /// The amount at an age.
    #[must_use]
    pub fn at(self, base: i64, age_ms: Millis) -> i64 {
        let age = age_ms.max(0);
        match self {
            Self::Constant => base,
            Self::Ramp { to, over_ms } => {
                if age >= over_ms {
                    to
                } else {
                    base + (to - base) * age / over_ms.max(1)
                }
            }
            Self::Wave { to, period_ms } => {
                let x = age % period_ms.max(1) * 1000 / period_ms.max(1);
                base + (to - base) / 1000 * hump(x) + (to - base) % 1000 * hump(x) / 1000
            }
            Self::Spike { to, after_ms, for_ms, every_ms } => {
                let at = if every_ms > 0 { age % every_ms } else { age };
                if (after_ms..after_ms + for_ms).contains(&at) { to } else { base }
            }
        }
    }
}

impl Profile {
    /// A constant rate with what most tutorials' servers cost: 10 ms of CPU a request.
    #[must_use]
    pub fn constant(target: Target, rate: i64) -> Self {
        Self {
            name: target.name.clone(),
            target,
            amount: Amount::Rate(rate),
            shape: Shape::Constant,
            work_us: 10_000,
            memory_bytes: 256 << 10,
            body_bytes: 0,
            patience_ms: 5_000,
            for_ms: None,
        }
    }

    /// # Errors
    /// What is out of range.
    pub fn check(&self) -> Result<(), NoLoad> {
        let top = match self.amount {
            Amount::Rate(_) => MAX_RATE,
            Amount::Users { .. } => MAX_USERS,
        };
        let base = match self.amount {
            Amount::Rate(n) | Amount::Users { count: n, .. } => n,
        };
        let to = match self.shape {
            Shape::Constant => base,
            Shape::Ramp { to, .. } | Shape::Wave { to, .. } | Shape::Spike { to, .. } => to,
        };
        if [base, to].iter().any(|n| !(0..=top).contains(n)) {
            return Err(NoLoad::Amount);
        }
        if !(1..=60_000_000).contains(&self.work_us) {
            return Err(NoLoad::Work);
        }
        if !(0..=1 << 34).contains(&self.memory_bytes) {
            return Err(NoLoad::Memory);
        }
        if !(0..=1 << 34).contains(&self.body_bytes) {
            return Err(NoLoad::Body);
        }
        if !(1..=600_000).contains(&self.patience_ms) {
            return Err(NoLoad::Timeout);
        }
        if self.name.is_empty() || self.name.len() > 63 {
            return Err(NoLoad::Name);
        }
        Ok(())
    }

    /// How many different clients send them: people come each from an address of their own, a program from one.
    #[must_use]
    pub fn clients_at(&self, age_ms: Millis) -> i64 {
        match self.amount {
            Amount::Rate(_) => 1,
            Amount::Users { count, .. } => self.shape.at(count, age_ms).max(1),
        }
    }

    /// Thousandths of a request per second at an age, when requests took `latency_us` of late.
    #[must_use]
    pub fn requests_at(&self, age_ms: Millis, latency_us: i64) -> i64 {
        match self.amount {
            Amount::Rate(base) => self.shape.at(base, age_ms),
            Amount::Users { count, think_ms } => {
                let users = self.shape.at(count, age_ms);
                let round_us = (think_ms * 1000 + latency_us).max(1_000);
                users.saturating_mul(1_000_000_000) / round_us
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_over_time() {
        let ramp = Shape::Ramp { to: 100, over_ms: 1000 };
        let wave = Shape::Wave { to: 1010, period_ms: 1000 };
        let spike = Shape::Spike { to: 90, after_ms: 100, for_ms: 50, every_ms: 0 };
        let pulse = Shape::Spike { to: 90, after_ms: 100, for_ms: 50, every_ms: 1000 };
        let table = [
            (Shape::Constant, 5_000, 10),
            (ramp, 0, 10),
            (ramp, 500, 55),
            (ramp, 9_000, 100),
            (wave, 0, 10),
            (wave, 500, 1010),
            (wave, 1000, 10),
            (spike, 99, 10),
            (spike, 100, 90),
            (spike, 150, 10),
            (spike, 1120, 10),
            (pulse, 1120, 90),
        ];
        for (shape, age, amount) in table {
            assert_eq!(shape.at(10, age), amount, "{shape:?} at {age}");
        }
        assert_eq!([250, 500, 750].map(hump), [705, 1000, 705]);
    }

    #[test]
    fn users_who_wait_send_less() {
        let target = Target {
            kind: TargetKind::Service,
            namespace: "default".into(),
            name: "web".into(),
            port: 0,
            path: Str::default(),
        };
        let mut p = Profile::constant(target, 0);
        p.amount = Amount::Users { count: 100, think_ms: 1000 };
        assert_eq!(p.requests_at(0, 0), 100_000);
        assert_eq!(p.requests_at(0, 1_000_000), 50_000);
        p.amount = Amount::Rate(-1);
        assert!(p.check().is_err());
    }
}
