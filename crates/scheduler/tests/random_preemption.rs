//! Random clusters in which a pod of high priority finds no room: who gives way is what a naive reading of the rules says.
//!
//! `SEEDS=1000 cargo test -p scheduler --test random_preemption` for a long run.

mod plain;

use client::Component;
use clock::{Rng, Time};
use objects::{Value, value};
use plain::{Plain, Yes, added, amount, one_in, random_cluster, random_pod, requests, run};
use scheduler::Outcome;

const MINUTE_MS: i64 = 60_000;

fn priority(pod: &Value) -> i64 {
    pod["spec"]["priority"].int()
}

/// A pod that only asks for resources.
fn simple(rng: &mut Rng, i: usize, cpu_max: u64) -> Value {
    let mut pod = random_pod(rng, i);
    let cpu = format!("{}m", 100 * (1 + rng.below(cpu_max)));
    let started = Time(MINUTE_MS * i as i64).rfc3339();
    pod.set(
        "spec",
        value!({
            "schedulerName": "default-scheduler", "priority": (rng.below(4) as i64),
            "containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": (cpu)}}}],
        }),
    );
    pod.set("status", value!({"startTime": (started)}));
    pod
}

/// The victims on a node, most important first, and how many of them a budget protects; `None`: nothing helps.
fn victims(plain: &Plain, pod: &Value, node: &Value, budget: i64) -> Option<(Vec<Value>, usize)> {
    let mut lower: Vec<Value> =
        plain.on(node.name()).filter(|p| priority(p) < priority(pod)).cloned().collect();
    let mut left = plain.clone();
    left.pods.retain(|(_, p)| !lower.iter().any(|l| l.uid() == p.uid()));
    if lower.is_empty() || !left.refusals(pod, node).is_empty() {
        return None;
    }
    let importance = |p: &Value| (-priority(p), p["status"]["startTime"].text().to_owned());
    lower.sort_by_key(importance);
    // The budget covers app p in namespace ns; beyond what it allows, going would break it.
    let mut allowed = budget;
    let (mut breaking, mut others) = (Vec::new(), Vec::new());
    for p in lower {
        let covered = p.namespace() == "ns" && p.labels()["app"] == "p";
        allowed -= i64::from(covered);
        if covered && allowed < 0 { breaking.push(p) } else { others.push(p) }
    }
    let (mut gone, mut broken) = (Vec::new(), 0);
    for (p, breaks) in breaking.into_iter().map(|p| (p, true)).chain(others.into_iter().map(|p| (p, false))) {
        left.pods.push((node.name().to_owned(), p.clone()));
        if !left.refusals(pod, node).is_empty() {
            left.pods.pop();
            broken += usize::from(breaks);
            gone.push(p);
        }
    }
    gone.sort_by_key(importance);
    Some((gone, broken))
}

/// What makes one node better than another to make room on: less is better.
fn cost((gone, broken): &(Vec<Value>, usize)) -> (usize, i64, i64, usize, std::cmp::Reverse<String>) {
    let highest = gone.first().map_or(0, priority);
    let sum = gone.iter().map(|p| priority(p) + (1 << 31)).sum();
    let first = gone.iter().filter(|p| priority(p) == highest).map(|p| p["status"]["startTime"].text()).min();
    (*broken, highest, sum, gone.len(), std::cmp::Reverse(first.unwrap_or_default().to_owned()))
}

/// True when somebody had to give way.
fn play(seed: u64) -> bool {
    let mut rng = Rng::new(seed);
    let (mut scheduler, mut plain, mut revision) = random_cluster(&mut rng);
    let budget = rng.below(3) as i64;
    let object = value!({
        "metadata": {"name": "b", "namespace": "ns"}, "spec": {"selector": {"matchLabels": {"app": "p"}}},
        "status": {"disruptionsAllowed": (budget)},
    });
    scheduler.deliver(&added("poddisruptionbudgets.policy", &object, revision), Time(0));
    for i in 0..24 {
        let mut pod = simple(&mut rng, i, 8);
        let node = plain.nodes[rng.below(plain.nodes.len() as u64) as usize].clone();
        if !plain.refusals(&pod, &node).is_empty() {
            continue;
        }
        pod.at_mut(&["spec"]).set("nodeName", node.name());
        revision += 1;
        scheduler.deliver(&added("pods", &pod, revision), Time(0));
        plain.pods.push((node.name().to_owned(), pod));
    }
    let mut pod = simple(&mut rng, 99, 30);
    pod.at_mut(&["spec"]).set("priority", if one_in(&mut rng, 5) { 1 } else { 9 });
    revision += 1;
    scheduler.deliver(&added("pods", &pod, revision), Time(0));
    let mut api = Yes { pods: plain.pods.iter().map(|(_, p)| p.clone()).collect(), ..Yes::default() };
    run(&mut scheduler, &mut rng, &mut api);
    let fits = plain.nodes.iter().any(|n| plain.refusals(&pod, n).is_empty());
    let decision = scheduler.decision(pod.uid()).expect("tried");
    let (nominated, message) = match &decision.outcome {
        Outcome::Unschedulable { nominated, message } => (nominated.to_string(), message),
        outcome => {
            assert!(fits && api.deleted.is_empty(), "seed {seed}: {outcome:?}");
            return false;
        }
    };
    assert!(!fits, "seed {seed}");
    let can = plain.nodes.iter().filter_map(|n| Some((n.name(), victims(&plain, &pod, n, budget)?)));
    let all: Vec<(&str, (Vec<Value>, usize))> = can.collect();
    let Some(least) = all.iter().map(|(_, v)| cost(v)).min() else {
        assert_eq!((nominated.as_str(), api.deleted.len()), ("", 0), "seed {seed}: {message}");
        assert!(message.contains(". no new claims to deallocate, preemption: 0/"), "{message}");
        return false;
    };
    let (_, chosen) = all.iter().find(|(n, _)| *n == nominated).unwrap_or_else(|| {
        panic!(
            "seed {seed}: room is made on {nominated:?} of {:?}",
            all.iter().map(|(n, _)| n).collect::<Vec<_>>()
        )
    });
    assert_eq!(cost(chosen), least, "seed {seed}: {nominated} is not the best of {all:?}");
    let gone: Vec<&str> = chosen.0.iter().map(Value::name).collect();
    assert_eq!(api.deleted, gone, "seed {seed}");
    assert!(chosen.0.iter().all(|v| priority(v) < priority(&pod)), "seed {seed}");
    assert!(amount(requests(&pod), "cpu") > 0 && !message.contains("preemption:"), "seed {seed}: {message}");
    true
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "the number of seeds is told from outside; the engine itself reads nothing"
)]
fn who_gives_way_is_as_few_and_as_unimportant_as_can_be() {
    let seeds = std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let made = (0..seeds).filter(|seed| play(*seed)).count() as u64;
    assert!(made * 8 >= seeds, "room was made in {made} of {seeds} only");
}
