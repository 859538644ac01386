//! `wheelhouse bench`: what things cost, one JSON object a line.
//!
//! The work itself is `cluster::bench`, the same that the page runs in wasm; here it is timed by the CPU time of this
//! process, so that a busy machine does not show in the figures.

use std::time::Instant;

use cluster::bench::{self, Workload};

/// CPU nanoseconds this thread has used, where the system tells; else the wall clock since `since`.
fn cpu_ns(since: Instant) -> u128 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or_else(|| since.elapsed().as_nanos())
}

/// Runs the named workloads, or all.
///
/// # Errors
/// A name that is none.
pub fn main(arguments: &[String]) -> Result<(), String> {
    let since = Instant::now();
    let all = bench::workloads();
    if let Some(unknown) = arguments.iter().find(|a| all.iter().all(|w| w.name != a.as_str())) {
        let names: Vec<&str> = all.iter().map(|w| w.name).collect();
        return Err(format!("no workload {unknown}; there are: {}", names.join(", ")));
    }
    for workload in all {
        if arguments.is_empty() || arguments.iter().any(|a| a == workload.name) {
            println!("{}", measure(&workload, since));
        }
    }
    Ok(())
}

/// The system counts CPU time in ticks: for what is shorter than this the mean of all rounds says more than the best.
const SHORT_NS: u128 = 20_000_000;

fn measure(workload: &Workload, since: Instant) -> String {
    let mut best = u128::MAX;
    let mut result = None;
    let begun = cpu_ns(since);
    for _ in 0..workload.rounds {
        let before = cpu_ns(since);
        result = Some(bench::run(workload));
        best = best.min(cpu_ns(since) - before);
    }
    if best < SHORT_NS {
        best = (cpu_ns(since) - begun) / (workload.rounds.max(1) as u128);
    }
    let r = result.unwrap_or_default();
    format!(
        "{{\"bench\":\"{}\",\"nodes\":{},\"replicas\":{},\"cpu_ms\":{:.3},\"rounds\":{},\"writes\":{},\"events\":{},\
         \"virtual_ms\":{},\"cpu_us_per_replica\":{:.2}}}",
        workload.name,
        workload.nodes,
        workload.replicas,
        best as f64 / 1e6,
        workload.rounds,
        r.writes,
        r.events,
        r.virtual_ms,
        best as f64 / 1e3 / workload.replicas.max(1) as f64,
    )
}
