//! Tables, sizes and spans of time as docker prints them.
//!
//! Models `github.com/docker/go-units` and the tab writer of docker's formatters.

use clock::{Millis, Time};

/// Rows under a heading, columns three spaces apart and at least ten wide.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let columns = head.len();
    let mut widths: Vec<usize> = head.iter().map(|h| h.len()).collect();
    for row in rows {
        for (i, cell) in row.iter().enumerate().take(columns) {
            widths[i] = widths[i].max(cell.chars().count());
        }
    }
    let mut out = String::new();
    let mut line = |cells: &[String]| {
        for (i, cell) in cells.iter().enumerate() {
            out.push_str(cell);
            if i + 1 < cells.len() {
                let width = (widths[i] + 3).max(10);
                out.push_str(&" ".repeat(width.saturating_sub(cell.chars().count())));
            }
        }
        out.push('\n');
    };
    line(&head.iter().map(|h| (*h).to_string()).collect::<Vec<_>>());
    for row in rows {
        line(row);
    }
    out
}

/// `3 seconds`, `About a minute`, `2 hours`.
pub(crate) fn span(ms: Millis) -> String {
    let s = ms.max(0) / 1000;
    let (m, h) = (s / 60, (s + 1800) / 3600);
    match s {
        i64::MIN..=0 => "Less than a second".into(),
        1 => "1 second".into(),
        2..60 => format!("{s} seconds"),
        _ if m == 1 => "About a minute".into(),
        _ if m < 60 => format!("{m} minutes"),
        _ if h == 1 => "About an hour".into(),
        _ if h < 48 => format!("{h} hours"),
        _ if h < 24 * 7 * 2 => format!("{} days", h / 24),
        _ if h < 24 * 30 * 2 => format!("{} weeks", h / 24 / 7),
        _ if h < 24 * 365 * 2 => format!("{} months", h / 24 / 30),
        _ => format!("{} years", h / 24 / 365),
    }
}

pub(crate) fn ago(now: Time, then: Time) -> String {
    format!("{} ago", span(now.since(then)))
}

fn scaled(mut n: f64, base: f64, units: &[&str], digits: usize) -> String {
    let mut i = 0;
    while n >= base && i + 1 < units.len() {
        n /= base;
        i += 1;
    }
    // Go's %.Ng: N digits in all, no trailing zeros.
    let whole = if n < 1.0 { 1 } else { (n.log10().floor() as usize) + 1 };
    let text = format!("{n:.*}", digits.saturating_sub(whole));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{}", units[i])
}

/// `188MB`: thousands, three digits.
pub(crate) fn size(bytes: u64) -> String {
    scaled(bytes as f64, 1000.0, &["B", "kB", "MB", "GB", "TB"], 3)
}

/// `7.672MiB`: four digits.
pub(crate) fn memory(bytes: u64) -> String {
    scaled(bytes as f64, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB"], 4)
}

/// The first twelve digits of an id.
pub(crate) fn short(id: &str) -> String {
    id.trim_start_matches("sha256:").chars().take(12).collect()
}

/// At most `n` characters, the last of them an ellipsis if something was cut.
pub(crate) fn cut(text: &str, n: usize) -> String {
    if text.chars().count() <= n {
        return text.into();
    }
    text.chars().take(n - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_spans() {
        for (n, want) in [
            (0, "0B"),
            (999, "999B"),
            (4_261_550, "4.26MB"),
            (187_694_648, "188MB"),
            (1_020_000_000, "1.02GB"),
            (78_100_000, "78.1MB"),
        ] {
            assert_eq!(size(n), want);
        }
        assert_eq!(memory(8_044_544), "7.672MiB");
        for (s, want) in [
            (0, "Less than a second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (61, "About a minute"),
            (150, "2 minutes"),
            (3700, "About an hour"),
            (7300, "2 hours"),
            (36 * 86400, "5 weeks"),
        ] {
            assert_eq!(span(s * 1000), want);
        }
        assert_eq!(
            table(&["A", "LONG NAME"], &[vec!["x".into(), "y".into()]]),
            "A         LONG NAME\nx         y\n"
        );
    }
}
