//! Deployments and ReplicaSets through their scenarios, with timings.

mod world;

use clock::Rng;
use objects::resources::{DEPLOYMENTS, PODS, REPLICASETS};
use objects::{Value, value};
use world::{World, deployment};

fn sizes(w: &World) -> Vec<(i64, i64)> {
    let mut all: Vec<&Value> = w.all(REPLICASETS);
    all.sort_by_key(|rs| rs.uid().to_owned());
    all.iter().map(|rs| (rs["spec"]["replicas"].int(), rs["status"]["availableReplicas"].int())).collect()
}

fn set_image(w: &mut World, image: &str) {
    w.edit(DEPLOYMENTS, "default/web", |d| {
        d.set_at(&["spec", "template", "spec", "containers"], value!([{"name": "c", "image": (image)}]));
    });
}

fn web(w: &World) -> &Value {
    w.get(DEPLOYMENTS, "default/web")
}

#[test]
fn create_scale_roll_and_delete_a_pod() {
    let mut w = World::new(1);
    w.create(DEPLOYMENTS, deployment("web", 3, "nginx:1.14.2"));
    w.run(2000);
    assert_eq!(sizes(&w), [(3, 3)]);
    let status = &web(&w)["status"];
    assert_eq!(status["availableReplicas"].int(), 3);
    assert_eq!(status["terminatingReplicas"].int(), 0);
    assert_eq!(web(&w).annotations()["deployment.kubernetes.io/revision"], "1");
    let rs = w.all(REPLICASETS)[0];
    let progressing = web(&w).condition("Progressing");
    assert_eq!(progressing["reason"], "NewReplicaSetAvailable");
    assert_eq!(
        progressing["message"],
        format!("ReplicaSet \"{}\" has successfully progressed.", rs.name()).as_str()
    );
    assert_eq!(web(&w).condition("Available")["message"], "Deployment has minimum availability.");
    assert_eq!(w.events("ScalingReplicaSet"), [format!("Scaled up replica set {} from 0 to 3", rs.name())]);
    assert_eq!(w.events("SuccessfulCreate").len(), 3);
    assert_eq!(rs.annotations()["deployment.kubernetes.io/max-replicas"], "4");

    // A deleted pod is replaced at once, not when it is gone.
    let victim = w.all(PODS)[0].key();
    w.delete(PODS, &victim, None);
    w.run(50);
    assert_eq!(w.all(PODS).len(), 4);
    assert_eq!(w.all(REPLICASETS)[0]["status"]["terminatingReplicas"].int(), 1);
    w.run(3000);
    assert_eq!(w.all(PODS).len(), 3);

    w.edit(DEPLOYMENTS, "default/web", |d| d.set_at(&["spec", "replicas"], 5));
    w.run(2000);
    assert_eq!(sizes(&w), [(5, 5)]);

    set_image(&mut w, "nginx:1.16.1");
    w.run(30);
    // Five with a quarter: surge 2, one may be missing.
    assert_eq!(sizes(&w), [(4, 4), (3, 0)]);
    w.run(10_000);
    assert_eq!(sizes(&w), [(0, 0), (5, 5)]);
    assert_eq!(web(&w).annotations()["deployment.kubernetes.io/revision"], "2");
    assert_eq!(web(&w)["status"]["updatedReplicas"].int(), 5);

    set_image(&mut w, "nginx:1.14.2");
    w.run(10_000);
    assert_eq!(sizes(&w), [(5, 5), (0, 0)]);
    assert_eq!(web(&w).annotations()["deployment.kubernetes.io/revision"], "3");
    assert_eq!(
        w.all(REPLICASETS)
            .iter()
            .filter(|r| !r.annotations()["deployment.kubernetes.io/revision-history"].is_null())
            .count(),
        1
    );
}

#[test]
fn a_broken_image_stops_at_the_promise_and_times_out() {
    let mut w = World::new(2);
    w.habits.broken.insert("nginx:nope");
    w.create(DEPLOYMENTS, deployment("web", 4, "nginx:1"));
    w.run(2000);
    set_image(&mut w, "nginx:nope");
    w.run(5000);
    assert_eq!(sizes(&w), [(3, 3), (2, 0)]);
    assert_eq!(web(&w).condition("Progressing")["reason"], "ReplicaSetUpdated");
    assert_eq!(web(&w).condition("Available")["status"], "True");
    w.run(603_000);
    let c = web(&w).condition("Progressing");
    assert_eq!((c["status"].text(), c["reason"].text()), ("False", "ProgressDeadlineExceeded"));
    assert!(c["message"].text().ends_with("has timed out progressing."));
    // Going back gives up the broken ones first.
    set_image(&mut w, "nginx:1");
    w.run(5000);
    assert_eq!(sizes(&w), [(4, 4), (0, 0)]);
}

#[test]
fn recreate_waits_until_the_old_pods_are_gone() {
    let mut w = World::new(3);
    let mut d = deployment("web", 3, "a");
    d.set_at(&["spec", "strategy"], value!({"type": "Recreate"}));
    w.create(DEPLOYMENTS, d);
    w.run(2000);
    set_image(&mut w, "b");
    w.run(900);
    assert_eq!(w.all(REPLICASETS).len(), 1, "no new set while old pods run");
    assert_eq!(sizes(&w), [(0, 0)]);
    w.run(3000);
    assert_eq!(sizes(&w), [(0, 0), (3, 3)]);
}

