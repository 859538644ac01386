//! Back-off as the kubelet counts it for image pulls and container restarts.
//!
//! Models `k8s.io/client-go/util/flowcontrol/backoff.go`.

use clock::{Millis, Time};

use crate::delays;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct BackOff {
    /// 0: there was no failure yet.
    pub(crate) delay_ms: Millis,
    last_update: Time,
}

impl BackOff {
    pub(crate) const NONE: Self = Self { delay_ms: 0, last_update: Time(0) };

    /// Whether less than the back-off has passed since `event`.
    pub(crate) fn holds_since(&self, event: Time, now: Time) -> bool {
        self.delay_ms > 0 && !self.has_expired(event) && now.since(event) < self.delay_ms
    }

    /// Whether less than the back-off has passed since it was last lengthened.
    pub(crate) fn holds_since_update(&self, now: Time) -> bool {
        self.delay_ms > 0 && !self.has_expired(now) && now.since(self.last_update) < self.delay_ms
    }

    /// Begins with 10 s, doubles to 5 min, and begins anew after a long calm.
    pub(crate) fn lengthen(&mut self, event: Time, now: Time) {
        self.delay_ms = if self.delay_ms == 0 || self.has_expired(event) {
            delays::BACKOFF_BASE_MS
        } else {
            (self.delay_ms * 2).min(delays::BACKOFF_MAX_MS)
        };
        self.last_update = now;
    }

    fn has_expired(&self, event: Time) -> bool {
        event.since(self.last_update) > delays::BACKOFF_RESET_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_from_ten_seconds_to_five_minutes_and_begins_anew() {
        let mut b = BackOff::default();
        assert!(!b.holds_since(Time(0), Time(0)));
        let mut now = Time(0);
        let mut delays = vec![];
        for _ in 0..7 {
            b.lengthen(now, now);
            delays.push(b.delay_ms / 1000);
            assert!(b.holds_since(now, now + b.delay_ms - 1));
            assert!(!b.holds_since(now, now + b.delay_ms));
            now = now + b.delay_ms;
        }
        assert_eq!(delays, [10, 20, 40, 80, 160, 300, 300]);
        let later = now + delays::BACKOFF_RESET_MS + 1;
        assert!(!b.holds_since(later, later));
        b.lengthen(later, later);
        assert_eq!(b.delay_ms, 10_000);
    }
}
