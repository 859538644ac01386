//! CronJobs: schedules, concurrency, history, deadlines; and the end of finished Jobs.

mod world;

use objects::resources::{CRONJOBS, JOBS, PODS};
use objects::{Value, value};
use world::World;

fn cron(schedule: &str, policy: &str) -> Value {
    let job = value!({
        "parallelism": 1, "completions": 1, "backoffLimit": 6, "selector": {"matchLabels": {"x": "y"}},
        "template": {"metadata": {"labels": {"x": "y"}}, "spec": {"restartPolicy": "OnFailure", "containers": [{"name": "c", "image": "a"}]}},
    });
    value!({"metadata": {"name": "tick", "namespace": "default"}, "spec": {
        "schedule": (schedule), "concurrencyPolicy": (policy), "suspend": false,
        "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
        "jobTemplate": {"metadata": {"labels": {"made": "by-cron"}}, "spec": (job)}}})
}

fn tick(w: &World) -> &Value {
    w.get(CRONJOBS, "default/tick")
}

fn lab(seed: u64, ms: i64) -> World {
    let mut w = World::new(seed);
    w.habits.finish = Some((ms, "Succeeded"));
    w
}

#[test]
fn a_job_each_minute_and_three_kept() {
    let mut w = lab(1, 500);
    w.create(CRONJOBS, cron("* * * * *", "Allow"));
    w.run(59_000);
    assert_eq!(w.all(JOBS).len(), 0);
    w.run(2_000);
    assert_eq!(w.all(JOBS).len(), 1);
    let job = w.all(JOBS)[0];
    let minute = w.now().0 / 60_000;
    assert_eq!(job.name(), format!("tick-{minute}"));
    assert_eq!(job.labels()["made"], "by-cron");
    assert_eq!(job.annotations()["batch.kubernetes.io/cronjob-scheduled-timestamp"], "2026-01-01T00:01:00Z");
    assert_eq!(tick(&w)["status"]["lastScheduleTime"], "2026-01-01T00:01:00Z");
    assert_eq!(w.events("SuccessfulCreate")[0], format!("Created job tick-{minute}"));
    w.run(5 * 60_000 + 10_000);
    assert_eq!(w.all(JOBS).len(), 3);
    assert_eq!(w.all(PODS).len(), 3);
    assert!(tick(&w)["status"]["active"].is_zero());
    assert!(!tick(&w)["status"]["lastSuccessfulTime"].is_null());
    assert_eq!(
        w.events("SawCompletedJob")[0],
        format!("Saw completed job: tick-{minute}, condition: Complete")
    );
    w.edit(CRONJOBS, "default/tick", |c| c.set_at(&["spec", "suspend"], true));
    let before = w.events("SuccessfulCreate").len();
    w.run(5 * 60_000);
    assert_eq!(w.events("SuccessfulCreate").len(), before);
}

#[test]
fn what_still_runs_when_the_next_is_due() {
    for (policy, running, deleted) in [("Allow", 4, 0), ("Forbid", 1, 0), ("Replace", 1, 3)] {
        let mut w = lab(2, 10_000_000);
        w.create(CRONJOBS, cron("* * * * *", policy));
        w.run(4 * 60_000 + 30_000);
        assert_eq!(w.all(JOBS).len(), running, "{policy}");
        assert_eq!(tick(&w)["status"]["active"].items().len(), running, "{policy}");
        assert_eq!(
            w.events("SuccessfulDelete").iter().filter(|m| m.starts_with("Deleted job")).count(),
            deleted,
            "{policy}"
        );
        let told = !w.events("JobAlreadyActive").is_empty();
        assert_eq!(told, policy == "Forbid");
    }
}

#[test]
fn times_missed_while_suspended_are_one_start() {
    let mut w = lab(3, 500);
    let mut c = cron("*/10 * * * *", "Allow");
    c.set_at(&["spec", "suspend"], true);
    w.create(CRONJOBS, c);
    w.run(65 * 60_000);
    w.edit(CRONJOBS, "default/tick", |c| c.set_at(&["spec", "suspend"], false));
    w.run(10_000);
    assert_eq!(w.all(JOBS).len(), 1);
    assert_eq!(tick(&w)["status"]["lastScheduleTime"], "2026-01-01T01:00:00Z");
    // With a deadline shorter than the delay nothing is started.
    let mut w = lab(4, 500);
    let mut c = cron("*/10 * * * *", "Allow");
    c.set_at(&["spec", "suspend"], true);
    c.set_at(&["spec", "startingDeadlineSeconds"], 30);
    w.create(CRONJOBS, c);
    w.run(65 * 60_000);
    w.edit(CRONJOBS, "default/tick", |c| c.set_at(&["spec", "suspend"], false));
    w.run(10_000);
    assert_eq!(w.all(JOBS).len(), 0);
}

#[test]
fn what_cannot_be_read_is_said() {
    let mut w = lab(5, 500);
    w.create(CRONJOBS, cron("61 * * * *", "Allow"));
    w.run(1000);
    assert_eq!(
        w.events("UnparseableSchedule"),
        ["unparseable schedule: \"61 * * * *\" : end of range (61) above maximum (59): 61"]
    );
    w.edit(CRONJOBS, "default/tick", |c| {
        c.set_at(&["spec", "schedule"], "* * * * *");
        c.set_at(&["spec", "timeZone"], "Mars/Olympus");
    });
    w.run(130_000);
    assert_eq!(
        w.events("UnknownTimeZone")[0],
        "invalid timeZone: \"Mars/Olympus\": unknown time zone Mars/Olympus"
    );
}

#[test]
fn a_job_of_its_own_hand_is_unexpected() {
    let mut w = lab(6, 60_000);
    w.create(CRONJOBS, cron("0 3 1 1 *", "Allow"));
    w.run(100);
    let owner = value!({"apiVersion": "batch/v1", "kind": "CronJob", "name": "tick", "uid": (tick(&w).uid()), "controller": true});
    let spec = cron("", "")["spec"]["jobTemplate"]["spec"].clone();
    w.create(JOBS, value!({"metadata": {"name": "manual", "namespace": "default", "ownerReferences": [owner]}, "spec": (spec)}));
    w.run(5000);
    assert_eq!(w.events("UnexpectedJob"), ["Saw a job that the controller did not create or forgot: manual"]);
    w.delete(CRONJOBS, "default/tick", None);
    w.run(40_000);
    assert_eq!((w.all(JOBS).len(), w.all(PODS).len()), (0, 0));
}

#[test]
fn finished_jobs_go_when_their_time_is_over() {
    let mut w = lab(7, 500);
    let mut spec = cron("", "")["spec"]["jobTemplate"]["spec"].clone();
    spec.set("ttlSecondsAfterFinished", 30);
    w.create(JOBS, value!({"metadata": {"name": "brief", "namespace": "default"}, "spec": (spec)}));
    w.run(25_000);
    assert!(!w.get(JOBS, "default/brief")["status"]["completionTime"].is_null());
    w.run(15_000);
    assert_eq!((w.all(JOBS).len(), w.all(PODS).len()), (0, 0));
}
