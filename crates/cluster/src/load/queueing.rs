//! What becomes of a second's requests at one pod: a queue in front of the CPU it can get.
//!
//! Models an M/M/c queue in its mean (waiting grows as 1/(1-u) with the use u of what can be had) and a fluid queue
//! beyond it: what can't be worked off waits, and what waits longer than its caller has failed. Whole numbers only.

use clock::Millis;

/// From a caller to a pod and back (estimate).
const ROUND_TRIP_US: i64 = 1_500;
/// The mean of waiting below full use is told up to this use, in thousandths: beyond it the queue tells more.
const MOST_USED: i64 = 980;

/// Requests at one pod in one second. Rates are in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    pub arriving: i64,
    /// Left over from the seconds before.
    pub queued: i64,
    /// CPU time of one request.
    pub work_us: i64,
    pub patience_ms: Millis,
}

/// What became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub arriving: i64,
    pub served: i64,
    pub failed: i64,
    pub queued: i64,
    /// The mean and the 95th percentile of those served.
    pub latency_us: i64,
    pub p95_us: i64,
}

impl Arrival {
    /// Thousandths of a core that all of it takes, if it is to be done within the second.
    #[must_use]
    pub fn wanted_millis(&self) -> i64 {
        let all = i128::from(self.arriving + self.queued) * i128::from(self.work_us) / 1_000_000;
        i64::try_from(all).unwrap_or(i64::MAX / 1024)
    }

    /// At a pod that took requests in this second and has ended before its end: those it took it has answered.
    #[must_use]
    pub fn before_the_end(&self) -> Outcome {
        let latency_us = ROUND_TRIP_US + self.work_us;
        Outcome {
            arriving: self.arriving,
            served: self.arriving,
            latency_us,
            p95_us: latency_us + self.work_us,
            ..Outcome::default()
        }
    }

    /// `ceiling` thousandths of a core are to be had for these requests, `whole` by the pod.
    #[must_use]
    pub fn outcome(&self, ceiling: i64, whole: i64) -> Outcome {
        let present = self.arriving + self.queued;
        let capacity =
            i64::try_from(i128::from(ceiling.max(0)) * 1_000_000 / i128::from(self.work_us.max(1)));
        let capacity = capacity.unwrap_or(i64::MAX / 4);
        let served = present.min(capacity);
        let patience = i64::try_from(i128::from(capacity) * i128::from(self.patience_ms) / 1000);
        let left = present - served;
        let queued = left.min(patience.unwrap_or(i64::MAX / 4));
        // One request runs on one core at most; a pod with less takes longer for it.
        let service = self.work_us * 1000 / whole.clamp(1, 1000);
        let cores = (whole / 1000).max(1);
        let used = if capacity > 0 { (present * 1000 / capacity).min(MOST_USED) } else { MOST_USED };
        let waiting = service / cores * used / (1000 - used);
        let line = if capacity > 0 {
            i64::try_from(i128::from(queued) * 1_000_000 / i128::from(capacity)).unwrap_or(i64::MAX / 4)
        } else {
            0
        };
        let patience_us = self.patience_ms * 1000;
        let latency = (ROUND_TRIP_US + service + waiting + line).min(patience_us);
        // Waiting is about exponential: its 95th percentile is three times its mean.
        let p95 = (ROUND_TRIP_US + 2 * service + 3 * waiting + line).min(patience_us);
        Outcome {
            arriving: self.arriving,
            served,
            failed: left - queued,
            queued,
            latency_us: latency,
            p95_us: p95.max(latency),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rps: i64, queued: i64, millis: i64) -> Outcome {
        Arrival { arriving: rps * 1000, queued: queued * 1000, work_us: 10_000, patience_ms: 5_000 }
            .outcome(millis, millis)
    }

    #[test]
    fn what_can_be_done_is_done_and_the_rest_waits_then_fails() {
        // 10 ms of CPU each: half a core does 50 a second.
        let easy = at(10, 0, 500);
        assert_eq!((easy.served, easy.queued, easy.failed), (10_000, 0, 0));
        let much = at(80, 0, 500);
        assert_eq!((much.served, much.queued, much.failed), (50_000, 30_000, 0));
        // 5 s of patience at 50 a second: 250 wait, more give up.
        let full = at(80, 240, 500);
        assert_eq!((full.served, full.queued, full.failed), (50_000, 250_000, 20_000));
        // A pod that has ended has answered what it took; what waited there is its load's to count.
        let ended = Arrival { arriving: 80_000, queued: 240_000, work_us: 10_000, patience_ms: 5_000 };
        let ended = ended.before_the_end();
        assert_eq!((ended.served, ended.queued, ended.failed), (80_000, 0, 0));
        let none = at(80, 0, 0);
        assert_eq!((none.served, none.queued, none.failed), (0, 0, 80_000));
    }

    #[test]
    fn latency_grows_with_use_and_with_the_queue() {
        let table = [(1, 0), (25, 0), (40, 0), (48, 0), (80, 0), (80, 100)];
        let all: Vec<i64> = table.iter().map(|(rps, q)| at(*rps, *q, 500).latency_us).collect();
        assert!(all.windows(2).all(|w| w[0] < w[1]), "{all:?}");
        // Half a core: a request of 10 ms takes 20 ms, and nothing is in its way.
        assert!((21_000..23_000).contains(&all[0]), "{all:?}");
        assert!(at(25, 0, 2000).latency_us < at(25, 0, 500).latency_us);
    }

    #[test]
    fn numbers_without_bounds_do_no_harm() {
        let a =
            Arrival { arriving: 10_000_000_000, queued: 1 << 40, work_us: 60_000_000, patience_ms: 600_000 };
        assert!(a.wanted_millis() > 0);
        let o = a.outcome(1 << 40, 1 << 40);
        assert_eq!(o.served + o.queued + o.failed, a.arriving + a.queued);
    }
}