#[test]
fn a_paused_deployment_scales_but_does_not_roll() {
    let mut w = World::new(4);
    w.create(DEPLOYMENTS, deployment("web", 2, "a"));
    w.run(2000);
    w.edit(DEPLOYMENTS, "default/web", |d| d.set_at(&["spec", "paused"], true));
    w.run(100);
    assert_eq!(web(&w).condition("Progressing")["message"], "Deployment is paused");
    set_image(&mut w, "b");
    w.edit(DEPLOYMENTS, "default/web", |d| d.set_at(&["spec", "replicas"], 4));
    w.run(2000);
    assert_eq!(sizes(&w), [(4, 4)]);
    w.edit(DEPLOYMENTS, "default/web", |d| d.set_at(&["spec", "paused"], false));
    w.run(8000);
    assert_eq!(sizes(&w), [(0, 0), (4, 4)]);
}

#[test]
fn history_is_kept_to_its_limit() {
    let mut w = World::new(5);
    let mut d = deployment("web", 1, "v0");
    d.set_at(&["spec", "revisionHistoryLimit"], 2);
    w.create(DEPLOYMENTS, d);
    for i in 1..6 {
        w.run(5000);
        set_image(&mut w, &format!("v{i}"));
    }
    w.run(5000);
    assert_eq!(w.all(REPLICASETS).len(), 3);
    assert_eq!(web(&w).annotations()["deployment.kubernetes.io/revision"], "6");
}

#[test]
fn min_ready_seconds_delays_availability() {
    let mut w = World::new(6);
    let mut d = deployment("web", 2, "a");
    d.set_at(&["spec", "minReadySeconds"], 10);
    w.create(DEPLOYMENTS, d);
    w.run(5000);
    assert_eq!(web(&w)["status"]["readyReplicas"].int(), 2);
    assert_eq!(web(&w)["status"]["availableReplicas"].int(), 0);
    w.run(6000);
    assert_eq!(web(&w)["status"]["availableReplicas"].int(), 2);
}

#[test]
fn a_refused_pod_is_said_and_retried() {
    let mut w = World::new(7);
    w.server.refuse.insert("pods".into(), "exceeded quota: few".into());
    w.create(DEPLOYMENTS, deployment("web", 3, "a"));
    w.run(1000);
    let c = web(&w).condition("ReplicaFailure");
    assert_eq!((c["status"].text(), c["reason"].text()), ("True", "FailedCreate"));
    assert_eq!(c["message"], "pods is forbidden: exceeded quota: few");
    assert_eq!(web(&w).condition("Progressing")["reason"], "NewReplicaSetCreated");
    assert_eq!(web(&w).condition("Available")["status"], "False");
    assert_eq!(w.events("FailedCreate")[0], "Error creating: pods is forbidden: exceeded quota: few");
    w.server.refuse.clear();
    w.run(10_000);
    assert_eq!(sizes(&w), [(3, 3)]);
    assert!(web(&w).condition("ReplicaFailure").is_null());
}

