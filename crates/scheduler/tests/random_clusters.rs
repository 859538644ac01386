//! Random clusters and pods against a naive reading of the rules: every refusal names a reason that is true, every node
//! that fits really fits, scores are what they should be, and the chosen node is always one of best score.
//!
//! `SEEDS=1000 cargo test -p scheduler --test random_clusters` for a long run.

mod plain;

use std::collections::BTreeSet;

use client::Component;
use clock::{Rng, Time};
use objects::{Value, value};
use plain::{Plain, Yes, added, one_in, one_of, random_cluster, random_pod, run};
use scheduler::{Outcome, Verdict};

/// The names of plugins that refused something or had an opinion.
type Seen = BTreeSet<&'static str>;

fn play(seed: u64, seen: &mut Seen) {
    let mut rng = Rng::new(seed);
    let (mut scheduler, mut plain, mut revision) = random_cluster(&mut rng);
    for i in 0..20 {
        let mut pod = random_pod(&mut rng, i);
        if one_in(&mut rng, 2) {
            let owner =
                value!({"kind": "ReplicaSet", "uid": (one_of(&mut rng, &["r", "s"])), "controller": true});
            pod.at_mut(&["metadata"]).set("ownerReferences", vec![owner]);
        }
        revision += 1;
        scheduler.deliver(&added("pods", &pod, revision), Time(0));
        let mut api = Yes::default();
        run(&mut scheduler, &mut rng, &mut api);
        let Some(decision) = scheduler.decision(pod.uid()) else {
            panic!("seed {seed}: {pod:?} was not tried")
        };
        let fits = |v: &Verdict<'_>| matches!(v, Verdict::Fits { .. });
        let fitting: Vec<&Value> =
            decision.verdicts().filter(|(_, v)| fits(v)).map(|(name, _)| plain.node(name)).collect();
        let mut best: Option<(i64, Vec<String>)> = None;
        for (name, verdict) in decision.verdicts() {
            let wrong = plain.refusals(&pod, plain.node(name));
            match verdict {
                Verdict::Refused { refusal, plugin } => {
                    seen.insert(plugin);
                    for reason in &refusal.reasons {
                        assert!(
                            wrong.contains(&reason.as_str()),
                            "seed {seed}, {name}: {reason} of {wrong:?}\n{pod:?}"
                        );
                    }
                }
                Verdict::Fits { scores, total } => {
                    assert_eq!(wrong, Vec::<&str>::new(), "seed {seed}: {name} does not fit {pod:?}");
                    assert!(scores.iter().all(|s| (0..=100).contains(&s.normalized)), "seed {seed}");
                    for (plugin, raw) in plain.raw_scores(&pod, plain.node(name), &fitting) {
                        let said = scores.iter().find(|s| s.plugin == plugin).map(|s| s.raw);
                        assert!(
                            said == Some(raw) || fitting.len() == 1,
                            "seed {seed}, {name}: {plugin} {said:?}, not {raw}\n{pod:?}"
                        );
                    }
                    seen.extend(scores.iter().filter(|s| s.raw != 0).map(|s| s.plugin));
                    match &mut best {
                        Some((most, names)) if *most == total => names.push(name.to_owned()),
                        Some((most, _)) if *most > total => {}
                        _ => best = Some((total, vec![name.to_owned()])),
                    }
                }
                Verdict::NotVisited => panic!("seed {seed}: few nodes are all looked at"),
            }
        }
        match (&decision.outcome, best) {
            (Outcome::Bound { node }, Some((_, names))) => {
                assert!(names.iter().any(|n| n == node), "seed {seed}: {node} is not of {names:?}");
                assert_eq!(api.bound.as_ref(), Some(node), "seed {seed}");
                plain.pods.push((node.to_string(), pod));
            }
            (Outcome::Unschedulable { message, .. }, None) => {
                assert_eq!(*message, message_of(&plain, decision), "seed {seed}");
            }
            (outcome, best) => panic!("seed {seed}: {outcome:?} though {best:?}"),
        }
    }
}

/// The message by the table: each reason once with the number of its nodes, in the order of the texts.
fn message_of(plain: &Plain, decision: &scheduler::Decision) -> String {
    let all = plain.nodes.len();
    let (mut reasons, mut helpless) = (Vec::new(), 0);
    for (_, verdict) in decision.verdicts() {
        let Verdict::Refused { refusal, .. } = verdict else { continue };
        reasons.extend(refusal.reasons.iter().map(ToString::to_string));
        helpless += usize::from(refusal.unresolvable);
    }
    let mut texts: Vec<String> =
        reasons.iter().map(|r| format!("{} {r}", reasons.iter().filter(|o| *o == r).count())).collect();
    texts.sort();
    texts.dedup();
    let victims = all - helpless;
    let mut tail = Vec::new();
    if helpless > 0 {
        tail.push(format!("{helpless} Preemption is not helpful for scheduling"));
    }
    if victims > 0 {
        tail.push(format!("{victims} No preemption victims found for incoming pod"));
    }
    tail.sort();
    format!(
        "0/{all} nodes are available: {}. no new claims to deallocate, preemption: 0/{all} nodes are available: {}.",
        texts.join(", "),
        tail.join(", ")
    )
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "the number of seeds is told from outside; the engine itself reads nothing"
)]
fn refusals_are_true_and_the_best_is_chosen() {
    let seeds = std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let mut seen = Seen::new();
    (0..seeds).for_each(|seed| play(seed, &mut seen));
    let all = [
        "NodeUnschedulable",
        "TaintToleration",
        "NodeAffinity",
        "NodePorts",
        "NodeResourcesFit",
        "VolumeRestrictions",
        "NodeVolumeLimits",
        "VolumeBinding",
        "VolumeZone",
        "PodTopologySpread",
        "InterPodAffinity",
        "NodeResourcesBalancedAllocation",
        "ImageLocality",
    ];
    let silent: Vec<&str> = all.into_iter().filter(|p| !seen.contains(p)).collect();
    assert_eq!(silent, Vec::<&str>::new(), "never had anything to say");
}
