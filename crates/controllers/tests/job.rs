//! Jobs: completions, failures, indexes, policies, suspension.

mod world;

use clock::Rng;
use objects::resources::{JOBS, PODS};
use objects::{Value, value};
use world::World;

fn job(spec: Value) -> Value {
    let labels = value!({"job-name": "work"});
    let mut all = value!({
        "parallelism": 1, "completions": 1, "backoffLimit": 6, "completionMode": "NonIndexed",
        "selector": {"matchLabels": {"job-name": "work"}},
        "template": {"metadata": {"labels": (labels)},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "a"}]}},
    });
    for (k, v) in spec.entries() {
        if v.is_null() {
            all.remove(k);
        } else {
            all.set(k.clone(), v);
        }
    }
    value!({"metadata": {"name": "work", "namespace": "default"}, "spec": (all)})
}

fn work(w: &World) -> &Value {
    w.get(JOBS, "default/work")
}

fn count(w: &World, f: &str) -> i64 {
    work(w)["status"][f].int()
}

fn types(w: &World) -> Vec<String> {
    work(w)["status"]["conditions"].items().iter().map(|c| c["type"].text().to_owned()).collect()
}

fn ending(seed: u64, ms: i64, phase: &'static str) -> World {
    let mut w = World::new(seed);
    w.habits.finish = Some((ms, phase));
    w
}

#[test]
fn one_pod_to_completion() {
    let mut w = ending(1, 500, "Succeeded");
    w.create(JOBS, job(value!({})));
    w.run(100);
    assert_eq!(w.all(PODS).len(), 1);
    assert!(w.all(PODS)[0].name().starts_with("work-"));
    w.run(4000);
    assert_eq!(types(&w), ["SuccessCriteriaMet", "Complete"]);
    assert_eq!(work(&w).condition("Complete")["reason"], "CompletionsReached");
    assert_eq!(work(&w).condition("Complete")["message"], "Reached expected number of succeeded pods");
    assert_eq!((count(&w, "succeeded"), count(&w, "failed"), count(&w, "active")), (1, 0, 0));
    assert_eq!(work(&w)["status"]["ready"].as_int(), Some(0));
    assert!(work(&w)["status"]["uncountedTerminatedPods"] == Value::map());
    assert!(!work(&w)["status"]["completionTime"].is_null());
    assert!(w.all(PODS)[0].meta()["finalizers"].is_zero(), "the pod stays, without finalizer");
    assert_eq!(w.events("Completed"), ["Job completed"]);
    assert_eq!(w.events("SuccessfulCreate").len(), 1);
    let done = w.now().rfc3339();
    assert!(work(&w)["status"]["completionTime"].text() < done.as_str());
}

#[test]
fn never_more_than_its_parallelism_nor_its_completions() {
    fn check(w: &World) {
        let active = w
            .all(PODS)
            .iter()
            .filter(|p| matches!(p["status"]["phase"].text(), "Pending" | "Running"))
            .count();
        assert!(active <= 3, "{active} at once at {}", w.now());
        assert!(w.all(PODS).len() <= 7);
    }
    let mut w = ending(2, 700, "Succeeded");
    w.checks.push(check);
    w.create(JOBS, job(value!({"parallelism": 3, "completions": 7})));
    w.run(30_000);
    assert_eq!(count(&w, "succeeded"), 7);
    assert_eq!(types(&w).last().map(String::as_str), Some("Complete"));
}

#[test]
fn failures_wait_longer_and_longer_until_the_limit() {
    let mut w = ending(3, 100, "Failed");
    w.create(JOBS, job(value!({"backoffLimit": 3})));
    let mut starts: Vec<i64> = Vec::new();
    let begin = w.now();
    for _ in 0..1500 {
        w.run(100);
        if w.all(PODS).len() > starts.len() {
            starts.push(w.now().since(begin) / 1000);
        }
    }
    assert_eq!(starts.len(), 4, "{starts:?}");
    let gaps: Vec<i64> = starts.windows(2).map(|p| p[1] - p[0]).collect();
    assert!(
        (9..=12).contains(&gaps[0]) && (19..=22).contains(&gaps[1]) && (39..=42).contains(&gaps[2]),
        "{gaps:?}"
    );
    assert_eq!(types(&w), ["FailureTarget", "Failed"]);
    let c = work(&w).condition("Failed");
    assert_eq!(
        (c["reason"].text(), c["message"].text()),
        ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
    );
    assert_eq!(w.events("BackoffLimitExceeded").len(), 1);
    assert_eq!(count(&w, "failed"), 4);
}

#[test]
fn a_deadline_ends_what_runs() {
    let mut w = ending(4, 1_000_000, "Succeeded");
    w.create(JOBS, job(value!({"activeDeadlineSeconds": 5, "parallelism": 2, "completions": 2})));
    w.run(4500);
    assert_eq!(count(&w, "active"), 2);
    w.run(10_000);
    assert_eq!(work(&w).condition("Failed")["reason"], "DeadlineExceeded");
    assert_eq!(w.all(PODS).len(), 0);
    assert_eq!(count(&w, "failed"), 2);
}

