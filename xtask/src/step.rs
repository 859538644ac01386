//! Saying what is being done and how long it took.

use std::time::{Duration, Instant};

use crate::Outcome;

/// Runs one piece of work between an opening and a closing line.
/// `expected` tells a newcomer how long it may take; empty when it is quick.
pub(crate) fn step<T>(what: &str, expected: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    if expected.is_empty() {
        println!("==> {what}");
    } else {
        println!("==> {what} ({expected})");
    }
    let start = Instant::now();
    let outcome = work();
    match &outcome {
        Ok(_) => println!("    done in {}", shown(start.elapsed())),
        Err(_) => println!("    failed after {}", shown(start.elapsed())),
    }
    outcome
}

/// `0.4 s`, `12.3 s`, `3 min 05 s`.
pub(crate) fn shown(time: Duration) -> String {
    let secs = time.as_secs();
    if secs < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", secs / 60, secs % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        for (millis, text) in
            [(49, "0.0 s"), (12_340, "12.3 s"), (60_000, "1 min 00 s"), (425_999, "7 min 05 s")]
        {
            assert_eq!(shown(Duration::from_millis(millis)), text);
        }
    }
}
