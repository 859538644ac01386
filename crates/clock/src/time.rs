//! Instants of virtual time and their texts.

use std::fmt;
use std::ops::{Add, Sub};

/// A span in milliseconds.
pub type Millis = i64;

/// An instant of virtual time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// When every simulated world begins: 2026-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(1_767_225_600_000);

    /// Milliseconds since `earlier`; negative when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Millis {
        self.0 - earlier.0
    }

    /// The calendar day and time of day in UTC: (year, month, day, hour, minute, second).
    #[must_use]
    pub fn civil(self) -> (i64, u32, u32, u32, u32, u32) {
        let secs = self.0.div_euclid(1000);
        let days = secs.div_euclid(86_400);
        let rest = secs.rem_euclid(86_400) as u32;
        let (y, m, d) = civil_from_days(days);
        (y, m, d, rest / 3600, rest / 60 % 60, rest % 60)
    }

    /// From a UTC calendar day and time of day. Fields are taken as they are: 13 months do not wrap.
    #[must_use]
    pub fn from_civil(year: i64, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> Self {
        let secs = days_from_civil(year, month, day) * 86_400
            + i64::from(hour) * 3600
            + i64::from(minute) * 60
            + i64::from(second);
        Self(secs * 1000)
    }

    /// Days since 1970-01-01 to the day of week, Sunday = 0.
    #[must_use]
    pub fn weekday(self) -> u32 {
        (self.0.div_euclid(86_400_000) + 4).rem_euclid(7) as u32
    }

    /// RFC 3339 in whole seconds, as Kubernetes writes `metav1.Time`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let mut text = self.seconds_text();
        text.push('Z');
        text
    }

    /// RFC 3339 with six decimals, as Kubernetes writes `metav1.MicroTime`.
    #[must_use]
    pub fn rfc3339_micro(self) -> String {
        let mut text = self.seconds_text();
        let millis = self.0.rem_euclid(1000) as u32;
        text.push('.');
        text.push(digit(millis / 100));
        push_two(&mut text, millis % 100);
        text.push_str("000Z");
        text
    }

    /// `2026-01-01T00:00:00`. Written by hand: every write of the cluster formats some.
    fn seconds_text(self) -> String {
        let (y, mo, d, h, mi, s) = self.civil();
        let mut text = String::with_capacity(27);
        match u32::try_from(y) {
            Ok(y) if y < 10_000 => {
                push_two(&mut text, y / 100);
                push_two(&mut text, y % 100);
            }
            _ => text.push_str(&format!("{y:04}")),
        }
        for (separator, part) in [('-', mo), ('-', d), ('T', h), (':', mi), (':', s)] {
            text.push(separator);
            push_two(&mut text, part);
        }
        text
    }

    /// RFC 1123 with a numeric zone, as `kubectl describe` prints times.
    #[must_use]
    pub fn rfc1123z(self) -> String {
        const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (y, mo, d, h, mi, s) = self.civil();
        format!(
            "{}, {d:02} {} {y:04} {h:02}:{mi:02}:{s:02} +0000",
            DAYS[self.weekday() as usize],
            MONTHS[mo as usize - 1]
        )
    }

    /// Reads RFC 3339 with an optional fraction and a zone (`Z` or `+09:00`). `None` when malformed.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        if b.len() < 20 || !text.is_ascii() {
            return None;
        }
        let num = |from: usize, to: usize| -> Option<u32> {
            let s = text.get(from..to)?;
            s.bytes().all(|c| c.is_ascii_digit()).then(|| s.parse().ok())?
        };
        let seps = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
        if seps.iter().any(|&(i, c)| b[i] != c) || !matches!(b[10], b'T' | b't' | b' ') {
            return None;
        }
        let (y, mo, d) = (num(0, 4)?, num(5, 7)?, num(8, 10)?);
        let (h, mi, s) = (num(11, 13)?, num(14, 16)?, num(17, 19)?);
        let leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
        let last = match mo {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if !(1..=12).contains(&mo) || d < 1 || d > last || h > 23 || mi > 59 || s > 59 {
            return None;
        }
        let mut rest = &text[19..];
        let mut millis = 0i64;
        if let Some(frac) = rest.strip_prefix('.') {
            let digits = frac.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return None;
            }
            for (i, c) in frac.bytes().take(digits.min(3)).enumerate() {
                millis += i64::from(c - b'0') * [100, 10, 1][i];
            }
            rest = &frac[digits..];
        }
        let offset = match rest {
            "Z" | "z" => 0,
            _ => {
                let sign = match rest.as_bytes() {
                    [b'+', ..] => 1,
                    [b'-', ..] => -1,
                    _ => return None,
                };
                let (oh, om) = rest[1..].split_once(':')?;
                if oh.len() != 2 || om.len() != 2 {
                    return None;
                }
                sign * (oh.parse::<i64>().ok()? * 60 + om.parse::<i64>().ok()?)
            }
        };
        let at = Self::from_civil(i64::from(y), mo, d, h, mi, s);
        Some(Self(at.0 + millis - offset * 60_000))
    }
}