#[test]
fn suspended_jobs_have_no_pods() {
    let mut w = ending(5, 20_000, "Succeeded");
    w.create(JOBS, job(value!({"suspend": true})));
    w.run(3000);
    assert_eq!(w.all(PODS).len(), 0);
    assert_eq!(work(&w).condition("Suspended")["status"], "True");
    assert!(work(&w)["status"]["startTime"].is_null());
    w.edit(JOBS, "default/work", |j| j.set_at(&["spec", "suspend"], false));
    w.run(3000);
    assert_eq!(w.all(PODS).len(), 1);
    assert_eq!(work(&w).condition("Suspended")["reason"], "JobResumed");
    assert_eq!((w.events("Suspended").len(), w.events("Resumed").len()), (1, 1));
    w.edit(JOBS, "default/work", |j| j.set_at(&["spec", "suspend"], true));
    w.run(5000);
    assert_eq!(w.all(PODS).len(), 0);
    assert_eq!(count(&w, "failed"), 0, "what suspension took does not count");
}

#[test]
fn each_index_once() {
    let mut w = ending(6, 500, "Succeeded");
    w.create(JOBS, job(value!({"completionMode": "Indexed", "completions": 5, "parallelism": 2})));
    w.run(200);
    let pod = w.all(PODS)[0];
    assert!(pod.name().starts_with("work-0-"));
    assert_eq!(pod["spec"]["hostname"], "work-0");
    assert_eq!(pod["spec"]["containers"][0]["env"][0]["name"], "JOB_COMPLETION_INDEX");
    w.run(20_000);
    assert_eq!(work(&w)["status"]["completedIndexes"], "0-4");
    assert_eq!(count(&w, "succeeded"), 5);
    assert_eq!(w.all(PODS).len(), 5);
    assert_eq!(types(&w).last().map(String::as_str), Some("Complete"));
}

#[test]
fn a_limit_per_index_fails_indexes_alone() {
    let mut w = ending(7, 100, "Failed");
    w.create(JOBS, job(value!({"completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimitPerIndex": 1, "backoffLimit": 2147483647})));
    w.run(60_000);
    assert_eq!(work(&w)["status"]["failedIndexes"], "0,1");
    assert_eq!(work(&w).condition("Failed")["reason"], "FailedIndexes");
    assert_eq!(w.all(PODS).len(), 4);
}

#[test]
fn a_rule_fails_the_job_at_once() {
    let mut w = ending(8, 100, "Failed");
    let rules = value!([{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1]}}]);
    w.create(JOBS, job(value!({"podFailurePolicy": {"rules": (rules)}})));
    w.run(5000);
    let c = work(&w).condition("Failed");
    assert_eq!(c["reason"], "PodFailurePolicy");
    assert!(c["message"].text().ends_with("failed with exit code 1 matching FailJob rule at index 0"));
    assert_eq!(w.all(PODS).len(), 1);
}

#[test]
fn enough_successes_end_the_rest() {
    let mut w = ending(9, 500, "Succeeded");
    let rules = value!([{"succeededCount": 1}]);
    w.create(JOBS, job(value!({"completionMode": "Indexed", "completions": 5, "parallelism": 1, "successPolicy": {"rules": (rules)}})));
    w.run(10_000);
    assert_eq!(work(&w).condition("Complete")["reason"], "SuccessPolicy");
    assert_eq!(count(&w, "succeeded"), 1);
}

#[test]
fn a_work_queue_ends_when_one_succeeds() {
    let mut w = ending(10, 500, "Succeeded");
    w.create(JOBS, job(value!({"completions": null, "parallelism": 3})));
    w.run(8000);
    assert_eq!(types(&w).last().map(String::as_str), Some("Complete"));
    assert_eq!(w.all(PODS).len(), 3);
}

#[test]
fn a_deleted_job_lets_its_pods_go() {
    for propagation in [client::Propagation::Background, client::Propagation::Foreground] {
        let mut w = ending(11, 100_000, "Succeeded");
        w.create(JOBS, job(value!({"parallelism": 2, "completions": 2})));
        w.run(3000);
        w.delete(JOBS, "default/work", Some(propagation));
        w.run(10_000);
        assert_eq!((w.all(JOBS).len(), w.all(PODS).len()), (0, 0), "{propagation:?}");
    }
}

/// Whatever ends pods, each counts once and the Job never goes over its completions.
#[test]
fn counts_hold_under_random_failures() {
    fn check(w: &World) {
        let s = &work(w)["status"];
        assert!(s["succeeded"].int() <= 6, "over its completions at {}", w.now());
    }
    for seed in world::seeds(40) {
        let mut w = World::new(seed);
        let mut rng = Rng::new(seed).fork("jobs");
        let indexed = rng.below(2) == 0;
        w.habits.finish = Some((1_000_000, "Succeeded"));
        w.checks.push(check);
        let mode = if indexed { "Indexed" } else { "NonIndexed" };
        w.create(
            JOBS,
            job(value!({"parallelism": 3, "completions": 6, "backoffLimit": 1000, "completionMode": (mode)})),
        );
        for _ in 0..120 {
            w.run(500 + rng.below(15_000) as i64);
            let running: Vec<_> = w
                .all(PODS)
                .iter()
                .filter(|p| p["status"]["phase"] == "Pending" && !p.is_terminating())
                .map(|p| p.key())
                .collect();
            if running.is_empty() {
                continue;
            }
            let key = &running[rng.below(running.len() as u64) as usize];
            match rng.below(4) {
                0 => w.delete(PODS, key, None),
                1 => w.set_phase(key, "Failed"),
                _ => w.set_phase(key, "Succeeded"),
            }
        }
        w.run(700_000);
        let done = types(&w).last().map(String::as_str) == Some("Complete");
        let ok = w.all(PODS).iter().filter(|p| p["status"]["phase"] == "Succeeded").count() as i64;
        if done {
            assert_eq!(count(&w, "succeeded"), 6, "seed {seed}");
            assert_eq!(ok, 6, "seed {seed}");
        } else {
            assert!(ok <= 6, "seed {seed}");
        }
    }
}
