//! Time zones by name: the ones people name most, with today's rules.
//!
//! Not modelled: the whole IANA database; rules of other years than today's.

use clock::{Millis, Time};

/// An offset from UTC and when the clocks change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    minutes: i64,
    summer: Summer,
}

/// When summer time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Summer {
    Never,
    /// Last Sunday of March to last Sunday of October, at 01:00 UTC.
    Europe,
    /// Second Sunday of March to first Sunday of November, at 02:00 local.
    America,
    /// First Sunday of October to first Sunday of April, at 02:00 standard time.
    Australia,
}

use Summer::{America, Australia, Europe, Never};

/// Name, minutes east of UTC, summer time.
const ZONES: [(&str, i64, Summer); 56] = [
    ("UTC", 0, Never),
    ("Etc/UTC", 0, Never),
    ("Etc/GMT", 0, Never),
    ("GMT", 0, Never),
    ("Asia/Seoul", 540, Never),
    ("Asia/Tokyo", 540, Never),
    ("Asia/Pyongyang", 540, Never),
    ("Asia/Shanghai", 480, Never),
    ("Asia/Taipei", 480, Never),
    ("Asia/Hong_Kong", 480, Never),
    ("Asia/Singapore", 480, Never),
    ("Asia/Manila", 480, Never),
    ("Asia/Kuala_Lumpur", 480, Never),
    ("Australia/Perth", 480, Never),
    ("Asia/Bangkok", 420, Never),
    ("Asia/Ho_Chi_Minh", 420, Never),
    ("Asia/Jakarta", 420, Never),
    ("Asia/Kolkata", 330, Never),
    ("Asia/Calcutta", 330, Never),
    ("Asia/Kathmandu", 345, Never),
    ("Asia/Dubai", 240, Never),
    ("Asia/Riyadh", 180, Never),
    ("Europe/Istanbul", 180, Never),
    ("Europe/Moscow", 180, Never),
    ("Africa/Nairobi", 180, Never),
    ("Africa/Johannesburg", 120, Never),
    ("Africa/Lagos", 60, Never),
    ("America/Sao_Paulo", -180, Never),
    ("America/Argentina/Buenos_Aires", -180, Never),
    ("America/Bogota", -300, Never),
    ("America/Mexico_City", -360, Never),
    ("America/Phoenix", -420, Never),
    ("Pacific/Honolulu", -600, Never),
    ("Australia/Brisbane", 600, Never),
    ("Australia/Sydney", 600, Australia),
    ("Australia/Melbourne", 600, Australia),
    ("Europe/London", 0, Europe),
    ("Europe/Dublin", 0, Europe),
    ("Europe/Lisbon", 0, Europe),
    ("Europe/Berlin", 60, Europe),
    ("Europe/Paris", 60, Europe),
    ("Europe/Madrid", 60, Europe),
    ("Europe/Rome", 60, Europe),
    ("Europe/Amsterdam", 60, Europe),
    ("Europe/Vienna", 60, Europe),
    ("Europe/Zurich", 60, Europe),
    ("Europe/Stockholm", 60, Europe),
    ("Europe/Warsaw", 60, Europe),
    ("Europe/Prague", 60, Europe),
    ("Europe/Helsinki", 120, Europe),
    ("Europe/Kyiv", 120, Europe),
    ("America/New_York", -300, America),
    ("America/Toronto", -300, America),
    ("America/Chicago", -360, America),
    ("America/Denver", -420, America),
    ("America/Los_Angeles", -480, America),
];

impl Zone {
    pub const UTC: Self = Self { minutes: 0, summer: Never };

    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        if name.is_empty() {
            return Some(Self::UTC);
        }
        ZONES.iter().find(|z| z.0 == name).map(|&(_, minutes, summer)| Self { minutes, summer })
    }

    /// How far the wall clock is ahead of UTC at this instant.
    #[must_use]
    pub fn offset(&self, t: Time) -> Millis {
        (self.minutes + if self.is_summer(t) { 60 } else { 0 }) * 60_000
    }

    fn is_summer(&self, t: Time) -> bool {
        let year = t.civil().0;
        let local = |month, day, hour| Time::from_civil(year, month, day, hour, 0, 0) - self.minutes * 60_000;
        match self.summer {
            Never => false,
            Europe => {
                let start = Time::from_civil(year, 3, last_sunday(year, 3), 1, 0, 0);
                let end = Time::from_civil(year, 10, last_sunday(year, 10), 1, 0, 0);
                t >= start && t < end
            }
            America => {
                // In autumn the clocks go back at 02:00 summer time, which is 01:00 standard time.
                let start = local(3, nth_sunday(year, 3, 2), 2);
                let end = local(11, nth_sunday(year, 11, 1), 1);
                t >= start && t < end
            }
            Australia => {
                let end = local(4, nth_sunday(year, 4, 1), 2);
                let start = local(10, nth_sunday(year, 10, 1), 2);
                t < end || t >= start
            }
        }
    }
}

fn nth_sunday(year: i64, month: u32, n: u32) -> u32 {
    let first = Time::from_civil(year, month, 1, 0, 0, 0).weekday();
    1 + (7 - first) % 7 + (n - 1) * 7
}

/// Of a month with 31 days.
fn last_sunday(year: i64, month: u32) -> u32 {
    31 - Time::from_civil(year, month, 31, 0, 0, 0).weekday()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_change_on_their_sundays() {
        let hours = |zone: &str, text: &str| {
            let t = Time::parse_rfc3339(text).expect("an instant");
            Zone::find(zone).expect(zone).offset(t) / 3_600_000
        };
        assert_eq!(
            (hours("Europe/Berlin", "2026-03-29T00:59:59Z"), hours("Europe/Berlin", "2026-03-29T01:00:00Z")),
            (1, 2)
        );
        assert_eq!(
            (hours("Europe/Berlin", "2026-10-25T00:59:59Z"), hours("Europe/Berlin", "2026-10-25T01:00:00Z")),
            (2, 1)
        );
        assert_eq!(
            (
                hours("America/New_York", "2026-03-08T06:59:59Z"),
                hours("America/New_York", "2026-03-08T07:00:00Z")
            ),
            (-5, -4)
        );
        assert_eq!(
            (
                hours("America/New_York", "2026-11-01T05:59:59Z"),
                hours("America/New_York", "2026-11-01T06:00:00Z")
            ),
            (-4, -5)
        );
        assert_eq!(
            (
                hours("Australia/Sydney", "2026-01-01T00:00:00Z"),
                hours("Australia/Sydney", "2026-07-01T00:00:00Z")
            ),
            (11, 10)
        );
        assert_eq!(Zone::find("Mars/Olympus"), None);
    }
}