#[test]
fn pods_are_adopted_and_released_by_label() {
    let mut w = World::new(8);
    w.create(
        PODS,
        value!({"metadata": {"name": "stray", "namespace": "default", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "a"}]}}),
    );
    w.create(REPLICASETS, value!({"metadata": {"name": "web", "namespace": "default"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": (world::template("web", "a"))}}));
    w.run(2000);
    assert_eq!(w.all(PODS).len(), 2, "the stray one counts");
    assert_eq!(w.get(PODS, "default/stray").controller_ref()["name"], "web");
    w.edit(PODS, "default/stray", |p| p.set_at(&["metadata", "labels", "app"], "out"));
    w.run(2000);
    assert_eq!(w.all(PODS).len(), 3);
    assert!(w.get(PODS, "default/stray").controller_ref().is_null());
    assert_eq!(sizes(&w), [(2, 2)]);
    // Back again: it is adopted and one too many goes.
    w.edit(PODS, "default/stray", |p| p.set_at(&["metadata", "labels", "app"], "web"));
    w.run(3000);
    assert_eq!(w.all(PODS).len(), 2);
}

/// The Deployment's promise, counted on the objects themselves.
fn check_promise(w: &World) {
    let d = web(w);
    let Some(max_total) = d.annotations()["test/max-total"].text().parse::<i64>().ok() else { return };
    let total: i64 = w.all(REPLICASETS).iter().map(|rs| rs["spec"]["replicas"].int()).sum();
    assert!(total <= max_total, "{total} replicas asked for, at most {max_total} promised at {}", w.now());
}

#[test]
fn random_edits_keep_the_promises() {
    for seed in world::seeds(25) {
        let mut w = World::new(seed);
        let mut rng = Rng::new(seed).fork("edits");
        w.habits.ready_ms = 100 + rng.below(900) as i64;
        w.create(DEPLOYMENTS, deployment("web", 1 + rng.below(9) as i64, "v0"));
        w.run(15_000);
        w.checks.push(check_promise);
        let mut largest = web(&w)["spec"]["replicas"].int();
        for step in 0..12 {
            let n = web(&w)["spec"]["replicas"].int();
            largest = largest.max(n);
            match rng.below(4) {
                0 => {
                    let n = 1 + rng.below(9) as i64;
                    largest = largest.max(n);
                    w.edit(DEPLOYMENTS, "default/web", |d| d.set_at(&["spec", "replicas"], n));
                }
                1 | 2 => set_image(&mut w, &format!("v{step}")),
                _ => {
                    let pods: Vec<_> =
                        w.all(PODS).iter().filter(|p| !p.is_terminating()).map(|p| p.key()).collect();
                    if !pods.is_empty() {
                        w.delete(PODS, &pods[rng.below(pods.len() as u64) as usize], None);
                    }
                }
            }
            let most = largest + (largest + 3) / 4;
            w.edit(DEPLOYMENTS, "default/web", |d| {
                d.set_at(&["metadata", "annotations", "test/max-total"], most.to_string());
            });
            w.run(rng.below(4000) as i64);
        }
        w.run(60_000);
        let n = web(&w)["spec"]["replicas"].int();
        let live = w.all(PODS).len() as i64;
        assert_eq!((live, web(&w)["status"]["availableReplicas"].int()), (n, n), "seed {seed}");
    }
}

/// Availability during a rollout nobody disturbs: never below what maxUnavailable allows.
#[test]
fn a_rollout_never_goes_below_its_promise() {
    fn check(w: &World) {
        let d = web(w);
        let n = d["spec"]["replicas"].int();
        let ready =
            w.all(PODS).iter().filter(|p| p.condition_true("Ready") && !p.is_terminating()).count() as i64;
        assert!(ready >= n - n / 4, "{ready} of {n} at {}", w.now());
    }
    for seed in world::seeds(20) {
        let mut w = World::new(seed);
        let mut rng = Rng::new(seed).fork("rollout");
        w.habits.ready_ms = 50 + rng.below(2000) as i64;
        w.habits.stop_ms = 50 + rng.below(2000) as i64;
        w.create(DEPLOYMENTS, deployment("web", 1 + rng.below(12) as i64, "v0"));
        w.run(30_000);
        w.checks.push(check);
        for i in 1..4 {
            set_image(&mut w, &format!("v{i}"));
            w.run(rng.below(20_000) as i64);
        }
        w.run(60_000);
        let n = web(&w)["spec"]["replicas"].int();
        assert_eq!(web(&w)["status"]["updatedReplicas"].int(), n, "seed {seed}");
    }
}

/// Objects looked at and units of work per pod do not grow with the number of pods.
#[test]
fn cost_is_linear_in_pods() {
    let cost = |n: i64| {
        let mut w = World::new(1);
        w.create(DEPLOYMENTS, deployment("web", n, "a"));
        w.run(10_000);
        assert_eq!(web(&w)["status"]["availableReplicas"].int(), n);
        (w.manager.visited() as f64 / n as f64, w.wakes)
    };
    let (small, _) = cost(100);
    let (middle, _) = cost(1000);
    let (large, wakes) = cost(10_000);
    assert!(middle < small * 1.5 && large < small * 1.5, "visited per pod: {small} {middle} {large}");
    assert!(wakes < 2000, "{wakes} units of work for 10,000 pods");
}

/// No step of the event loop takes long, and yet a sync is one instant.
#[test]
fn many_pods_are_made_in_many_steps_of_one_instant() {
    let made = |n: i64| {
        let mut w = World::new(1);
        w.create(DEPLOYMENTS, deployment("web", n, "a"));
        let mut ms = 0;
        while w.all(PODS).is_empty() && ms < 1000 {
            w.run(1);
            ms += 1;
        }
        (ms, w.all(PODS).len(), w.wakes)
    };
    let ((one_ms, one, few), (many_ms, many, wakes)) = (made(1), made(400));
    assert_eq!((one, many_ms, many), (1, one_ms, 400));
    assert!(wakes >= few + 400 / 32, "{wakes} steps for 400 pods, {few} for one");
}

#[test]
fn a_paused_controller_shows_what_waits_for_it() {
    let mut w = World::new(5);
    w.manager.paused.insert("replicaset-controller".into());
    w.create(DEPLOYMENTS, deployment("web", 2, "nginx:1.25"));
    w.run(500);
    let work = w.manager.work();
    let rs = work.iter().find(|c| c.name == "replicaset-controller").expect("a controller");
    assert!(rs.paused && rs.ready.len() == 1 && rs.ready[0].starts_with("default/web-"), "{rs:?}");
    assert_eq!(w.all(PODS).len(), 0);
    w.manager.paused.clear();
    let (name, key, _) = w.manager.next_work().expect("it waits");
    assert_eq!((name, key.as_ref()), ("replicaset-controller", rs.ready.first()));
    w.run(2_000);
    assert_eq!(w.all(PODS).len(), 2);
}
