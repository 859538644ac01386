//! `wheelhouse bench`: what things cost, one JSON object a line.
//!
//! The work itself is `cluster::bench`, the same that the page runs in wasm; here it is timed by the CPU time of this
//! process, so that a busy machine does not show in the figures.

use std::time::Instant;

use cluster::bench::{self, Workload, network};

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
    let (all, failures, losses) = (bench::workloads(), bench::failures(), bench::losses());
    let network = network::workloads();
    let names: Vec<&str> = all.iter().chain(&failures).chain(&losses).map(|w| w.name).collect();
    let names = [names, network.iter().map(|w| w.name).collect()].concat();
    if let Some(unknown) = arguments.iter().find(|a| !names.contains(&a.as_str())) {
        return Err(format!("no workload {unknown}; there are: {}", names.join(", ")));
    }
    for workload in all {
        if arguments.is_empty() || arguments.iter().any(|a| a == workload.name) {
            println!("{}", measure(&workload, since));
        }
    }
    let mut least: Option<f64> = None;
    for workload in failures {
        if arguments.is_empty() || arguments.iter().any(|a| a == workload.name) {
            println!("{}", measure_failure(&workload, since, &mut least));
        }
    }
    for workload in losses {
        if arguments.is_empty() || arguments.iter().any(|a| a == workload.name) {
            println!("{}", measure_loss(&workload, since));
        }
    }
    for workload in network {
        if arguments.is_empty() || arguments.iter().any(|a| a == workload.name) {
            println!("{}", measure_network(workload, since));
        }
    }
    Ok(())
}

/// What a second of load or a traced request costs: the mean over all rounds, after one to warm up.
fn measure_network(workload: network::Workload, since: Instant) -> String {
    let mut stand = network::Stand::new(workload);
    let mut r = stand.run();
    let begun = cpu_ns(since);
    for _ in 0..workload.rounds {
        r = stand.run();
    }
    let ms = (cpu_ns(since) - begun) as f64 / 1e6 / workload.rounds.max(1) as f64;
    format!(
        "{{\"bench\":\"{}\",\"nodes\":{},\"replicas\":{},\"cpu_ms\":{ms:.3},\"rounds\":{},\"units\":{},\
         \"cpu_us_per_unit\":{:.1},\"most_us\":{},\"writes\":{},\"events\":{},\"virtual_ms\":{},\"ready\":{}}}",
        workload.name,
        workload.nodes,
        workload.replicas,
        workload.rounds,
        workload.units(),
        ms * 1e3 / workload.units() as f64,
        workload.most_us,
        r.writes,
        r.events,
        r.virtual_ms,
        r.ready,
    )
}

/// What the loss of a node costs: seven minutes with it less the same minutes without.
fn measure_loss(workload: &Workload, since: Instant) -> String {
    let cluster = bench::booted(workload);
    let timed = |loses: bool| {
        let mut cluster = cluster.clone();
        let before = cpu_ns(since);
        let counts = bench::node_lost(&mut cluster, workload.deployments, loses);
        (cpu_ns(since) - before, counts)
    };
    let ((idle_ns, idle), (ns, with)) = (timed(false), timed(true));
    format!(
        "{{\"bench\":\"{}\",\"nodes\":{},\"replicas\":{},\"cpu_ms\":{:.3},\"idle_cpu_ms\":{:.3},\"writes\":{},\
         \"events\":{},\"ready\":{}}}",
        workload.name,
        workload.nodes,
        workload.replicas,
        ns.saturating_sub(idle_ns) as f64 / 1e6,
        idle_ns as f64 / 1e6,
        with.writes.saturating_sub(idle.writes),
        with.events.saturating_sub(idle.events),
        with.ready,
    )
}

/// The system counts CPU time in ticks: for what is shorter than this the mean of all rounds says more than the best.
const SHORT_NS: u128 = 20_000_000;

fn measure(workload: &Workload, since: Instant) -> String {
    let mut best = u128::MAX;
    let (mut result, mut all) = (None, 0);
    for _ in 0..workload.rounds {
        let before = cpu_ns(since);
        let (_cluster, run) = bench::run_with(workload, &mut || {});
        let took = cpu_ns(since) - before;
        result = Some(run);
        best = best.min(took);
        all += took;
    }
    if best < SHORT_NS {
        best = all / (workload.rounds.max(1) as u128);
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

/// What one pod's failure costs among others: that of a few seconds with it less that of the same without, and how
/// it compares with the first measured.
fn measure_failure(workload: &Workload, since: Instant, first: &mut Option<f64>) -> String {
    let mut cluster = bench::booted(workload);
    let mut timed = |kills: bool| {
        bench::rest(&mut cluster);
        let before = cpu_ns(since);
        let counts = bench::aftermath(&mut cluster, kills);
        (cpu_ns(since) - before, counts)
    };
    // CPU time is counted in ticks that are longer than one round: the sums tell.
    let (mut idle_ns, mut ns) = (0, 0);
    let (mut idle, mut with) = (timed(false).1, timed(true).1);
    for _ in 0..workload.rounds {
        let (took, counts) = timed(false);
        (idle_ns, idle) = (idle_ns + took, idle.least(counts));
        let (took, counts) = timed(true);
        (ns, with) = (ns + took, with.least(counts));
    }
    let rounds = workload.rounds.max(1) as f64;
    let us = ns.saturating_sub(idle_ns) as f64 / 1e3 / rounds;
    let ratio = us / *first.get_or_insert(us.max(1.0));
    format!(
        "{{\"bench\":\"{}\",\"nodes\":{},\"replicas\":{},\"cpu_us\":{us:.1},\"cpu_ratio\":{ratio:.2},\"idle_us\":{:.1},\
         \"rounds\":{},\"writes\":{},\"events\":{},\"visited\":{},\"ready\":{}}}",
        workload.name,
        workload.nodes,
        workload.replicas,
        idle_ns as f64 / 1e3 / rounds,
        workload.rounds,
        with.writes.saturating_sub(idle.writes),
        with.events.saturating_sub(idle.events),
        with.visited.saturating_sub(idle.visited),
        with.ready,
    )
}