/// The last decimal digit.
fn digit(n: u32) -> char {
    char::from(b'0' + (n % 10) as u8)
}

fn push_two(text: &mut String, n: u32) {
    text.push(digit(n / 10));
    text.push(digit(n));
}

impl Add<Millis> for Time {
    type Output = Self;
    fn add(self, span: Millis) -> Self {
        Self(self.0 + span)
    }
}

impl Sub<Millis> for Time {
    type Output = Self;
    fn sub(self, span: Millis) -> Self {
        Self(self.0 - span)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// The short age that kubectl prints in tables: `5s`, `3m12s`, `7d4h`.
///
/// Models `k8s.io/apimachinery/pkg/util/duration.HumanDuration`.
#[must_use]
pub fn duration_short(span: Millis) -> String {
    let seconds = span / 1000;
    if seconds < -1 {
        return "<invalid>".into();
    }
    if seconds < 0 {
        return "0s".into();
    }
    let pair = |big: i64, unit: char, small: i64, sub: char| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{sub}") }
    };
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    if seconds < 120 {
        format!("{seconds}s")
    } else if minutes < 10 {
        pair(minutes, 'm', seconds % 60, 's')
    } else if minutes < 180 {
        format!("{minutes}m")
    } else if hours < 8 {
        pair(hours, 'h', minutes % 60, 'm')
    } else if hours < 48 {
        format!("{hours}h")
    } else if hours < 24 * 8 {
        pair(days, 'd', hours % 24, 'h')
    } else if days < 365 * 2 {
        format!("{days}d")
    } else if years < 8 {
        pair(years, 'y', days % 365, 'd')
    } else {
        format!("{years}y")
    }
}

/// Howard Hinnant's `civil_from_days`.
fn civil_from_days(z: i64) -> (i64, u32, u32) {
    let z = z + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(y: i64, m: u32, d: u32) -> i64 {
    let y = y - i64::from(m <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (i64::from(m) + if m > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(d) - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_an_instant() {
        let t = Time::EPOCH + 61_234;
        assert_eq!(t.rfc3339(), "2026-01-01T00:01:01Z");
        assert_eq!(t.rfc3339_micro(), "2026-01-01T00:01:01.234000Z");
        assert_eq!(t.rfc1123z(), "Thu, 01 Jan 2026 00:01:01 +0000");
    }

    #[test]
    fn rfc3339_round_trips_and_refuses() {
        for t in [0, 951_827_696_000, 1_767_225_600_000, 4_102_444_799_000] {
            assert_eq!(Time::parse_rfc3339(&Time(t).rfc3339()), Some(Time(t)));
        }
        assert_eq!(Time::parse_rfc3339("2026-01-01T09:00:00.250+09:00"), Some(Time::EPOCH + 250));
        for bad in [
            "",
            "2026-01-01",
            "2026-13-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T00:00:00",
            "+026-01-01T00:00:00Z",
        ] {
            assert_eq!(Time::parse_rfc3339(bad), None, "{bad}");
        }
    }

    #[test]
    fn ages_as_kubectl_prints_them() {
        let table = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (192, "3m12s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (14_700, "4h5m"),
            (28_800, "8h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (176_400, "2d1h"),
            (691_200, "8d"),
            (63_072_000, "2y"),
            (63_158_400, "2y1d"),
            (252_288_000, "8y"),
        ];
        for (secs, text) in table {
            assert_eq!(duration_short(secs * 1000), text, "{secs}");
        }
        assert_eq!(duration_short(-5000), "<invalid>");
    }
}
